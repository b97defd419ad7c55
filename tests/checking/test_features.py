from __future__ import annotations

from dataclasses import replace

import pytest
from support.factories import LAMPS, LANTERN, ORCHARD, HashEmbedder, paper, sources

from rag.checking import features, rule
from rag.checking.abstract import Abstract, wordings
from rag.checking.features import Asked, Reading
from rag.checking.reasons import reasons
from rag.index.minilm import MiniLM
from rag.interfaces import Embedder
from rag.types import Evidence

QUOTE = "LanternNet dims 340 lamps by learning from footsteps."
CUT = "It cut the energy used in Ghent by 27.5% over 12 weeks."


@pytest.fixture
def lamps(embedder: MiniLM) -> list[Abstract]:
    return [Abstract(source, embedder) for source in LAMPS]


def read(claim: str, abstracts: list[Abstract], embedder: Embedder, context: str = "") -> Reading:
    vectors = embedder.embed([claim, f"{context} {claim}".strip()])
    return features.read(Asked(claim, vectors[0], vectors[1]), abstracts)


def one(abstract: str, embedder: Embedder, title: str = "LanternNet") -> list[Abstract]:
    return [Abstract(sources(paper(title, abstract))[0], embedder)]


def differing(reading: Reading) -> list[tuple[str, str]]:
    return [(d.kind, reading.claim[d.start : d.end]) for d in reading.differs]


def test_the_sentence_that_says_it_is_the_evidence_with_its_place(lamps: list[Abstract], embedder: MiniLM) -> None:
    [evidence] = read("The energy used in Ghent fell.", lamps[:1], embedder).evidence
    assert (evidence.n, evidence.paper_id, evidence.sentence) == (1, LAMPS[0].paper.id, CUT)
    assert LANTERN[evidence.start : evidence.end] == CUT


def test_the_sentence_itself_is_likely_and_another_matter_is_not(lamps: list[Abstract], embedder: MiniLM) -> None:
    assert rule.probability(read(QUOTE, lamps[:1], embedder).features) > 0.65
    assert rule.probability(read("Whales sing to find their partners.", lamps[:1], embedder).features) < rule.MIN_PARTIAL


def test_words_of_the_title_count(embedder: MiniLM) -> None:
    claim = "Frost Watch measures temperature with a drone."
    shares = [read(claim, one(ORCHARD, embedder, title), embedder).features.coverage for title in ("Frost Watch", "Other")]
    assert shares[0] > shares[1]


def test_a_second_sentence_is_shown_when_it_adds_words_and_counts(lamps: list[Abstract], embedder: MiniLM) -> None:
    claim = "LanternNet dims 340 lamps and cut the energy used in Ghent by 27.5%."
    both = read(claim, lamps[:1], embedder)
    assert {e.sentence for e in both.evidence} == {CUT, QUOTE}
    alone = [read(claim, one(text, embedder, "Other"), embedder).features.coverage for text in (CUT, QUOTE)]
    assert both.features.coverage > max(alone)


def test_two_papers_support_a_claim_together_each_its_part(lamps: list[Abstract], embedder: MiniLM) -> None:
    claim = "A drone measures blossom temperature every 90 seconds, and LanternNet dims 340 lamps."
    together, alone = read(claim, lamps, embedder), read(claim, lamps[:1], embedder)
    assert (together.features.coverage, together.features.digits, differing(together)) == (1.0, 0, [])
    assert together.features.coverage > alone.features.coverage
    assert differing(alone) == [("figure", "90 seconds")]
    assert {e.n for e in together.evidence} == {1, 2}


def test_the_sentence_before_helps_to_find_the_evidence_and_supports_nothing(embedder: MiniLM) -> None:
    abstract = one("Trams run all night. Lamps dim all night. A drone measures blossoms all night.", embedder, "Ghent")
    told = [
        read("It works all night.", abstract, embedder, before) for before in ("A drone flies over blossoms.", "Trams run.")
    ]
    assert [r.evidence[0].sentence for r in told] == ["A drone measures blossoms all night.", "Trams run all night."]
    assert told[0].features.cosine == told[1].features.cosine


def test_a_figure_or_name_that_no_abstract_has_is_a_difference_with_its_place(lamps: list[Abstract], embedder: MiniLM) -> None:
    reading = read("It cut the energy used in Bruges by 29% over 12 weeks.", lamps[:1], embedder)
    assert differing(reading) == [("name", "Bruges"), ("figure", "29%")]
    figure = reading.differs[1]
    assert LANTERN[figure.abstract_start : figure.abstract_end] == "27.5%"
    assert reasons(reading) == ("not in the cited abstract: Bruges", "“29%” where [1] has “27.5%”")


