"""Compares the words around a figure in a claim with those around it in the abstract.

A figure of the abstract may be told of something else there. Then another figure of the same kind stands among more of the
words that the claim has around it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.checking.abstract import Abstract, wordings
from rag.text import figure_reading
from rag.text.figure_tokens import Number
from rag.text.figure_units import RELATIVE
from rag.text.figures import Figure
from rag.text.words import WORD

_WINDOW = 6  # words before and after a figure that are compared
_MAX_LEAD = 3  # words; a larger lead counts as this
_TOLERANCE = 0.06  # of the value: figures this close may be the same one, rounded


@dataclass(frozen=True, slots=True)
class Rival:
    """A figure of an abstract that has `lead` more of the words around `figure` than that figure itself has there.

    A figure that the abstract lacks has none. The other stands at abstract[start:end] of source `n`.
    """

    figure: Figure
    lead: int
    n: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Place:
    """A figure of an abstract, its offsets there, and how many of the words around the claim's figure stand around it."""

    number: Number
    n: int
    start: int
    end: int
    shared: int


def rivals(claim: str, claimed: Sequence[Figure], abstracts: Sequence[Abstract]) -> Iterator[Rival]:
    """Yield for each figure of `claim`, in digits and stated there, the figure that fits its words better, if any."""
    numbers = {number.start: number for number in figure_reading.read(claim)}
    for figure in claimed:
        number = numbers.get(figure.quantity.start)
        if number is None or figure.spelled or not figure.places:
            continue
        places = [p for p in _places(claim, number, abstracts) if _same_kind(p.number, number)]
        own = [p.shared for p in places if _close(p.number.value, number.value)]
        others = [p for p in places if not _close(p.number.value, number.value)]
        best = max(others, key=lambda p: p.shared, default=None)
        if best is not None and own and best.shared > max(own):
            yield Rival(figure, min(best.shared - max(own), _MAX_LEAD), best.n, best.start, best.end)


def instead(claim: str, figure: Figure, abstracts: Sequence[Abstract]) -> Rival | None:
    """Return the figure that the abstracts have in the place of one that they lack.

    It has the same number with another unit, or else is of the same kind, and stands among most of the words around `figure`.
    None when no such figure shares a word with it that the claim does not state itself.
    """
    claimed = figure_reading.read(claim)
    number = next((n for n in claimed if n.start == figure.quantity.start), None)
    if number is None:
        return None
    stated = {(n.value, n.unit) for n in claimed}
    places = [
        p
        for p in _places(claim, number, abstracts)
        if (p.number.value == number.value if figure.other_unit else _same_kind(p.number, number))
        and (p.number.value, p.number.unit) not in stated
    ]
    best = max(places, key=lambda p: p.shared, default=None)
    return Rival(figure, best.shared, best.n, best.start, best.end) if best is not None and best.shared else None


def _places(claim: str, number: Number, abstracts: Sequence[Abstract]) -> Iterator[_Place]:
    around = _around(claim, number.start, number.end)
    for abstract in abstracts:
        for (start, _), text in zip(abstract.spans, abstract.texts, strict=True):
            for stated in figure_reading.read(text):
                if not (stated.name or stated.known or (stated.spelled and not number.spelled)):
                    shared = len((around - abstract.title) & _around(text, stated.start, stated.end))
                    yield _Place(stated, abstract.n, start + stated.start, start + stated.end, shared)


def _around(text: str, start: int, end: int) -> set[str]:
    words = list(WORD.finditer(text))
    before = [m.group() for m in words if m.start() < start][-_WINDOW:]
    after = [m.group() for m in words if m.start() >= end][:_WINDOW]
    return wordings(" ".join([*before, *after]))


def _same_kind(stated: Number, claimed: Number) -> bool:
    """Whether two figures have units of one dimension. A share in words may stand for a percentage or a factor."""
    dimensions = {number.unit.dimension if number.unit else None for number in (stated, claimed)}
    return len(dimensions) == 1 or (claimed.spelled and dimensions <= RELATIVE)


def _close(one: float, other: float) -> bool:
    return abs(one - other) <= _TOLERANCE * max(abs(one), abs(other))
