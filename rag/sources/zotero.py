"""The library of the Zotero program, which it keeps in the file zotero.sqlite.

A place is "zotero:", "zotero:COLLECTION", "zotero:/path/to/zotero.sqlite" or "zotero:/path/to/zotero.sqlite#COLLECTION".
Group libraries are read too. The trash, feeds, attachments, notes and annotations are not.

Zotero locks the file while it runs, so a copy is read. The copy takes part in no locks, and SQLite may finish in it what
a journal beside the file says, which it could not in a database that is opened for reading only.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from rag.errors import SourceError
from rag.sources.record import Record, paper
from rag.types import BadRecord, Paper

NAME = "Zotero"
_SCHEME, _FILE = "zotero:", "zotero.sqlite"
_PATH = re.compile(
    r"(?P<path>.*?\.sqlite(?:\.\d+)?(?:\.bak)?|(?:~|\.{0,2}|[a-z]:)[\\/][^#]*)(?:#(?P<collection>.*))?",
    re.IGNORECASE | re.DOTALL,
)
_PREFERENCE = re.compile(r'^user_pref\("extensions\.zotero\.(dataDir|useDataDir)", *(".*"|true|false)\);', re.MULTILINE)
_JOURNAL_ENDS = ("-journal", "-wal")
_MAX_COPIES = 3  # made when Zotero writes to the file while it is copied
_MAX_NAMES_SHOWN = 30
_ITEMS = """
    SELECT items.itemID, fieldName, value
    FROM items
    JOIN itemTypes USING (itemTypeID)
    JOIN libraries ON libraries.libraryID = items.libraryID
    LEFT JOIN itemData ON itemData.itemID = items.itemID
    LEFT JOIN fields USING (fieldID)
    LEFT JOIN itemDataValues USING (valueID)
    WHERE typeName NOT IN ('attachment', 'note', 'annotation') AND libraries.type <> 'feed'
        AND items.itemID NOT IN (SELECT itemID FROM deletedItems)
    ORDER BY items.itemID
"""
_CREATORS = """
    SELECT itemID, creatorType, firstName, lastName
    FROM itemCreators JOIN creators USING (creatorID) JOIN creatorTypes USING (creatorTypeID)
    ORDER BY itemID, orderIndex
