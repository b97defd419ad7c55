"""A disk that is full in the middle of a build: one sentence, nothing lost, and with room again the same command succeeds.

Where a small disk cannot be mounted, files that may not grow beyond a size stand for it.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support import invented
from support.children import Failure, result
from support.commands_here import Ran, ingest_command, stored_texts
from support.writers import Found, State, ask, check

BEFORE = 30  # papers
AFTER = 90
POINTS = 10
SMALL_DISK = 24  # MB
EXPLAINED = {"succeeded", "a sentence"}


@dataclass(frozen=True, slots=True)
class Start:
    """A home with some papers, a source with more, and what is found before it is read."""

    home: Path
    source: str
    found: Found


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Start:
    folder = tmp_path_factory.mktemp("full")
    before = invented.write(folder / "before.jsonl", [invented.paper(n) for n in range(BEFORE)])
    source = invented.write(folder / "more.jsonl", [invented.paper(n) for n in range(BEFORE, AFTER)])
    assert result(ingest_command, folder / "home", str(before), folder / "said").code == 0
    shutil.rmtree(folder / "home" / "backups")
    found, _ = result(ask, folder / "home")
    return Start(folder / "home", str(source), found)


def sizes(home: Path) -> list[int]:
    return sorted(path.stat().st_size for path in home.rglob("*") if path.is_file())


def spread(lowest: int, highest: int, points: int) -> list[int]:
    """Return so many numbers from `lowest` to `highest`, each larger than the one before by the same factor."""
    return [round(lowest * (highest / lowest) ** (n / (points - 1))) for n in range(points)]


def how(ran: Ran | Failure, printed: Path) -> str:
    """Return how a command ended: "succeeded", "a sentence" for one line that says why it failed, or what it said instead."""
    said = printed.read_text("utf-8")
    if isinstance(ran, Failure):
        at = [line.strip() for line in said.splitlines() if line.strip().startswith("File")]
        return f"{ran.kind} {ran.text} {' '.join(at[:2])}"
    lines = [line for line in said.splitlines() if line.strip()]
    explained = ran.code == 1 and len(lines) == 1 and lines[0].startswith("error: ") and "fault in this program" not in said
    return "succeeded" if ran.code == 0 else "a sentence" if explained else said.strip()


def assert_papers_of_before_are_found(home: Path, start: Start) -> None:
    """Whether a reader, who has room, finds the papers of before; it may have built an index of more by then."""
    state = result(check, home, 0, 1)
    assert isinstance(state, State), state
    assert state.papers >= BEFORE
    assert (state.indexed, state.missed) == (state.papers, ())
    found, _ = result(ask, home)
    assert all(found[question].keys() >= start.found[question].keys() for question in found)


def assert_nothing_is_lost(home: Path, start: Start, folder: Path) -> None:
    """Ask a copy of the home for the papers of before; then run the command with room, which embeds only what it must."""
    copy = Path(shutil.copytree(home, folder / "asked"))
    assert_papers_of_before_are_found(copy, start)
    shutil.rmtree(copy)
    kept = stored_texts(home)
    ran = result(ingest_command, home, start.source, folder / "said")
    assert isinstance(ran, Ran), ran
    assert ran.code == 0, ran.said
    assert kept.isdisjoint(ran.embedded)
    assert len(ran.embedded) == len(set(ran.embedded))
    state = result(check, home, 0, 1)
    assert (state.papers, state.indexed, state.missed) == (AFTER, AFTER, ())


def outcomes_by_size(start: Start, folder: Path, points: int) -> dict[int, str]:
    """Return how the command ends where no file may grow beyond some sizes (bytes). Asserts that nothing is lost."""
    whole = Path(shutil.copytree(start.home, folder / "whole"))
    assert result(ingest_command, whole, start.source, folder / "said").code == 0
    outcomes = {}
    for size in spread(1_000 if points > 2 else 200_000, sizes(whole)[-1] - 4_096, points):
        home = Path(shutil.copytree(start.home, folder / f"home{size}"))
        outcomes[size] = how(result(ingest_command, home, start.source, folder / "said", size), folder / "said")
        assert_nothing_is_lost(home, start, folder)
    print("by the largest size of a file:", outcomes)
    assert len(outcomes) - list(outcomes.values()).count("succeeded") >= points / 2
    return outcomes


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a few megabytes of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK}m", "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        pytest.skip(f"no small disk can be mounted ({error})")
    if done.returncode:
        pytest.skip(f"no small disk can be mounted ({done.stderr.strip()})")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def outcomes_by_room(start: Start, disk: Path, folder: Path, points: int) -> dict[int, str]:
    """Return how the command ends on a disk with so many bytes free. Asserts that nothing is lost."""
    whole = Path(shutil.copytree(start.home, folder / "whole"))
    assert result(ingest_command, whole, start.source, folder / "said").code == 0
    needed = sum(sizes(whole)) - sum(sizes(start.home))
    outcomes = {}
    for room in [needed // 3] if points == 1 else spread(8_192, needed, points):
        home = Path(shutil.copytree(start.home, disk / "home"))
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(max(0, shutil.disk_usage(disk).free - room)))
        outcomes[room] = how(result(ingest_command, home, start.source, folder / "said"), folder / "said")
        ballast.unlink()
        assert_nothing_is_lost(home, start, folder)
        shutil.rmtree(home)
    print("by the bytes that are free on the disk:", outcomes)
    assert len(outcomes) - list(outcomes.values()).count("succeeded") >= points / 2
    return outcomes


POINTS_OF_THE_LONG_FORM = pytest.param(POINTS, marks=pytest.mark.long)


def judge(outcomes: dict[int, str]) -> None:
    """Fail on an outcome that no sentence explains."""
    assert set(outcomes.values()) <= EXPLAINED, outcomes


@pytest.mark.parametrize("points", [2, POINTS_OF_THE_LONG_FORM])
def test_files_that_may_not_grow_end_a_build_and_lose_nothing(start: Start, tmp_path: Path, points: int) -> None:
    judge(outcomes_by_size(start, tmp_path, points))


@pytest.mark.parametrize("points", [1, POINTS_OF_THE_LONG_FORM])
def test_a_full_disk_ends_a_build_and_loses_nothing(start: Start, small_disk: Path, tmp_path: Path, points: int) -> None:
    judge(outcomes_by_room(start, small_disk, tmp_path, points))
