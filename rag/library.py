"""Looks after what is stored: python -m rag.library COMMAND

Lists, shows, searches and exports papers, makes and restores backups, and checks, cleans and recovers the library.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from rag import filter_options
from rag.errors import LibraryError, UsageError
from rag.output import exports
from rag.output.terminal import printable
from rag.settings.settings import load
from rag.storage import backup
from rag.storage.filters import Scope
from rag.storage.reader import Reader
from rag.terminal import add_verbose, fail_in_one_sentence, say
from rag.types import Paper

_INDEX_FOLLOWS = "The index is built at the next question, or by: python -m rag.ingest --repair"
_OWN_FILES = ("library.sqlite", "history.sqlite")


def arguments() -> argparse.ArgumentParser:
    """Return the parser of the command line. The reference pages are made from it."""
    parser = argparse.ArgumentParser(prog="python -m rag.library", description=(__doc__ or "").partition("\n")[0])
    inner = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, action: Callable[[Path, argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        made = inner.add_parser(name, help=text, description=text)
        made.set_defaults(action=action)
        return made

    one = command("list", _list, "list papers: id, year and title, the newest first")
    filter_options.add(one)
    one.add_argument("--limit", type=filter_options.positive, metavar="N", help="list at most so many")
    one = command("show", _show, "show a paper with all its fields")
    one.add_argument("id", metavar="ID", help="its paper_id, DOI, arXiv number or PubMed number, as itself or as an address")
    one = command("search", _search, "list the papers that have all these words in title or abstract")
    one.add_argument("words", nargs="+", metavar="WORDS", help="words, or parts of words, in any case")
    filter_options.add(one)
    one.add_argument("--limit", type=filter_options.positive, metavar="N", help="list at most so many")
    command("sources", _sources, "list the sources with the number of their papers")
    one = command("export", _export, "write papers with all their fields into a file")
    one.add_argument("file", metavar="FILE|-", help="the file, or - for standard output")
    one.add_argument("--format", choices=tuple(exports.FORMATS), help="the format; by default that of the file's ending")
    filter_options.add(one)
    one = command("backup", _backup, "copy the library and the conversations, also while others write")
    one.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="by default a new one in the folder backups of RAG_HOME"
    )
    one = command("restore", _restore, "put a backup in place of library and conversations, which are kept as a backup")
    one.add_argument("file", type=Path, metavar="FILE", help="a backup of the library")
    command("verify", _verify, "check that library, conversations and index are whole")
    command("compact", _compact, "delete for good what was removed, and what is not used")
    command("recover", _recover, "make a lost or damaged library again from the index")
    for one in inner.choices.values():
        add_verbose(one)
    return parser


@fail_in_one_sentence
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return 0, or 1 when something is wrong with what is stored."""
    args = arguments().parse_args(argv)
    action: Callable[[Path, argparse.Namespace], int] = args.action
    return action(load().home, args)


@contextmanager
def _reading(home: Path) -> Iterator[Reader]:
    library = Reader(home)
    try:
        yield library
    finally:
        library.close()


def _list(home: Path, args: argparse.Namespace) -> int:
    return _print_found(home, args, ())


def _search(home: Path, args: argparse.Namespace) -> int:
    words = " ".join(args.words).split()
    if not words:
        raise UsageError("There are no words to search for.", "Give some, such as: python -m rag.library search graph sampling")
    return _print_found(home, args, words)


def _print_found(home: Path, args: argparse.Namespace, words: Sequence[str]) -> int:
    with _reading(home) as library:
        scope = Scope(library)
        filters = scope.checked(filter_options.given(args))
        ids = library.search(words, filters)
        shown = ids[: args.limit]
        for paper in library.each(shown):
            print(printable(f"{paper.id}  {(paper.published or '')[:4]:4}  {paper.title}"))
        for warning in scope.warnings(filters, found=bool(ids) or bool(words)):
            say(warning)
        if words and not ids:
            say("No paper has all these words in its title or abstract.")
        if len(shown) < len(ids):
            say(f"These are {len(shown):,} of {len(ids):,} papers.")
    return 0


def _show(home: Path, args: argparse.Namespace) -> int:
    with _reading(home) as library:
        papers = library.find(args.id)
    if not papers:
        raise UsageError(
            f"The library has no paper “{printable(args.id)}”.",
            "Give a paper_id, a DOI, an arXiv number or a PubMed number; python -m rag.library search WORDS lists papers.",
        )
    print("\n\n".join("\n".join(_lines(paper)) for paper in papers))
    return 0


