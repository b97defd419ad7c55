"""Analyses a question by rules for English: which kind of answer it asks for, about which subjects, and for which details.

A question that no rule recognises is of the kind "other" and has no details.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from rag.text.words import WORD_PATTERN, content_words

Kind = Literal["definition", "comparison", "list", "amount", "other"]

_END = r"(?=[?.!,;:]|\s-\s|$)"
_DEFINITION = re.compile(
    r"^(?:so |and |please |hey |hi )*(?:(?P<does>what does)|what(?:['’]?s| is| are)|who(?:['’]s| is)|define|explain|describe|"
    r"tell me about|what do you know about)\s+(?:to me\s+)?(?:an?\s+|the\s+)?"
    r"(?!(?:it|its|they|their|them|this|that|these|those|he|she|we|you)\b)(?P<subject>.+?)"
    r"(?(does)\s+(?:mean|stand for|do)|(?:\s+(?:mean|stand for|about|used for|do|for|to me))?)" + _END,
    re.IGNORECASE,
)
_ASPECT = (
    r"with (?:regard|respect) to|in terms of|regarding|concerning|by (?:the|how|what|its|their)"
    r"|(?:in|on) (?:how|what|their|its)"
)
_COMPARED_END = rf"(?=[?!,;:]|\.(?:\s|$)|\s[-–—]\s|\s(?:{_ASPECT})\b|$)"
_ET_AL = re.compile(r"\s+et al\.?|\s+and (?:co-authors|colleagues)|\s+\(?(?:19|20)\d\d\)?$", re.IGNORECASE)
_KIND_OF_WORK = frozenset("paper papers study work method approach model article".split())
_VERSUS = re.compile(
    rf"(?P<one>[^,;:?]+?)\s+(?:vs\.?|versus)\s+(?P<other>[^,;:?]+?){_COMPARED_END}"
    rf"|^(?P<a>\S+(?:\s+\S+){{0,2}}?)\s+compared (?:to|with)\s+(?P<b>[^,;:?]+?){_COMPARED_END}",
    re.IGNORECASE,
)
_COMPARE = re.compile(
    r"^(?P<x>[^,;:?]+?)\s+and\s+(?P<y>[^,;:?]+?)[:,]\s(?=.*\beach\b)"
    r"|\b(?:compare|contrast|differences? between|distinguishes|differ(?:s)? from)\s+"
    rf"(?P<one>.+?)\s+(?:and|with|from|to)\s+(?P<other>[^,;:?]+?){_COMPARED_END}"
    r"|\bhow (?:do|does|is|are)\s+(?P<a>.+?)\s+"
    rf"(?:and\s+(?P<b>.+?)\s+(?:compare|differ|relate)|(?:differ|different)\s+from\s+(?P<c>[^,;:?]+?){_COMPARED_END})",
    re.IGNORECASE,
)
_SEVERAL = (
    "papers|works|methods|approaches|abstracts|studies|systems|libraries|techniques|algorithms|ideas|ways|remedies|"
    "proposals|surveys"
)
_COMPARE_ALL = re.compile(
    rf"\b(?:compare|contrast|differences? between)\s+(?:these|those|the)\s+(?:\w+\s+)?(?:{_SEVERAL})\b"
    rf"|\bhow (?:do|are)\s+(?:these|those|the)\s+(?:\w+\s+)?(?:{_SEVERAL})\b[^,;:?]{{0,60}}?"
    r"\s+(?:compare|differ|different|relate)\b",
    re.IGNORECASE,
)
_AGREEMENT = re.compile(
    r"\b(?:(?:dis)?agree(?:ment|s)?|contradict\w*|conflict(?:ing|s)?|inconsisten\w+|controvers\w+|at odds|in line with each)\b",
    re.IGNORECASE,
)
_LISTED = re.compile(r",\s+(?:and\s+)?")  # between the first of three or more that are compared
_QUOTED = re.compile(r"[“\"]([^“”\"]+)[”\"]")  # a title, whose words are not those of the question
_LIST = re.compile(
    rf"\b(?:which|what|any|find|list|show|name|are there)\b.{{0,40}}?\b(?:{_SEVERAL})\b"
    r"|\bpapers?\b.{0,20}\bsay about\b|\b(?:papers|works|research) (?:on|about|that)\b"
    r"|\b(?:find|list|show)\b.{0,12}\b(?:work|research)\b|\bwhat has been (?:proposed|done|tried)\b|\bwhich ones\b",
    re.IGNORECASE,
)
_AMOUNT = re.compile(
    r"\bhow (?:many|much|large|big|small|long|fast|often|far|well|good|accurate|deep|expensive)\b|\bby how\b|"
    r"\bnumber of\b|\bsize of\b|\bwhat (?:percent|share|fraction|score|accuracy|speed|size|rate|number)|\bcompute budget\b|"
    r"\b(?:speed-?ups?|accuracy|perplexity|bleu|parameters|score|mos|gain)\b",
    re.IGNORECASE,
)
_QUALIFIED = re.compile(r"\b(?:of|in|on|used|by|with|for)\b")  # "what is the index of X used for" asks for no definition
_DETAIL_START = re.compile(r"\b(?:how (?:many|much)|what|which|whose)\b(?:'s|\s+(?:is|was|are|were)\b)?\s*", re.IGNORECASE)
_DETAIL_TOKEN = re.compile(rf"{WORD_PATTERN}(?:[-']{WORD_PATTERN})*")
_DETAIL_END = frozenset(
    "is are was were be been do does did can could has have had will would should may might must to of in on for from by with "
    "at as into over under than that this these those it its they them their he she we you i there used use uses using get "
    "gets got need needs needed take takes took make makes made go goes went come comes came give gives gave say says said "
    "work works paper papers study authors author if when while how what which who where why happens happen and or but not "
    "per more less most least wrote fixes kind kinds sort type types exactly really actually".split()
)
_ARTICLES = frozenset("a an the any some each all every both other main exact total single".split())
_MAX_DETAIL_WORDS = 4


@dataclass(frozen=True, slots=True)
class Detail:
    """A detail that a question asks for.

    `shown` is its wording. `stems` are the stems of its words, the head last. `amount` says that a number is wanted.
    """

    shown: str
    stems: tuple[str, ...]
    amount: bool


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a question asks for.

    `subjects` are what it asks to define or to compare; a comparison without them is of all papers. `aspect` is what it asks of
    the compared, "" when only how they differ. `amount` says that the answer is a number.
    """

    kind: Kind
    subjects: tuple[str, ...] = ()
    aspect: str = ""
    details: tuple[Detail, ...] = ()
    amount: bool = False


