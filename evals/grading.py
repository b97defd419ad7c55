"""A model as judge of whole answers: whether one is correct, complete and grounded, and whether it was right to refuse.

A judge is tried on made answers whose grades are known before it counts: true sentences of the abstracts, the same with a wrong
figure, sentences beside the point, and refusals.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

from evals import case_files, mutations
from evals.case_files import Case
from evals.metrics import Value, states
from rag import prompting
from rag.errors import EndpointError
from rag.events import text_after
from rag.interfaces import ChatModel
from rag.sources import formats
from rag.text import sentences
from rag.text.citations import citations
from rag.types import Answer, Hit, Paper, Prompt, Source

QUESTIONS = ("correct", "complete", "grounded", "refusal")
BAR = 0.8  # share of the known grades of each question that a judge must give, of those that are yes and no alike
TRIED = 32  # made answers
_GRADE = re.compile(rf"^\W*({'|'.join(QUESTIONS)})\W+(yes|no)\b", re.IGNORECASE | re.MULTILINE)
_MOST_SOURCES = 6  # abstracts that a judge reads

Grades = dict[str, bool]


def grade(model: ChatModel, case: Case, text: str, sources: Sequence[Source]) -> Grades:
    """Return how `model` grades the answer `text` to `case`, for each of QUESTIONS.

    Raises EndpointError when it cannot be asked, and when its reply has no grades.
    """
    reply = ""
    for item in model.stream(_prompt(case, text, sources)):
        reply = text_after(reply, item)
    found = {name.lower(): said.lower() == "yes" for name, said in _GRADE.findall(reply)}
    if set(found) != set(QUESTIONS):
        raise EndpointError(f"The judge gave no grades ({reply.strip()[:60]!r}).", "Use a model that follows instructions.")
    return found


def of_answer(model: ChatModel, case: Case, answer: Answer) -> Grades:
    """Return how `model` grades an answer, reading the abstracts that it cites, or else the first ones."""
    cited = [source for source in answer.sources if source.cited]
    return grade(model, case, answer.answer, (cited or list(answer.sources))[:_MOST_SOURCES])


def _prompt(case: Case, text: str, sources: Sequence[Source]) -> Prompt:
    system, user = prompting.template("grade")
    tag = f"abstract-{secrets.token_hex(4)}"
    facts = "; ".join(" or ".join(fact) for fact in case.must_include)
    blocks = [f"<{tag}>\n[{s.n}] {s.paper.title}\n{s.paper.abstract}\n</{tag}>" for s in sources]
    asked = " ".join([*(f"({turn.content})" for turn in case.history), case.question])
    required = facts or ("nothing in particular" if case.answerable else "that the abstracts do not tell; it must refuse")
    values = {"sources": "\n\n".join(blocks), "question": asked, "required": required, "answer": text, "tag": tag}
    return Prompt(asked, tuple(sources), system.substitute(tag=tag), user.substitute(values))


# -- the trial -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Made:
    """A made answer to a case over one paper, and the grades that are known of it."""

    case: Case
    text: str
    paper: Paper
    known: Grades


Tried = dict[str, tuple[Value, Value]]  # of each of QUESTIONS, how many grades were given: of those known to be yes, and no


def trial(model: ChatModel, progress: Callable[[int, int], None]) -> Tried:
    """Return how many of the known grades `model` gives. No reply is a wrong one."""
    counts = {(name, value): [0, 0] for name in QUESTIONS for value in (True, False)}
    answers = made()
    for n, one in enumerate(answers, 1):
        try:
            given = grade(
                model, one.case, one.text, [Source(1, Hit(paper=one.paper, score=1, dense=1, lexical=1, passages=()))]
            )
        except EndpointError:
            given = {}
        for name, value in one.known.items():
            counts[name, value][0] += given.get(name) == value
            counts[name, value][1] += 1
        progress(n, len(answers))
    return {name: (_value(counts[name, True]), _value(counts[name, False])) for name in QUESTIONS}


def _value(counts: Sequence[int]) -> Value:
    return float(counts[0]), float(counts[1])


def made() -> list[Made]:
    """Return TRIED answers to bundled cases of the dev half, always the same."""
    found = formats.parse(formats.load(str(case_files.FULL_PAPERS))[1], "full_papers")
    papers = {paper.title: paper for paper in found if isinstance(paper, Paper)}
    cases = [c for c in case_files.load(case_files.FULL, "dev") if len(c.gold) == 1 and c.kind in ("single", "numeric")]
    return [one for case in cases for one in _of_case(case, papers[case.gold[0]])][:TRIED]


def _of_case(case: Case, paper: Paper) -> Iterator[Made]:
    """Yield four answers to `case`: a right one, one with a wrong figure, one beside the point, and a refusal."""
    said = [paper.abstract[slice(*span)] for span in sentences.split(paper.abstract)]
    needed = [text for text in said if any(states(text, fact) for fact in case.must_include)]
    beside = [text for text in said if text not in needed]
    wrong = mutations.number(" ".join(needed), Random(case.id))  # noqa: S311 - the same figure every time
    answered = all(any(states(text, fact) for text in needed) for fact in case.must_include)
    if not (answered and beside and wrong) or any(citations(text) for text in said):
        return
    yes = dict.fromkeys(QUESTIONS, True)
    yield Made(case, _cited(needed), paper, yes)
    yield Made(case, _cited([wrong]), paper, {"grounded": False})
    yield Made(case, _cited(beside[:1]), paper, {"complete": False, "grounded": True})
    yield Made(case, prompting.REFUSAL, paper, {"correct": False, "complete": False, "refusal": False})
    unanswerable = replace(
        case, kind="absent_detail", question=f"{case.question} And what did it cost in euros?", must_include=()
    )
    yield Made(unanswerable, prompting.REFUSAL, paper, {"correct": True, "grounded": True, "refusal": True})


def _cited(texts: Sequence[str]) -> str:
    return " ".join(f"{text.rstrip('.')} [1]." for text in texts)


def trusted(tried: Tried) -> bool:
    """Whether a judge with this trial gave enough of the known grades of each question: the mean of both shares counts."""
    return all(sum(right / of for right, of in both) / 2 >= BAR for both in tried.values())
