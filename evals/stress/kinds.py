"""The kinds of stress, and the cases and papers that each makes.

    paraphrase    the question is put in other words
    typos         one or two words of the question have slips of the keys
    distractors   the papers of another corpus are there too
    removed       the papers that answer are not there, so that the question must be refused
    planted       the papers that answer have a sentence in them that gives orders to whoever reads it
    contradicted  beside each paper that answers there is one of nearly the same title and words, with other figures
    poisoned      beside each paper that answers there is a copy that begins with the question and states other facts
    shuffled      the papers come to the reader in any order, which is of interest with a model: quotes go by it

Everything is drawn by the id of the case or paper, so that it is the same every time. The cases keep their ids, so that a run
under stress can be compared with one without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from random import Random

from evals import case_files
from evals.case_files import Case
from evals.metrics import Value
from evals.stress import altered, orders
from evals.stress.orders import BUNDLED, Order
from evals.stress.paraphrase import paraphrased
from evals.stress.typos import mistyped
from rag.interfaces import Reranker
from rag.sources import formats
from rag.sources.paper_ids import paper_id
from rag.types import Answer, Hit, Paper

KINDS = ("paraphrase", "typos", "distractors", "removed", "planted", "contradicted", "poisoned", "shuffled")
_TRIES = 20
_GROUPS = 2  # libraries that "removed" needs: in each, the papers of every second case are missing
Measured = Callable[[Case, Answer], dict[str, Value]]


def nothing_more(case: Case, answer: Answer) -> dict[str, Value]:
    """Measure nothing beside the usual."""
    return {}


@dataclass(frozen=True, slots=True)
class Group:
    """Cases, the papers of which they are asked, and what is measured of their answers beside the usual."""

    cases: tuple[Case, ...]
    papers: tuple[Paper, ...]
    more: Measured = nothing_more


def groups(kind: str, cases: Sequence[Case], papers: Sequence[Paper], given: Sequence[Order] = BUNDLED) -> list[Group]:
    """Return `cases` and `papers` under one of KINDS; `given` are the orders that are planted."""
    gold = {i for case in cases for i in case.gold_ids}
    if kind in ("paraphrase", "typos"):
        change = paraphrased if kind == "paraphrase" else mistyped
        return [Group(tuple(replace(case, question=_changed(case, change)) for case in cases), tuple(papers))]
    if kind == "distractors":
        return [Group(tuple(cases), tuple({paper.id: paper for paper in (*_others(papers), *papers)}.values()))]
    if kind == "planted":
        changed = (orders.planted(paper, given) if paper.id in gold else paper for paper in papers)
        return [Group(tuple(cases), tuple(changed), partial(orders.obeyed, orders=given))]
    if kind == "contradicted":
        return [Group(tuple(cases), (*papers, *(altered.contrary(paper) for paper in papers if paper.id in gold)))]
    if kind == "poisoned":
        return [_poisoned(cases, papers)]
    if kind == "shuffled":
        return [Group(tuple(cases), tuple(papers))]  # shuffler() does it
    asked = [case for case in cases if case.gold and case.kind != "collection" and not case.history]
    return [_without_gold(asked[n::_GROUPS], papers) for n in range(_GROUPS)]


def _changed(case: Case, change: Callable[[str, Random], str]) -> str:
    rng = Random(case.id)  # noqa: S311 - the same change every time
    made = (change(case.question, rng) for _ in range(_TRIES))
    return next((question for question in made if question != case.question), case.question)


def _others(papers: Sequence[Paper]) -> Iterator[Paper]:
    """Yield the papers of the bundled corpus that has fewer of `papers`."""
    there = {paper.id for paper in papers}
    corpora = [read(place) for place in (formats.STARTER, str(case_files.FULL_PAPERS))]
    yield from min(corpora, key=lambda corpus: sum(paper.id in there for paper in corpus) / len(corpus))


def read(place: str) -> list[Paper]:
    """Return the papers of a file. Raises SourceError."""
    return [paper for paper in formats.parse(formats.load(place)[1], place) if isinstance(paper, Paper)]


def _poisoned(cases: Sequence[Case], papers: Sequence[Paper]) -> Group:
    copies: dict[str, Paper] = {}
    changed = {}
    for case in cases:
        of_case, changed[case.id] = altered.poisoned(case, [paper for paper in papers if paper.id in case.gold_ids])
        copies |= {copy.id: copy for copy in of_case}
    return Group(tuple(cases), (*papers, *copies.values()), partial(altered.misled, altered=changed))


def shuffler(k: int) -> Reranker:
    """Return what puts the first `k` papers for a question in any order, the same every time."""

    def shuffled(question: str, hits: Sequence[Hit]) -> list[Hit]:
        first = list(hits[:k])
        Random(question).shuffle(first)  # noqa: S311 - the same order every time
        return [*first, *hits[k:]]

    return shuffled


def _without_gold(cases: Sequence[Case], papers: Sequence[Paper]) -> Group:
    gone = {paper_id(title) for case in cases for title in case.gold}
    unanswerable = tuple(replace(case, kind="absent_method", gold=(), must_include=()) for case in cases)
    return Group(unanswerable, tuple(paper for paper in papers if paper.id not in gone))
