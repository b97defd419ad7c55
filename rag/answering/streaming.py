"""Has a model answer and checks what it says, as it comes and whole."""

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
from rag.interfaces import ChatModel, Embedder
from rag.prompting import REFUSAL
from rag.questions import analysis
from rag.text.thinking import CLOSE
from rag.types import Answer, Checking, Event, Finish, Prompt, Thought, Waiting

_ENDS = re.compile(r"[.!?\]\n]|\s\S")  # where a sentence may be seen to have ended
_FOREIGN = "The answer seems not to be in English, which is all that the check by code can read."
NEAREST = 3  # papers offered with a refusal


class AnswerStream:
    """One model, the embedder that its answers are checked with, and a second judge where one is set."""

    def __init__(self, model: ChatModel, embedder: Embedder, verifier: Verifier | None) -> None:
        self._model = model
        self._embedder = embedder
        self._verifier = verifier

    def read(self, request: Prompt, answer: Answer, began: float) -> Iterator[Event]:
        """Have the model answer: yield its pieces and claims, then `answer` filled with them and checked."""
        checker = Checker(answer.sources, self._embedder)
        said = reasoning = ""
        ended = 0  # claims whose sentence is over
        for piece in self._model.stream(request):
            if isinstance(piece, Thought | Waiting):
                reasoning += piece.text if isinstance(piece, Thought) else ""
                yield piece
                continue
            if isinstance(piece, Finish):
                reason = None if piece.complete else piece.reason
                told = (*answer.warnings, *prompting.warnings(request, piece.usage, self._model.name), *piece.notes)
                answer = replace(answer, complete=piece.complete, incomplete_reason=reason, usage=piece.usage, warnings=told)
                continue
            if not said:
                answer, piece = timed(answer, began, first=True), piece.lstrip()
            before, said = said, said + piece
            if _ENDS.search(before[-1:] + piece):
                over = checker.claims(said, growing=True)
                for claim in over[ended:]:
                    if claim.end > len(before):  # the sentence ends in this piece: give it before its claim
                        yield said[len(before) : claim.end]
                        before = said[: claim.end]
                    yield claim
                ended = max(ended, len(over))
            if len(said) > len(before):
                yield said[len(before) :]
        thought, closed, after = said.partition(CLOSE)  # which some models never open
        reasoning, said = (reasoning + thought, after) if closed else (reasoning, said)
        foreign = (_FOREIGN,) if analysis.is_foreign(said) else ()
        answer = replace(answer, answer=said.strip(), reasoning=reasoning.strip(), model=self._model.name)
        answer = replace(answer, warnings=(*answer.warnings, *foreign))
        answer = self._checked(answer, checker)
        if self._verifier is not None and answer.claims:
            yield Checking(len(answer.claims))
        yield timed(self._verified(answer), began)

    def cut(self, answer: Answer) -> Answer:
        """Return an answer that was stopped, with what the check says of it."""
        return self._checked(answer, Checker(answer.sources, self._embedder))

    def _checked(self, answer: Answer, checker: Checker) -> Answer:
        if answer.complete and is_refusal(answer.answer):
            reason = "The model found no answer in these abstracts."
            said = answer.answer or REFUSAL
            return replace(answer, answer=said, refused=True, refusal_reason=reason, sources=answer.sources[:NEAREST])
        claims = checker.claims(answer.answer)
        cited = {n for claim in claims for n in (*claim.citations, *claim.added)}
        return replace(
            answer,
            claims=tuple(claims),
            sources=tuple(replace(s, cited=s.n in cited) for s in answer.sources),
            invalid_citations=tuple(invalid(answer.answer, answer.sources)),
        )

    def _verified(self, answer: Answer) -> Answer:
        """Have the model judge each claim too, where that is set; what it cannot be asked is told, not fatal."""
        if self._verifier is None or answer.refused:
            return answer
        try:
            return replace(answer, claims=tuple(self._verifier.judge(answer.claims, answer.sources)))
        except EndpointError as error:
            return replace(answer, warnings=(*answer.warnings, f"The statements were not judged by the model: {error}"))


def timed(answer: Answer, began: float, *, first: bool = False) -> Answer:
    """Return an answer with the seconds since `began` as those of its end, or with `first` of its first piece."""
    name = "first_token_s" if first else "total_s"
    return replace(answer, timings=replace(answer.timings, **{name: time.perf_counter() - began}))
