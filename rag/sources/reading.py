"""What a place holds: a file, the files of a folder, an address, a service and what to ask it, or the library of Zotero."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sized
from dataclasses import dataclass
from typing import Protocol

from rag.errors import SourceError
from rag.sources import formats, services, zotero
from rag.sources.spool import Spool
from rag.stages import stage
from rag.types import BadRecord, Paper, Progress

_log = logging.getLogger(__name__)

_TOLD_EVERY = 100  # records


class Papers(Iterable[Paper], Sized, Protocol):
    """Papers that are counted and can be gone through more than once."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a place holds: the papers and bad records of its text, or the error why it has none. `source` is its name.

    `titles_only` counts the papers without an abstract.
    """

    source: str
    papers: Papers = ()
    bad: tuple[BadRecord, ...] = ()
    format: str | None = None
    error: str | None = None
    titles_only: int = 0

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
            return [_listed(zotero.source_name(place), zotero.NAME, zotero.records(place), progress)]
        if services.is_service(place):
            return [_listed(place, services.name(place), services.records(place), progress)]
        return [_read(file, form, name, progress) for file, name in formats.expand(place)]
    except SourceError as error:
        return [Reading(place, error=str(error))]


def _read(place: str, form: str | None, name_in_folder: str | None, progress: Progress) -> Reading:
    try:
        name, text = formats.load(place)
        found = formats.find(text, place, form)
        reading = _of(name_in_folder or name, found.NAME, formats.records(found, text, place), progress)
    except SourceError as error:
        return Reading(place, error=str(error))
    if len(reading.papers):
        return reading
    reason = f" ({reading.bad[0].reason}, line {reading.bad[0].line})" if reading.bad else ""
    message = f"{place} was read as {found.NAME} and holds no papers{reason}. Give {formats.supported()}."
    return Reading(place, (), reading.bad, found.NAME, message)


def _listed(source: str, form: str, records: Iterator[Paper | BadRecord], progress: Progress) -> Reading:
    """Return the papers that a program or a service lists. Where it breaks off, the papers before are kept."""

    def kept() -> Iterator[Paper | BadRecord]:
        found = False
        try:
            for record in records:
                found = found or isinstance(record, Paper)
                yield record
        except SourceError as error:
            if not found:
                raise
            yield BadRecord(0, f"the rest was not read: {error}")

    return _of(source, form, kept(), progress)


def _of(source: str, form: str, records: Iterator[Paper | BadRecord], progress: Progress) -> Reading:
    bad: list[BadRecord] = []

    def papers() -> Iterator[Paper]:
        for number, record in enumerate(records, 1):
            if number % _TOLD_EVERY == 0:
                progress("reading", number, 0)
            if isinstance(record, Paper):
                yield record
            else:
                bad.append(record)

    spool = Spool(papers())
    return Reading(source, spool, tuple(bad), form, titles_only=spool.titles_only)
