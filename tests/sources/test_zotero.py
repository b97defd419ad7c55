"""The library of Zotero: a small database with its real tables and columns, read from a copy."""

from __future__ import annotations

import os
import re
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag.errors import SourceError
from rag.sources import zotero
from rag.sources.paper_ids import paper_id
from rag.types import BadRecord, Paper

TABLES = """
    CREATE TABLE version (schema TEXT PRIMARY KEY, version INT NOT NULL);
    CREATE TABLE libraries (libraryID INTEGER PRIMARY KEY, type TEXT NOT NULL, editable INT NOT NULL,
        filesEditable INT NOT NULL, version INT NOT NULL DEFAULT 0, storageVersion INT NOT NULL DEFAULT 0,
        lastSync INT NOT NULL DEFAULT 0, archived INT NOT NULL DEFAULT 0);
    CREATE TABLE groups (groupID INTEGER PRIMARY KEY, libraryID INT NOT NULL UNIQUE, name TEXT NOT NULL,
        description TEXT NOT NULL, version INT NOT NULL);
    CREATE TABLE itemTypes (itemTypeID INTEGER PRIMARY KEY, typeName TEXT, templateItemTypeID INT, display INT DEFAULT 1);
    CREATE TABLE fields (fieldID INTEGER PRIMARY KEY, fieldName TEXT, fieldFormatID INT);
    CREATE TABLE creatorTypes (creatorTypeID INTEGER PRIMARY KEY, creatorType TEXT);
    CREATE TABLE items (itemID INTEGER PRIMARY KEY, itemTypeID INT NOT NULL,
        dateAdded TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, dateModified TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
        clientDateModified TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, libraryID INT NOT NULL, key TEXT NOT NULL,
        version INT NOT NULL DEFAULT 0, synced INT NOT NULL DEFAULT 0, UNIQUE (libraryID, key));
    CREATE TABLE itemDataValues (valueID INTEGER PRIMARY KEY, value UNIQUE);
    CREATE TABLE itemData (itemID INT, fieldID INT, valueID, PRIMARY KEY (itemID, fieldID));
    CREATE TABLE itemNotes (itemID INTEGER PRIMARY KEY, parentItemID INT, note TEXT, title TEXT);
    CREATE TABLE itemAttachments (itemID INTEGER PRIMARY KEY, parentItemID INT, linkMode INT, contentType TEXT,
        charsetID INT, path TEXT, syncState INT DEFAULT 0, storageModTime INT, storageHash TEXT);
    CREATE TABLE creators (creatorID INTEGER PRIMARY KEY, firstName TEXT, lastName TEXT, fieldMode INT,
        UNIQUE (lastName, firstName, fieldMode));
    CREATE TABLE itemCreators (itemID INT NOT NULL, creatorID INT NOT NULL, creatorTypeID INT NOT NULL DEFAULT 1,
        orderIndex INT NOT NULL DEFAULT 0, PRIMARY KEY (itemID, creatorID, creatorTypeID, orderIndex));
    CREATE TABLE collections (collectionID INTEGER PRIMARY KEY, collectionName TEXT NOT NULL,
        parentCollectionID INT DEFAULT NULL, clientDateModified TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
        libraryID INT NOT NULL, key TEXT NOT NULL, version INT NOT NULL DEFAULT 0, synced INT NOT NULL DEFAULT 0);
    CREATE TABLE collectionItems (collectionID INT NOT NULL, itemID INT NOT NULL, orderIndex INT NOT NULL DEFAULT 0,
        PRIMARY KEY (collectionID, itemID));
    CREATE TABLE deletedItems (itemID INTEGER PRIMARY KEY, dateDeleted DEFAULT CURRENT_TIMESTAMP NOT NULL);
    CREATE TABLE deletedCollections (collectionID INTEGER PRIMARY KEY, dateDeleted DEFAULT CURRENT_TIMESTAMP NOT NULL);
"""
TYPES = "annotation attachment book conferencePaper case journalArticle note preprint presentation webpage".split()
CREATOR_TYPES = "author contributor editor presenter translator".split()
OWN, GROUP, FEED = 1, 2, 3
DRIFT = "We time how fast a paper boat drifts down a slow canal."


