"""Which paper a listing is of: by DOI, then arXiv number without its version, then PubMed number, then title.

Equal titles are of one paper when abstracts or authors agree, or when there is nothing to compare. Titles that differ in
braces, tags, spaces, hyphens, Greek letters or a dropped subtitle are of one paper only when the abstracts agree. One DOI makes
one paper unless title and abstract have nothing in common.
"""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections.abc import Callable, Iterable, Iterator

from rag.sources.paper_ids import document_id, normalise_title, paper_id
from rag.text import identifiers
from rag.text.words import content_words
from rag.types import Paper

_MIN_SHARED_WORDS = 0.6  # of the shorter abstract that the longer one must have, to agree
_MIN_COMMON_WORDS = 0.25  # of the shorter abstract, below which one DOI does not make two papers one
_SUBTITLE = re.compile(r"\s*[:?!–—]\s+|\s+-\s+|\. ")
_TITLE, _LOOSE, _MAIN = "title", "loose title", "main title"  # as it stands, without signs, and without signs and subtitle
_GREEK = "GREEK "


class Identities:
    """The identifiers and title keys of the papers of a library. `stored` returns a paper by its id, if it is there."""

    def __init__(self, db: sqlite3.Connection, stored: Callable[[str], Paper | None]) -> None:
        self._db = db
        self._stored = stored

    def resolve(self, paper: Paper) -> str:
        """Return the id under which `paper` is stored, or is to be stored, and keep its identifiers and title under that id.

        A paper with a number of its own in a data set has its id from there.
        """
        if paper.id != paper_id(paper.title):
            self.add(paper, paper.id)
            return paper.id
        found = self.find(paper)
        if found is None:
            found = paper.id if self._stored(paper.id) is None else document_id(paper.title, _distinction(paper))
        self.add(paper, found)
        return found

    def find(self, paper: Paper) -> str | None:
        """Return the id under which a listing of `paper` is known; None for a paper that is new."""
        return self._by_identifier(paper) or self._by_title(paper)

    def add(self, paper: Paper, stored_id: str) -> None:
        """Keep the identifiers of `paper`, and its title unless it has a number of its own, as those of `stored_id`."""
        numbered = paper.id != paper_id(paper.title)
        rows = [(kind, value, stored_id) for kind, value in (*_identifiers(paper), *(() if numbered else _titles(paper.title)))]
        self._db.executemany("INSERT OR IGNORE INTO identities VALUES (?, ?, ?)", rows)

    def remove(self, stored_id: str) -> None:
        self._db.execute("DELETE FROM identities WHERE paper_id = ?", (stored_id,))

    def _by_identifier(self, paper: Paper) -> str | None:
        for kind, value in _identifiers(paper):
            for candidate in self._ids(kind, value):
                other = self._stored(candidate)
                if other is None or kind != "doi" or not strangers(paper, other):
                    return candidate
        return None

    def _by_title(self, paper: Paper) -> str | None:
        for kind, value in _likely(paper.title):
            for candidate in self._ids(kind, value):
                other = self._stored(candidate)
                if other is None or agree(
                    paper, other, same_title=normalise_title(paper.title) == normalise_title(other.title)
                ):
                    return candidate
        return None

    def _ids(self, kind: str, value: str) -> list[str]:
        rows = self._db.execute("SELECT paper_id FROM identities WHERE kind = ? AND value = ? ORDER BY paper_id", (kind, value))
        return [found for (found,) in rows]


def fill(db: sqlite3.Connection, papers: Iterable[Paper]) -> None:
    """Keep the identifiers and titles of `papers`, of a library that kept none so far."""
    identities = Identities(db, lambda stored_id: None)
    for paper in papers:
        identities.add(paper, paper.id)


def identifier(text: str) -> tuple[str, str]:
    """Return the kind and the value under which the library keeps the identifier that `text` is; a value of no paper else."""
    found = identifiers.read(text)
    if found.arxiv:
        return "arxiv", identifiers.unversioned(found.arxiv)
    return ("doi", found.doi) if found.doi else ("pmid", identifiers.pmid(text) or text.strip())


def agree(one: Paper, other: Paper, *, same_title: bool) -> bool:
    """Whether two papers of like titles are one: their abstracts agree, or with the same title their authors.

    Papers of the same title that tell nothing that could be compared agree.
    """
    shared = _shared_words(one.abstract, other.abstract)
    if shared is not None and shared >= _MIN_SHARED_WORDS:
        return True
    if not same_title:
        return False
    mine, theirs = _families(one), _families(other)
    return bool(mine & theirs) if mine and theirs else shared is None


def strangers(one: Paper, other: Paper) -> bool:
    """Whether two papers have next to nothing in common: chapters may all be exported with the DOI of their book."""
    shared = _shared_words(one.abstract, other.abstract)
    return shared is not None and shared < _MIN_COMMON_WORDS and not _shared_words(one.title, other.title)


def _shared_words(one: str, other: str) -> float | None:
    """Return the share of the words of the shorter abstract that the longer one has; None when one is empty."""
    shorter, longer = sorted((content_words(one), content_words(other)), key=len)
    return len(shorter & longer) / len(shorter) if shorter else None


def _families(paper: Paper) -> set[str]:
    """Return the longest word of each author's name, folded: initials come before or after it."""
    return {max(normalise_title(name).split() or [""], key=len) for name in paper.authors} - {""}


def _identifiers(paper: Paper) -> Iterator[tuple[str, str]]:
    if paper.doi:
        yield "doi", paper.doi
    if paper.arxiv:
        yield "arxiv", identifiers.unversioned(paper.arxiv)
    if paper.pmid:
        yield "pmid", paper.pmid


def _titles(title: str) -> Iterator[tuple[str, str]]:
    """Yield the keys under which a paper of this title is found."""
    yield _TITLE, normalise_title(title) or title.strip()
    whole, main = _loose(title), _loose(_SUBTITLE.split(title)[0])
    if whole:
        yield _LOOSE, whole
    if main and main != whole:
        yield _MAIN, main


def _likely(title: str) -> Iterator[tuple[str, str]]:
    """Yield the keys of papers that a listing of this title may be of. Either may have dropped the subtitle, but not both."""
    for kind, value in _titles(title):
        yield (kind if kind != _MAIN else _LOOSE), value
        if kind == _LOOSE:
            yield _MAIN, value


def _loose(title: str) -> str:
    r"""Return the letters and digits of `title` without the names of TeX macros; "α" and "\alpha" are both "alpha"."""
    spelled = "".join(_spelled(c) for c in unicodedata.normalize("NFKC", title))
    return normalise_title(re.sub(r"\\(?:text|math)\w*|</?\w+>", "", spelled)).replace(" ", "")


def _spelled(character: str) -> str:
    name = unicodedata.name(character, "")
    return name.split()[-1].lower() if name.startswith(_GREEK) and " LETTER " in name and len(name.split()) == 4 else character


def _distinction(paper: Paper) -> str:
    """Return what tells `paper` from another one of its title."""
    return next((value for _, value in _identifiers(paper)), paper.abstract)
