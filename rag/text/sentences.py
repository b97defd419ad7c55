"""Splits text into sentences with offsets.

Made for English abstracts, with their abbreviations, decimals, initials and missing spaces after a full stop, and for the full
stops of Chinese and Japanese, which no space follows. Dialogue is not covered.
"""

from __future__ import annotations

import re
from itertools import pairwise

Span = tuple[int, int]

_ABBREVIATIONS = frozenset(
    "al approx cf ch dr eg e.g eq eqs et fig figs ie i.e inc jr mr mrs ms p pp prof ref refs resp sec secs st tab "
    "vol vs w.r.t u.s u.k a.k.a viz ca".split()
)
# A full stop (with any closing quotes or brackets) before white space, a line break, or a full stop glued to the next word.
_BREAK = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s)|[。！？]+[\"'”’」』）)]*|\n+|(?<=[a-z)\]%]{2})\.(?=[A-Z][a-z]+[\s,])")
_NUMBERED = re.compile(r"nos?")  # "No. 5", but "No. Lamps dim"
_LAST_WORD = re.compile(r"([A-Za-z][A-Za-z.]*)$")
_STARTS_LOWER = re.compile(r"\s*[a-z]")


def _ends_sentence(text: str, match: re.Match[str]) -> bool:
    mark = match.group()
    if mark.startswith("\n") or mark[0] in "!?":
        return not _STARTS_LOWER.match(text, match.end()) or mark.startswith("\n")
    if _STARTS_LOWER.match(text, match.end()):
        return False  # "et al. show", "approx. three": a sentence starts with a capital, a digit or a sign
    word = _LAST_WORD.search(text, max(0, match.start() - 12), match.start())
    if word is None or mark.rstrip("\"'”’)]") != ".":
        return True
    token = word.group(1).lower().rstrip(".")
    if _NUMBERED.fullmatch(token) and re.match(r"\s+\d", text[match.end() :]):
        return False
    initial = len(token) == 1 and word.group(1).isupper() and not text[max(0, word.start() - 1)].isdigit()
    return token not in _ABBREVIATIONS and not (initial and _is_initial(text, match.end()))


def _is_initial(text: str, end: int) -> bool:
    """Whether the capital before `end` is an initial of a person's name: "J. Smith", not "plan B. The"."""
    return re.match(r"\s+[A-Z](?:\.|[a-z]+(?:,| and| et))", text[end:]) is not None


def split(text: str) -> list[Span]:
    """Return the (start, end) of each sentence of `text`, in order, without surrounding white space.

    The spans do not overlap. Only white space stands between two spans.
    """
    spans: list[Span] = []
    start = 0
    cuts = [m.end() for m in _BREAK.finditer(text) if _ends_sentence(text, m)]
    for cut in [*cuts, len(text)]:
        piece = text[start:cut]
        stripped = piece.strip()
        if stripped:
            begin = start + len(piece) - len(piece.lstrip())
            spans.append((begin, begin + len(stripped)))
        start = cut
    return spans


def pieces(text: str) -> list[str]:
    """Return the sentences with the white space that follows each, so that "".join(pieces(text)) == text."""
    spans = split(text)
    if not spans:
        return [text] if text else []
    bounds = [0, *(start for start, _ in spans[1:]), len(text)]
    return [text[a:b] for a, b in pairwise(bounds)]