def test_a_figure_with_another_unit_counts_apart(lamps: list[Abstract], embedder: MiniLM) -> None:
    reading = read("It cut the energy used in Ghent by 27.5% over 12 days.", lamps[:1], embedder)
    assert (reading.features.digits, reading.features.unit) == (0, 1)
    assert differing(reading) == [("figure", "12 days")]
    assert reasons(reading) == ("“12 days” where [1] has “12 weeks”",)


def test_what_an_abstract_has_in_the_place_of_a_figure_is_sought_among_the_same_words(embedder: MiniLM) -> None:
    abstract = "The trams of Bruges are 12% faster than those of Ghent. In Ghent, lamps save 30% of energy at night."
    wrong = read("They save 50% of energy at night.", one(abstract, embedder), embedder, "The trams of Bruges are fast.")
    assert reasons(wrong) == ("“50%” where [1] has “30%”",)
    apart = read("Bells ring 50% longer.", one(abstract, embedder), embedder)
    assert reasons(apart) == ("not in the cited abstract: 50%",)


def test_a_figure_that_stands_with_other_words_is_displaced(embedder: MiniLM) -> None:
    abstract = "The lamps of Ghent save 30% of energy. The trams of Bruges are 12% faster."
    right, wrong = (read(f"The lamps of Ghent save {n}% of energy.", one(abstract, embedder), embedder) for n in (30, 12))
    assert (right.features.displaced, right.differs) == (0, ())
    assert wrong.features.displaced == 3
    assert reasons(wrong) == ("“12%” where [1] has “30%”",)


def test_figures_that_stand_otherwise_in_the_abstract_are_counted(lamps: list[Abstract], embedder: MiniLM) -> None:
    said = {"27.5%": 0, "more than a quarter": 1, "28%": 1, "29%": 0}
    counted = {n: read(f"The energy used in Ghent fell by {n}.", lamps[:1], embedder).features.reworded for n in said}
    assert counted == said


def test_a_claim_that_shares_no_word_and_is_unlike_every_sentence_is_not_in_the_abstract(
    lamps: list[Abstract], embedder: MiniLM
) -> None:
    made = replace(read("It sings.", lamps[:1], embedder).features, meaning=5.0)
    assert rule.probability(made) > rule.MIN_SUPPORTED
    assert rule.verdict(made) == "unsupported"


def test_what_the_trained_model_reads_counts(lamps: list[Abstract], embedder: MiniLM) -> None:
    made = read("LanternNet learns from footsteps to dim 340 lamps.", lamps[:1], embedder).features
    likely, unlikely = (rule.probability(replace(made, meaning=odds)) for odds in (3.0, -3.0))
    assert likely - unlikely > 0.3


def test_a_number_or_name_of_the_title_is_known(embedder: MiniLM) -> None:
    of = one("Large batches make training fast.", embedder, "BERT in 76 minutes")
    assert differing(read("Large batches make training of BERT fast, in 76 minutes.", of, embedder)) == []
    assert differing(read("Large batches make training of BERT fast, in 67 minutes.", of, embedder)) == [
        ("figure", "67 minutes")
    ]


def test_contrary_words_point_at_each_other(embedder: MiniLM) -> None:
    abstract = "Dimming lamps increases the safety of streets."
    reading = read("Dimming lamps reduces the safety of streets.", one(abstract, embedder), embedder)
    [difference] = reading.differs
    assert differing(reading) == [("word", "reduces")]
    assert abstract[difference.abstract_start : difference.abstract_end] == "increases"
    assert reasons(reading) == ("“reduces” where [1] has “increases”",)


def test_words_of_scope_and_reasons_that_no_abstract_has_are_differences(embedder: MiniLM) -> None:
    reading = read("All lamps dim because people sleep.", one("Lamps dim when people sleep.", embedder), embedder)
    assert differing(reading) == [("word", "All"), ("word", "because")]
    assert reasons(reading) == ("the cited abstract does not say “All”, “because”",)
    said = read("All lamps dim because people sleep.", one("All lamps dim because people sleep.", embedder), embedder)
    assert differing(said) == []
    every = read("Every lamp dims.", one("All lamps dim.", embedder), embedder)
    assert differing(every) == []
    third = read("Every third lamp dims.", one("Lamps dim.", embedder), embedder)
    assert differing(third) == [("figure", "Every third")]


