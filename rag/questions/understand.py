"""Understands a question before it is searched: follow-ups, other languages, and questions about the collection.

Rules come first. Where they do not suffice and a model is set, the model rewrites or classifies the question.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from rag import prompting
from rag.collection import query as queries
from rag.collection.patterns import Want
from rag.collection.query import MAX_TOPIC_WORDS, RECENT_MONTHS, Query
from rag.events import text_after
from rag.interfaces import ChatModel
from rag.questions import followup
from rag.text import dates, language
from rag.text.words import WORD, content_words
from rag.types import Prompt, Turn

_ENGLISH_ONLY = "Without a model, only English questions are understood. Ask in English, or set a model."
_PROMPT_ECHO = re.compile(r"\b(?:user|assistant|question that stands alone|english question)\s*:", re.IGNORECASE)
_MAX_REWRITE_RATIO = 3  # length of a rewritten question by that of its original; a longer text is no question

# A question without these words is not about the collection, so the model is not asked.
_PAPERS = r"\b(?:papers?|abstracts?|articles?|publications?)\b"
_COLLECTION_HINT = re.compile(
    rf"\b(?:how many|number of|count)\b.{{0,60}}{_PAPERS}|\b(?:newest|latest|oldest|earliest|recent)\b.{{0,30}}{_PAPERS}"
    rf"|{_PAPERS}.{{0,30}}\b(?:titled|entitled|called|newest|oldest|most recent|in total)\b"
    r"|\b(?:this|your|our) (?:collection|library)\b",
    re.IGNORECASE,
)
_NEGATING_WORDS = re.compile(r"\b(?:not|no|or|nor|without|except|but|never|than|n['’]t)\b", re.IGNORECASE)
# Words that only say that papers are wanted. Every other word of a question must be in a field of its query.
_FILLER_WORDS = content_words(
    "paper papers article articles publication publications collection library corpus database set count counted number total "
    "overall altogether list show display find name want see know let tell look get have hold contain include there exist "
    "available newest latest recent recently oldest earliest old new published released dated written appear come year years "
    "month months date last past since before after until between source title titled entitled called named author authors "
    "wrote wonder mention mentions touch touching concern talk talking discuss deal dealing cover regarding concerning "
    "related topic subject word term phrase sum roughly exactly actually currently us me anything something somewhere thing"
)
_YEAR = re.compile(rf"(?<!\d){dates.YEAR}(?!\d)")
_SUPERLATIVE_WORDS = re.compile(r"\b(?:newest|latest|oldest|earliest|most recent)\b", re.IGNORECASE)
_COUNTING_WORDS = re.compile(r"\b(?:how many|number of|count)\b", re.IGNORECASE)
_MONTHS_BACK_WORDS = re.compile(r"\b(?:recent|recently|new|last|past)\b", re.IGNORECASE)
_TITLE_WANTS = {  # what a question about one paper wants, and the words it is recognised by
    "title": re.compile(r"\b(?:titled?|entitled|called|named)\b", re.IGNORECASE),
    "authors": re.compile(r"\b(?:authors?|who|wrote)\b", re.IGNORECASE),
    "date": re.compile(r"\b(?:when|date)\b", re.IGNORECASE),
}
_Words = Annotated[str, StringConstraints(max_length=300)]
_Date = Annotated[str, StringConstraints(pattern=rf"^{dates.ISO_DATE}$")]


class _QueryReply(BaseModel):
    """The JSON that a model may reply: the fields of Query and no others."""

    model_config = ConfigDict(extra="forbid", strict=True)
    want: Want
    mention: _Words = ""
    about: _Words = ""
    in_title: _Words = ""
    title: _Words = ""
    source: _Words = ""
    since: _Date | None = None
    until: _Date | None = None
    months: int = Field(0, ge=0, le=240)
    most: int = Field(0, ge=0, le=20)


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


def about_collection(question: str, model: ChatModel) -> Query | None:
    """Return a question about the collection as a query: parsed by rules, or else classified by the model.

    Return None for any other question, and when the model's query leaves out or adds anything. Raises EndpointError when
    the model cannot be asked.
    """
    own = followup.without_context(question)
    query = queries.parse(own)
    if query is not None or model.mode == "extractive" or own != question:
        return query
    if not _COLLECTION_HINT.search(own) or _NEGATING_WORDS.search(own):
        return None
    reply = _reply(prompting.corpus(own, MAX_TOPIC_WORDS, RECENT_MONTHS), model)
    try:
        fields = _QueryReply.model_validate_json(reply.strip().removeprefix("```json").strip("`\n ")).model_dump()
    except ValidationError:
        return None
    query = Query(**fields)
    return query if _fits(query, own) else None


def _fits(query: Query, question: str) -> bool:
    """Whether `query` has everything that `question` says, and nothing else."""
    phrases = " ".join((query.mention, query.about, query.in_title, query.title, query.source))
    filled = set(WORD.findall(phrases.lower()))
    if not filled <= set(WORD.findall(question.lower())) or len(query.about.split()) > MAX_TOPIC_WORDS:
        return False
    if not _dates_fit(query, question, filled):
        return False
    years = _YEAR.findall(question)
    numbers = {*map(str, (query.most, query.months, query.months // 12)), *years, *filled}
    left = content_words(question) - content_words(phrases) - _FILLER_WORDS
    return not {w for w in left if not w.isdigit() or w not in numbers} and _want_fits(query, question)


def _dates_fit(query: Query, question: str, filled: set[str]) -> bool:
    """Whether the dates of `query` exist, and are within a year of those in `question`, and the other way round.

    A year in `filled` belongs to a phrase of the query, such as a title, and is not a date.
    """
    days = [day for day in (query.since, query.until) if day]
    if any(dates.to_iso(day) is None for day in days) or (query.months and days):
        return False
    given = {int(day[:4]) for day in days}
    asked = {year for year in map(int, _YEAR.findall(question)) if str(year) not in filled}
    near = [{year - 1, year, year + 1} & given for year in asked] + [{year - 1, year, year + 1} & asked for year in given]
    return all(near)


def _want_fits(query: Query, question: str) -> bool:
    """Whether `question` has a word for what `query` wants, and one for counting months back."""
    by_title = _TITLE_WANTS.get(query.want)
    if bool(query.title) != (by_title is not None) or (by_title and not by_title.search(question)):
        return False
    if (query.want in ("newest", "oldest")) != bool(_SUPERLATIVE_WORDS.search(question)):
        return False
    if query.months and not _MONTHS_BACK_WORDS.search(question):
        return False
    return not _COUNTING_WORDS.search(question) or query.want in ("count", "by_year", "by_source", "authors")


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
