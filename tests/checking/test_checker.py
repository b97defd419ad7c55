from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.factories import LAMPS, ORCHARD, HashEmbedder, paper, sources

from rag.checking import checker as ground
from rag.index.minilm import MiniLM
from rag.types import Claim

QUOTE = "LanternNet dims 340 lamps by learning from footsteps."
WORDS = HashEmbedder()


def check(answer: str) -> list[Claim]:
    return ground.check(answer, LAMPS, WORDS)


# -- citations of nothing -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("said", "expected"), [("Dim [0].", [0]), ("Dim [99].", [99]), ("Dim [1][3] and [3, 7].", [3, 7])])
def test_numbers_that_are_no_source_are_reported(said: str, expected: list[int]) -> None:
    assert ground.invalid(said, LAMPS) == expected


def test_valid_citations_are_not_reported() -> None:
    assert ground.invalid("Dim [1, 2]. And frost [2].", LAMPS) == []


def test_an_index_in_code_is_no_citation() -> None:
    said = "LanternNet reads an array [1].\n```\nx = lamps[99]\n```"
    assert ground.invalid(said, LAMPS) == []


# -- claims and their places ---------------------------------------------------------------------------------------------


def test_a_claim_keeps_its_text_and_citations() -> None:
    answer = f"{QUOTE} [1] Orchards lose fruit to frost in spring [2]."
    assert [(c.text, c.citations) for c in check(answer)] == [
        (f"{QUOTE} [1]", (1,)),
        ("Orchards lose fruit to frost in spring [2].", (2,)),
    ]


@pytest.mark.parametrize(
    "said",
    ["# Lamps", "**LanternNet**", "What it does:", "How many lamps?", "$$x = 350$$", "The abstracts do not say how lamps dim."],
)
def test_what_claims_nothing_has_the_verdict_none_and_no_evidence(said: str) -> None:
    [claim] = check(said)
    assert (claim.text, claim.verdict, claim.problems, claim.evidence, claim.added) == (said, "none", (), (), ())


PIECES = st.sampled_from(
    [
        *"[]().!?:*#\n ",
        *(
            "[1]",
            "[1, 2]",
            " [2].",
            "(2)",
            "[99]",
            "[0]",
            "```",
            "\n- ",
            "**",
            "A lamp dims",
            " 340 lamps",
            "LanternNet",
            "12 weeks",
        ),
        *("not", " Orchards lose fruit to frost in spring.", QUOTE, "\r\n", "\u2028", "É", "😀.", "$$"),
    ]
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(PIECES, max_size=20).map("".join) | st.text(max_size=80))
@example("")
def test_claims_and_evidence_slice_back_in_order_without_overlap_for_any_text(answer: str) -> None:
    found = check(answer)
    for claim in found:
        assert answer[claim.start : claim.end] == claim.text
        assert claim.text.strip()
        for evidence in claim.evidence:
            abstract = LAMPS[evidence.n - 1].paper.abstract
            assert abstract[evidence.start : evidence.end] == evidence.sentence != ""
    assert all(a.end <= b.start for a, b in pairwise(found))
    over = ground.Checker(LAMPS, WORDS).claims(answer, growing=True)
    assert over == found[: len(over)]
    assert len(over) < max(len(found), 1), "the last sentence may go on"


# -- verdicts, with the real embedder ------------------------------------------------------------------------------------


def test_a_verbatim_quote_is_supported_by_its_own_sentence(embedder: MiniLM) -> None:
    [claim] = ground.check(f"{QUOTE} [1]", LAMPS, embedder)
    assert (claim.verdict, claim.problems) == ("supported", ())
    [evidence] = claim.evidence
    assert evidence.sentence == QUOTE
    assert (evidence.n, evidence.paper_id) == (1, LAMPS[0].paper.id)
    assert evidence.score == 1.0


def test_a_paraphrase_points_at_the_sentence_it_tells(embedder: MiniLM) -> None:
    [claim] = ground.check("Energy use in Ghent was cut by 27.5% over 12 weeks [1].", LAMPS, embedder)
    assert claim.verdict == "supported"
    assert claim.evidence[0].sentence == "It cut the energy used in Ghent by 27.5% over 12 weeks."


