"""An answer with tables, code, lists and maths is exported unhurt, and as the chat shows it."""

from __future__ import annotations

import json
from dataclasses import replace
from html import unescape
from re import sub

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from support.factories import HashEmbedder, QueueModel, answer, paper, sources

from rag.answering.streaming import AnswerStream
from rag.output import markdown, render, signs, transcript
from rag.output.growing import GrowingText
from rag.output.terminal import plain
from rag.types import Answer, Claim, Prompt
from ui.reading import marks

LAMPS = sources(
    paper("Lamps", "LanternNet dims 340 lamps by learning from footsteps at night."),
    paper("Frost", "A drone measures blossom temperature every 90 seconds in spring."),
)
REPLY = r"""# Result

| | Lamps | Frost |
|---|---|---|
| Does | LanternNet dims 340 lamps at night [1]. | A drone measures blossom temperature every 5 seconds [2]. |
| Costs | It costs $5 to $10 | none |

Call `__init__` and ``a[1] ` b[2]`` first.

````python
class Lamp:
**bold = 1**
    def __init__(self, lamps):
        # see [2]
```
        return lamps[1]

````

1. One
   - LanternNet dims 340 lamps at night [1].
     - three

The loss is \(x_{[1]} = 1\), $$y[1] * z[2]$$ and \[ w[1] < 3 \].

\[
a[1] = b
=
c
\]
"""
WRITTEN = REPLY.strip()


def checked(reply: str) -> Answer:
    """Return what the assistant makes of a reply."""
    stream = AnswerStream(QueueModel(reply), HashEmbedder(), None)
    blank = answer("", claims=(), question="How?", standalone_question="How?")
    *_, made = stream.read(Prompt("How?", tuple(LAMPS)), blank, 0.0)
    assert isinstance(made, Answer)
    return replace(made, sources=tuple(replace(one, cited=True) for one in LAMPS))


@pytest.fixture(scope="module")
def made() -> Answer:
    return checked(REPLY)


def test_only_marks_of_the_check_are_added_and_they_stand_inside_their_cells(made: Answer) -> None:
    assert made.answer == WRITTEN == json.loads(render.to_json(made))["answer"]
    shown = signs.marked(made)
    assert "| LanternNet dims 340 lamps at night [1]. | A drone measures blossom temperature every 5 seconds [2] ≠. |" in shown
    without = shown
    for sign, _ in signs.SIGNS.values():
        without = without.replace(f" {sign}", "")
    assert without == WRITTEN
    exported = shown.replace("# Result", "### Result")
    assert exported in render.markdown(made)
    assert exported in transcript.markdown([made])


def test_numbers_in_code_and_maths_are_not_renumbered(made: Answer) -> None:
    first = answer("A drone measures blossom temperature [1].", sources(LAMPS[1].paper))
    told = transcript.markdown([first, made])
    assert "at night [2]. | A drone measures blossom temperature every 5 seconds [1] ≠. |" in told
    code = ("``a[1] ` b[2]``", "# see [2]", "lamps[1]")
    for kept in (*code, r"\(x_{[1]} = 1\), $$y[1] * z[2]$$ and \[ w[1] < 3 \]", "a[1] = b"):
        assert kept in told
    assert told.endswith("## References\n\n- [1] Frost\n- [2] Lamps")


def test_a_terminal_shows_code_as_it_is_written_while_it_grows_too(made: Answer) -> None:
    growing = GrowingText()
    shown = "".join(part.text for n in range(0, len(REPLY), 7) for part in growing.add(REPLY[n : n + 7]))
    shown += "".join(part.text for part in growing.finish(made))
    assert "\n**bold = 1**\n    def __init__(self, lamps):\n        # see [2]\n```\n        return lamps[1]\n\n````" in shown
    assert "**bold = 1**\n    def __init__" in render.text(made)
    assert plain("```\n| a |\n|---|\n| b |\n```\n**c**") == "```\n| a |\n|---|\n| b |\n```\nc"


def text_of(html: str) -> list[str]:
    """Return the words of HTML as they are read."""
    return unescape(sub(r"<[^>]*>", " ", html)).replace("⚠", " ").replace("≠", " ").replace("○", " ").split()


@pytest.mark.parametrize(
    "reply",
    [
        "Lamps <b>dim</b> & <img src=http://x.test/a> ![b](http://x.test/b) [r][s] <http://x.test>.\n\n[s]: http://x.test/c",
        "<script>\nalert(1)\n</script>\n\n<div",
        "<!-- all\n\nof it -->",
        "# One\n\n###### Six\n\n```\n# code <b>\n```",
        "Lamps `<b>` and a < b, 5 <6.",
        "- a\n  ```python\n  x = 1",
    ],
)
def test_what_the_chat_shows_as_text_is_text_in_the_file_and_open_code_ends(reply: str) -> None:
    told = markdown.marked(answer(reply, claims=()))
    read = MarkdownIt("commonmark").render(f"{told}\n\nAfter **it**.")
    shown, _, after = read.rpartition("<p>After")
    assert after == " <strong>it</strong>.</p>\n"
    chat = str(marks.marked("0", reply, (), ()))
    assert text_of(shown) == text_of(chat)
    for element in ("<img", "<a ", "<b>", "<script", "<div", "<!--"):
        assert element not in shown + chat
    for level in range(1, 7):
        assert shown.count(f"<h{level}>") == chat.count(f"<h{level}>")


def test_findings_are_a_list_with_what_the_abstract_says_below_and_its_signs_are_text() -> None:
    said = "Lamps `__init__ dim."
    claim = Claim(said, 0, len(said), (), "uncited", ("no *citation*",))
    starred = paper("A* and *B* in `C`", "x", authors=("A. _B_",))
    told = render.markdown(answer(said, sources(starred), claims=(claim,), question="Does *it*\n__glow__?"))
    assert told.startswith("## Does \\*it\\* \\_\\_glow\\_\\_?\n\n")
    assert "\n- ○ without a source; no sign: found in the abstract\n- ○ uncited: “Lamps \\`\\_\\_init\\_\\_ dim.”" in told
    assert "(no \\*citation\\*; by words)" in told
    assert told.endswith("- [1] A\\* and \\*B\\* in \\`C\\` · A. \\_B\\_")


@given(st.text(st.sampled_from("ab1 \\`*_<>[]()&;#!~|/:é\n-+.")) | st.text())
def test_an_escaped_text_reads_as_it_was_written(text: str) -> None:
    read = MarkdownIt("commonmark").enable("strikethrough").render(f"x {markdown.escaped(text)} x")
    assert unescape(sub(r"</?p>", "", read)).split() == f"x {text} x".replace("\0", "\ufffd").split()
