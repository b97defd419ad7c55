"""The claims that the small checker learns from: written ones in pairs, and mutated sentences of the same abstracts.

evals/training/claims/*.jsonl has a paper a line: title, abstract, and claims with their label, their kind and the number of
their pair. Both members of a pair say nearly the same, one truly and one with one change of meaning. The papers are invented.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from random import Random

from evals import mutations
from evals.labelled_claims import numbered
from rag.checking import entailment
from rag.checking.abstract import Abstract
from rag.errors import UsageError
from rag.interfaces import Embedder
from rag.sources.paper_ids import paper_id
from rag.text import names
from rag.types import Paper

WRITTEN = Path(__file__).parent / "claims"
_TENTH = 10  # of the papers, one is kept back
_MUTABLE_CHARS = range(40, 260)
_MIN_NAMES = 2


@dataclass(frozen=True, slots=True)
class Example:
    """A claim as the model reads it. `label` is an index of entailment.CLASSES; `pair` names what it is to be told from."""

    ids: tuple[int, ...]
    flags: tuple[int, ...]
    label: int
    pair: str
    kind: str


@dataclass(frozen=True, slots=True)
class Examples:
    """Those of the written claims to learn from, those of papers kept back, and the mutated sentences of the former."""

    written: list[Example]
    kept_back: list[Example]
    mutated: list[Example]


def load(files: Sequence[Path], embedder: Embedder, rng: Random, progress: Callable[[int, int], None]) -> Examples:
    """Return the examples of `files`, of papers in the form of evals/training/claims. Raises UsageError."""
    papers = [record for file in files for record in records(file)]
    examples = Examples([], [], [])
    for n, (paper, claims) in enumerate(papers, 1):
        [source] = numbered([paper])
        abstract = Abstract(source, embedder)
        kept_back = is_kept_back(paper)
        (examples.kept_back if kept_back else examples.written).extend(_written(claims, abstract, embedder))
        if not kept_back:
            examples.mutated.extend(_mutated(abstract, rng))
        progress(n, len(papers))
    if not (examples.kept_back and examples.written and examples.mutated):
        raise UsageError("There are too few papers to learn from and to keep back.", "Give 50 or more, with claims.")
    return examples


def is_kept_back(paper: Paper) -> bool:
    """Whether `paper` is one of the tenth that no model learns from."""
    return int(sha256(paper.title.encode()).hexdigest(), 16) % _TENTH == 0


def records(file: Path) -> Iterator[tuple[Paper, list[dict[str, str]]]]:
    """Yield each paper of `file` with its claims. Raises UsageError."""
    try:
        for record in map(json.loads, file.read_text("utf-8").splitlines()):
            yield Paper(paper_id(record["title"]), record["title"], record["abstract"]), record["claims"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"The claims in {file} cannot be read ({error!r}).", "See evals/training/claims for the form."
        ) from error


def _written(claims: Sequence[dict[str, str]], abstract: Abstract, embedder: Embedder) -> Iterator[Example]:
    for claim, vector in zip(claims, embedder.embed([c["claim"] for c in claims]), strict=True):
        sentences = entailment.nearest(claim["claim"], vector, [abstract])
        pair = f"{abstract.paper.id}/{claim['pair']}" if "pair" in claim else ""
        yield _example(claim["claim"], sentences, abstract, entailment.CLASSES.index(claim["label"]), pair, claim["kind"])


def _mutated(abstract: Abstract, rng: Random) -> Iterator[Example]:
    """Yield sentences of `abstract` and a mutation of each, read beside the sentence that they are made of and another."""
    for i, sentence in enumerate(abstract.texts):
        if len(sentence) not in _MUTABLE_CHARS:
            continue
        made = {
            "number": mutations.number(sentence, rng),
            "negated": mutations.negation(sentence, rng),
            "direction": mutations.direction(sentence, rng),
            "role": _swapped(sentence, rng),
        }
        changed = [(kind, false) for kind, false in made.items() if false and false != sentence]
        if changed:
            kind, false = rng.choice(changed)
            beside = [abstract.texts[k] for k in sorted({i, rng.randrange(len(abstract.texts))})]
            pair = f"{abstract.paper.id}/sentence {i}"
            yield _example(sentence, beside, abstract, entailment.CLASSES.index("supported"), pair, "true")
            yield _example(false, beside, abstract, entailment.CLASSES.index("contradicted"), pair, kind)


def _swapped(sentence: str, rng: Random) -> str | None:
    """Return `sentence` with two of its names exchanged; None when it has fewer."""
    found = names.mentioned(sentence)
    if len(found) < _MIN_NAMES:
        return None
    one, other = rng.sample(found, 2)
    if one in other or other in one:
        return None
    return other.join(part.replace(other, one) for part in sentence.split(one))


def _example(claim: str, sentences: Sequence[str], abstract: Abstract, label: int, pair: str, kind: str) -> Example:
    ids, flags = entailment.pieces(claim, sentences, [f"{abstract.paper.title} {abstract.paper.abstract}"])
    return Example(tuple(ids), tuple(flags), label, pair, kind)