@pytest.mark.parametrize(("said", "wrong"), [("340", "350"), ("12 weeks", "21 weeks"), ("27.5%", "2.75%")])
def test_a_changed_number_is_unsupported_and_named(embedder: MiniLM, said: str, wrong: str) -> None:
    abstract = LAMPS[0].paper.abstract
    sentence = next(s for s in abstract.replace(". ", ".\n").split("\n") if said in s)
    [claim] = ground.check(f"{sentence.replace(said, wrong)} [1]", LAMPS, embedder)
    assert claim.verdict in ("unsupported", "contradicted")
    assert any(wrong.split()[0].rstrip("%") in problem for problem in claim.problems)


def test_the_number_of_a_citation_is_not_a_number_of_the_claim(embedder: MiniLM) -> None:
    many = sources(*(paper(f"Other {i}", "Nothing of note.") for i in range(7)), paper())
    [claim] = ground.check(f"{QUOTE} [8]", many, embedder)
    assert claim.verdict == "supported"


def test_thousands_separators_do_not_make_a_number_wrong(embedder: MiniLM) -> None:
    one = sources(paper("Big", "The corpus holds 1,250,000 street scenes."))
    [claim] = ground.check("The corpus holds 1250000 street scenes [1].", one, embedder)
    assert claim.verdict == "supported"


def test_a_number_of_the_title_is_known(embedder: MiniLM) -> None:
    one = sources(paper("Training in 76 minutes", "Large batches make training of transformers fast."))
    [claim] = ground.check("Large batches make training of transformers fast, in 76 minutes [1].", one, embedder)
    assert not any("76" in problem for problem in claim.problems)


def test_an_unrelated_claim_is_unsupported(embedder: MiniLM) -> None:
    [claim] = ground.check("Whales sing at night to find their partners [1].", LAMPS, embedder)
    assert claim.verdict == "unsupported"
    assert claim.problems


def test_a_claim_that_cites_the_wrong_paper_is_not_supported(embedder: MiniLM) -> None:
    [claim] = ground.check("LanternNet dims lamps by learning from footsteps [2].", LAMPS, embedder)
    assert (claim.verdict, claim.citations) == ("miscited", (2,))
    assert [e.n for e in claim.evidence] == [1]
    assert any("[1]" in problem for problem in claim.problems)


def test_the_best_of_two_cited_papers_supports_a_claim_and_comes_first(embedder: MiniLM) -> None:
    [claim] = ground.check(f"{QUOTE} [2][1]", LAMPS, embedder)
    assert claim.verdict == "supported"
    assert claim.citations == (2, 1)
    assert [e.n for e in claim.evidence] == [1, 2]


def test_a_true_claim_without_citation_is_given_the_source_that_supports_it_and_the_text_stays() -> None:
    [claim] = check(QUOTE)
    assert (claim.text, claim.citations, claim.added, claim.verdict) == (QUOTE, (), (1,), "supported")
    assert claim.evidence[0].sentence == QUOTE


def test_a_claim_without_citation_that_no_source_supports_is_uncited(embedder: MiniLM) -> None:
    [claim] = ground.check("Whales sing at night to find their partners.", LAMPS, embedder)
    assert (claim.verdict, claim.citations, claim.added, claim.evidence) == ("uncited", (), (), ())
    assert claim.problems


@pytest.mark.parametrize("n", [0, 99])
def test_a_citation_of_nothing_is_kept_and_the_source_that_says_it_is_named(n: int, embedder: MiniLM) -> None:
    [claim] = ground.check(f"{QUOTE} [{n}] Whales sing at night [{n}].", LAMPS, embedder)[:1]
    assert (claim.verdict, claim.citations, claim.added) == ("miscited", (n,), ())
    assert any(f"[{n}]" in problem for problem in claim.problems)
    assert any("[1]" in problem for problem in claim.problems)
    [claim] = ground.check(f"Whales sing at night [{n}].", LAMPS, embedder)
    assert (claim.verdict, claim.citations, claim.evidence) == ("unsupported", (n,), ())


