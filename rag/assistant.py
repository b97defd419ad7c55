"""The one engine behind the command line, the browser chat and the evals: retrieve, gate, answer, check.

for event in assistant.stream(question): ...     Found, then str pieces and Claims (Thoughts, Waits), then one Answer
answer = assistant.ask(question)                 the same, collected
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

from rag import chosen, corpus, gate, ground, index, ingest, lock, lookup, prompt, understand
from rag.embedding import Embedder
from rag.errors import EndpointError, LibraryError, PromptTooLong
from rag.extract import ExtractiveReader
from rag.filters import Scope
from rag.index import Index
from rag.library import Library
from rag.records import Result
from rag.refusal import REFUSAL, is_refusal
from rag.retrieve import Retriever
from rag.settings import Settings
from rag.types import (
    Answer,
    ChatModel,
    Claim,
    Filters,
    Finish,
    Hit,
    IndexInfo,
    Progress,
    Prompt,
    Source,
    Thought,
    Timings,
    Turn,
    Usage,
    Waiting,
)
from rag.verify import Verifier

_ENDS = re.compile(r"[.!?\]\n]|\s\S")  # where a sentence may be seen to have ended
_THOUGHT = "</think>"
_NEAREST = 3  # papers offered with a refusal


@dataclass(frozen=True, slots=True)
class Found:
    """The question as understood and the papers put before the reader; comes before the first piece of the answer."""

    standalone_question: str
    sources: tuple[Source, ...]
    filters: Filters = field(default_factory=Filters)


Event = Found | Waiting | Thought | str | Claim | Answer


class Assistant:
    """Open with Assistant(settings). Safe to share between threads; notices when the index was rebuilt."""

    def __init__(
        self,
        settings: Settings,
        *,
        embedder: Embedder | None = None,
        model: ChatModel | None = None,
        reranker: lookup.Reranker | None = None,
        progress: Progress = lambda stage, done, total: None,
        tell: Callable[[str], None] = lambda message: None,
    ) -> None:
        """Load embedder, library and index, reading the starter corpus when nothing was ever stored. Raises RagError."""
        self._home = settings.home
        self.k = settings.k
        self._lock = Lock()
        self.embedder: Embedder = embedder or chosen.embedder(settings)
        self._reader = chosen.reader(settings, self.embedder)
        self.model: ChatModel = model or chosen.model(settings) or ExtractiveReader(self._reader)
        by_model = settings.verify == "model" and self.model.mode == "model"
        self._verifier = Verifier(self.model) if by_model else None
        self._reranker = reranker or chosen.reranker(settings)
        ingest.prepare(self._home, self.embedder, progress, tell)
        self._library = Library(self._home)
        self.scope = Scope(self._library)
        self._index: Index | None = None
        self._before: Index | None = None
        self._open_index()

    def _open_index(self) -> Index:
        """Return the live index, opened again when another generation has become live."""
        with self._lock:
            name = index.fingerprint(self.embedder)
            live = index.live(self._home, name)
            if self._index is None or (live is not None and live != self._index.manifest):
                opened = index.open_live(self._home, name)
                if opened is None and self._index is None:
                    opened = self._rebuilt(name)
                if opened is not None:
                    if self._before is not None:
                        self._before.close()
                    self._before, self._index = self._index, opened  # questions under way may still read the one before
            if self._index is None:
                raise LibraryError("The index cannot be opened.", "Run: python -m rag.ingest --repair")
            return self._index

    def _rebuilt(self, name: str) -> Index | None:
        """A damaged index is never answered from: build it again from the library."""
        with lock.writer(self._home, "index repair"):
            index.refresh(self._home, self._library, self.embedder, lambda *_: None, anew=True)
        return index.open_live(self._home, name)

    def count(self) -> int:
        """Return how many papers the library holds."""
        return self._library.count()

    def titles(self, most: int) -> list[str]:
        """Return up to `most` titles of the library."""
        return self._library.titles(most)

    def search(self, question: str, k: int | None = None, filters: Filters | None = None) -> list[Hit]:
        """Return at most `k` papers for `question`, best first, without answering it. Raises UsageError for wrong filters."""
        return self._retriever(self._open_index()).search(question, k or self.k, self.scope.checked(filters))

    def _retriever(self, live: Index) -> Retriever:
        return Retriever(self._library, live, self.embedder)

    def ask(self, question: str, history: Sequence[Turn] = (), **options: Any) -> Answer:
        """Return the answer to `question`; `options` are stream()'s. Raises EndpointError when the model gives none."""
        for event in self.stream(question, history, **options):
            if isinstance(event, Answer):
                return event
        raise AssertionError("a stream ends with its answer")

    def stream(
        self,
        question: str,
        history: Sequence[Turn] = (),
        k: int | None = None,
        filters: Filters | None = None,
        *,
        force: bool = False,
    ) -> Generator[Event, None, None]:
        """Yield Found, pieces of the answer as they come, each sentence's Claim as it ends, and last the whole Answer.

        A model's Thoughts come between, and a Waiting for each second in which it is silent.
        What the abstracts cannot answer is refused unasked, unless with `force`; the library's records answer about themselves.
        Raises RagError.
        """
        began = time.perf_counter()
        filters = self.scope.checked(filters)
        standalone = understand.standalone(question, history, self.model)
        searched, told = understand.in_english(standalone, self.model)
        query = understand.about_collection(searched, self.model)
        live = self._open_index()  # after what a model may take a minute for: two rebuilds would close it
        known = corpus.answer(query, self._library, live, filters) if query else None
        if known is not None and not (force and known.reason):
            answer = replace(
                self._blank(question, standalone, (), live.info), filters=filters, warnings=self.scope.told(filters)
            )
            yield from _recorded(known, answer, began)
            return
        hits = lookup.papers(self._retriever(live), searched, k or self.k, filters)
        if self._reader is not self.embedder:
            hits = gate.on_scale(searched, hits, self._library, self._reader)
        verdict = gate.judge(searched, hits, live.lexical, details=self.model.mode == "extractive")
        if force or not hits:
            verdict = replace(verdict, reason=None if hits else self.scope.nothing(filters) or verdict.reason)
        if verdict.missing and verdict.reason is None and not told:
            told = (*told, f"No abstract mentions {', '.join(verdict.missing)}.")
        if self._reranker and verdict.reason is None:  # after the gate, whose thresholds are of the order as found
            hits = lookup.reranked(self._reranker, self._retriever(live), searched, hits, filters)
            verdict = verdict if hits else replace(verdict, reason="The reranker left none of the papers found.")
        request = prompt.answer(standalone, hits, self.model.context_tokens, self.model.name)
        answer = replace(
            self._blank(question, standalone, request.sources, live.info),
            refused=verdict.reason is not None,
            refusal_reason=verdict.reason,
            missing=verdict.missing,
            warnings=(*self.scope.told(filters), *told),
            timings=Timings(retrieve_s=time.perf_counter() - began),
            filters=filters,
        )
        yield Found(standalone, answer.sources, filters)
        if answer.refused:
            said = f"{REFUSAL} {verdict.reason}"
            yield said
            yield _timed(replace(answer, answer=said, sources=answer.sources[:_NEAREST]), began)
        else:
            try:
                yield from self._read(request, answer, began)
            except PromptTooLong:  # the model knows its window better now
                request = prompt.answer(standalone, hits, self.model.context_tokens, self.model.name)
                if len(request.sources) == len(answer.sources):
                    raise
                yield from self._read(request, replace(answer, sources=request.sources), began)

    def cut(self, question: str, found: Found, said: str, reason: str) -> Answer:
        """Return the answer that was stopped when it had come to `said`, checked and marked as incomplete."""
        answer = self._blank(question, found.standalone_question, found.sources, self._open_index().info)
        answer = replace(answer, filters=found.filters, warnings=self.scope.told(found.filters))
        checker = ground.Checker(found.sources, self._reader)
        return self._checked(replace(answer, answer=said.strip(), complete=False, refusal_reason=reason), checker)

    def _blank(self, question: str, standalone: str, sources: tuple[Source, ...], info: IndexInfo) -> Answer:
        return Answer(
            id=uuid.uuid4().hex[:12],
            question=question,
            standalone_question=standalone,
            answer="",
            refused=False,
            refusal_reason=None,
            missing=(),
            claims=(),
            sources=sources,
            invalid_citations=(),
            mode=self.model.mode,
            model=self.model.name,
            base_url_host=self.model.host,
            complete=True,
            usage=Usage(),
            timings=Timings(),
            index=info,
        )

    def _read(self, request: Prompt, answer: Answer, began: float) -> Iterator[Event]:
        """Have the model answer: yield its pieces and claims, then `answer` filled with them and checked."""
        checker = ground.Checker(answer.sources, self._reader)
        said = reasoning = ""
        ended = 0  # claims whose sentence is over
        for piece in self.model.stream(request):
            if isinstance(piece, Thought | Waiting):
                reasoning += piece.text if isinstance(piece, Thought) else ""
                yield piece
                continue
            if isinstance(piece, Finish):
                reason = answer.refusal_reason if piece.complete else piece.reason
                told = (*answer.warnings, *prompt.warnings(request, piece.usage, self.model.name), *piece.notes)
                answer = replace(answer, complete=piece.complete, refusal_reason=reason, usage=piece.usage, warnings=told)
                continue
            if not said:
                answer, piece = _timed(answer, began, first=True), piece.lstrip()
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
        thought, closed, after = said.partition(_THOUGHT)  # which some models never open
        reasoning, said = (reasoning + thought, after) if closed else (reasoning, said)
        answer = replace(answer, answer=said.strip(), reasoning=reasoning.strip(), model=self.model.name)
        yield _timed(self._verified(self._checked(answer, checker)), began)

    def _checked(self, answer: Answer, checker: ground.Checker) -> Answer:
        if answer.complete and is_refusal(answer.answer):
            reason = "The model found no answer in these abstracts."
            said = answer.answer or REFUSAL
            return replace(answer, answer=said, refused=True, refusal_reason=reason, sources=answer.sources[:_NEAREST])
        claims = checker.claims(answer.answer)
        cited = {n for claim in claims for n in (*claim.citations, *claim.added)}
        return replace(
            answer,
            claims=tuple(claims),
            sources=tuple(replace(s, cited=s.n in cited) for s in answer.sources),
            invalid_citations=tuple(ground.invalid(answer.answer, answer.sources)),
        )

    def _verified(self, answer: Answer) -> Answer:
        """Have the model judge each claim too, where that is set; what it cannot be asked is told, not fatal."""
        if self._verifier is None or answer.refused:
            return answer
        try:
            return replace(answer, claims=tuple(self._verifier.judge(answer.claims, answer.sources)))
        except EndpointError as error:
            return replace(answer, warnings=(*answer.warnings, f"The statements were not judged by the model: {error}"))


def _recorded(known: Result, answer: Answer, began: float) -> Iterator[Event]:
    """Yield what the records say as any answer comes: the papers it names, its text, and the whole of it."""
    answer = replace(
        answer,
        answer=known.text,
        refused=known.reason is not None,
        refusal_reason=known.reason,
        claims=known.claims,
        sources=tuple(Source(n, Hit(p, 0.0, 0.0, 0.0), known.reason is None) for n, p in enumerate(known.papers, 1)),
        records=known.records,
        mode="corpus",
        model=None,
        base_url_host=None,
        timings=Timings(retrieve_s=time.perf_counter() - began),
    )
    yield Found(answer.standalone_question, answer.sources, answer.filters)
    yield answer.answer
    yield _timed(_timed(answer, began, first=True), began)


def _timed(answer: Answer, began: float, *, first: bool = False) -> Answer:
    name = "first_token_s" if first else "total_s"
    return replace(answer, timings=replace(answer.timings, **{name: time.perf_counter() - began}))
