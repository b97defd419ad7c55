"""What the records know of a paper beside its abstract, as one line: who wrote it, when, and where."""

from __future__ import annotations

from rag.text import dates
from rag.types import Paper

_MAX_NAMED = 12  # authors


def line(paper: Paper) -> str:
    """Return authors, date and organisation of `paper`, as far as they are known; "" when nothing is."""
    named = ", ".join(paper.authors[:_MAX_NAMED])
    more = max(len(paper.authors), paper.author_count or 0) - min(len(paper.authors), _MAX_NAMED)
    by = f"{named} and {more} more" if named and more else named or (f"{more} authors" if more else "")
    known = (("Authors", by), ("Date", dates.shown(paper.published)), ("Organisation", paper.organisation or ""))
    return " ".join(f"{name}: {value}." for name, value in known if value)
