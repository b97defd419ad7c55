"""The map of topics: each topic is a disc that links to its papers, each paper a dot with its title. It is a table too."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from markupsafe import Markup

from rag.topics import layout
from rag.topics.topic_map import Topic, TopicMap
from ui.rendering import rendered

WIDTH = 1000  # of the sheet, in units of the picture
HEIGHT = round(WIDTH * layout.HEIGHT / layout.WIDTH)
_MAX_DOTS = 1_500  # papers drawn, spread evenly over each topic
_TYPICAL_TITLES = 3
_MAX_LINE_CHARS = 92  # of a title below the map

Link = Callable[[Topic], str]  # the address that a topic leads to


@dataclass(frozen=True, slots=True)
class Dot:
    """A paper at x, y."""

    paper_id: str
    title: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class DrawnTopic:
    """A topic with its number on the map, its dots, its most typical titles, and how many of its papers are marked."""

    number: int
    topic: Topic
    address: str
    current: bool
    x: float
    y: float
    radius: float
    dots: tuple[Dot, ...]
    titles: tuple[str, ...]
    lines: tuple[str, ...]
    marked: int


def picture(
    topic_map: TopicMap, titles: Mapping[str, str], link: Link, current: str = "", marked: Collection[str] = ()
) -> Markup:
    """Return the map with its table below.

    `titles` are those of all papers by id; a paper without one has left the library and is not drawn. `current` is the key of
    the topic that is filtered by, `marked` are ids of papers that stand out, as those of an answer. An empty map gives "".
    """
    if not topic_map.topics:
        return Markup()
    topics = drawn(topic_map, titles, link, current, marked)
    shown = sum(len(topic.dots) for topic in topics)
    there = sum(paper in titles for topic in topic_map.topics for paper in topic.papers)
    return rendered(
        "pictures/topic_map.html",
        topics=topics,
        marks=[dot for paper in marked if (dot := _dot(topic_map, titles, paper))],
        width=WIDTH,
        height=HEIGHT,
        papers_per_dot=round(there / shown) if shown else 1,
    )


def drawn(
    topic_map: TopicMap, titles: Mapping[str, str], link: Link, current: str, marked: Collection[str]
) -> list[DrawnTopic]:
    """Return the topics with their places."""
    step = max(1, -(-len(topic_map.places) // _MAX_DOTS))
    topics = []
    for number, topic in enumerate(topic_map.topics, 1):
        there = [paper for paper in topic.papers if paper in titles]
        typical = tuple(titles[paper] for paper in there[:_TYPICAL_TITLES])
        dots = (_dot(topic_map, titles, paper) for paper in there[::step])
        topics.append(
            DrawnTopic(
                number=number,
                topic=topic,
                address=link(topic),
                current=topic.key == current,
                x=round(topic.x * WIDTH, 1),
                y=round(topic.y * WIDTH, 1),
                radius=round(topic.radius * WIDTH, 1),
                dots=tuple(dot for dot in dots if dot),
                titles=typical,
                lines=tuple(_clipped(title) for title in typical),
                marked=len(set(topic.papers) & set(marked)),
            )
        )
    return topics


def _dot(topic_map: TopicMap, titles: Mapping[str, str], paper_id: str) -> Dot | None:
    place = topic_map.place(paper_id)
    if place is None or paper_id not in titles:
        return None
    return Dot(paper_id, titles[paper_id], round(place[0] * WIDTH, 1), round(place[1] * WIDTH, 1))


def _clipped(title: str) -> str:
    return title if len(title) <= _MAX_LINE_CHARS else f"{title[: _MAX_LINE_CHARS - 1].rstrip()}…"
