"""Invented papers about boats, kites and lamps, as many as are wanted, each with sentences that no other one has."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from random import Random

from rag.types import Paper

_THINGS = "boat kite lamp kettle bridge beehive ladder compass violin sledge windmill anchor".split()
_QUALITIES = "slow bright crooked silent wooden folding patient salty copper narrow borrowed floating".split()
_PLACES = "harbour meadow attic canal lighthouse orchard quarry ferry market tunnel dune brewery".split()
_DOINGS = "measures steers repairs predicts counts warms carries balances paints compares follows sorts".split()
_SENTENCE = "The {0} {1} {2} the {3} {4} of {5} {6} {7} in trial {8}."


def paper(number: int, version: int = 0) -> Paper:
    """Return the paper of this number: always the same one. Each version changes the last sentence of its abstract."""
    random = Random(f"paper {number}")
    thing, place = random.choice(_THINGS), random.choice(_PLACES)
    title = f"A {random.choice(_QUALITIES)} {thing} for {place} {number}"
    parts = [_sentence(random, f"{number}.{n}") for n in range(random.randint(3, 14))]
    parts[-1] = _sentence(Random(f"paper {number} version {version}"), f"{number}.{len(parts)}.{version}")
    return Paper(f"paper{number}", title, " ".join(parts), authors=(f"Ada Invented{number}",))


def _sentence(random: Random, trial: str) -> str:
    words = (_QUALITIES, _THINGS, _DOINGS, _QUALITIES, _PLACES, _QUALITIES, _PLACES, _THINGS)
    return _SENTENCE.format(*(random.choice(some) for some in words), trial)


def write(path: Path, papers: Iterable[Paper]) -> Path:
    """Write papers as a source, and return its path."""
    lines = [json.dumps({"title": p.title, "abstract": p.abstract, "authors": list(p.authors)}) for p in papers]
    path.write_text("\n".join(lines), "utf-8")
    return path
