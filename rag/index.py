"""Generations of the index: built beside the live one, verified, and swapped in whole.

    home/index/<fingerprint>/CURRENT            the number of the live generation
    home/index/<fingerprint>/<n>/chroma         vectors of chunks
    home/index/<fingerprint>/<n>/tantivy        words of papers
    home/index/<fingerprint>/<n>/manifest.json  counts, and the revision of the library it holds
    home/index/<fingerprint>/<n>/DIRTY          there while the generation is being written

A new generation starts as a copy of the live one, so that only new chunks are put into Chroma and nobody ever reads a
folder that is being written; the copy, and the moments of all vectors, still cost time in proportion to the library.
Whatever is wrong with an index, it is built again from the library without embedding again.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.chunks import CHUNKER, cut
from rag.embedding import Embedder
from rag.errors import LibraryError
from rag.lexical import LexicalIndex
from rag.library import Library
from rag.types import IndexInfo, Progress
from rag.vectors import VectorIndex

_VERSION = 1  # of the layout of a generation
_EMBED_BATCH = 256
_PAPERS_CUT = 64
_CHUNKS_READ = 5_000
_OWN = 0.999  # cosine of a vector with itself, give or take rounding


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a finished generation holds."""

    generation: int
    revision: int
    papers: int
    chunks: int
    files: dict[str, int]  # name and size in bytes: a file that is missing or cut short is found before it is opened


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean (d,) and covariance (d, d) of all chunk vectors: they give the mean and spread of any question's cosines."""

    mean: NDArray[np.float32]
    covariance: NDArray[np.float32]

    def of(self, question: NDArray[np.float32]) -> tuple[float, float]:
        """Return mean and standard deviation of the cosines of all chunks with `question` (d,)."""
        variance = float(question @ self.covariance @ question)
        return float(self.mean @ question), max(variance, 1e-9) ** 0.5


class Index:
    """A live generation, open for reading."""

    def __init__(self, folder: Path, fingerprint: str, manifest: Manifest) -> None:
        self.manifest = manifest
        self.info = IndexInfo(fingerprint, manifest.generation, manifest.papers)
        self.vectors = VectorIndex(folder / "chroma")
        self.lexical = LexicalIndex(folder / "tantivy")
        with np.load(folder / "moments.npz") as stored:
            self.moments = Moments(stored["mean"], stored["covariance"])

    def close(self) -> None:
        self.vectors.close()


def fingerprint(embedder: Embedder) -> str:
    """Return the name under which indexes of this embedder, chunker and layout are kept."""
    name = "".join(c if c.isalnum() or c in "-." else "_" for c in embedder.name)
    return f"{name}-{embedder.dimension}-{CHUNKER}-v{_VERSION}"


def open_live(home: Path, name: str) -> Index | None:
    """Open the live generation of fingerprint `name`; None when there is none or it is not whole."""
    manifest = live(home, name)
    if manifest is None:
        return None
    try:
        index = Index(_folder(home, name) / str(manifest.generation), name, manifest)
        if index.vectors.count() == manifest.chunks and index.lexical.count() == manifest.papers:
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
        manifest = Manifest(**json.loads((generation / "manifest.json").read_text("utf-8")))
        whole = not (generation / "DIRTY").exists() and _sizes(generation, manifest.files) == manifest.files
        return manifest if whole else None
    except (OSError, ValueError, TypeError):
        return None


def _current(folder: Path) -> int | None:
    try:
        return int((folder / "CURRENT").read_text("utf-8"))
    except (OSError, ValueError):
        return None


def _sizes(generation: Path, names: Iterable[str]) -> dict[str, int]:
    return {name: (generation / name).stat().st_size for name in names}


def refresh(home: Path, library: Library, embedder: Embedder, progress: Progress, *, anew: bool = False) -> Manifest:
    """Cut and embed what is new in the library, build the next generation and make it live. Needs the writer's lock.

    It starts from a copy of the live generation, or from nothing with `anew` or when that one is damaged. Raises
    LibraryError when it fails the check; the live generation then stays.
    """
    name = fingerprint(embedder)
    revision = library.revision
    _embed(library, embedder, progress)
    folder = _folder(home, name)
    folder.mkdir(parents=True, exist_ok=True)
    before = _current(folder)
    start = None if anew or live(home, name) is None else before
    try:
        manifest = _build(folder, start, revision, library, embedder, progress)
    except (LibraryError, OSError):
        if start is None:
            raise
        manifest = _build(folder, None, revision, library, embedder, progress)
    unfinished = folder / f"CURRENT.{os.getpid()}"
    unfinished.write_text(str(manifest.generation), "utf-8")
    unfinished.replace(folder / "CURRENT")
    _clear(folder, keep={manifest.generation, before})  # readers may still have the one before open
    return manifest


