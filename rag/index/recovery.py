"""A lost or damaged library, made again from what can still be read of it and from the texts that the index holds.

The index has titles and abstracts only. A damaged file is read as far as it goes: its papers have dates and authors too.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rag.errors import LibraryError
from rag.index.vectors import VectorIndex
from rag.storage import backup, lock
from rag.storage.library import Library
from rag.types import Chunk, Paper

SOURCE = "recovered"


@dataclass(frozen=True, slots=True)
class Recovered:
    """How many papers are in the new library: `whole` ones from the damaged file, `texts` from the index, and how many the
    index lists of which no text was found. `kept` is where the damaged file is."""

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
        texts, listed = _indexed(home)
        texts = {paper_id: paper for paper_id, paper in texts.items() if paper_id not in known}
        if not listings and not texts:
            raise LibraryError(
                "Neither the library nor an index holds a paper.", "Read the sources again: python -m rag.ingest FILE"
            )
        made = home / "library.recovering"
        shutil.rmtree(made, ignore_errors=True)
        try:
            _write(made, [*listings, *((SOURCE, paper) for paper in texts.values())])
            backup.in_one_file(made / "library.sqlite")
            kept = backup.set_aside(library)
            backup.put_in_place(made / "library.sqlite", library, sound=False)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    return Recovered(len(known), len(texts), len(listed - known - texts.keys()), kept)


def _write(home: Path, listings: list[tuple[str, Paper]]) -> None:
    library = Library(home, create=True)
    try:
        for source in sorted({source for source, _ in listings}):
            library.put(source, [paper for name, paper in listings if name == source])
    finally:
        library.close()


def _indexed(home: Path) -> tuple[dict[str, Paper], set[str]]:
    """Return the papers of the first generation that can be read, the newest first, and the ids that generations list."""
    listed: set[str] = set()
    generations_found = sorted(
        (path.parent for path in (home / "index").glob("*/*/manifest.json")),
        key=lambda folder: (folder / "manifest.json").stat().st_mtime,
        reverse=True,
    )
    for folder in generations_found:
        with suppress(OSError, ValueError):
            listed = listed or set(json.loads((folder / "matrix" / "papers.json").read_text("utf-8")))
        with suppress(LibraryError):
            index = VectorIndex(folder / "chroma")
            try:
                if papers := _papers(index.chunks()):
                    return papers, listed
            finally:
                index.close()
    return {}, listed


def _papers(chunks: Iterator[Chunk]) -> dict[str, Paper]:
    """Put chunks together to papers. What is between two chunks is white space."""
    titles: dict[str, str] = {}
    abstracts: dict[str, str] = {}
    for chunk in sorted(chunks, key=lambda chunk: (chunk.paper_id, chunk.start)):
        title, _, text = chunk.text.partition("\n")
        titles[chunk.paper_id] = title
        abstracts[chunk.paper_id] = abstracts.get(chunk.paper_id, "").ljust(chunk.start) + text
    return {paper_id: Paper(paper_id, title, abstracts[paper_id].strip()) for paper_id, title in titles.items()}
