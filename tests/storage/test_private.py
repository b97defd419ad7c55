"""Folders and files that the program makes are for their owner alone; those that are there keep their rights."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from rag.storage import lock
from rag.storage.history import History
from rag.storage.library import Library

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def rights(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_what_a_library_and_a_history_make_is_for_their_owner_alone(tmp_path: Path) -> None:
    home = tmp_path / "data" / "home"
    with closing(Library(home, create=True)) as library:
        history = History(home)
        history.new("token")
        assert library.count() == 0
        made = {path.name: rights(path) for path in home.glob("*.sqlite*")}
    assert {"library.sqlite", "library.sqlite-wal", "library.sqlite-shm", "history.sqlite"} <= made.keys()
    assert set(made.values()) == {0o600}
    assert (rights(home), rights(home.parent)) == (0o700, 0o700)


def test_the_writers_lock_makes_a_private_home(tmp_path: Path) -> None:
    with lock.writer(tmp_path / "home", "test"):
        assert rights(tmp_path / "home") == 0o700


def test_a_folder_and_a_file_that_are_there_keep_their_rights(tmp_path: Path) -> None:
    home = tmp_path / "home"
    Library(home, create=True).close()
    home.chmod(0o755)
    (home / "library.sqlite").chmod(0o644)
    Library(home).close()
    assert (rights(home), rights(home / "library.sqlite")) == (0o755, 0o644)
