"""python -m evals calibrate: measures the grounding check on claims that are known to be true or false.

Without options, these are the labelled answers of evals claims, then sentences of the starter corpus and false claims made of
them by one change each. --papers gives the abstracts to check the sentences against: the same papers in other words. Half of
the papers are for choosing thresholds, the other half is held back. --published and --pairs use claims written and judged by
others. Each set has the same table.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from evals import check_table, claim_pairs, claims, labelled_claims, made_claims
from evals.arguments import at_least
from evals.check_table import Checked
from evals.claim_pairs import PUBLISHED, TRUE, Pair
from evals.claims import STRONG
from evals.labelled_claims import numbered
from rag.checking import checker, features, rule
from rag.checking.abstract import Abstract
from rag.checking.features import Asked
from rag.errors import UsageError
from rag.index.embedder_cache import CachedEmbedder
from rag.index.minilm import MiniLM
from rag.interfaces import Embedder
from rag.output.render import SIGNS
from rag.settings.settings import load
from rag.sources import formats
from rag.text import sentences

_MIN_CLAIMS = 20  # so that each half has some


@dataclass(frozen=True, slots=True)
class CheckedPair:
    """A pair with the verdicts of the check; `score` is the probability that the abstract says the claim, 0 to 1."""

    pair: Pair
    verdicts: tuple[str, ...]
    score: float

    @property
    def row(self) -> Checked:
        marked, strongly = (any(v in signs for v in self.verdicts) for signs in (SIGNS, STRONG))
        return Checked(self.pair.origin, self.pair.kind == TRUE, self.pair.kind, marked, strongly)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pairs", type=Path, metavar="FILE", help="JSONL of claim, evidence (an abstract), label, maybe title")
    parser.add_argument(
        "--published",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "DIR"),
        help=f"a published set, from the folder of its files ({', '.join(PUBLISHED)}); may be given several times",
    )
    parser.add_argument("--papers", nargs="+", metavar="FILE", help="abstracts to hold the starter's sentences against")
    parser.add_argument("--most", type=at_least(_MIN_CLAIMS), default=600, help="claims of the corpus to use (600)")


def run(args: argparse.Namespace) -> int:
    """Print a table for each set of claims; return 0."""
    embedder = CachedEmbedder(MiniLM(load().home))
    if args.pairs:
        print("\n".join(table(check(claim_pairs.from_file(args.pairs), embedder), args.pairs.name)))
    for name, folder in args.published:
        if name not in PUBLISHED:
            raise UsageError(f"There is no set named {name}.", f"Name one of: {', '.join(PUBLISHED)}.")
        for part, pairs in claim_pairs.published(name, Path(folder)).items():
            print("\n".join(table(check(pairs, embedder), f"{name}, {part}")) + "\n")
    if not args.pairs and not args.published:
        _bundled(args, embedder)
    return 0


def _bundled(args: argparse.Namespace, embedder: Embedder) -> None:
    """Print the tables of the labelled answers, unless other papers are given, and of claims made of a corpus."""
    if not args.papers:
        for split in ("dev", "test"):
            judged = claims.judge(labelled_claims.load(None, split), embedder)
            print("\n".join(claims.table(judged, f"Labelled answers, {split}")) + "\n")
    claimed, abstracts = made_claims.corpus([formats.STARTER]), made_claims.corpus(args.papers or [formats.STARTER])
    checked = check(made_claims.make_pairs(claimed, abstracts, args.most, embedder), embedder)
    for held_back, label in ((False, "for choosing thresholds"), (True, "held back")):
        print("\n".join(table([c for c in checked if c.pair.held_back is held_back], f"Claims of the corpus, {label}")) + "\n")


def check(pairs: Iterable[Pair], embedder: Embedder) -> list[CheckedPair]:
    """Return each pair with the verdicts of the product's own check, where each sentence of the claim cites the first paper."""
    checked = []
    for n, pair in enumerate(pairs):
        sources = numbered(pair.papers)
        claims = checker.check(_cited(pair.claim), sources, embedder)
        vector = embedder.embed([pair.claim])[0]
        reading = features.read(Asked(pair.claim, vector, vector), [Abstract(sources[0], embedder)])
        alone = replace(pair, origin=pair.origin or f"{n}")
        checked.append(CheckedPair(alone, tuple(claim.verdict for claim in claims), rule.probability(reading.features)))
    return checked


def _cited(claim: str) -> str:
    """Return `claim` with a mark of the first source at the end of each of its sentences."""
    return " ".join(f"{claim[start:end]} [1]" for start, end in sentences.split(claim))


def table(judged: Sequence[CheckedPair], title: str) -> Iterator[str]:
    """Yield the table of the check, and what else a made or published set tells."""
    yield from check_table.table([j.row for j in judged], title)
    neighbours = [j for j in judged if j.pair.kind == made_claims.NEIGHBOUR]
    if neighbours:
        named = sum("miscited" in j.verdicts for j in neighbours)
        yield f"of the neighbours cited, miscited and the right source named: {named / len(neighbours):.3f}"
    yield _best_threshold(judged)


def _best_threshold(judged: Sequence[CheckedPair]) -> str:
    """Return a line on the best threshold for the score alone, with its balanced accuracy."""
    scores = np.array([j.score for j in judged])
    true = np.array([j.pair.kind == TRUE for j in judged])
    accuracy = {t: ((scores[true] >= t).mean() + (scores[~true] < t).mean()) / 2 for t in np.arange(0.05, 0.95, 0.01)}
    best = max(accuracy, key=lambda t: accuracy[t])
    return f"by probability alone: {accuracy[best]:.3f} at {best:.2f}; the product uses {rule.MIN_SUPPORTED}"
