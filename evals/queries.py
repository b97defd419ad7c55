"""Queries whose relevant papers are known: of a set in BEIR's form, or made of a corpus's own sentences."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from rag.errors import UsageError
from rag.sources import jsonl
from rag.text import sentences
from rag.types import Paper

_SEED = 7
_LONG_ENOUGH = 40  # characters of a sentence that says something of its paper
_FORM = "corpus.jsonl (_id, title, text), queries.jsonl (_id, text) and qrels/SPLIT.tsv (query-id, corpus-id, score)"


@dataclass(frozen=True, slots=True)
class Query:
    """A question and how relevant papers are to it, by id: 1 or more; papers that are not named are not relevant."""

    id: str
    text: str
    relevance: dict[str, int]


@dataclass(frozen=True, slots=True)
class Judged:
    """A corpus's queries. `papers` are the ids of all its papers, each with the name it goes by in the corpus.

    `notes` are sentences on what was left out, for whoever reads the result.
    """

    queries: tuple[Query, ...]
    papers: dict[str, str]
    notes: tuple[str, ...] = field(default=())


def from_beir(folder: Path, split: str) -> Judged:
    """Read a set in BEIR's form. Raises UsageError for what is missing, malformed or empty.

    A document that the product cannot read, or that the corpus lacks, stays in the judgments, as one that is never found.
    Two documents that are one paper to the product are one here, with the higher relevance.
    """
    judgments = _judgments(folder, split)
    read = dict(_documents(folder / "corpus.jsonl"))
    texts = {_name(r, "_id"): _name(r, "text") for _, r in _records(folder / "queries.jsonl", "_id", "text")}
    papers: dict[str, str] = {}
    for number, known in read.items():
        if known:
            papers.setdefault(known, number)
    queries = []
    for query, relevance in judgments.items():
        if query not in texts:
            raise UsageError(
                f"{folder / 'qrels' / split}.tsv judges query {query}, which queries.jsonl lacks.",
                "Take both from one release.",
            )
        by_paper: dict[str, int] = {}
        for number, score in relevance.items():
            i = read.get(number) or f"not read: {number}"
            by_paper[i] = max(score, by_paper.get(i, 0))
        queries.append(Query(query, texts[query], by_paper))
    missing = len({i for q in queries for i in q.relevance} - papers.keys())
    unread = sum(not known for known in read.values())
    notes = [
        f"{unread} documents of the corpus have no text and were left out." if unread else "",
        f"{missing} relevant documents are not in the corpus as read; they count as not found." if missing else "",
    ]
    return Judged(tuple(queries), papers, tuple(filter(None, notes)))


def known_items(papers: Iterable[Paper], most: int) -> Judged:
    """Make a query of one sentence of each paper, not its first; that paper is the only relevant one.

    At most `most` papers, drawn with a fixed seed; the choice of a paper's sentence depends on nothing but the paper. A
    paper that has no second sentence of some length is left out.
    """
    known = sorted(papers, key=lambda p: p.id)
    Random(_SEED).shuffle(known)  # noqa: S311 - the same choice every time is what is wanted
    queries: list[Query] = []
    for paper in known:
        spoken = [paper.abstract[a:b] for a, b in sentences.split(paper.abstract)][1:]
        telling = [s for s in spoken if len(s) >= _LONG_ENOUGH]
        if telling and len(queries) < most:
            chosen = Random(f"{_SEED} {paper.id}").choice(telling)  # noqa: S311 - as above
            queries.append(Query(paper.id, chosen, {paper.id: 1}))
    if not queries:
        raise UsageError("No abstract has a second sentence to ask with.", "Give files with whole abstracts to --papers.")
    return Judged(tuple(queries), {p.id: p.id for p in known})


def _judgments(folder: Path, split: str) -> dict[str, dict[str, int]]:
    """Return {query: {document: relevance}} for those judged relevant; a query without any is not asked."""
    path = folder / "qrels" / f"{split}.tsv"
    if not path.is_file():
        there = sorted(p.stem for p in (folder / "qrels").glob("*.tsv"))
        remedy = f"It has: {', '.join(there)}." if there else f"Give a folder with {_FORM}."
        raise UsageError(f"{folder} has no judgments of the split {split}.", remedy)
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
    """Yield each document's number in the corpus and the id that the product gives it, None when it has no text to read."""
    for line, record in _records(path, "_id"):
        [read] = jsonl.parse(line)
        yield _name(record, "_id"), read.id if isinstance(read, Paper) else None


def _records(path: Path, *needed: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each line of a JSONL file and what it says."""
    for number, line in _lines(path):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict) or any(record.get(name) is None for name in needed):
            raise UsageError(f"Line {number} of {path} is not a JSON object with {' and '.join(needed)}.", "Correct that line.")
        yield line, record


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read.", f"Give a folder with {_FORM}.") from error
    return ((number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip())


def _name(record: dict[str, Any], key: str) -> str:
    return str(record[key])
