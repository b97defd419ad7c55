"""Papers by year or month as bars. Each bar is a link, and all of them are a table too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup

from rag.collection.timeline import Bar, Timeline
from ui.rendering import rendered

WIDTH, HEIGHT = 336, 138  # of the picture, in its units
_BASE, _TOP = 116, 22  # of the bars, from the top
_GAP_SHARE = 0.24  # of a bar's place
_MIN_BAR_HEIGHT = 2.0
_MAX_PLACE = 56.0  # for one bar
_MAX_PLAIN_COUNT = 9_999  # above it a count has a k

Link = Callable[[Bar], str]  # the address that a bar leads to


@dataclass(frozen=True, slots=True)
class DrawnBar:
    """A bar with its place in the picture, the label below and the count above it, and where it leads to."""

    bar: Bar
    address: str
    current: bool
    x: float
    y: float
    width: float
    height: float
    label: str
    count: str

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


def picture(timeline: Timeline, title: str, link: Link, current: tuple[str, str] = ("", "")) -> Markup:
    """Return the bars with their table below, "" without any paper.

    `title` says which papers these are. `current` are the first and last date that are filtered by: that bar is marked.
    """
    bars = drawn(timeline, link, current)
    values = {"title": title, "bars": bars, "undated": timeline.undated, "width": WIDTH, "height": HEIGHT, "base": _BASE}
    return rendered("pictures/timeline.html", **values) if bars or timeline.undated else Markup()


def drawn(timeline: Timeline, link: Link, current: tuple[str, str]) -> list[DrawnBar]:
    """Return the bars with their places."""
    place = min(WIDTH / max(len(timeline.bars), 1), _MAX_PLACE)
    bars = []
    for n, bar in enumerate(timeline.bars):
        height = bar.papers / timeline.most * (_BASE - _TOP)
        height = max(height, _MIN_BAR_HEIGHT) if bar.papers else 0.0
        bars.append(
            DrawnBar(
                bar=bar,
                address=link(bar),
                current=(bar.since or "", bar.until) == current,
                x=round(place * (n + _GAP_SHARE / 2), 1),
                y=round(_BASE - height, 1),
                width=round(place * (1 - _GAP_SHARE), 1),
                height=round(height, 1),
                label=_short(bar, n),
                count=_count(bar.papers),
            )
        )
    return bars


def _short(bar: Bar, n: int) -> str:
    """Return the label below a bar: years after the first have two digits, and so has what lies before them."""
    if bar.label.isdecimal():
        return bar.label if n == 0 else bar.label[2:]
    return f"–{bar.until[2:]}" if bar.since is None else bar.label


def _count(n: int) -> str:
    return f"{n:,}" if n <= _MAX_PLAIN_COUNT else f"{n / 1000:.0f}k"
