"""The training of the small checker, but for torch: its examples, and the graph that is written."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from random import Random

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from evals.training import examples, export
from evals.training.__main__ import main
from rag import weights
from rag.checking import entailment
from rag.errors import UsageError
from rag.index.embedder_cache import CachedEmbedder
from rag.index.minilm import MiniLM

ABSTRACT = (
    "LanternNet dims 340 lamps by learning from footsteps. GlowNet reduces energy use more than LanternNet in large rooms."
)
CLAIMS = [
    {"claim": "Footsteps teach it to dim 340 lamps.", "label": "supported", "kind": "true", "pair": 1},
    {"claim": "Voices teach it to dim 340 lamps.", "label": "contradicted", "kind": "method", "pair": 1},
    {"claim": "It was sold.", "label": "not_said", "kind": "outside"},
]


def read(path: Path, embedder: MiniLM, papers: int = 60) -> examples.Examples:
    records = [{"title": f"Lamps {n}", "abstract": ABSTRACT, "claims": CLAIMS} for n in range(papers)]
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    return examples.load([path], CachedEmbedder(embedder), Random(3), lambda done, of: None)


def test_written_claims_keep_their_labels_and_pairs(embedder: MiniLM, tmp_path: Path) -> None:
    made = read(tmp_path / "claims.jsonl", embedder)
    assert [entailment.CLASSES[e.label] for e in made.written[:3]] == ["supported", "contradicted", "not_said"]
    one, other, alone = (e.pair for e in made.written[:3])
    assert one == other != alone == ""
    assert all(len(e.ids) == len(e.flags) for e in made.written)


def test_a_mutated_sentence_is_paired_with_its_original(embedder: MiniLM, tmp_path: Path) -> None:
    made = read(tmp_path / "claims.jsonl", embedder).mutated
    for true, false in zip(made[::2], made[1::2], strict=True):
        assert true.pair == false.pair
        assert true.ids != false.ids
        assert [entailment.CLASSES[e.label] for e in (true, false)] == ["supported", "contradicted"]


def test_papers_are_kept_back_whole_and_one_in_ten_or_so(embedder: MiniLM, tmp_path: Path) -> None:
    made = read(tmp_path / "claims.jsonl", embedder)
    assert len(made.written) + len(made.kept_back) == 60 * 3
    assert len(made.kept_back) % 3 == 0
    assert 1 <= len(made.kept_back) // 3 <= 15
    assert ({e.pair for e in made.kept_back} - {""}).isdisjoint({e.pair for e in made.written} - {""})


def test_too_few_papers_are_told(embedder: MiniLM, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="too few papers"):
        read(tmp_path / "claims.jsonl", embedder, papers=1)


@pytest.mark.parametrize("content", ["{oops", "[]", '{"title": "x"}', "3"])
def test_claims_in_another_form_are_told_in_one_sentence(embedder: MiniLM, tmp_path: Path, content: str) -> None:
    (tmp_path / "claims.jsonl").write_text(content)
    with pytest.raises(UsageError, match="cannot be read"):
        examples.load([tmp_path / "claims.jsonl"], embedder, Random(1), lambda done, of: None)


def test_the_bundled_claims_are_in_pairs_of_a_true_and_a_false_one() -> None:
    records = [json.loads(line) for file in examples.WRITTEN.glob("*.jsonl") for line in file.read_text("utf-8").splitlines()]
    assert len(records) > 2000
    assert len({r["title"] for r in records}) > 0.99 * len(records)
    pairs: dict[tuple[str, object], list[bool]] = {}
    for r in records:
        for c in r["claims"]:
            assert c["label"] in entailment.CLASSES
            pairs.setdefault((r["title"], c.get("pair")), []).append(c["label"] == "supported")
    assert np.mean([sorted(pair) == [False, True] for pair in pairs.values()]) > 0.98


def test_without_torch_the_command_that_brings_it_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert main(["ranker", "--out", "ranker.onnx.gz"]) == 2
    assert "uv run --with torch" in capsys.readouterr().err


# -- the graph -----------------------------------------------------------------------------------------------------------


def random_weights(rng: np.random.Generator) -> dict[str, NDArray[np.float32]]:
    """Weights of one layer, of a size that lets every part matter."""
    shapes = {"segment": (384,), "flag.weight": (5, 384), "pool.weight": (384, 384), "pool.bias": (384,)}
    shapes |= {"head.weight": (3, 384), "head.bias": (3,), "norm.weight": (384,), "norm.bias": (384,)}
    at = "encoder.layer.0."
    for part in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"):
        shapes |= {f"{at}{part}.weight": (384, 384), f"{at}{part}.bias": (384,)}
    shapes |= {f"{at}intermediate.dense.weight": (1536, 384), f"{at}intermediate.dense.bias": (1536,)}
    shapes |= {f"{at}output.dense.weight": (384, 1536), f"{at}output.dense.bias": (384,)}
    for norm in ("attention.output.LayerNorm", "output.LayerNorm"):
        shapes |= {f"{at}{norm}.weight": (384,), f"{at}{norm}.bias": (384,)}
    return {name: rng.normal(0, 0.08, shape).astype(np.float32) for name, shape in shapes.items()}


def by_hand(w: dict[str, NDArray[np.float32]], embedded: NDArray[np.float32], flags: list[int]) -> NDArray[np.float64]:
    """The logits of the same network, written out."""
    from math import erf

    def norm(x: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        return (x - x.mean(-1, keepdims=True)) / x.std(-1, keepdims=True) * w[f"{name}.weight"] + w[f"{name}.bias"]

    def dense(x: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    at = "encoder.layer.0."
    x = norm(embedded.astype(np.float64) + w["segment"], "norm") + w["flag.weight"][flags]
    q, k, v = (dense(x, f"{at}attention.self.{part}").reshape(-1, 12, 32) for part in ("query", "key", "value"))
    attention = np.exp(np.einsum("ihd,jhd->hij", q, k) / np.sqrt(32))
    attended = np.einsum("hij,jhd->ihd", attention / attention.sum(-1, keepdims=True), v).reshape(-1, 384)
    x = norm(x + dense(attended, f"{at}attention.output.dense"), f"{at}attention.output.LayerNorm")
    up = dense(x, f"{at}intermediate.dense")
    x = norm(x + dense(up * (1 + np.vectorize(erf)(up / np.sqrt(2))) / 2, f"{at}output.dense"), f"{at}output.LayerNorm")
    of_claim = np.array(flags) < entailment.UNCLAIMED
    return dense(np.tanh(dense(x[0] + x[of_claim].mean(0), "pool")), "head")


def test_the_graph_computes_what_the_network_is(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    made = random_weights(rng)
    embedded, flags = rng.normal(0, 1, (7, 384)).astype(np.float32), [2, 0, 1, 2, 3, 4, 3]
    onnx.save(export.checker(made, 1), tmp_path / "one.onnx")
    given = {"embedded": embedded[None], "flags": np.array([flags], np.int32)}
    [[logits]] = weights.session(tmp_path / "one.onnx").run(None, given)
    assert np.allclose(logits, by_hand(made, embedded, flags), atol=1e-3)


def test_the_quantised_graph_is_small_and_near(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    made = random_weights(rng)
    export.export(export.checker(made, 1), tmp_path / "small.onnx.gz")
    packed = (tmp_path / "small.onnx.gz").read_bytes()
    assert len(packed) < 4e6
    session, near = weights.session(gzip.decompress(packed)), []
    for _ in range(20):
        embedded, flags = rng.normal(0, 1, (9, 384)).astype(np.float32), [2, 0, 1, 2, 3, 4, 3, 3, 3]
        [[logits]] = session.run(None, {"embedded": embedded[None], "flags": np.array([flags], np.int32)})
        near.append((logits, by_hand(made, embedded, flags)))
    found, expected = (np.array(side).ravel() for side in zip(*near, strict=True))
    assert np.corrcoef(found, expected)[0, 1] > 0.95
