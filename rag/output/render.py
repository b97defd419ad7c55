"""Renders answers as terminal text, Markdown, JSON, BibTeX and RIS."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rag.output import markdown as md
from rag.output import references
from rag.output.findings import text as findings
from rag.output.signs import MARK as MARK
from rag.output.signs import SIGNS as SIGNS
from rag.output.signs import marked
from rag.output.terminal import plain, printable
from rag.text import sentences
from rag.types import Answer, Filters, Hit, Paper, Source

_MAX_NEAREST_SENTENCE_CHARS = 160
_MAX_AUTHORS_IN_REFERENCE = 3


def to_dict(answer: Answer) -> dict[str, Any]:
    """Return the JSON contract of an answer, as docs/reference/json.md shows it."""
    values = asdict(answer)
    values["sources"] = [_source(source) for source in answer.sources]
    values["timings"] = {k: None if v is None else round(v, 4) for k, v in values["timings"].items()}
    return values


def to_json(answer: Answer) -> str:
    return json.dumps(to_dict(answer), ensure_ascii=False)


def hit_to_dict(n: int, hit: Hit) -> dict[str, Any]:
    """Return a retrieved paper as JSON values: the fields of a source, its abstract and its passages."""
    shown = _source(Source(n, hit))
    del shown["cited"]
    return {**shown, "abstract": hit.paper.abstract, "passages": [asdict(p) for p in hit.passages]}


def hits_to_dict(question: str, only: Filters, ranked: Sequence[Hit], warnings: Sequence[str]) -> dict[str, Any]:
    """Return the results of a search as JSON values, as docs/reference/json.md shows them."""
    values = [hit_to_dict(n, hit) for n, hit in enumerate(ranked, 1)]
    return {"question": question, "filters": asdict(only), "hits": values, "warnings": list(warnings)}


def _source(source: Source) -> dict[str, Any]:
    paper = source.paper
    return {
        "n": source.n,
        "paper_id": paper.id,
        "title": paper.title,
        "url": paper.url,
        "doi": paper.doi,
        "arxiv": paper.arxiv,
        "pmid": paper.pmid,
        "published": paper.published,
        "authors": list(paper.authors),
        "score": round(source.hit.score, 4),
        "cited": source.cited,
    }


def text(answer: Answer) -> str:
    """Return the answer for a terminal: its text with signs, the findings of the check, and the sources."""
    return "\n\n".join(part for part in (plain(marked(answer)), tail(answer)) if part)


def tail(answer: Answer) -> str:
    """Return the findings of the check and the sources, which follow the text of an answer in a terminal."""
    return printable("\n\n".join(part for part in (findings(answer), listed(answer)) if part))


def listed(answer: Answer) -> str:
    """Return the cited papers as lines, or the papers closest to a refused question; "" for none."""
    if answer.refused:
        return "\n".join(["Nearest papers:", *map(nearest, answer.sources)]) if answer.sources else ""
    shown = [s for s in answer.sources if s.cited] or list(answer.sources)
    if answer.mode == "corpus":  # its text lists them already, with title and date
        shown = [s for s in shown if s.paper.authors or s.paper.url]
    return "\n".join(["Sources:", *(reference(s.n, s.paper) for s in shown)]) if shown else ""


def nearest(source: Source) -> str:
    """Return two lines for a paper close to a refused question: its reference and the sentence closest to the question."""
    return f"{reference(source.n, source.paper)}\n    {nearest_sentence(source.hit) or '(no abstract)'}"


def nearest_sentence(hit: Hit) -> str:
    """Return the first sentence of the passage closest to the question, cut to one line."""
    abstract = hit.paper.abstract
    start = hit.passages[0].start if hit.passages else 0
    spans = [span for span in sentences.split(abstract) if span[1] > start] or [(0, 0)]
    return _short(abstract[slice(*spans[0])], _MAX_NEAREST_SENTENCE_CHARS)


def reference(n: int, paper: Paper) -> str:
    """Return a paper as one line: number, title, and its authors, date and address where known."""
    address = paper.url or next((url for _, url in references.links(paper)), None)
    more = [references.authors(paper, _MAX_AUTHORS_IN_REFERENCE), paper.published, address]
    return f"[{n}] {paper.title}" + "".join(f" · {part}" for part in more if part)


def hits(ranked: Sequence[Hit]) -> str:
    """Return the results of a search as text: reference, fused score and cosine of the best chunk."""
    return "\n".join(
        f"{reference(n, hit.paper)}\n    score {hit.score:.2f}, cosine {hit.dense:.2f}" for n, hit in enumerate(ranked, 1)
    )


def markdown(answer: Answer) -> str:
    """Return the question, the answer and its sources as Markdown."""
    lines = [f"## {md.escaped(answer.question)}", md.marked(answer), md.found(answer)]
    shown = [s for s in answer.sources if s.cited or answer.refused]
    lines.append("\n".join(f"- {reference(s.n, md.escaped_paper(s.paper))}" for s in shown))
    return "\n\n".join(line for line in lines if line)


def bibtex(*answers: Answer) -> str:
    """Return a BibTeX entry for each paper that the answers cite, each once.

    When they cite none, return entries for the papers closest to the refused questions.
    """
    return references.bibtex(_papers(answers))


def ris(*answers: Answer) -> str:
    """Return a RIS record for each paper that bibtex() returns."""
    return references.ris(_papers(answers))


def _papers(answers: Sequence[Answer]) -> list[Paper]:
    cited = [s.paper for answer in answers for s in answer.sources if s.cited]
    near = [s.paper for answer in answers for s in answer.sources if answer.refused]
    return list({paper.id: paper for paper in cited or near}.values())


def _short(text: str, max_chars: int) -> str:
    return text if len(text) <= max_chars else text[: max_chars - 1] + "…"