def test_an_invalid_number_beside_a_valid_one_is_named() -> None:
    [claim] = check(f"{QUOTE} [1, 99]")
    assert claim.verdict == "supported"
    assert [e.n for e in claim.evidence] == [1]
    assert any("[99]" in problem for problem in claim.problems)


def test_a_source_without_text_supports_nothing() -> None:
    [claim] = ground.check("Lamps are dimmed [1].", sources(paper(abstract="")), WORDS)
    assert claim.verdict == "unsupported"


def test_a_mark_inside_a_quotation_is_the_abstracts_own(embedder: MiniLM) -> None:
    quoted = "Street lamps waste power when nobody walks below them, as told before [7]."
    of = sources(paper("Lamps", quoted))
    said = f"- {quoted} [1]"
    assert ground.invalid(said, of) == []
    assert [c.citations for c in ground.check(said, of, embedder)] == [(1,)]
    assert ground.invalid("Another sentence that is nowhere [7].", of) == [7]


def test_a_citation_that_adds_nothing_is_told(embedder: MiniLM) -> None:
    [claim] = ground.check(f"{QUOTE} [1][2]", LAMPS, embedder)
    assert claim.verdict == "supported"
    assert claim.problems == ("[2] does not say this",)


def test_a_whole_sentence_in_bold_is_checked() -> None:
    assert [c.verdict for c in check("**Orchards are warm all winter long.**")] == ["uncited"]


# -- numbers, names and contrary words ------------------------------------------------------------------------------------

CUT = "It cut the energy used in Ghent by 27.5% over 12 weeks"


@pytest.mark.parametrize(
    ("said", "verdict", "problems"),
    [
        ("It cut the energy used in Ghent by 29% over 12 weeks", "contradicted", ("“29%” where [1] has “27.5%”",)),
        ("It cut the energy used in Ghent by 27.5 ms over 12 weeks", "unsupported", ("“27.5 ms” where [1] has “27.5%”",)),
        ("GPT-4 dims 340 lamps by learning from footsteps", "unsupported", ("not in the cited abstract: GPT-4",)),
        ("It did not cut the energy used in Ghent", "contradicted", ("“not cut” where [1] has “cut”",)),
    ],
)
def test_the_words_that_differ_are_named(embedder: MiniLM, said: str, verdict: str, problems: tuple[str, ...]) -> None:
    [claim] = ground.check(f"{said} [1].", LAMPS, embedder)
    assert (claim.verdict, claim.problems, claim.by) == (verdict, problems, "words")
    assert claim.differs


def test_the_places_of_what_differs_are_in_the_claim_as_written(embedder: MiniLM) -> None:
    [claim] = ground.check("**LanternNet** [1] dims 350 lamps by learning from footsteps [1].", LAMPS, embedder)
    assert [claim.text[d.start : d.end] for d in claim.differs] == ["350"]


@pytest.mark.parametrize(
    "said", ["Die Lampen werden nachts gedimmt [1].", "Les lampes sont éteintes la nuit [1].", "灯光变暗 [1]。"]
)
def test_another_language_than_the_abstracts_is_not_checked(embedder: MiniLM, said: str) -> None:
    assert [c.verdict for c in ground.check(said, LAMPS, embedder)] == ["unchecked"]


def test_a_short_sentence_of_a_foreign_answer_is_not_checked_either(embedder: MiniLM) -> None:
    said = "Die Lampen werden nachts von der Stadt gedimmt [1]. Energie wird gespart [1]."
    assert {c.verdict for c in ground.check(said, LAMPS, embedder)} == {"unchecked"}


def test_each_clause_is_checked_against_its_own_citation(embedder: MiniLM) -> None:
    said = "LanternNet dims 340 lamps [2], while a drone measures blossom temperature every 90 seconds [1]."
    assert [(c.citations, c.verdict) for c in ground.check(said, LAMPS, embedder)] == [((2,), "miscited"), ((1,), "miscited")]