"""
_AUTHOR_TYPES = ("author", "inventor", "presenter", "programmer", "editor")  # the first that an item has are its authors
_TITLES = ("title", "caseName", "nameOfAct", "subject")
_DATES = ("date", "issueDate", "dateDecided", "dateEnacted")
_IDS = ("DOI", "archiveID", "archiveLocation", "publicationTitle", "reportNumber")  # "arXiv:2401.99999" stands in each

Creators = dict[int, dict[str, list[str]]]


def is_zotero(place: str) -> bool:
    """Whether a place names a library of Zotero, and not a file or an address."""
    return place[: len(_SCHEME)].casefold() == _SCHEME


def source_name(place: str) -> str:
    """Return the name of the source that a place is: "zotero" or "zotero COLLECTION"."""
    collection = _split(place)[1].encode("utf-8", "replace").decode()
    return f"zotero {collection}".strip()


def records(place: str) -> Iterator[Paper | BadRecord]:
    """Return an iterator over the papers of a library or of a collection, in the order in which they were added.

    An item without a title is a BadRecord at line 0. Raises SourceError when the library cannot be found or read, or has no
    such collection.
    """
    named, collection = _split(place)
    path = _file(named)
    with _explained(path), _copy(path) as db:
        if not {"itemTypes", "itemData"} <= _tables(db):
            raise _foreign(path)
        chosen = _chosen(db, collection) if collection else None
        found = list(_records(db, chosen))
    return (paper(record, 0) for record in found)


def _split(place: str) -> tuple[str, str]:
    """Return the path and the collection of a place, each "" when it is not named."""
    rest = place[len(_SCHEME) :].strip()
    match = _PATH.fullmatch(rest)
    path, collection = (match["path"], match["collection"] or "") if match else ("", rest)
    return path, " ".join(collection.split())


# -- the file -----------------------------------------------------------------------------------------------------------


def _file(named: str) -> Path:
    """Return the path of the database: that of a file or of the folder of one, or the one that Zotero uses."""
    try:
        folders = [Path(named).expanduser()] if named else list(_folders())
        for folder in folders:
            for path in (folder / _FILE, folder):
                if path.is_file():
                    return path
    except (OSError, RuntimeError, ValueError) as error:
        raise SourceError(f"{named or _FILE} cannot be read ({error}).", "Check its name and permissions.") from error
    if named:
        raise SourceError(f"There is no {_FILE} at {named}.", "Check the path and the file name.")
    looked_at = " or in ".join(map(str, folders))
    raise SourceError(f"No {_FILE} was found in {looked_at}.", f"Name the file as {_SCHEME}/path/to/{_FILE}.")


def _folders() -> Iterator[Path]:
    """Yield the folders where Zotero may keep its library; that of ZOTERO_DATA_DIR alone when it is set."""
    if named := os.environ.get("ZOTERO_DATA_DIR"):
        yield Path(named).expanduser()
        return
    preferred = [found for prefs in _preferences() if (found := _data_folder(prefs))]
    folders = [folder for folder, is_used in preferred if is_used]
    folders += [Path.home() / "Zotero", *(folder for folder, is_used in preferred if not is_used)]
    yield from dict.fromkeys(folders)


def _preferences() -> list[Path]:
    """Return the preference files of all profiles, the one written last first."""
    home = Path.home()
    roots = [home / ".zotero/zotero", home / "Library/Application Support/Zotero/Profiles"]
    if windows := os.environ.get("APPDATA"):
        roots.append(Path(windows) / "Zotero/Zotero/Profiles")
    return sorted((path for root in roots for path in root.glob("*/prefs.js")), key=os.path.getmtime, reverse=True)


def _data_folder(prefs: Path) -> tuple[Path, bool] | None:
    """Return the folder that preferences name, and whether Zotero uses it; None when they name none."""
    found = dict(_PREFERENCE.findall(prefs.read_text("utf-8", "replace")))
    try:
        return Path(json.loads(found["dataDir"])), found.get("useDataDir") == "true"
    except (KeyError, TypeError, ValueError):
        return None


@contextmanager
def _copy(path: Path) -> Iterator[sqlite3.Connection]:
    """Give a connection to a copy of a database, which is deleted at the end. The database itself is only read."""
    with tempfile.TemporaryDirectory(prefix="zotero-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder) / _FILE
        for _ in range(_MAX_COPIES):
            before = _state(path)
            _copy_files(path, copy)
            if _state(path) == before:
                break
        with closing(sqlite3.connect(copy)) as db:
            db.text_factory = lambda data: data.decode("utf-8", "replace")
            db.execute("PRAGMA query_only = ON")
            yield db


def _copy_files(path: Path, copy: Path) -> None:
    shutil.copyfile(path, copy)
    for end in _JOURNAL_ENDS:
        Path(f"{copy}{end}").unlink(missing_ok=True)
        with suppress(FileNotFoundError):  # Zotero may delete it at any time
            shutil.copyfile(f"{path}{end}", f"{copy}{end}")


def _state(path: Path) -> list[tuple[int, int]]:
    """Return the size and the time of the last change of each file of a database that exists."""
    found = []
    for end in ("", *_JOURNAL_ENDS):
        with suppress(FileNotFoundError):
            status = os.stat(f"{path}{end}")
            found.append((status.st_size, status.st_mtime_ns))
    return found


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn the errors of a database into SourceError."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_NOTADB:
            raise _foreign(path) from error
        if code == sqlite3.SQLITE_ERROR:  # no such table or column
            raise _of_other_version(path) from error
        what = "is damaged" if code == sqlite3.SQLITE_CORRUPT else "cannot be read"
        spare = f", or give the copy that Zotero made: {_SCHEME}{path}.bak" if Path(f"{path}.bak").is_file() else ""
        raise SourceError(f"{path} {what} ({error}).", f"Close Zotero and try again{spare}.") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SourceError(f"{path} cannot be copied ({reason}).", "Check its permissions and the free space.") from error


def _foreign(path: Path) -> SourceError:
    return SourceError(f"{path} is no database of Zotero.", f"Name the file as {_SCHEME}/path/to/{_FILE}.")


def _of_other_version(path: Path) -> SourceError:
    fix = "Export the library in Zotero as BibTeX, and give that file."
    return SourceError(f"{path} is of a version of Zotero that cannot be read here.", fix)


# -- what is in it ------------------------------------------------------------------------------------------------------


def _tables(db: sqlite3.Connection) -> set[str]:
    return {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def _chosen(db: sqlite3.Connection, wanted: str) -> set[int]:
    """Return the items in the collections of this name, in any case, and in the collections inside them.

    Raises SourceError when no library has such a collection.
    """
    query = "SELECT collectionID, parentCollectionID, collectionName FROM collections"
    if "deletedCollections" in _tables(db):  # Zotero has it since 2021
        query += " WHERE collectionID NOT IN (SELECT collectionID FROM deletedCollections)"
    collections = db.execute(query).fetchall()
    chosen = {number for number, _, name in collections if " ".join(name.split()).casefold() == wanted.casefold()}
    if not chosen:
        raise SourceError(f"Zotero has no collection {wanted}.", _known(sorted({name for *_, name in collections})))
    while inside := {number for number, parent, _ in collections if parent in chosen} - chosen:
        chosen |= inside
    return {item for number, item in db.execute("SELECT collectionID, itemID FROM collectionItems") if number in chosen}


def _known(names: list[str]) -> str:
    if not names:
        return f"It has no collections; give {_SCHEME} for the whole library."
    more = ", …" * (len(names) > _MAX_NAMES_SHOWN)
    return f"Its collections are: {', '.join(names[:_MAX_NAMES_SHOWN])}{more}."


def _records(db: sqlite3.Connection, chosen: set[int] | None) -> Iterator[Record]:
    """Yield the items with these numbers, or all."""
    creators = _creators(db)
    for item, rows in groupby(db.execute(_ITEMS), key=itemgetter(0)):
        if chosen is None or item in chosen:
            fields = {name: str(value) for _, name, value in rows if name and value is not None}
            yield _record(fields, creators.get(item, {}))


def _creators(db: sqlite3.Connection) -> Creators:
    """Return the names of each item's creators by their type, as "Alder, Ann"; that of an organisation has no commas."""
    found: Creators = {}
    for item, kind, given, family in db.execute(_CREATORS):
        name = ", ".join(filter(None, ((family or "").replace(",", ""), given)))
        found.setdefault(item, {}).setdefault(kind, []).append(name)
    return found


def _record(fields: dict[str, str], creators: dict[str, list[str]]) -> Record:
    def first(*names: str) -> str:
        return next((fields[name] for name in names if name in fields), "")

    return Record(
        title=first(*_TITLES),
        abstract=first("abstractNote"),
        authors=tuple(next((creators[kind] for kind in _AUTHOR_TYPES if kind in creators), ())),
        published=first(*_DATES),
        url=first("url"),
        ids=(*filter(None, map(first, _IDS)), *first("extra").splitlines()),
        pmid=first("PMID"),
    )
