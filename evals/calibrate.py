"""python -m evals calibrate: measures the grounding check on claims that are known to be true or false.

Without options, the true claims are sentences of the starter corpus. --papers gives the abstracts to check them against: the
same papers in other words. The false claims are made from the true ones, by one change each. Half of the papers are for
choosing thresholds, the other half is held back. --published and --pairs use claims written and judged by others.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from math import sqrt
from pathlib import Path
from random import Random

import numpy as np

from evals import claim_pairs, mutations
from evals.arguments import at_least
from evals.claim_pairs import PUBLISHED, TRUE, Pair
from evals.labelled_claims import numbered
from rag.checking import checker, features, rule
from rag.checking.abstract import Abstract
from rag.checking.features import Asked
from rag.errors import SourceError, UsageError
from rag.index.embedder_cache import CachedEmbedder
from rag.index.minilm import MiniLM
from rag.interfaces import Embedder
from rag.settings.settings import load
from rag.sources import formats
from rag.text import names, sentences, words
from rag.types import Paper

NEIGHBOUR, OTHER = "neighbour cited", "another paper's claim"
_SEED = 7
_MIN_CLAIMS = 20  # so that each half has some
_MIN_CLAIM_CHARS = 40


@dataclass(frozen=True, slots=True)
class CheckedPair:
    """A pair with the result of the check; `score` is the probability that the abstract says the claim, 0 to 1."""

    pair: Pair
    supported: bool
    verdict: str
    score: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pairs", type=Path, metavar="FILE", help="JSONL of claim, evidence (an abstract), label, maybe title")
    parser.add_argument(
        "--published",
        nargs=2,
        metavar=("NAME", "DIR"),
        help=f"a published set, from the folder of its files: {', '.join(PUBLISHED)}",
    )
    parser.add_argument("--papers", nargs="+", metavar="FILE", help="abstracts to hold the starter's sentences against")
    parser.add_argument("--most", type=at_least(_MIN_CLAIMS), default=600, help="claims of the corpus to use (600)")


def run(args: argparse.Namespace) -> int:
    """Print a table for each set of claims; return 0."""
    embedder = CachedEmbedder(MiniLM(load().home))
    if args.pairs:
        print("\n".join(table(check(claim_pairs.from_file(args.pairs), embedder), args.pairs.name)))
        return 0
    if args.published:
        name, folder = args.published
        if name not in PUBLISHED:
            raise UsageError(f"There is no set named {name}.", f"Name one of: {', '.join(PUBLISHED)}.")
        for part, pairs in claim_pairs.published(name, Path(folder)).items():
            print("\n".join(table(check(pairs, embedder), f"{name}, {part}")) + "\n")
        return 0
    claimed, abstracts = corpus([formats.STARTER]), corpus(args.papers or [formats.STARTER])
    checked = check(make_pairs(claimed, abstracts, args.most, embedder), embedder)
    for held_back, label in ((False, "for choosing thresholds"), (True, "held back")):
        print("\n".join(table([c for c in checked if c.pair.held_back is held_back], f"Claims of the corpus, {label}")) + "\n")
    return 0


def check(pairs: Iterable[Pair], embedder: Embedder) -> list[CheckedPair]:
    """Return each pair with the result of the product's own check, where the claim cites the first paper."""
    checked = []
    for pair in pairs:
        sources = numbered(pair.papers)
        claims = checker.check(_cited(pair.claim), sources, embedder)
        claim = next((c for c in claims if c.verdict != "none"), claims[0])
        vector = embedder.embed([pair.claim])[0]
        reading = features.read(Asked(pair.claim, vector, vector), [Abstract(sources[0], embedder)])
        score = rule.probability(reading.features)
        supported = all(c.verdict in ("supported", "none") for c in claims)
        checked.append(CheckedPair(pair=pair, supported=supported, verdict=claim.verdict, score=score))
    return checked


def _cited(claim: str) -> str:
    """Return `claim` with a mark of the first source at the end of each of its sentences."""
    return " ".join(f"{claim[start:end]} [1]" for start, end in sentences.split(claim))


def table(judged: Sequence[CheckedPair], title: str) -> Iterator[str]:
    """Yield a line for each kind of false claim: their number, the share caught, and the share of true claims kept.

    The balanced accuracy is the mean of the two, with the half width of its 95% interval (normal approximation).
    """
    true = [j for j in judged if j.pair.kind == TRUE]
    yield f"{title}: {len(true)} true claims, {_share(true, lambda j: j.supported):.3f} found supported"
    yield f"{'made false by':28} {'n':>5} {'caught':>7} {'kept':>7} {'balanced accuracy':>18}"
    kinds = [k for k in dict.fromkeys(j.pair.kind for j in judged) if k != TRUE]
    for kind in [*kinds, *(["all of these"] if len(kinds) > 1 else [])]:
        wrong = [j for j in judged if j.pair.kind in (kinds if kind == "all of these" else [kind])]
        origins = {j.pair.origin for j in wrong}
        unchanged = [j for j in true if j.pair.origin in origins] or true
        caught, kept = _share(wrong, lambda j: not j.supported), _share(unchanged, lambda j: j.supported)
        wide = 1.96 / 2 * sqrt(caught * (1 - caught) / len(wrong) + kept * (1 - kept) / len(unchanged))
        yield f"{kind:28} {len(wrong):5} {caught:7.3f} {kept:7.3f} {(caught + kept) / 2:18.3f} ±{wide:.3f}"
    neighbours = [j for j in judged if j.pair.kind == NEIGHBOUR]
    if neighbours:
        share = _share(neighbours, lambda j: j.verdict == "miscited")
        yield f"of these, miscited and the right source named: {share:.3f}"
    yield _best_threshold(judged)


def _best_threshold(judged: Sequence[CheckedPair]) -> str:
    """Return a line on the best threshold for the score alone, with its balanced accuracy."""
    scores = np.array([j.score for j in judged])
    true = np.array([j.pair.kind == TRUE for j in judged])
    accuracy = {t: ((scores[true] >= t).mean() + (scores[~true] < t).mean()) / 2 for t in np.arange(0.05, 0.95, 0.01)}
    best = max(accuracy, key=lambda t: accuracy[t])
    return f"by probability alone: {accuracy[best]:.3f} at {best:.2f}; the product uses {rule.MIN_SUPPORTED}"


def _share(judged: Sequence[CheckedPair], test: Callable[[CheckedPair], bool]) -> float:
    return sum(map(test, judged)) / len(judged) if judged else float("nan")


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
