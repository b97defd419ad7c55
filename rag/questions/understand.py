"""Understands a question before it is searched: follow-ups, other languages, and questions about the collection.

Rules come first. Where they do not suffice and a model is set, the model rewrites the question.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag import prompting
from rag.collection import meaning
from rag.collection import query as queries
from rag.collection.query import Query
from rag.events import text_after
from rag.interfaces import ChatModel
from rag.questions import followup
from rag.text import language
from rag.types import Prompt, Turn

_ENGLISH_ONLY = "Without a model, only English questions are understood. Ask in English, or set a model."
_PROMPT_ECHO = re.compile(r"\b(?:user|assistant|question that stands alone|english question)\s*:", re.IGNORECASE)
_MAX_REWRITE_RATIO = 3  # length of a rewritten question by that of its original; a longer text is no question


def standalone(question: str, history: Sequence[Turn], model: ChatModel) -> str:
    """Return `question` with what it refers to in `history`.

    The model rewrites a follow-up; the extractive reader joins it to the question before it. Other questions are returned
    unchanged. Raises EndpointError when the model cannot be asked.
    """
    joined = followup.with_context(question, history)
    if joined == question or queries.parse(question):
        return question
    return joined if model.mode == "extractive" else _rewritten(prompting.condense(question, history), joined, model)


def in_english(question: str, model: ChatModel) -> tuple[str, tuple[str, ...]]:
    """Return the question to search with, and the warnings for the user.

    The model translates a question in another language. Raises EndpointError when the model cannot be asked.
    """
    if not language.is_foreign(question):
        return question, ()
    if model.mode == "extractive":
        return question, (_ENGLISH_ONLY,)
    return _rewritten(prompting.rewrite(question), question, model), ()


def about_collection(question: str) -> tuple[tuple[Query, ...], bool]:
    """Return a question about the collection as queries, and whether rules parsed the first; () for another question.

    Raises EmbedderError.
    """
    own = followup.without_context(question)
    parsed, meant = queries.parse(own), meaning.query(own) if own == question else None
    return tuple(dict.fromkeys(query for query in (parsed, meant) if query)), parsed is not None


def _rewritten(request: Prompt, fallback: str, model: ChatModel) -> str:
    """Return the first paragraph of the reply to `request`; `fallback` when it is empty, too long, or repeats the prompt."""
    first = " ".join(_reply(request, model).strip().partition("\n\n")[0].split())
    usable = 0 < len(first) <= _MAX_REWRITE_RATIO * len(fallback) and not _PROMPT_ECHO.search(first)
    return first if usable else fallback


def _reply(request: Prompt, model: ChatModel) -> str:
    text = ""
    for item in model.stream(request):
        text = text_after(text, item)
    return text
