"""Claims made of the abstracts of a corpus: its sentences, which are true, and false ones made of them by one change each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from hashlib import sha256
from random import Random

from evals import mutations
from evals.claim_pairs import TRUE, Pair
from rag.errors import SourceError
from rag.interfaces import Embedder
from rag.sources import formats
from rag.text import names, sentences, words
from rag.types import Paper

NEIGHBOUR, OTHER = "neighbour cited", "another paper's claim"
_SEED = 7
_MIN_CLAIM_CHARS = 40


def make_pairs(claimed: dict[str, Paper], abstracts: dict[str, Paper], max_claims: int, embedder: Embedder) -> Iterator[Pair]:
    """Yield up to `max_claims` true claims with the false claims made from them.

    A true claim is a sentence of `claimed` that cites the same paper of `abstracts`. Both map ids to papers.
    """
    rng = Random(_SEED)  # noqa: S311 - a fixed seed gives the same claims every time
    shared = [paper_id for paper_id in claimed if paper_id in abstracts]
    texts = [(i, claimed[i].abstract[a:b]) for i in shared for a, b in sentences.split(claimed[i].abstract)]
    chosen = [(i, t) for i, t in texts if len(t) >= _MIN_CLAIM_CHARS]
    rng.shuffle(chosen)
    vectors = embedder.embed([f"{abstracts[i].title}\n{abstracts[i].abstract}" for i in shared])
    place = {paper_id: row for row, paper_id in enumerate(shared)}
    for n, (paper_id, claim) in enumerate(chosen[:max_claims]):
        paper, held_back = abstracts[paper_id], sha256(paper_id.encode()).digest()[0] % 2 == 0
        similar = vectors @ vectors[place[paper_id]]
        similar[place[paper_id]] = -1
        neighbour, other = abstracts[shared[int(similar.argmax())]], abstracts[rng.choice(shared)]
        pair = partial(Pair, held_back=held_back, origin=f"{n}")
        yield pair(claim=claim, papers=(paper,), kind=TRUE)
        own = names.KnownNames([paper.title, paper.abstract])
        theirs = claimed[rng.choice(shared)].abstract.partition("http")[0]
        foreign = [name for name in names.mentioned(theirs) if name not in own]
        methods = words.method_names(" ".join(foreign))  # as GraphSAINT; "Whisper" may be a plain word
        changed = {
            "number changed": mutations.number(claim, rng),
            "wrong figure in words": mutations.spelled(claim, rng),
            "unit changed": mutations.unit(claim, rng),
            "name swapped": mutations.name(claim, methods, rng),
            "plain word as a name": mutations.name(claim, [n for n in foreign if n not in methods], rng),
            "negated": mutations.negation(claim, rng),
            "direction turned": mutations.direction(claim, rng),
            "overclaimed": mutations.overclaim(claim, rng),
        }
        yield from (pair(claim=false, papers=(paper,), kind=kind) for kind, false in changed.items() if false)
        yield pair(claim=claim, papers=(neighbour, paper), kind=NEIGHBOUR)
        if other.id != paper.id:
            yield pair(claim=claim, papers=(other,), kind=OTHER)


def corpus(places: Sequence[str]) -> dict[str, Paper]:
    """Return the papers of some files by id, each with its longest abstract. Raises SourceError when there are none."""
    papers: dict[str, Paper] = {}
    for place in places:
        for record in formats.parse(formats.load(place)[1], place):
            if isinstance(record, Paper) and len(record.abstract) > len(
                papers[record.id].abstract if record.id in papers else ""
            ):
                papers[record.id] = record
    if not papers:
        raise SourceError("There are no papers to check claims against.", "Give files with abstracts to --papers.")
    return papers
