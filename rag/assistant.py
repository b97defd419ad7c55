"""The one engine behind the command line, the browser chat and the evals: retrieve, gate, answer, check.

for event in assistant.stream(question): ...     Found, then str pieces, then one Answer
answer = assistant.ask(question)                 the same, collected
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from threading import Lock

from rag import gate, ground, index, ingest, lock, prompt, text
from rag.embedding import Embedder
from rag.errors import LibraryError
from rag.extract import ExtractiveReader
from rag.index import Index
from rag.library import Library
from rag.minilm import MiniLM
from rag.retrieve import Retriever
from rag.settings import Settings
from rag.types import Answer, ChatModel, Filters, Finish, Hit, Progress, Prompt, Source, Timings, Turn, Usage

_NEAREST = 3  # papers offered with a refusal
_LONG = 14  # words; a longer question names what its pronouns stand for
_JOINS_ON = re.compile(r"^(?:and|but|so|or|also|what about|how about|why|which one)\b", re.IGNORECASE)
_POINTS_BACK = re.compile(
    r"\b(?:(?:this|that|these|those|the) (?:method|paper|model|author|approach|data ?set|work|result|one)s?|"
    r"(?:do|does|did|is|was|are|were|can) (?:this|that|these|those))\b",
    re.IGNORECASE,
)
_PRONOUN = re.compile(r"\b(?:it|its|they|them|their|he|she)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    """The question as understood and the papers put before the reader; comes before the first piece of the answer."""

    standalone_question: str
    sources: tuple[Source, ...]


Event = Found | str | Answer


class Assistant:
    """Open with Assistant(settings). Safe to share between threads; notices when the index was rebuilt."""

    def __init__(
        self,
        settings: Settings,
        *,
        embedder: Embedder | None = None,
        model: ChatModel | None = None,
        progress: Progress = lambda stage, done, total: None,
        tell: Callable[[str], None] = lambda message: None,
    ) -> None:
        """Load embedder, library and index, reading the starter corpus when nothing was ever stored. Raises RagError."""
        self._home = settings.home
        self._k = settings.k
        self._lock = Lock()
        self.embedder: Embedder = embedder or MiniLM(settings.home)
        self.model: ChatModel = model or _load_model(settings) or ExtractiveReader(self.embedder)
        ingest.prepare(self._home, self.embedder, progress, tell)
        self._library = Library(self._home)
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
        """Return at most `k` papers for `question`, best first, without answering it."""
        return self._retrieve(self._open_index(), question, k, filters)

    def _retrieve(self, live: Index, question: str, k: int | None, filters: Filters | None) -> list[Hit]:
        return Retriever(self._library, live, self.embedder).search(question, k or self._k, filters)

    def ask(self, question: str, history: Sequence[Turn] = (), k: int | None = None, filters: Filters | None = None) -> Answer:
        """Return the answer to `question`. Raises EndpointError when the model gives none."""
        for event in self.stream(question, history, k, filters):
            if isinstance(event, Answer):
                return event
        raise AssertionError("a stream ends with its answer")

    def stream(
        self, question: str, history: Sequence[Turn] = (), k: int | None = None, filters: Filters | None = None
    ) -> Iterator[Event]:
        """Yield Found, pieces of the answer as they come, and last the whole Answer with its checks."""
        began = time.perf_counter()
        standalone = self._standalone(question, history)
        live = self._open_index()
        hits = self._retrieve(live, standalone, k, filters)
        verdict = gate.judge(standalone, hits, live.lexical)
        request = prompt.answer(standalone, hits, self.model.context_tokens)
        answer = Answer(
            id=uuid.uuid4().hex[:12],
            question=question,
            standalone_question=standalone,
            answer="",
            refused=verdict.reason is not None,
            refusal_reason=verdict.reason,
            missing=verdict.missing,
            claims=(),
            sources=request.sources,
            invalid_citations=(),
            mode=self.model.mode,
            model=self.model.name,
            base_url_host=self.model.host,
            complete=True,
            usage=Usage(),
            timings=Timings(retrieve_s=time.perf_counter() - began),
            index=live.info,
        )
        yield Found(standalone, answer.sources)
        if answer.refused:
            said = f"{prompt.REFUSAL} {verdict.reason}"
            yield said
            yield _timed(replace(answer, answer=said, sources=answer.sources[:_NEAREST]), began)
        else:
            yield from self._read(request, answer, began)

    def _read(self, request: Prompt, answer: Answer, began: float) -> Iterator[Event]:
        """Have the model answer: yield its pieces, then `answer` filled with them and checked."""
        parts: list[str] = []
        for piece in self.model.stream(request):
            if isinstance(piece, Finish):
                reason = answer.refusal_reason if piece.complete else piece.reason
                answer = replace(answer, complete=piece.complete, refusal_reason=reason, usage=piece.usage)
                continue
            if not parts:
                answer = _timed(answer, began, first=True)
            parts.append(piece)
            yield piece
        said = "".join(parts).strip()
        yield _timed(self._checked(replace(answer, answer=said, model=self.model.name)), began)

    def _checked(self, answer: Answer) -> Answer:
        if prompt.is_refusal(answer.answer):
            reason = "The model found no answer in these abstracts."
            said = answer.answer or prompt.REFUSAL
            return replace(answer, answer=said, refused=True, refusal_reason=reason, sources=answer.sources[:_NEAREST])
        claims = ground.check(answer.answer, answer.sources, self.embedder)
        cited = {n for claim in claims for n in claim.citations}
        return replace(
            answer,
            claims=tuple(claims),
            sources=tuple(replace(s, cited=s.n in cited) for s in answer.sources),
            invalid_citations=tuple(ground.invalid(answer.answer, answer.sources)),
        )

    def _standalone(self, question: str, history: Sequence[Turn]) -> str:
        """Return a follow-up with what it refers to: rewritten by the model, or with the last question in front."""
        asked = [turn.content for turn in history if turn.role == "user"]
        if not asked or not _depends(question):
            return question
        if self.model.mode == "extractive":
            return f"{asked[-1]} {question}"
        pieces = self.model.stream(prompt.condense(question, history))
        rewritten = " ".join("".join(p for p in pieces if isinstance(p, str)).split())
        return rewritten if 0 < len(rewritten) <= 4 * (len(question) + len(asked[-1])) else f"{asked[-1]} {question}"


def _depends(question: str) -> bool:
    """Whether a question seems to need the one before it: it joins on or points back, or has a pronoun and no name."""
    words = len(question.split())
    if words <= 3 or _JOINS_ON.search(question) or _POINTS_BACK.search(question):
        return True
    return words <= _LONG and _PRONOUN.search(question) is not None and not text.names(question)


def _timed(answer: Answer, began: float, *, first: bool = False) -> Answer:
    elapsed = time.perf_counter() - began
    timings = answer.timings
    return replace(
        answer,
        timings=replace(timings, first_token_s=elapsed) if first else replace(timings, total_s=elapsed),
    )


def _load_model(settings: Settings) -> ChatModel | None:
    endpoint = settings.endpoint
    if endpoint is None:
        return None
    from rag.models import EndpointModel

    return EndpointModel(endpoint, settings)
