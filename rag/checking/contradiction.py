"""Negation and direction: whether a claim says the contrary of a sentence with which it shares its words.

Looks only at words: one that is negated here and not there, "increases" against "decreases", "unsupervised" against
"supervised". A contradiction without such a trace is not seen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag.text.words import content_words

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?|\d+(?:[.,]\d+)*|[,;:.()]")
_NEGATION = frozenset(
    "not no never without cannot neither nor rather avoid avoids avoiding fail fails failed failing lack lacks lacked "
    "lacking unable hardly".split()
)
_NO_NEGATION = frozenset("only just merely necessarily".split())  # "not only" says that it does
_HEDGES = frozenset("instead away short prevent prevents alleviate alleviates difficult little remove removes non un".split())
_COMPANY = 2  # words around a negated one that both sentences share
_STOPS = frozenset(",;:.()") | {"but", "while", "whereas"}
_SCOPE = 3  # words after a negation that it may turn, unless a stop comes before
_REACH = 5  # words around one that say what it is said of
# Beginnings of words; one from each side of a line, said of the same thing, are contrary.
_OPPOSITES = tuple(
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
_WHOLE = 6  # letters of a word that a prefix may turn
_SHORT = 4  # letters
_PREFIXES = ("un", "non", "in", "im", "ir", "dis", "de")


@dataclass(frozen=True, slots=True)
class _Said:
    """The words of a sentence, their stems, the side each takes of a pair of opposites, and which are negated."""

    words: list[str]
    stems: list[str]
    sides: list[tuple[int, int] | None]  # pair of opposites, side -1 or 1
    negated: list[bool]

    def around(self, i: int) -> set[str]:
        first, last = max(0, i - _REACH), i + _REACH + 1
        return {s for j, s in enumerate(self.stems[first:last], first) if s and j != i and not self.sides[j]}

    def sign(self, i: int) -> int:
        return -1 if self.negated[i] else 1

    def negations(self) -> int:
        return sum(map(_is_negation, self.words, [*self.words[1:], ""]))


def contrary(claim: str, sentence: str) -> str | None:
    """Return the words of `claim` and `sentence` that say the contrary, or None when nothing shows it."""
    said, told = _read(claim), _read(sentence)
    return _opposed(said, told) or _prefixed(said, told) or _negated(said, told)


def _read(sentence: str) -> _Said:
    words = [w.lower() for w in _WORD.findall(sentence)]
    stems = [next(iter(content_words(w)), "") for w in words]
    return _Said(words, stems, [_side(w) for w in words], _negations(words))


def _negations(words: list[str]) -> list[bool]:
    """Return for each word whether a negation before it, or "-free" after it, turns it."""
    negated = [following == "free" for following in [*words[1:], ""]]
    left = 0
    for i, word in enumerate(words):
        following = words[i + 1] if i + 1 < len(words) else ""
        negated[i] = negated[i] or left > 0
        left = 0 if word in _STOPS else left - 1
        if _is_negation(word, following):
            left = _SCOPE
    return negated


def _is_negation(word: str, following: str) -> bool:
    negates = word in _NEGATION or word.endswith(("n't", "n’t")) or following == "free"
    return negates and following not in _NO_NEGATION


def _side(word: str) -> tuple[int, int] | None:
    for pair, sides in enumerate(_OPPOSITES):
        for side, beginnings in zip((1, -1), sides, strict=True):
            if any(_begins(word, beginning) for beginning in beginnings):
                return pair, side
    return None


def _begins(word: str, beginning: str) -> bool:
    """Short beginnings take only common endings: "fall" is not the beginning of "fallacy"."""
    if len(beginning) > _SHORT:
        return word.startswith(beginning)
    return word in {beginning + ending for ending in ("", "s", "ed", "ing", "ly")}


def _opposed(said: _Said, told: _Said) -> str | None:
    """A direction in the claim that the sentence has only the other way, of the same thing."""
    for i, mine in enumerate(said.sides):
        if mine is None:
            continue
        near = said.around(i)
        votes = []
        for j, theirs in enumerate(told.sides):
            if theirs is None or theirs[0] != mine[0]:
                continue
            shared = len(near & told.around(j))
            agrees = (mine[1] * said.sign(i)) == (theirs[1] * told.sign(j))
            if shared >= 1 or said.words[i] == told.words[j]:
                votes.append((shared, agrees, told.words[j]))
        if votes and not any(agrees for _, agrees, _ in votes):
            return f"“{said.words[i]}” against “{max(votes)[2]}”"
    return None


def _prefixed(said: _Said, told: _Said) -> str | None:
    for mine, theirs in ((said, told), (told, said)):
        for word in mine.words:
            for prefix in _PREFIXES:
                rest = word.removeprefix(prefix)
                if (
                    rest != word
                    and len(rest) >= _WHOLE
                    and rest in theirs.words
                    and word not in theirs.words
                    and rest not in mine.words
                ):
                    return f"“{word if mine is said else rest}” against “{rest if mine is said else word}”"
    return None


def _negated(said: _Said, told: _Said) -> str | None:
    """A word with the same company that is negated on the one side, which negates more than the other."""
    more = said.negations() - told.negations()
    if more > 0 and _HEDGES.isdisjoint(told.words):
        found = _turned(said, told)
        return f"“not {found[0]}” against “{found[1]}”" if found else None
    if more < 0 and not said.negations() and _HEDGES.isdisjoint(said.words):
        found = _turned(told, said)
        return f"“{found[1]}” against “not {found[0]}”" if found else None
    return None


def _turned(one: _Said, other: _Said) -> tuple[str, str] | None:
    """Return a word that `one` negates, and the same in `other`, where nothing negates it."""
    for i, stem in enumerate(one.stems):
        places = [j for j, theirs in enumerate(other.stems) if stem and theirs == stem]
        if one.negated[i] and not stem.isdigit() and places and not any(other.negated[j] for j in places):
            there = set().union(*(other.around(j) for j in places))
            if len(one.around(i) & there) >= _COMPANY:
                return one.words[i], other.words[places[0]]
    return None
