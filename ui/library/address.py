"""What the library page shows, as its address has it: search, filters, topic, page, picture, or one paper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from rag.types import Filters

PATH = "library"
MAP = "map"
_MAX_PAGE = 1_000_000
_MAX_MARKED = 100  # papers marked in the map


@dataclass(frozen=True, slots=True)
class View:
    """One state of the page. An empty field is not in the address.

    `topic` is a topic's key, `show` is "map" or empty for the list, `marked` ids that the map marks, with commas, `page` counts
    from 1, and `paper` is the id of the one paper shown in place of all that.
    """

    q: str = ""
    since: str = ""
    until: str = ""
    source: str = ""
    topic: str = ""
    show: str = ""
    marked: str = ""
    page: int = 1
    paper: str = ""

    @classmethod
    def read(cls, values: Mapping[str, Any] | str) -> View:
        """Return the view of an address's query, as text or as its values. What it does not know is left out."""
        given = dict(parse_qsl(values.lstrip("?"))) if isinstance(values, str) else values
        known = {name: str(given.get(name) or "").strip() for name in asdict(cls())}
        page = known.pop("page")
        number = min(int(page), _MAX_PAGE) if page.isascii() and page.isdecimal() and len(page) < 9 else 1
        return cls(**known, page=max(number, 1))

    def address(self, **changes: Any) -> str:
        """Return the address of this view with `changes`. Any change but that of the page leads to the first page."""
        view = replace(self, **({"page": 1} | changes))
        values = {name: value for name, value in asdict(view).items() if value and (name, value) != ("page", 1)}
        return f"{PATH}?{urlencode(values)}" if values else PATH

    @property
    def filters(self) -> Filters:
        """The filters of the view, unchecked."""
        return Filters(since=self.since or None, until=self.until or None, source=self.source or None)

    @property
    def year(self) -> str:
        """The year whose months the picture shows: that of the one year or month of the dates; "" for other dates."""
        same = self.since == self.until and len(self.since) in (4, 7)
        return self.since[:4] if same and self.since[:4].isdecimal() else ""

    @property
    def marked_ids(self) -> tuple[str, ...]:
        """The ids of the papers that the map marks."""
        return tuple(filter(None, self.marked.split(",")))[:_MAX_MARKED]
