"""Finds names of methods, data sets and models in a text, and finds them again in other texts in other spellings."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rag.text.words import WORD, content_words, method_names

_CAPITALISED = re.compile(r"(?<=[a-z0-9,;)%] )[A-Z][a-z]{2,}(?:-[A-Z][a-z]+)*\b")
_FIGURE = re.compile(r"\d[\d.,]*(?:[kmbtx]|bn|-[a-z]+)?", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"(?<=\w )\(([\w-]+)\)")
_MAX_ABBREVIATED_WORDS = 6  # an abbreviation stands for at most this many words
_MIN_FAMILY_LETTERS = 3  # letters of a name that may stand for its longer forms: BRCA for BRCA1, GPT for GPT-4
_MAX_JOINED_WORDS = 3  # words that may be written as one: "GPT 4 V"


def mentioned(sentence: str) -> list[str]:
    """Return the names of `sentence`, each once: method names first, then capitalised words that do not open it.

    Figures such as 20k, 75x or 4-bit are no names. An abbreviation in brackets, which the sentence itself spells out, is no
    name either. In a sentence of capitals, only a word with a digit is one.
    """
    if sentence.isupper():
        return [name for name in method_names(sentence) if any(c.isdigit() for c in name) and not _FIGURE.fullmatch(name)]
    capitalised = [m.group() for m in _CAPITALISED.finditer(sentence)]
    spelled_out = set(_IN_BRACKETS.findall(sentence))
    candidates = dict.fromkeys([*method_names(sentence), *capitalised])
    return [name for name in candidates if not _FIGURE.fullmatch(name) and name not in spelled_out]


class KnownNames:
    """The names in some texts. `name in known_names` also matches spellings: GPT4 for GPT-4, LLMs for large language models."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._words: set[str] = set()
        self._stems: set[str] = set()
        self._initials: set[str] = set()
        self._names: tuple[str, ...] = ()
        for text in texts:
            self._names += tuple("".join(WORD.findall(name)).lower() for name in method_names(text))
            words = [w.lower() for w in WORD.findall(text)]
            self._stems |= content_words(text)
            for length in range(1, _MAX_ABBREVIATED_WORDS + 1):
                runs = [words[i : i + length] for i in range(len(words) - length + 1)]
                if length <= _MAX_JOINED_WORDS:
                    self._words |= {"".join(run) for run in runs}
                if length > 1:
                    self._initials |= {"".join(w[0] for w in run) for run in runs}

    def __contains__(self, name: str) -> bool:
        tokens = WORD.findall(name)
        distinctive = [t for t in tokens if any(c.isupper() or c.isdigit() for c in t)]  # not "-based" or "-style"
        if any(self._has("".join(parts).lower()) for parts in (tokens, distinctive) if parts):
            return True
        numbered = any(c.isdigit() for c in name)  # the parts of BabyLlama-2 may come from two other names
        return bool(distinctive) and not numbered and all(self._has(t.lower()) for t in distinctive)

    def _has(self, word: str) -> bool:
        single = word.removesuffix("s")
        if {word, single, f"{word}s"} & self._words or {word, single} & self._initials:
            return True
        family = len(single) >= _MIN_FAMILY_LETTERS and any(name.startswith(single) for name in self._names)
        return family or bool(content_words(word) & self._stems)
