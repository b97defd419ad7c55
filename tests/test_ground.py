from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from made import LAMPS, HashEmbedder, paper, sources

from rag import ground
from rag.minilm import MiniLM
from rag.types import Claim

QUOTE = "LanternNet dims 340 lamps by learning from footsteps."
WORDS = HashEmbedder()


def numbers(answer: str) -> list[tuple[int, ...]]:
    return [mark.numbers for mark in ground.citations(answer)]


def check(answer: str) -> list[Claim]:
    return ground.check(answer, LAMPS, WORDS)


# -- citation marks ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        ("[1]", [(1,)]),
        ("[ 1 ]", [(1,)]),
        ("[1, 2]", [(1, 2)]),
        ("[1,2]", [(1, 2)]),
        ("[1; 2]", [(1, 2)]),
        ("[1 and 2]", [(1, 2)]),
        ("[1][2]", [(1,), (2,)]),
        ("[1] [2]", [(1,), (2,)]),
        ("[1-3]", [(1, 2, 3)]),
        ("[1–3]", [(1, 2, 3)]),
        ("[1, 3-5]", [(1, 3, 4, 5)]),
        ("[2, 2]", [(2,)]),
        ("【1】", [(1,)]),
        ("［1］", [(1,)]),
        ("【1†source】", [(1,)]),
        ("【12†L3-L9】", [(12,)]),
        ("[source 2]", [(2,)]),
        ("[Source 2]", [(2,)]),
        ("[Paper 2]", [(2,)]),
        ("[Sources 1, 2]", [(1, 2)]),
        ("[source 1, source 2]", [(1, 2)]),
        ("[^1]", [(1,)]),
        ("[#1]", [(1,)]),
        ("(1)", [(1,)]),
        ("(1, 2)", [(1, 2)]),
    ],
)
def test_marks_of_every_kind_are_read_at_the_end_of_a_sentence(mark: str, expected: list[tuple[int, ...]]) -> None:
    answer = f"Lamps are dimmed {mark}."
    assert numbers(answer) == expected
    assert "".join(answer[m.start : m.end] for m in ground.citations(answer)).replace(" ", "") == mark.replace(" ", "")
    assert numbers(f"Lamps are dimmed. {mark}") == expected
    assert numbers(f"Lamps are dimmed {mark}. More of them follow.") == expected


@pytest.mark.parametrize(
    "said",
    [
        "Values lie in [0,1].",
        "Values lie in [0, 1] always.",
        "It was [not] so.",
        "In [2024] things changed.",
        "The range is [0.5, 1.5].",
        "See [the code](https://example.org/1).",
        "Empty [] and ().",
        "A vector x[i] of them.",
    ],
)
def test_other_brackets_are_no_citations(said: str) -> None:
    assert numbers(said) == []


@pytest.mark.parametrize(
    "said", ["It has (1) lamps and (2) sensors in it.", "Steps (1, 2) come first.", "About (3) percent, say."]
)
def test_round_brackets_inside_a_sentence_count_things(said: str) -> None:
    assert numbers(said) == []


def test_a_round_mark_inside_a_bracketed_one_is_not_read_twice() -> None:
    assert numbers("Dimmed [1†page (2)].") == [(1,)]


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


def test_a_mark_after_the_full_stop_belongs_to_the_sentence_before_it() -> None:
    first, second = check("Lamps are dimmed. [1] Orchards freeze. [2]")
    assert (first.citations, second.citations) == ((1,), (2,))


@pytest.mark.parametrize(
    "answer", ["[1] dims 340 lamps by learning from footsteps.", "- [1] dims 340 lamps.", "Lamps are dimmed.\n[1]"]
)
def test_no_citation_is_lost(answer: str) -> None:
    """A mark in front of a sentence, or on a line of its own after one, is that sentence's."""
    assert [c.citations for c in check(answer) if c.verdict != "none"] == [(1,)]


def test_headings_code_and_lead_ins_are_no_claims() -> None:
    answer = (
        "# Lamps\n\n**LanternNet**\n\nWhat it does:\n- It dims 340 lamps [1].\n* It learns from footsteps [1]\n"
        "1. It was tried in Ghent [1].\n---\n```python\ndim(340)\n```\n"
    )
    claims = check(answer)
    assert [c.text for c in claims if c.verdict != "none"] == [
        "It dims 340 lamps [1].",
        "It learns from footsteps [1]",
        "It was tried in Ghent [1].",
    ]
    assert [c.text for c in claims if c.verdict == "none"] == [
        "# Lamps",
        "**LanternNet**",
        "What it does:",
        "---",
        "```python",
        "dim(340)",
        "```",
    ]


def test_a_sentence_with_bold_words_is_a_claim() -> None:
    assert [c.verdict for c in check("**LanternNet** dims lamps.")] == ["uncited"]


