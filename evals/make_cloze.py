"""Drafts without a model: a sentence of an abstract with a figure or a name left out, to be filled in.

Such a question has the words of the paper, so it is easier to search for than one in a user's words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from evals.metrics import states
from rag.text import quantities, sentences
from rag.types import Paper

SEED = 7
BLANK = "____"
_MIN_WORDS = 8  # of a sentence
_MOST_WORDS = 14  # on either side of the blank
_NUMBER = re.compile(r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")
_NAME = re.compile(r"(?<![\w-])(?:[A-Z][a-z]+[A-Z]\w*|[A-Z]{3,}\w*|[A-Za-z]+-\d[\w.]*\w|[A-Z]\w*-[A-Z]\w+)(?![\w-])")
_RANGE_BEFORE = re.compile(r"(?:[\d.]\s*[-–—/:×x±^]|[\[(,]\s*\d+,|[\[$^_{])\s*$")
_RANGE_AFTER = re.compile(r"\s*(?:[-–—/:×±^]|x\s)\s*\d|\s*[\]}$]|,\d")
_CITED_YEAR = re.compile(r".{0,25}\b(?:19|20)\d\d\b")  # behind the name of an author
_FIRST_YEAR, _LAST_YEAR = 1900, 2100


@dataclass(frozen=True, slots=True)
class Cloze:
    """A question with a blank, and the spellings of what was there."""

    kind: str
    question: str
    fact: tuple[str, ...]


def draft(paper: Paper) -> Cloze | None:
    """Return a cloze of one sentence of `paper`, the same every time: of a figure where there is one, else of a name.

    None when no sentence has one that the rest of the question leaves open.
    """
    spans = [paper.abstract[a:b] for a, b in sentences.split(paper.abstract)]
    usable = [" ".join(text.split()) for text in spans if len(text.split()) >= _MIN_WORDS and "://" not in text]
    for kind, find in (("numeric", _figures), ("single", _names)):
        found = [cloze for text in usable for cut in find(text) if (cloze := _cloze(paper, kind, text, cut))]
        if found:
            return Random(f"{SEED} {paper.id}").choice(found)  # noqa: S311 - the same sentence every time
    return None


def _figures(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the numbers of the figures of a sentence are, without single digits, years, ranges and citation marks."""
    for quantity in quantities.find(text):
        number = _NUMBER.match(text, quantity.start)
        if quantity.spelled or number is None or len(number.group()) == 1:
            continue
        is_year = quantity.unit is None and len(number.group()) == 4 and _FIRST_YEAR <= quantity.value <= _LAST_YEAR
        between = _RANGE_BEFORE.search(text, 0, number.start()) or _RANGE_AFTER.match(text, number.end())
        if not is_year and not between:
            yield number.span()


def _names(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the names with a second capital or a number are, without those of authors."""
    for name in _NAME.finditer(text):
        if not _CITED_YEAR.match(text, name.end()):
            yield name.span()


def _cloze(paper: Paper, kind: str, text: str, cut: tuple[int, int]) -> Cloze | None:
    """Return the question that leaves `cut` of a sentence open. None when the answer stands in the rest of it."""
    written = text[slice(*cut)]
    spellings = tuple(dict.fromkeys((written, written.replace(",", ""))))
    what = "Which figure" if kind == "numeric" else "Which name or term"
    quoted = _shortened(text[: cut[0]], text[cut[1] :])
    question = f"{what} does “{paper.title}” give where it says “{quoted}”?"
    if states(question, spellings) or not states(paper.abstract, spellings):
        return None
    return Cloze(kind, question, spellings)


def _shortened(before: str, after: str) -> str:
    """Return the words around the blank, with … for those that are left out."""
    left, right = before.split(" "), after.rstrip(" .!?。").split(" ")
    if len(left) > _MOST_WORDS:
        left = ["…", *left[-_MOST_WORDS:]]
    if len(right) > _MOST_WORDS:
        right = [*right[:_MOST_WORDS], "…"]
    return f"{' '.join(left)}{BLANK}{' '.join(right)}".strip()
