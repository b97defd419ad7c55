"""Generations of the index: built beside the live one, verified, and swapped in whole.

What changed in a library is added to the live generation as a small recent part (rag.index.recent); when that has grown to a
tenth, everything is put together in a settled generation (rag.index.settled). Nobody ever reads a folder that is being
written. Whatever is wrong with an index, it is built again from the library without embedding again.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from rag.errors import LibraryError, Unreachable
from rag.index import manifest, probe, settled, vectors
from rag.index.embedding import embed
from rag.index.manifest import Manifest, fingerprint, live
from rag.index.opened import Index
from rag.index.recent import Recent
from rag.interfaces import Embedder
from rag.storage.library import Changes, Library
from rag.types import Progress

__all__ = ["Index", "Manifest", "fingerprint", "live", "open_live", "refresh"]

_MAX_RECENT_SHARE = 0.1  # of the settled papers, besides which the recent part is small
_PARTS = ("chroma", "tantivy", "matrix")


def open_live(home: Path, name: str, before: Index | None = None) -> Index | None:
    """Open the live generation of fingerprint `name`; None when there is none or it is not whole.

    It shares the settled part of `before` where it has the same. Raises Unreachable when its server does not answer.
    """
    found = live(home, name)
    if found is None:
        return None
    shared = before.settled if before is not None and before.manifest.settled == found.settled else None
    try:
        index = Index(manifest.folder_of(home, name), name, found, shared)
        if index.whole():
            return index
        index.close()
    except Unreachable:
        raise
    except (LibraryError, OSError, ValueError, KeyError):
        pass
    return None


def refresh(
    home: Path, library: Library, embedder: Embedder, progress: Progress, *, anew: bool = False, more: bool = False
) -> Manifest:
    """Cut and embed what is new in the library, build the next generation and make it live. Needs the writer's lock.

    With `anew`, and when the live one is damaged, it is built from nothing. With `more`, as more papers are about to come,
    nothing is put together that need not be. Raises LibraryError when it fails the check; the live generation then stays.
    """
    name = fingerprint(embedder)
    folder = manifest.folder_of(home, name)
    was, before = manifest.current(folder), None if anew else live(home, name)
    changes = library.changes_since(before.state) if before else None
    embed(library, embedder, progress, None if changes is None else changes.put)
    state = library.state
    made = None
    if before is not None and changes is not None:
        made = _with_recent(folder, before, changes, state, library, embedder, share=1.0 if more else _MAX_RECENT_SHARE)
    if made is None:
        made = _settled(folder, before, state, library, embedder, progress)
    manifest.make_live(folder, made, before, was, _forget)
    return made


def _forget(generation: Path, staying: list[Path]) -> None:
    """Delete what a generation has on a server, which one that stays may have taken over from a build that was stopped."""
    vectors.forget(generation / "chroma", [other / "chroma" for other in staying])


def _with_recent(
    folder: Path, before: Manifest, changes: Changes, state: str, library: Library, embedder: Embedder, *, share: float
) -> Manifest | None:
    """Add `changes` to the generation `before`; return None where the recent part would be too large, or that fails."""
    try:
        recent = Recent(folder, before, changes)
    except (OSError, ValueError, KeyError):
        return None
    try:
        if not recent.fits(share=share):
            return None
        return _built(
            folder, lambda generation: recent.build(generation, library, embedder), state, before.settled, known=before
        )
    except LibraryError:
        return None
    finally:
        recent.close()


def _settled(
    folder: Path, before: Manifest | None, state: str, library: Library, embedder: Embedder, progress: Progress
) -> Manifest:
    """Build a settled generation, from what `before` has settled, or where that fails from nothing."""

    def build(start: Path | None) -> Manifest:
        def fill(generation: Path) -> tuple[int, int]:
            counts = settled.build(generation, start, library, embedder, progress)
            probe.check(generation)
            return counts

        return _built(folder, fill, state)

    if before is None:
        return build(None)
    try:
        return build(folder / str(before.settled))
    except (LibraryError, OSError):
        return build(None)


def _built(
    folder: Path,
    fill: Callable[[Path], tuple[int, int]],
    state: str,
    settled: int | None = None,
    known: Manifest | None = None,
) -> Manifest:
    """Make the next generation with `fill`, which returns how many papers and chunks it holds. It is not live yet."""
    generation = manifest.begin(folder)
    try:
        papers, chunks = fill(generation)
        number = int(generation.name) if settled is None else settled
        return manifest.finish(generation, number, state, papers, chunks, known.files if known else {})
    except BaseException:
        for part in _PARTS:  # the folder itself stays, as Chroma never forgets a path that failed
            shutil.rmtree(generation / part, ignore_errors=True)
        raise
