"""The words, numbers and method names of a text, as the extractive reader and the grounding check compare them."""

from __future__ import annotations

import re
import unicodedata

from rag.text.orthography import american

ALPHANUMERIC = r"[^\W_]"  # a letter or digit of any script
WORD_PATTERN = rf"{ALPHANUMERIC}+"
WORD = re.compile(WORD_PATTERN)
_TERM = re.compile(rf"{WORD_PATTERN}(?:[.,]\d+)*[+#]*")
_NUMBER = re.compile(r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")
_HYPHENATED_WORD = re.compile(rf"{WORD_PATTERN}(?:[-.]{WORD_PATTERN})*[+#]*")
_SUFFIX = re.compile(r"(?:(?<=i)es|es|s|ed|ing|ly|ization|isation|ize|ise)$")
STOP = frozenset(
    "a about across after all also an and any are as at be been being between both but by can could did do does doing for "
    "from further had has have how however i if in into is it its itself may might more most much no nor not of on only or "
    "other our over paper papers per should show shows so some such than that the their them then there these they this "
    "those through to under up use used uses using very via was we were what when where whether which while who why will "
    "with within would you your say tell give according many please abstract abstracts method methods".split()
)


def content_words(text: str) -> set[str]:
    """Return the stems of the words of `text`, lower case and in American spelling, without stop words and single letters."""
    words = (w.lower() for w in _TERM.findall(text))
    return {_stem(american(w)) for w in words if w not in STOP and (len(w) > 1 or w.isdigit())}


def _stem(word: str) -> str:
    stem = _SUFFIX.sub("", word)
    stem = (stem if len(stem) >= 4 else word).removesuffix("e")
    return stem[:-1] + "i" if len(stem) > 3 and stem.endswith("y") else stem


def numbers(text: str) -> set[str]:
    """Return the numbers of `text` without thousands separators and trailing zeros: {"3.5", "100000"}."""
    plain = (n.replace(",", "") for n in _NUMBER.findall(text))
    return {n.rstrip("0").rstrip(".") if "." in n else n for n in plain}


def method_names(text: str) -> list[str]:
    """Return the words of `text` that look like names of methods or data sets: GPT-4, GraphSAINT, MNIST, LoRA+.

    Such a word has a capital after its first letter, or mixes letters and digits. Each word is returned once, in order.
    """
    found_names = []
    for word in _HYPHENATED_WORD.findall(text):
        capitals = any(c.isupper() for c in word[1:])
        mixed = any(c.isdecimal() for c in word) and any(c.isalpha() for c in word)
        if (capitals or mixed) and len(word) > 1 and word not in found_names:
            found_names.append(word)
    return found_names


def folded(text: str) -> str:
    """Return `text` for comparing, without case and accents: "Tomás Müller" is "tomas muller"."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


def clean(text: str) -> str:
    """Return `text` with "?" in place of each lone surrogate. JSON may hold surrogates; SQLite and files refuse them."""
    return text.encode("utf-8", "replace").decode()