FRAGMENTS = st.sampled_from(
    [
        *"[]()【】［］,;-–.!?:*#\n ",
        "[1]",
        "[1, 2]",
        "[1,\n2]",
        "(2)",
        "【1†",
        "[99]",
        "[0]",
        "```",
        "~~~",
        "\n- ",
        "\n1. ",
        "**",
        *("# ", "A lamp", " foo", "Dims 340.", " et al. ", "e.g. ", "\r\n", "\u2028", "\x0b", "\t", "É", "😀", "12", "†"),
    ]
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(FRAGMENTS, max_size=25).map("".join) | st.text(max_size=80))
@example("")
@example("Lamps [1,\n2] and so on:")
@example("Lamps [1†\n```\n]")
def test_claims_slice_back_in_order_without_overlap_for_any_text(answer: str) -> None:
    claims = check(answer)
    for claim in claims:
        assert answer[claim.start : claim.end] == claim.text
        assert claim.text.strip()
        for evidence in claim.evidence:
            abstract = LAMPS[evidence.n - 1].paper.abstract
            assert abstract[evidence.start : evidence.end] == evidence.sentence != ""
    assert all(a.end <= b.start for a, b in pairwise(claims))
    assert all(mark.numbers for mark in ground.citations(answer))


# -- verdicts, with the real embedder ------------------------------------------------------------------------------------


def test_a_verbatim_quote_is_supported_by_its_own_sentence(embedder: MiniLM) -> None:
    [claim] = ground.check(f"{QUOTE} [1]", LAMPS, embedder)
    assert (claim.verdict, claim.problems) == ("supported", ())
    [evidence] = claim.evidence
    assert evidence.sentence == QUOTE
    assert (evidence.n, evidence.paper_id) == (1, LAMPS[0].paper.id)
    assert evidence.score >= ground.SUPPORTED


def test_a_paraphrase_points_at_the_sentence_it_tells(embedder: MiniLM) -> None:
    [claim] = ground.check("The energy used in Ghent fell by 27.5% [1].", LAMPS, embedder)
    assert claim.verdict == "supported"
    assert claim.evidence[0].sentence == "It cut the energy used in Ghent by 27.5% over 12 weeks."


@pytest.mark.parametrize(("said", "wrong"), [("340", "350"), ("12 weeks", "21 weeks"), ("27.5%", "2.75%")])
def test_a_changed_number_is_unsupported_and_named(embedder: MiniLM, said: str, wrong: str) -> None:
    abstract = LAMPS[0].paper.abstract
    sentence = next(s for s in abstract.replace(". ", ".\n").split("\n") if said in s)
    [claim] = ground.check(f"{sentence.replace(said, wrong)} [1]", LAMPS, embedder)
    assert claim.verdict == "unsupported"
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
    assert claim.verdict == "unsupported"


def test_the_best_of_two_cited_papers_supports_a_claim_and_comes_first(embedder: MiniLM) -> None:
    [claim] = ground.check(f"{QUOTE} [2][1]", LAMPS, embedder)
    assert claim.verdict == "supported"
    assert claim.citations == (2, 1)
    assert [e.n for e in claim.evidence] == [1, 2]


def test_a_claim_without_citation_is_uncited_however_true() -> None:
    [claim] = check(QUOTE)
    assert (claim.verdict, claim.citations, claim.evidence) == ("uncited", (), ())
    assert claim.problems


@pytest.mark.parametrize("n", [0, 99])
def test_a_citation_of_nothing_is_unsupported_and_kept(n: int) -> None:
    [claim] = check(f"{QUOTE} [{n}]")
    assert (claim.verdict, claim.citations, claim.evidence) == ("unsupported", (n,), ())
    assert any(f"[{n}]" in problem for problem in claim.problems)


def test_an_invalid_number_beside_a_valid_one_is_named() -> None:
    [claim] = check(f"{QUOTE} [1, 99]")
    assert claim.verdict == "supported"
    assert [e.n for e in claim.evidence] == [1]
    assert any("[99]" in problem for problem in claim.problems)


def test_a_source_without_text_supports_nothing() -> None:
    [claim] = ground.check("Lamps are dimmed [1].", sources(paper(abstract="")), WORDS)
    assert claim.verdict == "unsupported"


# -- what only looks like a citation, and citations that add nothing ------------------------------------------------------


@pytest.mark.parametrize("said", ["(1) Encode the text, (2) Rank it.", "Steps: (1) Encode. (2) Rank.", "It has lamps(1)."])
def test_items_of_a_list_are_no_citations(said: str) -> None:
    assert numbers(said) == []


def test_round_marks_count_only_where_there_are_no_square_ones() -> None:
    assert numbers("Lamps dim (1). Frost bites (2)") == [(1,), (2,)]
    assert numbers("Lamps dim (1). Frost bites [2].") == [(2,)]


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
