"""A conversation as the page holds it: its answers, from which messages, sources and turns are made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from rag.output import render
from rag.types import Answer, Turn
from ui.chat import cards, panel

KEPT = 10  # answers of a conversation whose sources stay at hand
EMPTY = '<p class="empty">The papers behind an answer appear here, with the sentences it stands on marked.</p>'

Messages = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Talk:
    """`id` is that of the history's conversation, None until it has an answer."""

    id: str | None = None
    answers: tuple[Answer, ...] = ()

    def __hash__(self) -> int:
        """Gradio takes it before and after each update of the page; an answer never changes."""
        return hash((self.id, *(answer.id for answer in self.answers)))

    def with_answer(self, answer: Answer) -> Talk:
        return replace(self, answers=(*self.answers, answer))

    def before(self, n: int) -> Talk:
        """Return the conversation as it was before its answer `n`, counted from 0."""
        return replace(self, answers=self.answers[:n])

    def turns(self) -> list[Turn]:
        """Return what was said so far as the assistant wants it."""
        asked = ((Turn("user", a.standalone_question), Turn("assistant", a.answer)) for a in self.answers)
        return [turn for pair in asked for turn in pair]

    def messages(self) -> Messages:
        """Return the chat's messages: two for each answer."""
        return [message for answer in self.answers for message in said(answer.question, panel.message(answer))]

    def panel(self, now: str = "") -> str:
        """Return the sources of the last answers, or of the one that is being written (`now`, HTML), which alone show; the
        others appear when one of their citations is followed."""
        sections = [section(answer) for answer in self.answers[-KEPT:]] + [now] * bool(now)
        *earlier, last = sections or [EMPTY]
        return "".join(s.replace("<section ", "<section hidden ", 1) for s in earlier) + last


def said(question: str, html: str) -> Messages:
    """Return a question and what is answered, which is Markdown that `panel` has made."""
    return [{"role": "user", "content": panel.draft(question)}, {"role": "assistant", "content": html}]


def section(answer: Answer) -> str:
    """Return the sources of an answer as a section of the panel."""
    title = "Nearest papers" if answer.refused else "Sources"
    return cards.sources(answer.id, answer.sources, answer.claims, title, panel.restriction(answer), render.markdown(answer))
