"""Reads the scale and the unit that follow a number: "20k", "10 million", "37 GPU-hours", "5 percentage points"."""

from __future__ import annotations

from dataclasses import replace

from rag.text import figure_units, number_words
from rag.text.figure_tokens import Number, Tokens
from rag.text.figure_units import PERCENT, POINTS, TIMES, Unit

LETTER_SCALES = {"k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12, "m": 1e6, "b": 1e9, "t": 1e12}
_POINTS_REACH = 2  # tokens between a number and "points"


def measured(tokens: Tokens, number: Number, i: int) -> tuple[Number, int]:
    """Return `number`, which ends before token `i`, with its scale and unit, and the index of the token after them."""
    number, i = _scaled(tokens, number, i)
    unit, after = _unit(tokens, i)
    if unit is None:
        return number, i
    metres = unit.name == "m" and number.scale == 1 and not number.spelled  # "150m" may be 150 million
    others = (*number.others, (number.value * 1e6, None)) if metres else number.others
    return replace(number, unit=unit, end=tokens.at(after - 1).end, plain=False, others=others), after


def _scaled(tokens: Tokens, number: Number, i: int) -> tuple[Number, int]:
    j = tokens.gap(i)
    glued, token, word = tokens.glued(j) and j == i, tokens.at(j), tokens.word(j)
    scale = number_words.SCALES.get(word, 0.0)
    if not scale and not number.spelled and token.kind == "w" and (glued or token.text in ("M", "B")):
        scale = LETTER_SCALES.get(token.text, 0.0)
    if not scale:
        return number, i
    metres = ((number.value, figure_units.named("m")),) if token.text == "m" else ()
    value, step = number.value * scale, number.step * scale
    return replace(number, value=value, step=step, end=token.end, scale=scale, plain=False, others=metres), j + 1


def _unit(tokens: Tokens, i: int) -> tuple[Unit | None, int]:
    j = tokens.gap(i)
    token, word = tokens.at(j), tokens.word(j)
    if token.text == "%" or word in ("percent", "percentage") or (word == "per" and tokens.word(j + 1) == "cent"):
        j += 1 + (word == "per")
        k = j + 1 if tokens.hyphen(j) else j
        return (POINTS, k + 1) if tokens.word(k) in ("point", "points") else (PERCENT, j)
    if token.text in ("x", "X", "×") and tokens.at(j + 1).kind != "n":
        return TIMES, j + 1
    if token.text == "°" or word in ("degree", "degrees"):
        scale = tokens.at(j + 1).text if tokens.at(j + 1).text in ("C", "F", "Celsius", "Fahrenheit") else ""
        degree = f"°{scale[:1] or 'C'}"  # "0.7 degrees" are of Celsius more often than of an angle
        return Unit(degree, degree), j + 1 + bool(scale)
    unit = figure_units.named(token.text) if token.kind == "w" else None
    if unit is None and token.kind == "w" and token.text.isupper():  # "37 GPU-hours"
        j = j + 2 if tokens.hyphen(j + 1) else j + 1
        unit = figure_units.named(tokens.word(j)) if tokens.word(j) else None
        unit = unit if unit and unit.dimension == "time" else None
    return (unit, j + 1) if unit else _points(tokens, i)


def _points(tokens: Tokens, i: int) -> tuple[Unit | None, int]:
    """Read "BLEU points", "accuracy points", "F1 points"."""
    for j in range(i, i + _POINTS_REACH):
        if tokens.at(j).kind == "s" or (tokens.at(j).kind == "n" and not tokens.glued(j)) or tokens.word(j) == "data":
            break
        if tokens.word(j + 1) in ("point", "points"):
            return POINTS, j + 2
    return None, i
