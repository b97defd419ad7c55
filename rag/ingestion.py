"""Sources into the library, and the index brought up to it.

Papers are stored and embedded some hundred at a time, and now and then the index is made live with what is there, so that a
long reading can be asked, and ended, at any moment. Reading the same source again changes nothing.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from rag.errors import Busy, LibraryError, SourceError
from rag.index import generations
from rag.index.embedding import embed
from rag.interfaces import Embedder
from rag.sources import formats, reading
from rag.sources.reading import Reading
from rag.stages import stage
from rag.storage import backup, lock
from rag.storage.library import Library, Listing
from rag.types import BadRecord, Paper, Progress

_log = logging.getLogger(__name__)

MAX_BAD_RECORDS_SHOWN = 5  # in the report of a source
_PAPERS_STORED_AT_ONCE = 128
_MIN_PAUSE_S = 60  # between two indexes that are made live while a source is read
_MIN_PAUSE_PER_COST = 10  # seconds of pause for each second that the last index took


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one source: `read` records, of which papers added, updated or unchanged, and bad ones.

    `merged` counts the records that told more of a paper which the same source had listed already, and `titles_only` the
    papers without an abstract.
    """

    source: str
    read: int
    added: int
    updated: int
    unchanged: int
    bad: tuple[BadRecord, ...] = ()
    error: str | None = None
    merged: int = 0
    titles_only: int = 0
    format: str | None = None

    def lines(self) -> list[str]:
        """Return the counts, or the error, in one line, then a line for each of the first bad records."""
        counts = f"{self.source}: read {self.read}, added {self.added}, updated {self.updated}, unchanged {self.unchanged}"
        counts += f", bad {len(self.bad)}" + f", merged {self.merged}" * bool(self.merged)
        counts += f", {self.titles_only} without an abstract" * bool(self.titles_only)
        bad = [told(bad) for bad in self.bad[:MAX_BAD_RECORDS_SHOWN]]
        more = len(self.bad) - MAX_BAD_RECORDS_SHOWN
        return [self.error or counts, *bad, *([f"and {more} more bad records"] if more > 0 else [])]


def told(bad: BadRecord) -> str:
    """Return what is wrong with a record, with its line where it has one."""
    return f"line {bad.line}: {bad.reason}" if bad.line else bad.reason


def refusal(refused: Reading) -> Report:
    """Return the report on a place of which nothing was stored."""
    return Report(refused.source, len(refused.bad), 0, 0, 0, refused.bad, refused.error, format=refused.format)


def ingest(home: Path, places: Sequence[str], embedder: Embedder, progress: Progress, *, anew: bool = False) -> list[Report]:
    """Read `places` into the library of `home` and refresh its index; return a report for each file, in order.

    A place that cannot be read is reported and the rest goes on. Raises Busy when another process is writing.
    """
    return store(home, [found for place in places for found in reading.read(place)], embedder, progress, anew=anew)


def store(
    home: Path, readings: Sequence[Reading], embedder: Embedder, progress: Progress, *, anew: bool = False
) -> list[Report]:
    """Store what was read in the library of `home` and refresh its index; return a report for each reading, in order.

    Raises Busy when another process is writing. Whatever it raises, the papers stored so far are kept.
    """
    with lock.writer(home, "rag.ingest"):
        library = Library(home, create=True)
        try:
            writer = _Writer(home, library, embedder, progress, sum(len(found.papers) for found in readings))
            reports = [writer.store(found) for found in readings]
            writer.finish(anew=anew)
        finally:
            library.close()
        if any(report.added or report.updated for report in reports):
            backup.weekly(home)
    return reports


