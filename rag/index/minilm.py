"""The bundled embedder: all-MiniLM-L6-v2 run by onnxruntime, without torch.

Its weights (rag.weights) are turned once into an ONNX graph of onnxruntime's fused transformer operators, with mean pooling
and L2 normalisation inside, and kept in the home folder. The model reads 256 word pieces; longer text is cut there, so chunks
are kept shorter.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag import weights
from rag.errors import EmbedderError
from rag.index.transformer_graph import EPSILON, Graph
from rag.storage import checksums, private

_PADDING = 0  # the word piece [PAD]
_LAYERS = 6
_GRAPH = "minilm-1.onnx"  # the number changes when the graph does
_SUMS = ".sums"
_LONGEST_BUILD_S = 600


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
        Thread(target=self._open, args=(home,)).start()  # no daemon: ending the program in it aborts the process
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

    def embed(self, texts: Sequence[str], batch_size: int = 16) -> NDArray[np.float32]:
        """Return an array of shape (len(texts), 384), each row of length 1. Texts are cut at 256 word pieces."""
        tokenizer, session = self._opened.result()
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        pieces = [encoded.ids for encoded in tokenizer.encode_batch(list(texts))]
        by_length = sorted(range(len(texts)), key=lambda i: len(pieces[i]))  # little padding in a batch
        for first in range(0, len(texts), batch_size):
            rows = by_length[first : first + batch_size]
            ids = np.zeros((len(rows), len(pieces[rows[-1]])), np.int32)
            for row, i in enumerate(rows):
                ids[row, : len(pieces[i])] = pieces[i]
            mask = (ids != _PADDING).astype(np.int32)
            feed = {"ids": ids, "mask": mask, "segments": np.zeros_like(ids)}
            vectors[rows] = session.run(None, feed)[0]
        return vectors


def _opened(home: Path, max_tokens: int) -> tuple[Any, Any]:
    """Return the tokenizer and the session of the graph in home/models, which is built when it is not there."""
    from tokenizers import Tokenizer

    folder = weights.folder()
    graph = home / "models" / _GRAPH
    if not _intact(graph):
        weights.check(folder)
        _build(folder / weights.WEIGHTS, graph)
    tokenizer = Tokenizer.from_file(str(folder / weights.TOKENIZER))
    tokenizer.enable_truncation(max_tokens)
    tokenizer.no_padding()  # its file says that every text is to be padded to 128 pieces
    try:
        return tokenizer, weights.session(graph)
    except Exception as error:
        graph.unlink(missing_ok=True)
        raise EmbedderError("The cached embedder was damaged and has been removed.", "Run it again.") from error


def _build(source: Path, target: Path) -> None:
    import onnx
    from safetensors.numpy import load_file

    private.make_folder(target.parent)
    for left in target.parent.glob(f"{target.stem}.*[0-9]"):  # of builds that were killed
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _LONGEST_BUILD_S:
                left.unlink()
    unfinished = target.with_suffix(f".{os.getpid()}")
    onnx.save(_graph(load_file(source)), unfinished)
    sums = checksums.of(target.parent, [unfinished.name])
    unfinished.replace(target)
    target.with_suffix(_SUMS).write_text(json.dumps({target.name: sums[unfinished.name]}), "utf-8")


def _intact(graph: Path) -> bool:
    """Whether the graph is there and as it was written. One of which no checksum was kept is built anew."""
    try:
        sums = json.loads(graph.with_suffix(_SUMS).read_text("utf-8"))
        return checksums.intact(
            graph.parent, {name: (size, crc) for name, (size, crc) in sums.items()}, f"{graph.stem}.checked"
        )
    except (OSError, ValueError, TypeError, AttributeError):
        return False


def _graph(tables: dict[str, NDArray[np.float32]]) -> Any:
    """Return the ONNX model: int32 ids, mask and segments of shape (batch, length) in, float32 (batch, 384) out."""
    from onnx import TensorProto, helper

    graph = Graph(tables)
    embedded = [graph.weight(f"embeddings.{table}_embeddings.weight") for table in ("word", "position", "token_type")]
    norm = [graph.weight(f"embeddings.LayerNorm.{part}") for part in ("weight", "bias")]
    inputs = ["ids", "segments", *embedded, *norm, "mask"]
    x = graph.fused("EmbedLayerNormalization", inputs, ["x", "lengths"], epsilon=EPSILON)
    for layer in range(_LAYERS):
        x = graph.layer(layer, x, mask="lengths")
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
