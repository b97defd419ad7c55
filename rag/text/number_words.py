"""English number words: "twenty-five", "ten thousand", "a dozen", and the denominators of "two thirds" and "a twentieth"."""

from __future__ import annotations

from collections.abc import Sequence

_SMALL = "zero one two three four five six seven eight nine ten eleven twelve"
_TEENS = "thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
SMALL = {word: float(n) for n, word in enumerate([*_SMALL.split(), *_TEENS.split()])}
TENS = {word: 10.0 * n for n, word in enumerate(_TENS.split(), start=2)}
SCALES = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "bn": 1e9, "mn": 1e6}
_DENOMINATORS = {"third": 3.0, "quarter": 4.0, "fourth": 4.0, "fifth": 5.0, "eighth": 8.0, "ninth": 9.0, "twelfth": 12.0}
_DENOMINATORS |= {word + "th": n for word, n in SMALL.items() if n > 5 and n not in (8, 9, 12)}
_DENOMINATORS |= {word[:-1] + "ieth": n for word, n in TENS.items()}
_DENOMINATORS |= {"hundredth": 100.0, "thousandth": 1e3, "millionth": 1e6}


def read(words: Sequence[str]) -> tuple[float, float, int]:
    """Return the number that `words` begin with, its step and how many words it takes: 0 when they begin with none.

    The step is the place that the words count in: "thirty thousand" counts thousands.
    """
    total, current, step, taken = 0.0, 0.0, 1.0, 0
    last = ""
    for n, word in enumerate(words):
        if word in SMALL and (not last or last == "hundred" or last == "scale" or (last == "tens" and 0 < SMALL[word] < 10)):
            current, last, step = current + SMALL[word], "small", 1.0
        elif word in TENS and last in ("", "hundred", "scale"):
            current, last, step = current + TENS[word], "tens", 1.0
        elif word == "hundred" and (0 < current < 100 or n == 0):
            current, last, step = max(current, 1) * 100, "hundred", 100.0
        elif word == "dozen" and last in ("", "small", "tens"):
            return max(current, 1) * 12, 12.0 if current else 1.0, n + 1
        elif word in SCALES and (current or n == 0):
            total, current, last, step = total + max(current, 1) * SCALES[word], 0.0, "scale", SCALES[word]
        elif word == "and" and last in ("hundred", "scale") and n + 1 < len(words) and words[n + 1] in SMALL | TENS:
            continue
        else:
            break
        taken = n + 1
    return total + current, step, taken


def denominator(words: Sequence[str]) -> tuple[float, int]:
    """Return the denominator that `words` begin with ("third", "twentieths", "twenty-fifth") and how many words it takes."""
    if not words:
        return 0.0, 0
    singular = words[0].removesuffix("s")
    if singular in _DENOMINATORS:
        return _DENOMINATORS[singular], 1
    if words[0] in TENS and len(words) > 1:
        unit = _DENOMINATORS.get(words[1].removesuffix("s"), 0.0)
        if 0 < unit < 10:
            return TENS[words[0]] + unit, 2
    return 0.0, 0


def fold(word: str) -> float:
    """Return 3 for "threefold" and 100 for "hundredfold", else 0."""
    stem = word.removesuffix("fold").rstrip("-")
    value, _, taken = read([stem]) if stem != word else (0.0, 0.0, 0)
    return value if taken else 0.0
