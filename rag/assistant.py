"""The one engine behind the command line, the browser chat and the evals: retrieve, gate, answer, check.

for event in assistant.stream(question): ...     Found, then str pieces and Claims (Thoughts, Waits), then one Answer
answer = assistant.ask(question)                 the same, collected
"""

from __future__ import annotations

import copy
import time
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from typing import Any

from rag import factory, ingestion, prompting
from rag.answering.extractive import ExtractiveReader
from rag.answering.streaming import NEAREST, AnswerStream, timed
from rag.checking.model_judge import Judged, Verifier
from rag.collection import answers
from rag.collection.phrasing import CollectionAnswer
from rag.errors import PromptTooLong
from rag.index.embedder_cache import CachedEmbedder
from rag.index.generations import Index
from rag.index.live import LiveIndex
from rag.interfaces import ChatModel, Embedder, Reranker
from rag.prompting import REFUSAL
from rag.questions import understand
from rag.retrieval import gate, selection
from rag.retrieval.retriever import Retriever
from rag.settings.settings import Settings
from rag.storage.filters import Scope
from rag.storage.library import Library
from rag.types import Answer, Event, Filters, Found, Hit, IndexInfo, Paper, Progress, Source, Timings, Turn, Usage


class Assistant:
    """Open with Assistant(settings). Safe to share between threads; notices when the index was rebuilt."""

    def __init__(
        self,
        settings: Settings,
        *,
        embedder: Embedder | None = None,
        model: ChatModel | None = None,
        reranker: Reranker | None = None,
        progress: Progress = lambda stage, done, total: None,
        tell: Callable[[str], None] = lambda message: None,
    ) -> None:
        """Load embedder, library and index, reading the starter corpus when nothing was ever stored. Raises RagError."""
        self.home = settings.home
        self.k = settings.k
        self._verify = settings.verify == "model"
        self._judged: Judged = {}
        self.embedder: Embedder = embedder or factory.embedder(settings)
        self._reader = factory.reader(settings, self.embedder)
        self._checks = CachedEmbedder(self._reader)  # people ask of the same papers
        self._take(model or factory.model(settings) or ExtractiveReader(self._reader))
        self._reranker = reranker or factory.reranker(settings)
        ingestion.prepare(settings.home, self.embedder, progress, tell)
        self._library = Library(settings.home)
        self.scope = Scope(self._library)
        self._index = LiveIndex(settings.home, self._library, self.embedder)
        self._index.now()

    def using(self, model: ChatModel | None) -> Assistant:
        """Return an assistant over the same library and index that answers with `model`; None quotes the abstracts."""
        other = copy.copy(self)
        other._take(model or ExtractiveReader(self._reader))
        return other

    def _take(self, model: ChatModel) -> None:
        self.model = model
        verifier = Verifier(model, self._judged) if self._verify and model.mode == "model" else None
        self._reading = AnswerStream(model, self._checks, verifier)

    @property
    def library(self) -> Library:
        """The library that is asked: for reading, by any thread."""
        return self._library

    def count(self) -> int:
        """Return how many papers the library holds."""
        return self._library.count()

    def titles(self, most: int) -> list[str]:
        """Return up to `most` titles of the library."""
        return self._library.titles(most)

    def search(self, question: str, k: int | None = None, filters: Filters | None = None) -> list[Hit]:
        """Return at most `k` papers for `question`, best first, without answering it. Raises UsageError for wrong filters."""
        return self._retriever(self._index.now()).search(question, k or self.k, self.scope.checked(filters))

    def similar(self, paper_id: str, k: int) -> list[tuple[Paper, float]]:
        """Return the `k` papers nearest to one of the library, best first, with their cosines; never that one itself."""
        return self._retriever(self._index.now()).similar(paper_id, k)

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

        A model's Thoughts come between, and a Waiting for each second in which it is silent; a Checking before a second model's
        verdicts.
        What the abstracts cannot answer is refused unasked, unless with `force`; the library's records answer about themselves.
        Raises RagError.
        """
        began = time.perf_counter()
        filters = self.scope.checked(filters)
        standalone = understand.standalone(question, history, self.model)
        searched, told = understand.in_english(standalone, self.model)
        query = understand.about_collection(searched, self.model)
        live = self._index.now()  # after what a model may take a minute for: two rebuilds would close it
        known = answers.answer(query, self._library, live, filters) if query else None
        if known is not None and not (force and known.reason):
            answer = replace(
                self._blank(question, standalone, (), live.info), filters=filters, warnings=self.scope.told(filters)
            )
            yield from recorded(known, answer, began)
            return
        hits = selection.papers(self._retriever(live), searched, k or self.k, filters)
        if self._reader is not self.embedder:
            hits = gate.on_scale(searched, hits, self._library, self._reader)
        quoting, selected = self.model.mode == "extractive", bool(filters.papers)
        verdict = gate.judge(searched, hits, live.lexical, details=quoting, selected=selected)
        if force or not hits:
            verdict = replace(verdict, reason=None if hits else self.scope.nothing(filters) or verdict.reason)
        if verdict.missing and verdict.reason is None and not told:
            told = (*told, f"No abstract mentions {', '.join(verdict.missing)}.")
        if self._reranker and verdict.reason is None:  # after the gate, whose thresholds are of the order as found
            hits = selection.reranked(self._reranker, self._retriever(live), searched, hits, filters)
            verdict = verdict if hits else replace(verdict, reason="The reranker left none of the papers found.")
        request = prompting.answer(standalone, hits, self.model.context_tokens, self.model.name)
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
            yield timed(replace(answer, answer=said, sources=answer.sources[:NEAREST]), began)
        else:
            try:
                yield from self._reading.read(request, answer, began)
            except PromptTooLong:  # the model knows its window better now
                request = prompting.answer(standalone, hits, self.model.context_tokens, self.model.name)
                if len(request.sources) == len(answer.sources):
                    raise
                yield from self._reading.read(request, replace(answer, sources=request.sources), began)

    def cut(self, question: str, found: Found, said: str, reason: str) -> Answer:
        """Return the answer that was stopped when it had come to `said`, checked and marked as incomplete."""
        answer = self._blank(question, found.standalone_question, found.sources, self._index.now().info)
        answer = replace(answer, filters=found.filters, warnings=self.scope.told(found.filters))
        return self._reading.cut(replace(answer, answer=said.strip(), complete=False, refusal_reason=reason))

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


def recorded(known: CollectionAnswer, answer: Answer, began: float) -> Iterator[Event]:
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
    yield timed(timed(answer, began, first=True), began)
