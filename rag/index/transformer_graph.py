"""Builds ONNX graphs of transformers from onnxruntime's own fused operators."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_HEADS = 12
EPSILON = 1e-12


class Graph:
    """The nodes and constants of a graph while it is made. Each method returns the name of what it adds."""

    def __init__(self, weights: dict[str, NDArray[np.float32]]) -> None:
        self._weights = weights
        self._constants: dict[str, NDArray[Any]] = {}
        self.nodes: list[Any] = []

    def initializers(self) -> list[Any]:
        from onnx import numpy_helper

        return [numpy_helper.from_array(value, name) for name, value in self._constants.items()]

    def constant(self, name: str, value: NDArray[Any]) -> str:
        self._constants[name] = np.ascontiguousarray(value)
        return name

    def weight(self, name: str, transpose: bool = False) -> str:
        return self.constant(name, self._weights[name].T if transpose else self._weights[name])

    def node(self, op: str, inputs: list[str], outputs: list[str], domain: str = "", **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(op, inputs, outputs, domain=domain, **attributes))
        return outputs[0]

    def fused(self, op: str, inputs: list[str], outputs: list[str], **attributes: Any) -> str:
        """Add one of onnxruntime's own operators."""
        return self.node(op, inputs, outputs, "com.microsoft", **attributes)

    def layer(self, number: int, x: str, mask: str) -> str:
        """Add a transformer layer that reads `x`: attention over all heads, then the two dense steps. No mask is ""."""
        at = f"encoder.layer.{number}."
        parts = [at + f"attention.self.{part}" for part in ("query", "key", "value")]
        qkv = self.constant(f"qkv{number}", np.concatenate([self._weights[part + ".weight"].T for part in parts], axis=1))
        bias = self.constant(f"qkv_bias{number}", np.concatenate([self._weights[part + ".bias"] for part in parts]))
        attended = self.fused("Attention", [x, qkv, bias, mask], [f"attended{number}"], num_heads=_HEADS)
        out = at + "attention.output"
        product = self.node("MatMul", [attended, self.weight(out + ".dense.weight", True)], [f"out{number}"])
        x = self._normed(product, x, out, f"mid{number}")
        up = self.node("MatMul", [x, self.weight(at + "intermediate.dense.weight", True)], [f"up{number}"])
        gelu = self.fused("BiasGelu", [up, self.weight(at + "intermediate.dense.bias")], [f"gelu{number}"])
        down = self.node("MatMul", [gelu, self.weight(at + "output.dense.weight", True)], [f"down{number}"])
        return self._normed(down, x, at + "output", f"layer{number}")

    def _normed(self, product: str, residual: str, layer: str, name: str) -> str:
        norm = [self.weight(f"{layer}.LayerNorm.{part}") for part in ("weight", "bias")]
        inputs = [product, residual, *norm, self.weight(layer + ".dense.bias")]
        return self.fused("SkipLayerNormalization", inputs, [name], epsilon=EPSILON)
