"""How listings of one paper become one paper, and how papers are written into the library and read from it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from rag.text import identifiers
from rag.types import Paper


def union(listings: Sequence[Paper]) -> Paper:
    """Return what several listings of one paper say together; the order of the listings does not matter.

    The text of the newest version of an arXiv number wins. Else the longest abstract, list of authors, organisation and address
    and the most exact date win; among equals the first in alphabetical order.
    """
    newest = max(identifiers.version(p.arxiv) for p in listings)
    texts = [p for p in listings if identifiers.version(p.arxiv) == newest]

    def fullest(values: Iterable[Any]) -> Any:
        given = [v for v in values if v]
        return min(given, key=lambda v: (-len(v), v)) if given else None

    first = min(texts, key=lambda p: (p.title.isupper(), p.title))
    counts = [p.author_count for p in listings if p.author_count]
    return Paper(
        id=first.id,
        title=first.title,
        abstract=fullest(p.abstract for p in texts) or fullest(p.abstract for p in listings) or "",
        published=fullest(p.published for p in listings),
        authors=fullest(p.authors for p in listings) or (),
        author_count=max(counts) if counts else None,
        organisation=fullest(p.organisation for p in listings),
        url=fullest(p.url for p in listings),
        sources=tuple(sorted({s for p in listings for s in p.sources})),
        doi=min((p.doi for p in listings if p.doi), default=None),
        arxiv=max((p.arxiv for p in listings if p.arxiv), key=lambda a: (identifiers.version(a), a), default=None),
        pmid=min((p.pmid for p in listings if p.pmid), default=None),
    )


def dump(paper: Paper) -> str:
    """Return a paper as JSON, the same text for the same paper."""
    return json.dumps(asdict(paper), ensure_ascii=False, sort_keys=True)


def load(record: str) -> Paper:
    """Return the paper that dump() wrote."""
    values = json.loads(record)
    return Paper(**{**values, "authors": tuple(values["authors"]), "sources": tuple(values["sources"])})
