"""What programs may ask of the chat: ask and search, with the JSON of the command line, as its endpoints over HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

import gradio as gr
from gradio.events import api

from rag.assistant import Assistant
from rag.errors import RagError, UsageError
from rag.output import render
from rag.questions.analysis import checked_question
from rag.storage import filters
from rag.types import Filters

Json = dict[str, Any]
TAKEN = ("question", "k", *(field.name for field in fields(Filters)))


def answer(assistant: Assistant, given: Mapping[str, Any]) -> Json:
    """Return the answer to a question, given with what else of TAKEN. Raises RagError, for a wrong or unknown value too."""
    question, k, only = _read(given)
    return render.to_dict(assistant.ask(question, k=k, filters=only))


def listing(assistant: Assistant, given: Mapping[str, Any]) -> Json:
    """Return the papers found for a question, given as for answer(). Raises RagError."""
    question, k, only = _read(given)
    checked = assistant.scope.checked(only)
    found = assistant.search(question, k, checked)
    return render.hits_to_dict(question, checked, found, assistant.scope.told(checked, found=bool(found)))


def add(assistant: Assistant) -> None:
    """Add the endpoints /ask and /search to the page that is being built; Gradio reads their types and docstrings."""

    def ask(
        question: str,
        k: int | None = None,
        year: int | None = None,
        since: str | None = None,
        until: str | None = None,
        source: str | None = None,
        title: str | None = None,
        min_authors: int | None = None,
        papers: list[str] | None = None,
    ) -> Json:
        """Answer a question from at most k of the papers that pass the filters."""
        given = (question, k, year, since, until, source, title, min_authors, papers)
        with _mistakes_told():
            return answer(assistant, _named(given))

    def search(
        question: str,
        k: int | None = None,
        year: int | None = None,
        since: str | None = None,
        until: str | None = None,
        source: str | None = None,
        title: str | None = None,
        min_authors: int | None = None,
        papers: list[str] | None = None,
    ) -> Json:
        """List at most k of the papers that pass the filters, best first, without answering."""
        given = (question, k, year, since, until, source, title, min_authors, papers)
        with _mistakes_told():
            return listing(assistant, _named(given))

    api(ask, api_name="ask")
    api(search, api_name="search")


def _named(given: tuple[Any, ...]) -> Json:
    """Return the values that were given by their names, which are TAKEN in its order."""
    return {name: value for name, value in zip(TAKEN, given, strict=True) if value is not None}


@contextmanager
def _mistakes_told() -> Iterator[None]:
    """Give a program that asks wrongly, or whose model fails, the one sentence that a person would get."""
    try:
        yield
    except RagError as error:
        raise gr.Error(str(error), print_exception=False) from error


def _read(given: Mapping[str, Any]) -> tuple[str, int | None, Filters]:
    rest = dict(given)
    question, k = _text(rest.pop("question", None)), _number(rest.pop("k", None))
    return question, k, filters.read(rest)


def _text(question: Any) -> str:
    if not isinstance(question, str):
        raise UsageError("The question is no text.", "Give it as a string.")
    return checked_question(question)


def _number(k: Any) -> int | None:
    if k is not None and (not isinstance(k, int) or isinstance(k, bool) or k < 1):
        raise UsageError("k is no number from 1 on.", "Give one, or leave it out.")
    return k
