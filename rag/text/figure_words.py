"""Reads figures that are written in words: "ten thousand", "two thirds", "nine in ten", "doubles", "an order of magnitude"."""

from __future__ import annotations

from dataclasses import replace

from rag.text import figure_units, number_words
from rag.text.figure_measures import measured
from rag.text.figure_tokens import Number, Tokens
from rag.text.figure_units import FRACTION, TIMES
from rag.text.words import STOP

_MAX_POWER = 300
_VERBS = {"twice": 2.0, "thrice": 3.0, "double": 2.0, "triple": 3.0, "treble": 3.0, "quadruple": 4.0, "halve": 0.5}
_CHANGES = {form: value for word, value in _VERBS.items() for form in (word, word + "s", word + "d", word[:-1] + "ing")}
_UNIT_REACH = 3  # words between "a" and "year" of "a full year"
_RATIO_REACH = 4  # tokens between "one" and "in" of "one displayed token in sixteen"


def read(tokens: Tokens, i: int) -> tuple[Number | None, int]:
    """Return the figure that begins with token `i`, a word, or None, and the index of the token after it."""
    return _fraction(tokens, i) or _change(tokens, i) or _spelled(tokens, i) or (None, i + 1)


def _spelled(tokens: Tokens, i: int) -> tuple[Number | None, int] | None:
    words = tokens.words(i)
    article = words[0] in ("a", "an") and len(words) > 1 and words[1] in {*number_words.SCALES, "hundred", "dozen"}
    value, step, taken = number_words.read(words[article:])
    if not taken:
        return None
    if not article and taken == 1 and words[0] in {*number_words.SCALES, "hundred", "dozen"} and not _counts(tokens, i - 1):
        return None
    taken += article
    after = tokens.skip(i, taken)
    number = Number(value, None, step, tokens.at(i).start, tokens.at(after - 1).end, spelled=True, plain=True, scale=step)
    shared = _denominated(tokens, number, after)
    if shared:
        return shared
    if words[taken : taken + 3] in (["and", "a", "half"], ["and", "a", "quarter"]):
        part = 0.5 if words[taken + 2] == "half" else 0.25
        after = tokens.skip(i, taken + 3)
        number = replace(number, value=value + part, step=part, end=tokens.at(after - 1).end)
    if words[taken : taken + 3] in (["order", "of", "magnitude"], ["orders", "of", "magnitude"]):
        after = tokens.skip(i, taken + 3)
        factor, end = 10.0 ** min(value, _MAX_POWER), tokens.at(after - 1).end
        return replace(number, value=factor, unit=TIMES, end=end, plain=False), after
    ratio = _ratio(tokens, number, after)
    return ratio or measured(tokens, number, after)


def _counts(tokens: Tokens, i: int) -> bool:
    """Whether "thousand" after token `i` is a number: "the thousand negatives"."""
    return tokens.word(i) in ("the", "every", "per", "a", "of")


def _denominated(tokens: Tokens, number: Number, i: int) -> tuple[Number | None, int] | None:
    """Read the rest of "two thirds", "three-quarters", "one twenty-fifth"; an ordinal such as "twenty-fifth" is no figure."""
    j = i + 1 if tokens.hyphen(i) else i
    below, taken = number_words.denominator(tokens.words(j))
    if not taken:
        return None
    after = tokens.skip(j, taken)
    if (number.value == 1) == tokens.word(after - 1).endswith("s"):
        return None, after
    share, end = number.value / below, tokens.at(after - 1).end
    return _of(tokens, replace(number, value=share, unit=FRACTION, step=1 / below, end=end, plain=False), after)


def _fraction(tokens: Tokens, i: int) -> tuple[Number | None, int] | None:
    """Read "half", "a third", "every third" or "quarter of"; "a third stage" is no figure."""
    first = tokens.word(i)
    if first == "half":
        return _half(tokens, i)
    article = first in ("a", "an", "every", "another")
    below, taken = number_words.denominator(tokens.words(i + article))
    if not taken:
        return None
    after = tokens.skip(i + article, taken)
    following = tokens.word(after)
    sure = first == "every" or (below == 4 and article and tokens.word(after - 1) == "quarter") or following == "of"
    free = not following and not tokens.hyphen(after)
    free = free or following in STOP or following.endswith("er") or following in ("less", "as")
    if not (sure or (article and free)):
        return None, after
    start, end = tokens.at(i).start, tokens.at(after - 1).end
    return _of(tokens, Number(1 / below, FRACTION, 1 / below, start, end, spelled=True), after)


