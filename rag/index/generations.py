"""Generations of the index: built beside the live one, verified, and swapped in whole.

    home/index/<fingerprint>/CURRENT            the number of the live generation
    home/index/<fingerprint>/<n>/chroma         vectors of chunks
    home/index/<fingerprint>/<n>/tantivy        words of papers
    home/index/<fingerprint>/<n>/matrix         the same vectors as one array, for exact cosines
    home/index/<fingerprint>/<n>/manifest.json  counts, checksums, and the state of the library it holds
    home/index/<fingerprint>/<n>/DIRTY          there while the generation is being written

A new generation starts as a copy of the live one, so that only new chunks are put into Chroma and nobody ever reads a
folder that is being written; the copy and the matrix still cost time in proportion to the library.
Whatever is wrong with an index, it is built again from the library without embedding again.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.errors import LibraryError
from rag.index import probe, starter_index
from rag.index.chunks import CHUNKER, cut
from rag.index.lexical import LexicalIndex
from rag.index.matrix import Matrix, Rows, Writer, text_checksums
from rag.index.vectors import VectorIndex
from rag.interfaces import Embedder
from rag.storage import checksums
from rag.storage.library import Library
from rag.types import Filters, IndexInfo, Progress

_CHANGED_BY_OPENING = ("chroma/chroma.sqlite3",)
_LAYOUT_VERSION = 3  # of the layout of a generation
_TEXTS_EMBEDDED_AT_ONCE = 256
_PAPERS_CUT_AT_ONCE = 64
_CHUNKS_READ_AT_ONCE = 5_000
_MAX_REMEMBERED_FILTERS = 32  # filters


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a finished generation holds."""

    generation: int
    state: str  # of the library: see rag.storage.library
    papers: int
    chunks: int
    files: dict[str, tuple[int, int | None]]  # checksums: a file that is damaged is found before it is opened


class Index:
    """A live generation, open for reading."""

    def __init__(self, folder: Path, fingerprint: str, manifest: Manifest) -> None:
        self.manifest = manifest
        self.info = IndexInfo(fingerprint, manifest.generation, manifest.papers)
        self.vectors = VectorIndex(folder / "chroma")
        self.lexical = LexicalIndex(folder / "tantivy")
        self.matrix = Matrix(folder / "matrix")
        self._passing: dict[tuple[Filters, str], Rows] = {}

    def rows(self, library: Library, filters: Filters) -> Rows:
        """Return the rows of the papers that pass `filters`, in order; remembered, as questions come with the same ones."""
        asked = (filters, library.state)
        rows = self._passing.get(asked)  # threads share this index: another may take the entry away at any moment
        if rows is None:
            known = (self.matrix.row.get(paper_id) for paper_id in library.matching(filters))
            rows = np.array(sorted(row for row in known if row is not None), np.int64)
            remembered = list(self._passing)
            for old in remembered[: max(0, len(remembered) - _MAX_REMEMBERED_FILTERS + 1)]:
                self._passing.pop(old, None)
            self._passing[asked] = rows
        return rows

    def close(self) -> None:
        self.vectors.close()
        self.matrix.close()


def fingerprint(embedder: Embedder) -> str:
    """Return the name under which indexes of this embedder, chunker and layout are kept."""
    name = "".join(c if c.isalnum() or c in "-." else "_" for c in embedder.name)
    return f"{name}-{embedder.dimension}-{CHUNKER}-v{_LAYOUT_VERSION}"


def open_live(home: Path, name: str) -> Index | None:
    """Open the live generation of fingerprint `name`; None when there is none or it is not whole."""
    manifest = live(home, name)
    if manifest is None:
        return None
    try:
        index = Index(_folder(home, name) / str(manifest.generation), name, manifest)
        counts = (index.vectors.count(), index.lexical.count(), len(index.matrix), len(index.matrix.papers))
        if counts == (manifest.chunks, manifest.papers) * 2:
            return index
        index.close()
    except (LibraryError, OSError, ValueError, KeyError):
        pass
    return None


