"""Reads sources into the library and brings the index up to it: python -m rag.ingest [PLACE]...

With no argument it reads the starter corpus. Reading the same source again changes nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path

from rag import factory, ingestion
from rag.index import generations
from rag.ingestion import MAX_BAD_RECORDS_SHOWN, Report, ever_stored, remove, told
from rag.interfaces import Embedder
from rag.settings.settings import load
from rag.sources import formats
from rag.sources.reading import Reading, read
from rag.storage.library import Library
from rag.terminal import add_verbose, fail_in_one_sentence, progress_bars, say

_TITLES_SHOWN = 3  # of each source, with --dry-run


def _print(report: Report) -> None:
    first, *bad = report.lines()
    print(first, file=sys.stderr if report.error else sys.stdout)
    for line in bad:
        print(f"  {line}", file=sys.stderr)
    if len(report.bad) > MAX_BAD_RECORDS_SHOWN:
        print("  To list all bad records, add --json.", file=sys.stderr)


def _show(readings: Sequence[Reading]) -> int:
    """Print what would be read, with the first titles of each source; return 0, or 1 when a source could not be read."""
    for reading in readings:
        print(reading.summary())
        for paper in islice(reading.papers, _TITLES_SHOWN):
            print(f"  {paper.title}")
        for bad in reading.bad[:MAX_BAD_RECORDS_SHOWN]:
            print(f"  {told(bad)}")
    print("Nothing was stored.")
    return 1 if any(reading.error for reading in readings) else 0


def arguments() -> argparse.ArgumentParser:
    """Return the parser of the command line. The reference pages are made from it."""
    parser = argparse.ArgumentParser(prog="python -m rag.ingest", description=__doc__)
    parser.add_argument(
        "places",
        nargs="*",
        metavar="PLACE",
        help="files, folders, addresses, - for standard input, zotero:, or a service and what to ask it, as arxiv:2305.14314",
    )
    parser.add_argument("--format", metavar="NAME", help=f"read all as this format, {formats.supported()}")
    parser.add_argument("--dry-run", action="store_true", help="show what would be read, and store nothing")
    parser.add_argument("--json", action="store_true", help="print one JSON report instead of lines")
    parser.add_argument("--remove", metavar="SOURCE", help="take a source out of the library, by the name it is listed by")
    parser.add_argument("--repair", action="store_true", help="build the index anew from the library")
    add_verbose(parser)
    return parser


@fail_in_one_sentence
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return 0, or 1 when a source could not be read."""
    parser = arguments()
    args = parser.parse_args(argv)
    if args.remove is not None and args.places:
        parser.error("--remove takes a source out; read others in a second command")
    if args.format is not None:
        formats.named(args.format)
    settings = load()
    home = settings.home
    if args.remove is not None:
        with progress_bars() as progress:
            gone = remove(home, args.remove, factory.embedder(settings), progress)
        say(f"Removed {args.remove}: {gone} papers are gone from the library.")
        return 0
    places = args.places or ([] if args.repair and ever_stored(home) else [formats.STARTER])
    with progress_bars() as progress:
        readings = [reading for place in places for reading in read(place, args.format, progress)]
    if args.dry_run:
        return _show(readings)
    if readings and all(reading.error for reading in readings):  # nothing to store, so no embedder is opened
        reports = [ingestion.refusal(reading) for reading in readings]
    else:
        embedder = factory.embedder(settings)
        try:
            with progress_bars() as progress:
                reports = ingestion.store(home, readings, embedder, progress, anew=args.repair)
        except KeyboardInterrupt:
            _say_what_is_kept(home, embedder)
            raise
    _print_reports(home, reports, as_json=args.json, named=bool(args.places))
    return 1 if any(r.error for r in reports) else 0


def _say_what_is_kept(home: Path, embedder: Embedder) -> None:
    if ever_stored(home):
        library = Library(home)
        live = generations.live(home, generations.fingerprint(embedder))
        asked = f"{live.papers:,} of them can" if live else "none of them can"
        say(
            f"The library has {library.count():,} papers, and {asked} be asked. The next question, or this command, brings "
            "the index up to the rest."
        )
        library.close()


def _print_reports(home: Path, reports: Sequence[Report], *, as_json: bool, named: bool) -> None:
    """Print the reports, and how many papers the library has. `named`: the sources were named by a person."""
    listed: dict[str, int] = {}
    count = 0
    if ever_stored(home):
        library = Library(home)
        count, listed = library.count(), library.sources()
        library.close()
    if as_json:
        print(json.dumps({"reports": [asdict(r) for r in reports], "papers": count, "home": str(home)}))
    else:
        for report in reports:
            _print(report)
        print(f"The library in {home} holds {count} papers.")
        if formats.STARTER in listed and len(listed) > 1 and named:
            say(f"The starter corpus is among them; take it out with: python -m rag.ingest --remove {formats.STARTER}")


if __name__ == "__main__":
    sys.exit(main())
