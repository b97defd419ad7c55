"""How the opinion of a model and the findings of code become the one verdict that is shown."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.factories import LAMPS, LANTERN

from rag.checking.judge_reply import Opinion
from rag.checking.judge_verdict import joined
from rag.types import Claim, Difference, Evidence, Verdict

FOOTSTEPS = "LanternNet dims 340 lamps by learning from footsteps."
SPARED = "It cut the energy used in Ghent by 27.5% over 12 weeks."
DRONE = "A drone measures blossom temperature every 90 seconds."


def claim(text: str, *citations: int, verdict: Verdict = "unsupported", **more: object) -> Claim:
    return replace(Claim(text, 0, len(text), citations, verdict, ("by words",)), **more)  # type: ignore[arg-type]


def shown(made: Claim, opinion: Opinion) -> Claim:
    return joined(made, opinion, LAMPS, LAMPS, "judge-7b")


def supports(quote: str) -> Opinion:
    return Opinion("supported", quote)


def test_a_claim_that_code_doubts_is_supported_when_the_model_quotes_what_says_so() -> None:
    made = shown(claim("Footsteps teach it [1].", 1), supports('"dims 340 lamps by learning from footsteps"'))
    assert (made.verdict, made.judged, made.by, made.problems, made.differs) == ("supported", "supported", "judge-7b", (), ())
    [evidence] = made.evidence
    assert (evidence.n, evidence.sentence) == (1, FOOTSTEPS)
    assert LANTERN[evidence.start : evidence.end] == FOOTSTEPS


def test_a_synthesis_over_two_papers_is_supported_by_a_quotation_of_each() -> None:
    quote = '"dims 340 lamps by learning"; "measures blossom temperature every 90 seconds"'
    made = shown(claim("Both measure something [1][2].", 1, 2), supports(quote))
    assert made.verdict == "supported"
    assert [(e.n, e.sentence) for e in made.evidence] == [(1, FOOTSTEPS), (2, DRONE)]


@pytest.mark.parametrize(
    "quote",
    [
        "“dims 340 lamps, by learning from footsteps”",
        "DIMS 340 LAMPS by *learning* from footsteps",
        "The model dims 340 lamps by learning from footsteps",
        "Street lamps waste power … dims 340 lamps by learning",
        "[1] dims 340 lamps",
        'Of all that could be told of it, the nightly lamps it dims are taught by steps | "dims 340 lamps"',
    ],
)
def test_a_quotation_may_differ_in_signs_and_in_its_ends(quote: str) -> None:
    assert shown(claim("It learns [1].", 1), supports(quote)).verdict == "supported"


@pytest.mark.parametrize(
    "opinion",
    [
        supports(""),
        supports("dims 340"),
        supports("dims three hundred and forty lamps with great success"),
        supports("measures blossom temperature every 90 seconds"),  # of a source that is not cited
        Opinion("supported", "dims 340 lamps by learning from footsteps", "teach it"),
    ],
)
def test_a_support_without_its_sentence_or_with_faults_leaves_the_claim_to_code(opinion: Opinion) -> None:
    before = claim("Footsteps teach it [1].", 1, verdict="partial")
    assert shown(before, opinion) == before


def test_what_code_passes_is_doubted_with_the_words_and_what_the_abstract_says_instead() -> None:
    text = "It cut the energy [1] used by half."
    made = shown(claim(text, 1, verdict="supported"), Opinion("contradicted", '"energy used in Ghent by 27.5%"', '"by half"'))
    assert (made.verdict, made.judged, made.by) == ("contradicted", "contradicted", "judge-7b")
    assert made.problems == ("[1] says otherwise",)
    [differs] = made.differs
    assert (differs.kind, text[differs.start : differs.end], differs.n) == ("word", "by half", 1)
    assert LANTERN[differs.abstract_start : differs.abstract_end] == "energy used in Ghent by 27.5"
    assert [e.sentence for e in made.evidence] == [SPARED]


def test_words_are_found_around_a_mark_and_words_that_are_not_there_are_left_out() -> None:
    text = "It dims every lamp [1] of Ghent."
    made = shown(claim(text, 1), Opinion("unsupported", "", "every lamp of Ghent; all streets"))
    assert [text[d.start : d.end] for d in made.differs] == ["every lamp [1] of Ghent"]
    assert made.problems == ("the cited abstracts do not say this: “every lamp of Ghent; all streets”",)
    whole = shown(claim(text, 1), Opinion("unsupported", "", "It dims every lamp of Ghent."))
    assert whole.differs == ()


def test_a_contradiction_that_no_abstract_shows_is_not_in_the_abstract() -> None:
    made = shown(claim("It dims 12 lamps [1].", 1), Opinion("contradicted", "dims 11 lamps in all of Ghent", "12 lamps"))
    assert (made.verdict, made.judged) == ("unsupported", "unsupported")


def test_a_part_is_a_part() -> None:
    made = shown(claim("It dims lamps and sings [1].", 1), Opinion("partial", "", "and sings"))
    assert (made.verdict, made.problems) == ("partial", ("the cited abstracts do not say all of this: “and sings”",))


TWELVE = "It dims 12 lamps [1]."
DIGITS = Difference("figure", TWELVE.index("12"), TWELVE.index("12") + 2, 1, 0, 3)


def test_a_wrong_figure_in_digits_is_not_overruled() -> None:
    found = claim(TWELVE, 1, differs=(DIGITS,))
    made = shown(found, supports("dims 340 lamps by learning from footsteps"))
    assert made == replace(found, judged="supported")
    worse = shown(found, Opinion("contradicted", "dims 340 lamps by learning", "12 lamps"))
    assert (worse.verdict, worse.by, worse.differs) == ("contradicted", "judge-7b", (DIGITS,))


def test_a_difference_in_words_and_a_name_are_overruled() -> None:
    text = "It dims a dozen lamps [1]."
    soft = (Difference("figure", 10, 15), Difference("name", 0, 2))
    made = shown(claim(text, 1, differs=soft), supports("dims 340 lamps by learning from footsteps"))
    assert (made.verdict, made.differs) == ("supported", ())


def test_a_citation_of_no_source_is_not_overruled() -> None:
    found = claim("It learns [1][9].", 1, 9, verdict="partial")
    assert shown(found, supports("learning from footsteps")).verdict == "partial"
    made = shown(found, Opinion("unsupported"))
    assert made.problems == ("[9] is not one of the sources", "the cited abstracts do not say this")


def test_a_wrong_source_that_code_named_stays_unless_the_model_finds_the_cited_one_to_say_it() -> None:
    evidence = (Evidence(2, "b", DRONE, 40, 40 + len(DRONE), 0.9),)
    found = claim("A drone measures blossoms [1].", 1, verdict="miscited", evidence=evidence)
    assert shown(found, Opinion("unsupported")) == replace(found, judged="unsupported")
    assert shown(found, Opinion("partial")).verdict == "miscited"
    assert shown(found, supports("learning from footsteps")).verdict == "supported"
    assert shown(found, Opinion("contradicted", "learning from footsteps")).verdict == "contradicted"


def test_a_claim_without_a_citation_gets_the_source_that_the_model_quotes() -> None:
    made = shown(claim("A drone measures blossoms.", verdict="uncited"), supports("measures blossom temperature every 90"))
    assert (made.verdict, made.added, made.problems) == ("supported", (2,), ())
    for verdict in ("partial", "unsupported"):
        given = claim("A drone sings.", verdict="supported", added=(2,))
        made = shown(given, Opinion(verdict, "", "sings"))  # type: ignore[arg-type]
        assert (made.verdict, made.judged, made.added) == ("uncited", verdict, ())


def test_evidence_of_other_cited_sources_stays() -> None:
    kept = Evidence(2, "b", DRONE, 40, 40 + len(DRONE), 0.5)
    gone = Evidence(1, "a", LANTERN[:9], 0, 9, 0.5)
    made = shown(claim("Both [1][2].", 1, 2, evidence=(gone, kept)), supports("dims 340 lamps by learning"))
    assert [(e.n, e.sentence) for e in made.evidence] == [(1, FOOTSTEPS), (2, DRONE)]
    assert made.evidence[1] == kept


def test_a_claim_in_another_language_is_judged_too() -> None:
    made = shown(claim("Es dimmt 340 Laternen [1].", 1, verdict="unchecked"), supports("dims 340 lamps by learning"))
    assert (made.verdict, made.by) == ("supported", "judge-7b")
