"""Questions to begin with, made from the titles of the library."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import gradio as gr

from rag.assistant import Assistant
from ui.chat.components import PRIVATE
from ui.rendering import rendered

_MAX_TITLES = 500  # read for the questions
_CHOOSE = """element.addEventListener("click", (event) => {
  const example = event.target.closest("[data-question]");
  if (example) trigger("select", { index: 0, value: example.dataset.question, selected: true });
});"""
_MAX_SHARE_OF_TITLES = 0.05  # with the subject of a question: a commoner one says nothing
_WORD = re.compile(r"\w[\w-]*")
_STOP_WORDS = frozenset("from into need over that their through towards using what when where which with without your".split())


def build(assistant: Assistant) -> gr.HTML:
    """Add what a conversation that has not begun shows: a headline, and questions to begin with."""
    return gr.HTML(_html(assistant), elem_id="start", padding=False, js_on_load=_CHOOSE)


def connect(page: gr.Blocks, assistant: Assistant, start: gr.HTML) -> None:
    """Show the questions. A press of one selects it."""

    page.load(partial(_html, assistant), None, start, **PRIVATE)  # the library may have grown since the page was built


def _html(assistant: Assistant) -> str:
    return rendered("chat/start.html", examples=questions(assistant))


def questions(assistant: Assistant) -> list[tuple[str, str]]:
    """Return up to four questions, each after a word that says what it is for.

    Two are about papers whose titles name what they propose ("Name: what it is"), two about a subject of several titles.
    """
    titles = assistant.titles(_MAX_TITLES)
    named = [name for title in titles if (name := title.partition(":")[0]) != title and " " not in name]
    asked = [("Explain", f"How does {named[0]} work?")] if named else []
    subject = _subject(titles)
    alike = [name for name in named if subject and any(name in title and subject in title.casefold() for title in titles)]
    pair = alike if len(alike) > 1 else named[1:]
    if len(pair) > 1:
        asked.append(("Compare", f"How do {pair[0]} and {pair[1]} differ?"))
    if subject:
        asked += [("Find", f"Which papers are about {subject}?"), ("What is new", f"What are the newest papers on {subject}?")]
    return asked


def _subject(titles: Sequence[str]) -> str:
    """Return the two neighbouring words that most titles share, "" when none do. A pair that too many share does not count."""
    counts = Counter(pair for title in titles for pair in _pairs(title))
    shared = (pair for pair, n in counts.most_common() if 1 < n <= max(2, len(titles) * _MAX_SHARE_OF_TITLES))
    return next(shared, "")


def _pairs(title: str) -> set[str]:
    words = _WORD.findall(title.casefold())
    return {f"{a} {b}" for a, b in pairwise(words) if not {a, b} & _STOP_WORDS and min(len(a), len(b)) > 3}
