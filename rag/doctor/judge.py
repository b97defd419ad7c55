"""Tests how well the model that judges the answers does it, when asked to, and reports what an earlier test found."""

from __future__ import annotations

from rag import factory
from rag.checking import judge_trial
from rag.doctor.machine import Skipped
from rag.errors import RagError, UsageError
from rag.interfaces import ChatModel
from rag.settings import judge_scores
from rag.settings.judge_scores import MIN_SENSITIVITY, MIN_SPECIFICITY
from rag.settings.settings import Settings
from rag.terminal import say
from rag.types import Progress

_TEST = "To test it, in 4 requests, run: python -m rag.doctor --judge"
_FIX = 'Use a larger model, or name another as the judge: judge = "NAME" in its table [models.NAME] of rag.toml.'


def tested(settings: Settings, progress: Progress) -> str:
    """Put the labelled claims to the judge, keep its score and return it. Raises RagError when it is under the bar."""
    model = _judge(settings)
    if model is None:
        raise UsageError(
            "No model is configured, so none can judge.", "Set RAG_BASE_URL and RAG_MODEL, or --base-url and --model."
        )
    say(f"Testing {model.name or 'the model'} as a judge. This may take a while.")
    score = judge_trial.measure(model, settings.home, progress)
    if not score.capable:
        raise RagError(f"{score.model} does not judge well enough: {score}. {_bar()}", _FIX)
    return f"{score.model}: {score}. {_verdict(settings)}"


def known(settings: Settings) -> str:
    """Return what an earlier test found of the judge. Raises Skipped when there was none, RagError for a broken file."""
    _, problem = judge_scores.read(settings.home)
    if problem:
        raise RagError(problem.partition(" Delete")[0], "Delete it, then run: python -m rag.doctor --judge")
    try:
        model = _judge(settings)
    except UsageError:  # an earlier check has reported it
        raise Skipped("not checked: the model cannot be asked") from None
    if model is None:
        raise Skipped("not tested: no model is configured")
    score = judge_trial.kept(settings.home, model)
    if score is None:
        raise Skipped(f"{model.name or 'the model'} was not tested as a judge. {_TEST}")
    return f"{score.model}: {score}. {_verdict(settings) if score.capable else _bar()}"


def _judge(settings: Settings) -> ChatModel | None:
    """Return the model that judges, or would; None without a model. Raises UsageError for one that cannot be opened."""
    model = factory.model(settings)
    return model and (factory.judge(settings) or model)


def _verdict(settings: Settings) -> str:
    return "It does not judge, as RAG_VERIFY is off." if settings.verify == "off" else "It judges the answers."


def _bar() -> str:
    return f"A judge has to catch {MIN_SENSITIVITY:.0%} and to pass {MIN_SPECIFICITY:.0%}; answers are checked by words."
