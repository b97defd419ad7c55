"""Reads the reply of a model that judges statements, as far as it is clear.

The prompt asks for lines of `number | "words of an abstract" | verdict | words of the statement`. Models add bullets, bold,
code fences and tables, put the verdict first, or reply in JSON. All of these are read. A statement is left out that has no
verdict, or two different ones.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rag.types import Verdict


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a model says of one statement: `quote` are words of an abstract, `words` those of the statement that are wrong."""

    verdict: Verdict
    quote: str = ""
    words: str = ""


_Record = tuple[int, Opinion | None]
_SPELLED: dict[Verdict, str] = {
    "unsupported": r"not[ _-](?:said|supported|stated|mentioned|given)|unsupported|no(?:t enough information)?|neutral",
    "partial": r"part(?:ly|ially|ial)?(?:[ _-]supported)?",
    "contradicted": r"contradict(?:ed|s|ion|ory)|refuted|false|wrong|incorrect",
    "supported": r"(?:fully[ _-])?support(?:ed|s)|yes|true|correct|entailed",
}
_VERDICT = re.compile("|".join(f"(?P<{verdict}>{words})" for verdict, words in _SPELLED.items()), re.IGNORECASE)
_NUMBERED = re.compile(
    r"[\s>*_`#|•-]*(?:statement|claim)?[\s\[(*_]*(\d{1,3})[\])*_]*[ \t]*(?:[|:.)=–—-]+|\s|$)(.*)", re.IGNORECASE
)
_LABEL = re.compile(r"(?:verdict|quote|quotation|sentence|abstract|evidence|words?(?: of the \w+)?)\s*[:=]\s*", re.IGNORECASE)
_NOTHING = re.compile(r"\W*(?:none|n/?a|null|nothing|empty)?\W*", re.IGNORECASE)
_QUOTED = re.compile(r'["“„«](.+)["”“»]')
_OPENING = re.compile(r"\[+|\{")  # of a list, perhaps of lists, or of an object
_KEYS = {"number": "number n id claim statement", "verdict": "verdict judg label", "quote": "quot abstract sentence evidence"}
_MAX_CHARS = 4_000  # of a line or a value that are read: matching takes the square of it
_MAX_FAILURES = 500  # to read JSON from a bracket on
_MAX_WHOLE_KEY = 2  # characters of a key that must not go on: "n" is no beginning of "note"
_AROUND = " \t*`_"
_AROUND_VERDICT = " \t*`_.:;,()[]\"'“”"


def read(reply: str, count: int, *, complete: bool = True) -> dict[int, Opinion]:
    """Return the opinions by statement, 1 to `count`. The last one of a reply that is not `complete` is left out."""
    records: list[_Record | None] = [*_objects(reply)] or [*map(_line, reply.splitlines())]
    if not complete:
        records = records[:-1]
    opinions: dict[int, Opinion] = {}
    unclear = set()
    for number, opinion in filter(None, records):
        if not 1 <= number <= count:
            continue
        before = opinions.setdefault(number, opinion) if opinion else None
        if opinion is None or (before and before.verdict != opinion.verdict):
            unclear.add(number)
    return {number: opinion for number, opinion in opinions.items() if number not in unclear}


def _line(line: str) -> _Record | None:
    """Return the number and the opinion of a line; None for a line without a verdict."""
    numbered = _NUMBERED.match(_short(line))
    if numbered is None:
        return None
    parts = [_LABEL.sub("", part.strip(_AROUND), count=1) for part in numbered[2].strip(_AROUND).strip("|").split("|")]
    if len(parts) == 1:
        verdict = _VERDICT.match(parts[0].lstrip(_AROUND_VERDICT))
        rest = parts[0].lstrip(_AROUND_VERDICT)[verdict.end() :] if verdict else ""
        if verdict is None or rest[:1].isalnum():
            return None
        quoted = _QUOTED.search(rest)
        return int(numbered[1]), Opinion(_named(verdict), quoted[1] if quoted else "")
    places = [(i, found) for i, part in enumerate(parts) if (found := _VERDICT.fullmatch(part.strip(_AROUND_VERDICT)))]
    if not places:
        return None
    if len({_named(found) for _, found in places}) > 1:
        return int(numbered[1]), None
    place, found = places[0]
    return int(numbered[1]), _opinion(_named(found), parts[:place], parts[place + 1 :])


def _named(found: re.Match[str]) -> Verdict:
    return next(verdict for verdict in _SPELLED if found[verdict] is not None)


def _opinion(verdict: Verdict, before: Sequence[str], after: Sequence[str]) -> Opinion:
    """Return the opinion of the parts of a line around its verdict; the quotation comes first, or else last."""
    if before:
        quote, words = " | ".join(before), "".join(after[:1])
    elif len(after) == 1 and (verdict == "supported" or _QUOTED.fullmatch(after[0])):
        quote, words = after[0], ""
    else:
        quote, words = " | ".join(after[1:]), "".join(after[:1])
    return Opinion(verdict, _filled(quote), _filled(words))


def _filled(text: str) -> str:
    """Return a part of a line without the marks of a quotation; "" for a sign that it is empty."""
    return "" if _NOTHING.fullmatch(text) else text.strip(_AROUND)


def _short(text: str) -> str:
    return " ".join(text[:_MAX_CHARS].split())


# -- JSON ------------------------------------------------------------------------------------------------------------------


def _objects(text: str) -> Iterator[_Record]:
    """Yield the numbers and opinions of the JSON objects in a reply."""
    decoder, position, failures = json.JSONDecoder(), 0, 0
    while failures < _MAX_FAILURES and (match := _OPENING.search(text, position)):
        try:
            value, position = decoder.raw_decode(text, match.start())
        except ValueError:
            position, failures = match.end(), failures + 1
            continue
        except RecursionError:
            return
        yield from filter(None, map(_object, _within(value)))


def _within(value: Any) -> Iterable[dict[str, Any]]:
    """Return the objects of a value that may have an opinion: {"1": "supported"} has one for each of its names."""
    if isinstance(value, list):
        return [one for item in value for one in _within(item)]
    if not isinstance(value, dict):
        return []
    if value and all(str(name).isdecimal() for name in value):
        return [{"number": n, **(one if isinstance(one, dict) else {"verdict": one})} for n, one in value.items()]
    inner = [one for item in value.values() if isinstance(item, list | dict) for one in _within(item)]
    return inner or [value]


def _object(value: dict[str, Any]) -> _Record | None:
    number, verdict, quote = (_value(value, names.split()) for names in _KEYS.values())
    words = _value(value, ["words", "offend", "wrong"])
    found = _VERDICT.fullmatch(verdict.strip(_AROUND_VERDICT))
    if not number.isdecimal() or found is None:
        return None
    return int(number), Opinion(_named(found), _filled(quote), _filled(words))


def _value(of: dict[str, Any], names: Sequence[str]) -> str:
    """Return the text of the first key that is one of `names` or begins with it, as "offending_words" with "offend"."""
    for name in names:
        for key, value in of.items():
            is_named = key.lower() == name or (len(name) > _MAX_WHOLE_KEY and key.lower().startswith(name))
            if is_named and value is not None and not isinstance(value, dict):
                return _short(" … ".join(map(str, value)) if isinstance(value, list) else str(value))
    return ""
