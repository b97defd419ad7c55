"""Words, numbers and names in text, as the extractive reader and the grounding check compare them."""

from __future__ import annotations

import re

WORD = re.compile(r"[^\W_]+")  # letters and digits, of any script
_TERM = re.compile(r"[^\W_]+(?:[.,]\d+)*[+#]*")
_NUMBER = re.compile(r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")
_NAME = re.compile(r"[^\W_]+(?:[-.][^\W_]+)*[+#]*")
_SUFFIX = re.compile(r"(?:(?<=i)es|es|s|ed|ing|ly|ization|isation|ize|ise)$")
STOP = frozenset(
    "a about across after all also an and any are as at be been being between both but by can could did do does doing for "
    "from further had has have how however i if in into is it its itself may might more most much no nor not of on only or "
    "other our over paper papers per should show shows so some such than that the their them then there these they this "
    "those through to under up use used uses using very via was we were what when where whether which while who why will "
    "with within would you your say tell give according many please abstract abstracts method methods".split()
)


def content_words(text: str) -> set[str]:
    """Return the words of `text` that carry meaning, lower case, with common endings taken off."""
    words = (w.lower() for w in _TERM.findall(text))
    return {_stem(w) for w in words if w not in STOP and (len(w) > 1 or w.isdigit())}


def _stem(word: str) -> str:
    stem = _SUFFIX.sub("", word)
    stem = (stem if len(stem) >= 4 else word).removesuffix("e")
    return stem[:-1] + "i" if len(stem) > 3 and stem.endswith("y") else stem


def numbers(text: str) -> set[str]:
    """Return the numbers of `text` as written but for thousands separators and trailing zeros: {"3.5", "100000"}."""
    found = (n.replace(",", "") for n in _NUMBER.findall(text))
    return {n.rstrip("0").rstrip(".") if "." in n else n for n in found}


def names(text: str) -> list[str]:
    """Return the words of `text` that look like names of methods or data sets: GPT-4, GraphSAINT, MNIST, LoRA+.

    A word counts when it has a capital after its first letter, or mixes letters and digits.
    """
    found = []
    for word in _NAME.findall(text):
        capitals = any(c.isupper() for c in word[1:])
        mixed = any(c.isdigit() for c in word) and any(c.isalpha() for c in word)
        if (capitals or mixed) and len(word) > 1 and word not in found:
            found.append(word)
    return found


def clean(text: str) -> str:
    """Return `text` with a question mark for each lone surrogate. JSON may hold one; SQLite and files refuse it."""
    return text.encode("utf-8", "replace").decode()
