"""Has a model judge the claims of an answer: one request for the question, all cited abstracts and the numbered claims.

A request is split only where the context of the model forces it, or where its reply was cut. What the model says is read in
rag.checking.judge_reply and joined with the check by code in rag.checking.judge_verdict.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass

from rag import prompting
from rag.checking import judge_reply, judge_verdict
from rag.checking.judge_reply import Opinion
from rag.errors import EndpointError, PromptTooLong
from rag.events import Finish, Waiting, text_after
from rag.interfaces import ChatModel
from rag.text import citations
from rag.types import Claim, Prompt, Source

Opinions = dict[str, Opinion]  # by _Statement.key
_MAX_SECONDS = 120.0  # for the claims of one answer, whose text a reader has meanwhile
_MAX_CONTEXT_CHARS = 300  # of the sentence before a claim


@dataclass(frozen=True, slots=True)
class _Statement:
    """A claim as the model is given it: without marks where it has one at most, with `before`, the sentence before it.

    `shown` are the sources that it is judged by. `key` is the same for the same claim of the same abstracts.
    """

    text: str
    before: str
    numbers: tuple[int, ...]
    shown: tuple[Source, ...]
    key: str

    def line(self, previous: str) -> str:
        """Return the claim with what it cites. `previous` is the text of the statement above it in the request."""
        cites = ", ".join(f"[{n}]" for n in self.numbers) or "nothing"
        context = f' (the sentence before it: "{self.before}")' if self.before and self.before != previous else ""
        return f"(cites {cites}) {self.text}{context}"


class Judge:
    """Asks `model` and keeps what it says in `opinions`, which threads may share: at worst two ask the same.

    `may_judge` says before each answer whether the model is asked at all. It is given up after `max_seconds`.
    """

    def __init__(
        self,
        model: ChatModel,
        opinions: Opinions | None = None,
        may_judge: Callable[[], bool] = lambda: True,
        max_seconds: float = _MAX_SECONDS,
    ) -> None:
        self._model = model
        self._opinions: Opinions = {} if opinions is None else opinions
        self.may_judge = may_judge
        self._max_seconds = max_seconds

    def ask(self, question: str, claims: Sequence[Claim], sources: Sequence[Source]) -> Iterator[Waiting]:
        """Put to the model what it has not judged yet; yield a Waiting for each second in which it is silent.

        What breaks the format is left out. Raises EndpointError when the model cannot be asked, or takes too long; what it
        said before that is kept.
        """
        ends = time.monotonic() + self._max_seconds
        found = (statement for _, statement in self._statements(question, claims, sources))
        open_ = list({s.key: s for s in found if s.key not in self._opinions}.values())
        most = len(open_)
        while open_:
            batch, prompt = self._fitting(question, open_[:most])
            try:
                reply, complete = yield from self._reply(prompt, ends)
            except PromptTooLong:
                if len(batch) < 2:
                    raise
                most = len(batch) // 2
                continue
            said = judge_reply.read(reply, len(batch), complete=complete)
            self._opinions.update({batch[n - 1].key: opinion for n, opinion in said.items()})
            after_cut = [s for n, s in enumerate(batch, 1) if n > max(said)] if said and not complete else []
            open_ = [*after_cut, *open_[len(batch) :]]

    def judged(self, question: str, claims: Sequence[Claim], sources: Sequence[Source]) -> list[Claim]:
        """Return `claims` with the verdicts to show, of the model where it has judged. Asks nothing."""
        made = list(claims)
        for n, statement in self._statements(question, claims, sources):
            if opinion := self._opinions.get(statement.key):
                made[n] = judge_verdict.joined(claims[n], opinion, statement.shown, sources, self._model.name or "the model")
        return made

    def _statements(
        self, question: str, claims: Sequence[Claim], sources: Sequence[Source]
    ) -> Iterator[tuple[int, _Statement]]:
        """Yield each claim as a statement, with its place in `claims`. Headings and lead-ins are only context.

        A claim without a source of its own is judged by those that the other claims cite, which are sent in any case.
        """
        all_cited = [s for s in sources if any(s in judge_verdict.cited(claim, sources) for claim in claims)] or sources
        before = ""
        for n, claim in enumerate(claims):
            text = " ".join((claim.text if len(claim.citations) > 1 else citations.without_marks(claim.text)).split())
            if claim.verdict != "none":
                shown = tuple(judge_verdict.cited(claim, sources) or all_cited)
                numbers = tuple(s.n for s in judge_verdict.cited(claim, sources))
                key = self._key(question, before, citations.without_marks(text), shown, own=bool(numbers))
                yield n, _Statement(text, before, numbers, shown, key)
            before = text[-_MAX_CONTEXT_CHARS:]

    def _key(self, question: str, before: str, text: str, shown: Sequence[Source], *, own: bool) -> str:
        parts = (self._model.name, self._model.host, question, before, text, own, *(s.paper.abstract for s in shown))
        return hashlib.sha256(repr(parts).encode("utf-8", "replace")).hexdigest()

    def _fitting(self, question: str, statements: Sequence[_Statement]) -> tuple[Sequence[_Statement], Prompt]:
        """Return the first of `statements` that fit into the model's context together, and their prompt.

        Raises PromptTooLong where not even one does.
        """
        most = self._model.context_tokens
        for size in range(len(statements), 0, -1):
            batch = statements[:size]
            prompt = _prompt(question, batch)
            if most is None or prompting.tokens(prompt, self._model.name) <= most:
                return batch, prompt
        raise PromptTooLong(f"The abstracts take more than its {most:,} tokens.", "Name a judge with a larger window.")

    def _reply(self, prompt: Prompt, ends: float) -> Generator[Waiting, None, tuple[str, bool]]:
        """Yield the silent seconds; return the reply, and whether it is complete."""
        text, complete = "", False
        for item in self._model.stream(prompt):
            if time.monotonic() > ends:
                raise EndpointError(
                    f"It was not done after {self._max_seconds:.0f} seconds.", "Set RAG_VERIFY=off, or name a faster judge."
                )
            if isinstance(item, Waiting):
                yield item
            elif isinstance(item, Finish):
                complete = item.complete
            text = text_after(text, item)
        return text, complete


def _prompt(question: str, batch: Sequence[_Statement]) -> Prompt:
    shown = {source.n: source for statement in batch for source in statement.shown}
    above = ["", *(statement.text for statement in batch)]
    lines = [statement.line(previous) for statement, previous in zip(batch, above, strict=False)]
    return prompting.verify(question, lines, [shown[n] for n in sorted(shown)])
