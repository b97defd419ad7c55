"""A conversation as a page shows it: its answers, and the messages, sources and turns that are made from them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup

from rag.output import render
from rag.types import Answer, Turn
from ui.chat import cards, panel
from ui.rendering import markdown_safe, rendered

RECENT_ANSWERS = 10  # of a conversation, whose sources are on the page
NO_SOURCES = rendered("chat/no_sources.html")

Messages = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Conversation:
    """The answers of a conversation. `id` is the one it has in the history, None until it has an answer."""

    id: str | None = None
    answers: tuple[Answer, ...] = ()

    def __hash__(self) -> int:
        """Gradio takes the hash before and after each update of the page; an answer never changes."""
        return hash((self.id, *(answer.id for answer in self.answers)))

    def with_answer(self, answer: Answer) -> Conversation:
        return replace(self, answers=(*self.answers, answer))

    def before(self, n: int) -> Conversation:
        """Return the conversation as it was before its answer `n`, counted from 0."""
        return replace(self, answers=self.answers[:n])

    def turns(self) -> list[Turn]:
        """Return the questions and answers in the form that the assistant takes."""
        pairs = ((Turn("user", a.standalone_question), Turn("assistant", a.answer)) for a in self.answers)
        return [turn for pair in pairs for turn in pair]

    def messages(self) -> Messages:
        """Return the chat's messages: two for each answer."""
        return [message for answer in self.answers for message in exchange(answer.question, panel.message(answer))]

    def panel(self, writing: str = "") -> str:
        """Return the sources of the last answers, followed by `writing`, the sources of the answer under way, if any.

        Only the last section shows. The script shows another one when somebody follows a citation to it.
        """
        recent = self.answers[-RECENT_ANSWERS:]
        sections = [section(answer, hidden=bool(writing) or answer is not recent[-1]) for answer in recent]
        return "".join([*sections, writing]) or NO_SOURCES


def exchange(question: str, answer: str) -> Messages:
    """Return the messages of a question and its answer. The answer is Markdown from a template."""
    return [
        {"role": "user", "content": str(markdown_safe(question))},
        {"role": "assistant", "content": str(answer)},
    ]


def section(answer: Answer, *, hidden: bool = False) -> Markup:
    """Return the sources of an answer as a section of the panel."""
    return cards.sources(
        answer.id,
        answer.sources,
        answer.claims,
        "Nearest papers" if answer.refused else "Sources",
        panel.restriction(answer),
        render.markdown(answer),
        hidden=hidden,
    )
