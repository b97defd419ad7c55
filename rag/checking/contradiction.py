"""Finds words by which a claim contradicts a sentence: negations, opposites and prefixes.

Examples are "scales" against "does not scale", "increases" against "decreases", "unsupervised" against "supervised".
Contradictions without such words are not recognised.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from rag.text.words import content_words

_WORD_OR_STOP = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?|\d+(?:[.,]\d+)*|[,;:.()]")
_NEGATIONS = frozenset(
    "not no never without cannot neither nor rather avoid avoids avoiding fail fails failed failing lack lacks lacked "
    "lacking unable hardly".split()
)
_NO_NEGATION = frozenset("only just merely necessarily".split())  # "not only" says that it does
_HEDGES = frozenset("instead away short prevent prevents alleviate alleviates difficult little remove removes non un".split())
_MIN_SHARED_NEIGHBOURS = 2  # words around a negated word that both sentences must share
_SCOPE_ENDS = frozenset(",;:.()") | {"but", "while", "whereas"}
_NEGATION_SCOPE_WORDS = 3  # words after a negation that it may negate, unless a word of _SCOPE_ENDS comes first
_NEIGHBOUR_WORDS = 5  # words before and after a word that count as its neighbours
# Beginnings of words. A word of each side, among the same neighbours, are opposites.
_OPPOSITE_BEGINNINGS = tuple(
    (up.split(), down.split())
    for up, down in (
        (
            "increas rais grow grew gain rise rising rose higher highest more most greater greatest bigger longer upregul",
            "decreas reduc lower lowest fewer less least drop dropp declin shrink shrank shorter downregul fall fell "
            "cut cuts cutting",
        ),
        (
            "better best optimal improv enhanc boost superior outperform exceed surpass beat beats",
            "worse worst degrad deteriorat harm hurt impair inferior underperform lag lose loses",
        ),
        ("faster fastest quick accelerat speed", "slower slowest slow"),
        ("positiv", "negativ"),
        ("cheap inexpensiv", "expensiv costly"),
        ("easier easy", "harder hard difficult"),
        ("stronger strong strengthen", "weaker weak weaken"),
        ("allow enabl permit promot activat stimulat induc", "prevent forbid inhibit suppress block"),
        ("effectiv", "ineffectiv"),
        ("minimiz minimis", "maximiz maximis"),
        ("robust", "fragil brittl"),
        ("succeed success", "fail"),
    )
)
_MIN_PREFIXED_LETTERS = 6  # letters of a word that a prefix may negate
_MAX_EXACT_LETTERS = 4  # beginnings up to this length take only common endings
_PREFIXES = ("un", "non", "in", "im", "ir", "dis", "de")


@dataclass(frozen=True, slots=True)
class Contrary:
    """Contrary words: claim[slice(*claim)] and sentence[slice(*sentence)]. That of a negated word begins with its "not"."""

    claim: tuple[int, int]
    sentence: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Sentence:
    """The words of a sentence, with their stems, their sides in pairs of opposites, and which of them are negated."""

    spans: list[tuple[int, int]]
    words: list[str]
    stems: list[str]
    sides: list[tuple[int, int] | None]  # index into _OPPOSITE_BEGINNINGS, side 1 or -1
    negated: list[bool]

    def neighbours(self, i: int) -> set[str]:
        first, last = max(0, i - _NEIGHBOUR_WORDS), i + _NEIGHBOUR_WORDS + 1
        return {s for j, s in enumerate(self.stems[first:last], first) if s and j != i and not self.sides[j]}

    def sign(self, i: int) -> int:
        return -1 if self.negated[i] else 1

    def negations(self) -> int:
        return sum(map(_is_negation, self.words, [*self.words[1:], ""]))


def find(claim: str, sentence: str) -> Contrary | None:
    """Return the contrary words of `claim` and `sentence`, as "faster" against "slower"; None when there are none."""
    claimed, evident = _parse(claim), _parse(sentence)
    words = _opposed(claimed, evident) or _prefixed(claimed, evident) or _negated(claimed, evident)
    return Contrary(_span(claimed, words[0]), _span(evident, words[1])) if words else None


def _span(sentence: _Sentence, i: int) -> tuple[int, int]:
    """Return the span of word `i`, from the negation on that negates it."""
    start, end = sentence.spans[i]
    following = [*sentence.words[1:], ""]
    before = [j for j in range(max(0, i - _NEGATION_SCOPE_WORDS), i) if _is_negation(sentence.words[j], following[j])]
    return (sentence.spans[before[-1]][0] if sentence.negated[i] and before else start), end


@lru_cache(maxsize=1024)  # sentences: each is held against all statements of an answer
def _parse(sentence: str) -> _Sentence:
    matches = list(_WORD_OR_STOP.finditer(sentence))
    words = [m.group().lower() for m in matches]
    stems = [next(iter(content_words(w)), "") for w in words]
    return _Sentence([m.span() for m in matches], words, stems, [_side(w) for w in words], _negations(words))


def _negations(words: list[str]) -> list[bool]:
    """Return for each word whether a negation before it, or "-free" after it, negates it."""
    negated = [following == "free" for following in [*words[1:], ""]]
    left = 0
    for i, word in enumerate(words):
        following = words[i + 1] if i + 1 < len(words) else ""
        negated[i] = negated[i] or left > 0
        left = 0 if word in _SCOPE_ENDS else left - 1
        if _is_negation(word, following):
            left = _NEGATION_SCOPE_WORDS
    return negated


def _is_negation(word: str, following: str) -> bool:
    negates = word in _NEGATIONS or word.endswith(("n't", "n’t")) or following == "free"
    return negates and following not in _NO_NEGATION


@lru_cache(maxsize=50_000)
def _side(word: str) -> tuple[int, int] | None:
    for pair, sides in enumerate(_OPPOSITE_BEGINNINGS):
        for side, beginnings in zip((1, -1), sides, strict=True):
            if any(_begins(word, beginning) for beginning in beginnings):
                return pair, side
    return None


def _begins(word: str, beginning: str) -> bool:
    """Whether `word` is a form of `beginning`. Short ones take only common endings, as "fallacy" is no form of "fall"."""
    if len(beginning) > _MAX_EXACT_LETTERS:
        return word.startswith(beginning)
    return word in {beginning + ending for ending in ("", "s", "ed", "ing", "ly")}


def _opposed(claimed: _Sentence, evident: _Sentence) -> tuple[int, int] | None:
    """Return a word of the claim and its opposite in the sentence among the same neighbours, by index; None without one."""
    for i, mine in enumerate(claimed.sides):
        if mine is None:
            continue
        near = claimed.neighbours(i)
        votes = []
        for j, theirs in enumerate(evident.sides):
            if theirs is None or theirs[0] != mine[0]:
                continue
            shared = len(near & evident.neighbours(j))
            agrees = (mine[1] * claimed.sign(i)) == (theirs[1] * evident.sign(j))
            if shared >= 1 or claimed.words[i] == evident.words[j]:
                votes.append((shared, agrees, -j))
        if votes and not any(agrees for _, agrees, _ in votes):
            return i, -max(votes)[2]
    return None


def _prefixed(claimed: _Sentence, evident: _Sentence) -> tuple[int, int] | None:
    """Return a word and the same with a prefix that negates it, by index: first that of the claim; None without one."""
    return _negating_prefix(claimed, evident) or _turned(_negating_prefix(evident, claimed))


def _negating_prefix(one: _Sentence, other: _Sentence) -> tuple[int, int] | None:
    for i, word in enumerate(one.words):
        for prefix in _PREFIXES:
            rest = word.removeprefix(prefix)
            if (
                rest != word
                and len(rest) >= _MIN_PREFIXED_LETTERS
                and rest in other.words
                and word not in other.words
                and rest not in one.words
            ):
                return i, other.words.index(rest)
    return None


def _turned(words: tuple[int, int] | None) -> tuple[int, int] | None:
    return words and (words[1], words[0])


def _negated(claimed: _Sentence, evident: _Sentence) -> tuple[int, int] | None:
    """Return a word that one side negates and the other does not, among the same neighbours, by index; None without one.

    The side that negates it must have more negations, and the other no hedge such as "instead".
    """
    more = claimed.negations() - evident.negations()
    if more > 0 and _HEDGES.isdisjoint(evident.words):
        return _only_one_negates(claimed, evident)
    if more < 0 and not claimed.negations() and _HEDGES.isdisjoint(claimed.words):
        return _turned(_only_one_negates(evident, claimed))
    return None


def _only_one_negates(one: _Sentence, other: _Sentence) -> tuple[int, int] | None:
    """Return a word that `one` negates, and the same word in `other`, which does not negate it; None without one."""
    for i, stem in enumerate(one.stems):
        places = [j for j, theirs in enumerate(other.stems) if stem and theirs == stem]
        if one.negated[i] and not stem.isdigit() and places and not any(other.negated[j] for j in places):
            there = set().union(*(other.neighbours(j) for j in places))
            if len(one.neighbours(i) & there) >= _MIN_SHARED_NEIGHBOURS:
                return i, places[0]
    return None
