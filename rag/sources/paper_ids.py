"""Which listings speak of the same paper: those whose titles are equal once case, accents and punctuation are set aside."""

from __future__ import annotations

import hashlib
import re
import unicodedata

_NOT_WORD = re.compile(r"[\W_]+")
# Signs that tell titles apart ("C" and "C++"); the rest of punctuation does not.
_KEPT = {"+": " plus ", "#": " sharp "}


def normalise_title(title: str) -> str:
    """Return the words of `title`, lower case and without accents, joined by single spaces."""
    folded = unicodedata.normalize("NFKD", title.casefold())
    folded = "".join(_KEPT.get(c, c) for c in folded if not unicodedata.combining(c))
    return _NOT_WORD.sub(" ", folded).strip()


def paper_id(title: str) -> str:
    """Return the id of the paper with this title: 16 hex digits, the same on every machine and in every version."""
    return _digest(normalise_title(title) or title.strip())


def document_id(title: str, number: str) -> str:
    """Return the id of a document of a BEIR set, which its `number` tells from others of the same title."""
    return _digest(f"{normalise_title(title)}\n{number}")


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]
