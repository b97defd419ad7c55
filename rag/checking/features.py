"""Reads a claim against the abstracts that it cites, into the features that the rule of rag.checking.rule weighs.

Several abstracts support a claim together, each its part. The sentence before the claim helps to find the evidence; its
own words are not demanded. A small trained model reads claim and sentences together (rag.checking.entailment).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rag.checking import contradiction, entailment
from rag.checking.abstract import Abstract, wordings
from rag.checking.company import Rival, instead, rivals
from rag.interfaces import Vectors
from rag.text import names
from rag.text.figures import Figure, figures
from rag.text.words import method_names
from rag.types import Difference, Evidence

_MIN_ADDED_WORD_SHARE = 0.15  # of the claim's words, for a second sentence of a source to be shown as evidence too
_MIN_LEAD = 2  # words by which another figure fits better, to be shown in the place of the claim's
_MIN_COMPANY = 2  # words around a number in words that another number of the abstract has too, to stand in its place
_MIN_COPIED = 0.85  # share of the claim's words, beside one that the abstracts lack, from which that one is a change
# Words by which a claim says more than an abstract that lacks them, or gives a reason that it lacks.
_SCOPES = tuple(
    re.compile(rf"\b(?:{words})\b(?! \d)", re.IGNORECASE)  # an abstract that has one of a line may be told by another of it
    for words in ("all|every|always|entirely|completely", "only|solely|exclusively", "never|none", "first")
)
_CAUSE = re.compile(r"\b(?:because|due to|thanks to|owing to|as a result of|caused by|the reason)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Features:
    """What the rule weighs. `coverage` is the share of the claim's words, `cosine` that of its best sentence.

    `edited` counts the words of scope and figures in words that the abstracts lack where they have nearly all other words, so
    that such a word is a change of meaning, and not of the wording.
    `displaced` is by how many words another figure of the abstract fits better than the one that the claim states, the worst
    over its figures. `opposed` is the coverage where contrary words were found, else 0.
    `meaning` is the log-odds of the trained model that the abstracts say the claim. `stated` counts the figures that
    the abstracts state, and `reworded` those of them that stand there in another form ("a third" for 33%): that model trusts no
    figure and computes none.
    The others count words or figures that the abstracts lack; `sources` counts the abstracts beyond the first.
    """

    coverage: float
    cosine: float
    displaced: int
    digits: int
    spelled: int
    unit: int
    methods: int
    names: int
    opposed: float
    scope: int
    cause: int
    sources: int
    meaning: float
    stated: int
    reworded: int
    edited: int


@dataclass(frozen=True, slots=True)
class Reading:
    """A claim as read against some abstracts: features, evidence (best source first), and the words that differ."""

    claim: str
    abstracts: tuple[Abstract, ...]
    features: Features
    evidence: tuple[Evidence, ...]
    differs: tuple[Difference, ...]

    def sources_under(self, score: float) -> list[int]:
        """Return the numbers of the sources whose evidence has a lower score than `score`."""
        return list(dict.fromkeys(e.n for e in self.evidence if e.score < score))


@dataclass(frozen=True, slots=True)
class Asked:
    """A claim to be read: its text with blanks for its marks, its vector, and its vector with the sentence before it."""

    text: str
    vector: Vectors
    in_context: Vectors


@dataclass(frozen=True, slots=True)
class _Best:
    """The sentences of an abstract that support a claim best: their indexes, coverage together, and the best cosine."""

    sentences: tuple[int, ...]
    words: set[str]
    score: float
    cosine: float


def read(claim: Asked, abstracts: Sequence[Abstract]) -> Reading:
    """Return how `abstracts`, one or more, support `claim`."""
    words = wordings(claim.text)
    ranked = sorted(((_best(claim, words, a), a) for a in abstracts), key=lambda pair: -pair[0].score)
    evidence = tuple(a.evidence(i, best.score) for best, a in ranked for i in best.sentences)
    best_sentence = evidence[0]
    contrary = contradiction.find(claim.text, best_sentence.sentence)
    texts = [text for a in abstracts for text in a.texts]
    claimed = figures(claim.text, texts)
    lacking = _lacking_figures(claim.text, claimed, abstracts)
    exchanged = [(f, instead(claim.text, f, abstracts)) for f in lacking]
    wrong = [(f, there) for f, there in exchanged if _is_wrong(f, there)]
    displaced = list(rivals(claim.text, claimed, abstracts))
    unknown = [name for name in names.mentioned(claim.text) if not any(name in a.names for a in abstracts)]
    methods = set(method_names(claim.text))
    scope, cause = _lacking_scope(claim.text, claimed, abstracts), _lacking_cause(claim.text, abstracts)
    covered = words & set().union(*(best.words for best, _ in ranked))
    coverage = len(covered) / max(len(words), 1)
    edits = [*(claim.text[start:end] for start, end in scope), *(f.quantity.shown for f, _ in wrong if f.spelled)]
    others = words - wordings(" ".join(edits))
    features = Features(
        coverage=coverage,
        cosine=max(best.cosine for best, _ in ranked),
        displaced=max((rival.lead for rival in displaced), default=0),
        digits=sum(not f.spelled and not f.other_unit for f in lacking),
        spelled=sum(f.spelled and f.relative for f in lacking),
        unit=sum(bool(f.other_unit) for f in lacking),
        methods=sum(name in methods for name in unknown),
        names=sum(name not in methods for name in unknown),
        opposed=coverage if contrary else 0.0,  # contrary words weigh as much as the rest agrees
        scope=len(scope),
        cause=len(cause),
        sources=len(abstracts) - 1,
        stated=sum(bool(f.places) for f in claimed),
        reworded=sum(bool(f.places) and not any(f.quantity.shown in text for text in texts) for f in claimed),
        meaning=entailment.log_odds(claim.text, claim.in_context, abstracts),
        edited=len(edits) if len(covered & others) >= _MIN_COPIED * len(others) else 0,
    )
    differs = [
        *(_figure_difference(f, there) for f, there in wrong),
        *(_displaced(rival) for rival in displaced if rival.lead >= _MIN_LEAD),
        *(_missing(claim.text, name) for name in unknown),
        *(Difference("word", start, end) for start, end in (*scope, *cause)),
        *([_contrary(contrary, best_sentence)] if contrary else []),
    ]
    return Reading(claim.text, tuple(abstracts), features, evidence, tuple(sorted(differs, key=lambda d: d.start)))


def _best(claim: Asked, words: set[str], abstract: Abstract) -> _Best:
    """Return the sentence of `abstract` that best supports the claim, and a second one when it adds words."""
    count = max(len(words), 1)
    cosines = np.clip(abstract.vectors @ claim.vector, 0, 1)
    in_context = np.maximum(cosines, abstract.vectors @ claim.in_context)
    shares = [len(words & (have | abstract.title)) / count for have in abstract.words]
    first = max(range(len(shares)), key=lambda i: shares[i] + in_context[i])
    joint = [len(words & (have | abstract.words[first] | abstract.title)) / count for have in abstract.words]
    second = max(range(len(joint)), key=lambda i: (joint[i], in_context[i]))
    shown = (first, second) if joint[second] - shares[first] >= _MIN_ADDED_WORD_SHARE else (first,)
    covered = words & (abstract.title | abstract.words[first] | abstract.words[second])
    cosine = float(cosines.max())
    return _Best(shown, covered, (joint[second] + cosine) / 2, cosine)


def _lacking_figures(claim: str, claimed: Sequence[Figure], abstracts: Sequence[Abstract]) -> list[Figure]:
    """Return those of the figures `claimed` that no abstract states and no title or date has."""
    titled = figures(claim, [a.headline for a in abstracts])
    return [f for f, t in zip(claimed, titled, strict=True) if not (f.places or t.places)]


def _is_wrong(lacking: Figure, stands_there: Rival | None) -> bool:
    """Whether a figure that the abstracts lack is a wrong one. They may leave a number of things in words uncounted."""
    return not lacking.spelled or lacking.relative or (stands_there is not None and stands_there.lead >= _MIN_COMPANY)


def _lacking_scope(claim: str, claimed: Sequence[Figure], abstracts: Sequence[Abstract]) -> list[tuple[int, int]]:
    """Return the spans of words of scope in `claim`, where no abstract has such a word of its meaning.

    Those inside a figure, as "every third", are its own.
    """
    figured = {i for f in claimed for i in range(f.quantity.start, f.quantity.start + len(f.quantity.shown))}
    texts = [f"{a.paper.title} {a.paper.abstract}" for a in abstracts]
    lacking = [scope for scope in _SCOPES if not any(scope.search(text) for text in texts)]
    return sorted(m.span() for scope in lacking for m in scope.finditer(claim) if m.start() not in figured)


def _lacking_cause(claim: str, abstracts: Sequence[Abstract]) -> list[tuple[int, int]]:
    """Return the spans of words that give a reason, when no abstract has such words."""
    if any(_CAUSE.search(a.paper.abstract) for a in abstracts):
        return []
    return [m.span() for m in _CAUSE.finditer(claim)]


def _figure_difference(lacking: Figure, stands_there: Rival | None) -> Difference:
    """Return the difference of a figure that no abstract has, with the one that stands in its place, if any."""
    start = lacking.quantity.start
    end = start + len(lacking.quantity.shown)
    if stands_there is None:
        return Difference("figure", start, end)
    return Difference("figure", start, end, stands_there.n, stands_there.start, stands_there.end)


def _displaced(rival: Rival) -> Difference:
    """Return the difference of a figure that stands with other words: a hint, so not of the kind that no model overrules."""
    start = rival.figure.quantity.start
    return Difference("word", start, start + len(rival.figure.quantity.shown), rival.n, rival.start, rival.end)


def _missing(claim: str, name: str) -> Difference:
    start = claim.index(name)
    return Difference("name", start, start + len(name))


def _contrary(contrary: contradiction.Contrary, evidence: Evidence) -> Difference:
    start, end = contrary.sentence
    return Difference("word", *contrary.claim, evidence.n, evidence.start + start, evidence.start + end)
