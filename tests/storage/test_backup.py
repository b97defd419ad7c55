"""Backups of the library: made while others write, checked before they are put back, and one a week by themselves."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Timer

import pytest
from support.factories import HashEmbedder, answer, paper, silent

from rag import ingestion
from rag.errors import Busy, Gone, LibraryError, UsageError
from rag.sources.reading import Reading
from rag.storage import backup, library_file, lock
from rag.storage.history import History
from rag.storage.library import Library
from rag.types import Paper

DAY_S = 24 * 3600
HOLDER = """
import sys, time
from pathlib import Path
from rag.storage import lock
with lock.writer(Path(sys.argv[1]), "rag.ingest"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with one paper."""
    put(tmp_path / "home", paper())
    return tmp_path / "home"


def put(home: Path, *papers: Paper) -> None:
    library = Library(home, create=True)
    library.put("lamps.jsonl", papers)
    library.close()


def titles(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as db:
        return {title for (title,) in db.execute("SELECT title FROM papers")}


def state(home: Path) -> str:
    library = Library(home)
    try:
        return library.state
    finally:
        library.close()


def damage(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"no database here" * 512)


# -- make ---------------------------------------------------------------------------------------------------------------


def test_a_backup_holds_the_papers_and_is_one_file_for_its_owner_alone(home: Path) -> None:
    [made] = backup.make(home)
    assert made.parent == home / "backups"
    assert titles(made) == {"LanternNet"}
    assert sorted(path.name for path in made.parent.iterdir()) == [made.name]
    assert made.stat().st_mode & 0o077 == 0


def test_the_conversations_are_copied_beside_it(home: Path, tmp_path: Path) -> None:
    conversations = History(home)
    conversations.append(conversations.new("ann"), "ann", answer())
    _, made = backup.make(home, tmp_path / "copy.sqlite")
    assert made == tmp_path / "history-copy.sqlite"
    with closing(sqlite3.connect(made)) as db:
        assert db.execute("SELECT count(*) FROM answers").fetchone() == (1,)


def test_a_backup_is_made_while_another_process_writes_and_holds_what_was_committed(home: Path) -> None:
    with lock.writer(home, "rag.ingest"), closing(library_file.connect(home / "library.sqlite")) as writing:
        writing.execute("BEGIN IMMEDIATE")
        writing.execute("DELETE FROM papers")
        [made] = backup.make(home)
        writing.execute("ROLLBACK")
    assert titles(made) == {"LanternNet"}


def test_two_backups_of_one_second_are_two_files(home: Path) -> None:
    assert len({backup.make(home)[0] for _ in range(3)}) == 3


def test_a_file_that_is_there_is_not_written_over(home: Path, tmp_path: Path) -> None:
    target = tmp_path / "thesis.sqlite"
    target.write_text("mine")
    with pytest.raises(UsageError, match=r"There is a file .*thesis\.sqlite already\. Name another one\."):
        backup.make(home, target)
    assert target.read_text() == "mine"
    with pytest.raises(UsageError, match="There is no folder"):
        backup.make(home, tmp_path / "nowhere" / "copy.sqlite")


def test_a_damaged_library_gives_no_backup_and_names_the_remedy(home: Path) -> None:
    damage(home / "library.sqlite")
    with pytest.raises(LibraryError, match=r"cannot be copied .* python -m rag\.library recover"):
        backup.make(home)
    assert not list((home / "backups").iterdir())


# -- restore ------------------------------------------------------------------------------------------------------------


def test_a_restored_library_is_that_of_the_backup_and_the_one_before_is_kept(home: Path) -> None:
    [made] = backup.make(home)
    put(home, paper("Frost Watch"))
    [kept] = backup.restore(home, made).kept
    assert titles(home / "library.sqlite") == {"LanternNet"}
    assert titles(kept) == {"LanternNet", "Frost Watch"}
    assert [path.name for path in home.glob("*restoring*")] == []


def test_it_has_the_state_of_the_backup(home: Path) -> None:
    [made] = backup.make(home)
    before = state(home)
    put(home, paper("Frost Watch"))
    assert state(home) != before
    backup.restore(home, made)
    assert state(home) == before


def test_a_process_that_has_the_library_open_sees_the_restored_one_and_writes_into_it(home: Path) -> None:
    [made] = backup.make(home)
    put(home, paper("Frost Watch"))
    chat = Library(home)
    assert chat.count() == 2
    backup.restore(home, made)
    assert chat.count() == 1
    chat.put("kites.jsonl", [paper("Kite Power")])
    chat.close()
    assert titles(home / "library.sqlite") == {"LanternNet", "Kite Power"}


@pytest.mark.parametrize("state", ["lost", "damaged"])
def test_a_lost_or_damaged_library_is_replaced_and_an_old_log_is_not_applied(home: Path, state: str) -> None:
    [made] = backup.make(home)
    library = home / "library.sqlite"
    chat = Library(home)
    chat.put("lamps.jsonl", [paper("Frost Watch")])
    log = Path(f"{library}-wal").read_bytes()
    chat.close()
    Path(f"{library}-wal").write_bytes(log)
    library.unlink() if state == "lost" else damage(library)
    kept = backup.restore(home, made).kept
    assert titles(library) == {"LanternNet"}
    if state == "lost":
        assert kept == ()
    else:
        [aside] = kept
        assert aside.name.startswith("library.sqlite.damaged-")
        assert aside.read_bytes().startswith(b"no database here")


def questions(history: History, owner: str = "ann") -> list[str]:
    return [one.title for one in history.conversations(owner)]


def ask(history: History, question: str) -> str:
    conversation = history.new("ann")
    history.append(conversation, "ann", replace(answer(), question=question))
    return conversation


@pytest.mark.parametrize("state", ["whole", "lost", "damaged"])
def test_the_conversations_of_a_backup_are_put_back_and_those_before_are_kept(home: Path, state: str) -> None:
    chat = History(home)
    ask(chat, "How many lamps?")
    made, _ = backup.make(home)
    later = ask(chat, "And in winter?")
    if state != "whole":
        library = home / "library.sqlite"
        library.unlink() if state == "lost" else damage(library)
    restored = backup.restore(home, made)
    assert restored.conversations == 1
    assert questions(chat) == ["How many lamps?"]  # also in a chat that was open
    with pytest.raises(Gone):
        chat.read(later, "ann")
    [kept] = [path for path in restored.kept if path.name.startswith("history-2")]
    with closing(sqlite3.connect(kept)) as db:
        assert db.execute("SELECT count(*) FROM answers").fetchone() == (2,)
    assert [path.name for path in home.glob("*restoring*")] == []


def test_without_conversations_in_the_backup_those_that_are_there_stay(home: Path) -> None:
    [made] = backup.make(home)
    chat = History(home)
    ask(chat, "How many lamps?")
    assert backup.restore(home, made).conversations is None
    assert questions(chat) == ["How many lamps?"]


def test_conversations_are_put_back_where_there_are_none_or_damaged_ones(home: Path) -> None:
    ask(History(home), "How many lamps?")
    made, _ = backup.make(home)
    (home / "history.sqlite").unlink()
    assert backup.restore(home, made).conversations == 1
    damage(home / "history.sqlite")
    told: list[str] = []
    assert backup.restore(home, made, told.append).conversations == 1
    assert questions(History(home)) == ["How many lamps?"]
    assert "is damaged. It was set aside" in told[0]


def test_damaged_conversations_of_a_backup_are_refused_and_nothing_is_changed(home: Path) -> None:
    chat = History(home)
    ask(chat, "How many lamps?")
    made, conversations = backup.make(home)
    put(home, paper("Frost Watch"))
    damage(conversations)
    with pytest.raises(LibraryError, match="is damaged"):
        backup.restore(home, made)
    assert titles(home / "library.sqlite") == {"LanternNet", "Frost Watch"}
    assert questions(chat) == ["How many lamps?"]


def test_a_chat_that_writes_is_waited_for(home: Path) -> None:
    chat = History(home)
    ask(chat, "How many lamps?")
    made, _ = backup.make(home)
    ask(chat, "And in winter?")
    writing = sqlite3.connect(home / "history.sqlite", isolation_level=None, check_same_thread=False)
    writing.execute("BEGIN IMMEDIATE")
    Timer(0.5, lambda: writing.execute("COMMIT")).start()
    assert backup.restore(home, made).conversations == 1
    writing.close()
    assert questions(chat) == ["How many lamps?"]


def test_what_is_no_whole_library_is_refused_and_changes_nothing(home: Path, tmp_path: Path) -> None:
    [made] = backup.make(home)
    prose, cut, torn, other, newer = (tmp_path / f"{name}.sqlite" for name in ("prose", "cut", "torn", "other", "newer"))
    prose.write_text("Dear diary. " * 500)
    cut.write_bytes(made.read_bytes()[:8192])
    torn.write_bytes(made.read_bytes())
    with closing(sqlite3.connect(torn)) as db:
        [root] = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'papers'").fetchone()
        [size] = db.execute("PRAGMA page_size").fetchone()
    with torn.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)
    with closing(sqlite3.connect(other)) as db:
        db.execute("CREATE TABLE boats (name TEXT)")
    newer.write_bytes(made.read_bytes())
    with closing(sqlite3.connect(newer)) as db:
        db.execute("PRAGMA user_version = 99")
    for file, message in {
        prose: "is damaged, or none",
        cut: "is damaged",
        torn: "is damaged",
        other: "holds no library",
        newer: "newer version of this program",
        tmp_path / "none": "There is no file",
        home / "library.sqlite": "is the library itself",
    }.items():
        with pytest.raises((LibraryError, UsageError), match=message):
            backup.restore(home, file)
    assert titles(home / "library.sqlite") == {"LanternNet"}
    assert list((home / "backups").iterdir()) == [made]


def test_a_backup_of_an_older_version_is_brought_up_to_date(home: Path, tmp_path: Path) -> None:
    old = tmp_path / "old.sqlite"
    with closing(sqlite3.connect(old)) as db:
        db.executescript((Path(__file__).parent / "library_v1.sql").read_text("utf-8"))
        assert db.execute("PRAGMA user_version").fetchone()[0] < len(library_file.STEPS)
    backup.restore(home, old)
    with closing(sqlite3.connect(home / "library.sqlite")) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (len(library_file.STEPS),)
        assert db.execute("SELECT count(*) FROM identities").fetchone() is not None
    assert titles(home / "library.sqlite") == titles(old) != set()


def test_nothing_is_restored_while_another_process_writes(home: Path) -> None:
    [made] = backup.make(home)
    command = [sys.executable, "-c", HOLDER, str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            with pytest.raises(Busy, match=f"process {process.pid} \\(rag.ingest"):
                backup.restore(home, made)
        finally:
            process.kill()


# -- once a week --------------------------------------------------------------------------------------------------------


def store(home: Path, *papers: Paper) -> None:
    ingestion.store(home, [Reading("lamps.jsonl", papers, format="JSON")], HashEmbedder(), silent)


def backups(home: Path) -> list[Path]:
    return sorted((home / "backups").glob("library*.sqlite"))


def older(path: Path, days: float) -> None:
    then = time.time() - days * DAY_S
    os.utime(path, (then, then))


def test_storing_something_makes_a_backup_when_the_newest_is_older_than_a_week(tmp_path: Path) -> None:
    home = tmp_path / "home"
    store(home, paper())
    [first] = backups(home)
    assert first.name.startswith("library-automatic-")
    assert titles(first) == {"LanternNet"}
    older(first, 6)
    store(home, paper("Frost Watch"))
    assert backups(home) == [first]
    older(first, 8)
    store(home, paper("Frost Watch"))  # nothing new
    assert backups(home) == [first]
    store(home, paper("Kite Power"))
    assert len(backups(home)) == 2


def test_the_three_newest_automatic_backups_are_kept_and_all_others_that_were_asked_for(home: Path) -> None:
    History(home)
    asked_for = backup.make(home)
    for file in asked_for:
        older(file, 100)
    for month in range(1, 6):
        old = home / "backups" / f"library-automatic-20240{month}01-000000.sqlite"
        old.write_bytes(asked_for[0].read_bytes())
        backup.of_history(old).write_bytes(asked_for[1].read_bytes())
        for file in (old, backup.of_history(old)):
            older(file, 100)
    backup.weekly(home)
    assert asked_for[0] in backups(home)
    automatic = [path.name for path in backups(home) if "automatic" in path.name]
    assert automatic[:2] == ["library-automatic-20240401-000000.sqlite", "library-automatic-20240501-000000.sqlite"]
    assert len(automatic) == 3
    assert len(list((home / "backups").glob("history-automatic-*.sqlite"))) == 3


def test_a_backup_that_fails_does_not_fail_what_was_stored(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "backups").write_text("a file in the way")
    store(home, paper())
    assert titles(home / "library.sqlite") == {"LanternNet"}
    assert "no backup was made" in caplog.text
