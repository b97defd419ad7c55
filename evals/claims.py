"""python -m evals claims: measures the grounding check on answers whose sentences are labelled true or false.

The bundled answers are written as strong models write, over abstracts of the starter corpus and over others. Half of them
is for choosing thresholds (dev), the other half is for reporting (test). No abstract is in both halves. With --judge the
configured model judges, as it would in an answer, whatever its score is.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from evals import check_table, fit_rule, labelled_claims
from evals.check_table import Checked
from evals.labelled_claims import FOREIGN, GROUPS, LabelledAnswer, LabelledClaim
from rag import factory
from rag.checking import checker
from rag.checking.judge import Judge
from rag.checking.judge_trial import Counted
from rag.errors import EndpointError, UsageError
from rag.index.embedder_cache import CachedEmbedder
from rag.index.minilm import MiniLM
from rag.interfaces import ChatModel, Embedder
from rag.output.render import SIGNS
from rag.settings.settings import load
from rag.terminal import progress_bars, say
from rag.types import Claim

STRONG = ("unsupported", "contradicted", "miscited")  # verdicts that call a sentence false; others doubt it


@dataclass(frozen=True, slots=True)
class Judged:
    """A labelled claim of an answer with the verdicts of the claims that the check made of it.

    `by_model` is whether a model has judged one of them.
    """

    answer: LabelledAnswer
    claim: LabelledClaim
    verdicts: tuple[str, ...]
    by_model: bool = False

    @property
    def marked(self) -> bool:
        return any(v in SIGNS for v in self.verdicts)

    @property
    def strongly(self) -> bool:
        return any(v in STRONG for v in self.verdicts)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--file", type=Path, metavar="FILE", help="labelled answers of your own, as in evals/cases/claims.jsonl"
    )
    parser.add_argument("--split", choices=("dev", "test"), help="one half only")
    parser.add_argument(
        "--fit", type=Path, metavar="DIR", help="fit the weights of the rule, also on SciFact in DIR, and print them"
    )
    parser.add_argument("--judge", action="store_true", help="have the configured model judge, one request an answer")
    parser.add_argument("--profile", metavar="NAME", help="the model of this table [models.NAME] in rag.toml")
    parser.add_argument("--list", action="store_true", help="print each sentence that is marked wrongly or missed")


def run(args: argparse.Namespace) -> int:
    """Print a table for each half, or the weights of the rule; return 0."""
    embedder = CachedEmbedder(MiniLM(load().home))
    if args.fit:
        print(json.dumps(fit_rule.weights(args.fit, embedder), indent=4))
        return 0
    model = _judge(args.profile) if args.judge else None
    for split in (args.split,) if args.split else ("dev", "test"):
        began = time.perf_counter()
        judged = judge(labelled_claims.load(args.file, split), embedder, model)
        print("\n".join(table(judged, split)))
        print(f"{_cost(judged, model, time.perf_counter() - began)}\n" if model else "")
        if args.list:
            print("\n".join(mistakes(judged)) + "\n")
    return 0


def _judge(profile: str | None) -> Counted:
    """Return the model that is to judge. Raises UsageError without one."""
    settings = load(profile=profile)
    model = factory.judge(settings) or factory.model(settings)
    if model is None:
        raise UsageError("No model is configured, so none can judge.", "Set RAG_BASE_URL and RAG_MODEL, or --profile.")
    return Counted(model)


def judge(answers: Sequence[LabelledAnswer], embedder: Embedder, model: ChatModel | None = None) -> list[Judged]:
    """Return each labelled claim with the verdicts of the product's own check, and of `model` where it judges."""
    judged = []
    with progress_bars() as progress:
        for n, answer in enumerate(answers, 1):
            claims = checker.check(answer.answer, answer.sources, embedder)
            if model is not None:
                claims = _by_model(answer, claims, model)
                progress("judging", n, len(answers))
            for labelled in answer.claims:
                of_label = [c for c in claims if labelled.overlaps(c.start, c.end)]
                by_model = any(c.judged is not None for c in of_label)
                judged.append(Judged(answer, labelled, tuple(c.verdict for c in of_label), by_model))
    return judged


def _by_model(answer: LabelledAnswer, claims: Sequence[Claim], model: ChatModel) -> list[Claim]:
    """Return `claims` as `model` judges them; those that it could not be asked about as they are."""
    asked = Judge(model)
    try:
        for _ in asked.ask(answer.question, claims, answer.sources):
            pass
    except EndpointError as error:
        say(f"{answer.id}: {error}")
    return asked.judged(answer.question, claims, answer.sources)


def table(judged: Sequence[Judged], title: str) -> Iterator[str]:
    """Yield the share of honest sentences that are marked, by form, and of false ones that are caught, by kind."""
    honest = [j for j in judged if j.claim.honest]
    answers = {j.answer.id for j in honest}
    spoiled = {j.answer.id for j in honest if j.marked}
    yield from check_table.table(checked(judged), title, GROUPS)
    yield f"answers with a false mark: {len(spoiled)} of {len(answers)}"


def checked(judged: Sequence[Judged]) -> list[Checked]:
    """Return the claims for a table, without the false ones in other languages."""
    told = [j for j in judged if j.claim.honest or j.claim.form not in FOREIGN]
    return [
        Checked(
            unit=j.answer.id,
            honest=j.claim.honest,
            kind=j.claim.form if j.claim.honest else j.claim.kind or j.claim.label,
            marked=j.marked,
            strongly=j.strongly,
        )
        for j in told
    ]


def _cost(judged: Sequence[Judged], model: Counted, seconds: float) -> str:
    """Return how much `model` has judged, and what it took; its tokens and requests are those of all halves so far."""
    tokens = f"{model.prompt_tokens:,} + {model.completion_tokens:,} tokens"
    done = sum(j.by_model for j in judged)
    return f"{model.name} judged {done} of {len(judged)} sentences: {model.requests} requests, {tokens}, {seconds:.0f} s"


def mistakes(judged: Sequence[Judged]) -> Iterator[str]:
    """Yield a line for each honest sentence that is marked and each false one that is not."""
    for j in judged:
        if j.marked == j.claim.honest and not (j.claim.form in FOREIGN and not j.claim.honest):
            text = j.answer.answer[j.claim.start : j.claim.end]
            verdicts = ", ".join(j.verdicts) or "nothing"
            yield f"{j.answer.id} {j.claim.label}/{j.claim.kind or j.claim.form} -> {verdicts}: {text}"
