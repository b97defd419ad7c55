"""python -m evals calibrate: measures the grounding check on claims that are known to be true or false.

Without options, the true claims are sentences of the starter corpus. --papers gives the abstracts to check them against: the
same papers in other words. The false claims are made from the true ones, by one change each. --scifact and --pairs use
claims written and judged by others. Half of the papers are for choosing thresholds, the other half is held back.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from random import Random

import numpy as np

from evals import mutations
from evals.arguments import at_least
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

TRUE, NEIGHBOUR, OTHER = "true", "neighbour cited", "another paper's claim"
_SEED = 7
_MIN_CLAIMS = 20  # so that each half has some
_MIN_CLAIM_CHARS = 40


@dataclass(frozen=True, slots=True)
class Pair:
    """A claim that cites the first of `papers`. `kind` is TRUE, or says what is wrong with the claim."""

    claim: str
    papers: tuple[Paper, ...]
    kind: str
    held_back: bool = True
    origin: str = ""  # of the true claim and of the false ones made from it, to count them together


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
        "--scifact", type=Path, metavar="DIR", help="SciFact: claims_train.jsonl, claims_dev.jsonl, corpus.jsonl"
    )
    parser.add_argument("--papers", nargs="+", metavar="FILE", help="abstracts to hold the starter's sentences against")
    parser.add_argument("--most", type=at_least(_MIN_CLAIMS), default=600, help="claims of the corpus to use (600)")


def run(args: argparse.Namespace) -> int:
    """Print a table for each set of claims; return 0."""
    embedder = CachedEmbedder(MiniLM(load().home))
    if args.pairs:
        print("\n".join(table(check(_from_file(args.pairs), embedder), f"{args.pairs.name}")))
        return 0
    if args.scifact:
        for split in ("train", "dev"):
            print("\n".join(table(check(from_scifact(args.scifact, split), embedder), f"SciFact, {split}")) + "\n")
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
        claims = checker.check(f"{pair.claim} [1]", sources, embedder)
        claim = next((c for c in claims if c.verdict != "none"), claims[0])
        vector = embedder.embed([pair.claim])[0]
        reading = features.read(Asked(pair.claim, vector, vector), [Abstract(sources[0], embedder)])
        score = rule.probability(reading.features)
        supported = all(c.verdict in ("supported", "none") for c in claims)
        checked.append(CheckedPair(pair=pair, supported=supported, verdict=claim.verdict, score=score))
    return checked


def table(judged: Sequence[CheckedPair], title: str) -> Iterator[str]:
    """Yield a line for each kind of false claim: their number, the share caught, and the share of true claims kept."""
    true = [j for j in judged if j.pair.kind == TRUE]
    yield f"{title}: {len(true)} true claims, {_share(true, lambda j: j.supported):.3f} found supported"
    yield f"{'made false by':28} {'n':>5} {'caught':>7} {'kept':>7} {'balanced accuracy':>18}"
    kinds = [k for k in dict.fromkeys(j.pair.kind for j in judged) if k != TRUE]
    for kind in [*kinds, *(["all of these"] if len(kinds) > 1 else [])]:
        wrong = [j for j in judged if j.pair.kind in (kinds if kind == "all of these" else [kind])]
        origins = {j.pair.origin for j in wrong}
        unchanged = [j for j in true if j.pair.origin in origins] or true
        caught, kept = _share(wrong, lambda j: not j.supported), _share(unchanged, lambda j: j.supported)
        yield f"{kind:28} {len(wrong):5} {caught:7.3f} {kept:7.3f} {(caught + kept) / 2:18.3f}"
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
            "name swapped": mutations.name(claim, methods, rng),
            "plain word as a name": mutations.name(claim, [n for n in foreign if n not in methods], rng),
            "negated": mutations.negation(claim, rng),
            "direction turned": mutations.direction(claim, rng),
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


def _from_file(path: Path) -> list[Pair]:
    try:
        records = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
        pairs = [
            Pair(
                claim=str(r["claim"]),
                papers=(Paper(id="", title=str(r.get("title", "")), abstract=str(r["evidence"])),),
                kind=_kind(r["label"]),
            )
            for r in records
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"The pairs in {path} cannot be read ({error!r}).", "Give JSONL of claim, evidence and label."
        ) from error
    _require_both(pairs, path)
    return pairs


def from_scifact(folder: Path, split: str) -> list[Pair]:
    """Return the claims of a split of SciFact with the abstracts that they cite. Raises UsageError."""
    try:
        corpus = {r["_id"]: r for r in map(json.loads, (folder / "corpus.jsonl").read_text("utf-8").splitlines())}
        claims = [json.loads(line) for line in (folder / f"claims_{split}.jsonl").read_text("utf-8").splitlines()]
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(
            f"SciFact cannot be read from {folder} ({error!r}).", "Give the folder that holds its files."
        ) from error
    pairs = []
    for record in claims:
        judged = {doc: rationales[0]["label"] for doc, rationales in record["evidence"].items()}
        for doc, label in (judged or {str(d): "no evidence" for d in record["cited_doc_ids"]}).items():
            if doc not in corpus:
                raise UsageError(
                    f"The claims of {folder} cite {doc}, which its corpus.jsonl lacks.", "Take both from one release."
                )
            paper = corpus[doc]
            cited = Paper(id=doc, title=paper["title"], abstract=paper["text"])
            pairs.append(Pair(claim=record["claim"], papers=(cited,), kind=_kind(label)))
    _require_both(pairs, folder)
    return pairs


def _require_both(pairs: Sequence[Pair], where: Path) -> None:
    if {p.kind == TRUE for p in pairs} != {True, False}:
        raise UsageError(f"{where} must have true and false claims.", "Label some claims SUPPORT and others not.")


def _kind(label: object) -> str:
    return TRUE if str(label).upper() in ("SUPPORT", "SUPPORTS", "SUPPORTED", "TRUE", "1") else str(label).lower()
