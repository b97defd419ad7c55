"""A conversation as Markdown. Citations are renumbered, so that all answers share one list of references."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from rag.output import markdown as md
from rag.output import render
from rag.text.citations import citations
from rag.types import Answer, Paper, Source

_Number = Callable[[int], str]  # number of a source in one answer -> number in the conversation


def markdown(answers: Sequence[Answer]) -> str:
    """Return the questions, answers and findings, and at the end all papers cited or listed with a refusal."""
    papers: dict[str, tuple[int, Paper]] = {}
    parts = [part for answer in answers for part in _exchange(answer, papers)]
    references = [f"- {render.reference(n, md.escaped_paper(paper))}" for n, paper in papers.values()]
    if references:
        parts += ["## References", "\n".join(references)]
    return "\n\n".join(part for part in parts if part)


def _exchange(answer: Answer, papers: dict[str, tuple[int, Paper]]) -> list[str]:
    """Return the paragraphs of a question and its answer. Papers that they cite are added to `papers` with their numbers."""
    sources = {s.n: s for s in answer.sources}

    def number(n: int) -> str:
        if n not in sources:
            return f"{n}?"
        paper = sources[n].paper
        return str(papers.setdefault(paper.id, (len(papers) + 1, paper))[0])

    renumbered = _renumbered(answer, number)
    rewritten = answer.standalone_question != answer.question
    nearest = ", ".join(f"[{number(s.n)}]" for s in answer.sources) if answer.refused else ""
    return [
        f"## {md.escaped(answer.question)}",
        f"*Understood as: {md.escaped(answer.standalone_question)}*" * rewritten,
        md.marked(renumbered),
        f"Nearest papers: {nearest}" * bool(nearest),
        md.found(renumbered, number),
    ]


def _renumbered(answer: Answer, number: _Number) -> Answer:
    """Return `answer` with its citations renumbered. A number that no source has gets a question mark.

    Sources, evidence and what differs keep their numbers; found() takes `number` for them.
    """
    marks = _marks(answer.answer, answer.sources, number)

    def moved(offset: int) -> int:
        return offset + sum(len(mark) - (end - start) for start, end, mark in marks if end <= offset)

    text = _replaced(answer.answer, marks)
    claims = []
    for claim in answer.claims:
        start, end = moved(claim.start), moved(claim.end)
        problems = tuple(_replaced(problem, _marks(problem, (), number)) for problem in claim.problems)
        added = tuple(int(number(n)) for n in claim.added)
        differs = tuple(
            replace(d, start=moved(claim.start + d.start) - start, end=moved(claim.start + d.end) - start)
            for d in claim.differs
        )
        claims.append(
            replace(
                claim,
                text=text[start:end],
                start=start,
                end=end,
                problems=problems,
                added=added,
                differs=differs,
            )
        )
    return replace(answer, answer=text, claims=tuple(claims))


def _marks(text: str, sources: Sequence[Source], number: _Number) -> list[tuple[int, int, str]]:
    """Return (start, end, renumbered mark) for each citation of `text`."""
    marks = citations(text, sources)
    return [(m.start, m.end, f"[{', '.join(dict.fromkeys(map(number, m.numbers)))}]") for m in marks]


def _replaced(text: str, marks: Sequence[tuple[int, int, str]]) -> str:
    for start, end, mark in reversed(marks):
        text = text[:start] + mark + text[end:]
    return text
