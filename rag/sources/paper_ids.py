"""Ids of papers, made of their titles without case, accents and punctuation. rag.storage.identity uses them."""

from __future__ import annotations

import hashlib
import re
import unicodedata

_NOT_WORD = re.compile(r"[\W_]+")
# Signs that distinguish titles ("C" and "C++"). All other punctuation is ignored.
_SIGN_WORDS = {"+": " plus ", "#": " sharp "}


def normalise_title(title: str) -> str:
    """Return the words of `title`, lower case and without accents, joined by single spaces."""
    folded = unicodedata.normalize("NFKD", title.casefold())
    folded = "".join(_SIGN_WORDS.get(c, c) for c in folded if not unicodedata.combining(c))
    return _NOT_WORD.sub(" ", folded).strip()


def paper_id(title: str) -> str:
    """Return the id of the paper with `title`: 16 hex digits, the same on every machine and in every version."""
    return _digest(normalise_title(title) or title.strip())


def document_id(title: str, number: str) -> str:
    """Return the id of a BEIR document, from its title and its `number`, its _id in the data set."""
    return _digest(f"{normalise_title(title)}\n{number}")


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]
