"""Streams the answer of a model, and checks its sentences as they arrive and the whole answer at the end."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import replace

from rag.answering import refusal, second_try
from rag.answering.repetition import ended_when_repeating
from rag.checking.checker import Checker, invalid
from rag.checking.judge import Judge
from rag.errors import EndpointError
from rag.events import Checking, Event, Finish, Thought, Waiting, Withdrawn
from rag.interfaces import ChatModel, Embedder
from rag.prompting import REFUSAL
from rag.text import tables
from rag.types import QUOTED, Answer, Claim, Prompt

_SENTENCE_END = re.compile(r"[.!?。！？\]\n]|\s\S")  # after which a sentence may be complete
_PARAGRAPH = "\n\n"
NEAREST = 3  # papers offered with a refusal


class AnswerStream:
    """Streams and checks answers of `model`. `judge` has a model judge the claims of a complete answer; None: none does."""

    def __init__(self, model: ChatModel, embedder: Embedder, judge: Judge | None) -> None:
        self._model = model
        self._embedder = embedder
        self._judge = judge

    def read(
        self,
        request: Prompt,
        answer: Answer,
        began: float,
        table: Iterable[str] = (),
        again: Callable[[], Prompt | None] = lambda: None,
    ) -> Iterator[Event]:
        """Yield the pieces of the reply and the claims in it, then the complete `answer` with its checks.

        A claim that a model will judge comes as unchecked first, so that no sign is shown and taken back. `began` is the time
        of the question, by time.perf_counter(). An answer without a table of its own ends with `table`, when that has lines.
        `again` returns what a model is asked that has refused, or None.
        Raises EndpointError as the model does.
        """
        judge = self._judge if self._judge is not None and self._judge.may_judge() else None
        checker = Checker(answer.sources, self._embedder)
        text = reasoning = ""
        yielded = 0  # claims
        for piece in ended_when_repeating(second_try.replies(self._model, request, again)):
            if isinstance(piece, Thought | Waiting | Withdrawn):
                reasoning += _thought(piece, text)
                if isinstance(piece, Withdrawn):
                    text, yielded = "", 0
                yield piece
                continue
            if isinstance(piece, Finish):
                answer = _finished(answer, piece)
                continue
            if not text:
                answer, piece = timed(answer, began, first=True), piece.lstrip()
            before, text = text, text + piece
            claims = _claims(checker, text, growing=True) if _SENTENCE_END.search(before[-1:] + piece) else []
            new = [_unchecked(claim) if judge else claim for claim in claims[yielded:]]
            yield from _between(text, len(before), new)
            yielded = max(yielded, len(claims))
        answer = self._checked(self._with_text(answer, text, reasoning), checker)
        if judge is not None:
            answer = yield from _judged(answer, judge)
        if answer.complete and not answer.refused and not tables.is_in(text):
            answer = yield from _with_table(answer, text, "".join(table), checker)
        yield timed(answer, began)

    def _with_text(self, answer: Answer, text: str, reasoning: str) -> Answer:
        return replace(
            answer,
            answer=text.strip(),
            reasoning=reasoning.strip(),
            model=self._model.name,
        )

    def cut(self, answer: Answer) -> Answer:
        """Return an answer that was stopped early, with its checks."""
        return self._checked(answer, Checker(answer.sources, self._embedder))

    def _checked(self, answer: Answer, checker: Checker) -> Answer:
        if answer.complete and (answer.refused or refusal.is_refusal(answer.answer)):
            reason = "The model refused to answer." if answer.refused else "The model found no answer in these abstracts."
            return replace(
                answer,
                answer=REFUSAL if refusal.says_nothing(answer.answer) else answer.answer,
                refused=True,
                refusal_reason=reason,
                sources=answer.sources[:NEAREST],
            )
        answer = _with_claims(answer, _claims(checker, answer.answer))
        return replace(answer, invalid_citations=tuple(invalid(answer.answer, answer.sources)))


def _finished(answer: Answer, finish: Finish) -> Answer:
    return replace(
        answer,
        complete=finish.complete,
        incomplete_reason=None if finish.complete else finish.reason,
        usage=finish.usage,
        warnings=(*answer.warnings, *finish.notes),
        refused=finish.refused,
    )


def _thought(event: Thought | Waiting | Withdrawn, text: str) -> str:
    """Return what an event adds to the thoughts, `text` being the answer so far."""
    return event.text if isinstance(event, Thought) else text if isinstance(event, Withdrawn) else ""


def _between(text: str, at: int, claims: Sequence[Claim]) -> Iterator[str | Claim]:
    """Yield the rest of `text` from `at`, and each claim when its sentence was yielded."""
    for claim in claims:
        if claim.end > at:
            yield text[at : claim.end]
            at = claim.end
        yield claim
    if len(text) > at:
        yield text[at:]


def _claims(checker: Checker, text: str, *, growing: bool = False) -> list[Claim]:
    """Return the claims of `text`. A refusal sentence that it begins with claims nothing; what follows that one is checked."""
    end = refusal.sentence_end(text)
    return [
        Claim(claim.text, claim.start, claim.end, (), "none") if claim.start < end and not claim.citations else claim
        for claim in checker.claims(text, growing=growing)
    ]


def _with_table(answer: Answer, text: str, table: str, checker: Checker) -> Generator[Event, None, Answer]:
    """Yield a table of quotes after the `text` of `answer`, and its claims; return the answer with it."""
    if not table:
        return answer
    at = len(text) + len(_PARAGRAPH)
    claims = [replace(claim, start=claim.start + at, end=claim.end + at, by=QUOTED) for claim in checker.claims(table)]
    whole = text + _PARAGRAPH + table
    yield from _between(whole, len(text), claims)
    return _with_claims(replace(answer, answer=whole), (*answer.claims, *claims))


def _unchecked(claim: Claim) -> Claim:
    if claim.verdict == "none":
        return claim
    return replace(claim, verdict="unchecked", problems=(), added=(), differs=())


def _judged(answer: Answer, judge: Judge) -> Generator[Event, None, Answer]:
    """Yield what shows that the claims are being judged; return `answer` with the verdicts to show.

    What the model did not judge keeps the verdict by words, with a warning when the model could not be asked.
    """
    count = sum(claim.verdict != "none" for claim in answer.claims)
    if not count:
        return answer
    yield Checking(count)
    try:
        yield from judge.ask(answer.standalone_question, answer.claims, answer.sources)
    except EndpointError as error:
        note = f"The model did not judge all statements; the others are checked by words: {error}"
        answer = replace(answer, warnings=(*answer.warnings, note))
    return _with_claims(answer, judge.judged(answer.standalone_question, answer.claims, answer.sources))


def _with_claims(answer: Answer, claims: Sequence[Claim]) -> Answer:
    """Return `answer` with `claims`, and with the sources marked that they cite."""
    cited = {n for claim in claims for n in (*claim.citations, *claim.added)}
    sources = tuple(replace(source, cited=source.n in cited) for source in answer.sources)
    return replace(answer, claims=tuple(claims), sources=sources)


def timed(answer: Answer, began: float, *, first: bool = False) -> Answer:
    """Return `answer` with the seconds since `began` as `total_s`, or as `first_token_s` with `first`."""
    name = "first_token_s" if first else "total_s"
    return replace(answer, timings=replace(answer.timings, **{name: time.perf_counter() - began}))
