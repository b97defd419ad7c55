"""Questions about the collection itself, read by rules into a small query: how many, which ones, how old, by whom.

    "How many papers from 2024 mention LoRA?"  ->  Query("count", mention="LoRA", since="2024", until="2024")

Clear ones only. A question is read from its first word to its last, as a head ("how many papers") and what narrows it down
(a topic, dates, a source). If any word is not understood, read() returns None and retrieval answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from rag.collection import patterns
from rag.collection.patterns import Want
from rag.text import dates

RECENT = 3  # months, counted back from the collection's own latest date
LONGEST = 5  # words of a topic; a longer one describes what a paper does
_LONGEST_TITLE = 40  # words
_LONGEST_QUESTION = 60  # words


@dataclass(frozen=True, slots=True)
class Query:
    """What is wanted of which papers. Empty fields narrow nothing; dates are ISO prefixes, both ends inclusive.

    `mention` must stand in a title or abstract as it is, `about` there as it is or else with all its words, `in_title` in
    the title; `title` is one that is looked for. `months` counts back from the collection's latest date. `most` is how
    many to name, 0 for as many as are shown.
    """

    want: Want
    mention: str = ""
    about: str = ""
    in_title: str = ""
    title: str = ""
    source: str = ""
    since: str | None = None
    until: str | None = None
    months: int = 0
    most: int = 0


def read(question: str) -> Query | None:
    """Return the query that `question` is, or None when it is not clearly one about the collection."""
    said = " ".join(patterns.THANKS.sub("", patterns.POLITE.sub("", question.strip())).split())
    if len(said.split()) > _LONGEST_QUESTION:
        return None
    for want, begins in patterns.BEGINS:
        head = begins.match(_plainer(said))
        query = _query(want, head, head.string[head.end() :].strip()) if head else None
        if query is not None:
            return query
    return None


def _plainer(said: str) -> str:
    """Return the question with its head in front: "which paper on X is the newest" is "newest paper on X"."""
    if new := patterns.NEW.match(said):
        return f"{'' if new['dated'] else 'recent '}papers{new['rest']}"
    if last := patterns.LAST.match(said):
        return f"{last['top']} {last['noun']}{last['mods'] or ''}"
    if mentioned := patterns.MENTIONED.match(said):
        return f"{mentioned['head']} {mentioned['noun']} mention {mentioned['topic']}{mentioned['mods'] or ''}"
    return said


def _query(want: Want, head: re.Match[str], rest: str) -> Query | None:
    said = {name: value for name, value in head.groupdict().items() if value}
    if "title" in said:
        title = _named(want, f"{said['title']} {rest}".strip() if want != "date" else said["title"])
        return Query(want, title=title) if title and (want != "date" or not rest) else None
    fields = next(_narrowed(rest, _pre(said.get("pre", ""))), None)
    if fields is None or not patterns.NO_TOPIC.isdisjoint(said.get("pre", "").lower().split()):
        return None
    by = fields.pop("by", None)
    if want == "newest" and by:
        return None
    if fields.get("since") or fields.get("until"):
        if fields.get("months", RECENT) != RECENT:
            return None
        fields.pop("months", None)  # "new papers from 2023": the dates that are said are what counts
    if want == "newest":
        want = "oldest" if said["top"].lower() in ("oldest", "earliest") else "newest"
        fields["most"] = _count(said.get("n") or said.get("m") or ("0" if said["noun"].lower().endswith("s") else "1"))
    elif by:
        want = "by_year" if by == "year" else "by_source"
    query = Query(want, **fields)
    return query if want != "list" or _is_of_records(query, said) else None


def _is_of_records(query: Query, said: dict[str, str]) -> bool:
    """Whether a list is one of records. "Find papers on X" is not: which papers those are is for retrieval to say."""
    if query in (Query("list"), replace(Query("list"), about=query.about)):
        return "all" in said or (not query.about and "show" in said and "pre" not in said)
    return True


def _pre(said: str) -> dict[str, Any]:
    """Return the fields that the words before the noun give: "recent diffusion" are months and a topic."""
    words = said.lower().split()
    fields: dict[str, Any] = {"months": RECENT} if {"recent", "new"} & set(words) else {}
    years = [w for w in words if patterns.YEAR.match(w)]
    topic = [w for w in said.split() if w.lower() not in patterns.SAYS_NOTHING and w not in years]
    fields |= {"since": years[0], "until": years[0]} if years else {}
    return fields | {"about": " ".join(topic)} if topic else fields


def _narrowed(rest: str, fields: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the readings of what follows a head, each as the fields it gives; none when a word of it is not understood."""
    if not rest:
        if _is_topic(str(fields.get("about", "x"))):
            yield fields
        return
    for kind, pattern in patterns.NARROWED:
        if match := pattern.match(rest):
            more = _fields(kind, match)
            if more is not None and not more.keys() & fields.keys():
                yield from _narrowed(rest[match.end() :].strip(), fields | more)
    for kind, lead, end in patterns.LEADS:
        if (match := lead.match(rest)) and kind not in fields:
            for topic, behind in _topics(rest[match.end() :], kind):
                if closed := end.match(behind):
                    yield from _narrowed(behind[closed.end() :].strip(), fields | {kind: topic})


