"""The connections of the library: few, however many threads ask it at once."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.factories import paper

from rag.errors import Busy
from rag.storage import library_file, pool
from rag.storage.library import Library

MOST = pool._MAX_CONNECTIONS


@pytest.fixture
def library(tmp_path: Path) -> Library:
    library = Library(tmp_path, create=True)
    library.put("here", [paper(f"Title {n}") for n in range(50)])
    return library


def opened(path: Path) -> int:
    """Return how often this process has the file open."""
    links = (f"/proc/self/fd/{fd}" for fd in os.listdir("/proc/self/fd"))
    return sum(os.path.realpath(link) == str(path.resolve()) for link in links)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts open files in /proc")
def test_64_threads_read_through_a_fixed_number_of_connections_and_leave_none_behind(library: Library) -> None:
    seen = []
    start = threading.Barrier(64)

    def read(n: int) -> int:
        start.wait()
        for _ in range(20):
            assert len(library.papers()) == 50
            assert len(library.catalogue()) == library.count() == 50
            seen.append(opened(library.path))
        return n

    with ThreadPoolExecutor(64) as threads:
        assert sorted(threads.map(read, range(64))) == list(range(64))
    assert max(seen) <= MOST
    assert opened(library.path) <= MOST
    library.close()
    assert opened(library.path) == 0
    assert library.count() == 50


def test_threads_that_write_and_read_at_once_keep_each_others_rows_apart(library: Library) -> None:
    def work(n: int) -> int:
        if n % 8 == 0:
            library.put(f"source {n}", [paper(f"Written {n}")])
        return sum(title.startswith("Title") for title, _ in library.catalogue().values())

    with ThreadPoolExecutor(64) as threads:
        assert set(threads.map(work, range(64))) == {50}
    assert library.count() == 58


def test_a_thread_that_finds_no_free_connection_waits_for_one(tmp_path: Path) -> None:
    file = tmp_path / "some.sqlite"
    one = pool.Pool(lambda: library_file.connect(file), most=1)
    rows = one.connection().execute("SELECT 1 UNION SELECT 2")
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(lambda: one.connection().execute("SELECT 3").fetchone())
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.3)
        assert rows.fetchone() == (1,)
        del rows
        assert waiting.result(timeout=10) == (3,)


def test_a_thread_that_waits_in_vain_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_WAIT_S", 0.2)
    one = pool.Pool(lambda: library_file.connect(tmp_path / "some.sqlite"), most=1)
    with one.lent(), ThreadPoolExecutor(1) as threads, pytest.raises(Busy, match="at once"):
        threads.submit(one.connection).result()


def test_a_statement_that_fails_gives_its_connection_back(tmp_path: Path) -> None:
    one = pool.Pool(lambda: library_file.connect(tmp_path / "some.sqlite"), most=1)
    with ThreadPoolExecutor(1) as threads:
        assert "no such table" in str(threads.submit(lambda: one.connection().execute("SELECT * FROM none")).exception())
    assert one.connection().execute("SELECT 1").fetchone() == (1,)


def test_what_a_thread_was_lent_that_ended_is_lent_again(tmp_path: Path) -> None:
    one = pool.Pool(lambda: library_file.connect(tmp_path / "some.sqlite"), most=1)
    thread = threading.Thread(target=one.connection)
    thread.start()
    thread.join()
    assert one.connection().execute("SELECT 1").fetchone() == (1,)
