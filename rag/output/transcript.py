"""A whole conversation as Markdown: questions and answers, numbered anew so that one list of references serves them all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from rag.output import render
from rag.text.citations import citations
from rag.types import Answer, Paper, Source

_Number = Callable[[int], str]  # of a source of one answer, as it is written for the whole conversation


def markdown(answers: Sequence[Answer]) -> str:
    """Return a conversation with its findings and, at its end, every paper it cites or that came near a refused question."""
    papers: dict[str, tuple[int, Paper]] = {}
    parts = [part for answer in answers for part in _exchange(answer, papers)]
    if papers:
        parts += ["## References", "\n".join(f"- {render.reference(n, paper)}" for n, paper in papers.values())]
    return "\n\n".join(part for part in parts if part)


def _exchange(answer: Answer, papers: dict[str, tuple[int, Paper]]) -> list[str]:
    """Return the paragraphs of a question and its answer; put the papers they speak of into `papers`, with their numbers."""
    sources = {s.n: s for s in answer.sources}

    def number(n: int) -> str:
        if n not in sources:
            return f"{n}?"
        paper = sources[n].paper
        return str(papers.setdefault(paper.id, (len(papers) + 1, paper))[0])

    anew = _numbered(answer, number)
    understood = answer.standalone_question != answer.question
    near = ", ".join(f"[{number(s.n)}]" for s in answer.sources) if answer.refused else ""
    return [
        f"## {' '.join(answer.question.split())}",
        f"*Understood as: {' '.join(answer.standalone_question.split())}*" * understood,
        render.marked(anew),
        f"Nearest papers: {near}" * bool(near),
        render.findings(anew),
    ]


def _numbered(answer: Answer, number: _Number) -> Answer:
    """Return an answer that cites by `number`; a number that is no source's stands with a question mark."""
    marks = _marks(answer.answer, answer.sources, number)

    def moved(offset: int) -> int:
        return offset + sum(len(anew) - (end - start) for start, end, anew in marks if end <= offset)

    text = _replaced(answer.answer, marks)
    claims = []
    for claim in answer.claims:
        start, end = moved(claim.start), moved(claim.end)
        problems = tuple(_replaced(problem, _marks(problem, (), number)) for problem in claim.problems)
        added = tuple(int(number(n)) for n in claim.added)
        claims.append(replace(claim, text=text[start:end], start=start, end=end, problems=problems, added=added))
    return replace(answer, answer=text, claims=tuple(claims))


def _marks(text: str, sources: Sequence[Source], number: _Number) -> list[tuple[int, int, str]]:
    """Return where the citations of `text` stand, and what is to stand there."""
    found = citations(text, sources)
    return [(c.start, c.end, f"[{', '.join(dict.fromkeys(map(number, c.numbers)))}]") for c in found]


def _replaced(text: str, marks: Sequence[tuple[int, int, str]]) -> str:
    for start, end, anew in reversed(marks):
        text = text[:start] + anew + text[end:]
    return text
