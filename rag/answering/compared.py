"""Papers side by side without a model: a Markdown table with a column for each, whose cells are sentences of its abstract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rag.answering import evidence_table
from rag.answering.evidence_table import COLUMNS, NOT_SAID
from rag.interfaces import Embedder
from rag.text import names, tables
from rag.text.statements import title_of
from rag.text.words import content_words
from rag.types import Source

MAX_PAPERS = 6  # of a table
_ASKED = "On the question"  # the row of what the question asks
_ABOVE = "as above"  # in place of a sentence that stands in the column already
_ANY_DIFFERENCE = content_words(f"difference differ different compare {' '.join(COLUMNS)}")


def has_aspect(aspect: str) -> bool:
    """Whether a comparison asks for something besides what every table tells."""
    return bool(content_words(aspect) - _ANY_DIFFERENCE)


def chosen(subjects: Sequence[str], sources: Sequence[Source]) -> list[Source]:
    """Return the sources that a comparison of `subjects` puts side by side; of the first ones when it names no subjects.

    That is one for each subject: with the subject in its title or among its authors, else one that mentions it; each only once.
    """
    if not subjects:
        return list(sources[:MAX_PAPERS])
    found: dict[str, Source] = {}
    heads = {s.n: f"{s.paper.title}\n{'; '.join(s.paper.authors)}" for s in sources}
    for texts in (heads, {s.n: f"{heads[s.n]}\n{s.paper.abstract}" for s in sources}):
        matches = {x: [s for s in sources if _has(texts[s.n], x)] for x in subjects}
        for subject in sorted(subjects, key=lambda x: len(matches[x])):  # the subject with the fewest sources first
            free = [s for s in matches[subject] if s not in found.values()]
            if subject not in found and free:
                found[subject] = free[0]
    return [found[subject] for subject in subjects if subject in found]


def _has(text: str, subject: str) -> bool:
    return subject in names.KnownNames([text]) or content_words(subject) <= content_words(text)


def table(sources: Sequence[Source], asked: Mapping[int, str], embedder: Embedder) -> Iterator[str]:
    """Yield the table of `sources` line by line, with what `asked` quotes for each of them by its number, and the usual rows.

    A row that no abstract fills is left out. Raises EmbedderError.
    """
    rows = [
        (name, [quote.text if quote else "" for quote in quotes])
        for name, quotes in evidence_table.comparison([source.paper for source in sources], embedder).rows
    ]
    if asked:
        rows.insert(0, (_ASKED, [asked.get(source.n, "") for source in sources]))
    heads = (f"**{title_of(source.paper)}** [{source.n}]" for source in sources)  # the cells below are all of that source
    yield f"{tables.row(['', *heads])}\n{tables.rule(len(sources) + 1)}"
    told = ["" for _ in sources]
    for name, texts in rows:
        if any(text and text not in before for text, before in zip(texts, told, strict=True)):
            yield "\n" + tables.row([f"**{name}**", *map(_cell, texts, told)])
            told = [f"{before}\n{text}" for before, text in zip(told, texts, strict=True)]


def _cell(text: str, before: str) -> str:
    return NOT_SAID if not text else _ABOVE if text in before else text
