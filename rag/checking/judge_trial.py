"""Tests whether a model can judge claims, on 48 labelled ones: 24 true, 24 false in the ways in which answers are.

The claims and their abstracts are in rag/data/judge_claims.jsonl, written for this. They are judged as those of an answer are,
in four requests. The bar, and why it is there, is in rag.settings.judge_scores.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal

from rag.checking.judge import Judge, Opinions
from rag.events import Finish, Reply
from rag.interfaces import ChatModel, WrappedModel
from rag.settings import judge_scores
from rag.settings.judge_scores import JudgeScore
from rag.types import Claim, Hit, Paper, Progress, Prompt, Source, Verdict

_PAPERS_PER_REQUEST = 3
_QUESTION = "What do the papers report?"
_STAGE = "test the judge"
_MAX_SECONDS_PER_REQUEST = 900.0  # more than an answer is given: nobody waits, and 12 claims are more than most answers have
_DOUBTS: tuple[Verdict, ...] = ("partial", "contradicted", "unsupported")


@dataclass(frozen=True, slots=True)
class LabelledClaim:
    """A claim about the papers of its group, which it cites by their place there, from 1; `kind` says how it is false."""

    text: str
    cites: tuple[int, ...]
    is_true: bool
    kind: str


@dataclass(frozen=True, slots=True)
class Group:
    """Papers and the claims about them that go into one request."""

    papers: tuple[Paper, ...]
    claims: tuple[LabelledClaim, ...]


@cache
def groups() -> tuple[Group, ...]:
    """Return the labelled claims in their groups."""
    records = [json.loads(line) for line in judge_scores.CLAIMS.read_text("utf-8").splitlines()]
    made = []
    for first in range(0, len(records), _PAPERS_PER_REQUEST):
        group = records[first : first + _PAPERS_PER_REQUEST]
        papers = tuple(Paper(f"judge-{first + n}", r["title"], r["abstract"]) for n, r in enumerate(group, 1))
        claims = (LabelledClaim(c["text"], tuple(c["cites"]), c["true"], c["kind"]) for r in group for c in r["claims"])
        made.append(Group(papers, tuple(claims)))
    return tuple(made)


def judge(model: ChatModel | None, verify: Literal["auto", "off", "model"], home: Path, opinions: Opinions) -> Judge | None:
    """Return the judge of answers by `model`, as the setting `verify` has it; None: nobody judges.

    With "auto" the model is asked only while the home has a score of it that reaches the bar.
    """
    if model is None or verify == "off":
        return None
    if verify == "model":
        return Judge(model, opinions)
    return Judge(model, opinions, lambda: _is_capable(home, model))


def _is_capable(home: Path, model: ChatModel) -> bool:
    score = kept(home, model)
    return score is not None and score.capable


def kept(home: Path, model: ChatModel) -> JudgeScore | None:
    """Return the score of `model` that the home has; None when it was not tested, or by other claims or another prompt."""
    if model.name is None and judge_scores.read(home)[0]:
        _ = model.context_tokens  # asks the server for its only model
    return judge_scores.find(home, model.name, model.host)


def measure(model: ChatModel, home: Path, progress: Progress) -> JudgeScore:
    """Put the labelled claims to `model`, keep its score in `home`, and return it. Raises EndpointError, OSError."""
    began, counted = time.perf_counter(), Counted(model)
    caught = passed = false = 0
    for n, group in enumerate(groups()):
        progress(_STAGE, n, len(groups()))
        for labelled, verdict in zip(group.claims, _verdicts(counted, group), strict=True):
            false += not labelled.is_true
            caught += not labelled.is_true and verdict in _DOUBTS
            passed += labelled.is_true and verdict == "supported"
    progress(_STAGE, len(groups()), len(groups()))
    score = JudgeScore(
        model=model.name or "",
        host=model.host or "",
        trial=judge_scores.trial(),
        caught=caught,
        false=false,
        passed=passed,
        true=sum(len(group.claims) for group in groups()) - false,
        requests=counted.requests,
        prompt_tokens=counted.prompt_tokens,
        completion_tokens=counted.completion_tokens,
        seconds=round(time.perf_counter() - began, 1),
        day=date.today().isoformat(),
    )
    judge_scores.keep(home, score)
    return score


def _verdicts(model: ChatModel, group: Group) -> list[Verdict]:
    """Return the verdicts as a reader would see them; "unchecked" for a claim of which the model said nothing clear."""
    hits = (Hit(paper=paper, score=1.0, dense=1.0, lexical=0.0) for paper in group.papers)
    sources = [Source(n, hit) for n, hit in enumerate(hits, 1)]
    claims = [Claim(c.text, 0, len(c.text), c.cites, "unchecked") for c in group.claims]
    asked = Judge(model, max_seconds=_MAX_SECONDS_PER_REQUEST)
    for _ in asked.ask(_QUESTION, claims, sources):
        pass
    return [claim.verdict for claim in asked.judged(_QUESTION, claims, sources)]


class Counted(WrappedModel):
    """The chat model `model`, with the number of its requests and their tokens, 0 where the server does not count."""

    def __init__(self, model: ChatModel) -> None:
        super().__init__(model)
        self.requests = self.prompt_tokens = self.completion_tokens = 0

    def stream(self, prompt: Prompt) -> Iterator[Reply]:
        self.requests += 1
        for item in self._model.stream(prompt):
            if isinstance(item, Finish):
                self.prompt_tokens += item.usage.prompt_tokens or 0
                self.completion_tokens += item.usage.completion_tokens or 0
            yield item
