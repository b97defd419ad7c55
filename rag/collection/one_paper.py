"""Answers from the records about one paper: whether the library has it, who wrote it, and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rag.collection import phrasing, titles
from rag.collection.patterns import Want
from rag.collection.phrasing import AnswerLine, CollectionAnswer
from rag.collection.query import Query
from rag.index.generations import Index
from rag.storage.library import Library
from rag.types import Paper

MAX_PAPERS_SHOWN = 20  # papers that an answer lists
_MAX_SIMILAR_TITLES_SHOWN = 3  # titles offered when the library has no such title
_MAX_PAPERS_OF_ONE_NAME = 3  # when more papers bear the name, the question goes to retrieval

Catalogue = Mapping[str, tuple[str, str | None]]  # title and date by paper id


def by_title(query: Query, searched: Catalogue, library: Library, index: Index) -> CollectionAnswer | None:
    """Return whether the library has the paper with the title of `query`, or its authors, or its date; None for retrieval."""
    matches = titles.find(query.title, {i: title for i, (title, _) in searched.items()}, index)
    best = matches[0][1] if matches else 0.0
    same = [i for i, similarity in matches if similarity >= titles.MIN_SAME_TITLE_SIMILARITY]
    if query.want != "title":
        named = [i for i in same if dict(matches)[i] == best]
        unclear = not 0 < len(named) <= _MAX_PAPERS_OF_ONE_NAME
        return None if unclear else of_papers([query.want], in_order(named, library), len(searched))
    if not same and any(titles.starts_with_title(query.title, title) for title, _ in searched.values()):
        return None  # "called GraphSAINT, and what does it do?"
    like = [i for i, similarity in matches if similarity >= titles.MIN_LIKE_TITLE_SIMILARITY]
    ids = same or like[:_MAX_SIMILAR_TITLES_SHOWN]
    if not ids:
        nearest = in_order([i for i, _ in matches[:_MAX_SIMILAR_TITLES_SHOWN]], library)
        return phrasing.refusal(f"No paper has a title like “{query.title}”.", len(searched), nearest)
    lead = "The library has this paper:" if best == 1 else "No paper has exactly this title. The most similar titles:"
    papers = in_order(ids[:MAX_PAPERS_SHOWN], library)
    return phrasing.compose(
        [AnswerLine(lead), *phrasing.items(papers, "", authors=query.name_authors)], papers, ids, len(searched), len(ids)
    )


def of_papers(wants: Sequence[Want], papers: Sequence[Paper], searched: int) -> CollectionAnswer:
    """Return the authors or the dates of `papers`, or both in the order of `wants`, as far as the records have them."""
    lines: list[AnswerLine] = []
    lacking = []
    for want in wants:
        if want == "authors":
            found = [AnswerLine(_authors(p), n=n) for n, p in enumerate(papers, 1) if p.authors or p.author_count is not None]
        else:
            dated = [(n, p) for n, p in enumerate(papers, 1) if p.published]
            found = [AnswerLine(f"“{phrasing.title(p)}” is dated {p.published}", n=n) for n, p in dated]
        lines += found
        lacking += [] if found else ["the authors" if want == "authors" else "the date"]
    reason = f"The records do not give {' and '.join(lacking)} of “{phrasing.title(papers[0])}”."
    if not lines:
        return phrasing.refusal(reason, searched, papers, len(papers))
    lines += [AnswerLine(reason)] if lacking else []
    return phrasing.compose(lines, papers, [p.id for p in papers], searched, len(papers))


def _authors(paper: Paper) -> str:
    count = max(len(paper.authors), paper.author_count or 0)
    sentence = f"“{phrasing.title(paper)}” has {count} author{'s' * (count != 1)}"
    if not paper.authors:
        return f"{sentence}; the records do not name them"
    return f"{sentence}: {', '.join(paper.authors)}" + " and others" * (len(paper.authors) < count)


def in_order(ids: Sequence[str], library: Library) -> list[Paper]:
    """Return the papers of `ids`, in that order."""
    papers = library.papers(ids)
    return [papers[i] for i in ids if i in papers]
