"""A conversation as Markdown has one list of references, and every number in it is that list's."""

from __future__ import annotations

import re
from dataclasses import replace

from support.factories import answer, paper, sources

from rag.assistant import Assistant
from rag.output import transcript
from rag.types import Answer, Claim, Difference, Turn

A, B, C = paper("Lamps", published="2024-05", authors=("Ada B.",), url="https://x.example/a"), paper("Fruit"), paper("Frost")


def test_papers_are_numbered_over_the_whole_conversation() -> None:
    told = transcript.markdown(
        [
            answer("Lamps dim [2]. Both do [1, 2].", sources(B, A), question="How\nso?", standalone_question="How so?"),
            answer("Frost bites [1-2].", sources(C, A), question="And?", standalone_question="And frost?"),
        ]
    )
    assert told == (
        "## How so?\n\n*Understood as: How so?*\n\nLamps dim [1]. Both do [2, 1].\n\n"
        "## And?\n\n*Understood as: And frost?*\n\nFrost bites [3, 1].\n\n"
        "## References\n\n- [1] Lamps · Ada B. · 2024-05 · https://x.example/a\n- [2] Fruit\n- [3] Frost"
    )


def test_what_the_check_found_is_said_with_the_same_numbers() -> None:
    said = "Fruit rots [9]. Lamps dim. Frost bites [3]."
    claims = (
        Claim("Fruit rots [9].", 0, 15, (9,), "unsupported", ("[9] is not one of the sources",)),
        Claim("Lamps dim.", 16, 26, (), "supported", added=(2,)),
        Claim("Frost bites [3].", 27, 43, (3,), "miscited", ("[1] supports this, but is not cited",)),
    )
    made = answer(said, sources(B, A, C), claims=claims, invalid_citations=(9,))
    first = answer("Frost bites [1].", sources(C))
    told = transcript.markdown([first, made])
    assert "Fruit rots [9?] ⚠. Lamps dim [2, added by check]. Frost bites [1] ↪." in told
    assert "“Fruit rots [9?].” ([9?] is not one of the sources; by words)" in told
    assert "“Frost bites [1].” ([3] supports this, but is not cited; by words)" in told
    assert "cites numbers of no source: 9" in told
    assert told.endswith("- [1] Frost\n- [2] Lamps · Ada B. · 2024-05 · https://x.example/a\n- [3] Fruit")


def test_what_differs_is_quoted_with_the_same_numbers() -> None:
    said = "So it is [1][2]: fruit freezes in May [2]."
    start = said.index("fruit freezes")
    frozen = paper("Frozen", "We look at frost. Fruit freezes in April, on most farms.")
    at = frozen.abstract.index("April")
    may = Difference("word", said.index("May"), said.index("May") + 3, 2, at, at + 5)
    whole = Claim(said, 0, len(said), (1, 2), "contradicted", differs=(may,))
    in_clause = replace(may, start=may.start - start, end=may.end - start)
    clause = Claim(said[start:], start, len(said), (2,), "contradicted", differs=(in_clause,))
    first = answer("Frost bites [1]. Lamps dim [2]. Fruit rots [3].", sources(C, A, B))
    for claim in (whole, clause):
        told = transcript.markdown([first, answer(said, sources(A, frozen), claims=(claim,))])
        assert '("May" against "April" in [4]; by words)\n  - [4] says: “Fruit freezes in April, on most farms.”' in told


def test_marks_in_code_and_in_what_is_quoted_stay() -> None:
    quoted = paper("Quoted", "As others in the streets [7] have shown before, lamps dim by night.")
    told = transcript.markdown([answer("`x[1]`: As others in the streets [7] have shown before [2].", sources(A, quoted))])
    assert "`x[1]`: As others in the streets [7] have shown before [1]." in told


def test_the_papers_near_a_refused_question_are_references_too() -> None:
    refused = answer("The abstracts do not answer this question.", sources(B, C), refused=True, claims=(), question="Whales?")
    told = transcript.markdown([answer("Lamps dim [1].", sources(A)), refused])
    assert "The abstracts do not answer this question.\n\nNearest papers: [2], [3]\n\n" in told
    assert told.endswith("- [2] Fruit\n- [3] Frost")


def test_an_empty_conversation_is_empty() -> None:
    assert transcript.markdown([]) == ""


def test_every_number_of_a_real_conversation_leads_to_the_paper_it_was_given_for(assistant: Assistant) -> None:
    asked: list[Answer] = []
    for question in (
        "How does GraphSAINT build its minibatches?",
        "What is Promptagator?",
        "and how many examples does it need?",
    ):
        history = [turn for a in asked for turn in (Turn("user", a.standalone_question), Turn("assistant", a.answer))]
        asked.append(assistant.ask(question, history))
    body, _, listed = transcript.markdown([*asked, replace(asked[0], id="again")]).partition("## References")
    titles = dict(re.findall(r"^- \[(\d+)\] (.+?)(?: · .*)?$", listed, re.MULTILINE))
    for title in (
        "GraphSAINT: Graph Sampling Based Inductive Learning Method",
        "Promptagator: Few-shot Dense Retrieval From 8 Examples",
    ):
        [number] = [n for n, t in titles.items() if t == title]
        assert f"[{number}]" in body
    shown = {s.paper.title for a in asked for s in a.sources if s.cited or a.refused}
    assert shown == set(titles.values())
    assert set(re.findall(r"\[(\d+)\]", body)) == set(titles)
