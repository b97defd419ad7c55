"""Answers from the records about one paper: whether the library has it, who wrote it, and when."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from rag.collection import phrasing, titles
from rag.collection.patterns import Want
from rag.collection.phrasing import AnswerLine, CollectionAnswer, Part
from rag.collection.query import Query
from rag.index.generations import Index
from rag.storage.library import Library
from rag.text.words import content_words
from rag.types import Paper

MAX_PAPERS_SHOWN = 20  # papers that an answer lists
_MAX_SIMILAR_TITLES_SHOWN = 3  # titles offered when the library has no such title
_MAX_PAPERS_OF_ONE_NAME = 3  # when more papers bear the name, the question goes to retrieval

_UNTOLD = "The records have titles, authors, dates and organisations, and cannot tell that."

Near = Callable[[str], Sequence[str]]  # the ids of the papers nearest to some words in meaning
Catalogue = Mapping[str, tuple[str, str | None]]  # title and date by paper id


def answer(query: Query, searched: Catalogue, library: Library, index: Index, near: Near) -> CollectionAnswer | None:
    """Return whether the library has the paper of `query`, or what the records tell of it; None for retrieval.

    A paper that is described and not named is the one with the words in its title, or the one that comes nearest.
    """
    matches = titles.find(query.title, {i: title for i, (title, _) in searched.items()}, index) if query.title else []
    same = [i for i, similarity in matches if similarity >= titles.MIN_SAME_TITLE_SIMILARITY]
    if query.want == "title":
        return _whether_there(query, matches, same, searched, library)
    named = [i for i in same if dict(matches)[i] == matches[0][1]] or _described(query.title, searched, near)
    if query.want == "untold":
        papers = in_order(named[:_MAX_PAPERS_OF_ONE_NAME], library)
        return phrasing.refusal(_UNTOLD, len(searched), papers, len(papers))
    unclear = not 0 < len(named) <= _MAX_PAPERS_OF_ONE_NAME
    return None if unclear else of_papers([query.want, *query.also], in_order(named, library), len(searched))


def _described(words: str, searched: Catalogue, near: Near) -> list[str]:
    """Return the papers that `words` describe, best first: those with all of them in the title, else the nearest one."""
    nearest = [i for i in near(words) if i in searched] if words else []
    wanted = content_words(words)
    having = [i for i in nearest if wanted <= content_words(searched[i][0])]
    return having or nearest[:1]


def _whether_there(
    query: Query, matches: Sequence[tuple[str, float]], same: Sequence[str], searched: Catalogue, library: Library
) -> CollectionAnswer | None:
    best = matches[0][1] if matches else 0.0
    if not same and any(titles.starts_with_title(query.title, title) for title, _ in searched.values()):
        return None  # "called GraphSAINT, and what does it do?"
    like = [i for i, similarity in matches if similarity >= titles.MIN_LIKE_TITLE_SIMILARITY]
    ids = same or like[:_MAX_SIMILAR_TITLES_SHOWN]
    if not ids:
        nearest = in_order([i for i, _ in matches[:_MAX_SIMILAR_TITLES_SHOWN]], library)
        return phrasing.refusal(f"No paper has a title like “{query.title}”.", len(searched), nearest)
    lead = "The library has this paper:" if best == 1 else "No paper has exactly this title. The most similar titles:"
    papers = in_order(ids[:MAX_PAPERS_SHOWN], library)
    lines = (AnswerLine(lead), *phrasing.items(papers, "", authors=query.name_authors or "authors" in query.also))
    return phrasing.compose([Part(lines, tuple(papers), tuple(ids))], len(searched), len(ids))


def of_papers(wants: Sequence[Want], papers: Sequence[Paper], searched: int) -> CollectionAnswer:
    """Return what `wants` names of `papers`, in that order, as far as the records have it: authors, dates, organisations."""
    lines: list[AnswerLine] = []
    lacking = []
    for want in wants:
        found = [AnswerLine(said, n=n) for n, paper in enumerate(papers, 1) if (said := _told(want, paper))]
        lines += found
        lacking += [] if found else [f"the {want}"]
    if "untold" in wants:
        return phrasing.refusal(_UNTOLD, searched, papers, len(papers))
    reason = f"The records do not give {' and '.join(lacking)} of “{phrasing.title(papers[0])}”."
    if not lines:
        return phrasing.refusal(reason, searched, papers, len(papers))
    lines += [AnswerLine(reason)] if lacking else []
    return phrasing.compose([Part(tuple(lines), tuple(papers), tuple(p.id for p in papers))], searched, len(papers))


def _told(want: Want, paper: Paper) -> str:
    """Return the sentence on what is wanted of `paper`; "" when its record does not have it."""
    if want == "untold":
        return ""
    if want == "authors":
        return _authors(paper) if paper.authors or paper.author_count is not None else ""
    if want == "organisation":
        return f"“{phrasing.title(paper)}” is from {paper.organisation}" if paper.organisation else ""
    if want == "title":
        return f"The library has “{phrasing.title(paper)}”"
    return f"“{phrasing.title(paper)}” is dated {paper.published}" if paper.published else ""


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
