"""The map of a collection: its topics with their names, and where each paper stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from rag.index.generations import Index
from rag.index.moments import Rows, Vector
from rag.storage.library import Library
from rag.topics import clusters, labels, layout

_MIN_TOPICS, _MAX_TOPICS = 2, 16
_PAPERS_PER_ROOT = 2.2  # topics grow with the root of the papers: 11 for 574
_MIN_PAPERS_PER_TOPIC = 4
_TYPICAL = 60  # papers of a topic whose texts give it its name


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic: its `words`, its disc on the map, and its `papers`, the most typical first."""

    words: tuple[str, ...]
    x: float
    y: float
    radius: float
    papers: tuple[str, ...]

    @property
    def key(self) -> str:
        """The name by which addresses know the topic."""
        return "-".join(self.words)

    @property
    def label(self) -> str:
        return ", ".join(self.words)


@dataclass(frozen=True, slots=True)
class TopicMap:
    """Topics, the largest first, and x and y of each paper by its id, on a sheet of layout.WIDTH by layout.HEIGHT."""

    topics: tuple[Topic, ...] = ()
    places: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def place(self, paper_id: str) -> tuple[float, float] | None:
        """Return where a paper stands; None for a paper that came after the map was made."""
        return self.places.get(paper_id)

    def topic(self, key: str) -> Topic | None:
        """Return the topic of this key; None when there is none."""
        return next((topic for topic in self.topics if topic.key == key), None)


def make(index: Index, library: Library) -> TopicMap:
    """Return the map of the papers that the index holds, from their vectors and words."""
    rows = index.everything()
    if not len(rows):
        return TopicMap()
    vectors = _centred(index.centres(rows))
    groups, directions = clusters.split(vectors, _number_of_topics(len(rows)))
    sheet = layout.place(vectors, groups, directions)
    ids = [index.paper_at(int(row)) for row in rows]
    typical = [_typical_first(vectors, groups, directions, group, ids) for group in range(len(directions))]
    named = labels.name([_texts(library, papers[:_TYPICAL]) for papers in typical])
    topics = tuple(
        Topic(words, float(x), float(y), float(radius), tuple(papers))
        for words, (x, y), radius, papers in zip(named, sheet.centres, sheet.radii, typical, strict=True)
    )
    places = {i: (round(float(x), 4), round(float(y), 4)) for i, (x, y) in zip(ids, sheet.papers, strict=True)}
    return TopicMap(topics, places)


def _centred(vectors: Vector) -> Vector:
    """Return the vectors without what all have in common, of length 1 again."""
    apart = vectors - vectors.mean(axis=0)
    return np.asarray(apart / np.maximum(np.linalg.norm(apart, axis=1, keepdims=True), 1e-9), np.float32)


def _number_of_topics(papers: int) -> int:
    wanted = min(_MAX_TOPICS, round(papers**0.5 / _PAPERS_PER_ROOT), papers // _MIN_PAPERS_PER_TOPIC)
    return max(int(wanted), min(_MIN_TOPICS, papers // _MIN_PAPERS_PER_TOPIC), 1)


def _typical_first(vectors: Vector, groups: Rows, directions: Vector, group: int, ids: list[str]) -> list[str]:
    members = np.flatnonzero(groups == group)
    order = np.argsort(-(vectors[members] @ directions[group]), kind="stable")
    return [ids[i] for i in members[order]]


def _texts(library: Library, ids: list[str]) -> list[str]:
    return [f"{paper.title}\n{paper.abstract}" for paper in library.papers(ids).values()]