def test_a_number_of_things_in_words_is_held_against_the_one_that_stands_there(embedder: MiniLM) -> None:
    abstract = "The sorter has three stages for old lamps. It was tested in Ghent."
    reading = read("The sorter has four stages for old lamps.", one(abstract, embedder), embedder)
    [difference] = reading.differs
    assert differing(reading) == [("figure", "four")]
    assert abstract[difference.abstract_start : difference.abstract_end] == "three"
    assert rule.verdict(reading.features) != "supported"


def test_a_number_of_things_in_words_that_an_abstract_leaves_uncounted_is_no_difference(embedder: MiniLM) -> None:
    abstract = "The sorter has a stage for old lamps and a stage for new ones. It was tested in three towns."
    assert read("The sorter has two stages, for old and for new lamps.", one(abstract, embedder), embedder).differs == ()


def test_a_share_in_words_is_held_against_the_percentage_that_stands_there(lamps: list[Abstract], embedder: MiniLM) -> None:
    reading = read("It cut the energy used in Ghent by two thirds over 12 weeks.", lamps[:1], embedder)
    [difference] = reading.differs
    assert differing(reading) == [("figure", "two thirds")]
    assert LANTERN[difference.abstract_start : difference.abstract_end] == "27.5%"
    assert rule.verdict(reading.features) != "supported"


def test_a_word_of_scope_in_a_sentence_that_is_otherwise_copied_is_a_change_of_meaning(embedder: MiniLM) -> None:
    abstract = one("Dimmed lamps keep walkers safe at night.", embedder)
    inserted = read("Dimmed lamps always keep walkers safe at night.", abstract, embedder).features
    reworded = read("Whoever walks at night is always safe under such lamps.", abstract, embedder).features
    assert (inserted.scope, inserted.edited) == (1, 1)
    assert (reworded.scope, reworded.edited) == (1, 0)
    assert rule.verdict(inserted) == "partial"
    assert rule.verdict(replace(inserted, edited=0)) == "supported"


def test_without_a_difference_the_reason_is_general(lamps: list[Abstract], embedder: MiniLM) -> None:
    reading = read("Whales sing at sea.", lamps[:1], embedder)
    assert reasons(reading) == ("no sentence of the cited abstract says all of this",)


def test_sources_under_a_score_are_listed_once(lamps: list[Abstract], embedder: MiniLM) -> None:
    evidence = tuple(Evidence(n, "p", "s", 0, 1, score) for n, score in ((2, 0.9), (1, 0.3), (1, 0.3), (3, 0.4)))
    reading = read(QUOTE, lamps[:1], embedder)
    assert Reading(QUOTE, (), reading.features, evidence, ()).sources_under(0.4) == [1]


@pytest.mark.parametrize(
    ("claim", "sentence"),
    [
        (QUOTE, QUOTE),
        ("dims 340 lamps", QUOTE),
        (CUT, CUT),
        (QUOTE.replace("340", "350"), None),
        (QUOTE.lower(), None),
        ("L", None),
        ("", None),
    ],
)
def test_only_the_very_words_of_an_abstract_quote_it_and_nothing_is_embedded(claim: str, sentence: str | None) -> None:
    words = HashEmbedder()
    quoted = Abstract(LAMPS[0], words).quotation(claim)
    assert (quoted and quoted.sentence) == sentence
    assert words.calls == []


def test_an_abstract_is_embedded_once_and_only_when_asked() -> None:
    words = HashEmbedder()
    abstract = Abstract(LAMPS[1], words)
    assert abstract.coverage(wordings("A drone sings.")) == 0.5
    assert words.calls == []
    read("A drone flies.", [abstract], HashEmbedder())
    read("Orchards freeze.", [abstract], HashEmbedder())
    assert words.calls == [
        ["Orchards lose fruit to frost in spring.", "A drone measures blossom temperature every 90 seconds."]
    ]


def test_an_abstract_without_text_supports_nothing(embedder: MiniLM) -> None:
    reading = read("Lamps are dimmed.", one("", embedder, "Frost"), embedder)
    assert (reading.evidence[0].sentence, reading.evidence[0].start, reading.evidence[0].end) == ("", 0, 0)
    assert rule.verdict(reading.features) == "unsupported"


def test_a_figure_in_digits_that_no_abstract_has_is_never_supported(lamps: list[Abstract], embedder: MiniLM) -> None:
    wrong = read(QUOTE.replace("340", "341"), lamps[:1], embedder)
    assert (wrong.features.coverage, rule.verdict(wrong.features)) == (1.0, "unsupported")