class Database:
    """A library to which items and collections are added by their names."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.db = sqlite3.connect(path)
        self.db.execute("PRAGMA synchronous = OFF")
        self.db.executescript(TABLES)
        self.db.executemany("INSERT INTO itemTypes (typeName) VALUES (?)", [(name,) for name in TYPES])
        self.db.executemany("INSERT INTO creatorTypes (creatorType) VALUES (?)", [(name,) for name in CREATOR_TYPES])
        self.db.executemany(
            "INSERT INTO libraries (libraryID, type, editable, filesEditable) VALUES (?, ?, 1, 1)",
            [(OWN, "user"), (GROUP, "group"), (FEED, "feed")],
        )
        self.db.execute("INSERT INTO groups VALUES (77, ?, 'Canal Society', '', 1)", (GROUP,))
        self.db.commit()

    def item(self, kind: str, creators: tuple[tuple[str, str, str], ...] = (), library: int = OWN, **fields: object) -> int:
        """Add an item with creators (type, given name, family name) and return its number."""
        (type_id,) = self.db.execute("SELECT itemTypeID FROM itemTypes WHERE typeName = ?", (kind,)).fetchone()
        item = self._added("items (itemTypeID, libraryID, key)", type_id, library, os.urandom(4).hex())
        for name, value in fields.items():
            value_id = self._number("itemDataValues", "valueID", value=value)
            self._added("itemData", item, self._number("fields", "fieldID", fieldName=name), value_id)
        for place, (role, given_name, family) in enumerate(creators):
            creator = self._number(
                "creators", "creatorID", firstName=given_name, lastName=family, fieldMode=int(not given_name)
            )
            self._added("itemCreators", item, creator, CREATOR_TYPES.index(role) + 1, place)
        self.db.commit()
        return item

    def collection(self, name: str, *items: int, inside: int | None = None, library: int = OWN) -> int:
        collection = self._added(
            "collections (collectionName, parentCollectionID, libraryID, key)", name, inside, library, name
        )
        for place, item in enumerate(items):
            self._added("collectionItems", collection, item, place)
        self.db.commit()
        return collection

    def run(self, statement: str) -> None:
        self.db.execute(statement)
        self.db.commit()

    def _added(self, table: str, *values: object) -> int:
        marks = ", ".join("?" * len(values))
        number = self.db.execute(f"INSERT INTO {table} VALUES ({marks})", values).lastrowid
        assert number
        return number

    def _number(self, table: str, number: str, **values: object) -> int:
        """Return the number of a row with these values, which is added when there is none."""
        condition = " AND ".join(f"{name} = ?" for name in values)
        row = self.db.execute(f"SELECT {number} FROM {table} WHERE {condition}", tuple(values.values())).fetchone()
        return int(row[0]) if row else self._added(f"{table} ({', '.join(values)})", *values.values())


@pytest.fixture(autouse=True)
def user_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder without a library of Zotero."""
    home = tmp_path / "user"
    home.mkdir()
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    for name in ("ZOTERO_DATA_DIR", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture
def library(user_home: Path) -> Iterator[Database]:
    """An empty library in its usual place."""
    database = Database(user_home / "Zotero/zotero.sqlite")
    with closing(database.db):
        yield database


def titles(place: str = "zotero:") -> list[str]:
    found = list(zotero.records(place))
    assert all(isinstance(p, Paper) for p in found), found
    return [p.title for p in found if isinstance(p, Paper)]


def only(place: str = "zotero:") -> Paper:
    (found,) = zotero.records(place)
    assert isinstance(found, Paper)
    return found


def error(place: str) -> str:
    with pytest.raises(SourceError) as caught:
        zotero.records(place)
    return str(caught.value)


# -- items --------------------------------------------------------------------------------------------------------------


def test_the_fields_of_an_article_become_a_paper(library: Database) -> None:
    library.item(
        "journalArticle",
        (("editor", "Eve", "Elm"), ("author", "Ann", "Alder"), ("author", "Bo", "Birch")),
        title="Paper <i>Boats</i>",
        abstractNote=DRIFT,
        date="2024-05-31 05/31/2024",
        DOI="10.9999/Boat.7",
        url="https://boats.example/7",
        publicationTitle="Journal of Canals",
        extra="PMID: 99999999\nPMCID: PMC1",
    )
    assert only() == Paper(
        id=paper_id("Paper Boats"),
        title="Paper Boats",
        abstract=DRIFT,
        published="2024-05-31",
        authors=("Ann Alder", "Bo Birch"),
        author_count=2,
        url="https://boats.example/7",
        doi="10.9999/boat.7",
        pmid="99999999",
    )


@pytest.mark.parametrize(
    ("fields", "numbers"),
    [
        ({"extra": "Citation Key: kite\narXiv: 2401.99999 [cs]"}, ("2401.99999", None, None)),
        ({"extra": "DOI: 10.9999/Kite\nPMID: 123"}, (None, "10.9999/kite", "123")),
        ({"archiveID": "arXiv:2401.99999"}, ("2401.99999", None, None)),
        ({"publicationTitle": "arXiv:2401.99999 [cs]"}, ("2401.99999", None, None)),
        ({"archiveLocation": "arXiv:2401.99999"}, ("2401.99999", None, None)),
        ({"reportNumber": "arXiv:2401.99999"}, ("2401.99999", None, None)),
        ({"PMID": "123"}, (None, None, "123")),
        ({"DOI": "10.9999/Kite", "extra": "DOI: 10.9999/other"}, (None, "10.9999/kite", None)),
        ({"extra": "See arXiv: 2401.99999 too"}, (None, None, None)),
    ],
)
def test_numbers_stand_in_their_fields_and_in_extra_lines(
    library: Database, fields: dict[str, str], numbers: tuple[str | None, ...]
) -> None:
    library.item("preprint", title="Kites", **fields)
    paper = only()
    assert (paper.arxiv, paper.doi, paper.pmid) == numbers


@pytest.mark.parametrize(
    ("written", "published"),
    [("2019-08-00 08/2019", "2019-08"), ("2019-00-00 2019", "2019"), ("0000-00-00 in press", None), (2019, "2019")],
)
def test_a_date_is_known_as_far_as_it_was_given(library: Database, written: object, published: str | None) -> None:
    library.item("journalArticle", title="Kites", date=written)
    assert only().published == published


def test_a_book_without_authors_has_its_editors(library: Database) -> None:
    library.item("book", (("translator", "Ida", "Iris"), ("editor", "Eve", "Elm")), title="Lamps of the North")
    assert only().authors == ("Eve Elm",)


def test_who_gives_a_talk_is_its_author(library: Database) -> None:
    library.item("presentation", (("contributor", "Ida", "Iris"), ("presenter", "Eve", "Elm")), title="Lamps in Fog")
    assert only().authors == ("Eve Elm",)


def test_an_organisation_keeps_the_order_of_its_words(library: Database) -> None:
    library.item("book", (("author", "", "Lamp Society, Inc."), ("author", "Ann, Jr.", "Alder")), title="Lamps")
    assert only().authors == ("Lamp Society Inc.", "Ann Alder Jr.")


def test_a_case_has_its_title_and_its_date_in_other_fields(library: Database) -> None:
    library.item("case", caseName="Alder against Birch", dateDecided="1999-03-04 4 March 1999")
    assert (only().title, only().published) == ("Alder against Birch", "1999-03-04")


def test_what_is_no_paper_is_left_out(library: Database) -> None:
    article = library.item("journalArticle", title="Kites")
    for kind in ("attachment", "note", "annotation"):
        library.item(kind, title=f"An {kind}")
    library.item("webpage", title="News of a feed", library=FEED)
    deleted = library.item("journalArticle", title="Deleted Kites")
    library.run(f"INSERT INTO deletedItems (itemID) VALUES ({deleted})")
    library.run(f"INSERT INTO itemNotes VALUES ({article + 2}, {article}, 'a note', '')")
    assert titles() == ["Kites"]


def test_items_without_a_title_are_counted_and_the_rest_goes_on(library: Database) -> None:
    library.item("journalArticle", abstractNote=DRIFT)
    library.item("journalArticle")
    library.item("journalArticle", title="Kites")
    first, second, third = zotero.records("zotero:")
    assert first == second == BadRecord(0, "no title")
    assert isinstance(third, Paper)


def test_group_libraries_are_read_too(library: Database) -> None:
    library.item("journalArticle", title="Kites")
    library.item("journalArticle", title="Lamps", library=GROUP)
    assert titles() == ["Kites", "Lamps"]


def test_reading_again_gives_equal_papers(library: Database) -> None:
    library.item("book", (("author", "Ann", "Alder"),), title="Kites", abstractNote=DRIFT, extra="PMID: 5")
    assert list(zotero.records("zotero:")) == list(zotero.records("zotero:"))


def test_bytes_that_are_no_text_harm_only_their_own_character(library: Database) -> None:
    library.item("journalArticle", title="Kites")
    library.run("UPDATE itemDataValues SET value = CAST(X'4B6974657320FF' AS TEXT)")
    assert titles() == ["Kites �"]


# -- collections --------------------------------------------------------------------------------------------------------


@pytest.fixture
def collections(library: Database) -> Database:
    """Boats, with Canals in it, and Locks in that; Kites; and Boats in the group."""
    kinds = [library.item("journalArticle", title=title) for title in ("Rafts", "Barges", "Sluices", "Kites")]
    boats = library.collection("Paper Boats", kinds[0])
    canals = library.collection("Canals", kinds[1], inside=boats)
    library.collection("Locks", kinds[2], kinds[1], inside=canals)
    library.collection("C# and Kites", kinds[3])
    shared = library.item("journalArticle", title="Shared Rafts", library=GROUP)
    library.collection("paper boats", shared, library=GROUP)
    return library


def test_a_collection_has_those_inside_it_in_all_libraries_and_any_case(collections: Database) -> None:
    assert titles("zotero:PAPER  boats") == ["Rafts", "Barges", "Sluices", "Shared Rafts"]
    assert titles("zotero:Canals") == ["Barges", "Sluices"]
    assert titles(f"zotero:{collections.path}#Locks") == ["Barges", "Sluices"]
    assert titles(f"zotero:{collections.path}#C# and kites") == ["Kites"]
    assert len(titles()) == 5


def test_an_unknown_collection_names_those_that_there_are(collections: Database) -> None:
    assert error("zotero:Bots") == (
        "Zotero has no collection Bots. Its collections are: C# and Kites, Canals, Locks, Paper Boats, paper boats."
    )


def test_of_many_collections_some_are_named(library: Database) -> None:
    for number in range(100, 150):
        library.collection(f"Kites {number}")
    assert error("zotero:Bots").endswith("Kites 129, ….")


def test_without_collections_the_whole_library_is_offered(library: Database) -> None:
    assert error("zotero:Bots").endswith("It has no collections; give zotero: for the whole library.")


def test_a_collection_in_the_trash_is_none(collections: Database) -> None:
    collections.run("INSERT INTO deletedCollections (collectionID) SELECT collectionID FROM collections WHERE key = 'Canals'")
    assert titles("zotero:paper boats") == ["Rafts", "Shared Rafts"]
    assert "Canals, " not in error("zotero:Canals")


def test_a_library_older_than_the_trash_for_collections_is_read(collections: Database) -> None:
    collections.run("DROP TABLE deletedCollections")
    assert titles("zotero:locks") == ["Barges", "Sluices"]


# -- places -------------------------------------------------------------------------------------------------------------


def test_places_begin_with_the_name_of_the_program() -> None:
    assert all(map(zotero.is_zotero, ("zotero:", "Zotero:Boats", "zotero:/a/zotero.sqlite#Boats")))
    assert not any(map(zotero.is_zotero, ("zotero", "zotero.sqlite", "my-zotero:", "https://zotero.example/", "-")))


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("zotero:", "zotero"),
        ("zotero: Paper  Boats ", "zotero Paper Boats"),
        ("zotero:/a/b#c/zotero.sqlite", "zotero"),
        ("zotero:/a/zotero.sqlite#", "zotero"),
        ("zotero:/a/zotero.sqlite#C# and Kites", "zotero C# and Kites"),
        ("zotero:kept.sqlite.1.bak#Boats", "zotero Boats"),
        (r"zotero:C:\Users\ann\Zotero#Boats", "zotero Boats"),
        ("zotero:~/Zotero#Boats", "zotero Boats"),
        ("zotero:Boats/Canals #2", "zotero Boats/Canals #2"),
    ],
)
def test_a_source_is_named_after_the_collection(place: str, name: str) -> None:
    assert zotero.source_name(place) == name