def test_numbers_and_names_may_come_from_either_of_two_cited_papers(embedder: MiniLM) -> None:
    said = "A drone measures blossom temperature every 90 seconds, as LanternNet dims 340 lamps"
    [claim] = ground.check(f"{said} [1][2].", LAMPS, embedder)
    assert (claim.verdict, claim.problems) == ("supported", ())
    assert [e.n for e in claim.evidence] == [2, 1]
    [claim] = ground.check(f"{said} [2].", LAMPS, embedder)
    assert claim.verdict in ("unsupported", "contradicted")
    assert [claim.text[d.start : d.end] for d in claim.differs] == ["LanternNet", "340"]


def test_two_sentences_are_evidence_where_the_second_adds_to_the_first(embedder: MiniLM) -> None:
    [claim] = ground.check("LanternNet dims 340 lamps and cut the energy used in Ghent by 27.5% [1].", LAMPS, embedder)
    assert claim.verdict == "supported"
    assert [e.sentence for e in claim.evidence] == [f"{CUT}.", QUOTE]


def test_a_claim_that_says_more_than_the_abstract_is_doubted(embedder: MiniLM) -> None:
    said = "LanternNet also watches animals, trams and boats in the deep snow of the mountains [1]."
    [claim] = ground.check(said, LAMPS, embedder)
    assert claim.verdict in ("partial", "unsupported")
    assert claim.problems == ("no sentence of the cited abstract says all of this",)
    assert [e.n for e in claim.evidence] == [1]


def test_each_sentence_has_a_verdict_of_its_own(embedder: MiniLM) -> None:
    answer = (
        "## Lamps\n\nLanternNet dims 340 lamps by learning [1]. It dims 350 lamps by learning from footsteps [1]. "
        "A drone measures blossom temperature every 90 seconds [1]. Whales sing at night. The abstracts do not say who pays."
    )
    assert [c.verdict for c in ground.check(answer, LAMPS, embedder)] == [
        *("none", "supported", "contradicted", "miscited", "uncited", "none"),
    ]


def test_the_source_that_clearly_says_it_is_added_in_other_words_too(embedder: MiniLM) -> None:
    [claim] = ground.check("A drone measures how warm the blossoms are.", LAMPS, embedder)
    assert (claim.verdict, claim.citations, claim.added, claim.problems) == ("supported", (), (2,), ())
    [claim] = ground.check("Blossoms are watched from the air.", LAMPS, embedder)
    assert (claim.verdict, claim.added) == ("uncited", ())


def test_no_source_is_added_for_a_number_that_it_has_not(embedder: MiniLM) -> None:
    [claim] = ground.check("A drone measures blossom temperature every 80 seconds.", LAMPS, embedder)
    assert (claim.verdict, claim.added) == ("uncited", ())
    [claim] = ground.check("A drone measures blossom temperature every 80 seconds [1].", LAMPS, embedder)
    assert claim.verdict == "unsupported"


def test_the_source_that_says_it_best_is_named_of_several(embedder: MiniLM) -> None:
    many = sources(paper("Frost Watch", ORCHARD), paper("LanternNet 340", "LanternNet dims lamps, 340 of them."), paper())
    [claim] = ground.check("LanternNet dims 340 lamps by learning from footsteps [1].", many, embedder)
    assert (claim.verdict, [e.n for e in claim.evidence]) == ("miscited", [3])
    assert claim.problems == ("[3] supports this, but is not cited",)


# -- an answer that grows -------------------------------------------------------------------------------------------------

GROWN = (
    "## Lamps\n\nLanternNet dims lamps [1]. A drone watches orchards [2].\n- Whales sing at night [1].\n"
    f"- {QUOTE} [1]\n\nOrchards freeze in spring"
)


def words_of(answer: str) -> list[str]:
    """The answer after each word of it, as a model streams it."""
    return [answer[: i + 1] for i, character in enumerate(answer) if character == " "] + [answer]


