"""Papers side by side without a model: a Markdown table with a column for each, whose cells are sentences of its abstract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rag.answering import evidence_table
from rag.answering.evidence_table import COLUMNS, NOT_SAID
from rag.interfaces import Embedder
from rag.text import tables
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


def table(sources: Sequence[Source], asked: Mapping[int, str], embedder: Embedder) -> Iterator[str]:
    """Yield the table line by line: its head, what `asked` quotes for each source by its number, and the usual rows.

    The head has the number of each source; the cells below are all of it. A row that no abstract fills is left out.
    """
    compared = evidence_table.comparison([source.paper for source in sources], embedder)
    rows = [(name, [quote.text if quote else "" for quote in quotes]) for name, quotes in compared.rows]
    if asked:
        rows.insert(0, (_ASKED, [asked.get(source.n, "") for source in sources]))
    yield tables.row(["", *(f"**{title_of(source.paper)}** [{source.n}]" for source in sources)])
    yield "\n" + tables.rule(len(sources) + 1)
    told: list[str] = ["" for _ in sources]
    for name, texts in rows:
        if any(text and text not in before for text, before in zip(texts, told, strict=True)):
            yield "\n" + tables.row([f"**{name}**", *map(_cell, texts, told)])
            told = [f"{before}\n{text}" for before, text in zip(told, texts, strict=True)]


def _cell(text: str, before: str) -> str:
    return NOT_SAID if not text else _ABOVE if text in before else text