class _Writer:
    """Stores papers, of `total` ones, and makes indexes of them live."""

    def __init__(self, home: Path, library: Library, embedder: Embedder, progress: Progress, total: int) -> None:
        self._home = home
        self._library = library
        self._embedder = embedder
        self._progress = progress
        self._total = total
        self._done = 0
        self._next = time.monotonic() + _MIN_PAUSE_S  # when an index is to be made live

    @stage(_log, "store a source")
    def store(self, found: Reading) -> Report:
        """Store the papers of a source, and embed them."""
        if found.error:
            return refusal(found)
        listing = Listing(self._library, found.source)
        changes: Counter[str] = Counter()
        for batch in _batches(found.papers):
            changes.update(self._embedded(listing.put(batch)))
            self._done += len(batch)
            self._progress("embedding", self._done, self._total)
            if time.monotonic() > self._next:
                self._make_live()
        changes.update(self._embedded(listing.finish()))
        return Report(
            source=found.source,
            read=len(found.papers) + len(found.bad),
            added=changes["added"],
            updated=changes["updated"],
            unchanged=changes["unchanged"],
            bad=found.bad,
            merged=len(found.papers) - changes.total(),
            titles_only=found.titles_only,
            format=found.format,
        )

    def _embedded(self, results: Sequence[tuple[Paper, str]]) -> list[str]:
        """Embed the papers of `results` that changed; return the changes."""
        changed = [paper.id for paper, change in results if change != "unchanged"]
        if changed:
            embed(self._library, self._embedder, _quiet, changed)
        return [change for _, change in results]

    @stage(_log, "make an index live while reading")
    def _make_live(self) -> None:
        began = time.monotonic()
        generations.refresh(self._home, self._library, self._embedder, self._progress, more=True)
        now = time.monotonic()
        self._next = now + max(_MIN_PAUSE_S, _MIN_PAUSE_PER_COST * (now - began))

    def finish(self, *, anew: bool) -> None:
        """Bring the index up to the library; `anew`: build it from nothing."""
        _refresh(self._home, self._library, self._embedder, self._progress, anew=anew)


def _batches(papers: Iterable[Paper]) -> Iterator[list[Paper]]:
    waiting = iter(papers)
    while batch := list(islice(waiting, _PAPERS_STORED_AT_ONCE)):
        yield batch


def _quiet(stage: str, done: int, total: int) -> None:
    """Report nothing."""


def remove(home: Path, source: str, embedder: Embedder, progress: Progress) -> int:
    """Take a source out of the library; return how many papers went with it. Raises SourceError when it is not there."""
    with lock.writer(home, "rag.ingest --remove"):
        library = Library(home)
        try:
            if not library.lists(source):
                known = ", ".join(library.sources()) or "none"
                raise SourceError(f"The library has no source {source}.", f"It has: {known}.")
            gone = library.remove_source(source)
            _refresh(home, library, embedder, progress)
        finally:
            library.close()
    return gone


def prepare(home: Path, embedder: Embedder, progress: Progress, tell: Callable[[str], None]) -> None:
    """Make sure that `home` can be asked: read the starter corpus when nothing was ever stored, mend a stale index.

    What takes a while is told to `tell` first, and how many papers cannot be asked yet.
    While another process writes, the index it found stays in use; Busy is raised only when there is none. Raises LibraryError
    when the library is missing, but not what was made of it.
    """
    if not ever_stored(home):
        if beside := _made_of_a_library(home):
            raise LibraryError(
                f"The library in {home} is missing or empty, but {beside}.",
                "Get it back with python -m rag.library restore FILE or recover, or begin anew with: python -m rag.ingest FILE",
            )
        tell("There is no library yet: reading the starter corpus of 574 papers (only this once).")
        ingest(home, [formats.STARTER], embedder, progress)
        return
    library = Library(home)
    try:
        live = generations.live(home, generations.fingerprint(embedder))
        if live is not None and live.state == library.state:
            return
        try:
            with lock.writer(home, "index repair"):
                tell("The index is not up to date with the library: building it.")
                generations.refresh(home, library, embedder, progress, more=True)
        except Busy as busy:
            if live is None:
                raise
            if (missing := library.count() - live.papers) > 0:
                tell(f"{busy.message} So far {live.papers:,} papers can be asked, and {missing:,} not yet.")
    finally:
        library.close()


def _made_of_a_library(home: Path) -> str | None:
    """Return what is left of a library that was there, in words; None when nothing is."""
    if any((home / "index").glob("*/CURRENT")):
        return "its index is there"
    history = home / "history.sqlite"
    return "its conversations are there" if history.exists() and history.stat().st_size else None


def ever_stored(home: Path) -> bool:
    """Return whether the library of `home` was ever written to; an empty or absent file is none."""
    if not (home / "library.sqlite").exists():
        return False
    library = Library(home)
    try:
        return library.revision > 0
    finally:
        library.close()


@stage(_log, "bring the index up to the library")
def _refresh(home: Path, library: Library, embedder: Embedder, progress: Progress, *, anew: bool = False) -> None:
    live = generations.live(home, generations.fingerprint(embedder))
    if anew or live is None or live.state != library.state:
        generations.refresh(home, library, embedder, progress, anew=anew)
