"""Streams the answer of a model, and checks its sentences as they arrive and the whole answer at the end."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace

from rag import prompting
from rag.answering.refusal import is_refusal
from rag.checking.checker import Checker, invalid
from rag.checking.model_judge import Verifier
from rag.errors import EndpointError
from rag.events import Checking, Event, Finish, Thought, Waiting
from rag.interfaces import ChatModel, Embedder
from rag.prompting import REFUSAL
from rag.text import language
from rag.text.thinking import CLOSE
from rag.types import Answer, Prompt

_SENTENCE_END = re.compile(r"[.!?\]\n]|\s\S")  # after which a sentence may be complete
_FOREIGN = "The answer seems not to be in English. The check works for English only."
NEAREST = 3  # papers offered with a refusal


class AnswerStream:
    """Streams and checks answers of `model`. `verifier` is the model that judges claims too; None when none is set."""

    def __init__(self, model: ChatModel, embedder: Embedder, verifier: Verifier | None) -> None:
        self._model = model
        self._embedder = embedder
        self._verifier = verifier

    def read(self, request: Prompt, answer: Answer, began: float) -> Iterator[Event]:
        """Yield the pieces of the reply and the claims in it, then the complete `answer` with its checks.

        `began` is the time of the question, by time.perf_counter(). Raises EndpointError as the model does.
        """
        checker = Checker(answer.sources, self._embedder)
        text = reasoning = ""
        yielded = 0  # claims
        for piece in self._model.stream(request):
            if isinstance(piece, Thought | Waiting):
                reasoning += piece.text if isinstance(piece, Thought) else ""
                yield piece
                continue
            if isinstance(piece, Finish):
                answer = self._finished(answer, request, piece)
                continue
            if not text:
                answer, piece = timed(answer, began, first=True), piece.lstrip()
            before, text = text, text + piece
            if _SENTENCE_END.search(before[-1:] + piece):
                claims = checker.claims(text, growing=True)
                for claim in claims[yielded:]:
                    if claim.end > len(before):  # the sentence ends in this piece: yield it before its claim
                        yield text[len(before) : claim.end]
                        before = text[: claim.end]
                    yield claim
                yielded = max(yielded, len(claims))
            if len(text) > len(before):
                yield text[len(before) :]
        answer = self._checked(self._with_text(answer, text, reasoning), checker)
        if self._verifier is not None and answer.claims:
            yield Checking(len(answer.claims))
        yield timed(self._verified(answer), began)

    def _finished(self, answer: Answer, request: Prompt, finish: Finish) -> Answer:
        warnings = (*answer.warnings, *prompting.warnings(request, finish.usage, self._model.name), *finish.notes)
        reason = None if finish.complete else finish.reason
        return replace(answer, complete=finish.complete, incomplete_reason=reason, usage=finish.usage, warnings=warnings)

    def _with_text(self, answer: Answer, text: str, reasoning: str) -> Answer:
        thought, closed, after = text.partition(CLOSE)  # some models close a <think> block that they never opened
        if closed:
            reasoning, text = reasoning + thought, after
        foreign = (_FOREIGN,) if language.is_foreign(text) else ()
        return replace(
            answer,
            answer=text.strip(),
            reasoning=reasoning.strip(),
            model=self._model.name,
            warnings=(*answer.warnings, *foreign),
        )

    def cut(self, answer: Answer) -> Answer:
        """Return an answer that was stopped early, with its checks."""
        return self._checked(answer, Checker(answer.sources, self._embedder))

    def _checked(self, answer: Answer, checker: Checker) -> Answer:
        if answer.complete and is_refusal(answer.answer):
            reason = "The model found no answer in these abstracts."
            return replace(
                answer,
                answer=answer.answer or REFUSAL,
                refused=True,
                refusal_reason=reason,
                sources=answer.sources[:NEAREST],
            )
        claims = checker.claims(answer.answer)
        cited = {n for claim in claims for n in (*claim.citations, *claim.added)}
        return replace(
            answer,
            claims=tuple(claims),
            sources=tuple(replace(s, cited=s.n in cited) for s in answer.sources),
            invalid_citations=tuple(invalid(answer.answer, answer.sources)),
        )

    def _verified(self, answer: Answer) -> Answer:
        """Return `answer` with the verdicts of the second judge; with a warning when the model cannot be asked."""
        if self._verifier is None or answer.refused:
            return answer
        try:
            return replace(answer, claims=tuple(self._verifier.judge(answer.claims, answer.sources)))
        except EndpointError as error:
            return replace(answer, warnings=(*answer.warnings, f"The model did not judge the statements: {error}"))


def timed(answer: Answer, began: float, *, first: bool = False) -> Answer:
    """Return `answer` with the seconds since `began` as `total_s`, or as `first_token_s` with `first`."""
    name = "first_token_s" if first else "total_s"
    return replace(answer, timings=replace(answer.timings, **{name: time.perf_counter() - began}))
