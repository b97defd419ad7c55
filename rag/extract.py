"""The reader that needs no model: quotes the sentences of the best papers that come nearest to the question.

It says nothing of its own. It cannot combine two sentences, count, or tell that a premise is false.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag import sentences, text
from rag.embedding import Embedder
from rag.types import Finish, Mode, Prompt, Source

_PAPERS = 3  # read closely for a question about one thing
_LIST_PAPERS = 5  # for a question about several papers
_SENTENCES = 5
_NEAR, _NEAR_LISTED = 0.72, 0.55  # a further paper is quoted when its fused score is this share of the best one's
_LINK = re.compile(r"https?://|\b(?:code|website)s?:", re.IGNORECASE)
_ASKS_LINK = re.compile(r"\b(?:code|github|repositor|link|url|website|available)", re.IGNORECASE)
_HOW_MUCH = re.compile(
    r"\bhow (?:many|much|large|big|long|fast|often|far|well|good|accurate)\b|\bby how\b|\bwhat (?:percent|share|fraction|"
    r"score|accuracy|speed|size|rate|number)|\bnumber of\b|\bsize of\b|\b(?:speed-?ups?|accuracy|perplexity|bleu|parameters)\b",
    re.IGNORECASE,
)
_SEVERAL = re.compile(
    r"\b(?:which|what|any|find|list|show)\b.{0,40}\b(?:papers|works?|methods|approaches|abstracts|studies|systems|libraries)\b"
    r"|\bcompare\b|\bdiffer|\bversus\b|\bvs\b|\bpapers?\b.{0,20}\bsay about\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Quote:
    source: Source
    start: int
    end: int
    score: float

    @property
    def sentence(self) -> str:
        return self.source.paper.abstract[self.start : self.end]


class ExtractiveReader:
    """Answers with 1 to 5 verbatim sentences, grouped by paper under its title, each cited."""

    mode: Mode = "extractive"
    name: str | None = None
    host: str | None = None
    context_tokens: int | None = None

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def stream(self, prompt: Prompt) -> Iterator[str | Finish]:
        """Yield one piece for each quoted paper, then a Finish."""
        first = True
        for group in self._chosen(prompt.question, prompt.sources):
            source = group[0].source
            lines = [f"- {quote.sentence} [{source.n}]" for quote in sorted(group, key=lambda q: q.start)]
            yield ("" if first else "\n\n") + "\n".join([_heading(source), *lines])
            first = False
        yield Finish()

    def _chosen(self, question: str, sources: Sequence[Source]) -> list[list[_Quote]]:
        """Return the quotes by paper: one each, and what is left of the sentences to the best papers in turn."""
        several = _SEVERAL.search(question) is not None
        least = (_NEAR_LISTED if several else _NEAR) * sources[0].hit.score
        read = [s for s in sources[: _LIST_PAPERS if several else _PAPERS] if s.hit.score >= least] or [sources[0]]
        ranked = [sorted(quotes, key=lambda q: -q.score) for quotes in self._scored(question, read).values() if quotes]
        chosen = [[quotes[0]] for quotes in ranked]
        spare = _SENTENCES - len(chosen)
        if several:
            for quotes, group in zip(ranked, chosen, strict=True):
                if spare > 0 and len(quotes) > 1:
                    group.append(quotes[1])
                    spare -= 1
        elif chosen:
            chosen[0] += ranked[0][1 : 1 + min(spare, 3)]
        return chosen

    def _scored(self, question: str, sources: Sequence[Source]) -> dict[int, list[_Quote]]:
        """Score every sentence: its cosine with the question, the share of the question's words it has, its numbers."""
        spans = [(s, *span) for s in sources for span in sentences.split(s.paper.abstract)]
        texts = [s.paper.abstract[start:end] for s, start, end in spans]
        asked = text.content_words(question)
        wants_number = _HOW_MUCH.search(question) is not None
        vectors = self._embedder.embed([question, *texts])
        quotes: dict[int, list[_Quote]] = {s.n: [] for s in sources}
        for (source, start, end), sentence, cosine in zip(spans, texts, vectors[1:] @ vectors[0], strict=True):
            told = asked - text.content_words(source.paper.title)  # the title is shown, and was matched already
            overlap = len(told & text.content_words(sentence)) / max(len(told), 1)
            number = 0.15 if wants_number and text.numbers(sentence) else 0.0
            link = -0.5 if _LINK.search(sentence) and not _ASKS_LINK.search(question) else 0.0
            quotes[source.n].append(_Quote(source, start, end, float(cosine) + 0.5 * overlap + number + link))
        return quotes


def _heading(source: Source) -> str:
    title = source.paper.title.rstrip(". ").replace("*", "\\*")
    return f"**{title}**"
