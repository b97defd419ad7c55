"""The trial of a judge: its claims, how replies become a score, and that a model judges unasked only with a good one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from support.factories import QueueModel, silent

from rag.assistant import Assistant
from rag.checking import judge_trial
from rag.checking.judge_trial import LabelledClaim, groups
from rag.errors import EndpointError
from rag.index.minilm import MiniLM
from rag.settings import judge_scores
from rag.settings.settings import load
from rag.text import sentences
from rag.types import Answer

CLAIMS = [(group, claim) for group in groups() for claim in group.claims]
TOLD = "GraphSAINT samples the training graph itself and builds a complete GCN on the resulting subgraph at each iteration [1]."
GRAPH = "How does GraphSAINT get around neighbor explosion when training GCNs on big graphs?"


def quotation(n: int, cites: tuple[int, ...]) -> str:
    abstract = groups()[n].papers[cites[0] - 1].abstract
    start, end = sentences.split(abstract)[0]
    return abstract[start:end]


def replies(says: Callable[[LabelledClaim], str]) -> list[str]:
    """A reply to each request, in which the verdict of each claim is what `says` returns."""

    def line(n: int, number: int, claim: LabelledClaim) -> str:
        words = "-" if says(claim) == "supported" else claim.text.split()[0]
        return f'{number} | "{quotation(n, claim.cites)}" | {says(claim)} | {words}'

    return ["\n".join(line(n, i, c) for i, c in enumerate(group.claims, 1)) for n, group in enumerate(groups())]


def right(claim: LabelledClaim) -> str:
    return "supported" if claim.is_true else "contradicted"


def test_the_claims_are_half_true_and_false_in_many_ways() -> None:
    assert [(len(group.papers), len(group.claims)) for group in groups()] == [(3, 12)] * 4
    assert Counter(claim.is_true for _, claim in CLAIMS) == {True: 24, False: 24}
    kinds = {claim.kind for _, claim in CLAIMS if not claim.is_true}
    assert {"negated", "direction", "role", "overclaim", "cause", "merged", "number", "unit", "method"} <= kinds
    assert sum(len(claim.cites) > 1 and claim.is_true for _, claim in CLAIMS) >= 4
    for group, claim in CLAIMS:
        assert set(claim.cites) <= {n for n, _ in enumerate(group.papers, 1)}
        assert claim.text not in " ".join(paper.abstract for paper in group.papers)


def test_a_judge_that_is_right_gets_a_full_score_with_its_costs(tmp_path: Path) -> None:
    model = QueueModel(*replies(right), name="m-7b")
    score = judge_trial.measure(model, tmp_path, silent)
    assert (score.caught, score.false, score.passed, score.true) == (24, 24, 24, 24)
    assert (score.requests, score.prompt_tokens, score.completion_tokens) == (4, 44, 28)
    assert (score.model, score.host, score.day) == ("m-7b", "localhost", date.today().isoformat())
    assert score.capable
    assert judge_trial.kept(tmp_path, model) == score
    assert judge_trial.kept(tmp_path, QueueModel(name="other")) is None


@pytest.mark.parametrize(
    ("says", "caught", "passed"),
    [
        (lambda claim: "supported", 0, 24),
        (lambda claim: "not said", 24, 0),
        (lambda claim: "perhaps", 0, 0),
        (lambda claim: "supported" if claim.is_true or claim.kind in ("cause", "unit", "role") else "not said", 18, 24),
    ],
)
def test_what_is_wrong_or_unclear_counts_against_the_judge(
    says: Callable[[LabelledClaim], str], caught: int, passed: int, tmp_path: Path
) -> None:
    score = judge_trial.measure(QueueModel(*replies(says)), tmp_path, silent)
    assert (score.caught, score.passed) == (caught, passed)
    assert score.capable == (caught >= 18 and passed >= 22)


def test_the_bar_is_eighteen_and_twenty_two(tmp_path: Path) -> None:
    score = judge_trial.measure(QueueModel(*replies(right)), tmp_path, silent)
    assert replace(score, caught=18, passed=22).capable
    assert not replace(score, caught=17).capable
    assert not replace(score, passed=21).capable


def test_an_endpoint_that_fails_leaves_no_score(tmp_path: Path) -> None:
    model = QueueModel(replies(right)[0], EndpointError("It is down.", "Start it."))
    with pytest.raises(EndpointError):
        judge_trial.measure(model, tmp_path, silent)
    assert judge_scores.read(tmp_path) == ([], "")


def asked(home: Path, embedder: MiniLM, verify: str | None = None) -> tuple[QueueModel, Callable[[], Answer]]:
    model = QueueModel(TOLD, name="m-7b")
    assistant = Assistant(load(home=home, verify=verify), embedder=embedder, model=model)

    def ask() -> Answer:
        model.replies = [TOLD, "1 | - | not said | itself"]
        return assistant.ask(GRAPH)

    return model, ask


def test_a_model_judges_unasked_once_it_has_shown_that_it_can(own_home: Path, embedder: MiniLM) -> None:
    model, ask = asked(own_home, embedder)
    assert ask().claims[0].by == "words"
    judge_trial.measure(QueueModel(*replies(lambda claim: "supported"), name="m-7b"), own_home, silent)
    assert ask().claims[0].by == "words"
    judge_trial.measure(QueueModel(*replies(right), name="m-7b"), own_home, silent)
    assert ask().claims[0].by == "m-7b"
    assert len(model.prompts) == 4
    assert asked(own_home, embedder, "off")[1]().claims[0].by == "words"


def test_a_score_of_another_model_host_or_trial_says_nothing(own_home: Path, embedder: MiniLM) -> None:
    score = judge_trial.measure(QueueModel(*replies(right), name="m-7b"), own_home, silent)
    (own_home / judge_scores.FILE).unlink()
    for other in (replace(score, model="m-70b"), replace(score, host="elsewhere"), replace(score, trial="of last year")):
        judge_scores.keep(own_home, other)
        assert asked(own_home, embedder)[1]().claims[0].by == "words"
    judge_scores.keep(own_home, score)
    assert asked(own_home, embedder)[1]().claims[0].by == "m-7b"
