"""Reads misspelt words of a question as words that the papers have: "clasifier guidence" as "classifier guidance".

A word is taken for misspelt when no paper and no English dictionary has it. It is read as a word one edit away that the papers
have, or as a small English word. A method name, which a capital after the first letter or a digit tells, is read only as one
that has a letter once or twice, or two letters exchanged: ResNeXt is another model than ResNet.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import Any

from rag.index.lexical import LexicalIndex
from rag.questions.asked import Asked
from rag.text import language
from rag.text.words import STOP, method_names

_LETTERS_TWICE = re.compile(r"(\w)\1")
_WORD = re.compile(r"[^\W\d_]+")
_MIN_LETTERS = 3
_MIN_EDITED_LETTERS = 5  # a shorter word is only read as one with two letters exchanged


def read(asked: Asked, lexical: LexicalIndex) -> Asked:
    """Return a question in English about contents with its misspelt words mended, and a note that says so; others unchanged."""
    if asked.queries or asked.standalone != asked.searched or language.is_foreign(asked.searched):
        return asked
    text, changed = mended(asked.searched, lexical)
    if not changed:
        return asked
    note = f"Read {', '.join(f'“{wrote}” as “{meant}”' for wrote, meant in changed)}."
    return replace(asked, standalone=text, searched=text, notes=(*asked.notes, note))


def mended(question: str, lexical: LexicalIndex) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return `question` with its misspelt words mended, and each such word with what it is read as."""
    plain = question.lower() if question.isupper() else question
    named = {part for name in method_names(plain) for part in _WORD.findall(name)}
    changed: dict[str, str] = {}
    for found in _WORD.finditer(plain):
        word = found.group()
        if len(word) < _MIN_LETTERS or word in changed:
            continue
        capital = word[0].isupper() and found.start() > 0
        meant = _name_meant(word, lexical) if word in named else _meant(word.lower(), lexical, capital=capital)
        if meant:
            changed[word] = meant
    if not changed:
        return question, ()
    return _WORD.sub(lambda m: changed.get(m.group(), m.group()), plain), tuple(changed.items())


def _meant(word: str, lexical: LexicalIndex, *, capital: bool) -> str | None:
    """Return the word that a misspelt `word` stands for; None for a word that is known, or like no other.

    `capital` says that it was written with one amid a sentence. Then it stands for a name.
    """
    if word in STOP or lexical.mentions(word) or _dictionary().known([word]):
        return None
    frequency = _dictionary().word_frequency
    english = sorted(_dictionary().edit_distance_1(word) & set(frequency.keys()))
    candidates = {w: w for w in english if w in STOP or lexical.mentions(w)} | {w.lower(): w for w in lexical.near(word)}
    likely = [
        lower
        for lower, written in candidates.items()
        if lower[0] == word[0] and _slip(word, lower, name=lower != written) and (lower != written or not capital)
    ]
    return candidates[max(likely, key=lambda w: (sorted(w) == sorted(word), frequency[w]))] if likely else None


def _name_meant(name: str, lexical: LexicalIndex) -> str | None:
    """Return the method name of the papers that `name` is a slip for."""
    if len(name) < _MIN_EDITED_LETTERS or lexical.mentions(name):
        return None
    wrote = _LETTERS_TWICE.sub(r"\1", name.lower())
    near = (written for written in lexical.near(name) if method_names(written) == [written])
    return next((w for w in near if _LETTERS_TWICE.sub(r"\1", w.lower()) == wrote or _exchanged(name.lower(), w.lower())), None)


def _exchanged(wrote: str, meant: str) -> bool:
    """Whether two neighbouring letters are exchanged."""
    differ = [n for n, (a, b) in enumerate(zip(wrote, meant, strict=False)) if a != b]
    return len(wrote) == len(meant) and len(differ) == 2 and differ[1] == differ[0] + 1 and sorted(wrote) == sorted(meant)


def _slip(wrote: str, meant: str, *, name: bool) -> bool:
    """Whether `wrote` is a likely slip for `meant`: two letters exchanged, or in longer words one left out, added or changed.

    A letter is not changed in a name: Mixtral is another model than Mistral.
    """
    if len(wrote) == len(meant):
        changed = sum(a != b for a, b in zip(wrote, meant, strict=True))
        return _exchanged(wrote, meant) or (changed == 1 and len(wrote) >= _MIN_EDITED_LETTERS and not name)
    shorter, longer = sorted((wrote, meant), key=len)
    one_more = any(longer[:n] + longer[n + 1 :] == shorter for n in range(len(longer)))
    return one_more and len(wrote) >= _MIN_EDITED_LETTERS


@cache
def _dictionary() -> Any:
    """Return the English dictionary, which is read in 0.2 s."""
    from spellchecker import SpellChecker

    return SpellChecker(distance=1)
