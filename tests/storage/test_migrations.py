"""Files of an older version are brought up to date without a loss, by one process; a step that fails changes nothing.

library_v1.sql and history_v1.sql are dumps of files that version 0.1 of the program wrote.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from rag.errors import Busy, LibraryError
from rag.storage import history_file, library_file, lock, migrations
from rag.storage.history import History
from rag.storage.history_file import HistoryFile
from rag.storage.library import Library

FOLDER = Path(__file__).parent
ME = "token-of-mine"
LIBRARY_NEXT = (
    *library_file.STEPS,
    migrations.sql("ALTER TABLE papers ADD COLUMN venue TEXT; UPDATE papers SET venue = 'lamp fair'"),
)
# The tables that others refer to are made anew: with foreign keys enforced, this would delete every answer.
HISTORY_NEXT = (
    *history_file.STEPS,
    migrations.sql("""
CREATE TABLE made (id TEXT PRIMARY KEY, owner TEXT NOT NULL, title TEXT, changed REAL NOT NULL, pinned INTEGER);
INSERT INTO made SELECT id, owner, title, changed, 0 FROM conversations;
DROP TABLE conversations;
ALTER TABLE made RENAME TO conversations;
"""),
)
FAILING = migrations.sql("CREATE TABLE half_done (a); DELETE FROM meta; INSERT INTO nowhere VALUES (1)")


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute("PRAGMA user_version").fetchone()[0])


def rows(path: Path, table: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(f"SELECT * FROM {table}").fetchall()


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as db:
        return list(db.iterdump())


def written(path: Path) -> Path:
    """Write the file that version 1 left at `path`."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.executescript((FOLDER / f"{path.stem}_v1.sql").read_text("utf-8"))
    return path


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return written(tmp_path / "library.sqlite")


@pytest.fixture
def history(tmp_path: Path) -> Path:
    return written(tmp_path / "history.sqlite")


# -- files of version 1 ---------------------------------------------------------------------------------------------------


def test_a_library_of_version_1_opens_with_all_that_it_held(library: Path) -> None:
    opened = Library(library.parent)
    assert sorted(p.title for p in opened.papers().values()) == ["Fruit", "Lamps"]
    assert (opened.sources(), opened.revision) == ({"catalogue": 2, "page": 1}, 2)
    texts = [chunk.text for chunk in opened.chunks()]
    assert len(texts) == 2
    assert opened.vectors("tiny", texts).shape == (2, 2)
    opened.close()
    assert version(library) == len(library_file.STEPS)


def test_a_history_of_version_1_opens_with_all_that_it_held(history: Path) -> None:
    opened = History(history.parent)
    [conversation] = opened.conversations(ME)
    assert [a.question for a in opened.read(conversation.id, ME)] == ["First?", "Second?"]
    assert opened.ratings(conversation.id, ME) == {"id Second?": (True, "Good.")}
    assert version(history) == len(history_file.STEPS)


def test_new_files_have_the_present_version(tmp_path: Path) -> None:
    Library(tmp_path, create=True).close()
    History(tmp_path)
    assert version(tmp_path / "library.sqlite") == len(library_file.STEPS)
    assert version(tmp_path / "history.sqlite") == len(history_file.STEPS)


# -- the next step ----------------------------------------------------------------------------------------------------------


def test_the_next_step_migrates_a_library_and_keeps_its_rows(library: Path) -> None:
    before = rows(library, "papers")
    library_file.prepare(library, LIBRARY_NEXT)
    assert rows(library, "papers") == [(*row, 0, "lamp fair") for row in before]
    assert version(library) == len(LIBRARY_NEXT)
    library_file.prepare(library, LIBRARY_NEXT)  # a second time there is nothing to do
    assert version(library) == len(LIBRARY_NEXT)


def test_the_next_step_migrates_a_history_and_keeps_the_rows_that_refer_to_a_table_made_anew(history: Path) -> None:
    answers, ratings = rows(history, "answers"), rows(history, "ratings")
    opened = HistoryFile(history, print, HISTORY_NEXT)
    assert (rows(history, "answers"), rows(history, "ratings")) == (answers, ratings)
    assert len(rows(history, "conversations")[0]) == 5
    assert version(history) == len(HISTORY_NEXT)
    with opened.open() as db:
        assert db.execute("PRAGMA foreign_keys").fetchone() == (1,)


