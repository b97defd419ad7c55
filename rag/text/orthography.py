"""British and American spelling: one form of a word for comparing, and its other forms for searching.

The rules are of spelling and know no words. A form that no text has ("vectour") finds nothing and does no harm.
"""

from __future__ import annotations

import re

_MIN_LETTERS = 5  # shorter words are spelt in one way, nearly all
_RULES = tuple(
    (re.compile(pattern), other)
    for pattern, other in (
        (r"(?<=[a-z]{2})our(?=s?$|ed$|ing|al|it|able|hood)", "or"),  # colour, behavioural
        (r"(?<=[a-z]{2})([iy])s(?=es?$|ed$|er|ing|able|ation)", r"\1z"),  # optimise, analyser
        (r"(?<=[a-z]{2}[bt])re(?=s?$)", "er"),  # centre, fibres
        (r"(?<=[aeiou]l)l(?=ed$|ing|er|or)", ""),  # labelled, modelling
        (r"(?<=[a-z]og)ue(?=s?$)", ""),  # catalogue
        (r"(?<=[a-z]en)c(?=es?$)", "s"),  # defence
        (r"(?<=[a-z]am)me(?=s?$)", ""),  # programme
        (r"[ao]e(?=[a-z]{3})", "e"),  # anaemia, oestrogen
    )
)
_BACK = tuple(
    (re.compile(pattern), other)
    for pattern, other in (
        (r"(?<=[a-z]{2})or(?=s?$|ed$|ing|al|it|able|hood)", "our"),
        (r"(?<=[a-z]{2})([iy])z(?=es?$|ed$|er|ing|able|ation)", r"\1s"),
        (r"(?<=[a-z]{2}[bt])er(?=s?$)", "re"),
        (r"(?<=[aeiou]l)(?=ed$|ing|er|or)", "l"),
        (r"(?<=[a-z]og)(?=s?$)", "ue"),
        (r"(?<=[a-z]en)s(?=es?$)", "c"),
        (r"(?<=[a-z]am)(?=s?$)", "me"),
    )
)


def american(word: str) -> str:
    """Return `word`, in lower case, as it is spelt in America, as far as rules tell; for comparing, not for showing."""
    if len(word) >= _MIN_LETTERS:
        for pattern, other in _RULES:
            word = pattern.sub(other, word)
    return word


def other_forms(word: str) -> list[str]:
    """Return the ways in which `word`, in lower case, may be spelt besides; most words have none."""
    if len(word) < _MIN_LETTERS:
        return []
    forms = dict.fromkeys(pattern.sub(other, word) for pattern, other in (*_RULES, *_BACK))
    return [form for form in forms if form != word]