def _build(
    folder: Path, start: int | None, revision: int, library: Library, embedder: Embedder, progress: Progress
) -> Manifest:
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
        papers, chunks = _fill(target, library, embedder, progress)
        _check(target)
        files = [p.relative_to(target).as_posix() for p in target.rglob("*") if p.is_file() and p.name != "DIRTY"]
        manifest = Manifest(number, revision, papers, chunks, _sizes(target, files))
        (target / "manifest.json").write_text(json.dumps(asdict(manifest)), "utf-8")
        (target / "DIRTY").unlink()
    except BaseException:
        for part in ("chroma", "tantivy"):  # the folder itself stays, as Chroma never forgets a path that failed
            shutil.rmtree(target / part, ignore_errors=True)
        raise
    return manifest


def _embed(library: Library, embedder: Embedder, progress: Progress) -> None:
    """Cut and embed what is new. A paper's new chunks replace the old ones only a moment before they have vectors."""
    papers = library.unchunked(CHUNKER)
    for first in range(0, len(papers), _PAPERS_CUT):
        library.put_chunks(CHUNKER, dict(cut(papers[first : first + _PAPERS_CUT])))
        _embed_chunks(library, embedder)
        progress("embedding", min(first + _PAPERS_CUT, len(papers)), len(papers))
    _embed_chunks(library, embedder)  # of another embedder, or of a run that was ended


def _embed_chunks(library: Library, embedder: Embedder) -> None:
    texts = library.unembedded(embedder.name)
    for first in range(0, len(texts), _EMBED_BATCH):
        some = texts[first : first + _EMBED_BATCH]
        library.put_vectors(embedder.name, some, embedder.embed(some))


def _fill(target: Path, library: Library, embedder: Embedder, progress: Progress) -> tuple[int, int]:
    """Bring the copy in `target` to what the library holds; return how many papers and chunks that is."""
    chunks = library.chunks()
    vectors = VectorIndex(target / "chroma")
    held = vectors.ids()
    gone = sorted(held - {c.id for c in chunks})
    vectors.remove(gone)
    moments = _Sums(embedder.dimension)
    for first in range(0, len(chunks), _CHUNKS_READ):
        some = chunks[first : first + _CHUNKS_READ]
        rows = library.vectors(embedder.name, [c.text for c in some])
        moments.add(rows)
        new = [i for i, c in enumerate(some) if c.id not in held]
        vectors.add([some[i] for i in new], rows[new])
        progress("indexing", first + len(some), len(chunks))
    moments.save(target / "moments.npz")
    if gone:  # Tantivy goes on counting deleted papers in BM25, so their words are indexed from nothing
        shutil.rmtree(target / "tantivy", ignore_errors=True)
    added = None if gone else sorted({c.paper_id for c in chunks if c.id not in held})
    lexical = LexicalIndex(target / "tantivy")
    lexical.add(library.papers(added).values())
    counts = (library.count(), vectors.count())
    vectors.close()
    if counts != (lexical.count(), len(chunks)):
        raise LibraryError("The index that was built does not hold every paper.", "Run: python -m rag.ingest --repair")
    return counts


class _Sums:
    def __init__(self, dimension: int) -> None:
        self._n = 0
        self._sum = np.zeros(dimension)
        self._outer = np.zeros((dimension, dimension))

    def add(self, rows: NDArray[np.float32]) -> None:
        self._n += len(rows)
        self._sum += rows.sum(axis=0, dtype=np.float64)
        self._outer += rows.T @ rows

    def save(self, path: Path) -> None:
        mean = self._sum / max(self._n, 1)
        covariance = self._outer / max(self._n, 1) - np.outer(mean, mean)
        np.savez(path, mean=mean.astype(np.float32), covariance=covariance.astype(np.float32))


def _check(generation: Path) -> None:
    """Open the generation in a child process and ask it for chunks it must hold: damage may crash whoever reads it."""
    # -P and PYTHONPATH: this package, whatever a folder named rag in the working directory holds
    command = [sys.executable, "-P", "-m", "rag.index", str(generation)]
    paths = [str(Path(__file__).resolve().parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)  # noqa: S603 - our own module
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise LibraryError(f"The index that was built failed its check ({last}).", "Run: python -m rag.ingest --repair")


def probe(generation: Path, samples: int = 5) -> None:
    """Ask a generation for some of its own chunks. Raises LibraryError when their papers are not what comes first.

    One may be missed, as the vector index is approximate.
    """
    index = VectorIndex(generation / "chroma")
    sampled = index.sample(samples)
    missed = [i for i, vector in sampled if _paper_of(i) not in [p for p, cosine in index.nearest(vector, 5) if cosine > _OWN]]
    if len(missed) > len(sampled) // samples:
        raise LibraryError(f"chunks {', '.join(missed)} are not found by their own vectors", "")
    LexicalIndex(generation / "tantivy").search("probe", 1)
    index.close()


def _paper_of(chunk_id: str) -> str:
    return chunk_id.rpartition("#")[0]


def _clear(folder: Path, keep: set[int | None]) -> None:
    for old in folder.iterdir():
        if old.name.isdigit() and int(old.name) not in keep:
            with suppress(OSError):
                shutil.rmtree(old)


def _folder(home: Path, name: str) -> Path:
    return home / "index" / name


if __name__ == "__main__":
    probe(Path(sys.argv[1]))
