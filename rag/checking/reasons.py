"""Says in words why a claim is doubted: which of its words the abstracts lack or say otherwise."""

from __future__ import annotations

from rag.checking.features import Reading
from rag.types import Difference


def reasons(reading: Reading) -> tuple[str, ...]:
    """Return a reason for each kind of difference; one general reason when no word differs."""
    lacking = [d for d in reading.differs if d.n is None]
    terms = [_claimed(reading, d) for d in lacking if d.kind != "word"]
    words = [f"“{_claimed(reading, d)}”" for d in lacking if d.kind == "word"]
    found = [f"not in the cited abstract: {', '.join(dict.fromkeys(terms))}"] if terms else []
    found += [f"the cited abstract does not say {', '.join(dict.fromkeys(words))}"] if words else []
    found += [_otherwise(reading, d) for d in reading.differs if d.n is not None]
    return tuple(found) or ("no sentence of the cited abstract says all of this",)


def _claimed(reading: Reading, difference: Difference) -> str:
    return reading.claim[difference.start : difference.end]


def _otherwise(reading: Reading, difference: Difference) -> str:
    abstract = next(a for a in reading.abstracts if a.n == difference.n).paper.abstract
    instead = abstract[difference.abstract_start : difference.abstract_end]
    return f"“{_claimed(reading, difference)}” where [{difference.n}] has “{instead}”"
