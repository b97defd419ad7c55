"""Reads figures that are written in digits: "10,000", "20k", "1e-4", "3 × 10^4", "1/100". Digits inside names are marked."""

from __future__ import annotations

from dataclasses import replace

from rag.text import figure_units, number_words
from rag.text.figure_measures import LETTER_SCALES, measured
from rag.text.figure_tokens import END, Number, Tokens
from rag.text.figure_units import FRACTION, Unit

_SEPARATORS = str.maketrans("−", "-", ",{}\\ \u00a0\u2009\u202f")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_MARKER_TOKENS = 2  # of "1."
_MAX_EXPONENT = 300


def read(tokens: Tokens, i: int) -> tuple[Number, int]:
    """Return the figure that begins with token `i`, which has digits, and the index of the token after it."""
    token = tokens.at(i)
    if token.text.count(".") > 1:
        version = Unit(token.text, f"version {token.text}")
        return Number(float(token.text.split(".")[0]), version, 1.0, token.start, token.end), i + 1
    value, step = _value(token.text)
    number = Number(value, None, step, token.start, token.end, plain=True)
    if _in_name(tokens, i):
        tokens.in_names.add(i)
        scale = LETTER_SCALES.get(tokens.at(i + 1).text, 0.0) if tokens.glued(i + 1) else 0.0
        if scale:
            number = replace(number, value=value * scale, step=step * scale, scale=scale, plain=False, others=((value, None),))
        return replace(number, name=True), i + 1
    if i == 0 and tokens.at(1).text in (".", ")") and tokens.glued(1) and len(tokens) > _MARKER_TOKENS:
        return replace(number, name=True), i + 1  # the marker of a list item
    number, after = _power(tokens, number, i + 1)
    if tokens.at(after).text == "/" and tokens.glued(after) and tokens.glued(after + 1) and tokens.at(after + 1).kind == "n":
        whole, _ = _value(tokens.at(after + 1).text)
        end = tokens.at(after + 1).end
        share = value / whole if whole else 0.0
        return replace(number, value=share, unit=FRACTION, parts=(value, whole), end=end, plain=False), after + 2
    return measured(tokens, number, after)


def _in_name(tokens: Tokens, i: int) -> bool:
    before, token, after = tokens.at(i - 1), tokens.at(i), tokens.at(i + 1)
    if tokens.glued(i):
        joined = tokens.at(i - 2) if tokens.glued(i - 1) else END
        if before.kind == "w" or before.text in ("@", "_", "^"):
            return True
        if before.text in ("-", "–", "'", "’", "/") and (joined.kind == "w" or i - 2 in tokens.in_names):
            return True
    if after.text in ("x", "X", "×") and tokens.at(i + 2).kind == "n" and not _is_power(tokens, i + 2):
        return True
    if before.text in ("x", "X", "×") and tokens.at(i - 2).kind == "n" and not _is_power(tokens, i):
        return True
    suffix = after.text if tokens.glued(i + 1) and after.kind == "w" else ""
    if not suffix or suffix.translate(_SUPERSCRIPTS) != suffix:
        return False
    decade = suffix == "s" and token.end - token.start == 4
    known = suffix in LETTER_SCALES or figure_units.named(suffix) or suffix.lower() in number_words.SCALES
    return decade or not (known or suffix in ("x", "X", "×"))


def _is_power(tokens: Tokens, i: int) -> bool:
    after = tokens.at(i + 1)
    raised = after.text == "^" or (after.kind == "w" and after.text.translate(_SUPERSCRIPTS) != after.text)
    return tokens.glued(i + 1) and raised


def _power(tokens: Tokens, number: Number, i: int) -> tuple[Number, int]:
    """Read on from `number`, which ends before token `i`: 10^3, 10⁻³, 3 × 10^4."""
    if tokens.at(i).text in ("x", "×") and tokens.at(i + 1).kind == "n" and _is_power(tokens, i + 1):
        base, _ = _value(tokens.at(i + 1).text)
        power, after = _power(tokens, replace(number, value=base, end=tokens.at(i + 1).end), i + 2)
        return replace(power, value=number.value * power.value, step=number.step * power.value), after
    if not _is_power(tokens, i - 1):
        return number, i
    if tokens.at(i).text != "^":
        exponent = tokens.at(i).text.translate(_SUPERSCRIPTS)
        return _raised(number, exponent, tokens.at(i).end), i + 1
    j = i + 1
    while tokens.at(j).text in ("{", "-", "−") and j < i + 3:
        j += 1
    if tokens.at(j).kind != "n":
        return number, i
    sign = "-" if tokens.at(j - 1).text in ("-", "−") else ""
    close = j + 1 if tokens.at(j + 1).text == "}" and tokens.at(i + 1).text == "{" else j
    return _raised(number, sign + tokens.at(j).text, tokens.at(close).end), close + 1


def _value(written: str) -> tuple[float, float]:
    """Return the value of `written` and of its last place."""
    plain = written.translate(_SEPARATORS)
    mantissa, _, exponent = plain.lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    power = int(exponent or 0)
    return float(plain), 10.0 ** (max(-decimals, -_MAX_EXPONENT) + max(min(power, _MAX_EXPONENT), -_MAX_EXPONENT))


def _raised(number: Number, exponent: str, end: int) -> Number:
    try:
        power = float(exponent)
        value = number.value**power if abs(power) <= _MAX_EXPONENT else 0.0
    except (ValueError, OverflowError, ZeroDivisionError):
        return number
    return replace(number, value=value, step=value, end=end, plain=False)
