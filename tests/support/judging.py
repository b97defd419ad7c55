"""A score of a judge, and an endpoint's judge that is always right about the claims of the trial."""

from __future__ import annotations

from support.endpoint_server import Exchange, delta, usage_of

from rag.checking.judge_trial import groups
from rag.settings.judge_scores import JudgeScore, trial
from rag.text import sentences

SCORE = JudgeScore(
    model="m-7b",
    host="localhost",
    trial=trial(),
    caught=20,
    false=24,
    passed=23,
    true=24,
    requests=4,
    prompt_tokens=5321,
    completion_tokens=1200,
    seconds=31.4,
    day="2026-11-26",
)
_TRUE = {claim.text for group in groups() for claim in group.claims if claim.is_true}
_PAPERS = {paper.title: paper.abstract for group in groups() for paper in group.papers}


def judges_rightly(to: Exchange) -> None:
    """Answer as the prompt asks, with the first sentence of the first paper that each statement cites."""
    user = to.request.body["messages"][1]["content"]
    shown = {line.split("] ")[0][1:]: line.split("] ")[1] for line in user.splitlines() if line.startswith("[")}
    lines = []
    for line in user.partition("\nStatements:\n")[2].split("\n\n")[0].splitlines():
        number, _, text = line.partition(": (cites [")
        abstract = _PAPERS[shown[text[0]]]
        quote, is_true = abstract[slice(*sentences.split(abstract)[0])], text.partition(") ")[2] in _TRUE
        lines.append(f'{number} | "{quote}" | {"supported | -" if is_true else "not said | it"}')
    to.start()
    to.event(delta("\n".join(lines)))
    to.event(delta(None, "stop"))
    to.event(usage_of(900))
    to.event("[DONE]")
    to.end()