def live(home: Path, name: str) -> Manifest | None:
    """Return what the live generation holds, without opening it; None when there is none, or it is dirty or damaged."""
    folder = _folder(home, name)
    try:
        generation = folder / str(_current(folder))
        written = json.loads((generation / "manifest.json").read_text("utf-8"))
        manifest = Manifest(**{**written, "files": {name: tuple(sums) for name, sums in written["files"].items()}})
        whole = not (generation / "DIRTY").exists() and checksums.intact(generation, manifest.files)
        return manifest if whole else None
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _current(folder: Path) -> int | None:
    try:
        return int((folder / "CURRENT").read_text("utf-8"))
    except (OSError, ValueError):
        return None


def refresh(home: Path, library: Library, embedder: Embedder, progress: Progress, *, anew: bool = False) -> Manifest:
    """Cut and embed what is new in the library, build the next generation and make it live. Needs the writer's lock.

    It starts from a copy of the live generation, or from nothing with `anew` or when that one is damaged. Raises
    LibraryError when it fails the check; the live generation then stays.
    """
    name = fingerprint(embedder)
    state = library.state
    _embed(library, embedder, progress)
    folder = _folder(home, name)
    folder.mkdir(parents=True, exist_ok=True)
    before = _current(folder)
    start = None if anew or live(home, name) is None else before
    try:
        manifest = _build(folder, start, state, library, embedder, progress)
    except (LibraryError, OSError):
        if start is None:
            raise
        manifest = _build(folder, None, state, library, embedder, progress)
    unfinished = folder / f"CURRENT.{os.getpid()}"
    unfinished.write_text(str(manifest.generation), "utf-8")
    unfinished.replace(folder / "CURRENT")
    _clear(folder, keep={manifest.generation, before})  # readers may still have the one before open
    return manifest


def _build(folder: Path, start: int | None, state: str, library: Library, embedder: Embedder, progress: Progress) -> Manifest:
    """Make the next generation, from a copy of generation `start` when given, and check it. It is not live yet."""
    generations = [p for p in folder.iterdir() if p.name.isdigit()]
    number = 1 + max((int(p.name) for p in generations), default=0)
    target = folder / str(number)
    target.mkdir()
    try:
        (target / "DIRTY").touch()
        if start is not None:
            for part in ("chroma", "tantivy"):
                shutil.copytree(folder / str(start) / part, target / part)
        before = None if start is None else folder / str(start) / "matrix"
        papers, chunks = _fill(target, before, library, embedder, progress)
        probe.check(target)
        files = [p.relative_to(target).as_posix() for p in target.rglob("*") if p.is_file() and p.name != "DIRTY"]
        manifest = Manifest(number, state, papers, chunks, checksums.of(target, files, _CHANGED_BY_OPENING))
        (target / "manifest.json").write_text(json.dumps(asdict(manifest)), "utf-8")
        (target / "DIRTY").unlink()
    except BaseException:
        for part in ("chroma", "tantivy", "matrix"):  # the folder itself stays, as Chroma never forgets a path that failed
            shutil.rmtree(target / part, ignore_errors=True)
        raise
    return manifest


def _embed(library: Library, embedder: Embedder, progress: Progress) -> None:
    """Cut and embed what is new. A paper's new chunks replace the old ones only a moment before they have vectors."""
    papers = library.unchunked(CHUNKER)
    for first in range(0, len(papers), _PAPERS_CUT_AT_ONCE):
        library.put_chunks(CHUNKER, dict(cut(papers[first : first + _PAPERS_CUT_AT_ONCE])))
        _embed_chunks(library, embedder)
        progress("embedding", min(first + _PAPERS_CUT_AT_ONCE, len(papers)), len(papers))
    _embed_chunks(library, embedder, progress)  # of another embedder, or of a run that was ended


