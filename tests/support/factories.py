"""Small values and fakes that several tests share: papers, sources, answers, an embedder and a model without weights."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.events import Finish, Reply, Thought, Waiting
from rag.types import Answer, Claim, Evidence, Hit, IndexInfo, Mode, Paper, Prompt, Source, Timings, Usage

SHARED = Path(__file__).resolve().parents[3] / "shared"  # data that may be beside this checkout

LANTERN = (
    "Street lamps waste power when nobody walks below them. LanternNet dims 340 lamps by learning from footsteps. "
    "It cut the energy used in Ghent by 27.5% over 12 weeks."
)
ORCHARD = "Orchards lose fruit to frost in spring. A drone measures blossom temperature every 90 seconds."


def silent(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


def paper(title: str = "LanternNet", abstract: str = LANTERN, **more: object) -> Paper:
    return replace(Paper(title.lower().replace(" ", "-"), title, abstract), **more)  # type: ignore[arg-type]


def hit(of: Paper, score: float = 3.0, dense: float = 0.6) -> Hit:
    return Hit(paper=of, score=score, dense=dense, lexical=5.0)


def sources(*papers: Paper) -> list[Source]:
    """Sources numbered from 1, each scored a little lower than the one before."""
    return [Source(n, hit(p, 4.0 - n / 10)) for n, p in enumerate(papers, 1)]


LAMPS = sources(paper(), paper("Frost Watch", ORCHARD))


def answer(text: str = "LanternNet dims 340 lamps [1].", of: Sequence[Source] = tuple(LAMPS), **more: object) -> Answer:
    """An answer as the assistant gives it, with one supported claim about the first source."""
    first = of[0].paper
    evidence = Evidence(1, first.id, first.abstract[:20], 0, 20, 0.9)
    made = Answer(
        id="a1",
        question="How many lamps?",
        standalone_question="How many lamps?",
        answer=text,
        refused=False,
        refusal_reason=None,
        missing=(),
        claims=(Claim(text, 0, len(text), (1,), "supported", (), (evidence,)),),
        sources=tuple(replace(s, cited=s.n == 1) for s in of),
        invalid_citations=(),
        mode="model",
        model="m",
        base_url_host="localhost",
        complete=True,
        usage=Usage(10, 5),
        timings=Timings(0.1, 0.2, 0.3),
        index=IndexInfo("f", 1, 2),
    )
    return replace(made, **more)  # type: ignore[arg-type]


@cache
def _direction(word: str, dimension: int) -> NDArray[np.float64]:
    return np.random.default_rng(zlib.crc32(word.encode("utf-8", "replace"))).standard_normal(dimension)


class HashEmbedder:
    """An embedder without weights: a direction for each word, fixed by its checksum, so that shared words give cosines.

    It keeps the texts of each call, and raises `error` where one is given.
    """

    def __init__(self, name: str = "words", dimension: int = 64, error: Exception | None = None) -> None:
        self.name = name
        self.dimension = dimension
        self.calls: list[list[str]] = []
        self._error = error

    @property
    def embedded(self) -> list[str]:
        return [text for call in self.calls for text in call]

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if self._error:
            raise self._error
        self.calls.append(list(texts))
        rows = np.full((len(texts), self.dimension), 1e-3, np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().split():
                row += _direction(word, self.dimension)
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


Item = str | Thought | Waiting | Finish | Exception


class QueueModel:
    """A ChatModel that gives queued replies, the last one again and again with `repeat`, and keeps the prompts it was given.

    A reply is a text, which comes in pieces of `piece_chars` characters, or the items of its stream; an exception is raised.
    """

    mode: Mode = "model"
    host: str | None = "localhost"

    def __init__(
        self,
        *replies: str | Exception | Iterable[Item],
        name: str | None = "queue",
        context_tokens: int | None = None,
        repeat: bool = False,
        piece_chars: int | None = None,
    ) -> None:
        self.replies = list(replies)
        self.name = name
        self.context_tokens = context_tokens
        self.prompts: list[Prompt] = []
        self._repeat = repeat
        self._piece_chars = piece_chars

    def stream(self, prompt: Prompt) -> Iterator[Reply]:
        self.prompts.append(prompt)
        reply = self.replies[0] if self._repeat and len(self.replies) == 1 else self.replies.pop(0)
        if isinstance(reply, str):
            reply = [*pieces(reply, self._piece_chars or len(reply) or 1), Finish(usage=Usage(11, 7))]
        for item in [reply] if isinstance(reply, Exception) else reply:
            if isinstance(item, Exception):
                raise item
            yield item


def pieces(text: str, chars: int) -> list[str]:
    return [text[i : i + chars] for i in range(0, len(text), chars)]