def _lines(paper: Paper) -> Iterator[str]:
    for name, value in asdict(paper).items():
        text = "; ".join(value) if isinstance(value, tuple) else value
        yield printable(f"{'paper_id' if name == 'id' else name}: {'-' if text in (None, '') else text}")


def _sources(home: Path, args: argparse.Namespace) -> int:
    with _reading(home) as library:
        for name, count in library.sources().items():
            print(printable(f"{count:>8,}  {name}"))
    return 0


def _export(home: Path, args: argparse.Namespace) -> int:
    form = args.format or exports.ENDINGS.get(Path(args.file).suffix.lower())
    if form is None:
        known = ", ".join(exports.ENDINGS)
        raise UsageError(f"The format of {args.file} is not known.", f"End its name with one of {known}, or give --format.")
    target = None if args.file == "-" else Path(args.file).expanduser()
    if target and target.parent.resolve() == home.resolve() and target.name.startswith(_OWN_FILES):
        raise UsageError(f"The file {target} is the program's own.", "Name another one.")
    with _reading(home) as library:
        filters = Scope(library).checked(filter_options.given(args))
        ids = library.in_reading_order(library.matching(filters))
        pieces = exports.FORMATS[form](library.each(ids))
        if target is None:
            sys.stdout.writelines(pieces)
        else:
            _write(target, pieces, "utf-8-sig" if form == "csv" else "utf-8")  # the mark tells Excel that it is UTF-8
            say(f"Wrote {len(ids):,} papers to {target}.")
    return 0


def _write(target: Path, pieces: Iterable[str], encoding: str) -> None:
    """Write the file, in one step."""
    if target.is_dir() or not target.parent.is_dir():
        wrong = f"{target} is a folder" if target.is_dir() else f"There is no folder {target.parent}"
        raise UsageError(f"{wrong}.", "Name a file in a folder that is there.")
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with unfinished.open("w", encoding=encoding, errors="replace", newline="") as file:
            file.writelines(pieces)
        os.replace(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)


def _backup(home: Path, args: argparse.Namespace) -> int:
    for file in backup.make(home, args.file):
        print(f"{file} ({file.stat().st_size / 1e6:,.1f} MB)")
    return 0


def _restore(home: Path, args: argparse.Namespace) -> int:
    restored = backup.restore(home, args.file)
    with _reading(home) as library:
        print(f"Restored {library.count():,} papers from {args.file}.")
    if restored.conversations is not None:
        number = f"{restored.conversations:,} conversation{'s' * (restored.conversations != 1)}"
        if restored.saved_papers:
            number += f" and {restored.saved_papers:,} saved paper{'s' * (restored.saved_papers != 1)}"
        print(f"Restored {number} from {backup.of_history(args.file)}.")
    for kept in restored.kept:
        what = "The conversations as they were are" if kept.name.startswith("history") else "The library as it was is"
        say(f"{what} kept as {kept}.")
    say(_INDEX_FOLLOWS)
    return 0


def _verify(home: Path, args: argparse.Namespace) -> int:
    from rag.index import upkeep

    if not (home / "library.sqlite").exists():
        raise LibraryError(
            f"There is no library in {home}.",
            "Make one with: python -m rag.ingest FILE, or take one from its index with: python -m rag.library recover",
        )
    state = upkeep.verify(home)
    for line in state.found:
        print(line)
    for line in state.wrong:
        say(line)
    print("Something is wrong." if state.wrong else "All is well.")
    return 1 if state.wrong else 0


def _compact(home: Path, args: argparse.Namespace) -> int:
    from rag.index import upkeep

    freed = upkeep.compact(home)
    print(f"{max(freed, 0):,} bytes were freed.")
    if backup.newest(home):
        say(
            f"The backups in {home / backup.FOLDER} still hold what was removed since they were made. "
            "Delete those that you do not need."
        )
    return 0


def _recover(home: Path, args: argparse.Namespace) -> int:
    from rag.index import recovery

    found = recovery.recover(home)
    print(f"Recovered {found.whole + found.texts:,} papers.")
    if found.texts:
        say(
            f"{found.texts:,} of them, of the source {recovery.SOURCE}, have title and abstract only: dates, authors and "
            "addresses are missing. Read their sources again to add these: python -m rag.ingest FILE"
        )
    if found.lost:
        say(f"The index names {found.lost:,} more papers whose text was not found.")
    if found.kept:
        say(f"The damaged file is kept as {found.kept}.")
    if newest := backup.newest(home):
        say(f"A backup may hold more: python -m rag.library restore {newest}")
    say(_INDEX_FOLLOWS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
