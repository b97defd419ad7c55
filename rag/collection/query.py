"""Parses questions about the collection itself, by rules, into a query: how many papers, which ones, how old, by whom.

    "How many papers from 2024 mention LoRA?"  ->  Query("count", mention="LoRA", since="2024", until="2024")

A question is parsed from its first word to its last: a head ("how many papers"), then restrictions (a topic, dates, a source).
If any word is not understood, parse() returns None and retrieval answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from rag.collection import patterns
from rag.collection.patterns import Lacking, Want
from rag.text import dates

RECENT_MONTHS = 3  # that "recent" means, counted back from the latest date of the papers
MAX_TOPIC_WORDS = 5  # a longer topic describes what a paper does
_MAX_TITLE_WORDS = 40
_MAX_QUERY_WORDS = 60  # of the question


@dataclass(frozen=True, slots=True)
class Query:
    """What a question wants to know (`want`), and of which papers. Empty fields do not restrict the papers.

    `mention` is a phrase of the title or abstract. `about` is such a phrase too, or else all its words are. `in_title` is a
    phrase of the title. `title` is the title of the one paper meant. `author` is a name, and `max_authors` how many authors a
    paper may have, 0 for any number. `since` and `until` are ISO prefixes, inclusive.
    `months` counts back from the latest date of the papers. `most` is the number of papers to list, 0 for the default.
    `name_authors` and `name_organisations` say what is asked for too of the papers listed, `also` what else of the same papers.
    `co_author` is a second name, `organisation` the name of one or a part of it. `lacking` says what the records must lack.
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
    author: str = ""
    max_authors: int = 0
    name_authors: bool = False
    name_organisations: bool = False
    also: tuple[Want, ...] = ()
    co_author: str = ""
    organisation: str = ""
    lacking: Lacking | Literal[""] = ""


def parse(question: str) -> Query | None:
    """Return `question` as a query; None when it is not clearly a question about the collection."""
    words = patterns.THANKS.sub("", patterns.POLITE.sub("", question.strip())).split()
    if len(words) > _MAX_QUERY_WORDS:
        return None
    plain, tail = _without_tail(" ".join(words))
    plain = _head_first(plain)
    for want, pattern in patterns.HEADS:
        head = pattern.match(plain)
        query = _query(want, head, head.string[head.end() :].strip()) if head else None
        if query is not None:
            listing = query.want in ("newest", "oldest", "list", "most_authors", "title")
            return replace(query, name_authors=tail == "authors") if listing or not tail else None
    return None


def _without_tail(question: str) -> tuple[str, str]:
    """Return `question` without what it asks besides of the papers that it looks for, ", and by whom?", and what that is."""
    for what, pattern in patterns.TAILS:
        if (tail := pattern.search(question)) and tail.start():
            return question[: tail.start()], what
    return question, ""


def _head_first(question: str) -> str:
    """Return `question` with its head in front: "newest paper on X" for "which paper on X is the newest"."""
    if new := patterns.NEW.match(question):
        return f"{'' if new['dated'] else 'recent '}papers{new['rest']}"
    if topical := patterns.NEW_ON.match(question):
        return f"newest papers on {topical['topic']}{topical['dated']}"
    if there := patterns.THERE_IS.match(question):
        return f"list all papers on {there['topic']}"
    if authored := patterns.AUTHORED.match(question):
        return f"papers by {authored['author']}"
    if most := patterns.MOST_LAST.match(question):
        return f"the {most['noun']} with the most {most['who']}{most['mods']}"
    if last := patterns.TOP_LAST.match(question):
        return f"{last['top']} {last['noun']}{last['mods'] or ''}"
    if mentioned := patterns.MENTIONED.match(question):
        return f"{mentioned['head']} {mentioned['noun']} mention {mentioned['topic']}{mentioned['mods'] or ''}"
    return question


def _query(want: Want, head: re.Match[str], rest: str) -> Query | None:
    groups = {name: value for name, value in head.groupdict().items() if value}
    if "title" in groups:
        title = _title(f"{groups['title']} {rest}".strip() if want != "date" else groups["title"])
        return Query(want, title=title) if title and (want != "date" or not rest) else None
    fields = next(_readings(rest, _before_noun(groups.get("pre", ""))), None)
    if fields is None or not patterns.NO_TOPIC.isdisjoint(groups.get("pre", "").lower().split()):
        return None
    by = fields.pop("by", None)
    if want == "newest" and by:
        return None
    if fields.get("since") or fields.get("until"):
        if fields.get("months", RECENT_MONTHS) != RECENT_MONTHS:
            return None
        fields.pop("months", None)  # "new papers from 2023": the dates take precedence
    if want == "newest":
        want = "oldest" if groups["top"].lower() in ("oldest", "earliest") else "newest"
        default = "0" if groups["noun"].lower().endswith("s") else "1"
        fields["most"] = _number(groups.get("n") or groups.get("m") or default)
    elif want == "most_authors":
        fields["most"] = 1
    elif by:
        want = "by_year" if by == "year" else "by_source"
    query = Query(want, **fields)
    return query if want != "list" or _is_of_records(query, groups) else None


