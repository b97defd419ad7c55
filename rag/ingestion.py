"""Sources into the library, and the index brought up to it.

Reading the same source again changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.errors import Busy, LibraryError, SourceError
from rag.index import generations
from rag.interfaces import Embedder
from rag.sources import formats, services, zotero
from rag.stages import stage
from rag.storage import backup, lock
from rag.storage.library import Library
from rag.types import BadRecord, Paper, Progress

_log = logging.getLogger(__name__)

MAX_BAD_RECORDS_SHOWN = 5  # in the report of a source


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


@dataclass(frozen=True, slots=True)
class Reading:
    """What a place holds: the papers and bad records of its text, or the error why it has none. `source` is its name."""

    source: str
    papers: tuple[Paper, ...] = ()
    bad: tuple[BadRecord, ...] = ()
    format: str | None = None
    error: str | None = None

    @property
    def titles_only(self) -> int:
        return sum(not paper.abstract for paper in self.papers)

    def summary(self) -> str:
        """Return in one line what would be read, or the error."""
        counts = f"{self.source}: {self.format}, {len(self.papers)} papers, {self.titles_only} without an abstract"
        return self.error or f"{counts}, bad {len(self.bad)}"


def _quiet(stage: str, done: int, total: int) -> None:
    """Report nothing."""


@stage(_log, "read a source")
def read(place: str, form: str | None = None, progress: Progress = _quiet) -> list[Reading]:
    """Return what `place` holds, or each file of a folder, in the format named `form` or as it is recognised.

    A place may also be one of services.PREFIXES with what to ask of that service, or the library of Zotero.
    """
    try:
        if zotero.is_zotero(place):
            return [_listed(zotero.source_name(place), zotero.NAME, zotero.records(place))]
        if services.is_service(place):
            return [_listed(place, services.name(place), services.records(place, lambda n: progress("reading", n, 0)))]
        return [_read(file, form, name) for file, name in formats.expand(place)]
    except SourceError as error:
        return [Reading(place, error=str(error))]


def ingest(home: Path, places: Sequence[str], embedder: Embedder, progress: Progress, *, anew: bool = False) -> list[Report]:
    """Read `places` into the library of `home` and refresh its index; return a report for each file, in order.

    A place that cannot be read is reported and the rest goes on. Raises Busy when another process is writing.
    """
    return store(home, [reading for place in places for reading in read(place)], embedder, progress, anew=anew)


def store(
    home: Path, readings: Sequence[Reading], embedder: Embedder, progress: Progress, *, anew: bool = False
) -> list[Report]:
    """Store what was read in the library of `home` and refresh its index; return a report for each reading, in order.

    Raises Busy when another process is writing.
    """
    with lock.writer(home, "rag.ingest"):
        library = Library(home, create=True)
        try:
            reports = [_stored(library, reading) for reading in readings]
            _refresh(home, library, embedder, progress, anew=anew)
        finally:
            library.close()
        if any(report.added or report.updated for report in reports):
            backup.weekly(home)
    return reports


def remove(home: Path, source: str, embedder: Embedder, progress: Progress) -> int:
    """Take a source out of the library; return how many papers went with it. Raises SourceError when it is not there."""
    with lock.writer(home, "rag.ingest --remove"):
        library = Library(home)
        try:
            known = library.sources()
            if source not in known:
                raise SourceError(f"The library has no source {source}.", f"It has: {', '.join(known) or 'none'}.")
            gone = library.remove_source(source)
            _refresh(home, library, embedder, progress)
        finally:
            library.close()
    return gone


def prepare(home: Path, embedder: Embedder, progress: Progress, tell: Callable[[str], None]) -> None:
    """Make sure that `home` can be asked: read the starter corpus when nothing was ever stored, mend a stale index.

    What takes a while is told to `tell` first.
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
        name = generations.fingerprint(embedder)
        live = generations.live(home, name)
        if live is not None and live.state == library.state:
            return
        try:
            with lock.writer(home, "index repair"):
                tell("The index is not up to date with the library: building it.")
                generations.refresh(home, library, embedder, progress)
        except Busy:
            if live is None:
                raise
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


def _read(place: str, form: str | None, name_in_folder: str | None) -> Reading:
    try:
        name, text = formats.load(place)
        found = formats.find(text, place, form)
        records = list(formats.records(found, text, place))
    except SourceError as error:
        return Reading(place, error=str(error))
    papers = tuple(r for r in records if isinstance(r, Paper))
    bad = tuple(r for r in records if isinstance(r, BadRecord))
    if papers:
        return Reading(name_in_folder or name, papers, bad, found.NAME)
    reason = f" ({bad[0].reason}, line {bad[0].line})" if bad else ""
    message = f"{place} was read as {found.NAME} and holds no papers{reason}. Give {formats.supported()}."
    return Reading(place, (), bad, found.NAME, message)


def _listed(source: str, form: str, records: Iterator[Paper | BadRecord]) -> Reading:
    """Return the papers that a program or a service lists. Where it breaks off, the papers before are kept."""
    papers: list[Paper] = []
    bad: list[BadRecord] = []
    try:
        for record in records:
            if isinstance(record, Paper):
                papers.append(record)
            else:
                bad.append(record)
    except SourceError as error:
        if not papers:
            raise
        bad.append(BadRecord(0, f"the rest was not read: {error}"))
    return Reading(source, tuple(papers), tuple(bad), form)


def refusal(reading: Reading) -> Report:
    """Return the report on a place of which nothing was stored."""
    return Report(reading.source, len(reading.bad), 0, 0, 0, reading.bad, reading.error, format=reading.format)


def _stored(library: Library, reading: Reading) -> Report:
    if reading.error:
        return refusal(reading)
    changes = [change for _, change in library.put(reading.source, reading.papers)]
    return Report(
        source=reading.source,
        read=len(reading.papers) + len(reading.bad),
        added=changes.count("added"),
        updated=changes.count("updated"),
        unchanged=changes.count("unchanged"),
        bad=reading.bad,
        merged=len(reading.papers) - len(changes),
        titles_only=reading.titles_only,
        format=reading.format,
    )
