"""The abstract of a source, prepared for the check: its sentences with their words, vectors and names."""

from __future__ import annotations

from rag.interfaces import Embedder, Vectors
from rag.text import names, record, sentences
from rag.text.words import content_words
from rag.types import Evidence, Paper, Source

# Words that tie a paper to its authors, its date and its place, and say nothing of its contents.
_OF_RECORDS = content_words(
    "written wrote author authors co-authors coauthors colleagues others team people researchers published publication "
    "appeared appears released posted dated date year month work study article preprint organisation organization affiliation "
    "affiliated come comes"
)


class Abstract:
    """The abstract of one source. `texts` and `words` have an entry a sentence.

    `headline` is the title with what the records know beside it, and `title` has its words.
    """

    def __init__(self, source: Source, embedder: Embedder) -> None:
        self.n = source.n
        self.paper: Paper = source.paper
        self.spans = sentences.split(self.paper.abstract) or [(0, 0)]
        self.texts = [self.paper.abstract[start:end] for start, end in self.spans]
        self.words = [wordings(text) for text in self.texts]
        self._record = record.line(self.paper)
        self.headline = f"{self.paper.title}. {self._record}".strip()
        self.title = wordings(self.headline)  # a sentence need not repeat the subject of the paper, nor who wrote it
        self.names = names.KnownNames([self.headline, self.paper.abstract])
        self._embedder = embedder
        self._vectors: Vectors | None = None
        self._all_words: list[set[str]] | None = None

    @property
    def vectors(self) -> Vectors:
        """The vectors of the sentences, of shape (sentences, dimension)."""
        if self._vectors is None:
            self._vectors = self._embedder.embed(self.texts)
        return self._vectors

    @property
    def all_words(self) -> list[set[str]]:
        """The stems of the words of each sentence, with its figures."""
        if self._all_words is None:
            self._all_words = [content_words(text) for text in self.texts]
        return self._all_words

    def quotation(self, claim: str) -> Evidence | None:
        """Return the sentence of which `claim`, without its marks, is a quotation; None when it is none."""
        start = self.paper.abstract.find(claim) if len(claim) > 1 else -1
        return None if start < 0 else self.evidence(next(i for i, (_, end) in enumerate(self.spans) if end > start), 1.0)

    def recorded(self, claim: str) -> Evidence | None:
        """Return the line of the records as evidence when `claim` only says who wrote the paper, when or where; else None.

        It must name an author, the organisation or a date as the records have them, and nothing that title and records lack.
        """
        known = content_words(self.headline)
        words = content_words(claim) - _OF_RECORDS
        told = words & content_words(self._record) - content_words(self.paper.title)
        names_known = names.KnownNames([self.headline])
        if not told or not words <= known or not all(name in names_known for name in names.mentioned(claim)):
            return None
        return Evidence(n=self.n, paper_id=self.paper.id, sentence=self._record, start=0, end=0, score=1.0)

    def coverage(self, words: set[str]) -> float:
        """Return the share of `words` that the whole abstract and its title have, 0 to 1. Nothing is embedded."""
        have = self.title.union(*self.words)
        return len(words & have) / max(len(words), 1)

    def evidence(self, i: int, score: float) -> Evidence:
        """Return sentence `i` as evidence with `score`, 0 to 1."""
        start, end = self.spans[i]
        return Evidence(n=self.n, paper_id=self.paper.id, sentence=self.texts[i], start=start, end=end, score=round(score, 4))


def wordings(text: str) -> set[str]:
    """Return the stems of the words of `text` but its figures, which are compared by value."""
    return {word for word in content_words(text) if not word[0].isdigit()}
