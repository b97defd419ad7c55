"""Turns what a question wants, in whatever words, into a query: what the strict rules of rag.collection.query leave.

"who's behind the tundra paper, and how old is it?"  ->  Query("authors", title="tundra paper", also=("date",))
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from rag.collection import patterns, wording
from rag.collection.patterns import Lacking, Want
from rag.collection.query import RECENT_MONTHS, Query
from rag.collection.wording import Meant
from rag.text import dates, language, names

MAX_CONTENT = 0.2  # probability that a question is about contents; above it, it is not answered from the records
MAX_CONTENT_WHEN_SURE, SURE = 0.6, 0.8  # the same where something wanted of the records is so probable
MIN_WANTED = 0.15  # probability of something wanted; the likeliest one needs less
MIN_LIKELIEST = 0.2
MIN_ALONE = 0.2  # probability that papers of one author are meant
_OF_ONE_PAPER: tuple[Want, ...] = ("authors", "date", "organisation", "title")
_DATES = re.compile(dates.WRITTEN_DATE, re.IGNORECASE)
_WRITTEN = re.compile(
    rf"(?:\b(?:since|after|before|until|till|from|in|during|between|up to|older than|newer than) )?{dates.WRITTEN_DATE}"
    r"(?: (?:onwards?|or later|and later))?",
    re.IGNORECASE,
)
_SINCE = re.compile(r"\b(?:since|onwards?|start\w*|later|beginning)\b|\+$", re.IGNORECASE)
_AFTER = re.compile(r"\b(?:after|past|newer|later than|more recent)\b", re.IGNORECASE)
_BEFORE = re.compile(r"\b(?:before|prior|older|earlier|pre)\b", re.IGNORECASE)
_UNTIL = re.compile(r"\b(?:until|till|up to|through)\b", re.IGNORECASE)
_HALF = re.compile(rf"\b(?P<which>first|second) half of (?P<year>{dates.YEAR})\b", re.IGNORECASE)
_ALL_ELSE = re.compile(
    r"\b(?:published|released|dated|appeared|in|on|of|the|year|years?|month|months?|from|between|and|or|to|both|only|inclusive|included|"
    r"came|out|than|was|were|is|are|that|which|date|back|at|end|s|since|then|now|today|present|till|one|ones)\b|[-–,.'’()+]",
    re.IGNORECASE,
)
_MONTHS = re.compile(rf"\b(?:last|past|previous) (?:(?P<n>{patterns.COUNTED}) )?(?P<unit>months?|years?)\b", re.IGNORECASE)
_RECENT = re.compile(r"\b(?:recent|recently|new|lately|these days|nowadays)\b", re.IGNORECASE)
_WITHOUT = r"(?:\b(?:no|not|without|w/o|empty|unknown|nobody|lack\w*|miss(?:es|ing)?)\b|n['’]t\b)"
_EMPTY = r"\b(?:empty|blank|missing|absent|unknown)\b"
# What a record lacks, the words for it, and words that say so by themselves.
_LACKING: tuple[tuple[Lacking, str, str], ...] = (
    ("date", r"dates?|years?", "undated"),
    ("authors", r"authors?|names?|signed", "anonymous|unsigned"),
    ("organisation", r"organi[sz]ations?|affiliations?|institut\w+", "unaffiliated"),
)
_LACKS = tuple(
    (what, re.compile(rf"{_WITHOUT}.{{0,30}}?\b(?:{of})\b|\b(?:{of})\b.{{0,20}}?{_EMPTY}|\b(?:{own})\b", re.I))
    for what, of, own in _LACKING
)
_NEGATING = re.compile(r"\b(?:not|no|nor|without|except|never)\b|n['’]t\b", re.IGNORECASE)
_ALONE = re.compile(r"\b(?:single|sole|solo|lone|one|1|alone|own|only|himself|herself)\b", re.IGNORECASE)
_COMPARES = re.compile(r"\b(?:compare[ds]?|versus|vs)\b", re.IGNORECASE)
_BY_MONTH = re.compile(r"\bmonth", re.IGNORECASE)
_NOUN = r"(?:paper|article|study|work|one|abstract|publication|preprint)"
_PAPERS = re.compile(
    r"\b(?:papers|articles|studies|works|ones|abstracts|publications|preprints|entries|items)\b", re.IGNORECASE
)
_SAYS_PAPERS = re.compile(rf"\b(?:{_NOUN}s?|studies|entries|items|records|texts|much|collection|library)\b", re.IGNORECASE)
# What stands before and behind the words that describe a paper.
_THE_PAPER = re.compile(
    rf"^(?:the |that |this |an? |your |our )?(?:{_NOUN} )?(?:(?:on|about|titled|called|named|with|that|which|where|of|for) )?"
    rf"(?:the )?|(?:['’]s)?(?: {_NOUN})?$",
    re.IGNORECASE,
)


def query(question: str) -> Query | None:
    """Return `question` as a query; None when it is about contents, or when not all of it is understood.

    Raises EmbedderError when the small model cannot be opened.
    """
    if language.is_foreign(question):
        return None
    read = wording.read(question)
    wants = _wants(read)
    if not wants:
        return None
    dated = when(_written(question, read))
    if dated is None:
        return None
    if wants == ["untold"]:
        return Query("untold", title=_described(read.first("title") or read.first("topic")))
    authors = read.slots.get("author", ())
    fields: dict[str, Any] = {
        "author": _person(authors[0]) if authors else "",
        "co_author": _person(authors[1]) if len(authors) > 1 else "",
        "organisation": _person(read.first("organisation")),
        "max_authors": 1 if read.wants["alone"] > MIN_ALONE and _ALONE.search(question) else 0,
        **dated,
    }
    of_one = [want for want in _OF_ONE_PAPER if want in wants]
    if len(of_one) == len(wants) and (title := _described(read.first("title"))):
        return Query(of_one[0], title=title, also=tuple(of_one[1:]))
    topic = read.first("topic") or _described(read.first("title"))
    lacking = next((what for what, pattern in _LACKS if pattern.search(question)), None)
    if not _all_read(question, read) or (lacking is None and _NEGATING.search(question)):
        return None
    others = _of_papers(wants, question, together=len(authors) > 1, chosen=lacking is not None or bool(fields["max_authors"]))
    others = others or (["list"] if topic or any(fields.values()) else [])
    if not others:
        return None
    if others == ["count"] and not (lacking or any(fields.values()) or _SAYS_PAPERS.search(question)):
        return None  # "DataMan: how many criteria?"
    if others == ["list"] and not (lacking or any(fields.values()) or of_one):
        return None  # a topic alone is searched for
    return Query(
        others[0],
        about=topic,
        also=tuple(others[1:]),
        most=_number(read.first("n")) or (1 if others[0] in ("newest", "oldest") and not _PAPERS.search(question) else 0),
        name_authors="authors" in of_one,
        name_organisations="organisation" in of_one,
        lacking=lacking or "",
        **fields,
    )


def of_paper(question: str) -> tuple[Want, ...]:
    """Return what `question` wants to know of the one paper that it points at, as "Who wrote it, and when?"; () for nothing.

    Raises EmbedderError.
    """
    read = wording.read(question)
    wants = _wants(read)
    named = {word for texts in read.slots.values() for text in texts for word in text.lower().split()}
    told: tuple[Want, ...] = (*_OF_ONE_PAPER, "untold")
    of_one = tuple(want for want in told if want in wants)
    return of_one if len(of_one) == len(wants) and named <= patterns.NOT_A_TITLE and not names.mentioned(question) else ()


def _wants(read: Meant) -> list[Want]:
    """Return what is wanted, the likeliest two at most; [] for a question about contents."""
    told = [want for want in wording.WANTS if want not in ("content", "alone")]
    likely = sorted(told, key=lambda want: -read.wants[want])[:2]
    sure = read.wants[likely[0]]
    if sure < MIN_LIKELIEST or read.wants["content"] > (MAX_CONTENT_WHEN_SURE if sure >= SURE else MAX_CONTENT):
        return []
    if likely[0] == "untold":
        return ["untold"] if sure >= SURE else []
    more = [want for want in likely[1:] if read.wants[want] >= MIN_WANTED and want != "untold"]
    return [likely[0], *more]  # type: ignore[list-item]


def _of_papers(wants: Sequence[Want], question: str, *, together: bool, chosen: bool) -> list[Want]:
    """Return what is wanted of several papers.

    Papers of two people `together` are listed, and so are those `chosen` by what their records lack or by their one author.
    """
    others = [want for want in wants if want not in _OF_ONE_PAPER]
    if chosen or (together and "coauthors" in others):
        return ["count"] if "count" in others else ["list"]
    if "count" in others and _COMPARES.search(question):
        return ["by_year"]
    return ["by_month" if want == "by_year" and _BY_MONTH.search(question) else want for want in others]


def _all_read(question: str, read: Meant) -> bool:
    """Whether each name in `question` is in a slot: papers that beat Whisper are not to be counted without Whisper."""
    slots = " ".join(text for texts in read.slots.values() for text in texts)
    return all(name in slots for name in names.mentioned(question) if not dates.is_month(name))


def _written(question: str, read: Meant) -> str:
    """Return the words of the dates of `question`: those in their slot, else those that are in no other slot."""
    if read.slots.get("when"):
        return " and ".join(read.slots["when"])
    slots = " ".join(text for texts in read.slots.values() for text in texts)
    return " and ".join(found.group() for found in _WRITTEN.finditer(question) if found.group() not in slots)


def when(text: str) -> dict[str, Any] | None:
    """Return the fields of a query that the words of a date give, {} for none; None when not all of them are understood."""
    if not text:
        return {}
    if half := _HALF.search(text):
        first, last = ("01", "06") if half["which"].lower() == "first" else ("07", "12")
        return {"since": f"{half['year']}-{first}", "until": f"{half['year']}-{last}"}
    left = text
    for cue in (_DATES, _SINCE, _AFTER, _BEFORE, _UNTIL, _MONTHS, _RECENT, _ALL_ELSE):
        left = cue.sub(" ", left)
    found = [dates.to_iso(written) for written in _DATES.findall(text)]
    if left.strip() or None in found:
        return None
    days = sorted(day for day in found if day)
    if len(days) > 1:
        return {"since": days[0], "until": days[-1]}
    return _from_one(days[0], text) if days else _counted_back(text)


def _from_one(day: str, text: str) -> dict[str, Any]:
    """Return the fields for one `day` by the words round it."""
    if _BEFORE.search(text):
        return {"until": dates.before(day)}
    if _UNTIL.search(text):
        return {"until": day}
    if _AFTER.search(text):
        return {"since": dates.after(day)}
    return {"since": day} if _SINCE.search(text) else {"since": day, "until": day}


def _counted_back(text: str) -> dict[str, Any] | None:
    if back := _MONTHS.search(text):
        return {"months": _number(back["n"] or "1") * (12 if back["unit"].lower().startswith("year") else 1)}
    return {"months": RECENT_MONTHS} if _RECENT.search(text) else None


def _described(text: str) -> str:
    """Return the words that name or describe a paper, without "the paper on" before and "paper" behind."""
    return _THE_PAPER.sub("", text).strip()


def _person(text: str) -> str:
    return re.sub(r"['’]s?$|^(?:the|by|from) ", "", text, flags=re.IGNORECASE)


def _number(text: str) -> int:
    return patterns.NUMBERS.get(text.lower()) or (int(text) if text.isdecimal() and len(text) < 3 else 0)
