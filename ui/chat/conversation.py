"""A conversation as a page shows it: its answers, and the exchanges, sources and turns that are made from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from markupsafe import Markup

from rag.output import render
from rag.questions import understand
from rag.types import Answer, Turn
from ui.chat import cards, exchanges
from ui.rendering import rendered

RECENT_ANSWERS = 10  # of a conversation, whose sources are on the page
_ABOUT_DATES = ("newest", "oldest", "range", "by_year", "by_month")  # what questions about the collection want
NO_SOURCES = rendered("chat/no_sources.html")

Exchanges = list[str]  # HTML


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

    def exchanges(self, ratings: Mapping[str, bool | None] = MappingProxyType({})) -> Exchanges:
        """Return each question with its answer as HTML. `ratings` are those that the reader gave, by the id of the answer."""
        return [str(exchanges.finished(n, answer, ratings.get(answer.id))) for n, answer in enumerate(self.answers)]

    def panel(self, writing: str = "") -> str:
        """Return the sources of the last answers, followed by `writing`, the sources of the answer under way, if any.

        The page's script shows one section at a time: the last one, until somebody follows a citation of another.
        """
        first = max(0, len(self.answers) - RECENT_ANSWERS)
        sections = [section(n, answer) for n, answer in enumerate(self.answers[first:], first)]
        return "".join([*sections, writing]) or NO_SOURCES


def section(n: int, answer: Answer) -> Markup:
    """Return the sources of answer `n` as a section of the panel."""
    return cards.sources(
        str(n),
        answer.sources,
        answer.claims,
        question=answer.question,
        title="Nearest papers" if answer.refused else "Sources",
        scope=exchanges.restriction(answer),
        copied=render.markdown(answer),
        years=years_id(answer),
        years_first=_asks_for_dates(answer),
    )


def years_id(answer: Answer) -> str:
    """Return the id of the element that holds the papers on a question by year; another answer has another."""
    return f"years-{answer.id}"


def _asks_for_dates(answer: Answer) -> bool:
    """Whether the question is about dates of papers, so that their picture by year belongs to its answer."""
    if answer.mode != "corpus" or answer.refused:
        return False
    queries, _ = understand.about_collection(answer.standalone_question)
    return any(query.want in _ABOUT_DATES for query in queries)
