"""Questions that need the ones before them: recognised by rule, and joined to what they refer to when no model rewrites them.

A joined question reads "and how fast is it? (about: What is LanternNet?)": it is shown so, retrieved by all of it, and read
by its own part. Answers are not carried over, so that none of their citations can leak.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.text import words
from rag.types import Turn

_LONG = 14  # words; a longer question names what its pronouns stand for
_FEW = 2  # words of its own subject that a question needs to stand alone
_OPENING = re.compile(
    r"^(?:and|but|so|or|also|what about|how about|why|which one|compared (?:to|with)|versus)\b", re.IGNORECASE
)
_POINTS_BACK = re.compile(
    r"\b(?:(?:this|that|these|those|the) (?:method|paper|model|author|approach|data ?set|work|result|one|two|first|second|"
    r"latter|former)s?|(?:do|does|did|is|was|are|were|can) (?:this|that|these|those))\b",
    re.IGNORECASE,
)
_PRONOUN = re.compile(r"\b(?:it|its|they|them|their|theirs|he|she|this|these)\b", re.IGNORECASE)
_NEW_TOPIC = re.compile(
    r"\b(?:something else|another (?:topic|question|thing)|different (?:topic|question)|unrelated)\b", re.IGNORECASE
)
# Questions that are whole with one word for their subject: what something is, and which papers there are.
_WHOLE = re.compile(
    r"^(?:what(?:['’]?s| is| are)|who (?:is|are)|define|explain|describe|tell me about|how (?:do|does))\s+(?!the\b)|"
    r"\b(?:papers?|abstracts?|articles?|studies|works) (?:are )?(?:on|about|mention|use|propose|from|in|of)\b",
    re.IGNORECASE,
)
_COLLECTION = re.compile(r"\bhow many (?:papers|abstracts|authors|sources) (?:are there|are here|do you have)\b", re.IGNORECASE)
# What may be asked of any paper, and so names no subject.
_OF_ANY_PAPER = words.content_words(
    "dataset data benchmark baseline result limitation drawback advantage weakness code license licence authors paper model "
    "models training train trained test tested evaluate compared comparison accuracy performance speed faster slower better "
    "worse improvement gain cost hours days gpus parameters size large small fast long many much number future work main "
    "idea contribution task tasks experiment example examples work works still need language languages layer layers loss "
    "inference memory speedup year date published new old first second third explain detail "
    "details briefly short summarize summary ok okay thanks"
)
_ABOUT = re.compile(r"\s*\(about: (?P<context>.*)\)$", re.DOTALL)


def depends(question: str) -> bool:
    """Whether `question` seems to need the one before it: it points back, or has hardly a subject of its own.

    A pronoun behind a name stands for that name: "How does GraphSAINT choose its nodes?" needs nothing.
    """
    if _NEW_TOPIC.search(question) or _COLLECTION.search(question):
        return False
    subject = words.content_words(question) - _OF_ANY_PAPER
    named = words.method_names(question)
    length = len(question.split())
    if length <= 2 * _LONG and _POINTS_BACK.search(question):
        return True
    if _OPENING.search(question):
        return len(subject) <= (_FEW if question.lower().startswith("why") else 2 * _FEW + 1)
    pronoun = _PRONOUN.search(question)
    if len(subject) < _FEW and not named and not (subject and not pronoun and _WHOLE.search(question)):
        return True
    return length <= _LONG and pronoun is not None and not words.method_names(question[: pronoun.start()])


def joined(question: str, history: Sequence[Turn]) -> str:
    """Return `question` with the last question that stood alone, when it needs one."""
    subject = ""
    for turn in history:
        if turn.role == "user" and (not subject or not depends(turn.content)):
            subject = context(turn.content) or turn.content
    return f"{question.strip()} (about: {subject.strip()})" if subject and depends(question) else question


def own(question: str) -> str:
    """Return the part of a joined question that was asked last."""
    return _ABOUT.sub("", question)


def context(question: str) -> str:
    """Return the part of a joined question that it refers to, or nothing."""
    found = _ABOUT.search(question)
    return found["context"] if found else ""
