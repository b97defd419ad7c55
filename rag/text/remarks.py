"""Tells remarks about the sources or the answer itself from sentences that state something."""

from __future__ import annotations

import re

from rag.text import number_words
from rag.text.words import WORD, content_words, method_names

_NOUN = r"\b(?:abstracts?|sources?|excerpts?|texts?|papers?|authors?|stud(?:y|ies))\b"
_IS_NOT = r"\b(?:is|are|was|were)(?: not|n['’]t)"
# Sentences about the sources themselves. The prompt asks for them when the sources answer only a part.
_ABOUT_SOURCES = re.compile(
    rf"{_NOUN}[^.;]{{0,40}}?\b(?:(?:do|does|did|is|are)(?: not|n['’]t)|cannot|nor)\b[^.;]{{0,24}}?"
    r"\b(?:say|mention|tell|state|specif|provid|give|report|describ|discuss|answer|address|includ|contain|detail|given|stated"
    r"|known|disclos|quantif|name)"
    rf"|{_NOUN}[^.;]{{0,60}}? \b(?:says?|mentions?|reports?|states?|tells?) nothing\b"
    r"|\b(?:abstracts?|sources?|excerpts?)\b[^.;,]{0,40}?"
    r"\b(?:gives?|names?|reports?|states?|offers?|contains?|provides?|says?|mentions?|includes?|has|have) (?:no|neither)\b"
    rf"|{_IS_NOT} (?:\w+ )?(?:stated|reported|specified|mentioned|disclosed|quantified|quoted)\b"
    rf"|{_IS_NOT} (?:\w+ )?(?:given|known|said|told) (?:in|by|from) (?:the|any|either) {_NOUN}",
    re.IGNORECASE,
)
_UNCITED_ABOUT_SOURCES = re.compile(
    rf"{_IS_NOT} (?:given|known|said|told)\b"
    r"|\b(?:no|none of the|neither of the)(?: \w+)? (?:abstracts?|papers?|sources?|information|details?)\b",
    re.IGNORECASE,
)
# A sentence that only says what follows: "Two of the papers bear on this.", "Both fit, each in its own way."
_ANNOUNCES = re.compile(
    rf"{_NOUN}|\b(?:here|below|following|as follows)\b"
    r"|^\W*(?:the )?(?:only|one|two|three|four|five|both|each|all|none|neither|first|second|third|last)\b",
    re.IGNORECASE,
)
_MIN_CELL_WORDS = 2  # content words of a cell that states something
_MAX_ANNOUNCING_WORDS = 4  # content words besides such a noun
# What the sources are about, as a refusal goes on: "They are about lamps.", "The papers focus on frost instead."
_TOPIC = re.compile(
    rf"^\W*(?:(?:but|instead|rather|however|all of)\W+)*(?:they|these|those|all|both|it|(?:[^\W\d_]+ ){{0,4}}?{_NOUN})\b"
    r"[^.,;]{0,30}?\b(?:(?:is|are|was|were) (?:\w+ )?(?:about|on|related|concerned|limited|devoted)\b"
    r"|(?:focus|concern|deal|cover|discuss|describ|address|relat|treat|explor|examin)(?:e?s|ed|e|ing)?\b(?! (?:that|how)\b))",
    re.IGNORECASE,
)
# Words to the reader about the question: "Please ask about lamps.", "A cookbook would help."
_ADDRESSES = re.compile(r"\b(?:you|your|please|i|me|would|could|might|may)\b", re.IGNORECASE)
_ASKS = re.compile(
    r"\b(?:question|information|details|context|abstracts?|papers?|sources?|documents?|librar(?:y|ies)|search|ask|provid|consult"
    r"|rephras|help|assist|clarif|sorry|apologi[sz]|know)",
    re.IGNORECASE,
)


def is_about_sources(text: str) -> bool:
    """Whether `text` says that the sources do not say something."""
    return _ABOUT_SOURCES.search(text) is not None


def is_about_sources_uncited(text: str) -> bool:
    """Whether `text`, which cites nothing, says that nothing is known."""
    return _UNCITED_ABOUT_SOURCES.search(text) is not None


def is_empty_cell(text: str) -> bool:
    """Whether a cell of a table, which cites nothing, states nothing: one word without a figure, or that nothing is said."""
    said = f"It is {text.strip().lower()}"
    short = len(content_words(text)) < _MIN_CELL_WORDS and not any(c.isdigit() for c in text)
    return short or is_about_sources(said) or is_about_sources_uncited(said)


def is_announcement(text: str, words: set[str]) -> bool:
    """Whether `text` only says what follows. `words` are its content words."""
    return bool(
        _ANNOUNCES.search(text)
        and len(words) <= _MAX_ANNOUNCING_WORDS
        and not method_names(text)
        and not any(c.isdigit() for c in text)
    )


def explains_refusal(text: str) -> bool:
    """Whether `text` only says what the sources are about, or what the reader could ask or do. With a figure it says more."""
    words = [word.lower() for word in WORD.findall(text)]
    if any(c.isdigit() for c in text) or any(word in number_words.SMALL and word != "one" for word in words):
        return False
    return bool(_TOPIC.search(text) or (_ADDRESSES.search(text) and _ASKS.search(text)))
