"""The table of evidence: what an owner saved, as a page shows it and as rows of texts for files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from rag.answering.evidence_table import COLUMNS, NOT_SAID, Quote, Row
from rag.assistant import Assistant
from rag.output import findings, references
from rag.output.citation_keys import keys
from rag.output.signs import SIGNS
from rag.storage.saved import Cells, SavedPaper, SavedPapers
from rag.text.citations import citations
from rag.types import Answer, Claim, Paper, Source
from ui.rendering import rendered

PAGE_SIZE = 25  # papers
_MAX_AUTHORS = 2  # named in the table
_MARKDOWN = "*_#- \n"  # around the text of a statement

Evidence = dict[str, Row]  # by id of the paper


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of an answer, without citations; `sign` and `finding` say what the check doubts, "" for nothing."""

    text: str
    sign: str
    finding: str
    checked: bool


@dataclass(frozen=True, slots=True)
class OwnCell:
    """The answer to a question about one paper: no `statements` where the abstract does not say it."""

    statements: tuple[Statement, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table as the page shows it; a cell of an own column is None until it was asked."""

    paper: Paper
    gone: bool
    about: str
    quotes: tuple[Quote | None, ...]
    own: tuple[OwnCell | None, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """What an owner saved: papers, questions and the answers to them."""

    papers: Sequence[SavedPaper]
    questions: Sequence[str]
    cells: Cells

    @classmethod
    def read(cls, saved: SavedPapers, owner: str, assistant: Assistant) -> Table:
        """Return what the owner has now. Raises LibraryError."""
        return cls(saved.papers(owner, assistant.library), saved.columns(owner), saved.cells(owner))

    @property
    def present(self) -> list[Paper]:
        """The papers that the library has."""
        return [one.paper for one in self.papers if not one.gone]

    def unasked(self, question: str) -> list[Paper]:
        """Return the papers that a question was not asked of yet."""
        return [paper for paper in self.present if (question, paper.id) not in self.cells]


def html(table: Table, assistant: Assistant, page: int = 0) -> Markup:
    """Return page `page`, from 0 on, of the table, with what can be done with it; a hint for an empty one."""
    pages = max(1, -(-len(table.papers) // PAGE_SIZE))
    page = max(0, min(page, pages - 1))
    shown = table.papers[page * PAGE_SIZE : (page + 1) * PAGE_SIZE]
    evidence = _evidence([one.paper for one in shown], assistant)
    return rendered(
        "collection/table.html",
        lines=[_line(one, table, evidence) for one in shown],
        all=[paper.id for paper in table.present],
        columns=COLUMNS,
        questions=[(question, len(table.unasked(question))) for question in table.questions],
        not_said=NOT_SAID,
        page=page,
        pages=pages,
    )


def texts(table: Table, assistant: Assistant) -> Iterator[list[str]]:
    """Yield the head and the rows of the whole table as texts, each paper under its citation key."""
    papers = [one.paper for one in table.papers]
    evidence = _evidence(papers, assistant)
    yield ["Key", "Paper", "Authors", "Date", "Address", *COLUMNS, *table.questions]
    for one, key in zip(table.papers, keys(papers), strict=True):
        line, paper = _line(one, table, evidence), one.paper
        address = paper.url or next((url for _, url in references.links(paper)), "")
        quotes = ["" if one.gone else NOT_SAID if quote is None else quote.text for quote in line.quotes]
        yield [
            key,
            paper.title,
            "; ".join(paper.authors),
            paper.published or "",
            address,
            *quotes,
            *map(_text, line.own),
        ]


def _evidence(papers: Sequence[Paper], assistant: Assistant) -> Evidence:
    return {row.paper.id: row for row in assistant.evidence(papers)}


def _line(one: SavedPaper, table: Table, evidence: Evidence) -> Line:
    paper = one.paper
    parts = (references.authors(paper, _MAX_AUTHORS, or_count=True), (paper.published or "")[:4])
    answers = [table.cells.get((question, paper.id)) for question in table.questions]
    return Line(
        paper,
        one.gone,
        " · ".join(part for part in parts if part),
        evidence[paper.id].cells,
        tuple(None if answer is None else own_cell(answer) for answer in answers),
    )


def own_cell(answer: Answer) -> OwnCell:
    """Return an answer as a cell: its checked statements, or all of its text where none was checked."""
    if answer.refused:
        return OwnCell((), answer.refusal_reason or "")
    statements = tuple(_statement(claim, answer.sources) for claim in answer.claims if claim.verdict != "none")
    if not statements and answer.answer.strip():
        statements = (Statement(_plain(answer.answer), "", "", checked=False),)
    return OwnCell(statements, "" if answer.complete else "This answer is incomplete.")


def _statement(claim: Claim, sources: Sequence[Source]) -> Statement:
    text = _plain(claim.text)
    if claim.verdict not in SIGNS:
        return Statement(text, "", "", checked=claim.verdict == "supported")
    sign, meaning = SIGNS[claim.verdict]
    finding = findings.reason(claim, sources).replace("[1]", "the abstract") or meaning  # a cell is about one paper
    return Statement(text, sign, finding, checked=True)


def _plain(text: str) -> str:
    """Return a text without citation marks, and without the Markdown around it."""
    for mark in reversed(citations(text)):
        text = text[: mark.start].rstrip() + text[mark.end :]
    return text.strip(_MARKDOWN)


def _text(cell: OwnCell | None) -> str:
    if cell is None:
        return ""
    said = " ".join(f"{s.text} ({s.sign} {s.finding})" if s.sign else s.text for s in cell.statements)
    return said or NOT_SAID
