"""The one engine behind the command line, the browser chat and the evals: retrieve, gate, answer, check.

for event in assistant.stream(question): ...     Found, then str pieces and Claims (Thoughts, Waits), then one Answer
answer = assistant.ask(question)                 the same, collected
"""

from __future__ import annotations

import copy
import logging
import time
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from typing import Any

from rag import factory, ingestion, prompting
from rag.answering import evidence_table, unread
from rag.answering.extractive import MAX_SENTENCES, ExtractiveReader
from rag.answering.streaming import AnswerStream
from rag.checking import checker, judge_trial
from rag.checking.judge import Opinions
from rag.collection import answers, meaning, one_paper
from rag.collection.phrasing import CollectionAnswer
from rag.errors import PromptTooLong
from rag.events import Event, Found
from rag.index.embedder_cache import CachedEmbedder
from rag.index.generations import Index
from rag.index.live import LiveIndex
from rag.interfaces import ChatModel, Embedder, Reranker
from rag.questions import analysis, asking, followup, spelling, understand
from rag.questions.asked import Asked
from rag.retrieval import finding, gate, selection
from rag.retrieval.gate import Decision
from rag.retrieval.retriever import Retriever
from rag.settings.settings import Settings
from rag.stages import stage
from rag.storage.filters import Scope
from rag.storage.library import Library
from rag.topics.kept import KeptMap
from rag.topics.topic_map import TopicMap
from rag.types import Answer, Claim, Filters, Hit, IndexInfo, Paper, Progress, Prompt, Source, Timings, Turn, Usage