@given(st.text())
@example("\ud800")
def test_any_text_has_a_name_that_can_be_stored(text: str) -> None:
    zotero.is_zotero(text)
    zotero.source_name(f"zotero:{text}").encode("utf-8")


def test_a_path_is_that_of_the_file_or_of_its_folder(library: Database, user_home: Path) -> None:
    library.item("journalArticle", title="Kites")
    elsewhere = library.path.rename(user_home / "kept.sqlite.bak")
    (user_home / "other").mkdir()
    assert titles(f"zotero:{elsewhere}") == ["Kites"]
    elsewhere.rename(user_home / "other/zotero.sqlite")
    assert titles("zotero:~/other") == titles(f"zotero:{user_home}/other/zotero.sqlite") == ["Kites"]


def test_the_variable_names_the_only_folder_looked_at(
    library: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.item("journalArticle", title="Kites")
    other = Database(tmp_path / "other/zotero.sqlite")
    with closing(other.db):
        other.item("journalArticle", title="Lamps")
    monkeypatch.setenv("ZOTERO_DATA_DIR", str(tmp_path / "other"))
    assert titles() == ["Lamps"]
    monkeypatch.setenv("ZOTERO_DATA_DIR", str(tmp_path / "nowhere"))
    assert error("zotero:") == (
        f"No zotero.sqlite was found in {tmp_path / 'nowhere'}. Name the file as zotero:/path/to/zotero.sqlite."
    )


def preferences(folder: Path, chosen: Path, *more: str) -> None:
    """Write the preferences of a profile that name `chosen` as the folder of the library."""
    folder.mkdir(parents=True)
    escaped = str(chosen).replace("\\", "\\\\")
    lines = ['user_pref("app.name", "x");', f'user_pref("extensions.zotero.dataDir", "{escaped}");', *more]
    (folder / "prefs.js").write_text("\n".join(lines) + "\n", "utf-8")


USED = 'user_pref("extensions.zotero.useDataDir", true);'


@pytest.mark.parametrize(
    "profile",
    [".zotero/zotero/ab12.default", "Library/Application Support/Zotero/Profiles/a", "app/Zotero/Zotero/Profiles/a"],
)
def test_the_folder_that_a_profile_uses_comes_before_the_usual_one(
    library: Database, user_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, profile: str
) -> None:
    monkeypatch.setenv("APPDATA", str(user_home / "app"))
    library.item("journalArticle", title="Kites")
    other = Database(tmp_path / "ünder \\ slash/zotero.sqlite")
    with closing(other.db):
        other.item("journalArticle", title="Lamps")
    preferences(user_home / profile, other.path.parent, USED)
    assert titles() == ["Lamps"]


def test_a_folder_that_no_profile_uses_comes_last(library: Database, user_home: Path, tmp_path: Path) -> None:
    library.item("journalArticle", title="Kites")
    other = Database(tmp_path / "other/zotero.sqlite")
    with closing(other.db):
        other.item("journalArticle", title="Lamps")
    preferences(user_home / ".zotero/zotero/a", other.path.parent)
    assert titles() == ["Kites"]
    library.path.unlink()
    assert titles() == ["Lamps"]


def test_the_profile_written_last_counts(user_home: Path, tmp_path: Path) -> None:
    for name in ("old", "new"):
        other = Database(tmp_path / name / "zotero.sqlite")
        with closing(other.db):
            other.item("journalArticle", title=f"{name} kites")
        preferences(user_home / ".zotero/zotero" / name, other.path.parent, USED)
    os.utime(user_home / ".zotero/zotero/old/prefs.js", (1, 1))
    assert titles() == ["new kites"]
    os.utime(user_home / ".zotero/zotero/new/prefs.js", (0, 0))
    assert titles() == ["old kites"]


def test_preferences_that_cannot_be_understood_are_passed_over(library: Database, user_home: Path) -> None:
    library.item("journalArticle", title="Kites")
    for name, value in (("a", '"\\q"'), ("b", "true")):
        (user_home / ".zotero/zotero" / name).mkdir(parents=True)
        (user_home / ".zotero/zotero" / name / "prefs.js").write_text(f'user_pref("extensions.zotero.dataDir", {value});\n')
    assert titles() == ["Kites"]


def test_without_a_library_the_places_looked_at_are_named(user_home: Path, tmp_path: Path) -> None:
    preferences(user_home / ".zotero/zotero/a", tmp_path / "gone", USED)
    assert error("zotero:") == (
        f"No zotero.sqlite was found in {tmp_path / 'gone'} or in {user_home / 'Zotero'}. "
        "Name the file as zotero:/path/to/zotero.sqlite."
    )


def test_a_path_without_a_file_is_named() -> None:
    assert error("zotero:/no/where/zotero.sqlite#Boats").startswith("There is no zotero.sqlite at /no/where/zotero.sqlite.")


@pytest.mark.parametrize("path", ["/a\0b", "~nobody-of-this-name/x.sqlite", "/" + "a" * 5000])
def test_a_path_that_cannot_be_one_is_refused(path: str) -> None:
    assert error(f"zotero:{path}")


# -- the file -----------------------------------------------------------------------------------------------------------


def test_the_library_is_not_touched_and_the_copy_is_gone(
    library: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.item("journalArticle", title="Kites")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    os.utime(library.path, (1_000_000_000, 1_000_000_000))
    before = library.path.read_bytes()
    assert titles() == ["Kites"]
    assert library.path.read_bytes() == before
    assert library.path.stat().st_mtime == 1_000_000_000
    assert [p.name for p in library.path.parent.iterdir()] == ["zotero.sqlite"]
    assert not list((tmp_path / "temporary").iterdir())


def test_a_library_that_zotero_has_locked_is_read(library: Database) -> None:
    library.item("journalArticle", title="Kites")
    library.db.execute("PRAGMA locking_mode = EXCLUSIVE")
    library.db.execute("BEGIN EXCLUSIVE")
    assert titles() == ["Kites"]


def test_what_stands_only_in_the_log_beside_the_file_is_read(library: Database) -> None:
    library.db.execute("PRAGMA journal_mode = WAL")
    library.db.execute("PRAGMA wal_autocheckpoint = 0")
    library.item("journalArticle", title="Kites")
    assert b"Kites" not in library.path.read_bytes()
    assert titles() == ["Kites"]


def test_a_change_that_zotero_has_not_finished_is_undone_in_the_copy(library: Database) -> None:
    for number in range(300):
        library.item("journalArticle", title=f"Kites {number}", abstractNote=f"{number} {DRIFT * 20}")
    library.db.execute("PRAGMA cache_size = 1")
    library.db.execute("UPDATE itemDataValues SET value = 'unfinished ' || valueID")
    assert b"unfinished" in library.path.read_bytes()
    assert titles() == [f"Kites {number}" for number in range(300)]


def test_a_file_that_changes_while_it_is_copied_is_copied_again(library: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    library.item("journalArticle", title="Kites")
    copy_files, copies = zotero._copy_files, []

    def slow(path: Path, copy: Path) -> None:
        copy_files(path, copy)
        copies.append(path)
        if len(copies) == 1:
            library.item("journalArticle", title="Lamps")
            os.utime(path, (1, 1))

    monkeypatch.setattr(zotero, "_copy_files", slow)
    assert titles() == ["Kites", "Lamps"]
    assert len(copies) == 2


@pytest.mark.parametrize("content", [b"", b"not a database " * 100])
def test_another_file_is_no_library(user_home: Path, content: bytes) -> None:
    path = user_home / "other.sqlite"
    path.write_bytes(content)
    assert error(f"zotero:{path}").startswith(f"{path} is no database of Zotero. ")


def test_another_database_is_no_library(user_home: Path) -> None:
    with closing(sqlite3.connect(user_home / "other.sqlite")) as db:
        db.executescript("CREATE TABLE items (itemID INTEGER PRIMARY KEY); CREATE TABLE collections (name TEXT);")
    assert "is no database of Zotero. " in error(f"zotero:{user_home}/other.sqlite")


@pytest.mark.parametrize(
    "change",
    [
        "DROP TABLE itemCreators",
        "ALTER TABLE creators RENAME COLUMN lastName TO familyName",
        "ALTER TABLE libraries RENAME COLUMN type TO libraryType",
    ],
)
def test_a_library_of_an_unknown_version_is_refused_with_another_way(library: Database, change: str) -> None:
    library.run(change)
    assert error("zotero:") == (
        f"{library.path} is of a version of Zotero that cannot be read here. "
        "Export the library in Zotero as BibTeX, and give that file."
    )


def test_a_damaged_library_is_refused_and_its_backup_is_named(library: Database) -> None:
    for number in range(300):
        library.item("journalArticle", title=f"Kites {number}")
    data = library.path.read_bytes()
    library.path.write_bytes(data[: len(data) // 2])
    assert re.fullmatch(r".*zotero\.sqlite is damaged \(.+\)\. Close Zotero and try again\.", error("zotero:"))
    library.path.with_name("zotero.sqlite.bak").write_bytes(data)
    assert error("zotero:").endswith(f"try again, or give the copy that Zotero made: zotero:{library.path}.bak.")
    assert len(titles(f"zotero:{library.path}.bak")) == 300


def test_a_copy_that_cannot_be_made_is_explained(library: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, copy: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zotero, "_copy_files", full)
    assert error("zotero:").startswith(f"{library.path} cannot be copied (no space left on device). ")
