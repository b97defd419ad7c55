"""Copies of the library and of the history: made while others read and write, checked, and put back.

    home/backups/library-20240531-101500.sqlite             asked for
    home/backups/library-automatic-20240531-101500.sqlite   made once a week by rag.ingest; the three newest are kept
    home/backups/history-20240531-101500.sqlite             the conversations and saved papers of that moment

Times are UTC. A backup is one SQLite file, without others beside it.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rag.errors import LibraryError, RagError, UsageError
from rag.storage import history_file, library_file, lock, merge, migrations, private, read_only
from rag.terminal import say
from rag.types import Paper

_log = logging.getLogger(__name__)

FOLDER = "backups"
_AUTOMATIC = "-automatic"
_KEPT_AUTOMATIC = 3  # backups
_WEEK_S = 7 * 24 * 3600
_TABLES = {
    "library": {"listings", "papers", "chunks", "vectors", "meta"},
    "conversations": {"conversations", "answers", "ratings"},
}
_STEPS = {"library": library_file.STEPS, "conversations": history_file.STEPS}
_BESIDE = ("", "-wal", "-shm")  # the endings of the files of one database
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class _Damaged(LibraryError):
    pass


@dataclass(frozen=True, slots=True)
class Restored:
    """`kept` are the files in which library and conversations are kept as they were; the numbers are of what was put back.

    The numbers are None where the backup has no conversations: those that are there stay, and so do the saved papers.
    """

    kept: tuple[Path, ...]
    conversations: int | None = None
    saved_papers: int | None = None


def make(home: Path, target: Path | None = None, kind: str = "") -> list[Path]:
    """Copy the library, and the history where there is one; return the files. Others may read and write meanwhile.

    Raises UsageError for a file that is there already, and LibraryError when nothing can be copied.
    """
    library = home / "library.sqlite"
    if not library.exists():
        raise LibraryError(f"There is no library in {home}.", "Make one with: python -m rag.ingest FILE")
    if target is None:
        private.make_folder(home / FOLDER)
        target = _free_name(home / FOLDER, kind)
    elif not target.parent.is_dir():
        raise UsageError(f"There is no folder {target.parent}.", "Make it first, or name a file in another folder.")
    copies = [(library, target), (home / "history.sqlite", of_history(target))]
    copies = [(source, copy) for source, copy in copies if source.exists()]
    for _, copy in copies:
        if copy.exists():
            raise UsageError(f"There is a file {copy} already.", "Name another one.")
    for source, copy in copies:
        _copy(source, copy)
    return [copy for _, copy in copies]


def weekly(home: Path) -> None:
    """Make a backup when the newest is older than a week, and delete the oldest automatic ones. A failure is only logged."""
    folder = home / FOLDER
    try:
        if time.time() - max((file.stat().st_mtime for file in folder.glob("*.sqlite")), default=0) <= _WEEK_S:
            return
        make(home, kind=_AUTOMATIC)
        for old in sorted(folder.glob(f"library{_AUTOMATIC}-*.sqlite"))[:-_KEPT_AUTOMATIC]:
            old.unlink()
            of_history(old).unlink(missing_ok=True)
    except (RagError, OSError) as error:
        _log.warning("no backup was made: %s", error)


def newest(home: Path) -> Path | None:
    """Return the newest backup of the library that is whole; None without one."""
    files = sorted((home / FOLDER).glob("library*.sqlite"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in files:
        with suppress(RagError):
            check(file)
            return file
    return None


def check(file: Path, what: str = "backup", holds: str = "library") -> None:
    """Raise UsageError when there is no such file, and LibraryError when it is not whole, or of a newer version.

    `what` names the file in messages, and it `holds` the library or the conversations.
    """
    if not file.is_file():
        raise UsageError(f"There is no file {file}.", f"Check the path; backups are in the folder {FOLDER} of RAG_HOME.")
    try:
        with closing(read_only.connect(file)) as db:
            tables = {name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
            migrations.check(db, _STEPS[holds], f"{what} {file}")
            [found] = db.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE:
            raise _Damaged(f"The {what} {file} is damaged, or none ({error}).", "Give another backup.") from error
        raise LibraryError(f"The {what} {file} cannot be read ({error}).", "Check its permissions.") from error
    if found != "ok":
        raise _Damaged(f"The {what} {file} is damaged ({found}).", "Give another backup.")
    if not tables >= _TABLES[holds]:
        raise _Damaged(f"The {what} {file} holds no {holds}.", "Give a backup that rag.library made.")


def restore(home: Path, file: Path, tell: Callable[[str], None] = say) -> Restored:
    """Put the library in `file`, and the conversations beside it, in place of the present ones, which are kept.

    Processes that have them open see the restored ones. `tell` is told of conversations that are damaged. Raises UsageError
    and LibraryError as check() does, and Busy while another process writes.
    """
    library, history = home / "library.sqlite", of_history(file)
    if library.exists() and file.exists() and library.samefile(file):
        raise UsageError(f"The file {file} is the library itself.", "Give a backup.")
    check(file)
    if history.exists():
        check(history, "backup", "conversations")
    with lock.writer(home, "rag.library restore"):
        sound = is_sound(library)
        unfinished = library.with_name(f"library.sqlite.restoring-{os.getpid()}")
        try:
            _copy(file, unfinished)
            library_file.prepare(unfinished)
            in_one_file(unfinished)
            kept = _keep(home, tell, sound=sound)
            put_in_place(unfinished, library, sound=sound)
        finally:
            _delete(unfinished)
        return Restored(kept, *(_restore_history(home, history, tell) if history.exists() else ()))


def _keep(home: Path, tell: Callable[[str], None], *, sound: bool) -> tuple[Path, ...]:
    """Copy a sound library and the history to a backup, and set a damaged library aside; return where they are kept."""
    history = home / "history.sqlite"
    if history.exists():
        history_file.HistoryFile(history, tell)  # sets a damaged one aside
    if sound:
        return tuple(make(home))
    aside = set_aside(home / "library.sqlite")
    kept = [aside] if aside else []
    if history.exists():
        private.make_folder(home / FOLDER)
        kept.append(of_history(_free_name(home / FOLDER, "")))
        _copy(history, kept[-1])
    return tuple(kept)


def _restore_history(home: Path, file: Path, tell: Callable[[str], None]) -> tuple[int, int]:
    """Give the history the content of `file` in one transaction; return its number of conversations and of saved papers.

    Every call of the history has a connection of its own, so that a chat goes on with the restored conversations.
    """
    history, unfinished = home / "history.sqlite", home / f"history-restoring-{os.getpid()}.sqlite"
    try:
        _copy(file, unfinished)
        history_file.HistoryFile(unfinished, tell)  # brings one of an older version up to date
        history_file.HistoryFile(history, tell)
        with closing(sqlite3.connect(unfinished)) as source, closing(sqlite3.connect(history)) as target:
            source.backup(target)
            target.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            [conversations] = target.execute("SELECT count(DISTINCT conversation) FROM answers").fetchone()
            [saved_papers] = target.execute("SELECT count(*) FROM saved_papers").fetchone()
    finally:
        _delete(unfinished)
        unfinished.with_suffix(".lock").unlink(missing_ok=True)
    return int(conversations), int(saved_papers)


def put_in_place(new: Path, library: Path, *, sound: bool) -> None:
    """Make the file `new` the library, in one step.

    A `sound` library gets the new content in one transaction, which processes that have it open see: a new file in its place
    would leave them reading, and writing, the deleted one. Where there is none, the file is moved to its place.
    """
    if sound:
        with closing(library_file.connect(new)) as source, closing(library_file.connect(library)) as target:
            source.backup(target)
            target.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return
    os.replace(new, library)


def set_aside(library: Path) -> Path | None:
    """Rename the file of a damaged library, and those beside it; return its new path, None when there is no file.

    SQLite would apply a log that is left, also that of a lost file, to the next library.
    """
    kept = library.with_name(f"{library.name}.damaged-{_now()}")
    for end in _BESIDE:
        if (part := Path(f"{library}{end}")).exists():
            part.rename(f"{kept}{end}")
    return kept if kept.exists() else None


def is_sound(library: Path) -> bool:
    """Whether the file is there and not damaged. Raises LibraryError for one that cannot be read, or is of a newer version."""
    try:
        if library.exists():
            check(library, "library")
            return True
    except _Damaged:
        pass
    return False


def readable(library: Path) -> list[tuple[str, Paper]]:
    """Return what can be read of a damaged file: listings with their sources, up to the first damaged page."""
    found: list[tuple[str, Paper]] = []
    with suppress(sqlite3.Error, ValueError, TypeError, KeyError), closing(read_only.connect(library)) as db:
        for source, record in db.execute("SELECT source, record FROM listings"):
            found.append((source, merge.load(record)))  # and what comes before an error is kept
    return found


def in_one_file(library: Path) -> None:
    """Leave one file, without others beside it."""
    with closing(library_file.connect(library)) as db:
        db.execute("PRAGMA journal_mode = DELETE")


def of_history(backup: Path) -> Path:
    """Return where the history is kept that belongs to a backup of the library."""
    name = backup.name.replace("library", "history", 1) if backup.name.startswith("library") else f"history-{backup.name}"
    return backup.with_name(name)


def _copy(source: Path, target: Path) -> None:
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        private.make_file(unfinished)
        with closing(read_only.connect(source)) as db:
            db.execute("VACUUM INTO ?", (str(unfinished),))
        os.replace(unfinished, target)
    except sqlite3.Error as error:
        raise LibraryError(
            f"The file {source} cannot be copied ({error}).",
            "Check the space on the disk; a damaged library is read with: python -m rag.library recover",
        ) from error
    finally:
        _delete(unfinished)


def _delete(file: Path) -> None:
    for end in (*_BESIDE, "-journal"):
        Path(f"{file}{end}").unlink(missing_ok=True)


def _free_name(folder: Path, kind: str) -> Path:
    """Return the path of a backup of this moment that is not there yet."""
    stem, number = f"library{kind}-{_now()}", 1
    path = folder / f"{stem}.sqlite"
    while path.exists() or of_history(path).exists():
        number += 1
        path = folder / f"{stem}-{number}.sqlite"
    return path


def _now() -> str:
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
