"""Each file of an index damaged in turn: the same papers are found as before, or one sentence says why not. Nothing else.

A process of its own asks, as damage may crash whoever reads it. Files are found below the folder of the index by looking, so
that these tests do not depend on how an index is laid out.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from support import invented
from support.children import Failure, result
from support.writers import Found, ask, manifests, open_each, read, same

PAPERS = 60
ADDED = 4  # papers, in a second reading
PLACES = 20  # in each file, in the long form
UNCHECKED_PLACES = 30  # in a file without a checksum
PLACES_BEFORE = 5  # in a file of the index that was live before, which nobody opens
UNCHECKED = "chroma.sqlite3"  # Chroma rewrites it when it opens
ZEROS = 512  # bytes


def truncated(data: bytes, place: int) -> bytes:
    return data[:place]


def zeroed(data: bytes, place: int) -> bytes:
    return (data[:place] + bytes(ZEROS) + data[place + ZEROS :])[: len(data)]


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ (1 << place % 8)]) + data[place + 1 :]


DAMAGES: dict[str, Callable[[bytes, int], bytes] | None] = {
    "truncated": truncated,
    "zeroed": zeroed,
    "flipped": flipped,
    "deleted": None,
}


@dataclass(frozen=True, slots=True)
class Case:
    """One damage of one file, at a place (bytes)."""

    path: Path  # relative to the home
    damage: str
    place: int

    def do(self, home: Path) -> None:
        spoil = DAMAGES[self.damage]
        if spoil is None:
            (home / self.path).unlink()
        else:
            (home / self.path).write_bytes(spoil((home / self.path).read_bytes(), self.place))


@dataclass(frozen=True, slots=True)
class Built:
    """A home with an index to which papers were added, and what is found in it."""

    home: Path
    found: Found

    def files(self) -> list[Path]:
        return sorted(path.relative_to(self.home) for path in (self.home / "index").rglob("*") if path.is_file())

    def live_files(self) -> list[Path]:
        return [path for path in self.files() if not self.kind(path).startswith("before")]

    def kind(self, path: Path) -> str:
        """Return the file's name without what is random in it, and whether it is of the index that was live before."""
        *older, _ = sorted((self.home / "index").rglob("manifest.json"), key=lambda found: found.stat().st_mtime_ns)
        before = any((self.home / path).is_relative_to(manifest.parent) for manifest in older)
        return "before: " * before + re.sub(r"^[0-9a-f-]{32,}", "*", path.name)

    def cases(self, path: Path, places: int) -> Iterator[Case]:
        """Yield each damage of a file at `places` places where it changes something."""
        data = (self.home / path).read_bytes()
        for damage, spoil in DAMAGES.items():
            if spoil is None:
                yield Case(path, damage, 0)
                continue
            random = Random(f"{self.kind(path)} {damage}")
            telling = [place for place in range(len(data)) if damage != "zeroed" or data[place]]
            yield from (Case(path, damage, place) for place in sorted(random.sample(telling, min(places, len(telling)))))

    def outcome(self, case: Case, target: Path) -> str:
        """Return what comes of asking a copy of the home that is damaged."""
        home = Path(shutil.copytree(self.home, target))
        case.do(home)
        before = manifests(home)
        asked = result(ask, home)
        rebuilt = manifests(home) != before
        shutil.rmtree(home)
        if isinstance(asked, Failure):
            return "sentence" if asked.explained else f"bad: {asked.kind} {asked.text[:100]}"
        found, told = asked
        if not same(found, self.found):
            return "bad: other papers"
        return ("rebuilt" if told else "rebuilt, untold") if rebuilt else "same"

    def outcomes_unmended(self, cases: list[Case], target: Path) -> list[str]:
        """Return what comes of opening damaged copies: "rebuilt" stands for damage that is found, where asking builds anew.

        One process opens them all.
        """
        homes = [Path(shutil.copytree(self.home, target / str(n))) for n in range(len(cases))]
        for home, case in zip(homes, cases, strict=True):
            case.do(home)
        opened = result(open_each, homes)
        shutil.rmtree(target)
        if isinstance(opened, Failure):
            return [f"bad: {opened.kind} {opened.text[:100]}"] * len(cases)
        return ["rebuilt" if found is None else "same" if same(found, self.found) else "bad: other papers" for found in opened]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("damage")
    home = folder / "home"
    for first, last in ((0, PAPERS), (PAPERS, PAPERS + ADDED)):
        path = invented.write(folder / f"from{first}.jsonl", [invented.paper(n) for n in range(first, last)])
        assert result(read, home, [str(path)]) is None
    shutil.rmtree(home / "backups", ignore_errors=True)
    asked = result(ask, home)
    assert not isinstance(asked, Failure), asked
    assert all(len(scores) > PAPERS / 2 for scores in asked[0].values())
    return Built(home, asked[0])


