"""Questions to go on with after an answer. Code makes them from the answer and from what a search finds beside it.

They are of kinds that the assistant answers: from the records, or about papers by their names. A detail that the papers of the
answer lack is suggested only where other papers mention it, because the question would be refused otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from rag.assistant import Assistant
from rag.collection import phrasing
from rag.collection.query import Query, parse
from rag.errors import RagError
from rag.questions import analysis
from rag.text import dates
from rag.types import Answer, Hit, Paper

MOST = 3
_MIN_COSINE = 0.4  # of a paper that is near to the question, as in a good match
_SEARCHED = 6  # papers, for newer or older ones
_FIRST_DAY = "0001"  # every paper with a date is from it on
_MAX_TITLE_CHARS = 90  # of a title that a question quotes
_WORD = re.compile(r"[\w-]+")


def after(assistant: Assistant, answer: Answer) -> list[str]:
    """Return at most MOST questions; none after an answer that was cut, or a refusal that found no paper near."""
    papers = _papers(answer) if answer.complete else []
    if not papers:
        return []
    found = (one for one in _questions(assistant, answer, papers) if one.casefold() != answer.question.strip().casefold())
    try:
        return list(islice(found, MOST))
    except RagError:  # a search may need a server; the answer stands without its suggestions
        return []


def _papers(answer: Answer) -> list[Paper]:
    """Return what the questions are about: the papers that the answer cites, or the nearest one of a refusal."""
    if answer.refused:
        nearest = answer.sources[:1]
        return [one.paper for one in nearest if one.hit.dense >= _MIN_COSINE or _asked_of(answer, _name(one.paper))]
    return [source.paper for source in answer.sources if source.cited]


def _questions(assistant: Assistant, answer: Answer, papers: list[Paper]) -> Iterator[str]:
    top, named = papers[0], list(dict.fromkeys(name for paper in papers if (name := _name(paper))))
    if answer.mode != "corpus":
        yield from _about_missing(assistant, answer, papers)
        yield from _by_date(assistant, answer, top)
    if len(named) > 1 and not all(_asked_of(answer, name) for name in named[:2]):
        yield f"How do {named[0]} and {named[1]} differ?"
    if name := _name(top):
        yield f"How does {name} work?"
    if len(top.title) <= _MAX_TITLE_CHARS:
        yield f"What does “{top.title}” propose?"


def _about_missing(assistant: Assistant, answer: Answer, papers: list[Paper]) -> Iterator[str]:
    """Yield a question for other papers that mention a detail which was asked for and which none of `papers` has."""
    for detail in analysis.analyse(answer.standalone_question).details:
        question, wanted = f"Which papers mention {detail.shown}?", detail.shown
        if parse(question) != Query("list", mention=wanted) or any(_mentions(paper, wanted) for paper in papers):
            continue
        if any(_mentions(hit.paper, wanted) for hit in assistant.search(wanted, _SEARCHED, answer.filters)):
            yield question
            return


def _mentions(paper: Paper, words: str) -> bool:
    return phrasing.mentions(f"{paper.title}\n{paper.abstract}", words)


def _by_date(assistant: Assistant, answer: Answer, top: Paper) -> Iterator[str]:
    """Yield a question for the newest papers on the subject, or else the oldest, where a search finds one that is."""
    filters, day = answer.filters, top.published
    if filters.dated or filters.papers:
        return
    newer = replace(filters, since=dates.after(day) if day else _FIRST_DAY)
    spans = {"newest": newer} | ({"oldest": replace(filters, until=dates.before(day))} if day else {})
    for want, span in spans.items():
        near = [hit for hit in assistant.search(answer.standalone_question, _SEARCHED, span) if hit.dense >= _MIN_COSINE]
        if topic := _shared(answer, top, near):
            yield f"What are the {want} papers on {topic}?"
            return


def _shared(answer: Answer, top: Paper, near: list[Hit]) -> str:
    """Return the first words of the paper's title, or of the question, that one of the other papers has too; "" without any.

    Three words are tried before two. Only words that a question about the records may name are taken.
    """
    others = [hit.paper for hit in near if hit.paper.id != top.id]
    for size in (3, 2):
        for text in (top.title, answer.standalone_question):
            words = _WORD.findall(text)
            for start in range(len(words) - size + 1):
                topic = " ".join(words[start : start + size]).lower()
                if _names_a_topic(topic) and any(_mentions(other, topic) for other in others):
                    return topic
    return ""


def _names_a_topic(words: str) -> bool:
    short = any(len(word) < 4 for word in words.split())
    return not short and parse(f"newest papers on {words}") == Query("newest", about=words)


def _asked_of(answer: Answer, name: str) -> bool:
    return bool(name) and name.casefold() in answer.standalone_question.casefold()


def _name(paper: Paper) -> str:
    """Return what a title of the form "Name: what it is" names; "" for another title."""
    name, colon, _ = paper.title.partition(":")
    return name if colon and " " not in name else ""
