"""Whether titles look like titles. A file that was read in a wrong way gives addresses, dates and link marks instead."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.text import dates
from rag.types import BadRecord, Paper

_ADDRESS = re.compile(r"[<(\[]*(?:https?://|www\.|mailto:|doi:|/)\S*")
_LINK_MARK = re.compile(r"[!*#>-]{0,8}\s?\[.{0,500}\][\[(].{0,2000}[\])].{0,20}|\][\[(].{0,2000}[\])]")
_DAY = re.compile(rf"(?:(?:{dates.MONTH})\.? \d{{1,2}}|\d{{1,2}}\.? (?:{dates.MONTH}))(?:,? \d{{4}})?(?: \d+)?", re.IGNORECASE)
_COUNT = re.compile(r"[\W_]*\d[\d.,]*[kKM]?\s+(?:authors?|comments?|upvotes?|papers?|stars?)")


def plausible(papers: Sequence[Paper | BadRecord]) -> bool:
    """Whether at most half of the titles are addresses, dates, numbers or link marks. Bad records are not counted."""
    titles = [paper.title for paper in papers if isinstance(paper, Paper)]
    return 2 * sum(not is_title(title) for title in titles) <= len(titles)


def is_title(text: str) -> bool:
    """Whether a text may be the title of a paper: no address, date, number or mark of a link."""
    text = text.strip()
    if not any(c.isalpha() for c in text) or dates.is_date(text):
        return False
    return not any(pattern.fullmatch(text) for pattern in (_ADDRESS, _LINK_MARK, _DAY, _COUNT))
