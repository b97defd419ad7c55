"""Questions to begin with, made from the titles of the library."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import gradio as gr

from rag.assistant import Assistant
from ui.chat.components import PRIVATE

_MAX_TITLES = 500  # read for the questions
_OF_A_PAPER = ("What is {} and how well does it work?", "How does {} work?")
_ON_A_SUBJECT = ("Which papers are about {}?", "How many papers mention {}?")
_MAX_SHARE_OF_TITLES = 0.05  # with the subject of a question: a commoner one says nothing
_WORD = re.compile(r"\w[\w-]*")
_STOP_WORDS = frozenset("from into need over that their through towards using what when where which with without your".split())


def add(page: gr.Blocks, assistant: Assistant, chat: gr.Chatbot, box: gr.Textbox) -> None:
    """Show the questions in an empty conversation. A click puts one into the box, to be changed or sent."""

    def shown() -> dict[str, Any]:
        update: dict[str, Any] = gr.update(examples=[{"text": question} for question in questions(assistant)])
        return update

    def chosen(event: gr.SelectData) -> str:
        return str(event.value["text"])

    page.load(shown, None, chat, **PRIVATE)  # the library may have grown since the page was built
    chat.example_select(chosen, None, box, **PRIVATE).then(
        None, None, None, js="() => document.querySelector('#question textarea').focus()"
    )


def questions(assistant: Assistant) -> list[str]:
    """Return up to four questions.

    Two are about papers whose titles name what they propose ("Name: what it is"), two about a subject of several titles.
    """
    titles = assistant.titles(_MAX_TITLES)
    named = [name for title in titles if (name := title.partition(":")[0]) != title and " " not in name]
    step = max(1, len(named) // len(_OF_A_PAPER))
    asked = [form.format(name) for form, name in zip(_OF_A_PAPER, named[::step], strict=False)]
    subject = _subject(titles)
    return asked + [form.format(subject) for form in _ON_A_SUBJECT if subject]


def _subject(titles: Sequence[str]) -> str:
    """Return the two neighbouring words that most titles share, "" when none do. A pair that too many share does not count."""
    counts = Counter(pair for title in titles for pair in _pairs(title))
    shared = (pair for pair, n in counts.most_common() if 1 < n <= max(2, len(titles) * _MAX_SHARE_OF_TITLES))
    return next(shared, "")


def _pairs(title: str) -> set[str]:
    words = _WORD.findall(title.casefold())
    return {f"{a} {b}" for a, b in pairwise(words) if not {a, b} & _STOP_WORDS and min(len(a), len(b)) > 3}
