"""The evidence table: quotes of the abstract in the column that they fit, as often as labelled abstracts show."""

from __future__ import annotations

import pytest
from support.factories import LANTERN, HashEmbedder, paper

from evals import evidence_columns
from evals.evidence_columns import Labelled
from rag.answering import evidence_table
from rag.answering.evidence_table import COLUMNS, Quote
from rag.assistant import Assistant
from rag.index.minilm import MiniLM

LEAST_PRECISION = {"Problem": 0.8, "Method": 0.75, "Data": 0.55, "Result": 0.7}  # measured: see docs/numbers.md


@pytest.fixture(scope="module")
def cases(embedder: MiniLM) -> list[Labelled]:
    return evidence_columns.labelled(evidence_columns.starter(), embedder)


def test_each_cell_is_a_sentence_of_the_abstract_at_its_place(embedder: MiniLM) -> None:
    lamps = paper()
    [row] = evidence_table.table([lamps], embedder)
    quotes = dict(zip(COLUMNS, row.cells, strict=True))
    assert quotes["Problem"] == Quote("Street lamps waste power when nobody walks below them.", 1, 0, 54)
    assert quotes["Method"] is not None
    assert quotes["Method"].text == "LanternNet dims 340 lamps by learning from footsteps."
    assert quotes["Result"] is not None
    assert quotes["Result"].text == "It cut the energy used in Ghent by 27.5% over 12 weeks."
    assert all(quote is None or LANTERN[quote.start : quote.end] == quote.text for quote in row.cells)


def test_a_paper_without_an_abstract_says_nothing(embedder: MiniLM) -> None:
    rows = evidence_table.table([paper("Kites", ""), paper()], embedder)
    assert rows[0].cells == (None, None, None, None)
    assert rows[1].cells[0] is not None
    assert evidence_table.table([], embedder) == []


def test_a_comparison_is_the_table_turned_round(embedder: MiniLM) -> None:
    papers = [paper(), paper("Kites", "Kites fall. We propose a longer line for kites.")]
    compared = evidence_table.comparison(papers, embedder)
    rows = evidence_table.table(papers, embedder)
    assert compared.papers == tuple(papers)
    assert [name for name, _ in compared.rows] == list(COLUMNS)
    assert [cells for _, cells in compared.rows] == [(rows[0].cells[n], rows[1].cells[n]) for n in range(4)]


def test_the_assistant_compares_papers_of_its_library(assistant: Assistant) -> None:
    papers = [assistant.search(title, 1)[0].paper for title in ("GraphSAINT", "BabyLlama-2")]
    names = dict(assistant.comparison(papers).rows)
    assert names["Data"][1] is not None
    assert "BLiMP and SuperGLUE" in names["Data"][1].text
    assert [row.paper for row in assistant.evidence(papers)] == papers


def test_the_embedder_is_asked_once_for_all_papers() -> None:
    counting = HashEmbedder()
    evidence_table.table([paper(), paper("Kites")], counting)
    assert len(counting.calls) == 1


def test_the_weights_are_those_that_the_labelled_half_gives(cases: list[Labelled]) -> None:
    fitted = evidence_columns.fit([case for case in cases if case.half == "dev"])
    for name, weights in evidence_table.WEIGHTS.items():
        assert fitted[name] == pytest.approx(weights, abs=0.1)


def test_cells_of_the_other_half_are_right_as_often_as_measured_and_more_often_than_by_position(cases: list[Labelled]) -> None:
    dev, test = ([case for case in cases if case.half == half] for half in ("dev", "test"))
    assert (len(dev), len(test)) == (32, 32)
    scores = evidence_columns.measure(test, dict(evidence_table.WEIGHTS))
    by_position = evidence_columns.measure(test, evidence_columns.fit(dev, position_alone=True), always=True)
    assert {name: score.precision >= LEAST_PRECISION[name] for name, score in scores.items()} == dict.fromkeys(COLUMNS, True)
    assert all(scores[name].precision > by_position[name].precision + 0.15 for name in ("Data", "Result"))