def _is_of_records(query: Query, groups: dict[str, str]) -> bool:
    """Whether the records answer a "list" query. They do not for "find papers on X": retrieval ranks those papers."""
    if query in (Query("list"), replace(Query("list"), about=query.about)):
        return "all" in groups or (not query.about and "show" in groups and "pre" not in groups)
    return True


def _before_noun(text: str) -> dict[str, Any]:
    """Return the fields that the words before the noun give: "recent diffusion" gives months and a topic."""
    words = text.lower().split()
    fields: dict[str, Any] = {"months": RECENT_MONTHS} if {"recent", "new"} & set(words) else {}
    years = [w for w in words if patterns.YEAR_ONLY.match(w)]
    alone = {w for w in words if patterns.SINGLE_AUTHOR.fullmatch(w)}
    fields |= {"max_authors": 1} if alone else {}
    topic = [w for w in text.split() if w.lower() not in patterns.EMPTY_ADJECTIVES | alone and w not in years]
    fields |= {"since": years[0], "until": years[0]} if years else {}
    return fields | {"about": " ".join(topic)} if topic else fields


def _readings(rest: str, fields: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield each way to read `rest`, the text after the head, as `fields` and the fields it adds.

    Nothing is yielded when a word is not understood.
    """
    if not rest:
        if _is_topic(str(fields.get("about", "x"))):
            yield fields
        return
    rest = patterns.FURTHER.sub("", rest) if fields else rest
    for kind, pattern in patterns.RESTRICTIONS:
        if match := pattern.match(rest):
            more = _fields(kind, match)
            if more is not None and not more.keys() & fields.keys():
                yield from _readings(rest[match.end() :].strip(), fields | more)
    for kind, lead, end in patterns.TOPICS:
        if (match := lead.match(rest)) and kind not in fields:
            for topic, after in _topics(rest[match.end() :], kind):
                closed = end.match(after)
                if closed and (kind == "about" or " or " not in topic):
                    yield from _readings(after[closed.end() :].strip(), fields | {kind: topic})


def _topics(rest: str, kind: str) -> Iterator[tuple[str, str]]:
    """Yield each topic that `rest` may start with, the shortest first, and the text after it."""
    if quoted := patterns.QUOTED.match(rest):
        if quoted["quote"].strip() and not re.search(r"['’‘] | ['‘]", quoted["quote"]):
            yield quoted["quote"].strip(), rest[quoted.end() :]
        return
    for space in [m.start() for m in re.finditer(r"(?= )|$", rest)][: MAX_TOPIC_WORDS + 1]:
        topic = re.sub(r"^(?:the|an?) ", "", rest[:space], flags=re.IGNORECASE)
        if _is_topic(topic) and (kind == "about" or patterns.PREPOSITIONS.isdisjoint(topic.lower().split())):
            yield topic, rest[space:]


def _is_topic(text: str) -> bool:
    words = text.lower().split()
    clause = any(w in patterns.CLAUSE_WORDS or patterns.DATE_ONLY.match(w) or not re.search(r"\w", w) for w in words)
    return (
        0 < len(words) <= MAX_TOPIC_WORDS
        and not clause
        and not re.search(r"[,;:()?!\[\]]|(?:^|\W)(?:and|of|for|in|with|on|to|from)$", text)
    )


def _fields(kind: str, match: re.Match[str]) -> dict[str, Any] | None:
    """Return the fields of Query that a restriction gives; None when its date is not in the calendar."""
    groups = match.groupdict()
    a, b = groups.get("a"), groups.get("b")
    if kind == "scope":
        return {}
    if kind == "source":
        return {"source": (a or b or "").strip("\"'“”")}
    if kind == "author":
        return {"author": a or b or ""}
    if kind == "alone":
        return {"max_authors": 1}
    if kind == "by":
        return {"by": str(a).lower()}
    if kind == "ago":
        return {"months": _number(a or "1") * (12 if b.lower().startswith("year") else 1) if b else RECENT_MONTHS}
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


def _number(text: str) -> int:
    return patterns.NUMBERS.get(text.lower()) or int(text)


def _title(text: str) -> str:
    """Return the title in `text`; "" when the text only points at a paper, as "it" and "this paper" do."""
    text = re.sub(r"^(?:the )?(?:paper|article) (?:titled |called )?", "", text, flags=re.IGNORECASE)
    text = re.sub(r" (?:have|has|paper|in (?:the|this|your) (?:collection|library))$", "", text, flags=re.IGNORECASE)
    quoted = patterns.QUOTED.fullmatch(text)
    title = (quoted["quote"] if quoted else re.sub(r"^the (?=\S+$)", "", text)).strip()
    words = [word.strip(",;:") for word in title.lower().split()]
    pointing = bool(words) and (set(words) <= patterns.NOT_A_TITLE or words[0] in ("this", "that", "it", "these", "those"))
    return title if 0 < len(words) <= _MAX_TITLE_WORDS and not pointing else ""
