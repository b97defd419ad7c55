"""Queries with known relevant papers: from a data set in BEIR's form, or made from sentences of the papers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from rag.errors import UsageError
from rag.sources import json_records
from rag.text import sentences
from rag.types import Paper

_SEED = 7
_MIN_SENTENCE_CHARS = 40  # of a sentence that is used as a query
_FORM = "corpus.jsonl (_id, title, text), queries.jsonl (_id, text) and qrels/SPLIT.tsv (query-id, corpus-id, score)"


@dataclass(frozen=True, slots=True)
class Query:
    """A question and its relevant papers: `relevance` maps their ids to 1 or more. Other papers are not relevant."""

    id: str
    text: str
    relevance: dict[str, int]


@dataclass(frozen=True, slots=True)
class QuerySet:
    """The queries of a corpus. `papers` maps the ids of all its papers to their names in the corpus.

    `notes` are sentences for the reader of the result, on documents that were left out.
    """

    queries: tuple[Query, ...]
    papers: dict[str, str]
    notes: tuple[str, ...] = field(default=())


def from_beir(folder: Path, split: str) -> QuerySet:
    """Return the queries of a data set in BEIR's form. Raises UsageError for a missing, malformed or empty file.

    A judged document that the corpus lacks, or that the product cannot read, counts as not found. Two documents that the
    product merges into one paper count as one, with the higher relevance.
    """
    judgments = _judgments(folder, split)
    ids = dict(_documents(folder / "corpus.jsonl"))
    texts = {_name(r, "_id"): _name(r, "text") for _, r in _records(folder / "queries.jsonl", "_id", "text")}
    papers: dict[str, str] = {}
    for name, paper_id in ids.items():
        if paper_id:
            papers.setdefault(paper_id, name)
    queries = []
    for query, relevance in judgments.items():
        if query not in texts:
            raise UsageError(
                f"{folder / 'qrels' / split}.tsv judges query {query}, which queries.jsonl lacks.",
                "Take both from one release.",
            )
        by_paper: dict[str, int] = {}
        for name, score in relevance.items():
            i = ids.get(name) or f"not read: {name}"
            by_paper[i] = max(score, by_paper.get(i, 0))
        queries.append(Query(id=query, text=texts[query], relevance=by_paper))
    missing = len({i for q in queries for i in q.relevance} - papers.keys())
    unread = sum(not paper_id for paper_id in ids.values())
    notes = [
        f"{unread} documents of the corpus have no text and were left out." if unread else "",
        f"{missing} relevant documents are not in the corpus; they count as not found." if missing else "",
    ]
    return QuerySet(queries=tuple(queries), papers=papers, notes=tuple(filter(None, notes)))


def known_items(papers: Iterable[Paper], max_queries: int) -> QuerySet:
    """Return up to `max_queries` queries. Each is a sentence of a paper, not the first one; only that paper is relevant.

    Papers are drawn with a fixed seed. The sentence depends on the paper only. A paper without a long second sentence is left
    out. Raises UsageError when no paper has one.
    """
    drawn = sorted(papers, key=lambda p: p.id)
    Random(_SEED).shuffle(drawn)  # noqa: S311 - a fixed seed gives the same queries every time
    queries: list[Query] = []
    for paper in drawn:
        later = [paper.abstract[a:b] for a, b in sentences.split(paper.abstract)][1:]
        usable = [s for s in later if len(s) >= _MIN_SENTENCE_CHARS]
        if usable and len(queries) < max_queries:
            sentence = Random(f"{_SEED} {paper.id}").choice(usable)  # noqa: S311 - as above
            queries.append(Query(id=paper.id, text=sentence, relevance={paper.id: 1}))
    if not queries:
        raise UsageError("No abstract has a second sentence to use as a query.", "Give files with whole abstracts to --papers.")
    return QuerySet(queries=tuple(queries), papers={p.id: p.id for p in drawn})


def _judgments(folder: Path, split: str) -> dict[str, dict[str, int]]:
    """Return {query: {document: relevance}} of the relevant documents. A query without any is left out."""
    path = folder / "qrels" / f"{split}.tsv"
    if not path.is_file():
        splits = sorted(p.stem for p in (folder / "qrels").glob("*.tsv"))
        fix = f"It has: {', '.join(splits)}." if splits else f"Give a folder with {_FORM}."
        raise UsageError(f"{folder} has no judgments of the split {split}.", fix)
    judged: dict[str, dict[str, int]] = {}
    for number, line in _lines(path):
        fields = line.rstrip("\r").split("\t")
        if number == 1 and fields[-1] == "score":
            continue
        try:
            query, document, score = fields
            relevance = int(score)
        except ValueError as error:
            raise UsageError(
                f"Line {number} of {path} is not a query, a document and a whole number between tabs.", "Correct that line."
            ) from error
        if relevance > 0:
            judged.setdefault(query, {})[document] = relevance
    if not judged:
        raise UsageError(f"{path} judges no document relevant.", "Give judgments with scores of 1 or more.")
    return judged


def _documents(path: Path) -> Iterator[tuple[str, str | None]]:
    """Yield the name of each document in the corpus and its paper id; None when the document cannot be read."""
    for line, record in _records(path, "_id"):
        parsed = next(json_records.parse(line), None)
        yield _name(record, "_id"), parsed.id if isinstance(parsed, Paper) else None


def _records(path: Path, *required: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each line of a JSONL file, and the JSON object in it. Raises UsageError for a line without `required` fields."""
    for number, line in _lines(path):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict) or any(record.get(name) is None for name in required):
            raise UsageError(
                f"Line {number} of {path} is not a JSON object with {' and '.join(required)}.", "Correct that line."
            )
        yield line, record


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read.", f"Give a folder with {_FORM}.") from error
    return ((number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip())


def _name(record: dict[str, Any], key: str) -> str:
    return str(record[key])