@pytest.mark.parametrize(("damage", "files"), [("truncated", 1), ("zeroed", 3), ("flipped", 1), ("deleted", 1)])
def test_a_damaged_file_changes_nothing_that_is_found(built: Built, damage: str, files: int, tmp_path: Path) -> None:
    """Of the largest files, as those hold most of what is found."""
    checked = [path for path in built.live_files() if path.name != UNCHECKED]
    largest = sorted(checked, key=lambda path: (built.home / path).stat().st_size)[-files:]
    for n, case in enumerate(c for path in largest for c in built.cases(path, 1) if c.damage == damage):
        assert not built.outcome(case, tmp_path / str(n)).startswith("bad"), case


def test_a_file_without_a_checksum_that_is_damaged_changes_nothing_that_is_found(built: Built, tmp_path: Path) -> None:
    paths = [path for path in built.live_files() if path.name == UNCHECKED]
    cases = [case for path in paths for case in built.cases(path, 1) if case.damage in ("zeroed", "flipped")]
    for n, case in enumerate(cases):
        assert not built.outcome(case, tmp_path / str(n)).startswith("bad"), case


@pytest.mark.long
def test_every_damaged_file_at_twenty_places_changes_nothing_that_is_found(built: Built, tmp_path: Path) -> None:
    table: dict[tuple[str, str], Counter[str]] = {}
    bad: list[str] = []
    for path in built.files():
        kind, live = built.kind(path), path in built.live_files()
        unchecked = live and path.name == UNCHECKED
        places = UNCHECKED_PLACES if unchecked else PLACES if live else PLACES_BEFORE
        for damage in DAMAGES:
            cases = [c for c in built.cases(path, places) if c.damage == damage]
            whole = cases if unchecked else cases[:1]
            outcomes = [built.outcome(case, tmp_path / "damaged") for case in whole]
            outcomes += built.outcomes_unmended(cases[len(whole) :], tmp_path / "opened") if len(cases) > len(whole) else []
            table.setdefault((kind, damage), Counter()).update(outcome.partition(":")[0] for outcome in outcomes)
            bad += [f"{case}: {told}" for case, told in zip(cases, outcomes, strict=True) if told.startswith("bad")]
        print(*(f"{kind} {d}: {dict(table[kind, d])}" for d in DAMAGES), sep="; ", flush=True)
    print("\n" + as_table(table))
    print(*bad, sep="\n")
    assert not bad


def as_table(table: dict[tuple[str, str], Counter[str]]) -> str:
    """Return a table in Markdown: kinds of files by damages, with how often each outcome came."""
    rows = [f"| file | {' | '.join(DAMAGES)} |", "|---" * (len(DAMAGES) + 1) + "|"]
    for kind in dict.fromkeys(kind for kind, _ in table):
        cells = (", ".join(f"{n} {told}" for told, n in table[kind, d].items()) or "-" for d in DAMAGES)
        rows.append(f"| {kind} | {' | '.join(cells)} |")
    return "\n".join(rows)
