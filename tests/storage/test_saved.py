"""Saved papers: an owner's own, durable, in backups, and never lost with the library's paper."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from support.factories import answer, paper

from rag.errors import LibraryError, UsageError
from rag.storage import backup, saved
from rag.storage.history import History
from rag.storage.library import Library
from rag.storage.saved import SavedPapers

LAMP, FROST = paper(), paper("Frost Watch", "Orchards lose fruit to frost in spring.")


@pytest.fixture
def library(tmp_path: Path) -> Library:
    library = Library(tmp_path, create=True)
    library.put("lamps.jsonl", [LAMP, FROST])
    return library


@pytest.fixture
def shelf(tmp_path: Path, library: Library) -> SavedPapers:
    return SavedPapers(tmp_path)


def titles(shelf: SavedPapers, library: Library, owner: str = "ann") -> list[str]:
    return [one.paper.title for one in shelf.papers(owner, library)]


def test_each_owner_has_papers_of_their_own_in_the_order_of_saving(shelf: SavedPapers, library: Library) -> None:
    shelf.save("ann", [FROST])
    shelf.save("ann", [LAMP, FROST])
    shelf.save("bob", [LAMP])
    assert titles(shelf, library) == ["Frost Watch", "LanternNet"]
    assert titles(shelf, library, "bob") == ["LanternNet"]
    shelf.remove("bob")
    assert titles(shelf, library) == ["Frost Watch", "LanternNet"]


def test_what_was_saved_is_there_after_a_restart_with_its_abstract(
    tmp_path: Path, shelf: SavedPapers, library: Library
) -> None:
    shelf.save("ann", [LAMP])
    [again] = SavedPapers(tmp_path).papers("ann", library)
    assert (again.paper.abstract, again.gone) == (LAMP.abstract, False)


def test_a_paper_that_left_the_library_keeps_its_title_and_is_there_again_when_it_comes_back(
    shelf: SavedPapers, library: Library
) -> None:
    known = replace(LAMP, authors=("Ada B.",), published="2024-05")
    library.put("lamps.jsonl", [known])
    shelf.save("ann", [known])
    library.remove_source("lamps.jsonl")
    [gone] = shelf.papers("ann", library)
    assert gone.gone
    assert (gone.paper.title, gone.paper.authors, gone.paper.abstract) == ("LanternNet", ("Ada B.",), "")
    library.put("other.jsonl", [LAMP])
    assert [one.gone for one in shelf.papers("ann", library)] == [False]


def test_a_paper_that_comes_back_under_another_id_is_followed_with_its_answers(shelf: SavedPapers, library: Library) -> None:
    known = replace(LAMP, doi="10.1145/12.3-a")
    shelf.save("ann", [known])
    shelf.add_column("ann", "How many?")
    shelf.keep_cell("ann", "How many?", known.id, answer())
    library.remove_source("lamps.jsonl")
    renamed = replace(known, id="lantern-net-2", title="LanternNet: lamps that listen")
    library.put("better.jsonl", [renamed])
    [followed] = shelf.papers("ann", library)
    assert (followed.paper.title, followed.gone) == (renamed.title, False)
    assert list(shelf.cells("ann")) == [("How many?", followed.paper.id)]
    shelf.save("ann", [followed.paper])
    assert len(shelf.papers("ann", library)) == 1


def test_two_saved_papers_that_become_one_are_one(shelf: SavedPapers, library: Library) -> None:
    kite = replace(paper("Kite Power"), doi="10.5555/kite")
    library.put("kites.jsonl", [kite])
    shelf.save("ann", [replace(kite, id="an-older-id", title="Power of kites"), kite])
    assert titles(shelf, library) == ["Kite Power"]


def test_a_removal_is_undone_in_its_old_place(shelf: SavedPapers, library: Library) -> None:
    shelf.save("ann", [LAMP])
    shelf.save("ann", [FROST])
    removed = shelf.remove("ann", [LAMP.id])
    assert titles(shelf, library) == ["Frost Watch"]
    shelf.put_back("ann", removed)
    assert titles(shelf, library) == ["LanternNet", "Frost Watch"]
    emptied = shelf.remove("ann")
    assert titles(shelf, library) == []
    shelf.put_back("ann", emptied)
    assert titles(shelf, library) == ["LanternNet", "Frost Watch"]


def test_what_another_owner_took_out_is_put_back_as_ones_own(shelf: SavedPapers, library: Library) -> None:
    shelf.save("ann", [LAMP])
    shelf.put_back("bob", shelf.remove("ann"))
    assert (titles(shelf, library), titles(shelf, library, "bob")) == ([], ["LanternNet"])


def test_a_column_keeps_its_answers_whole_and_comes_back_with_them(shelf: SavedPapers) -> None:
    assert shelf.add_column("ann", "  How\nmany? ") == "How many?"
    shelf.add_column("ann", "How many?")
    shelf.keep_cell("ann", "How many?", LAMP.id, answer())
    shelf.keep_cell("bob", "How many?", LAMP.id, answer())  # who has no such column
    assert shelf.columns("ann") == ["How many?"]
    assert shelf.cells("ann") == {("How many?", LAMP.id): answer()}
    assert shelf.cells("bob") == {}
    removed = shelf.remove_column("ann", "How many?")
    assert (shelf.columns("ann"), shelf.cells("ann")) == ([], {})
    shelf.put_back("ann", removed)
    assert shelf.cells("ann") == {("How many?", LAMP.id): answer()}


def test_too_much_and_nothing_is_refused_in_a_sentence(shelf: SavedPapers, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="There is no question"):
        shelf.add_column("ann", " \n")
    with pytest.raises(UsageError, match="more than 300 characters"):
        shelf.add_column("ann", "x" * 301)
    monkeypatch.setattr(saved, "MAX_PAPERS", 1)
    monkeypatch.setattr(saved, "MAX_COLUMNS", 1)
    shelf.save("ann", [LAMP])
    with pytest.raises(UsageError, match="at most 1 papers"):
        shelf.save("ann", [FROST])
    shelf.add_column("ann", "How many?")
    with pytest.raises(UsageError, match="at most 1 columns"):
        shelf.add_column("ann", "Where?")
    assert shelf.columns("ann") == ["How many?"]


def test_an_answer_of_a_newer_version_is_not_guessed_at(tmp_path: Path, shelf: SavedPapers) -> None:
    shelf.add_column("ann", "How many?")
    shelf.keep_cell("ann", "How many?", LAMP.id, answer())
    with closing(sqlite3.connect(tmp_path / "history.sqlite")) as db:
        db.execute("""UPDATE saved_cells SET record = '{"version": 99}'""")
        db.commit()
    with pytest.raises(LibraryError, match="newer version"):
        shelf.cells("ann")


def test_a_backup_has_the_saved_papers_and_a_restore_puts_them_back(
    tmp_path: Path, shelf: SavedPapers, library: Library
) -> None:
    shelf.save("ann", [LAMP])
    shelf.add_column("ann", "How many?")
    made, _ = backup.make(tmp_path)
    shelf.remove("ann")
    shelf.remove_column("ann", "How many?")
    restored = backup.restore(tmp_path, made)
    assert (restored.conversations, restored.saved_papers) == (0, 1)
    assert titles(shelf, library) == ["LanternNet"]
    assert shelf.columns("ann") == ["How many?"]


def test_conversations_do_not_see_it(tmp_path: Path, shelf: SavedPapers) -> None:
    shelf.save("ann", [LAMP])
    assert History(tmp_path).conversations("ann") == []
