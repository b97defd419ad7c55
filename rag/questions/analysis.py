"""What a question asks, read from its words: what kind of answer, about which subjects, and for which detail.

Rules for English, clear cases only; a question they do not know is of the kind "other" and asks for no detail in particular.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from rag.errors import UsageError
from rag.text.words import WORD_PATTERN, clean, content_words

Kind = Literal["definition", "comparison", "list", "amount", "other"]

LONGEST_QUESTION = 8_000  # characters
_END = r"(?=[?.!,;:]|\s-\s|$)"
_DEFINITION = re.compile(
    r"^(?:so |and |please |hey |hi )*(?:(?P<does>what does)|what(?:['’]?s| is| are)|who(?:['’]s| is)|define|explain|describe|"
    r"tell me about|what do you know about)\s+(?:to me\s+)?(?:an?\s+|the\s+)?"
    r"(?!(?:it|its|they|their|them|this|that|these|those|he|she|we|you)\b)(?P<subject>.+?)"
    r"(?(does)\s+(?:mean|stand for|do)|(?:\s+(?:mean|stand for|about|used for|do|for|to me))?)" + _END,
    re.IGNORECASE,
)
_VERSUS = re.compile(
    r"(?P<one>[^,;:?]+?)\s+(?:vs\.?|versus)\s+(?P<other>[^,;:?]+)"
    r"|^(?P<a>\S+(?:\s+\S+){0,2}?)\s+compared (?:to|with)\s+(?P<b>[^,;:?]+)",
    re.IGNORECASE,
)
_COMPARE = re.compile(
    r"\b(?:compare|contrast|differences? between|distinguishes|differ(?:s)? from)\s+"
    r"(?P<one>.+?)\s+(?:and|with|from|to)\s+(?P<other>[^,;:?]+)"
    r"|\bhow (?:do|does|is|are)\s+(?P<a>.+?)\s+"
    r"(?:and\s+(?P<b>.+?)\s+(?:compare|differ|relate)|(?:differ|different)\s+from\s+(?P<c>[^,;:?]+))",
    re.IGNORECASE,
)
_SEVERAL = (
    "papers|works|methods|approaches|abstracts|studies|systems|libraries|techniques|algorithms|ideas|ways|remedies|"
    "proposals|surveys"
)
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
_QUALIFIED = re.compile(r"\b(?:of|in|on|used|by|with|for)\b")  # "what is the index of X used for" defines nothing
_WANTED = re.compile(r"\b(?:how (?:many|much)|what|which|whose)\b(?:'s|\s+(?:is|was|are|were)\b)?\s*", re.IGNORECASE)
_WORD = re.compile(rf"{WORD_PATTERN}(?:[-']{WORD_PATTERN})*")
_BREAK = frozenset(
    "is are was were be been do does did can could has have had will would should may might must to of in on for from by with "
    "at as into over under than that this these those it its they them their he she we you i there used use uses using get "
    "gets got need needs needed take takes took make makes made go goes went come comes came give gives gave say says said "
    "work works paper papers study authors author if when while how what which who where why happens happen and or but not "
    "per more less most least wrote fixes kind kinds sort type types exactly really actually".split()
)
_ARTICLES = frozenset("a an the any some each all every both other main exact total single".split())
_LATIN = 0x24F  # the last code point of Latin letters
_FOREIGN = frozenset(
    "der die das ist sind wie was welche welcher und von mit für wird werden ein eine le la les est sont quel quelle quels "
    "quelles comment pourquoi des du pour avec une que qué cuál cuáles cómo por para los las el es son con una qual quais "
    "como o os um uma il gli che come perché di della wat hoe een het zijn welke voor é warum".split()
)
_ENGLISH = frozenset("the of are what which how why when who and for with do does was in to a an on that by it can".split())
_LONGEST = 4  # words of a detail


@dataclass(frozen=True, slots=True)
class Detail:
    """A detail asked for: its words' stems, the last of them the head, and whether a count is wanted."""

    shown: str
    stems: tuple[str, ...]
    amount: bool


@dataclass(frozen=True, slots=True)
class Asked:
    kind: Kind
    subjects: tuple[str, ...] = ()  # what is defined, or compared with each other
    details: tuple[Detail, ...] = ()
    amount: bool = False  # a figure is wanted


def read(question: str) -> Asked:
    """Return what `question` asks."""
    details = tuple(_details(question))
    amount = _AMOUNT.search(question) is not None
    compared = _VERSUS.search(question) or _COMPARE.search(question)
    if compared:
        subjects = tuple(_subject(g) for g in compared.groupdict().values() if g)
        return Asked("comparison", tuple(s for s in subjects if s), details, amount)
    if _LIST.search(question):
        return Asked("list", (), (), amount)
    defined = _DEFINITION.search(question.strip())
    if defined:
        subject = _subject(defined["subject"])
        if 0 < len(subject.split()) <= _LONGEST + 1 and not _QUALIFIED.search(subject):
            return Asked("definition", (subject,), (), amount)
    return Asked("amount" if amount else "other", (), details, amount)


def _subject(said: str) -> str:
    words = said.strip().split()
    while words and words[0].lower() in _ARTICLES | {"do", "does", "how", "what", "is", "between", "compare"}:
        words = words[1:]
    return " ".join(words).rstrip(".!")


def _details(question: str) -> list[Detail]:
    """Return what follows "how many", "which" and "what", up to the next verb or preposition."""
    found = []
    for match in _WANTED.finditer(question):
        words: list[str] = []
        end = match.end()
        for token in _WORD.finditer(question, match.end()):
            word = token.group().lower()
            apart = question[end : token.start()].strip()  # a comma or a bracket
            if apart or word in _BREAK or (words and word.endswith("ed")) or len(words) == _LONGEST:
                break
            end = token.end()
            if word not in _ARTICLES:
                words.append(token.group())
        stems = tuple(stem for word in words for stem in sorted(content_words(word)))
        if stems:
            found.append(Detail(" ".join(words), stems, "many" in match.group().lower()))
    return found


def is_foreign(question: str) -> bool:
    """Whether a question seems not to be in English: letters of another script, or other languages' smallest words."""
    letters = [c for c in question if c.isalpha()]
    if sum(ord(c) > _LATIN for c in letters) > len(letters) // 5:
        return True
    words = question.lower().replace("’", "'").replace("'", " ").split()
    return len(_FOREIGN.intersection(w.strip("?!.,;:¿¡") for w in words)) > len(_ENGLISH.intersection(words))


def checked_question(question: str) -> str:
    """Return the question tidied. Raises UsageError for an empty or very long one."""
    question = clean(question).strip()
    if not question:
        raise UsageError("The question is empty.", 'Ask one, such as "How does GraphSAINT work?"')
    if len(question) > LONGEST_QUESTION:
        raise UsageError(f"The question has {len(question)} characters, more than {LONGEST_QUESTION}.", "Ask a shorter one.")
    return question
