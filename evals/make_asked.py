"""Drafts that a model writes, one request for a paper. Code checks what code can: a person reviews the rest."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from evals.metrics import folded, states
from rag import prompting
from rag.errors import PromptTooLong
from rag.events import text_after
from rag.interfaces import ChatModel
from rag.text import sentences
from rag.types import Paper, Prompt

TASKS = {
    "single": "Ask for something the abstract states that is no number, such as a method, a reason, a finding or a data set.",
    "numeric": "Ask for a figure that the abstract states. The fact is the figure.",
    "false_premise": "Ask a question that takes for granted something the abstract contradicts, as somebody would who got it "
    "wrong. The fact is what the abstract says in its place.",
    "absent_detail": "Ask for a detail about the subject of the abstract that the abstract does not tell, such as a cost, a "
    "size, a duration or a setting. Nobody who has read the abstract could answer it.",
}
_QUESTION_LINE, _FACT_LINES = "question: <the question>", "\nfact: <the fact>"
_MOST_FACTS = 3
_MOST_FACT_CHARS = 80
_QUESTION_CHARS = (15, 400)
_LINE = re.compile(r"(question|fact): *(\S.*)", re.IGNORECASE)
_NAMES_THE_PAPER = re.compile(
    r"\b(?:the|this|these|that|their) (?:\w+ )?(?:paper|abstract|study|article|passage|author|researcher)s?\b", re.IGNORECASE
)


class BadReply(ValueError):
    """A reply that is no draft; str() says why, in words that fit behind a number of replies."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that a model wrote, with the facts that an answer must state."""

    question: str
    facts: tuple[str, ...]


def ask(model: ChatModel, paper: Paper, kind: str) -> Asked:
    """Return the question of `kind`, one of TASKS, that `model` writes on `paper`.

    Raises BadReply for a reply that is none or that fails a check, and EndpointError when the model cannot be asked.
    """
    reply = ""
    try:
        for item in model.stream(_prompt(paper, kind)):
            reply = text_after(reply, item)
    except PromptTooLong as error:
        raise BadReply("not asked for, as the abstract is too long for the model") from error
    return read(reply, paper, kind)


def _prompt(paper: Paper, kind: str) -> Prompt:
    system, user = prompting.template("case")
    tag = f"abstract-{secrets.token_hex(4)}"
    form = _QUESTION_LINE + ("" if kind == "absent_detail" else _FACT_LINES)
    values = {"title": paper.title, "abstract": paper.abstract, "task": TASKS[kind], "form": form, "tag": tag}
    return Prompt(TASKS[kind], (), system.substitute(tag=tag, form=form), user.substitute(values))


def read(reply: str, paper: Paper, kind: str) -> Asked:
    """Return the draft of a reply. Raises BadReply for any line that is not asked for, and for a check that fails."""
    lines = [_LINE.fullmatch(line.strip()) for line in reply.strip().splitlines() if line.strip()]
    found = [(line[1].lower(), line[2].strip()) for line in lines if line]
    questions = [text for name, text in found if name == "question"]
    facts = tuple(text for name, text in found if name == "fact")
    wanted = range(1) if kind == "absent_detail" else range(1, _MOST_FACTS + 1)
    if len(found) < len(lines) or len(questions) != 1 or len(facts) not in wanted:
        raise BadReply("not in the form asked for")
    _check(questions[0], facts, paper, kind)
    return Asked(questions[0], facts)


def _check(question: str, facts: Sequence[str], paper: Paper, kind: str) -> None:
    least, most = _QUESTION_CHARS
    if not least <= len(question) <= most or not question.endswith(("?", "？")):
        raise BadReply("without a question of one sentence")
    if _NAMES_THE_PAPER.search(question):
        raise BadReply("with a question that says “this paper” or the like")
    asked = folded(question)
    if any(folded(paper.abstract[a:b]).rstrip(".") in asked for a, b in sentences.split(paper.abstract)):
        raise BadReply("with a whole sentence of the abstract in the question")
    if any(len(fact) > _MOST_FACT_CHARS for fact in facts):
        raise BadReply("with a fact that is too long")
    if not all(states(paper.abstract, (fact,)) for fact in facts):
        raise BadReply("with a fact that the abstract does not have")
    if any(states(question, (fact,)) for fact in facts):
        raise BadReply("with a question that has its own answer")
    if kind == "numeric" and not any(char.isdigit() for fact in facts for char in fact):
        raise BadReply("without a figure")
