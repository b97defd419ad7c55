"""Citation keys of papers as zeng-2020-graphsaint: the first author's family name, the year, and the first word of the title.

A part that is not known is "anon" or "nd". Papers that would share a key get the beginning of a checksum of their ids at its
end, so that a paper keeps its key however the papers are ordered.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from rag.text.words import STOP, WORD
from rag.types import Paper

_LATIN_LETTER = re.compile(r"LATIN SMALL LETTER (?:DOTLESS )?([A-Z]+)(?: WITH .*)?")  # ø, ł, ı: which do not decompose
_GENERATION = frozenset({"jr", "sr", "ii", "iii", "iv"})
_DISTINCTION_CHARS = 4  # of the checksum of a paper's id


def keys(papers: Sequence[Paper]) -> list[str]:
    """Return a key for each paper, in order: ASCII letters, digits and hyphens, no two alike."""
    plain = [_plain(paper) for paper in papers]
    shared = Counter(plain)
    taken: set[str] = set()
    return [_free(key if shared[key] == 1 else _distinct(key, paper), taken) for key, paper in zip(plain, papers, strict=True)]


def _plain(paper: Paper) -> str:
    return "-".join((_family(paper), (paper.published or "")[:4] or "nd", _word(paper.title)))


def _distinct(key: str, paper: Paper) -> str:
    return f"{key}-{hashlib.sha256(paper.id.encode('utf-8', 'replace')).hexdigest()[:_DISTINCTION_CHARS]}"


def _free(key: str, taken: set[str]) -> str:
    """Return `key`, or for one that is taken the key with a number, and add it to `taken`."""
    free, number = key, 1
    while free in taken:
        number += 1
        free = f"{key}-{number}"
    taken.add(free)
    return free


def _family(paper: Paper) -> str:
    """Return the family name of the first author, in either order of the names; else the first word of the organisation."""
    name = next(iter(paper.authors), "")
    words = _folded(name.partition(",")[0]) if "," in name else _folded(name)
    whole = [word for word in words if len(word) > 1 and word not in _GENERATION]  # without initials
    of_author = (whole or words)[-1:]
    return (of_author or _folded(paper.organisation or "")[:1] or ["anon"])[0]


def _word(title: str) -> str:
    words = _folded(title)
    return next((word for word in words if word not in STOP and len(word) > 1), words[0] if words else "untitled")


def _folded(text: str) -> list[str]:
    """Return the words of `text` in lower-case ASCII, without those that have no Latin letter and no digit."""
    folded = ("".join(map(_ascii, unicodedata.normalize("NFKD", word.casefold()))) for word in WORD.findall(text))
    return [word for word in folded if word]


def _ascii(sign: str) -> str:
    if sign.isascii():
        return sign if sign.isalnum() else ""
    letter = _LATIN_LETTER.fullmatch(unicodedata.name(sign, ""))
    return letter[1].lower() if letter else ""