def test_a_growing_answer_has_all_claims_but_the_last() -> None:
    whole = check(GROWN)
    assert len(whole) == 6
    checker = ground.Checker(LAMPS, WORDS)
    seen = [checker.claims(grown, growing=True) for grown in words_of(GROWN)]
    assert all(claims == whole[: len(claims)] for claims in seen)
    assert sorted({len(claims) for claims in seen}) == [0, 1, 2, 3, 4, 5]
    assert seen[-1] == whole[:-1]
    assert checker.claims(GROWN) == whole


def test_each_sentence_is_judged_once_however_often_the_answer_grows() -> None:
    words = HashEmbedder()
    checker = ground.Checker(LAMPS, words)
    for grown in words_of(GROWN):
        checker.claims(grown, growing=True)
    checker.claims(GROWN)
    checker.claims(GROWN)
    abstracts = [LAMPS[0].paper.abstract, LAMPS[1].paper.abstract]
    judged = [call[0] for call in words.calls if not any(call[0] in abstract for abstract in abstracts)]
    assert judged == [
        "LanternNet dims lamps.",
        "A drone watches orchards.",
        "Whales sing at night.",
        "Orchards freeze in spring",
    ]
    read = [call for call in words.calls if any(call[0] in abstract for abstract in abstracts)]
    assert len(read) == len(LAMPS)  # each source is read once


def test_a_sentence_said_twice_is_judged_once_and_found_in_both_places() -> None:
    words = HashEmbedder()
    said = "A drone watches orchards [2]."
    one, other = ground.Checker(LAMPS, words).claims(f"{said} {said}")
    assert (one.start, other.start) == (0, len(said) + 1)
    assert (one.verdict, one.evidence) == (other.verdict, other.evidence)
    assert len([call for call in words.calls if len(call) == 1]) == 1


def test_the_same_words_with_another_citation_are_judged_anew() -> None:
    one, other = check(f"{QUOTE} [1] {QUOTE} [2]")
    assert (one.verdict, other.verdict) == ("supported", "miscited")


def test_a_verbatim_quotation_needs_no_embedding() -> None:
    words = HashEmbedder()
    [claim] = ground.check(f"{QUOTE} [1]", LAMPS, words)
    assert (claim.verdict, claim.evidence[0].sentence, claim.evidence[0].score) == ("supported", QUOTE, 1.0)
    assert words.calls == []
    ground.check(f"{QUOTE.replace('340', '350')} [1]", LAMPS, words)
    assert words.calls != []


# -- who wrote it, and when ----------------------------------------------------------------------------------------------

KNOWN = sources(
    paper(authors=("Ada Brown", "Cy Dee"), published="2023-05-23", organisation="Town Lab"), paper("Frost Watch", ORCHARD)
)


@pytest.mark.parametrize(
    "said",
    [
        "LanternNet was written by Ada Brown and Cy Dee [1].",
        "It was published on 23 May 2023 [1].",
        "LanternNet appeared in May 2023, by Brown and colleagues [1].",
        "The authors come from the Town Lab [1].",
    ],
)
def test_what_the_records_tell_of_a_paper_is_supported_by_them(said: str, embedder: MiniLM) -> None:
    [claim] = ground.check(said, KNOWN, embedder)
    assert claim.verdict == "supported"
    assert claim.evidence[0].sentence == "Authors: Ada Brown, Cy Dee. Date: 23 May 2023. Organisation: Town Lab."


@pytest.mark.parametrize(
    "said",
    [
        "LanternNet was written by Ada Green [1].",
        "It was published in 2022 [1].",
        "Ada Brown invented the light bulb [1].",
        "Frost Watch was written by Ada Brown [2].",
    ],
)
def test_what_they_do_not_tell_is_not(said: str, embedder: MiniLM) -> None:
    [claim] = ground.check(said, [KNOWN[1]] if "[2]" in said else KNOWN, embedder)
    assert claim.verdict in ("unsupported", "contradicted", "partial")


def test_an_author_is_no_missing_name_in_a_claim_about_the_contents(embedder: MiniLM) -> None:
    [claim] = ground.check("Brown and Dee dim 340 lamps with LanternNet, which learns from footsteps [1].", KNOWN, embedder)
    assert claim.verdict == "supported"
