"""Finds the papers on the topic of a query by its words: as a phrase, or else each word by itself."""

from __future__ import annotations

from rag.collection import phrasing
from rag.collection.one_paper import Catalogue
from rag.collection.phrasing import Way
from rag.collection.query import Query
from rag.index.generations import Index
from rag.storage.library import Library


def papers(query: Query, searched: Catalogue, library: Library, index: Index) -> tuple[tuple[str, ...], Way]:
    """Return the ids of the papers on the topic, and in which way they were found. "X or Y" are two topics."""
    topic = query.mention or query.about
    how: Way = "words" if " and " in topic else "phrase"
    ids = set(searched)
    if topic:
        either = topic.split(" or ")
        ids &= set().union(*(_mentioning(one, library, index, word_by_word=how == "words") for one in either))
        if not ids and how == "phrase" and len(topic.split()) > 1 and query.about:
            ids, how = set(searched) & _mentioning(topic, library, index, word_by_word=True), "words"
    if query.in_title:
        ids = {i for i in ids if phrasing.mentions(searched[i][0], query.in_title)}
    return tuple(sorted(ids)), how


def _mentioning(topic: str, library: Library, index: Index, *, word_by_word: bool) -> set[str]:
    """Return the ids of the papers that mention `topic`.

    The lexical index compares stems, where "general" and "generative" are one word. So each proposed paper is read.
    """
    rows = index.lexical.having(topic, together=not word_by_word)
    found = library.papers([index.paper_at(row) for row in rows])
    return {i for i, p in found.items() if phrasing.mentions(f"{p.title}\n{p.abstract}", topic, word_by_word=word_by_word)}
