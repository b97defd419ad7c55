"""What a library may hold after changes of which some were cut off: an account of titles and abstracts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from rag.storage.library import Library
from rag.types import Paper


class Ledger:
    """For each title the abstracts that the library may hold of it; None where the paper may be missing.

    A change that has begun allows what was there and what is to come; one that is acknowledged only what has come.
    """

    def __init__(self) -> None:
        self.allowed: dict[str, set[str | None]] = {}

    def begin(self, change: Mapping[str, str | None]) -> None:
        for title, abstract in change.items():
            self.allowed.setdefault(title, {None}).add(abstract)

    def acknowledge(self, change: Mapping[str, str | None]) -> None:
        for title, abstract in change.items():
            self.allowed[title] = {abstract}

    def settle(self, home: Path) -> list[str]:
        """Compare with the library of `home`; return what is wrong. What was found there is what is allowed from now on."""
        library = Library(home, create=True)
        try:
            papers = list(library.papers().values())
            counted, titles = library.count(), [title for title, _ in library.catalogue().values()]
        finally:
            library.close()
        wrong = [f"{title}: twice" for title, n in Counter(titles).items() if n > 1]
        wrong += [f"{counted} papers are counted, and {len(papers)} have an id"] * (counted != len(papers))
        held = abstracts(papers)
        wrong += [f"{title}: from nowhere" for title in held.keys() - self.allowed.keys()]
        wrong += [self._told(t, held.get(t)) for t, allowed in self.allowed.items() if held.get(t) not in allowed]
        self.allowed = {title: {held.get(title)} for title in self.allowed}
        return wrong

    @staticmethod
    def _told(title: str, held: str | None) -> str:
        return f"{title}: lost" if held is None else f"{title}: not as it was stored ({held[-60:]!r})"


def abstracts(papers: Iterable[Paper]) -> dict[str, str | None]:
    return {paper.title: paper.abstract for paper in papers}
