"""A lost or damaged library, made again from what can still be read of it and from the texts that the index holds.

A damaged file is read as far as it goes. The index has the papers as they were when it was last built.
"""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rag.errors import LibraryError
from rag.index import vectors
from rag.index.lexical import LexicalIndex
from rag.index.moments import read_moments
from rag.storage import backup, lock
from rag.storage.library import Library
from rag.types import Paper

SOURCE = "recovered"


@dataclass(frozen=True, slots=True)
class Recovered:
    """How many papers are in the new library: `whole` ones, and `texts` of which only title and abstract were found; and how
    many the index lists of which nothing was found. `kept` is where the damaged file is."""

    whole: int
    texts: int
    lost: int
    kept: Path | None


def recover(home: Path) -> Recovered:
    """Make a new library of what is left, and keep the damaged file beside it.

    Raises LibraryError for a library that is not damaged, and when nothing is left. The index is built at the next question.
    """
    library = home / "library.sqlite"
    if backup.is_sound(library):
        raise LibraryError(f"The library in {home} is not damaged.", "There is nothing to recover.")
    if not home.is_dir():
        raise LibraryError(f"There is no folder {home}.", "Set RAG_HOME to the folder that held the library.")
    with lock.writer(home, "rag.library recover"):
        listings = backup.readable(library)
        known = {paper.id for _, paper in listings}
        indexed, listed = _indexed(home)
        indexed = {paper_id: paper for paper_id, paper in indexed.items() if paper_id not in known}
        if not listings and not indexed:
            raise LibraryError(
                "Neither the library nor an index holds a paper.", "Read the sources again: python -m rag.ingest FILE"
            )
        made = home / "library.recovering"
        shutil.rmtree(made, ignore_errors=True)
        try:
            _write(made, [*listings, *((source, paper) for paper in indexed.values() for source in paper.sources or [SOURCE])])
            backup.in_one_file(made / "library.sqlite")
            kept = backup.set_aside(library)
            backup.put_in_place(made / "library.sqlite", library, sound=False)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    texts = sum(not paper.sources for paper in indexed.values())
    return Recovered(len(known) + len(indexed) - texts, texts, len(listed - known - indexed.keys()), kept)


def _write(home: Path, listings: list[tuple[str, Paper]]) -> None:
    library = Library(home, create=True)
    try:
        for source in sorted({source for source, _ in listings}):
            library.put(source, [paper for name, paper in listings if name == source])
    finally:
        library.close()


def _indexed(home: Path) -> tuple[dict[str, Paper], set[str]]:
    """Return the papers of the first generation that can be read, the newest first, and the ids that the newest lists.

    A generation has whole papers in its lexical index. Where that is damaged, titles and abstracts are in the vector index.
    """
    listed: set[str] = set()
    generations_found = sorted(
        (path.parent for path in (home / "index").glob("*/*/manifest.json")),
        key=lambda folder: (folder / "manifest.json").stat().st_mtime,
        reverse=True,
    )
    for read in (_whole_papers, _texts):
        for folder in generations_found:
            with suppress(OSError, ValueError, KeyError):
                listed = listed or _listed(folder)
            with suppress(LibraryError, OSError, ValueError):
                if papers := read(folder):
                    return papers, listed
    return {}, listed


def _listed(generation: Path) -> set[str]:
    """Return the ids of the papers of a generation, without those that are hidden."""
    settled = json.loads((generation / "manifest.json").read_text("utf-8"))["settled"]
    folders = dict.fromkeys([generation.with_name(str(settled)), generation])
    ids = [i for folder in folders for i in json.loads((folder / "matrix" / "papers.json").read_text("utf-8"))]
    gone = set(read_moments(generation / "matrix")[1].tolist())
    return {paper_id for row, paper_id in enumerate(ids) if row not in gone}


def _whole_papers(generation: Path) -> dict[str, Paper]:
    return {paper.id: paper for paper in LexicalIndex(generation / "tantivy").papers()}


def _texts(generation: Path) -> dict[str, Paper]:
    """Put the chunks of a vector index together to papers. What is between two chunks is white space."""
    titles: dict[str, str] = {}
    abstracts: dict[str, str] = {}
    index = vectors.open_in(generation / "chroma")
    try:
        for chunk in sorted(index.chunks(), key=lambda chunk: (chunk.paper_id, chunk.start)):
            title, _, text = chunk.text.partition("\n")
            titles[chunk.paper_id] = title
            abstracts[chunk.paper_id] = abstracts.get(chunk.paper_id, "").ljust(chunk.start) + text
    finally:
        index.close()
    return {paper_id: Paper(paper_id, title, abstracts[paper_id].strip()) for paper_id, title in titles.items()}
