"""Writes the trained checker as the ONNX graph that rag.checking.entailment runs, quantised to 8 bits."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.checking.entailment import UNCLAIMED
from rag.index.transformer_graph import EPSILON, Graph

_DIMENSION = 384


def export(weights: dict[str, NDArray[np.float32]], layers: int, target: Path) -> None:
    """Write the graph of `weights`, by the names of evals.training.network, to `target`.

    Weights keep 7 bits, because processors without VNNI add two products of 8 bits in 16, which may overflow.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with tempfile.TemporaryDirectory() as folder:
        full = Path(folder) / "checker.onnx"
        onnx.save(graph(weights, layers), full)
        quantize_dynamic(
            full,
            target,
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
        )


def graph(weights: dict[str, NDArray[np.float32]], layers: int) -> Any:
    """Return the ONNX model for one claim: float32 `embedded` (1, length, 384) and int32 `flags` in, logits (1, 3) out."""
    from onnx import TensorProto, helper

    g = Graph(weights)
    g.node("Add", ["embedded", g.weight("segment")], ["typed"])
    g.node("LayerNormalization", ["typed", g.weight("norm.weight"), g.weight("norm.bias")], ["normed"], epsilon=EPSILON)
    g.node("Gather", [g.weight("flag.weight"), "flags"], ["flagged"])
    x = g.node("Add", ["normed", "flagged"], ["x"])
    for layer in range(layers):
        x = g.layer(layer, x, mask="")
    g.constant("first", np.array([0], np.int64))
    g.constant("axis1", np.array([1], np.int64))
    g.constant("last", np.array([-1], np.int64))
    g.constant("unclaimed", np.array(UNCLAIMED, np.int32))
    g.node("Less", ["flags", "unclaimed"], ["of_claim"])
    g.node("Cast", ["of_claim"], ["of_claim_float"], to=TensorProto.FLOAT)
    g.node("Unsqueeze", ["of_claim_float", "last"], ["claim_column"])
    g.node("Mul", [x, "claim_column"], ["kept"])
    g.node("ReduceSum", ["kept", "axis1"], ["summed"], keepdims=0)
    g.node("ReduceSum", ["claim_column", "axis1"], ["count"], keepdims=0)
    g.node("Div", ["summed", "count"], ["mean"])
    g.node("Slice", [x, "first", "axis1", "axis1"], ["start"])
    g.node("Squeeze", ["start", "axis1"], ["start_vector"])
    g.node("Add", ["mean", "start_vector"], ["read"])
    pooled = g.node("Gemm", ["read", g.weight("pool.weight"), g.weight("pool.bias")], ["pooled"], transB=1)
    g.node("Tanh", [pooled], ["squashed"])
    g.node("Gemm", ["squashed", g.weight("head.weight"), g.weight("head.bias")], ["logits"], transB=1)
    given = [
        helper.make_tensor_value_info("embedded", TensorProto.FLOAT, [1, "length", _DIMENSION]),
        helper.make_tensor_value_info("flags", TensorProto.INT32, [1, "length"]),
    ]
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 3])
    made = helper.make_graph(g.nodes, "checker", given, [logits], g.initializers())
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(made, opset_imports=opsets, ir_version=9)
