"""Fits the weights of rag.checking.rule: logistic regression on labelled claims that cite a source.

`python -m evals claims --fit DIR` does it on the dev half of the labelled answers, on SciFact's training claims in DIR, and on
mutated sentences of half of the starter corpus.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evals import claim_pairs, labelled_claims, made_claims, regression
from evals.claim_pairs import TRUE, Pair
from evals.labelled_claims import FOREIGN, NO_CLAIM, LabelledAnswer, numbered
from rag.checking import features, rule
from rag.checking.abstract import Abstract
from rag.checking.features import Asked, Features
from rag.interfaces import Embedder
from rag.sources import formats
from rag.text.statements import blanked, judged_text, statements

_RIDGE = 1.0  # penalty on the squared weights of standardised features
_MUTATED = 350  # sentences of the starter corpus to mutate
_COUNTED = {"answers": 8, "published": 1, "mutated": 2}  # how often each set counts


Row = tuple[Features, bool]  # of a claim, and whether it is honest


def rows(answers: Iterable[LabelledAnswer], embedder: Embedder) -> Iterator[Row]:
    """Yield the features of each English statement with citations, and whether it is honest."""
    for answer in answers:
        abstracts = {s.n: Abstract(s, embedder) for s in answer.sources}
        stated = [s for s in statements(answer.answer, answer.sources) if s.is_claim and abstracts.keys() & set(s.citations)]
        for statement in stated:
            labelled = [c for c in answer.claims if c.overlaps(statement.start, statement.end)]
            if not labelled or any(c.form in FOREIGN or c.label == NO_CLAIM for c in labelled):
                continue
            text = judged_text(statement.plain)
            vectors = embedder.embed([text, f"{statement.context} {text}"])
            asked = Asked(blanked(statement.plain), vectors[0], vectors[-1])
            cited = [abstracts[n] for n in statement.citations if n in abstracts]
            yield features.read(asked, cited).features, all(c.honest for c in labelled)


def paired(pairs: Iterable[Pair], embedder: Embedder) -> Iterator[Row]:
    """Yield the features of claims that cite the first paper of their pair, and whether they are true."""
    for pair in pairs:
        [source] = numbered(pair.papers[:1])
        vector = embedder.embed([pair.claim])[0]
        yield (
            features.read(Asked(pair.claim, vector, vector), [Abstract(source, embedder)]).features,
            pair.kind == TRUE,
        )


def weights(scifact: Path, embedder: Embedder) -> dict[str, float]:
    """Return the weights of rag.checking.rule, and its bias as "bias", from the claims named above."""
    answers = list(rows(labelled_claims.load(None, "dev"), embedder))
    published = list(paired(claim_pairs.published("scifact", scifact)["train"], embedder))
    starter = made_claims.corpus([formats.STARTER])
    made = made_claims.make_pairs(starter, starter, _MUTATED, embedder)
    mutated = [p for p in made if not p.held_back and p.kind not in (made_claims.NEIGHBOUR, made_claims.OTHER)]
    sets = {"answers": answers, "published": published, "mutated": list(paired(mutated, embedder))}
    return fit([read for name, read in sets.items() for _ in range(_COUNTED[name])])


def fit(sets: Sequence[Sequence[Row]]) -> dict[str, float]:
    """Return the weights by the name of the feature, and the bias as "bias". Each set counts the same, and each class in it."""
    x = np.array([[float(getattr(f, name)) for name in rule.WEIGHTS] for read in sets for f, _ in read])
    y = np.array([float(honest) for read in sets for _, honest in read])
    counts = np.concatenate([_balance(np.array([honest for _, honest in read])) for read in sets]) * len(y) / len(sets)
    weights, bias = regression.fit(x, y, counts, _RIDGE)
    named = {name: round(float(weight), 2) for name, weight in zip(rule.WEIGHTS, weights, strict=True)}
    return named | {"bias": round(bias, 2)}


def _balance(honest: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return weights of sum 1 that give both classes the same."""
    share = honest.mean()
    return np.where(honest, 0.5 / share, 0.5 / (1 - share)) / len(honest)
