"""Two processes that write at once, and a third one that asks all the while: one writer is told so, and nothing is lost."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from support import invented, writers
from support.children import Child, Failure, result
from support.writers import State

BEFORE = 20  # papers
EACH = 6  # papers that each writer adds
AT_ONCE_S = 5.0  # on a busy machine; a writer that waits for the other one takes longer
STAGES_TO_WAIT_AT = ("embedding", "indexing", "before swap", "after swap")


def source(folder: Path, first: int, papers: int) -> str:
    return str(invented.write(folder / f"from{first}.jsonl", [invented.paper(n) for n in range(first, first + papers)]))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    assert result(writers.read, tmp_path / "home", [source(tmp_path, 0, BEFORE)]) is None
    return tmp_path / "home"


def assert_holds(home: Path, papers: int) -> None:
    state = result(writers.check, home, 0, 1)
    assert isinstance(state, State), state
    assert (state.papers, state.indexed, state.missed) == (papers, papers, ())


def assert_refused_at_once(home: Path, place: str, holder: Child) -> None:
    """Whether another writer is told at once which process writes, and by which command."""
    began = time.monotonic()
    refused = result(writers.read, home, [place])
    assert time.monotonic() - began < AT_ONCE_S
    assert isinstance(refused, Failure), "two processes wrote at once"
    assert refused.kind == "Busy"
    assert f"process {holder.pid} (rag.ingest, since " in refused.text


def assert_never_fewer(looks: list[tuple[int, int]] | Failure, most: int) -> None:
    """Whether a reader never failed, and saw at each look as many papers as at the one before, or more."""
    assert not isinstance(looks, Failure), looks
    there, found = zip(*looks, strict=True)
    assert list(there) == sorted(there)
    assert list(found) == sorted(found)
    assert looks[-1] == (most, most)
    print(f"the reader looked {len(looks)} times")


def two_writers_and_a_reader(home: Path, folder: Path, stages: tuple[str, ...]) -> None:
    """Stop a writer at each of `stages` in turn; meanwhile another one tries, and a reader asks from beginning to end."""
    papers = BEFORE
    with Child(writers.look_again_and_again, home) as reader:
        reader.until("looking")
        for stage in stages:
            first, second = source(folder, papers, EACH), source(folder, papers + EACH, EACH)
            with Child(writers.read, home, [first], waits=(stage,)) as holder:
                holder.until(stage)
                assert_refused_at_once(home, second, holder)
                holder.go_on()
                assert holder.until_end() is None
            assert result(writers.read, home, [second]) is None
            papers += 2 * EACH
        reader.go_on()
        assert_never_fewer(reader.until_end(), papers)
    assert_holds(home, papers)


def test_the_second_of_two_writers_is_refused_and_a_reader_never_sees_less(home: Path, tmp_path: Path) -> None:
    two_writers_and_a_reader(home, tmp_path, ("indexing",))


@pytest.mark.long
def test_the_second_of_two_writers_is_refused_at_each_stage_and_a_reader_never_sees_less(home: Path, tmp_path: Path) -> None:
    two_writers_and_a_reader(home, tmp_path, STAGES_TO_WAIT_AT)


@pytest.mark.long
def test_writers_that_begin_at_the_same_moment_lose_nothing(home: Path, tmp_path: Path) -> None:
    """Whoever comes second is told so and comes again."""
    refused = 0
    for turn in range(10):
        first = BEFORE + 2 * EACH * turn
        places = [source(tmp_path, first, EACH), source(tmp_path, first + EACH, EACH)]
        with Child(writers.read, home, places[:1]) as one, Child(writers.read, home, places[1:]) as other:
            ends = [one.until_end(), other.until_end()]
        failures = [end for end in ends if isinstance(end, Failure)]
        assert all(failure.kind == "Busy" for failure in failures), failures
        assert len(failures) < len(places), "one of them writes"
        refused += len(failures)
        for place, end in zip(places, ends, strict=True):
            assert end is None or result(writers.read, home, [place]) is None
        assert_holds(home, first + 2 * EACH)
    print(f"{refused} of 20 writers were refused and came again")
    assert refused
