"""Questions about the collection itself, read by rules into a small query: how many, which ones, how old, by whom.

    "How many papers from 2024 mention LoRA?"  ->  Query("count", mention="LoRA", since="2024", until="2024")

Clear ones only. A question is read from its first word to its last, as a head ("how many papers") and what narrows it down
(a topic, dates, a source); with one word too many it is a question of what papers say, which is not for this room.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from rag import dates
from rag.dates import DAY

Want = Literal["count", "list", "newest", "oldest", "by_year", "by_source", "range", "title", "authors", "date"]
RECENT = 3  # months, counted back from the collection's own latest date
LONGEST = 5  # words of a topic; a longer one describes what a paper does
_LONGEST_TITLE = 40  # words


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


_NOUN = r"(?:papers?|abstracts?|articles?|publications?)"
_HERE = r"(?:the|this|your|our|my) (?:whole |entire )?(?:collection|library|corpus|database)"
_NUMBERS = {word: n for n, word in enumerate("two three four five six seven eight nine ten".split(), 2)}
_N = r"\d{1,2}|" + "|".join(_NUMBERS)
_TOP = r"newest|latest|most recent|most recently published|oldest|earliest"
_SHOW = r"(?:list|show|give|find|name|display|get)(?: me)?"
_WHAT = r"(?:what|which)(?: is| are| was| were)?|what['’]s"
_PRE = rf"(?:(?P<pre>(?!(?:{_TOP})\b)\S+(?: \S+){{0,2}}?) )?"  # "diffusion" of "how many diffusion papers"
_COUNT = rf"(?:how many|(?:(?:{_WHAT}) )?(?:the )?(?:total )?number of)"
_SPAN = r"(?:years|dates|period|time period|time span|date range|range of (?:dates|years))"
_ANY = r"(?:which|what|any|are there(?: any)?|is there (?:an?|any)|do you have(?: any)?|does any|do any)"
_TITLE = r"(?P<title>.+)"
_CALLED = (
    r"(?:(?:is|was|are|that is) )?(?:titled|entitled|called|named|with the (?:title|name)|by the (?:title|name))"
    r"(?: of)?(?: something)?(?: (?:like|similar to))? (?!after |for )" + _TITLE
)
# What a question begins with, up to the noun; what follows narrows it down.
_HEADS: tuple[tuple[Want, str], ...] = (
    ("title", rf"(?:(?:which|what|{_SHOW} (?:the|an?)|(?:is|are) there (?:an?|any)) )?{_NOUN} {_CALLED}"),
    ("title", rf"(?:do|does) (?:you|we|{_HERE}) (?:have|contain|hold) (?:the|an?|any) {_NOUN} {_CALLED}"),
    ("authors", rf"{_COUNT} (?:co-?)?authors (?:(?:does|did|do) (?=.* have$)|(?:has|have|of|are on|wrote) ){_TITLE}"),
    ("authors", rf"(?:who (?:wrote|authored|(?:is|are) the (?:co-?)?authors? of)|(?:list |name )?the authors of) {_TITLE}"),
    ("range", rf"(?:what|which) {_SPAN} (?:does|do|is|are) (?:{_HERE}|the {_NOUN})(?: cover| span| from| covered)?"),
    ("range", rf"(?:what|which) (?:years|dates) are (?:covered|there|in {_HERE})"),
    ("range", rf"(?:(?:{_WHAT}) )?the {_SPAN} (?:of|covered by) (?:{_HERE}|the {_NOUN})"),
    ("range", rf"how far back (?:does|do) (?:{_HERE}|the {_NOUN}) go"),
    ("by_source", rf"(?:what|which) sources (?:does {_HERE} have|do you have|are there|are in {_HERE})"),
    ("by_source", rf"list (?:all )?the sources|where do (?:the|your) {_NOUN} come from"),
    ("count", rf"how (?:big|large) is {_HERE}|(?:(?:{_WHAT}) )?the size of {_HERE}"),
    ("count", rf"(?:{_COUNT}|count|give me the number of)(?: (?:all )?(?:of )?(?:the|your|our|my|all))? {_PRE}{_NOUN}"),
    (
        "newest",
        rf"(?:(?:{_WHAT}|{_SHOW}|when (?:was|is)|how old is) )?(?:the )?(?:(?P<n>{_N}) )?(?P<top>{_TOP}) (?:(?P<m>{_N}) )?"
        rf"{_PRE}(?P<noun>{_NOUN})",
    ),
    ("date", r"when (?:was|did|were) (?P<title>.+?) (?:published|released|posted|come out|appear)"),
    ("list", rf"(?P<show>{_SHOW}|what are)(?: (?:(?P<all>all)(?: of)?|every|the|any|some|a list of))* {_PRE}{_NOUN}"),
    ("list", rf"(?:{_ANY} )?{_PRE}{_NOUN}"),
)
_PUBLISHED = (
    r"(?:(?:that |which )?(?:was |were |are |is |has been |have been )?"
    r"(?:published |dated |released |written |posted |out )?|came out |come out )"
)
_LISTED = r"(?:that |which )?(?:are |were )?listed (?:by|in)"
# What narrows a question down, in any order; `a` and `b` are what it says.
_NARROWS: tuple[tuple[str, str], ...] = (
    ("by", r"(?:(?:are there|do you have|were published|come) )?(?:per|by|for each|in each|from each|each) (?P<a>year|source)"),
    ("between", rf"{_PUBLISHED}(?:between|from|in) (?P<a>{DAY})(?: (?:and|to|until|till|through) | ?[-–] ?)(?P<b>{DAY})"),
    ("since", rf"{_PUBLISHED}(?:since (?P<a>{DAY})|(?:from|in) (?P<b>{DAY})(?: onwards?| or later| and later| on$))"),
    ("after", rf"{_PUBLISHED}(?:from )?after (?P<a>{DAY})"),
    ("before", rf"{_PUBLISHED}(?:from )?before (?P<a>{DAY})"),
    ("until", rf"{_PUBLISHED}(?:until|till|up to) (?P<a>{DAY})"),
    ("in", rf"{_PUBLISHED}(?:from|in|of|during) (?:the year )?(?P<a>{DAY})|dated (?P<b>{DAY})"),
    ("ago", rf"{_PUBLISHED}(?:in|from|over|of|within) the (?:last|past) (?:(?P<a>{_N}) )?(?P<b>months?|years?)"),
    ("ago", rf"{_PUBLISHED}recently"),
    ("scope", rf"(?:(?:that )?are |is )?(?:held |stored |indexed |there )?(?:in|of) {_HERE}|(?:are|is) (?:there|here)|here"),
    (
        "scope",
        rf"(?:do|have) (?:you|we) (?:have|got|hold)|(?:that )?(?:you|we) have|does {_HERE} (?:have|hold|contain|include)",
    ),
    ("scope", r"in total|in all|altogether|overall|(?:are )?available|(?:was |were )?(?:published|released)"),
    ("source", rf"(?:{_LISTED}|(?:(?:that |which )?(?:are |were |come )?(?:from|in))) (?:the )?source (?P<a>\S+)"),
    ("source", rf"{_LISTED} (?P<a>\S+)"),
)
_HAVING = r"(?:have|has|having|with|containing|contains?|mentions?|mentioning)"
# What comes before a topic, and what may end it.
_TOPICS: tuple[tuple[str, str, str], ...] = (
    ("in_title", rf"(?:that |which )?{_HAVING}(?: the words?)? ", r" in (?:the|their|its) titles?"),
    ("in_title", r"whose titles? (?:has|have|contains?|mentions?) ", ""),
    ("mention", r"(?:that |which )?(?:mentions?|mentioning)(?: both| the (?:word|term|phrase|name)s?)? ", ""),
    ("mention", rf"(?:that |which )?(?:{_HAVING}|uses?) the (?:word|term|phrase)s? ", ""),
    ("about", r"(?:that |which )?(?:are |is |were )?(?:on|about|regarding|concerning|dealing with)(?: the topic of)? ", ""),
    ("about", r"(?:that |which )?(?:deals? with|discuss(?:es)?|covers?|talks? about) ", ""),
)


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{pattern})(?=$| )", re.IGNORECASE)


_BEGINS = tuple((want, _compiled(pattern)) for want, pattern in _HEADS)
_NARROWED = tuple((kind, _compiled(pattern)) for kind, pattern in _NARROWS)
_LEADS = tuple((kind, re.compile(lead, re.I), re.compile(rf"{end}(?=$| )", re.I)) for kind, lead, end in _TOPICS)
_LAST = _compiled(rf"^(?:which|what) (?P<noun>{_NOUN})(?P<mods> .+?)? (?:is|are|was|were) (?:the )?(?P<top>{_TOP})(?: ones?)?$")
_MENTIONED = _compiled(
    rf"^(?:in )?(?P<head>how many|which) (?P<noun>{_NOUN}) (?:is|are|does|do) (?P<topic>.+?) (?:mentioned|appear|occur)"
    r"(?P<mods> (?:in|from|since|before|after|between) .+)?$"
)
_NEW = re.compile(
    rf"(?:what is|what['’]s|is there anything|anything) new(?P<rest>(?: here| in {_HERE})?(?P<dated> (?:since|in|from|after) "
    rf"{DAY})?)$",
    re.IGNORECASE,
)
_POLITE = re.compile(
    r"^(?:(?:please|hey|hi|hello|ok|okay|so|and|now|can you|could you|would you|do you know|i(?:['’]d| would) like to know|"
    r"i want to know|tell me|let me know|roughly|exactly)[, ]+)+",
    re.IGNORECASE,
)
_THANKS = re.compile(r"(?:[,. ]+(?:please|pls|thanks|thank you))?[\s?.!]*$", re.IGNORECASE)
_QUOTED = re.compile(r"[\"“”„«'‘](?P<said>[^\"“”„«»]+)[\"“”»'’](?=$| )")
_YEAR = re.compile(r"(?:19|20)\d\d$")
# A topic with one of these is a clause: it says something of papers, or points at what was said before.
_CLAUSE = frozenset(
    "that which who whom whose how why when where what whether if than as is are was were be been being do does did has have "
    "had can could will would should may might must use uses used using not no without or nor but except they it its their "
    "them over this these those we i you he she there any each every all most more less least other others such only both same "
    "another many much several few at by into per via versus vs against mention mentions mentioned "
    # verbs, of which "papers on speech beat Whisper" has one
    "beat beats outperform outperforms surpass surpasses improve improves propose proposes introduce introduces achieve "
    "achieves report reports compare compares claim claims evaluate evaluates show shows find finds need needs require "
    "requires rely relies fail fails exceed exceeds make makes take takes get gets give gives combine combines apply "
    "applies train trains "
    "help helps solve solves reduce reduces increase increases become becomes win wins receive receives contribute run runs "
    "reach reaches include includes provide provides cite cites cited say says agree disagree contain contains suffer suffers "
    "explain explains want wants accepted rejected reviewed presented go goes come comes tell tells work works".split()
)
_PLACES = frozenset("in on for with from".split())  # "genes in PubMed" is no phrase to be looked for as it stands
_NOT_A_TITLE = frozenset("it this that them they these those he she one him her the paper article authors".split())
_SAYS_NOTHING = frozenset("published different distinct indexed stored research scientific total recent new".split())


def read(question: str) -> Query | None:
    """Return the query that `question` is, or None when it is not clearly one about the collection."""
    said = " ".join(_THANKS.sub("", _POLITE.sub("", question.strip())).split())
    for want, begins in _BEGINS:
        head = begins.match(_plainer(said))
        query = _query(want, head, head.string[head.end() :].strip()) if head else None
        if query is not None:
            return query
    return None


def _plainer(said: str) -> str:
    """Return the question with its head in front: "which paper on X is the newest" is "newest paper on X"."""
    if new := _NEW.match(said):
        return f"{'' if new['dated'] else 'recent '}papers{new['rest']}"
    if last := _LAST.match(said):
        return f"{last['top']} {last['noun']}{last['mods'] or ''}"
    if mentioned := _MENTIONED.match(said):
        return f"{mentioned['head']} {mentioned['noun']} mention {mentioned['topic']}{mentioned['mods'] or ''}"
    return said


def _query(want: Want, head: re.Match[str], rest: str) -> Query | None:
    said = {name: value for name, value in head.groupdict().items() if value}
    if "title" in said:
        title = _named(want, f"{said['title']} {rest}".strip() if want != "date" else said["title"])
        return Query(want, title=title) if title and (want != "date" or not rest) else None
    fields = next(_narrowed(rest, _pre(said.get("pre", ""))), None)
    if fields is None:
        return None
    if want == "newest":
        want = "oldest" if said["top"].lower() in ("oldest", "earliest") else "newest"
        fields["most"] = _count(said.get("n") or said.get("m") or ("0" if said["noun"].lower().endswith("s") else "1"))
    elif by := fields.pop("by", None):
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
    years = [w for w in words if _YEAR.match(w)]
    topic = [w for w in said.split() if w.lower() not in _SAYS_NOTHING and w not in years]
    fields |= {"since": years[0], "until": years[0]} if years else {}
    return fields | {"about": " ".join(topic)} if topic else fields


def _narrowed(rest: str, fields: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the readings of what follows a head, each as the fields it gives; none when a word of it is not understood."""
    if not rest:
        if _is_topic(str(fields.get("about", "x"))):
            yield fields
        return
    for kind, pattern in _NARROWED:
        if match := pattern.match(rest):
            more = _fields(kind, match)
            if more is not None and not more.keys() & fields.keys():
                yield from _narrowed(rest[match.end() :].strip(), fields | more)
    for kind, lead, end in _LEADS:
        if (match := lead.match(rest)) and kind not in fields:
            for topic, behind in _topics(rest[match.end() :], kind):
                if closed := end.match(behind):
                    yield from _narrowed(behind[closed.end() :].strip(), fields | {kind: topic})


