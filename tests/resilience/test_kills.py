"""Writers killed with SIGKILL at any moment: whatever was acknowledged is there once, is found, and the index mends itself.

One library is grown through all kills: papers are added in small and in large sources, changed, and taken out again. After a
kill the library is compared with the account of what was acknowledged; now and then a reader prepares the home and searches
for its chunks, and otherwise the next writer comes upon what the killed one left.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from support import invented, writers
from support.children import Child, Failure, Message, result
from support.ledger import Ledger, abstracts

from rag.types import Paper

OUTSIDE = ("start", "put", "removed", "embedding", "embedded")  # stages; every other one is of building and swapping the index
SWAPS = ("before swap", "after swap")  # a writer waits there to be killed
LONGEST_WRITE_S = 1.5
LONGEST_BUILD_S = 0.8  # from the first words of the index to its swap
MOST_GENERATIONS = 3
MOST_THAT_END = 10  # writers, before they are killed
MOST_LOOSE_FILES = 4  # beside the generations of an index


@dataclass
class Story:
    """A home, the sources that were read into it, what is acknowledged, and what went wrong."""

    home: Path
    folder: Path
    random: Random
    ledger: Ledger = field(default_factory=Ledger)
    sources: dict[str, list[Paper]] = field(default_factory=dict)
    papers: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    finished: int = 0
    checks: int = 0
    rebuilt: int = 0
    asked: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def killed_inside(self) -> int:
        return sum(n for stage, n in self.kills.items() if stage not in OUTSIDE)

    def change(self) -> Child:
        """Begin the next change in a child that waits at the swap only when it is to be killed there."""
        kind = self.random.choices(("add", "change", "remove"), (14, 4, 2))[0] if len(self.sources) > 3 else "add"
        if kind == "remove":
            source = self.random.choice(sorted(self.sources))
            gone = self.sources.pop(source)
            self.ledger.begin(dict.fromkeys(abstracts(gone)))
            return Child(writers.remove_if_there, self.home, source, waits=SWAPS)
        source = f"source{self.papers}.jsonl" if kind == "add" else self.random.choice(sorted(self.sources))
        self.sources[source] = self._more() if kind == "add" else self._changed(self.sources[source])
        self.ledger.begin(abstracts(self.sources[source]))
        path = invented.write(self.folder / source, self.sources[source])
        return Child(writers.read, self.home, [str(path)], waits=SWAPS)

    def _more(self) -> list[Paper]:
        first = self.papers
        self.papers += self.random.randint(20, 40) if self.random.random() < 0.06 else self.random.randint(1, 4)
        return [invented.paper(n) for n in range(first, self.papers)]

    def _changed(self, papers: list[Paper]) -> list[Paper]:
        version = self.random.randint(1, 10**6)
        return [invented.paper(int(p.id.removeprefix("paper")), version) for p in papers]

    def step(self, moment: str) -> None:
        """Make a change and kill its writer some time after `moment`; account for what it acknowledged."""
        longest = {"start": LONGEST_WRITE_S, "indexing": LONGEST_BUILD_S}.get(moment, 0.1)
        with self.change() as child:
            heard = killed_at(child, moment, 0.0 if moment in SWAPS else self.random.uniform(0, longest))
        self.account(heard)
        self.wrong += self.ledger.settle(self.home)

    def account(self, heard: list[Message]) -> None:
        for name, what in heard:
            if name == "put":
                self.ledger.acknowledge(what)
            elif name == "removed":
                self.ledger.acknowledge(dict.fromkeys(what))
            elif name == "failed":
                self.wrong.append(f"a writer that was not killed failed: {what}")
        last = heard[-1][0] if heard else "start"
        if last == "done":
            self.finished += 1
        else:
            self.kills[last] += 1

    def check(self, sample: int) -> None:
        """Have a reader prepare the home and search for `sample` chunks by their own texts, for all of them with 0."""
        state = result(writers.check, self.home, sample, self.random.randint(0, 10**6))
        self.checks += 1
        if isinstance(state, Failure):
            self.wrong.append(f"a reader failed: {state}")
            return
        self.rebuilt += bool(state.told)
        self.asked += state.asked
        self.wrong += [f"{state.indexed} of {state.papers} papers are indexed"] * (state.indexed != state.papers)
        self.wrong += [f"{chunk} is not found by its own text" for chunk in state.missed]

    def report(self) -> str:
        held = sum(None not in allowed for allowed in self.ledger.allowed.values())
        return (
            f"{self.kills.total()} kills, {self.killed_inside} inside building or swapping {dict(self.kills)}; {self.finished} "
            f"writers ended; {self.checks} checks, {self.rebuilt} rebuilt, {self.asked} chunks searched for; {held} papers at "
            f"the end; wrong: {len(self.wrong)}"
        )


def killed_at(child: Child, moment: str, delay_s: float) -> list[Message]:
    """Kill the child `delay_s` after it has told `moment`, or let it end; return all that it told."""
    heard: list[Message] = []
    if moment != "start":
        for message in child.messages():
            heard.append(message)
            if message[0] == moment:
                break
            if message[0] in SWAPS:
                child.go_on()
    heard += child.heard_within(delay_s, lets_go=SWAPS)
    return heard + child.kill()


def begun(tmp_path: Path, seed: int) -> Story:
    (tmp_path / "sources").mkdir()
    return Story(tmp_path / "home", tmp_path / "sources", Random(seed))


def ended(story: Story) -> None:
    """Check the home wholly, and let one more writer come to its end: it clears away what killed ones left."""
    story.check(sample=0)
    assert not story.wrong, f"{story.wrong[:5]} after {story.report()}"
    path = invented.write(story.folder / "last.jsonl", [invented.paper(10**6)])
    assert result(writers.read, story.home, [str(path)]) is None


def left_beside_indexes(home: Path) -> tuple[list[Path], list[Path]]:
    """Return the folders and the files that are beside each file CURRENT."""
    beside = [path for current in home.rglob("CURRENT") for path in current.parent.iterdir()]
    return [p for p in beside if p.is_dir()], [p for p in beside if p.is_file()]


def test_nothing_acknowledged_is_lost_when_writers_are_killed(tmp_path: Path) -> None:
    story = begun(tmp_path, seed=7)
    for moment in ("start", "embedding", "before swap", "put", "after swap", "before swap"):
        kills = story.kills.total()
        while story.kills.total() == kills and story.finished < MOST_THAT_END:  # a writer may be quicker than its killer
            story.step(moment)
    ended(story)
    print(story.report())
    assert story.kills.total() == 6
    assert story.killed_inside >= 3
    folders, _ = left_beside_indexes(story.home)
    assert len(folders) <= MOST_GENERATIONS


@pytest.mark.long
def test_nothing_acknowledged_is_lost_in_three_hundred_kills(tmp_path: Path) -> None:
    story = begun(tmp_path, seed=1)
    while (story.kills.total() < 300 or story.killed_inside < 60) and not story.wrong:
        story.step(story.random.choices(("start", "put", "embedding", "indexing", *SWAPS), (5, 1, 2, 3, 1, 1))[0])
        if story.random.random() < 0.15:
            story.check(sample=20)
            print(story.report(), flush=True)
    ended(story)
    folders, files = left_beside_indexes(story.home)
    print(f"{story.report()}; {len(folders)} folders and {len(files)} files beside the live index")
    assert len(folders) <= MOST_GENERATIONS
    assert len(files) <= MOST_LOOSE_FILES, files
