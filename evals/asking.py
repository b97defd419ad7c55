"""Asks an assistant the cases of a run, several at a time, and measures what it answers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from evals import needed_citations
from evals.case_files import Case
from evals.metrics import measure
from evals.reply_cache import CachedModel, ReplyCache
from evals.run_files import Result
from evals.stress.kinds import Measured, nothing_more
from rag.assistant import Assistant
from rag.errors import EmbedderError, EndpointError
from rag.events import Found
from rag.output import render
from rag.settings.settings import Settings
from rag.terminal import say
from rag.types import Answer

_REPLY_SETTINGS = {"context_window", "max_answer_tokens", "reasoning_effort", "model_options"}


class Asker:
    """Asks cases of `assistant`. Safe to share between threads."""

    def __init__(
        self, assistant: Assistant, settings: Settings, repeats: int, cache: Path | None, more: Measured = nothing_more
    ) -> None:
        """`cache` is the folder in which a model's replies are kept, None for nowhere; `more` is measured, too."""
        self._assistant = assistant
        self._more = more
        self._models: dict[int, CachedModel] = {}
        if cache and assistant.model.mode == "model":
            kept = ReplyCache(cache / "replies")
            options = json.dumps(settings.model_dump(mode="json", include=_REPLY_SETTINGS), sort_keys=True)
            self._models = {n: CachedModel(assistant.model, kept, options, n) for n in range(1, repeats + 1)}

    def ask(self, case: Case, n: int) -> Result:
        """Return what a case asked the `n`-th time gives."""
        if n not in self._models:
            return self._result(self._assistant, case, n)
        with self._models[n].noticed() as kept:
            result = self._result(self._assistant.using(self._models[n]), case, n)
        if kept():  # a reply that was not waited for tells nothing of time
            for name in ("first token", "total"):
                result.measures.pop(name, None)
        return result

    def _result(self, assistant: Assistant, case: Case, n: int) -> Result:
        """Return the measures of the answer to a case, or the error that came instead."""
        try:
            answer, ranked = _asked(assistant, case)
            precise = needed_citations.count(answer, assistant.embedder) if answer.mode == "model" else None
        except (EndpointError, EmbedderError) as error:
            say(f"{case.id}: {error}")
            return Result(case, n, {}, None, str(error))
        measures = measure(case, answer, ranked, precise) | self._more(case, answer)
        return Result(case, n, measures, render.to_dict(answer), whole=answer, ranked=tuple(ranked))


def _asked(assistant: Assistant, case: Case) -> tuple[Answer, list[str]]:
    """Return the answer, and the ids of the papers in the prompt, best first."""
    ranked: list[str] = []
    for event in assistant.stream(case.question, case.history):
        if isinstance(event, Found):
            ranked = [s.paper.id for s in event.sources]
        elif isinstance(event, Answer):
            return event, ranked
    raise AssertionError("a stream ends with its answer")


def results(asker: Asker, left: Sequence[tuple[Case, int]], jobs: int) -> Iterator[Result]:
    """Yield the result of each case and repeat as it comes, `jobs` at a time."""
    if jobs == 1:
        yield from (asker.ask(case, n) for case, n in left)
        return
    with ThreadPoolExecutor(jobs) as pool:
        try:
            for future in as_completed([pool.submit(asker.ask, case, n) for case, n in left]):
                yield future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