def _topics(rest: str, kind: str) -> Iterator[tuple[str, str]]:
    """Yield what the topic at the beginning of `rest` may be, the shortest first, and what is behind it."""
    if quoted := _QUOTED.match(rest):
        yield quoted["said"].strip(), rest[quoted.end() :]
        return
    for space in [m.start() for m in re.finditer(r"(?= )|$", rest)][: LONGEST + 1]:
        topic = re.sub(r"^(?:the|an?) ", "", rest[:space], flags=re.IGNORECASE)
        if _is_topic(topic) and (kind == "about" or _PLACES.isdisjoint(topic.lower().split())):
            yield topic, rest[space:]


def _is_topic(said: str) -> bool:
    words = said.lower().split()
    clause = any(w in _CLAUSE or _YEAR.match(w) or not re.search(r"\w", w) for w in words)
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
    first, last = dates.iso(a or b or ""), dates.iso(b or a or "")
    if first is None or last is None:
        return None
    return {
        "between": {"since": first, "until": last},
        "in": {"since": first, "until": last},
        "since": {"since": first},
        "after": {"since": dates.after(first)},
        "before": {"until": dates.before(first)},
        "until": {"until": first},
    }[kind]


def _count(said: str) -> int:
    return _NUMBERS.get(said.lower()) or int(said)


def _named(want: Want, said: str) -> str:
    """Return the title that is said, or nothing when it only points at one."""
    said = re.sub(r"^(?:the )?(?:paper|article) (?:titled |called )?", "", said, flags=re.IGNORECASE)
    said = re.sub(r" (?:have|has|paper|in (?:the|this|your) (?:collection|library))$", "", said, flags=re.IGNORECASE)
    quoted = _QUOTED.fullmatch(said)
    title = (quoted["said"] if quoted else re.sub(r"^the (?=\S+$)", "", said)).strip()
    words = title.lower().split()
    pointing = bool(words) and (set(words) <= _NOT_A_TITLE or words[0] in ("this", "that", "it", "these", "those"))
    return title if 0 < len(words) <= _LONGEST_TITLE and not pointing else ""
