"""A sign stands before the full stop of its sentence, in a text that is whole and in one that is still being written."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.factories import LAMPS, HashEmbedder, QueueModel, answer, pieces

from rag.answering.streaming import AnswerStream
from rag.ask import arguments
from rag.events import Finish, Withdrawn
from rag.output import render, signs, terminal, transcript
from rag.output.growing import GrowingText
from rag.types import Answer, Claim, Prompt, Verdict
from ui.reading import marks

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize(
    ("claim", "shown"),
    [
        ("Lamps dim at night [1].", "Lamps dim at night [1] ⚠."),
        ("Lamps dim at night. [1]", "Lamps dim at night ⚠. [1]"),
        ("Lamps dim at night. [1][2]", "Lamps dim at night ⚠. [1][2]"),
        ("Lamps dim at night [1]", "Lamps dim at night [1] ⚠"),
        ("Do lamps dim [1]?!", "Do lamps dim [1] ⚠?!"),
        ("Lamps dim [1]...", "Lamps dim [1] ⚠..."),
        ("Les lampes faiblissent [1] !", "Les lampes faiblissent [1] ⚠ !"),
        ("灯在夜间变暗 [1]。", "灯在夜间变暗 [1] ⚠。"),
        ("灯在夜间变暗。[1]", "灯在夜间变暗 ⚠。[1]"),
        ("**Lamps dim.** [1]", "**Lamps dim ⚠.** [1]"),
        ("**Lamps dim [1]**.", "**Lamps dim [1]** ⚠."),
        ("They call it “dim.” [1]", "They call it “dim ⚠.” [1]"),
        ("(Lamps dim [1].)", "(Lamps dim [1] ⚠.)"),
        ("Lamps dim by 3.5", "Lamps dim by 3.5 ⚠"),
        ("So do Li et al. [1]", "So do Li et al. [1] ⚠"),
        ("Lamps dim (cf. [1])", "Lamps dim (cf. [1]) ⚠"),
        ("Lamps dim [1];", "Lamps dim [1] ⚠;"),
        (r"The loss is \(x = 1.\)", r"The loss is \(x = 1.\) ⚠"),
        ("| Lamps | dim at night. [1] |", "| Lamps | dim at night ⚠. [1] |"),
        ("| Lamps | dim at night [1] |", "| Lamps | dim at night [1] ⚠ |"),
    ],
)
def test_a_sign_stands_before_the_full_stop_and_what_closes_the_sentence(claim: str, shown: str) -> None:
    made = answer(claim, claims=(Claim(claim, 0, len(claim), (1,), "unsupported"),))
    assert signs.marked(made) == shown
    assert shown in render.markdown(made)
    assert shown in transcript.markdown([made])
    before = marks.marked("0", claim, made.claims, LAMPS).partition(' <button type="button" class="verdict')[0]
    assert read(before) == read(marks.marked("0", shown.partition(" ⚠")[0], (), LAMPS)).rstrip("\n").lstrip("*")


TWO = "TreeNet is sparse at every layer [2], while LeafNet keeps all of its weights [1]. Both lose frost."


def clauses(*verdicts: Verdict) -> tuple[Claim, ...]:
    spans = [(0, TWO.index(",")), (TWO.index("LeafNet"), TWO.index(" Both")), (TWO.index("Both"), len(TWO))]
    cited = [(2,), (1,), ()]
    return tuple(Claim(TWO[a:b], a, b, n, v) for (a, b), n, v in zip(spans, cited, verdicts, strict=True))


def test_a_clause_has_its_sign_where_it_ends_and_an_added_citation_stands_where_a_sign_would() -> None:
    first, second, third = clauses("contradicted", "miscited", "supported")
    made = answer(TWO, claims=(first, second, replace(third, added=(2,))))
    shown = (
        "TreeNet is sparse at every layer [2] ≠, while LeafNet keeps all of its weights [1] ↪. "
        "Both lose frost [2, added by check]."
    )
    assert signs.marked(made) == shown
    assert render.text(made).startswith(f"{shown}\n\n")
    html = marks.marked("0", TWO, made.claims, made.sources)
    assert ">abstract says otherwise</button>, while" in html
    assert '>found elsewhere</button>. <span class="claim supported">Both lose frost</span> <a class="cite added"' in html


def read(html: str) -> str:
    """Return the text of some HTML."""
    return re.sub(r"<[^>]*>", "", html)


@given(st.text(alphabet="ab .!?*|)”[1]12\n。"))
def test_a_sign_takes_nothing_away_wherever_it_stands(claim: str) -> None:
    at = signs.position(claim)
    assert 0 <= at <= len(claim)
    assert signs.marked(answer(claim, claims=(Claim(claim, 0, len(claim), (), "partial"),))) == f"{claim[:at]} ≈{claim[at:]}"


# -- while it is written -------------------------------------------------------------------------------------------------

REPLIES = [
    "LanternNet dims 340 lamps [1]. It cut energy by 95.5% over 12 weeks [1]. Then Ghent sang about it. So do Li et al. [2]",
    "LanternNet dims 340 lamps by learning from footsteps. [1] It melts 12 trains. [2] A drone measures blossoms [2].",
    "LanternNet sank 77 ships by learning from footsteps [1], while a drone counts 55 blossoms every 90 seconds [2]. Yes.",
    "**Lamps**\n- LanternNet dims 99 lamps [1].\n- Ghent lit 5, e.g. at 0.985 lux [1]\n\n**Is it frost?**\nOrchards bark [2]!",
    "| who | what |\n|---|---|\n| LanternNet | dims 99 lamps [1] |\n| Frost Watch | bites every 7 lamps. [2] |\n",
    "The abstracts do not say so.",
]


@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize("chars", [1, 2, 3, 7, 16, 1000])
def test_a_text_that_grows_ends_as_the_whole_text_is_shown(reply: str, chars: int) -> None:
    model = QueueModel(reply, piece_chars=chars)
    growing, shown, made = GrowingText(), "", None
    blank = answer("", claims=())
    for event in AnswerStream(model, HashEmbedder(), None).read(Prompt("How?", tuple(LAMPS)), blank, 0.0):
        if isinstance(event, str):
            shown += "".join(part.text for part in growing.add(event))
        elif isinstance(event, Claim):
            shown += "".join(part.text for part in growing.check(event))
        elif isinstance(event, Answer):
            made = event
    assert made is not None
    shown += "".join(part.text for part in growing.finish(made))
    assert shown == terminal.plain(signs.marked(made))
    assert growing.late == []


def test_the_words_of_a_sentence_are_printed_before_it_ends() -> None:
    growing = GrowingText()
    shown = [
        "".join(part.text for part in growing.add(piece)) for piece in ("Lamps", " dim by 0.", "985 e.g. here", " [1]", ". ")
    ]
    assert shown == ["Lamps", " dim by 0", ".985 e.g. here", " [1]", ""]
    claim = Claim("Lamps dim by 0.985 e.g. here [1].", 0, 33, (1,), "contradicted")
    assert [(part.text, part.verdict) for part in growing.check(claim)] == [(" ≠", "contradicted"), (".", None)]
    assert "".join(part.text for part in growing.add("Next")) == " Next"


def test_claims_whose_sign_comes_after_their_text_was_printed_are_kept() -> None:
    said = "Lamps dim [1]. They sing [1]. They hum [1]."
    growing = GrowingText()
    streamed = [Claim(said[a:b], a, b, (1,), "unchecked") for a, b in ((0, 14), (15, 29))]
    shown = "".join(part.text for piece in pieces(said, 5) for part in growing.add(piece))
    shown += "".join(part.text for claim in streamed for part in growing.check(claim))
    judged = (*(replace(c, verdict="contradicted") for c in streamed), Claim(said[30:], 30, len(said), (1,), "partial"))
    shown += "".join(part.text for part in growing.finish(answer(said, claims=judged)))
    assert shown == "Lamps dim [1]. They sing [1]. They hum [1] ≈."
    assert growing.late == list(judged[:2])


def test_a_text_that_turns_out_to_be_thoughts_is_told_and_the_answer_printed_after_it() -> None:
    reply = ["Let me look at lamps. They", Withdrawn(), "Lamps dim.", Finish()]
    growing, shown, made = GrowingText(), "", None
    for event in AnswerStream(QueueModel(reply), HashEmbedder(), None).read(
        Prompt("How?", tuple(LAMPS)), answer("", claims=()), 0.0
    ):
        if isinstance(event, str):
            shown += "".join(part.text for part in growing.add(event))
        elif isinstance(event, Claim):
            shown += "".join(part.text for part in growing.check(event))
        elif isinstance(event, Withdrawn):
            shown += "".join(part.text for part in growing.withdraw())
        elif isinstance(event, Answer):
            made = event
    assert made is not None
    assert (made.reasoning, made.answer) == ("Let me look at lamps. They", "Lamps dim.")
    shown += "".join(part.text for part in growing.finish(made))
    before, after = shown.split("(So far the model was thinking. Its answer:)")
    assert before.startswith("Let me look at lamps")
    assert after.strip() == terminal.plain(signs.marked(made))
    assert "".join(part.text for part in GrowingText().withdraw()) == ""  # where nothing was printed


# -- where they are explained --------------------------------------------------------------------------------------------


def test_each_sign_is_explained_in_the_help_and_on_the_pages() -> None:
    helped = " ".join(arguments().format_help().split())
    asking, chat = ((DOCS / name).read_text("utf-8") for name in ("asking.md", "chat.md"))
    for verdict in get_args(Verdict):
        sign, meaning = signs.SIGNS.get(verdict, ("", ""))
        assert f"{sign} {meaning}" in helped
        assert re.search(rf"^\| `{verdict}` \| {sign} ?\| \w", asking, re.MULTILINE), verdict
        for counted in marks.counts(answer(claims=(Claim("A.", 0, 2, (), verdict),))):
            assert re.search(rf"^\| {counted.name}[ ,]", chat, re.MULTILINE), verdict
    assert signs.NO_SIGN in helped
    assert "No sign means: found in the abstract." in asking
