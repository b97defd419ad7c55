"""The chat's endpoints for programs: ask and search, with the JSON of the command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

import gradio as gr
from gradio.events import api

from rag import filters, render
from rag.assistant import Assistant
from rag.cli import checked_question
from rag.errors import RagError, UsageError
from rag.types import Filters

Json = dict[str, Any]


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
        only = _only(year, since, until, source, title, min_authors, papers)
        with _mistakes_told():
            return render.to_dict(assistant.ask(_text(question), k=_number(k), filters=filters.read(only)))

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
        only = _only(year, since, until, source, title, min_authors, papers)
        with _mistakes_told():
            checked = assistant.scope.checked(filters.read(only))
            found = assistant.search(_text(question), _number(k), checked)
            return render.hits_to_dict(question, checked, found, assistant.scope.told(checked, found=bool(found)))

    api(ask, api_name="ask")
    api(search, api_name="search")


def _only(*given: Any) -> Json:
    """Return the filters that were given as the record that filters.read() takes; their order is that of Filters."""
    return {field.name: value for field, value in zip(fields(Filters), given, strict=True) if value is not None}


@contextmanager
def _mistakes_told() -> Iterator[None]:
    """Give a program that asks wrongly, or whose model fails, the one sentence that a person would get."""
    try:
        yield
    except RagError as error:
        raise gr.Error(str(error), print_exception=False) from error


def _text(question: Any) -> str:
    if not isinstance(question, str):
        raise UsageError("The question is no text.", "Give it as a string.")
    return checked_question(question)


def _number(k: Any) -> int | None:
    if k is not None and (not isinstance(k, int) or isinstance(k, bool) or k < 1):
        raise UsageError("k is no number from 1 on.", "Give one, or leave it out.")
    return k
