"""Reads sources into the library and brings the index up to it: python -m rag.ingest [PATH|URL|-]...

With no argument it reads the starter corpus. Reading the same source again changes nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rag import factory
from rag.errors import Busy, SourceError
from rag.index import generations
from rag.index.embedder_cache import Embedder
from rag.settings.settings import load
from rag.sources import formats
from rag.storage import lock
from rag.storage.library import Library
from rag.terminal import fail_in_one_sentence, progress_bars, say
from rag.types import BadRecord, Paper, Progress

_SHOW_BAD = 5


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one source: `read` records, of which papers added, updated or unchanged, and bad ones.

    `merged` counts the records that told more of a paper which the same source had listed already.
    """

    source: str
    read: int
    added: int
    updated: int
    unchanged: int
    bad: tuple[BadRecord, ...] = ()
    error: str | None = None
    merged: int = 0


def ingest(home: Path, places: Sequence[str], embedder: Embedder, progress: Progress, *, anew: bool = False) -> list[Report]:
    """Read `places` into the library of `home` and refresh its index; return a report for each place, in order.

    A place that cannot be read is reported and the rest goes on. Raises Busy when another process is writing.
    """
    with lock.writer(home, "rag.ingest"):
        library = Library(home, create=True)
        try:
            reports = [_read(library, place) for place in places]
            _refresh(home, library, embedder, progress, anew=anew)
        finally:
            library.close()
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
    While another process writes, the index it found stays in use; Busy is raised only when there is none.
    """
    if not _ever_stored(home):
        tell("There is no library yet: reading the starter corpus of 574 papers (once, under a minute).")
        ingest(home, [formats.STARTER], embedder, progress)
        return
    library = Library(home)
    try:
        name = generations.fingerprint(embedder)
        live = generations.live(home, name)
        if live is not None and live.revision == library.revision:
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


def _ever_stored(home: Path) -> bool:
    if not (home / "library.sqlite").exists():
        return False
    library = Library(home)
    try:
        return library.revision > 0
    finally:
        library.close()


def _refresh(home: Path, library: Library, embedder: Embedder, progress: Progress, *, anew: bool = False) -> None:
    live = generations.live(home, generations.fingerprint(embedder))
    if anew or live is None or live.revision != library.revision:
        generations.refresh(home, library, embedder, progress, anew=anew)


def _read(library: Library, place: str) -> Report:
    try:
        name, text = formats.load(place)
        records = list(formats.parse(text, place))
    except SourceError as error:
        return Report(place, 0, 0, 0, 0, (), str(error))
    papers = [r for r in records if isinstance(r, Paper)]
    bad = tuple(r for r in records if isinstance(r, BadRecord))
    if not papers:
        reason = f" ({bad[0].reason}, line {bad[0].line})" if bad else ""
        message = f"{place} holds no papers{reason}. Give {formats.SUPPORTED}."
        return Report(name, len(records), 0, 0, 0, bad, message)
    changes = [change for _, change in library.put(name, papers)]
    counts = (changes.count("added"), changes.count("updated"), changes.count("unchanged"))
    return Report(name, len(records), *counts, bad, merged=len(papers) - len(changes))


def _print(report: Report) -> None:
    if report.error:
        print(report.error, file=sys.stderr)
    else:
        print(
            f"{report.source}: read {report.read}, added {report.added}, updated {report.updated}, "
            f"unchanged {report.unchanged}, bad {len(report.bad)}" + (f", merged {report.merged}" if report.merged else "")
        )
    for bad in report.bad[:_SHOW_BAD]:
        print(f"  line {bad.line}: {bad.reason}", file=sys.stderr)
    if len(report.bad) > _SHOW_BAD:
        print(f"  and {len(report.bad) - _SHOW_BAD} more bad records (--json lists them all)", file=sys.stderr)


def arguments() -> argparse.ArgumentParser:
    """Return the parser of the command line; a test holds README against it."""
    parser = argparse.ArgumentParser(prog="python -m rag.ingest", description=__doc__)
    parser.add_argument("places", nargs="*", metavar="PATH|URL|-", help="files, addresses, or - for standard input")
    parser.add_argument("--json", action="store_true", help="print one JSON report instead of lines")
    parser.add_argument("--remove", metavar="SOURCE", help="take a source out of the library, by the name it is listed by")
    parser.add_argument("--repair", action="store_true", help="build the index anew from the library")
    return parser


@fail_in_one_sentence
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return 0, or 1 when a source could not be read."""
    parser = arguments()
    args = parser.parse_args(argv)
    if args.remove is not None and args.places:
        parser.error("--remove takes a source out; read others in a second command")
    settings = load()
    home = settings.home
    with progress_bars() as progress:
        embedder = factory.embedder(settings)
        if args.remove is not None:
            gone = remove(home, args.remove, embedder, progress)
            say(f"Removed {args.remove}: {gone} papers are gone from the library.")
            return 0
        places = args.places or ([] if args.repair and _ever_stored(home) else [formats.STARTER])
        reports = ingest(home, places, embedder, progress, anew=args.repair)
    library = Library(home)
    count, listed = library.count(), library.sources()
    library.close()
    if args.json:
        print(json.dumps({"reports": [asdict(r) for r in reports], "papers": count, "home": str(home)}))
    else:
        for report in reports:
            _print(report)
        print(f"The library in {home} holds {count} papers.")
        if formats.STARTER in listed and len(listed) > 1 and args.places:
            say(f"The starter corpus is among them; take it out with: python -m rag.ingest --remove {formats.STARTER}")
    return 1 if any(r.error for r in reports) else 0


if __name__ == "__main__":
    sys.exit(main())
