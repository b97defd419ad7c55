"""python -m evals retrieval: judged sets as they come, and the product's own search measured on them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.factories import LANTERN, ORCHARD, SHARED, paper

from evals import ranking
from evals.__main__ import main
from evals.queries import from_beir, known_items
from evals.retrieval import HYBRID, rank
from rag.errors import UsageError
from rag.retrieval.retriever import Candidate
from rag.sources.paper_ids import document_id

TIDE = "Tide gauges drift. A float of cork and two magnets reads the sea to a millimetre without power."
CORPUS = [
    {"_id": "11", "title": "LanternNet", "text": LANTERN},
    {"_id": "12", "title": "Frost Watch", "text": ORCHARD},
    {"_id": "13", "title": "", "text": TIDE},
    {"_id": "14", "title": "", "text": ""},
]
QUERIES = [
    {"_id": "q1", "text": "dimming street lamps by footsteps"},
    {"_id": "q2", "text": "frost in orchards measured by drone"},
    {"_id": "q3", "text": "reading the sea level with cork"},
    {"_id": "q4", "text": "nobody judged this"},
]
QRELS = ["query-id\tcorpus-id\tscore", "q1\t11\t2", "q1\t12\t0", "q2\t12\t1", "q3\t13\t1"]


@pytest.fixture(autouse=True)
def _ready(model_home: Path, one_embedder: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedder's graph is built, and RAG_HOME names it."""
    monkeypatch.setenv("RAG_HOME", str(model_home))


def beir(
    corpus: list[dict[str, str]] = CORPUS,
    queries: list[dict[str, str]] = QUERIES,
    qrels: list[str] = QRELS,
    **splits: list[str],
) -> Path:
    folder = Path("set")
    (folder / "qrels").mkdir(parents=True, exist_ok=True)
    for name, records in (("corpus", corpus), ("queries", queries)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records), "utf-8")
    for split, lines in {"test": qrels, **splits}.items():
        (folder / "qrels" / f"{split}.tsv").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return folder


def results() -> tuple[dict[str, Any], list[dict[str, Any]]]:
    [path] = Path("results").iterdir()
    header, *records = map(json.loads, path.read_text("utf-8").splitlines())
    return header, records


# -- judged sets ---------------------------------------------------------------------------------------------------------


def test_judgments_name_papers_as_the_product_does() -> None:
    judged = from_beir(beir(), "test")
    lantern, frost = document_id("LanternNet", "11"), document_id("Frost Watch", "12")
    assert [(q.id, q.relevance) for q in judged.queries[:2]] == [("q1", {lantern: 2}), ("q2", {frost: 1})]
    assert set(judged.papers.values()) == {"11", "12", "13"}
    assert [judged.papers[i] for i in judged.queries[2].relevance] == ["13"]  # without a title of its own
    assert [q.id for q in judged.queries] == ["q1", "q2", "q3"]  # what nobody judged is not asked
    assert "1 documents of the corpus have no text" in judged.notes[0]


def test_two_documents_that_are_one_paper_are_one_judgment_with_the_higher_score() -> None:
    twice = [*CORPUS, {"_id": "11", "title": "LanternNet", "text": LANTERN + " More."}]
    judged = from_beir(beir(twice, qrels=[*QRELS, "q2\t11\t1"]), "test")
    assert len(judged.papers) == 3
    same = [*CORPUS[:2], {"_id": "12", "title": "FROST watch!", "text": ORCHARD}]
    judged = from_beir(beir(same, qrels=["query-id\tcorpus-id\tscore", "q2\t12\t1"]), "test")
    assert judged.queries[0].relevance == {document_id("Frost Watch", "12"): 1}


def test_a_relevant_document_that_is_not_there_counts_as_not_found_and_is_told() -> None:
    judged = from_beir(beir(qrels=["query-id\tcorpus-id\tscore", "q1\t11\t1", "q1\t99\t1", "q2\t14\t1"]), "test")
    assert [len(q.relevance) for q in judged.queries] == [2, 1]
    assert ranking.recall(list(judged.papers), judged.queries[0].relevance, 100) == 0.5
    assert ranking.recall(list(judged.papers), judged.queries[1].relevance, 100) == 0.0
    assert "2 relevant documents" in judged.notes[1]


def test_a_known_item_is_a_later_sentence_of_its_paper_the_same_every_time() -> None:
    papers = [paper(), paper("Frost Watch", ORCHARD), paper("One", "A single sentence that is quite long enough to ask with.")]
    judged = known_items(papers, 300)
    assert {q.id for q in judged.queries} == {"lanternnet", "frost-watch"}
    for query in judged.queries:
        assert query.relevance == {query.id: 1}
        abstract = next(p.abstract for p in papers if p.id == query.id)
        assert query.text in abstract
        assert not abstract.startswith(query.text)
    assert known_items(papers[::-1], 300).queries == judged.queries
    assert known_items(papers, 1).queries == judged.queries[:1]
    assert len(judged.papers) == 3
    with pytest.raises(UsageError, match="second sentence"):
        known_items(papers[2:], 300)


