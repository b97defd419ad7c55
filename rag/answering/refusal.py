"""Recognises a refusal in a model's reply: the sentence that the prompt gives it, or a similar one in its own words."""

from __future__ import annotations

import re

from rag.prompting import REFUSAL
from rag.text import remarks
from rag.text.citations import blanked_out, citations
from rag.text.statements import statements

_MARKS = r"^(?:\W*\[\d{1,2}\])*"  # with which some models begin all that they write
_LEAD = _MARKS + r"\W*(?:(?:the )?answer(?: to (?:the|this|your) question)?(?: is)?\W+)?"
_SORRY = r"(?:(?:i['’]?m |i am )?(?:sorry|unfortunately|(?:i )?apologi[sz]e)[^.]{0,40}?\W+(?:but )?)?"
_FROM = r"(?:(?:based on|according to|from|in) (?:the )?[^.,]{0,50}, )?"
_SOURCES = (
    r"(?:(?:the|these|those|any|none|neither|no|all)(?: of the)? )?(?:(?:provided|given|available|above|cited|numbered) )?"
    r"(?:abstracts?(?:-\w+)?|papers?|sources?|texts?|documents?|passages?|contexts?|excerpts?|information)"
    r"(?: (?:provided|given|here|above|available|listed))?"
)
_NOT = r"(?:do(?:es)? not|don['’]t|doesn['’]t|did not|didn['’]t|cannot|can['’]t|never|fail to)"
_TELL = r"(?:answer|mention|say|state|specify|discuss|address|describe|explain|tell|report)s?"
_ANYTHING = (
    r"(?:contain|provide|include|have|give|offer|cover)s?(?: \w+){0,3} (?:information|details?|answers?|mention|data|question)"
)
_REFUSAL_OPENING = re.compile(
    _LEAD
    + _SORRY
    + _FROM
    + rf"(?:{_SOURCES} (?:{_NOT} )(?:explicitly |directly |specifically |clearly )?(?:{_TELL}\b|{_ANYTHING})"
    rf"|(?:neither|no|none of the)(?: \w+)? (?:abstract|paper|source)s? (?:{_TELL}\b|{_ANYTHING})"
    r"|there (?:is|are) (?:no|not enough|insufficient) (?:\w+ )?"
    r"(?:information|mentions?|answers?|abstracts?|papers?|details?)\b"
    r"|(?:it is |this is |that is )?not (?:stated|mentioned|given|specified|reported|provided|discussed|answered)\b"
    r"|(?:insufficient|not enough|no)(?: \w+)? information|the available information is (?:insufficient|not)"
    r"|i (?:do not|don['’]t) (?:know|have (?:enough|any|the)(?: \w+)? information)"
    r"|i (?:cannot|can['’]t|could not|am unable to) (?:answer|find|determine|tell)"
    r"|(?:this|the|your) question (?:cannot be|can['’]t be|is not) answered)",
    re.IGNORECASE,
)


_VERBATIM = re.compile(_LEAD + r"\W+".join(REFUSAL.rstrip(".").split()), re.IGNORECASE)
_ENDS = re.compile(r"\W*[.!:]|[\W\d]*$")  # after the words of the refusal sentence
_MARKS_BEFORE = re.compile(_MARKS)
_WORD = re.compile(r"\w")
_LETTER = re.compile(r"[^\W\d]")


def is_refusal(answer: str) -> bool:
    """Whether `answer` is a refusal: the refusal sentence, or a similar one, and no more than what the sources are about.

    An answer that says nothing is a refusal. An answer that goes on and cites a source or states something is not.
    """
    end = sentence_end(answer)
    if not end:
        return says_nothing(answer)
    rest = answer[end:]
    if not _LETTER.search(rest) and _VERBATIM.match(answer):
        return True
    stated = [s for s in statements(answer) if s.is_claim and s.end > end]
    marks = _MARKS_BEFORE.match(answer)
    return not citations(answer[marks.end() if marks else 0 :]) and all(remarks.explains_refusal(s.plain) for s in stated)


def says_nothing(answer: str) -> bool:
    """Whether `answer` is empty, or only marks of citations."""
    return not _WORD.search(blanked_out(answer, [(mark.start, mark.end) for mark in citations(answer)]))


def sentence_end(answer: str) -> int:
    """Return the offset at which the refusal sentence that `answer` begins with ends; 0 when it begins with none."""
    verbatim = _VERBATIM.match(answer)
    if verbatim:
        return verbatim.end() if _ENDS.match(answer, verbatim.end()) else 0
    opening = _REFUSAL_OPENING.match(answer)
    if opening is None:
        return 0
    return next((s.end for s in statements(answer) if s.end >= opening.end()), len(answer))