def analyse(question: str) -> Analysis:
    """Return the analysis of `question`."""
    details = tuple(_details(question))
    amount = _AMOUNT.search(question) is not None
    if compared := _comparison(question):
        subjects, aspect = compared
        return Analysis("comparison", subjects, aspect, details, amount)
    if _LIST.search(question):
        return Analysis("list", amount=amount)
    defined = _DEFINITION.search(question.strip())
    if defined:
        subject = _subject(defined["subject"])
        if 0 < len(subject.split()) <= _MAX_DETAIL_WORDS + 1 and not _QUALIFIED.search(subject):
            return Analysis("definition", subjects=(subject,), amount=amount)
    return Analysis("amount" if amount else "other", details=details, amount=amount)


def form(question: str) -> str:
    """Return the form of answer that `question` asks for: its kind, or "agreement" when it asks whether papers disagree."""
    return "agreement" if _AGREEMENT.search(question) else analyse(question).kind


def _comparison(question: str) -> tuple[tuple[str, ...], str] | None:
    """Return what a question compares, and what it asks of that; None for a question that compares nothing."""
    quoted = _QUOTED.findall(question)
    bare = _QUOTED.sub("\0", question)
    found = _COMPARE_ALL.search(bare) or _VERSUS.search(bare) or _COMPARE.search(bare)
    if not found:
        return None
    titles = iter(quoted[bare.count("\0", 0, found.start()) :])
    parts = [part for group in found.groupdict().values() if group for part in _LISTED.split(group)]
    parts = [re.sub("\0", lambda _: next(titles), part) for part in parts]
    subjects = tuple(subject for part in parts if (subject := _subject(part)))
    return subjects, f"{bare[: found.start()]} {bare[found.end() :]}".replace("\0", " ").strip(" ?.!,;:-–—")


def _subject(text: str) -> str:
    words = _ET_AL.sub("", _ET_AL.sub("", text.strip())).split()
    while len(words) > 1 and words[-1].lower() in _KIND_OF_WORK:
        words = words[:-1]
    while words and words[0].lower() in _ARTICLES | {"do", "does", "how", "what", "is", "between", "compare"}:
        words = words[1:]
    return " ".join(words).rstrip(".!,")


def _details(question: str) -> list[Detail]:
    """Return the words after each "how many", "which" and "what", up to the next verb or preposition."""
    details = []
    for match in _DETAIL_START.finditer(question):
        words: list[str] = []
        end = match.end()
        for token in _DETAIL_TOKEN.finditer(question, match.end()):
            word = token.group().lower()
            separator = question[end : token.start()].strip()  # a comma or a bracket
            if separator or word in _DETAIL_END or (words and word.endswith("ed")) or len(words) == _MAX_DETAIL_WORDS:
                break
            end = token.end()
            if word not in _ARTICLES:
                words.append(token.group())
        stems = tuple(stem for word in words for stem in sorted(content_words(word)))
        if stems:
            details.append(Detail(shown=" ".join(words), stems=stems, amount="many" in match.group().lower()))
    return details