def _topics(rest: str, kind: str) -> Iterator[tuple[str, str]]:
    """Yield what the topic at the beginning of `rest` may be, the shortest first, and what is behind it."""
    if quoted := patterns.QUOTED.match(rest):
        if quoted["said"].strip() and not re.search(r"['’‘] | ['‘]", quoted["said"]):
            yield quoted["said"].strip(), rest[quoted.end() :]
        return
    for space in [m.start() for m in re.finditer(r"(?= )|$", rest)][: LONGEST + 1]:
        topic = re.sub(r"^(?:the|an?) ", "", rest[:space], flags=re.IGNORECASE)
        if _is_topic(topic) and (kind == "about" or patterns.PLACES.isdisjoint(topic.lower().split())):
            yield topic, rest[space:]


def _is_topic(said: str) -> bool:
    words = said.lower().split()
    clause = any(w in patterns.CLAUSE or patterns.DATE.match(w) or not re.search(r"\w", w) for w in words)
    return (
        0 < len(words) <= LONGEST
        and not clause
        and not re.search(r"[,;:()?!\[\]]|(?:^|\W)(?:and|of|for|in|with|on|to|from)$", said)
    )


def _fields(kind: str, match: re.Match[str]) -> dict[str, Any] | None:
    """Return the fields of Query that a narrowing gives; None for a date that is none."""
    said = match.groupdict()
    a, b = said.get("a"), said.get("b")
    if kind == "scope":
        return {}
    if kind == "source":
        return {"source": (a or b or "").strip("\"'“”")}
    if kind == "by":
        return {"by": str(a).lower()}
    if kind == "ago":
        return {"months": _count(a or "1") * (12 if b.lower().startswith("year") else 1) if b else RECENT}
    first, last = dates.to_iso(a or b or ""), dates.to_iso(b or a or "")
    if first is None or last is None:
        return None
    if kind == "between":
        first, last = sorted((first, last))
    return {
        "between": {"since": first, "until": last},
        "in": {"since": first, "until": last},
        "since": {"since": first},
        "after": {"since": dates.after(first)},
        "before": {"until": dates.before(first)},
        "until": {"until": first},
    }[kind]


def _count(said: str) -> int:
    return patterns.NUMBERS.get(said.lower()) or int(said)


def _named(want: Want, said: str) -> str:
    """Return the title that is said, or nothing when it only points at one."""
    said = re.sub(r"^(?:the )?(?:paper|article) (?:titled |called )?", "", said, flags=re.IGNORECASE)
    said = re.sub(r" (?:have|has|paper|in (?:the|this|your) (?:collection|library))$", "", said, flags=re.IGNORECASE)
    quoted = patterns.QUOTED.fullmatch(said)
    title = (quoted["said"] if quoted else re.sub(r"^the (?=\S+$)", "", said)).strip()
    words = title.lower().split()
    pointing = bool(words) and (set(words) <= patterns.NOT_A_TITLE or words[0] in ("this", "that", "it", "these", "those"))
    return title if 0 < len(words) <= _LONGEST_TITLE and not pointing else ""
