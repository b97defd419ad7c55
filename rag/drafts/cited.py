"""Finds the papers that a draft cites: by the entries of BibTeX files, by numbers such as DOIs, by keys, and by titles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rag.drafts.reading import Draft
from rag.errors import UsageError
from rag.output import citation_keys
from rag.sources import bibtex
from rag.sources.paper_ids import normalise_title
from rag.storage.library import Library
from rag.terminal import text_of
from rag.types import Filters, Paper

_FIX = "Give BibTeX files with --bib, or store the papers: python -m rag.ingest FILE"
_MIN_TITLE_CHARS = 12  # of a title that is found within a line of a reference list


def entries(files: Sequence[Path]) -> dict[str, Paper]:
    """Return the papers of BibTeX files by their keys. Raises UsageError for a file without an entry."""
    found: dict[str, Paper] = {}
    for file in files:
        keyed = bibtex.keyed(text_of(file, _FIX))
        if not keyed:
            raise UsageError(f"{file} has no entry of BibTeX.", "Give the bibliography of the draft.")
        found = keyed | found
    return found


def papers(draft: Draft, given: Mapping[str, Paper], library: Library) -> dict[int, Paper]:
    """Return the papers that the numbers of `draft` stand for, where they are known and have an abstract.

    A paper of `given` without an abstract has that of the same paper in the library.
    """
    if draft.listed:
        titles: dict[str, Paper | str] = {normalise_title(t): i for i, (t, _) in library.catalogue().items()}
        titles |= {normalise_title(paper.title): paper for paper in given.values()}
        found = {n: _by_title(line, titles, library) for n, line in draft.keys.items()}
    else:
        own = _own_keys(draft, given, library)
        found = {n: given.get(key) or own.get(key) or _by_number(key, library) for n, key in draft.keys.items()}
    whole = {n: _with_abstract(paper, library) for n, paper in found.items() if paper is not None}
    return {n: paper for n, paper in whole.items() if paper.abstract}


def _with_abstract(paper: Paper, library: Library) -> Paper:
    same = None if paper.abstract else library.same(paper)
    stored = library.paper(same) if same else None
    return replace(paper, abstract=stored.abstract) if stored else paper


def _by_number(key: str, library: Library) -> Paper | None:
    found = library.matching(Filters(identifier=key))
    return library.paper(found[0]) if found else None


def _own_keys(draft: Draft, given: Mapping[str, Paper], library: Library) -> dict[str, Paper]:
    """Return the library's papers by the keys that its exports give them, where the draft has other keys than `given`."""
    if set(draft.keys.values()) <= given.keys():
        return {}
    stored = list(library.papers().values())
    return dict(zip(citation_keys.keys(stored), stored, strict=True))


def _by_title(line: str, titles: Mapping[str, Paper | str], library: Library) -> Paper | None:
    """Return the paper whose title stands in a line of a reference list, the longest one; `titles` has papers or their ids."""
    said = f" {normalise_title(line)} "
    within = [title for title in titles if len(title) >= _MIN_TITLE_CHARS and f" {title} " in said]
    best = titles[max(within, key=len)] if within else None
    return library.paper(best) if isinstance(best, str) else best
