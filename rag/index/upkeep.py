"""Whether library, history and index are whole, and taking out of them what is no longer used.

Nothing is embedded here: an index is built anew from the vectors that the library has, and deleted where some are missing.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rag.errors import LibraryError
from rag.index import generations, manifest, probe
from rag.index.rebuild import StoredEmbedder, rebuild
from rag.storage import leftovers, lock, read_only
from rag.storage.leftovers import Counts
from rag.storage.reader import Reader

_REPAIR = "Run: python -m rag.ingest --repair"
_COMPACT = "Run: python -m rag.library compact"


@dataclass(frozen=True, slots=True)
class State:
    """What verify() found: sentences on what is there, and on what is wrong, with the remedy."""

    found: tuple[str, ...]
    wrong: tuple[str, ...]


def verify(home: Path) -> State:
    """Read all of library and history, and check the index of each embedder. Raises LibraryError without a library."""
    wrong: list[str] = [damage for damage in [_damage(home / "history.sqlite")] if damage]
    damage = _damage(home / "library.sqlite")
    if damage:
        return State((), (damage, *wrong))
    library = Reader(home)
    try:
        counts, state = leftovers.counts(library.path), library.state
    finally:
        library.close()
    found = [f"{counts.papers:,} papers, {counts.chunks:,} chunks, {counts.vectors:,} vectors"]
    found += [f"{counts.vectors_without_chunk:,} vectors of texts that are gone"] * bool(counts.vectors_without_chunk)
    wrong += _missing(counts)
    names = [folder.name for folder in _folders(home)]
    if counts.papers and not names:
        wrong.append(f"There is no index. {_REPAIR}")
    for name in names:
        problem = _index_problem(home, name, counts, state)
        if problem:
            wrong.append(problem)
        else:
            found.append(f"the index {name} is whole and up to date")
    return State(tuple(found), tuple(wrong))


def _damage(path: Path) -> str | None:
    """Return what is wrong with a file that is there, with the remedy."""
    damage = read_only.damage(path) if path.exists() else None
    if damage is None:
        return None
    remedy = "The chat sets it aside and begins a new one; to keep it, copy it first."
    if path.name == "library.sqlite":
        remedy = "Put back a backup with: python -m rag.library restore FILE"
        remedy += ", or take from the index what it holds with: python -m rag.library recover"
    return f"The file {path} is damaged ({damage}). {remedy}"


def _missing(counts: Counts) -> Iterator[str]:
    """Yield a sentence for each kind of row that lacks another one."""
    if counts.uncut:
        yield f"{counts.uncut:,} papers are not cut into chunks. {_REPAIR}"
    if counts.chunks_without_paper:
        yield f"{counts.chunks_without_paper:,} chunks are of papers that are gone. {_COMPACT}"
    if counts.chunks and not counts.unembedded:
        yield f"No chunk has a vector. {_REPAIR}"
    elif counts.unembedded and (fewest := min(counts.unembedded.values())):  # other embedders may be of former times
        name = next(name for name, n in counts.unembedded.items() if n == fewest)
        yield f"{fewest:,} chunks have no vector of the embedder {name}. {_REPAIR}"


def _index_problem(home: Path, name: str, counts: Counts, state: str) -> str | None:
    manifest.forget_checks(home, name)
    live = manifest.live(home, name)
    if live is None:
        return f"The index {name} is not whole. {_REPAIR}"
    if (live.state, live.papers) != (state, counts.papers):
        return f"The index {name} is not up to date with the library. {_REPAIR}, or, for an embedder of former times, compact."
    try:
        probe.check(home / "index" / name / str(live.settled))
    except LibraryError as error:
        return f"The index {name} is damaged ({error.message}). {_REPAIR}"
    return None


def compact(home: Path) -> int:
    """Delete what is no longer used, so that no text of a removed paper stays; return how many bytes that freed.

    Deleted are vectors and chunks of papers that are gone, and all of the index but one new generation for each embedder
    whose vectors are complete. Raises Busy while another process writes.
    """
    library = home / "library.sqlite"
    Reader(home).close()  # without a library no lock is taken
    with lock.writer(home, "rag.library compact"):
        before = _bytes(home)
        leftovers.delete(library)
        leftovers.vacuum(library)
        embedders = [StoredEmbedder(*stored) for stored in leftovers.embedders(library).items()]
        by_folder = {generations.fingerprint(embedder): embedder for embedder in embedders}
        for folder in _folders(home):
            _compact_index(home, folder, by_folder.get(folder.name))
        return before - _bytes(home)


def _compact_index(home: Path, folder: Path, embedder: StoredEmbedder | None) -> None:
    """Build the index anew, as the files of a copied one keep what was removed from it, and delete the rest of its folder."""
    kept = rebuild(home, embedder) if embedder else None
    if kept is None:
        shutil.rmtree(folder)
        return
    for part in folder.iterdir():
        if part.is_dir() and part.name != str(kept):
            shutil.rmtree(part)
        elif part.is_file() and part.name != "CURRENT":
            part.unlink()


def _folders(home: Path) -> list[Path]:
    folder = home / "index"
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def _bytes(home: Path) -> int:
    files = [*home.glob("library.sqlite*"), *(home / "index").rglob("*")]
    return sum(path.stat().st_size for path in files if path.is_file())
