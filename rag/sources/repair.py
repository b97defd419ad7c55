"""Repairs text that a web page damaged: mojibake and entities with ftfy, and further damage that ftfy does not repair.

Only clear damage is changed. LaTeX that lost its backslashes is made readable, but not restored.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

# "x2013" is the rest of an escaped en dash. After a letter, a letter must follow: "modelx2019s", not "Linux2013".
_ESCAPE = re.compile(r"(?:(?<![0-9A-Za-z])|(?<=[A-Za-z])(?=x20\w\w[A-Za-z]))\\?x(20(?:1[0-9a-f]|2[0-6]|3[23]))")
_MACRO = re.compile(
    r"\\?(?<![A-Za-z])(?:text(?:it|bf|tt|sc|rm)?|emph|url|math(?:cal|bf|rm|bb|sf|it|tt)|operatorname)\{((?:[^{}]|\{[^{}]*\})*)\}"
)
_SIGN_OF_MACRO = {"sim": "~", "approx": "≈", "geq": "≥", "leq": "≤", "pm": "±"}
# A sign that lost its backslash, before a number: "sim 10^3", "geq 90%"; not "sim2real".
_LOST_BACKSLASH = re.compile(r"(?<![A-Za-z])\\?(sim|approx|geq|leq|pm) ?(?=\d[\d.,^]*(?:[KMBk%]\b|times\b|\b))")
_GLUED_TIMES = re.compile(r"(?<=\d)\\?times\b")
_ESCAPED_PUNCTUATION = re.compile(r"\\([%&#_$])")
_REPAIRS: tuple[tuple[tuple[str, ...], re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    # what a text must have for the damage to be in it, as most texts have none, the damage, and what stands in its place
    (("x20",), _ESCAPE, lambda m: chr(int(m.group(1), 16))),
    (("{",), _MACRO, r"\1"),
    (tuple(_SIGN_OF_MACRO), _LOST_BACKSLASH, lambda m: _SIGN_OF_MACRO[m.group(1)]),
    (("times",), _GLUED_TIMES, "×"),
    (("\\",), _ESCAPED_PUNCTUATION, r"\1"),
)
_UNDAMAGED = re.compile(r"[ -%'-\[\]-~]*")  # plain signs of which ftfy, which takes long, changes none: no "&" and no backslash
# Signs that ftfy changes alone: controls, ligatures, wide and narrow forms, other line ends, halves of characters.
_CHANGED_ALONE = re.compile(
    "[\x00-\x08\x0b\r-\x1f\x7f-\x9f\u0132\u0133\u0149\u01c4-\u01cc\u01f1-\u01f3\u2028\u2029\u206a-\u206f\u3000"
    "\ud800-\udfff\ufb00-\ufb06\ufeff\uff00-\uffff]"
)
_ENTITY = re.compile(r"&#?[0-9A-Za-z]{1,24};")
_FAR_FROM_SIGNS = re.compile(r"([\x00-\x7f]{3})[\x00-\x7f]+([\x00-\x7f]{3})")  # plain letters that are part of no mojibake
_MAX_PASSES = 20  # damage may be nested, like an escape of an escape
_SPACES_IN_LINE = re.compile(r"[^\S\n]+")
_UNEVEN_SPACE = re.compile(r"[^\S\n ]| [^\S\n]")


def text(raw: str) -> str:
    """Return `raw` repaired: single spaces, no control characters, no lone surrogates, Unicode NFC. Line breaks stay."""
    before, fixed = raw, _once(raw)
    for _ in range(_MAX_PASSES):
        if fixed == before:
            break
        before, fixed = fixed, _once(fixed)
    return fixed


def _once(raw: str) -> str:
    import ftfy  # imported here, because questions do not need it

    fixed = raw if is_undamaged(raw) else ftfy.fix_text(raw, uncurl_quotes=False)
    for signs, damage, repaired in _REPAIRS:
        if any(sign in fixed for sign in signs):
            fixed = damage.sub(repaired, fixed)
    return (_SPACES_IN_LINE.sub(" ", fixed) if _UNEVEN_SPACE.search(fixed) else fixed).strip()


def is_undamaged(raw: str) -> bool:
    """Whether ftfy would leave `raw` as it is, found in a fraction of its time. Of a few sound texts this is False too."""
    if _UNDAMAGED.fullmatch(raw):
        return True
    if _ENTITY.search(raw) or _CHANGED_ALONE.search(raw) or not unicodedata.is_normalized("NFC", raw):
        return False
    if raw.isascii():
        return True
    from ftfy.badness import is_bad  # imported here, because questions do not need it

    near = _FAR_FROM_SIGNS.sub(r"\1\2", raw)
    return not any(is_bad(f"{line}\n") for line in near.split("\n"))


def line(raw: str) -> str:
    """Return `raw` repaired as text() does, in one line: for titles and names."""
    return " ".join(text(raw).split())