def _half(tokens: Tokens, i: int) -> tuple[Number | None, int]:
    if tokens.hyphen(i + 1) or tokens.word(i - 1) in ("first", "second", "other"):
        return None, i + 1
    number = Number(0.5, FRACTION, 0.5, tokens.at(i).start, tokens.at(i).end, spelled=True)
    return _of(tokens, number, i + 1)


def _of(tokens: Tokens, number: Number, i: int) -> tuple[Number, int]:
    """Read the rest of "a third of a second", "half a million", from token `i` on: the fraction of one unit or scale."""
    j = i + 1 if tokens.word(i) == "of" else i
    if tokens.word(j) not in ("a", "an"):
        return number, i
    scale = {**number_words.SCALES, "dozen": 12.0}.get(tokens.word(j + 1), 0.0)
    unit = None if scale else figure_units.named(tokens.word(j + 1))
    if not scale and (unit is None or unit.dimension in figure_units.UNMEASURED):
        return number, i
    factor = scale or 1.0
    end = tokens.at(j + 1).end
    return replace(number, value=number.value * factor, unit=unit, step=number.step * factor, scale=factor, end=end), j + 2


def _ratio(tokens: Tokens, number: Number, i: int) -> tuple[Number, int] | None:
    """Read the rest of "nine in ten", "two out of three", "one displayed token in sixteen"."""
    for j in range(i, i + _RATIO_REACH + 1):
        if tokens.at(j).kind != "w":
            return None
        if tokens.word(j) in ("in", "of", "out") and not (tokens.word(j) == "of" and j > i and number.value > 1):
            break
    else:
        return None
    within = tokens.word(j) == "in"
    j += 2 if tokens.word(j) == "out" and tokens.word(j + 1) == "of" else 1
    j += tokens.word(j) in ("the", "every") and not within
    words = tokens.words(j)
    article = bool(words) and words[0] in ("a", "an")
    whole, _, taken = number_words.read(words[article:])
    if not taken or whole <= number.value or whole < 2:
        return None
    after = tokens.skip(j, taken + article)
    return replace(
        number,
        value=number.value / whole,
        unit=FRACTION,
        parts=(number.value, whole) if number.value != 1 or within else (whole,),
        end=tokens.at(after - 1).end,
        plain=False,
    ), after


def _change(tokens: Tokens, i: int) -> tuple[Number | None, int] | None:
    """Read "doubles", "twice", "threefold", "an order of magnitude", "a factor of"."""
    word, token = tokens.word(i), tokens.at(i)
    value = number_words.fold(word) or (0.0 if tokens.hyphen(i + 1) else _CHANGES.get(word, 0.0))
    if value:
        unit = FRACTION if value < 1 else TIMES
        return Number(value, unit, 1.0, token.start, token.end, spelled=True), i + 1
    if word in ("a", "an") and [tokens.word(j) for j in range(i + 1, i + 4)] == ["order", "of", "magnitude"]:
        return Number(10.0, TIMES, 1.0, token.start, tokens.at(i + 3).end, spelled=True), i + 4
    return _one_unit(tokens, i)


def _one_unit(tokens: Tokens, i: int) -> tuple[Number, int] | None:
    """Read "an hour", "a full year", "a single GPU day"."""
    if tokens.word(i) not in ("a", "an", "single"):
        return None
    for j in range(i + 1, i + 1 + _UNIT_REACH):
        unit = figure_units.named(tokens.word(j))
        if unit is not None and tokens.word(j) in figure_units.LONG_TIMES:
            return Number(1.0, unit, 1.0, tokens.at(i).start, tokens.at(j).end, spelled=True), j + 1
        if tokens.word(j) not in ("full", "whole", "single", "gpu"):
            break
    return None
