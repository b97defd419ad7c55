"""The units that figures stand with, and the dimension in which two units are converted into each other."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measure: one `name` is `factor` of the base unit of `dimension`."""

    name: str
    dimension: str
    factor: float = 1.0


PERCENT = Unit("%", "percent")
POINTS = Unit("points", "points")
TIMES = Unit("times", "times")
FRACTION = Unit("fraction", "fraction")  # "a third": 1/3
RELATIVE = frozenset({"percent", "times", "fraction"})  # dimensions of a share or a change
UNMEASURED = frozenset({"percent", "points", "times", "fraction"})  # texts often leave these units out

_PREFIXES = {"n": 1e-9, "µ": 1e-6, "μ": 1e-6, "u": 1e-6, "m": 1e-3, "c": 1e-2, "k": 1e3, "K": 1e3}
_PREFIXES |= {"M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "": 1.0}
_LONG_PREFIXES = {"nano": 1e-9, "micro": 1e-6, "milli": 1e-3, "centi": 1e-2, "kilo": 1e3, "mega": 1e6, "giga": 1e9}
_LONG_PREFIXES |= {"tera": 1e12, "peta": 1e15, "": 1.0}
# dimension, factor of the symbol, symbol, its prefixes ("-" is no prefix), names (which take any long prefix)
_TABLE = (
    ("time", 1.0, "s", "- m µ μ u n", "second"),
    ("length", 1.0, "m", "- c m µ μ u n k", "metre meter"),
    ("mass", 1.0, "g", "- k m µ μ u n", "gram gramme"),
    ("volume", 1.0, "L", "- m µ μ", "litre liter"),
    ("volume", 1.0, "l", "m µ μ", ""),
    ("information", 8.0, "B", "k K M G T P Ki Mi Gi Ti", "byte"),
    ("information", 1.0, "b", "k K M G", "bit"),
    ("information", 1.0, "bit", "- k K M G", ""),
    ("frequency", 1.0, "Hz", "- k M G T", "hertz"),
    ("power", 1.0, "W", "- m k M G", "watt"),
    ("voltage", 1.0, "V", "- m µ μ k", "volt"),
    ("energy", 1.602e-19, "eV", "- m k M G T", "electronvolt"),
    ("energy", 1.0, "J", "- m k M", "joule"),
    ("energy", 3600.0, "Wh", "- k M G T", ""),
    ("pressure", 1.0, "Pa", "- k M G", "pascal"),
    ("amount", 1.0, "mol", "- m µ μ n", "mole"),
    ("operations", 1.0, "FLOP", "- M G T P", ""),
    ("operations", 1.0, "FLOPs", "- M G T P", ""),
)
LONG_TIMES = {"minute": 60.0, "hour": 3600.0, "day": 86400.0, "week": 604800.0, "month": 2629800.0, "year": 31557600.0}
_SHORT_TIMES = {
    "min": 60.0,
    "mins": 60.0,
    "h": 3600.0,
    "d": 86400.0,
    "hr": 3600.0,
    "hrs": 3600.0,
    "sec": 1.0,
    "secs": 1.0,
    "msec": 1e-3,
}


def _symbols() -> dict[str, Unit]:
    symbols = {name: Unit(name, "time", seconds) for name, seconds in _SHORT_TIMES.items()}
    for dimension, factor, symbol, prefixes, _ in _TABLE:
        for prefix in prefixes.split():
            name = prefix.strip("-") + symbol
            symbols[name] = Unit(name, dimension, factor * _PREFIXES[prefix.strip("-")])
    symbols |= {"dB": Unit("dB", "level"), "ppm": Unit("ppm", "ppm"), "K": Unit("K", "temperature"), "pp": POINTS}
    return symbols | {"ml": Unit("ml", "volume", 1e-3), "ms": Unit("ms", "time", 1e-3)}


def _words() -> dict[str, Unit]:
    words = {word: Unit(word, "time", seconds) for word, seconds in LONG_TIMES.items()}
    for dimension, factor, _, _, names in _TABLE:
        for name in names.split():
            base = 1.0 if name == "bit" else factor
            words |= {p + name: Unit(p + name, dimension, base * f) for p, f in _LONG_PREFIXES.items()}
    words |= {word + "s": unit for word, unit in words.items()}
    words |= {"decibel": Unit("dB", "level"), "decibels": Unit("dB", "level"), "kelvin": Unit("K", "temperature")}
    words |= {"fps": Unit("fps", "rate"), "percent": PERCENT, "percentage": PERCENT, "times": TIMES, "fold": TIMES}
    return words | {"point": POINTS, "points": POINTS}


_SYMBOLS = _symbols()
_WORDS = _words()


def named(word: str) -> Unit | None:
    """Return the unit that `word` is the symbol or the name of, else None. Case tells symbols apart ("ms", "Mb", "MB")."""
    return _SYMBOLS.get(word) or _WORDS.get(word.lower())


def rate(word: str) -> Unit | None:
    """Return the unit of "per `word`", a unit of time, else None."""
    unit = named(word)
    return Unit(f"per {unit.name}", "rate", 1 / unit.factor) if unit and unit.dimension == "time" else None
