"""Recognises follow-up questions by rules, and joins each to the question that it refers to, for when no model rewrites it.

A joined question reads "and how fast is it? (about: What is LanternNet?)". The whole text is shown and searched; only the
part before the bracket is analysed. Answers are not carried over, so that their citations cannot leak.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.text import names, words
from rag.types import Turn

_MAX_PRONOUN_QUESTION_WORDS = 14  # a longer question names what its pronouns stand for
_MIN_SUBJECT_WORDS = 2  # content words that a question needs to stand alone
_FOLLOW_UP_OPENING = re.compile(
    r"^(?:and|but|so|or|also|what about|how about|why|which one|compared (?:to|with)|versus)\b", re.IGNORECASE
)
_POINTS_BACK = re.compile(
    r"\b(?:(?:this|that|these|those|the) (?:method|paper|model|author|approach|data ?set|work|result|one|two|first|second|"
    r"latter|former)s?|(?:do|does|did|is|was|are|were|can) (?:this|that|these|those))\b",
    re.IGNORECASE,
)
_PRONOUN = re.compile(r"\b(?:it|its|they|them|their|theirs|he|she|this|these)\b", re.IGNORECASE)
_POINTER_FIRST = re.compile(r"(?:(?:and|but|so|ok|okay|no)[, ]+)*(?:it|its|they|their|this|that|these|those)\b", re.IGNORECASE)
_NEW_TOPIC = re.compile(
    r"\b(?:something else|another (?:topic|question|thing)|different (?:topic|question)|unrelated)\b", re.IGNORECASE
)
# Questions that stand alone with one word as their subject: definitions, and lists of papers.
_ONE_WORD_SUBJECT = re.compile(
    r"^(?:what(?:['’]?s| is| are)|who (?:is|are)|define|explain|describe|tell me about|how (?:do|does))\s+(?!the\b)|"
    r"\b(?:papers?|abstracts?|articles?|studies|works) (?:are )?(?:on|about|mention|use|propose|from|in|of)\b",
    re.IGNORECASE,
)
_COLLECTION_COUNT = re.compile(
    r"\bhow many (?:papers|abstracts|authors|sources) (?:are there|are here|do you have)\b", re.IGNORECASE
)
# Words that fit a question about any paper, and so name no subject.
_GENERIC_WORDS = words.content_words(
    "dataset data benchmark baseline result limitation drawback advantage weakness code license licence authors paper model "
    "models training train trained test tested evaluate compared comparison accuracy performance speed faster slower better "
    "worse improvement gain cost hours days gpus parameters size large small fast long many much number future work main "
    "idea contribution task tasks experiment example examples work works still need language languages layer layers loss "
    "inference memory speedup year date published new old first second third explain detail "
    "details briefly short summarize summary ok okay thanks"
)
# "What about X?", "And on X?"
_SAME_OF_ANOTHER = re.compile(
    r"(?:(?:and|ok|so|but),? )?(?:what|how) about (?P<other>[^?]+)|(?:and|but) (?:for|on|in|with|at|of|by|to)\b", re.IGNORECASE
)
_BACK = re.compile(
    r"\b(?:back to|about) the (?:first|original|earlier)\b|\bthe first (?:question|topic|thing)\b", re.IGNORECASE
)
_CLAUSE_END = re.compile(r"[.!?:;](?=\s)")
_CONTEXT = re.compile(r"\s*\(about: (?P<context>.*)\)$", re.DOTALL)


def needs_context(question: str) -> bool:
    """Whether `question` seems to need an earlier question: it points back, or has too few words of its own subject.

    A pronoun after a name stands for that name: "How does GraphSAINT choose its nodes?" needs no context. Nor does a question
    that points back to an earlier clause of its own: "I read that X fails at Y. Is that so?"
    """
    if _NEW_TOPIC.search(question) or _COLLECTION_COUNT.search(question):
        return False
    subject = _subject(question)
    named = words.method_names(question)
    length = len(question.split())
    pointer = _POINTS_BACK.search(question)
    if length <= 2 * _MAX_PRONOUN_QUESTION_WORDS and pointer and not _has_subject(question[: pointer.start()]):
        return True
    if _FOLLOW_UP_OPENING.search(question):
        return len(subject) <= (_MIN_SUBJECT_WORDS if question.lower().startswith("why") else 2 * _MIN_SUBJECT_WORDS + 1)
    pronoun = _PRONOUN.search(question)
    if len(subject) < _MIN_SUBJECT_WORDS and not named and not (subject and not pronoun and _ONE_WORD_SUBJECT.search(question)):
        return True
    short = length <= _MAX_PRONOUN_QUESTION_WORDS
    before = question[: pronoun.start()] if pronoun else ""
    return short and pronoun is not None and not words.method_names(before) and not _has_subject(before)


def _subject(question: str) -> set[str]:
    return words.content_words(question) - _GENERIC_WORDS


def _has_subject(before: str) -> bool:
    """Whether a clause that has ended in `before` names something, or has words enough of a subject to be pointed at.

    A clause that points back itself has none: "That must cost a lot, no? What do they do about it?"
    """
    ends = [end.start() for end in _CLAUSE_END.finditer(before)]
    ended = before[: ends[-1]] if ends else ""
    if any(_POINTER_FIRST.match(clause.strip()) for clause in _CLAUSE_END.split(ended)):
        return False
    return len(_subject(ended)) >= _MIN_SUBJECT_WORDS or bool(names.mentioned(ended))


def names_nothing(name: str) -> bool:
    """Whether `name` is made of words that fit a question about any paper, as OK and GPUs are."""
    return words.content_words(name) <= _GENERIC_WORDS


def with_context(question: str, history: Sequence[Turn]) -> str:
    """Return a follow-up joined to the last question of `history` that stands alone; any other question unchanged."""
    return next(iter(readings(question, history)), question)


def readings(question: str, history: Sequence[Turn]) -> list[str]:
    """Return a follow-up joined to each question of `history` that it may refer to, the last one first; [] for no follow-up.

    A question that itself refers to an earlier one stands for that one. "Back to the first" begins with the first.
    """
    subjects: list[str] = []
    for turn in history:
        if turn.role == "user" and (not subjects or not needs_context(turn.content)):
            subjects.append((context(turn.content) or turn.content).strip())
    order = subjects if _BACK.search(question) else reversed(subjects)
    in_order = dict.fromkeys(order)
    return [f"{question.strip()} (about: {subject})" for subject in in_order] if needs_context(question) else []


def without_context(question: str) -> str:
    """Return the follow-up of a joined question; any other question unchanged."""
    return _CONTEXT.sub("", question)


def asks(question: str) -> str:
    """Return what a question asks.

    A follow-up asks by itself, unless it has no words of its own ("how much?") or asks the same of another thing: "What about
    X?" is the earlier question about X.
    """
    own, earlier = without_context(question), context(question)
    again = _SAME_OF_ANOTHER.match(own)
    other = (again["other"] or "").strip(" .!") if again else ""
    named = names.mentioned(earlier) if other else []
    if len(named) == 1:
        return earlier.replace(named[0], other)
    return f"{earlier} {own}".strip() if again or not words.content_words(own) else own


def context(question: str) -> str:
    """Return the earlier question of a joined question; "" for any other question."""
    match = _CONTEXT.search(question)
    return match["context"] if match else ""