def test_a_new_file_goes_through_all_steps(tmp_path: Path) -> None:
    library_file.prepare(tmp_path / "library.sqlite", LIBRARY_NEXT)
    assert version(tmp_path / "library.sqlite") == len(LIBRARY_NEXT)
    assert rows(tmp_path / "library.sqlite", "papers") == []


def test_a_failing_step_is_rolled_back_and_the_steps_before_it_stay(library: Path) -> None:
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        library_file.prepare(library, (*library_file.STEPS, FAILING))
    assert version(library) == len(library_file.STEPS)
    assert ("revision", "2") in rows(library, "meta")
    with pytest.raises(sqlite3.OperationalError):
        library_file.prepare(library, (*LIBRARY_NEXT, FAILING))
    assert version(library) == len(LIBRARY_NEXT)
    assert not any("half_done" in line for line in dump(library))


def test_a_failing_step_of_the_history_is_told_and_rolled_back(history: Path) -> None:
    History(history.parent)
    before = dump(history)
    with pytest.raises(LibraryError, match="cannot be used"):
        HistoryFile(history, print, (*history_file.STEPS, FAILING))
    assert dump(history) == before


def test_a_step_that_leaves_rows_without_their_conversation_is_rolled_back(history: Path) -> None:
    History(history.parent)
    before = dump(history)
    with pytest.raises(LibraryError, match="refers to none of conversations"):
        HistoryFile(history, print, (*history_file.STEPS, migrations.sql("DELETE FROM conversations")))
    assert dump(history) == before


@pytest.mark.parametrize("name", ["library", "history"])
def test_a_file_of_a_newer_version_is_refused_with_the_remedy_and_left_alone(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"{name}.sqlite"
    with closing(sqlite3.connect(path)) as db:  # not in WAL mode: the newer version may have changed that too
        db.executescript("CREATE TABLE later (a); PRAGMA user_version = 99;")
    before = path.read_bytes()
    with pytest.raises(LibraryError, match=rf"The {name} was written by a newer version.*Update this program"):
        Library(tmp_path) if name == "library" else History(tmp_path)
    assert path.read_bytes() == before


# -- several processes ------------------------------------------------------------------------------------------------------


def in_processes(path: Path, opening: str, count: int = 4) -> Sequence[bytes]:
    program = (
        f"import sys; sys.path.insert(0, {str(FOLDER.parent)!r})\nfrom storage.test_migrations import *\n"
        f"path = Path(sys.argv[1])\n{opening}\n"
    )
    command = [sys.executable, "-c", program, str(path)]
    running = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for _ in range(count)]
    return [process.communicate()[1] for process in running]


def test_processes_that_open_an_older_library_at_once_migrate_it_once(library: Path) -> None:
    assert in_processes(library, "library_file.prepare(path, LIBRARY_NEXT)") == [b""] * 4
    assert version(library) == len(LIBRARY_NEXT)
    assert {row[-1] for row in rows(library, "papers")} == {"lamp fair"}


def test_processes_that_open_an_older_history_at_once_migrate_it_once(history: Path) -> None:
    assert in_processes(history, "HistoryFile(path, print, HISTORY_NEXT)") == [b""] * 4
    assert version(history) == len(HISTORY_NEXT)
    assert len(rows(history, "answers")) == 2


def test_an_older_library_that_another_process_writes_is_left_to_it(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library_file, "_LOCK_WAIT_S", 0.3)
    library_file.prepare(library)
    holder = subprocess.Popen(
        [sys.executable, "-c", f"""
from pathlib import Path
from rag.storage import lock
with lock.writer(Path({str(library.parent)!r}), "rag.ingest"):
    print("held", flush=True)
    input()
"""],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )  # fmt: skip
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(Busy, match=r"rag\.ingest"):
        library_file.prepare(library, LIBRARY_NEXT)
    assert version(library) == len(library_file.STEPS)
    Library(library.parent).close()  # one that is up to date opens nevertheless
    holder.communicate(b"\n")
    library_file.prepare(library, LIBRARY_NEXT)
    assert version(library) == len(LIBRARY_NEXT)


def test_who_holds_the_writers_lock_migrates_under_it(library: Path) -> None:
    with lock.writer(library.parent, "rag.ingest"):
        library_file.prepare(library, LIBRARY_NEXT)
        with pytest.raises(Busy), lock.writer(library.parent, "another"):
            pass
    assert version(library) == len(LIBRARY_NEXT)
