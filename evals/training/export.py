"""Writes what was trained as ONNX graphs, quantised to 8 bits: the checker for rag.checking.entailment, and the ranker.

The ranker's is for rag.questions.ranker. Both read one text at a time, so that none is padded.
"""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.checking.entailment import UNCLAIMED
from rag.index.transformer_graph import EPSILON, Graph

_DIMENSION = 384
Weights = dict[str, NDArray[np.float32]]


def export(model: Any, target: Path) -> None:
    """Write an ONNX model to `target`, quantised and packed with gzip.

    Weights keep 7 bits, because processors without VNNI add two products of 8 bits in 16, which may overflow.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with tempfile.TemporaryDirectory() as folder:
        full, small = Path(folder) / "full.onnx", Path(folder) / "small.onnx"
        onnx.save(model, full)
        quantize_dynamic(
            full,
            small,
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
        )
        target.write_bytes(gzip.compress(small.read_bytes(), 9, mtime=0))


def checker(weights: Weights, layers: int) -> Any:
    """Return the ONNX model for one claim: float32 `embedded` (1, length, 384) and int32 `flags` in, logits (1, 3) out."""
    from onnx import TensorProto, helper

    g, x = _trunk(weights, layers)
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
    g.node("Add", ["mean", _start(g, x)], ["read"])
    _head(g, "read", "pool", "head", "logits")
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 3])
    return _model(g, "checker", [], [logits])


def ranker(weights: Weights, layers: int) -> Any:
    """Return the ONNX model for one question beside one abstract.

    In: float32 `embedded` (1, length, 384), int32 `flags` (1, length), float32 `means` (sentences, length). Out: log-odds of
    `sentences` (sentences,) and of `answered` (1,).
    """
    from onnx import TensorProto, helper

    g, x = _trunk(weights, layers)
    start = _start(g, x)
    g.constant("axis0", np.array([0], np.int64))
    g.constant("last", np.array([-1], np.int64))
    g.node("Squeeze", [x, "axis0"], ["pieces"])
    g.node("MatMul", ["means", "pieces"], ["of_sentences"])
    g.node("Add", ["of_sentences", start], ["read"])
    _head(g, "read", "pool", "head", "column")
    _head(g, start, "whole_pool", "whole_head", "whole")
    g.node("Squeeze", ["column", "last"], ["sentences"])
    g.node("Squeeze", ["whole", "last"], ["answered"])
    means = helper.make_tensor_value_info("means", TensorProto.FLOAT, ["sentences", "length"])
    out = [
        helper.make_tensor_value_info("sentences", TensorProto.FLOAT, ["sentences"]),
        helper.make_tensor_value_info("answered", TensorProto.FLOAT, [1]),
    ]
    return _model(g, "ranker", [means], out)


def _trunk(weights: Weights, layers: int) -> tuple[Graph, str]:
    """Return a graph that reads `embedded` and `flags`, and the name of the vectors of its word pieces."""
    g = Graph(weights)
    g.node("Add", ["embedded", g.weight("segment")], ["typed"])
    g.node("LayerNormalization", ["typed", g.weight("norm.weight"), g.weight("norm.bias")], ["normed"], epsilon=EPSILON)
    g.node("Gather", [g.weight("flag.weight"), "flags"], ["flagged"])
    x = g.node("Add", ["normed", "flagged"], ["x"])
    for layer in range(layers):
        x = g.layer(layer, x, mask="")
    return g, x


def _start(g: Graph, x: str) -> str:
    """Add the vector of the first word piece, of shape (1, 384)."""
    g.constant("first", np.array([0], np.int64))
    g.constant("second", np.array([1], np.int64))
    g.node("Slice", [x, "first", "second", "second"], ["start"])
    return g.node("Squeeze", ["start", "second"], ["start_vector"])


def _head(g: Graph, read: str, pool: str, head: str, out: str) -> None:
    pooled = g.node("Gemm", [read, g.weight(f"{pool}.weight"), g.weight(f"{pool}.bias")], [f"{out}_pooled"], transB=1)
    squashed = g.node("Tanh", [pooled], [f"{out}_squashed"])
    g.node("Gemm", [squashed, g.weight(f"{head}.weight"), g.weight(f"{head}.bias")], [out], transB=1)


def _model(g: Graph, name: str, given: list[Any], out: list[Any]) -> Any:
    from onnx import TensorProto, helper

    embedded = helper.make_tensor_value_info("embedded", TensorProto.FLOAT, [1, "length", _DIMENSION])
    flags = helper.make_tensor_value_info("flags", TensorProto.INT32, [1, "length"])
    made = helper.make_graph(g.nodes, name, [embedded, flags, *given], out, g.initializers())
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(made, opset_imports=opsets, ir_version=9)
