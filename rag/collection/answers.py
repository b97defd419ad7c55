"""Answers questions about the collection from the library and the index. No model writes any of it.

An answer lists its papers with numbers. It says how papers were counted, how many were searched and how many considered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from rag.collection import one_paper, phrasing, selected
from rag.collection.one_paper import MAX_PAPERS_SHOWN, Near, in_order
from rag.collection.patterns import Want
from rag.collection.phrasing import AnswerLine, CollectionAnswer, Part
from rag.collection.query import RECENT_MONTHS, Query
from rag.collection.selected import Selection
from rag.index.generations import Index
from rag.storage.library import Library
from rag.text import dates
from rag.types import Filters, Paper

_MOST_AUTHORS_SHOWN = 10
_MOST_COAUTHORS_SHOWN = 20
MAX_NEAR_SHOWN = 5
_DEFAULT_EXTREMES_SHOWN = 10  # newest or oldest papers, when the question gives no number


def best(queries: Sequence[Query], library: Library, index: Index, filters: Filters, near: Near) -> CollectionAnswer | None:
    """Return the answer to the first of some readings of a question that papers answer, else that says why none does."""
    known = [found for query in queries if (found := answer(query, library, index, filters, near)) is not None]
    return min(known, key=lambda found: (found.reason is not None, not found.records), default=None)


def answer(
    query: Query, library: Library, index: Index, filters: Filters | None = None, near: Near = lambda topic: []
) -> CollectionAnswer | None:
    """Return the answer to `query` from the papers that pass `filters`; None when retrieval should answer instead.

    `near` returns the ids of the papers nearest to a topic in meaning. They stand for it where no paper has its words and a
    record of them is asked for, never in a count.
    """
    catalogue = library.catalogue()
    searched = {i: catalogue[i] for i in library.matching(filters or Filters()) if i in catalogue}
    if (query.mention and query.about) or (not searched and (filters or query.want != "count")):
        return None  # two topics are too many; where no paper passes the filters, retrieval says why
    if query.title or query.want == "untold":
        return one_paper.answer(query, searched, library, index, near)
    query = selected.resolved(query, library)
    if reason := selected.unknown(query, library, filters or Filters()):
        return phrasing.refusal(reason, len(searched))
    days = [day for _, day in searched.values() if day]
    if not days and (query.months or query.want in ("newest", "oldest", "range")):
        return phrasing.refusal("None of the papers searched has a date.", len(searched))
    notes: tuple[AnswerLine, ...] = ()
    if query.months:
        query = replace(query, since=dates.months_until(max(days), query.months))
        notes = (_months_note(query, min(days), max(days)),)
    selection = selected.select(
        query, searched, library, index, near, where="within the filters" if filters else "here", notes=notes
    )
    if not selection.topical and " " in query.about:  # no paper has these words; they may describe one, as retrieval can tell
        return None
    parts = [_by_want(want, selection, library) for want in (query.want, *query.also)]
    return phrasing.compose(parts, len(selection.searched), len(selection.chosen))


def _months_note(query: Query, first: str, last: str) -> AnswerLine:
    """Return the sentences that say from which date the last months were counted back."""
    if query.months == RECENT_MONTHS:
        meaning = f"“Recent” means the last {query.months} months up to that date"
    else:
        span = "month is" if query.months == 1 else f"{query.months} months are"
        meaning = f"The last {span} counted back from that date"
    return AnswerLine(f"The papers are dated from {first} to {last}. {meaning}: from {query.since} on.")


def _by_want(want: Want, selection: Selection, library: Library) -> Part:
    if want in ("most_authors", "fewest_authors"):
        return _extreme_authors(selection, library, fewest=want == "fewest_authors")
    if want in ("by_author", "coauthors"):
        return _people(selection, library, beside=want == "coauthors")
    if want in ("newest", "oldest"):
        return _extremes(selection, library, newest=want == "newest")
    if want in ("by_year", "by_month", "by_source", "by_organisation"):
        return _counts(want, selection, library)
    return _date_range(selection) if want == "range" else _list(selection, library)


def _extreme_authors(selection: Selection, library: Library, *, fewest: bool) -> Part:
    """Return the papers with the most or the fewest authors, as far as the records tell."""
    papers = library.papers(selection.chosen).values()
    counts = {p.id: max(len(p.authors), p.author_count or 0) for p in papers}
    known = [count for count in counts.values() if count]
    unknown = len(counts) - len(known)
    left = [AnswerLine(f"Of {unknown:,} paper{'s' * (unknown != 1)} the records do not give the authors.")] * bool(unknown)
    if not known:
        return _part([AnswerLine(f"{selection.there_are(len(papers))}.{selection.search_note}"), *left], selection, ())
    extreme = min(known) if fewest else max(known)
    of_them = [i for i in counts if counts[i] == extreme]
    what = "fewest" if fewest else "most"
    lead = f"The {what} authors of a paper {selection.where}{selection.restriction(1)}: {extreme:,}.{selection.search_note}"
    many = [AnswerLine(f"{len(of_them):,} papers have as {'few' if fewest else 'many'}:")] * (len(of_them) > 1)
    shown = in_order(of_them[:MAX_PAPERS_SHOWN], library)
    return _part([AnswerLine(lead), *many], selection, of_them, shown, left, authors=True)


def _people(selection: Selection, library: Library, *, beside: bool) -> Part:
    """Return the authors of the most papers, with how many each has; `beside`, those who wrote with the author asked for."""
    papers = library.papers(selection.chosen).values()
    own = f" {selection.query.author.casefold()} "
    counts = Counter(
        author
        for paper in papers
        for author in dict.fromkeys(paper.authors)
        if not (beside and own.strip() and own in f" {author.casefold()} ")
    )
    unnamed = sum(not paper.authors for paper in papers)
    lines = [AnswerLine(f"{selection.there_are(len(papers))}.{selection.search_note}")]
    ranked = counts.most_common()
    if beside:
        top = ranked[:_MOST_COAUTHORS_SHOWN]
        lines += [AnswerLine("They wrote with:" if top else "They name nobody else.")]
    else:
        top = [(name, n) for name, n in ranked[:_MOST_AUTHORS_SHOWN] if n == max(counts.values()) or n > 1]
        lines += [AnswerLine("Papers by author, the most first:")] if top else []
    lines += [AnswerLine(f"{name}: {n:,}", item=True) for name, n in top]
    lines += [AnswerLine(f"The records name {len(counts):,} author{'s' * (len(counts) != 1)}.")] * (not beside and bool(top))
    more = len(ranked) - len(top)
    lines += [AnswerLine(f"And {more:,} more.")] * (beside and more > 0)
    lines += [AnswerLine(f"Of {unnamed:,} paper{'s' * (unnamed != 1)} the records name no author.")] * bool(unnamed)
    return _part(lines, selection, selection.chosen)


def _date_range(selection: Selection) -> Part:
    """Return the date range of all papers, or of those that the query selects."""
    n = len(selection.chosen)
    narrowed = phrasing.narrowed(selection.query) != Filters() or bool(selection.topic)
    lines = [AnswerLine(f"{selection.there_are(n)}.{selection.search_note}")] * narrowed
    lines += _dates(selection, "of them" * narrowed) or [AnswerLine("None of them has a date.")] * bool(n)
    return _part(lines, selection, selection.chosen)


def _list(selection: Selection, library: Library) -> Part:
    """Return how many papers there are, how they were counted, and which ones they are."""
    n = len(selection.chosen)
    lines = [*selection.notes, AnswerLine(f"{selection.there_are(n)}.{selection.search_note}")]
    if selection.query.since or selection.query.until:
        lines += _left_out([i for i in selection.topical if not selection.date(i)], selection)
    if selection.query == Query("count"):
        return _part([*lines, *_dates(selection, "of them")], selection, selection.chosen)
    shown = [*selection.dated()[::-1], *selection.undated()][:MAX_PAPERS_SHOWN]
    dated = sum(selection.date(i) is not None for i in shown)
    order = ", newest first" * (dated > 0 and n > 1) + ", those without a date last" * (0 < dated < len(shown))
    if shown:
        lead = f"The first {MAX_PAPERS_SHOWN}" if n > MAX_PAPERS_SHOWN else "They are" if n > 1 else "It is"
        lines.append(AnswerLine(f"{lead}{order}:"))
    near = in_order(selection.near[:MAX_NEAR_SHOWN], library)
    after = [AnswerLine("Without these words, but near in meaning:")] if near else []
    after += phrasing.items(near, "", first=len(shown) + 1)
    return _part(lines, selection, selection.chosen, in_order(shown, library), after, near)


def _extremes(selection: Selection, library: Library, *, newest: bool) -> Part:
    """Return the newest or oldest papers. When one paper is wanted, return all papers of its date."""
    query, note = selection.query, selection.search_note
    ordered = selection.dated()
    left_out = _left_out(selection.undated(), selection)
    if not ordered:
        none = AnswerLine(f"{selection.there_are(0)}, with a date.{note}")
        return _part([*selection.notes, none, *left_out], selection, ())
    if newest:
        ordered = ordered[::-1]
    shown = ordered[: min(query.most or _DEFAULT_EXTREMES_SHOWN, MAX_PAPERS_SHOWN)]
    if query.most == 1:
        shown = [i for i in ordered if selection.date(i) == selection.date(ordered[0])][:MAX_PAPERS_SHOWN]
    n = len(ordered)
    first = "newest" if newest else "oldest"
    extremes = first if len(shown) == 1 else f"{len(shown)} {first}"
    whole = f"{n:,} papers" if n > 1 else "only paper"
    lead = f"The {extremes} of the {whole}" if len(shown) < n else f"The {whole}"
    order = f", {first} first" * (len(shown) > 1)
    lines = [*selection.notes, AnswerLine(f"{lead} {selection.where} with a date{selection.restriction(n)}{order}:")]
    after = [*([AnswerLine(note.strip())] if note else []), *left_out]
    return _part(lines, selection, shown, in_order(shown, library), after)


def _counts(want: Want, selection: Selection, library: Library) -> Part:
    """Return how many papers there are of each year or month, in each source, or from each organisation."""
    unit = want.removeprefix("by_")
    if want in ("by_year", "by_month"):
        known = len("2024") if want == "by_year" else len("2024-05")
        ordered = sorted(Counter((selection.date(i) or "")[:known] or "no date" for i in selection.chosen).items())
    else:
        papers = library.papers(selection.chosen).values()
        ordered = Counter(name for paper in papers for name in _listed(paper, want)).most_common()
    lines = [AnswerLine(f"{selection.there_are(len(selection.chosen))}.{selection.search_note}")]
    lines += [AnswerLine(f"By {unit}:")] if ordered else []
    lines += [AnswerLine(f"{name}: {count:,}", item=True) for name, count in ordered]
    return _part(lines, selection, selection.chosen)


def _listed(paper: Paper, want: Want) -> tuple[str, ...]:
    """Return under which names a paper is counted."""
    return paper.sources if want == "by_source" else (paper.organisation or "none named",)


def _dates(selection: Selection, of: str = "") -> list[AnswerLine]:
    """Return a line on the first and the last date, and on how many papers have none; no line without any date."""
    ordered, n = selection.dated(), len(selection.chosen)
    if not ordered:
        return []
    undated = n - len(ordered)
    first, last = selection.date(ordered[0]), selection.date(ordered[-1])
    if n == 1:
        return [AnswerLine(f"{'It' if of else f'The only paper {selection.where}'} is dated {first}.")]
    some = f"{len(ordered):,} {of or f'of the {n:,} papers {selection.where}'}"
    without = f"; {undated:,} {'have' if undated > 1 else 'has'} no date" * bool(undated)
    return [AnswerLine(f"{some} {'are' if len(ordered) > 1 else 'is'} dated from {first} to {last}{without}.")]


def _left_out(undated: Sequence[str], selection: Selection) -> list[AnswerLine]:
    """Return a line on the papers that were left out because they have no date."""
    n = len(undated)
    if not n:
        return []
    more = f"{n:,} more paper{'s' * (n > 1)}{selection.restriction(n, dated=False)}"
    return [AnswerLine(f"{more} {'have' if n > 1 else 'has'} no date and {'are' if n > 1 else 'is'} left out.")]


def _part(
    lines: Sequence[AnswerLine],
    selection: Selection,
    records: Sequence[str],
    papers: Sequence[Paper] = (),
    after: Sequence[AnswerLine] = (),
    named_after: Sequence[Paper] = (),
    *,
    authors: bool = False,
) -> Part:
    query = selection.query
    of_authors = authors or bool(query.author or query.max_authors or query.name_authors)
    items = phrasing.items(papers, selection.topic, authors=of_authors, organisations=query.name_organisations)
    listed = [*lines, *items, *after, *map(AnswerLine, selection.unjudged)]
    return Part(tuple(listed), (*papers, *named_after), tuple(records))
