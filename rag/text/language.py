"""Tells whether a text is English, which questions and the grounding check need."""

from __future__ import annotations

_LAST_LATIN_CODE_POINT = 0x24F
_FOREIGN_WORDS = frozenset(
    "der die das ist sind wie was welche welcher und von mit für wird werden ein eine le la les est sont quel quelle quels "
    "quelles comment pourquoi des du pour avec une que qué cuál cuáles cómo por para los las el es son con una qual quais "
    "como o os um uma il gli che come perché di della wat hoe een het zijn welke voor é warum".split()
)
_ENGLISH_WORDS = frozenset(
    "the of are what which how why when who and for with do does was in to a an on that by it can".split()
)


def is_foreign(text: str) -> bool:
    """Whether `text` seems not to be English: it has letters of another script, or common words of another language."""
    letters = [c for c in text if c.isalpha()]
    if sum(ord(c) > _LAST_LATIN_CODE_POINT for c in letters) > len(letters) // 5:
        return True
    words = text.lower().replace("’", "'").replace("'", " ").split()
    return len(_FOREIGN_WORDS.intersection(w.strip("?!.,;:¿¡") for w in words)) > len(_ENGLISH_WORDS.intersection(words))