def _embed_chunks(library: Library, embedder: Embedder, progress: Progress = lambda stage, done, total: None) -> None:
    """Embed the chunks that have no vector, storing each batch as it comes, so that a run that fails is taken up there."""
    texts = starter_index.fill(library, embedder.name, library.unembedded(embedder.name))
    done = 0
    while done < len(texts):
        some = texts[done : done + getattr(embedder, "at_once", _TEXTS_EMBEDDED_AT_ONCE)]  # what an endpoint gives in one reply
        library.put_vectors(embedder.name, some, embedder.embed(some))
        done += len(some)
        progress("embedding", done, len(texts))


def _fill(target: Path, before: Path | None, library: Library, embedder: Embedder, progress: Progress) -> tuple[int, int]:
    """Bring the copy in `target` to what the library holds; return how many papers and chunks that is.

    `before` is the matrix of the generation that was copied.
    """
    chunks = library.chunks()
    copied = kept = Matrix(before) if before is not None else None
    if copied is not None and copied.outgrown(chunks):
        shutil.rmtree(target / "chroma")
        copied = kept = None
    vectors = VectorIndex(target / "chroma")
    held = vectors.ids()
    gone = sorted(held - {c.id for c in chunks})
    vectors.remove(gone)
    changed = {c.paper_id for c in chunks if c.id not in held}
    if kept is not None and (gone or not changed.isdisjoint(kept.row)):
        kept = None
    if kept is None:  # Tantivy goes on counting deleted papers in BM25, so words are indexed from nothing, and in new rows
        shutil.rmtree(target / "tantivy", ignore_errors=True)
    known = kept.papers if kept else []
    papers = known + sorted({c.paper_id for c in chunks}.difference(kept.row if kept else ()))
    row = {paper_id: n for n, paper_id in enumerate(papers)}
    chunks.sort(key=lambda c: (row[c.paper_id], c.id))
    matrix = Writer(target / "matrix", papers, chunks, embedder.dimension)
    for first in range(0, len(chunks), _CHUNKS_READ_AT_ONCE):
        matrix.add(library.vectors(embedder.name, [c.text for c in chunks[first : first + _CHUNKS_READ_AT_ONCE]]))
    axes = matrix.fitted() if copied is None else copied.axes
    new = [c for c in chunks if c.id not in held]
    for first in range(0, len(new), _CHUNKS_READ_AT_ONCE):
        some = new[first : first + _CHUNKS_READ_AT_ONCE]
        vectors.add(some, axes.of(library.vectors(embedder.name, [c.text for c in some])))
        progress("indexing", first + len(some), len(new))
    vectors.settle()
    added = _words(target / "tantivy", library, papers, len(known))
    matrix.finish(axes, np.concatenate([kept.checksums if kept else np.zeros(0, np.uint32), added]))
    counts = (len(papers), vectors.count())
    vectors.close()
    if counts != (library.count(), len(chunks)):
        raise LibraryError("The index that was built does not hold every paper.", "Run: python -m rag.ingest --repair")
    return counts


def _words(folder: Path, library: Library, papers: Sequence[str], known: int) -> NDArray[np.uint32]:
    """Index the words of the papers from row `known` on; return the checksums of their abstracts."""
    lexical = LexicalIndex(folder)
    sums = [np.zeros(0, np.uint32)]
    for first in range(known, len(papers), _CHUNKS_READ_AT_ONCE):
        found = library.papers(papers[first : first + _CHUNKS_READ_AT_ONCE])
        some = [found[paper_id] for paper_id in papers[first : first + _CHUNKS_READ_AT_ONCE]]
        lexical.add(first, some)
        sums.append(text_checksums(some))
    if lexical.count() != len(papers):
        raise LibraryError("The index that was built does not hold every paper.", "Run: python -m rag.ingest --repair")
    return np.concatenate(sums)


def _clear(folder: Path, keep: set[int | None]) -> None:
    for old in folder.iterdir():
        if old.name.isdigit() and int(old.name) not in keep:
            with suppress(OSError):
                shutil.rmtree(old)


def _folder(home: Path, name: str) -> Path:
    return home / "index" / name
