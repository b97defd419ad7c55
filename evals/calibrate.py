"""python -m evals calibrate: what the grounding check catches, on claims whose truth is known.

Without options the true claims are sentences of the starter corpus; --papers gives the abstracts to hold them against (the
same papers elsewhere, in other words). The false ones are made of them, by one change each. --scifact and --pairs measure on
claims written and judged by others. Half of the papers are for choosing thresholds, the other half is held back.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from random import Random

import numpy as np

from evals import mutations
from rag.checking import checker, support
from rag.errors import SourceError, UsageError
from rag.index.embedder_cache import CachedEmbedder
from rag.index.minilm import MiniLM
from rag.interfaces import Embedder
from rag.settings.settings import load
from rag.sources import formats
from rag.text import names, sentences, words
from rag.types import Hit, Paper, Source

TRUE, NEIGHBOUR, OTHER = "true", "neighbour cited", "another paper's claim"
_SEED = 7
_FEWEST = 20  # claims, so that each half has some
_LONG_ENOUGH = 40  # characters of a sentence that claims something


@dataclass(frozen=True, slots=True)
class Pair:
    """A claim that cites the first of `papers`; `kind` is TRUE or says what is wrong with it."""

    claim: str
    papers: tuple[Paper, ...]
    kind: str
    held_back: bool = True
    about: str = ""  # what a false claim was made of, so that both are counted for its kind


@dataclass(frozen=True, slots=True)
class Judged:
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
    parser.add_argument("--most", type=_enough, default=600, help="claims of the corpus to use (600)")


def _enough(value: str) -> int:
    if not value.isdecimal() or int(value) < _FEWEST:
        raise argparse.ArgumentTypeError(f"{value} is not a number from {_FEWEST} on")
    return int(value)


def run(args: argparse.Namespace) -> int:
    """Print a table for each set of claims; return 0."""
    embedder = CachedEmbedder(MiniLM(load().home))
    if args.pairs:
        print("\n".join(table(judge(_from_file(args.pairs), embedder), f"{args.pairs.name}")))
        return 0
    if args.scifact:
        for split in ("train", "dev"):
            print("\n".join(table(judge(_from_scifact(args.scifact, split), embedder), f"SciFact, {split}")) + "\n")
        return 0
    judged = judge(made(_corpus([formats.STARTER]), _corpus(args.papers or [formats.STARTER]), args.most, embedder), embedder)
    for held_back, label in ((False, "for choosing thresholds"), (True, "held back")):
        print("\n".join(table([j for j in judged if j.pair.held_back is held_back], f"Claims of the corpus, {label}")) + "\n")
    return 0


def judge(pairs: Iterable[Pair], embedder: Embedder) -> list[Judged]:
    """Return what the product's own check makes of each pair's claim, cited to the first of its papers."""
    judged = []
    for pair in pairs:
        shown = [Source(n, Hit(paper=paper, score=0.0, dense=0.0, lexical=0.0)) for n, paper in enumerate(pair.papers, 1)]
        checked = checker.check(f"{pair.claim} [1]", shown, embedder)
        claim = next((c for c in checked if c.verdict != "none"), checked[0])
        abstract = support.Abstract(shown[0], embedder)
        score = abstract.evidence(pair.claim, embedder.embed([pair.claim])[0])[0].score
        judged.append(Judged(pair, all(c.verdict in ("supported", "none") for c in checked), claim.verdict, score))
    return judged


def table(judged: Sequence[Judged], title: str) -> Iterator[str]:
    """Yield a line for each kind of false claim: how many, what share is caught, and of the true ones kept."""
    true = [j for j in judged if j.pair.kind == TRUE]
    yield f"{title}: {len(true)} true claims, {_share(true, lambda j: j.supported):.3f} found supported"
    yield f"{'made false by':28} {'n':>5} {'caught':>7} {'kept':>7} {'balanced accuracy':>18}"
    kinds = [k for k in dict.fromkeys(j.pair.kind for j in judged) if k != TRUE]
    for kind in [*kinds, *(["all of these"] if len(kinds) > 1 else [])]:
        wrong = [j for j in judged if j.pair.kind in (kinds if kind == "all of these" else [kind])]
        about = {j.pair.about for j in wrong}
        origin = [j for j in true if j.pair.about in about] or true
        caught, kept = _share(wrong, lambda j: not j.supported), _share(origin, lambda j: j.supported)
        yield f"{kind:28} {len(wrong):5} {caught:7.3f} {kept:7.3f} {(caught + kept) / 2:18.3f}"
    named = [j for j in judged if j.pair.kind == NEIGHBOUR]
    if named:
        yield f"of these, miscited and the right source named: {_share(named, lambda j: j.verdict == 'miscited'):.3f}"
    yield _best_threshold(judged)


def _best_threshold(judged: Sequence[Judged]) -> str:
    """What the score alone would do, and at which threshold best."""
    scores = np.array([j.score for j in judged])
    true = np.array([j.pair.kind == TRUE for j in judged])
    accuracy = {t: ((scores[true] >= t).mean() + (scores[~true] < t).mean()) / 2 for t in np.arange(0.3, 0.9, 0.01)}
    best = max(accuracy, key=lambda t: accuracy[t])
    return f"by similarity alone: {accuracy[best]:.3f} at {best:.2f}; in force is {support.MIN_SUPPORTED_SCORE}"


def _share(judged: Sequence[Judged], test: Callable[[Judged], bool]) -> float:
    return sum(map(test, judged)) / len(judged) if judged else float("nan")


def made(claimed: dict[str, Paper], told: dict[str, Paper], most: int, embedder: Embedder) -> Iterator[Pair]:
    """Yield true claims, sentences of `claimed` held against the same paper of `told`, and false ones made of them."""
    rng = Random(_SEED)  # noqa: S311 - the same choice every time is what is wanted
    shared = [paper_id for paper_id in claimed if paper_id in told]
    texts = [(i, claimed[i].abstract[a:b]) for i in shared for a, b in sentences.split(claimed[i].abstract)]
    chosen = [(i, t) for i, t in texts if len(t) >= _LONG_ENOUGH]
    rng.shuffle(chosen)
    vectors = embedder.embed([f"{told[i].title}\n{told[i].abstract}" for i in shared])
    place = {paper_id: row for row, paper_id in enumerate(shared)}
    for n, (paper_id, claim) in enumerate(chosen[:most]):
        paper, key, held_back = told[paper_id], f"{n}", sha256(paper_id.encode()).digest()[0] % 2 == 0
        similar = vectors @ vectors[place[paper_id]]
        similar[place[paper_id]] = -1
        neighbour, other = told[shared[int(similar.argmax())]], told[rng.choice(shared)]
        yield Pair(claim, (paper,), TRUE, held_back, key)
        known = names.KnownNames([paper.title, paper.abstract])
        theirs = claimed[rng.choice(shared)].abstract.partition("http")[0]
        foreign = [name for name in names.mentioned(theirs) if name not in known]
        telling = words.method_names(" ".join(foreign))  # GraphSAINT, where "Whisper" could be any word that opens a sentence
        changed = {
            "number changed": mutations.number(claim, rng),
            "name swapped": mutations.name(claim, telling, rng),
            "plain word as a name": mutations.name(claim, [n for n in foreign if n not in telling], rng),
            "negated": mutations.negation(claim, rng),
            "direction turned": mutations.direction(claim, rng),
        }
        yield from (Pair(said, (paper,), kind, held_back, key) for kind, said in changed.items() if said)
        yield Pair(claim, (neighbour, paper), NEIGHBOUR, held_back, key)
        if other.id != paper.id:
            yield Pair(claim, (other,), OTHER, held_back, key)


def _corpus(places: Sequence[str]) -> dict[str, Paper]:
    papers: dict[str, Paper] = {}
    for place in places:
        for record in formats.parse(formats.load(place)[1], place):
            if isinstance(record, Paper) and len(record.abstract) > len(
                papers[record.id].abstract if record.id in papers else ""
            ):
                papers[record.id] = record
    if not papers:
        raise SourceError("There are no papers to hold claims against.", "Give files with abstracts to --papers.")
    return papers


def _from_file(path: Path) -> list[Pair]:
    try:
        records = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
        pairs = [
            Pair(str(r["claim"]), (Paper("", str(r.get("title", "")), str(r["evidence"])),), _kind(r["label"])) for r in records
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"The pairs in {path} cannot be read ({error!r}).", "Give JSONL of claim, evidence and label."
        ) from error
    _need_both(pairs, path)
    return pairs


def _from_scifact(folder: Path, split: str) -> list[Pair]:
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
            pairs.append(Pair(record["claim"], (Paper(doc, paper["title"], paper["text"]),), _kind(label)))
    _need_both(pairs, folder)
    return pairs


def _need_both(pairs: Sequence[Pair], where: Path) -> None:
    if {p.kind == TRUE for p in pairs} != {True, False}:
        raise UsageError(f"{where} has not both true and false claims.", "Label some SUPPORT and others not.")


def _kind(label: object) -> str:
    return TRUE if str(label).upper() in ("SUPPORT", "SUPPORTS", "SUPPORTED", "TRUE", "1") else str(label).lower()
