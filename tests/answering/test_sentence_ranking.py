"""The ranking of sentences: its weights are those that were fitted, and they find more than cosine and words alone."""

from __future__ import annotations

import pytest
from support.factories import LANTERN, paper

from evals import sentence_ranking as fitting
from evals.sentence_ranking import Labelled
from rag.answering import sentence_ranking
from rag.index.minilm import MiniLM

COSINE_AND_WORDS = (1.0, 0.7, 0.0, 0.0, 0.0, 0.0, 0.0)
WITHOUT_THE_RANKER = (1.9, 2.45, 2.25, -2.76, 1.67, 1.15, 0.0)  # fitted without it
LINKED = paper("Lamps", "Lamps dim at night. The code of the lamps that dim at night: https://example.org/lamps")


@pytest.fixture(scope="module")
def dev(embedder: MiniLM) -> list[Labelled]:
    return fitting.labelled("dev", embedder)


def test_the_weights_are_those_fitted_on_the_dev_half(dev: list[Labelled]) -> None:
    weights, bias = fitting.fit(dev)
    assert weights == pytest.approx(sentence_ranking.WEIGHTS, abs=0.1)
    assert bias == pytest.approx(sentence_ranking.BIAS, abs=0.1)


def test_more_is_found_than_by_cosine_and_words(dev: list[Labelled]) -> None:
    full = [case for case in dev if case.counts > 1]
    assert len(full) > 50
    assert fitting.found(full, sentence_ranking.WEIGHTS, 5) >= 0.95 > 0.9 >= fitting.found(full, COSINE_AND_WORDS, 5)
    assert fitting.found(full, sentence_ranking.WEIGHTS, 1) > fitting.found(full, WITHOUT_THE_RANKER, 1) + 0.03


def test_sentences_are_in_the_order_of_the_paper_with_probabilities(embedder: MiniLM) -> None:
    [ranked, nothing] = sentence_ranking.rank("How much energy was saved in Ghent?", [paper(), paper("Kites", "")], embedder)
    said = [LANTERN[one.start : one.end] for one in ranked]
    assert said == sorted(said, key=LANTERN.index)
    assert all(0 < one.probability < 1 for one in ranked)
    assert "27.5%" in max(zip(ranked, said, strict=True), key=lambda pair: pair[0].probability)[1]
    assert nothing == []


def test_a_link_ranks_last_unless_it_is_asked_for(embedder: MiniLM) -> None:
    for question, best in (("Which lamps dim at night?", 0), ("Where is the code of the lamps?", 1)):
        [ranked] = sentence_ranking.rank(question, [LINKED], embedder)
        assert max(range(2), key=lambda n: ranked[n].probability) == best
