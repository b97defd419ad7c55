"""A home on a disk that cannot be written: it is asked as any other, and writing is refused in one sentence."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import invented
from support.children import Failure, result
from support.commands_here import Ran, ingest_command
from support.writers import Found, ask, read, same


def mount(*arguments: str) -> None:
    """Mount, or skip the test with the reason."""
    try:
        done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    except OSError as error:
        pytest.skip(f"nothing can be mounted ({error})")
    if done.returncode:
        pytest.skip(f"nothing can be mounted ({done.stderr.strip()})")


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[tuple[Path, Found]]:
    """A home that cannot be written, and what was found in it before."""
    home = tmp_path / "home"
    source = invented.write(tmp_path / "papers.jsonl", [invented.paper(n) for n in range(20)])
    assert result(read, home, [str(source)]) is None
    found, _ = result(ask, home)
    mount("--bind", str(home), str(home))
    try:
        mount("-o", "remount,ro,bind", str(home))
        yield home, found
    finally:
        subprocess.run(["umount", "--lazy", str(home)], check=True)


def test_a_home_on_a_disk_that_cannot_be_written_is_asked_and_not_written(
    read_only: tuple[Path, Found], tmp_path: Path
) -> None:
    home, found = read_only
    asked = result(ask, home)
    assert not isinstance(asked, Failure), asked
    assert same(asked[0], found)
    more = invented.write(tmp_path / "more.jsonl", [invented.paper(30)])
    ran = result(ingest_command, home, str(more), tmp_path / "said")
    assert isinstance(ran, Ran), ran
    assert ran.code == 1
    [line] = ran.said.splitlines()
    assert line.startswith("error: ")
    assert "fault in this program" not in line
    assert str(home) in line
