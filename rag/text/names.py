"""Names of methods, data sets and models in text, and whether another text has them, however it spells them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rag.text.words import WORD, content_words, names

_CAPITALISED = re.compile(r"(?<=[a-z0-9,;)%] )[A-Z][a-z]{2,}(?:-[A-Z][a-z]+)*\b")
_RUN = 6  # words that an abbreviation may stand for
_FAMILY = 3  # letters of a name that may stand for its longer forms: BRCA for BRCA1, GPT for GPT-4
_JOINED = 3  # words that may be written as one: "GPT 4 V"


def mentioned(sentence: str) -> list[str]:
    """Return the names of `sentence` in order: words with inner capitals or digits, and capitalised ones inside it."""
    capitalised = [m.group() for m in _CAPITALISED.finditer(sentence)]
    return list(dict.fromkeys([*names(sentence), *capitalised]))


class Known:
    """The names that some texts have, asked with `in`: GPT-4 is GPT4, LLMs are LLM or large language models."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._words: set[str] = set()
        self._stems: set[str] = set()
        self._initials: set[str] = set()
        self._names: tuple[str, ...] = ()
        for told in texts:
            self._names += tuple("".join(WORD.findall(name)).lower() for name in names(told))
            words = [w.lower() for w in WORD.findall(told)]
            self._stems |= content_words(told)
            for length in range(1, _RUN + 1):
                runs = [words[i : i + length] for i in range(len(words) - length + 1)]
                if length <= _JOINED:
                    self._words |= {"".join(run) for run in runs}
                if length > 1:
                    self._initials |= {"".join(w[0] for w in run) for run in runs}

    def __contains__(self, name: str) -> bool:
        tokens = WORD.findall(name)
        telling = [t for t in tokens if any(c.isupper() or c.isdigit() for c in t)]  # not "-based" or "-style"
        if any(self._has("".join(parts).lower()) for parts in (tokens, telling) if parts):
            return True
        numbered = any(c.isdigit() for c in name)  # the parts of BabyLlama-2 may be of two others
        return bool(telling) and not numbered and all(self._has(t.lower()) for t in telling)

    def _has(self, word: str) -> bool:
        single = word.removesuffix("s")
        if {word, single, f"{word}s"} & self._words or {word, single} & self._initials:
            return True
        family = len(single) >= _FAMILY and any(name.startswith(single) for name in self._names)
        return family or bool(content_words(word) & self._stems)
