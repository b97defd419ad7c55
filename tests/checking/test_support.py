from __future__ import annotations

import numpy as np
import pytest
from support.factories import LAMPS, LANTERN, ORCHARD, HashEmbedder, paper, sources

from rag.checking.support import MIN_PARTIAL_SCORE, MIN_SUPPORTED_SCORE, Abstract, Finding, assess, missing_terms
from rag.index.minilm import MiniLM
from rag.types import Evidence

QUOTE = "LanternNet dims 340 lamps by learning from footsteps."
CUT = "It cut the energy used in Ghent by 27.5% over 12 weeks."


@pytest.fixture
def lamps(embedder: MiniLM) -> list[Abstract]:
    return [Abstract(source, embedder) for source in LAMPS]


def found(claim: str, abstracts: list[Abstract], embedder: MiniLM) -> Finding:
    return assess(claim, abstracts, embedder.embed([claim])[0])


def test_the_sentence_that_says_it_is_the_evidence_with_its_place(lamps: list[Abstract], embedder: MiniLM) -> None:
    [evidence] = found("The energy used in Ghent fell.", lamps[:1], embedder).evidence
    assert (evidence.n, evidence.paper_id, evidence.sentence) == (1, LAMPS[0].paper.id, CUT)
    assert LANTERN[evidence.start : evidence.end] == CUT


def test_the_sentence_itself_scores_one_and_another_matter_next_to_nothing(lamps: list[Abstract], embedder: MiniLM) -> None:
    assert found(QUOTE, lamps[:1], embedder).score == pytest.approx(1.0, abs=0.001)
    assert found("Whales sing to find their partners.", lamps[:1], embedder).score < 0.2


def test_words_of_the_title_count(embedder: MiniLM) -> None:
    claim = "Frost Watch measures temperature with a drone."
    of = [Abstract(sources(paper(title, ORCHARD))[0], embedder) for title in ("Frost Watch", "Other")]
    assert found(claim, of[:1], embedder).score > found(claim, of[1:], embedder).score


def test_a_second_sentence_is_shown_when_it_adds_words_and_counts(lamps: list[Abstract], embedder: MiniLM) -> None:
    claim = "LanternNet dims 340 lamps and cut the energy used in Ghent by 27.5%."
    both = found(claim, lamps[:1], embedder)
    assert [e.sentence for e in both.evidence] == [CUT, QUOTE]
    alone = [Abstract(sources(paper("Other", text))[0], embedder) for text in (CUT, QUOTE)]
    assert both.score > max(found(claim, [one], embedder).score for one in alone)


@pytest.mark.parametrize("claim", [QUOTE, CUT, "A drone dims 340 lamps in spring.", "Whales sing.", "…"])
def test_no_score_is_higher_than_its_words_can_reach(claim: str, lamps: list[Abstract], embedder: MiniLM) -> None:
    for one in lamps:
        assert found(claim, [one], embedder).score <= one.max_score(claim)
    assert missing_terms("340 lamps in Ghent", lamps[:1]) == []
    assert missing_terms("340 lamps in Ghent", lamps[1:]) == ["340", "Ghent"]


def test_the_best_source_comes_first_and_gives_the_score(lamps: list[Abstract], embedder: MiniLM) -> None:
    finding = found("A drone measures the temperature of blossoms.", lamps, embedder)
    assert [e.n for e in finding.evidence] == [2, 1]
    assert finding.score == finding.evidence[0].score
    assert finding.evidence == found("A drone measures the temperature of blossoms.", lamps[::-1], embedder).evidence


def test_numbers_and_names_are_looked_up_in_all_sources(lamps: list[Abstract], embedder: MiniLM) -> None:
    claim = "In Ghent a drone measures blossom temperature every 90 seconds for 12 weeks."
    assert found(claim, lamps, embedder).problems == ()
    assert found(claim, lamps[1:], embedder).problems == ("not in the cited abstract: 12 weeks, Ghent",)
    assert found(claim, lamps[:1], embedder).problems == ("not in the cited abstract: 90 seconds",)


def test_a_number_or_name_of_the_title_is_known(embedder: MiniLM) -> None:
    of = [Abstract(sources(paper("BERT in 76 minutes", "Large batches make training fast."))[0], embedder)]
    assert found("Large batches make training of BERT fast, in 76 minutes.", of, embedder).problems == ()
    assert found("Large batches make training of BERT fast, in 67 minutes.", of, embedder).problems != ()


def test_contrary_words_are_a_problem_where_the_sentence_is_near(lamps: list[Abstract], embedder: MiniLM) -> None:
    finding = found("LanternNet does not dim 340 lamps by learning from footsteps.", lamps[:1], embedder)
    assert finding.score >= MIN_PARTIAL_SCORE
    assert [p.partition(":")[0] for p in finding.problems] == ["the abstract may say the contrary"]
    far = found("Whales do not sing by learning from footsteps of lamps at sea.", lamps[:1], embedder)
    assert far.score < MIN_PARTIAL_SCORE
    assert far.problems == ()


def test_a_finding_supports_from_the_threshold_on_and_without_problems() -> None:
    assert Finding(MIN_SUPPORTED_SCORE, ()).supports
    assert not Finding(MIN_SUPPORTED_SCORE - 0.001, ()).supports
    assert not Finding(1.0, (), ("not in the cited abstract: 340",)).supports


def test_sources_under_a_score_are_told_once() -> None:
    evidence = tuple(Evidence(n, "p", "s", 0, 1, score) for n, score in ((2, 0.9), (1, 0.3), (1, 0.3), (3, 0.4)))
    assert Finding(0.9, evidence).sources_under(0.4) == [1]


@pytest.mark.parametrize(
    ("claim", "quoted"),
    [
        (QUOTE, True),
        ("dims 340 lamps", True),
        (QUOTE.replace("340", "350"), False),
        (QUOTE.lower(), False),
        ("L", False),
        ("", False),
    ],
)
def test_only_the_very_words_of_an_abstract_quote_it(claim: str, quoted: bool) -> None:
    assert Abstract(LAMPS[0], HashEmbedder()).quotes(claim) is quoted


def test_a_quotation_finds_its_sentence_without_vectors() -> None:
    words = HashEmbedder()
    evidence = Abstract(LAMPS[0], words).evidence(CUT, None)
    assert [(e.sentence, e.score) for e in evidence] == [(CUT, 1.0)]
    assert words.calls == []


def test_an_abstract_is_embedded_once_and_only_when_asked() -> None:
    words = HashEmbedder()
    abstract = Abstract(LAMPS[1], words)
    assert words.calls == []
    vector = np.ones(words.dimension, np.float32) / 8
    abstract.evidence("A drone flies.", vector)
    abstract.evidence("Orchards freeze.", vector)
    assert words.calls == [
        ["Orchards lose fruit to frost in spring.", "A drone measures blossom temperature every 90 seconds."]
    ]


def test_an_abstract_without_text_supports_nothing(embedder: MiniLM) -> None:
    [evidence] = found("Lamps are dimmed.", [Abstract(sources(paper("Frost", ""))[0], embedder)], embedder).evidence
    assert (evidence.sentence, evidence.start, evidence.end) == ("", 0, 0)
    assert evidence.score < MIN_PARTIAL_SCORE