# -- what cannot be read -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("corpus.jsonl", None, "corpus.jsonl cannot be read"),
        ("queries.jsonl", None, "queries.jsonl cannot be read"),
        ("qrels/test.tsv", None, "no judgments of the split test. It has: dev, train"),
        ("corpus.jsonl", '{"_id": "1", "title": "A", "text": "B"}\n{oops\n', "Line 2 of set/corpus.jsonl"),
        ("corpus.jsonl", '{"title": "A", "text": "B"}\n', "with _id"),
        ("queries.jsonl", '["q1"]\n', "Line 1 of set/queries.jsonl"),
        ("queries.jsonl", '{"_id": "q1"}\n', "_id and text"),
        ("queries.jsonl", '{"_id": "other", "text": "x"}\n', "judges query q1"),
        ("queries.jsonl", "\xff", "queries.jsonl cannot be read"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1 11 1\n", "Line 2 of set/qrels/test.tsv"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1\t11\tyes\n", "whole number"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1\t11\t0\n", "judges no document relevant"),
        ("qrels/test.tsv", "", "judges no document relevant"),
    ],
)
def test_a_set_that_cannot_be_used_is_told_in_one_sentence_with_its_remedy(
    file: str, content: str | None, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = beir(train=QRELS, dev=QRELS) / file
    path.unlink()
    if content is not None:
        path.write_bytes(content.encode("latin-1"))
    assert main(["retrieval", "--beir", "set"]) == 2
    out, err = capsys.readouterr()
    assert said in err
    assert (out, err.count("\n")) == ("", 1)
    assert not Path("results").exists()


def test_papers_of_ones_own_do_not_go_with_a_judged_set(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["retrieval", "--beir", str(beir()), "--papers", "x.jsonl"]) == 2
    assert "--known-item" in capsys.readouterr().err


# -- the command ---------------------------------------------------------------------------------------------------------


def test_each_ranking_of_a_judged_set_is_measured_and_each_query_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["retrieval", "--beir", str(beir())]) == 0
    out = capsys.readouterr().out
    rows = [line for line in out.splitlines() if line.startswith(("hybrid (", "lexical", "dense", "reciprocal"))]
    assert [" ".join(row[:24].split()) for row in rows[:4]] == [
        *("hybrid (what ships)", "lexical only", "dense only", "reciprocal-rank fusion")
    ]
    assert all(row.split()[-10:] == ["1.000", "1.000–1.000"] * 5 for row in rows[:4])
    assert len(rows) == 7
    assert all(row.endswith("+0.000  p 1.0000") for row in rows[4:])
    assert "p50" in out
    assert "3 queries, 3 papers" in out
    header, records = results()
    assert (header["beir"], header["split"], header["papers"]) == ("set", "test", 3)
    assert [r["id"] for r in records] == ["q1", "q2", "q3"]
    assert [r["rankings"][HYBRID]["top"][0] for r in records] == ["11", "12", "13"]  # named as in the corpus
    assert records[0]["relevance"] == {"11": 2}
    assert all(r["search_ms"] > 0 for r in records)
    assert set(records[0]["rankings"][HYBRID]) == {*ranking.MEASURES, "top"}


def test_a_kept_home_is_used_again_and_never_mixed_with_another_corpus(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["retrieval", "--beir", str(beir()), "--keep", "kept", "--out"]
    assert main([*command, "first"]) == 0
    held = Path("kept/library.sqlite").read_bytes()
    assert main([*command, "second"]) == 0
    before, after = (
        [json.loads(line) for line in next(Path(folder).iterdir()).read_text("utf-8").splitlines()]
        for folder in ("first", "second")
    )
    assert [r["rankings"] for r in before[1:]] == [r["rankings"] for r in after[1:]]
    assert main(["retrieval", "--known-item", "--keep", "kept", "--out", "third"]) == 2
    assert "has 3 papers of another corpus" in capsys.readouterr().err
    assert Path("kept/library.sqlite").read_bytes() == held
    assert not Path("third").exists()


def test_papers_of_ones_own_are_found_by_their_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    told = [{"title": p["title"] or "Tide", "abstract": p["text"]} for p in CORPUS[:3]]
    Path("mine.jsonl").write_text("".join(json.dumps(p) + "\n" for p in told))
    assert main(["retrieval", "--known-item", "--papers", "mine.jsonl", "--most", "2"]) == 0
    assert "2 queries, 3 papers" in capsys.readouterr().out
    _, records = results()
    assert all(r["rankings"][HYBRID]["MRR@10"] == 1.0 for r in records)


def test_the_halves_are_ranked_by_their_own_scores() -> None:
    candidates = [Candidate("a", 3.0, 0.2, 5.0), Candidate("b", 2.0, 0.9, 0.0), Candidate("c", 1.0, 0.5, 7.0)]
    rankings = rank(candidates)
    assert rankings[HYBRID] == ["a", "b", "c"]
    assert rankings["lexical only"] == ["c", "a"]  # b shares no word
    assert rankings["dense only"] == ["b", "c", "a"]
    assert rankings["reciprocal-rank fusion"] == ["c", "a", "b"]  # 1/61 + 1/62, 1/62 + 1/63, 1/61


@pytest.mark.long
def test_fusion_beats_both_halves_on_scifact() -> None:
    folder = SHARED / "bench" / "scifact"
    if not folder.is_dir():
        pytest.skip("SciFact is not beside this checkout (../shared/bench/scifact)")
    assert main(["retrieval", "--beir", str(folder), "--split", "train"]) == 0
    _, records = results()
    assert len(records) == 809
    means = {name: np.mean([r["rankings"][name]["nDCG@10"] for r in records]) for name in records[0]["rankings"]}
    assert means[HYBRID] == max(means.values())
    assert means[HYBRID] > 0.73
