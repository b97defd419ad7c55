"""What is asked, with the model's help where rules do not suffice: follow-ups, other languages, the collection itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from rag import prompting
from rag.collection import query
from rag.collection.patterns import Want
from rag.collection.query import Query
from rag.interfaces import ChatModel
from rag.questions import analysis, followup
from rag.text import dates
from rag.text.words import WORD, content_words
from rag.types import Prompt, Turn

_ENGLISH_ONLY = "The bundled embedder reads English: ask in English, or set a model, which then translates the question."
_ECHO = re.compile(r"\b(?:user|assistant|question that stands alone|english question)\s*:", re.IGNORECASE)  # of the prompt
_LONGER = 3  # times as long as the questions it was made of: then a rewritten question is an answer, or worse

# Words without which a question is not worth asking the model whether it is one about the collection.
_PAPERS = r"\b(?:papers?|abstracts?|articles?|publications?)\b"
_HINT = re.compile(
    rf"\b(?:how many|number of|count)\b.{{0,60}}{_PAPERS}|\b(?:newest|latest|oldest|earliest|recent)\b.{{0,30}}{_PAPERS}"
    rf"|{_PAPERS}.{{0,30}}\b(?:titled|entitled|called|newest|oldest|most recent|in total)\b"
    r"|\b(?:this|your|our) (?:collection|library)\b",
    re.IGNORECASE,
)
_NEGATED = re.compile(r"\b(?:not|no|or|nor|without|except|but|never|than|n['’]t)\b", re.IGNORECASE)
# Words that say only that papers are looked for. Any other word of a question has to be in a field of the query.
_PLAIN = content_words(
    "paper papers article articles publication publications collection library corpus database set count counted number total "
    "overall altogether list show display find name want see know let tell look get have hold contain include there exist "
    "available newest latest recent recently oldest earliest old new published released dated written appear come year years "
    "month months date last past since before after until between source title titled entitled called named author authors "
    "wrote wonder mention mentions touch touching concern talk talking discuss deal dealing cover regarding concerning "
    "related topic subject word term phrase sum roughly exactly actually currently us me anything something somewhere thing"
)
_YEAR = re.compile(rf"(?<!\d){dates.YEAR}(?!\d)")
_Words = Annotated[str, StringConstraints(max_length=300)]
_Date = Annotated[str, StringConstraints(pattern=rf"^{dates.ISO_DATE}$")]


class _Reply(BaseModel):
    """A query as a model may write it: the fields of Query and no others."""

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


def standalone(asked: str, history: Sequence[Turn], model: ChatModel) -> str:
    """Return a follow-up with what it refers to: rewritten by the model, or joined to the question before it."""
    joined = followup.joined(asked, history)
    if joined == asked or query.read(asked):
        return asked
    return joined if model.mode == "extractive" else _said(prompting.condense(asked, history), joined, model)


def in_english(asked: str, model: ChatModel) -> tuple[str, tuple[str, ...]]:
    """Return the question to search with, in English when the model can rewrite it, and what is to be told of it."""
    if not analysis.is_foreign(asked):
        return asked, ()
    if model.mode == "extractive":
        return asked, (_ENGLISH_ONLY,)
    return _said(prompting.rewrite(asked), asked, model), ()


def about_collection(asked: str, model: ChatModel) -> Query | None:
    """Return the query that a question about the collection is, by rule or, where it may be one, as the model reads it.

    None for any other question, and when the model's reading leaves out or adds anything.
    """
    own = followup.own(asked)
    known = query.read(own)
    if known is not None or model.mode == "extractive" or own != asked or not _HINT.search(own) or _NEGATED.search(own):
        return known
    reply = _reply(prompting.corpus(own, query.LONGEST, query.RECENT), model).strip().removeprefix("```json").strip("`\n ")
    try:
        read = Query(**_Reply.model_validate_json(reply).model_dump())
    except ValidationError:
        return None
    return read if _fits(read, own) else None


def _fits(read: Query, asked: str) -> bool:
    """Whether a query has all that the question says and nothing else."""
    words = (read.mention, read.about, read.in_title, read.title, read.source)
    said = set(WORD.findall(asked.lower()))
    filled = set(WORD.findall(" ".join(words).lower()))
    days = [day for day in (read.since, read.until) if day]
    if not filled <= said or any(dates.to_iso(day) is None for day in days) or len(read.about.split()) > query.LONGEST:
        return False
    if read.months and days:
        return False
    years, given = {int(y) for y in _YEAR.findall(asked)}, {int(day[:4]) for day in days}
    loose = {y for y in years if str(y) not in filled}
    if not all({y - 1, y, y + 1} & given for y in loose) or not all({y - 1, y, y + 1} & loose for y in given):
        return False
    amounts = {*map(str, (read.most, read.months, read.months // 12)), *map(str, years), *filled}
    left = content_words(asked) - content_words(" ".join(words)) - _PLAIN
    return not {w for w in left if not w.isdigit() or w not in amounts} and _is_wanted(read, asked)


def _is_wanted(read: Query, asked: str) -> bool:
    """Whether the question has a word for what the query wants, and for counting months back."""
    superlative = re.search(r"\b(?:newest|latest|oldest|earliest|most recent)\b", asked, re.IGNORECASE)
    counted = re.search(r"\b(?:how many|number of|count)\b", asked, re.IGNORECASE)
    back = re.search(r"\b(?:recent|recently|new|last|past)\b", asked, re.IGNORECASE)
    named = {"title": r"titled?|entitled|called|named", "authors": r"authors?|who|wrote", "date": r"when|date"}.get(read.want)
    titled = bool(read.title) == (named is not None) and (not named or re.search(rf"\b(?:{named})\b", asked, re.IGNORECASE))
    if (read.want in ("newest", "oldest")) != bool(superlative) or (read.months and not back) or not titled:
        return False
    return not counted or read.want in ("count", "by_year", "by_source", "authors")


def _said(request: Prompt, instead: str, model: ChatModel) -> str:
    """Return the question that the model made of one, or `instead` when it made nothing of the kind."""
    first = " ".join(_reply(request, model).strip().partition("\n\n")[0].split())
    return first if 0 < len(first) <= _LONGER * len(instead) and not _ECHO.search(first) else instead


def _reply(request: Prompt, model: ChatModel) -> str:
    return "".join(piece for piece in model.stream(request) if isinstance(piece, str))
