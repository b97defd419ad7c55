"""Papers as CSL-JSON, which Zotero, Pandoc and other programs read. The ids are the keys of the BibTeX export."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rag.output import references
from rag.output.citation_keys import keys
from rag.types import Paper


def csl_json(papers: Sequence[Paper]) -> str:
    """Return a JSON list with an item for each paper."""
    items = [_item(paper, key) for paper, key in zip(papers, keys(papers), strict=True)]
    return json.dumps(items, ensure_ascii=False, indent=2) + "\n"


def _item(paper: Paper, key: str) -> dict[str, Any]:
    ids = references.identifiers_of(paper)
    address = paper.url or next((url for _, url in references.links(paper)), None)
    fields = {
        "title": paper.title,
        "author": [_name(author) for author in paper.authors],
        "issued": _issued(paper.published),
        "abstract": paper.abstract,
        "DOI": ids.doi,
        "PMID": ids.pmid,
        "number": f"arXiv:{ids.arxiv}" if ids.arxiv else None,
        "URL": address,
    }
    return {"id": key, "type": "article", **{name: value for name, value in fields.items() if value}}


def _name(author: str) -> dict[str, str]:
    """Return a name in two parts where a comma tells them apart, else as one."""
    family, comma, given = (part.strip() for part in author.partition(","))
    return {"family": family, "given": given} if comma and family and given else {"literal": author}


def _issued(published: str | None) -> dict[str, Any] | None:
    """Return an ISO date, perhaps only a year or a year and month, in the form of CSL."""
    return {"date-parts": [[int(part) for part in published.split("-")]]} if published else None
