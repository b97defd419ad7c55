"""Papers as files with all their fields: JSON Lines, BibTeX, RIS and CSV. Each paper is written as it comes.

rag.ingest reads each of them back to the same papers, and from JSON Lines and CSV under the same ids. Tables of any other
cells are written here too, as CSV and as Markdown.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, fields
from typing import Any

from rag.output import references
from rag.output.markdown import escaped
from rag.output.references import escape_exactly
from rag.types import Paper

_COLUMNS = ["paper_id", *(field.name for field in fields(Paper) if field.name != "id")]
_SPACES = re.compile(r"\s+")
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_LIKE_SEVERAL = re.compile(r"\sand\s|\s&\s")  # a name that reads as several, as that of an organisation


def jsonl(papers: Iterable[Paper]) -> Iterator[str]:
    """Yield a line for each paper."""
    for paper in papers:
        yield json.dumps(_values(paper), ensure_ascii=False) + "\n"


def table(papers: Iterable[Paper]) -> Iterator[str]:
    """Yield CSV with a head; authors and sources are separated by "; ".

    A cell that a spreadsheet would take for a formula has a quote before it.
    """
    yield _row(_COLUMNS)
    for paper in papers:
        yield _row(_values(paper).values())


def csv_table(rows: Iterable[Sequence[str]]) -> str:
    """Return rows of texts, the head among them, as CSV, with the same quotes before what looks like a formula."""
    return "".join(map(_row, rows))


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of texts, the first of which is the head, as a Markdown table; each cell is on one line."""
    head, *others = ("| " + " | ".join(map(_markdown_cell, row)) + " |" for row in rows)
    return "\n".join([head, "|" + " --- |" * len(rows[0]), *others]) + "\n"


def _markdown_cell(text: str) -> str:
    return escaped(text).replace("|", "\\|")


def bibtex(papers: Iterable[Paper]) -> Iterator[str]:
    """Yield an entry for each paper: that of a reference with the abstract and the other fields. Its key is the paper's id."""
    for paper in papers:
        more = {
            "date": paper.published,
            "abstract": escape_exactly(paper.abstract),
            "institution": escape_exactly(paper.organisation or ""),
            "authorcount": paper.author_count,
            "sources": escape_exactly("; ".join(paper.sources)),
        }
        lines = [f",\n  {name} = {{{value}}}" for name, value in more.items() if value]
        yield references.bibtex([paper], exact=True).removesuffix("\n}") + "".join(lines) + "\n}\n\n"


def ris(papers: Iterable[Paper]) -> Iterator[str]:
    """Yield a record for each paper: that of a reference with the other fields."""
    for paper in papers:
        more = {
            "AD": paper.organisation,
            "C1": f"Number of authors: {paper.author_count}" if paper.author_count else None,
            "C2": f"PMID: {paper.pmid}" if paper.pmid else None,
            "DB": "; ".join(paper.sources),
        }
        lines = [f"{tag}  - {_SPACES.sub(' ', value)}\n" for tag, value in more.items() if value]
        yield references.ris([paper], exact=True).removesuffix("ER  - ") + "".join(lines) + "ER  - \n\n"


def _values(paper: Paper) -> dict[str, Any]:
    values = asdict(paper)
    return {"paper_id": values.pop("id"), **values}


def _cell(value: Any) -> Any:
    if isinstance(value, tuple):
        value = "; ".join(value) + ";" * (len(value) == 1 and _LIKE_SEVERAL.search(value[0]) is not None)
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def _row(values: Iterable[Any]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(map(_cell, values))
    return line.getvalue()


FORMATS: dict[str, Callable[[Iterable[Paper]], Iterator[str]]] = {
    "jsonl": jsonl,
    "bibtex": bibtex,
    "ris": ris,
    "csv": table,
}
ENDINGS = {".jsonl": "jsonl", ".bib": "bibtex", ".ris": "ris", ".csv": "csv"}