_log = logging.getLogger(__name__)


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
        self._verify = settings.verify
        self._opinions: Opinions = {}
        self.embedder: Embedder = embedder or factory.embedder(settings)
        self._reader = factory.reader(settings, self.embedder)
        self._checks = CachedEmbedder(self._reader)  # people ask of the same papers
        self._other_judge = factory.judge(settings)
        self._take(model or factory.model(settings) or ExtractiveReader(self._checks))
        self._reranker = reranker or factory.reranker(settings)
        with stage(_log, "open the library"):
            ingestion.prepare(settings.home, self.embedder, progress, tell)
        self._library = Library(settings.home)
        self.scope = Scope(self._library)
        self._index = LiveIndex(settings.home, self._library, self.embedder)
        self._index.now()
        self._map = KeptMap(settings.home)
        with stage(_log, "wait for the embedder"):
            factory.ready(self._reader)

    def using(self, model: ChatModel | None, quotes: int = MAX_SENTENCES) -> Assistant:
        """Return an assistant over the same library that answers with `model`; None: it quotes up to `quotes` sentences."""
        other = copy.copy(self)
        other._take(model or ExtractiveReader(self._checks, quotes))
        return other

    def judged_by(self, judge: ChatModel | None) -> Assistant:
        """Return the same assistant with `judge` as the model that judges its answers; None: the model that answers does."""
        other = copy.copy(self)
        other._other_judge = judge
        other._take(self.model)
        return other

    def _take(self, model: ChatModel) -> None:
        self.model = model
        self.judge = (self._other_judge or model) if model.mode == "model" else None
        judge = judge_trial.judge(self.judge, self._verify, self.home, self._opinions)
        self._reading = AnswerStream(model, self._checks, judge)

    @property
    def library(self) -> Library:
        """The library that is asked: for reading, by any thread."""
        return self._library

    def count(self) -> int:
        """Return how many papers the library holds."""
        return self._library.count()

    def titles(self, most: int) -> list[str]:
        return self._library.titles(most)

    def search(self, question: str, k: int | None = None, filters: Filters | None = None) -> list[Hit]:
        """Return at most `k` papers for `question`, best first, without answering it. Raises UsageError for wrong filters."""
        return self._retriever(self._index.now()).search(question, k or self.k, self.scope.checked(filters))

    def find(self, words: str, filters: Filters | None = None) -> list[str]:
        """Return the ids of the papers that `words` find, the nearest first; none when no paper is near or has them."""
        only = self.scope.checked(filters)
        return finding.find(words, only, self._library, self._index.now(), self.embedder, self._reader)

    def similar(self, paper_id: str, k: int) -> list[tuple[Paper, float]]:
        """Return the `k` papers nearest to one of the library, best first, with their cosines; never that one itself."""
        return self._retriever(self._index.now()).similar(paper_id, k)

    def topic_map(self) -> TopicMap:
        """Return the map of the library's topics, made anew only when another index has become live."""
        return self._map.of(self._index.now(), self._library)

    def evidence(self, papers: Sequence[Paper]) -> list[evidence_table.Row]:
        """Return what each abstract says of problem, method, data and result, quoted without a model."""
        return evidence_table.table(papers, self._checks)

    def comparison(self, papers: Sequence[Paper]) -> evidence_table.Comparison:
        """Return the same side by side: a row each for problem, method, data and result, with a cell for each paper."""
        return evidence_table.comparison(papers, self._checks)

    def checked(self, text: str, sources: Sequence[Source]) -> list[Claim]:
        """Return the statements of any text, each checked against the sources that it cites by number."""
        return checker.check(text, sources, self._checks)

    def refusal(self, question: str, papers: Sequence[str]) -> str | None:
        """Return why the abstracts of `papers`, given by their ids, do not answer `question`; None when they seem to."""
        asked, live = Asked(question, question), self._index.now()
        hits = self._retriever(live).search(question, len(papers), Filters(papers=tuple(papers)))
        return self._gated(asked, hits, live, force=False).reason

    def live(self) -> Index:
        """Return the index that questions are answered from now."""
        return self._index.now()

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

        A model's Thoughts come between, and a Waiting for each second in which it is silent; a Checking before a model judges.
        What the abstracts cannot answer is refused unasked, unless with `force`; the library's records answer about themselves.
        Raises RagError.
        """
        began = time.perf_counter()
        asked = self._understood(question, history, self.scope.checked(filters))
        live = self._index.now()  # after what a model may take a minute for: two rebuilds would close it
        asked = spelling.read(asked, live.lexical)
        known = self._recorded(asked, live, force=force)
        if known is not None:
            answer = replace(self._blank(question, asked, (), live.info), warnings=self.scope.warnings(asked.filters))
            yield from unread.from_records(known, answer, began)
            return
        asked, hits, decision = self._read(asked, history, live, k or self.k, force=force)
        warnings = (*self.scope.warnings(asked.filters), *asked.notes, *_passed(decision))
        if self._reranker and decision.reason is None:  # after the gate, whose thresholds are of the order as retrieved
            hits = selection.reranked(self._reranker, self._retriever(live), asked.searched, hits, asked.filters)
            decision = decision if hits else replace(decision, reason="The reranker left none of the papers found.")
        request = self._prompt(asked, hits)
        answer = replace(self._blank(question, asked, request.sources, live.info), warnings=warnings)
        answer = replace(answer, timings=Timings(retrieve_s=time.perf_counter() - began))
        yield Found(asked.standalone, answer.sources, asked.filters)
        if decision.reason is not None:
            yield from unread.refused(decision.reason, decision.missing, answer, began)
        else:
            answered = replace(answer, missing=decision.missing)
            yield from self._answered(asked, hits, request, answered, began, lambda: self._again(asked, hits, request, live))

    @stage(_log, "understand the question")
    def _understood(self, question: str, history: Sequence[Turn], filters: Filters) -> Asked:
        """Return the question as it stands alone, the English that is searched for, and the collection queries it may be."""
        standalone = understand.standalone(self._alone(question) if history else question, history, self.model)
        searched, notes = understand.in_english(standalone, self.model)
        return Asked(standalone, searched, *understand.about_collection(searched), filters, tuple(notes))

    def _alone(self, question: str) -> str:
        """Return a follow-up without what stands round it, such as thanks or a reason to ask, when no paper is on that."""
        own, around = asking.parts(question)
        if not around or not followup.needs_context(own):
            return question
        near = self._retrieved(Asked(around, around), self._index.now(), 1)
        return question if near and near[0].dense >= gate.MIN_COSINE_OF_BEST_CHUNK else own

    @stage(_log, "look into the records")
    def _recorded(self, asked: Asked, live: Index, *, force: bool) -> CollectionAnswer | None:
        """Return what the library's records answer to a question about the collection; None for any other question."""
        if asked.joined and (wants := meaning.of_paper(followup.without_context(asked.standalone))):
            best = self._retriever(live).search(followup.context(asked.standalone), 1, asked.filters)
            return one_paper.of_papers(wants, [hit.paper for hit in best], self.count()) if best else None
        known = answers.best(asked.queries, self._library, live, asked.filters, self._on_topic)
        if known is None or known.reason is None:
            return known
        sure = asked.by_rules or asked.queries[-1].want in ("untold", "authors")  # else the abstracts may tell
        told = not sure and self._read(asked, (), live, self.k, force=False)[2].reason is None
        return None if force or told else known

    def _on_topic(self, words: str) -> list[str]:
        """Return the ids of the papers that come near to `words`, the nearest first."""
        return finding.on_topic(words, self._index.now(), self._library, self.embedder, self._reader)

    def _read(
        self, asked: Asked, history: Sequence[Turn], live: Index, k: int, *, force: bool
    ) -> tuple[Asked, list[Hit], Decision]:
        """Return the question with its papers, and whether they answer it.

        A follow-up that the last question leaves unanswerable, or behind one that no paper is near, refers to an earlier one.
        """
        readings = followup.readings(followup.without_context(asked.standalone), history) if asked.joined else []
        if len(readings) > 1:
            readings = [joined for joined in readings if self._is_near(followup.context(joined), live)] or readings
        found = []
        for reading in [replace(asked, standalone=joined, searched=joined) for joined in readings] or [asked]:
            hits = self._retrieved(reading, live, k)
            found.append((reading, hits, self._gated(reading, hits, live, force=force)))
            if found[-1][2].reason is None:
                return found[-1]
        return found[0]

    def _is_near(self, question: str, live: Index) -> bool:
        """Whether some papers come near to a question of before, whatever they answer."""
        return gate.judge(question, self._retrieved(Asked(question, question), live, self.k), live.lexical).reason is None

    @stage(_log, "retrieve")
    def _retrieved(self, asked: Asked, live: Index, k: int) -> list[Hit]:
        """Return the papers for the question, best first, on the scale of the gate's thresholds."""
        room = self.model.context_tokens if self.model.mode == "model" else 0
        hits = selection.papers(self._retriever(live), asked.searched, k, asked.filters, room)
        return hits if self._reader is self.embedder else gate.on_scale(asked.searched, hits, self._library, self._reader)

    @stage(_log, "judge whether the abstracts answer")
    def _gated(self, asked: Asked, hits: Sequence[Hit], live: Index, *, force: bool) -> Decision:
        """Return whether the question is put to the reader; with `force` it is, as long as there are papers."""
        quoting, selected = self.model.mode == "extractive", bool(asked.filters.papers)
        decision = gate.judge(asked.searched, hits, live.lexical, details=quoting, selected=selected)
        if not hits:
            return replace(decision, reason=self.scope.nothing(asked.filters) or decision.reason)
        return replace(decision, reason=None) if force else decision

    @stage(_log, "write the prompt")
    def _prompt(self, asked: Asked, hits: Sequence[Hit], *, again: bool = False) -> Prompt:
        kind = analysis.form(followup.without_context(asked.searched))
        return prompting.answer(asked.standalone, hits, self.model.context_tokens, self.model.name, kind, again=again)

    def _again(self, asked: Asked, hits: Sequence[Hit], request: Prompt, live: Index) -> Prompt | None:
        """Return what to ask a model that has refused `request`; None where the abstracts do not seem to answer."""
        strict = gate.judge(asked.searched, hits, live.lexical, details=True, selected=bool(asked.filters.papers))
        if self.model.mode != "model" or strict.reason is not None:
            return None
        return self._prompt(asked, hits[: len(request.sources)], again=True)

    def _answered(
        self,
        asked: Asked,
        hits: Sequence[Hit],
        request: Prompt,
        answer: Answer,
        began: float,
        again: Callable[[], Prompt | None],
    ) -> Iterator[Event]:
        """Yield what the reader answers, checked; with fewer papers where the prompt was longer than the model takes."""
        with stage(_log, "answer and check"):
            try:
                yield from self._reading.read(request, answer, began, self._side_by_side(request), again)
            except PromptTooLong:  # the model knows its window better now
                request = self._prompt(asked, hits)
                if len(request.sources) == len(answer.sources):
                    raise
                answer = replace(answer, sources=request.sources)
                yield from self._reading.read(request, answer, began, self._side_by_side(request))

    def _side_by_side(self, request: Prompt) -> Iterator[str]:
        """Yield what a model's comparison ends with: a table of quotes."""
        if self.model.mode == "model":
            yield from ExtractiveReader(self._checks).side_by_side(request)

    def cut(self, question: str, found: Found, text: str, reason: str) -> Answer:
        """Return the answer that was stopped when it had come to `text`, checked and marked as incomplete."""
        asked = Asked(found.standalone_question, found.standalone_question, filters=found.filters)
        answer = self._blank(question, asked, found.sources, self._index.now().info)
        warnings = self.scope.warnings(found.filters)
        partial = replace(answer, warnings=warnings, answer=text.strip(), complete=False, incomplete_reason=reason)
        return self._reading.cut(partial)

    def _blank(self, question: str, asked: Asked, sources: tuple[Source, ...], info: IndexInfo) -> Answer:
        return Answer(
            id=uuid.uuid4().hex[:12],
            question=question,
            standalone_question=asked.standalone,
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
            filters=asked.filters,
        )


def _passed(decision: Decision) -> tuple[str, ...]:
    """Return what to warn of when the gate lets a question pass although no abstract has one of its terms."""
    missing = decision.missing if decision.reason is None else ()
    return (f"No abstract mentions {', '.join(missing)}.",) if missing else ()
