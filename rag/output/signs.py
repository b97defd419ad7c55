"""The signs of the verdicts, and where they stand: before the full stop of their sentence, or at the end of their clause."""

from __future__ import annotations

from rag.text import sentences
from rag.text.citations import citations
from rag.types import Answer, Claim, Verdict

MARK = "⚠"
# The sign of each verdict that doubts a claim, and its meaning in the legend.
SIGNS: dict[Verdict, tuple[str, str]] = {
    "unsupported": (MARK, "not supported by the abstract it cites"),
    "contradicted": ("≠", "the abstract says otherwise"),
    "partial": ("≈", "supported only in part"),
    "miscited": ("↪", "supported by another source than it cites"),
    "uncited": ("○", "without a source"),
}
NO_SIGN = "no sign: found in the abstract"
_SPACES = " \t\n\u00a0\u202f"
_STOPS = ".!?…,;:。！？，；：、" + _SPACES  # French sets a space before some of them
_CLOSING = "*_\"'”’»)）」』|" + _SPACES  # what can follow a full stop; the bar ends a row of a table


def legend() -> str:
    """Return all signs with their meanings in one line."""
    return "; ".join([*(f"{sign} {meaning}" for sign, meaning in SIGNS.values()), NO_SIGN])


def position(claim: str) -> int:
    """Return the offset in the text of a claim at which its sign stands.

    The sign stands before the last full stop, and before the quotes, asterisks and citation marks after that stop.
    """
    marks = {mark.end: mark.start for mark in citations(claim)}
    end = len(claim)
    while end:
        if end in marks:
            end = marks[end]
        elif claim[end - 1] in _CLOSING:
            end -= 1
        else:
            break
    if end and claim[end - 1] in _STOPS and not _abbreviates(claim, end):
        return len(claim[:end].rstrip(_STOPS))
    return len(claim.rstrip("| ")) if claim.endswith("|") else len(claim)


def _abbreviates(claim: str, end: int) -> bool:
    """Whether the full stop before `end` is that of an abbreviation, with a citation mark after it: "et al. [1]"."""
    spans = sentences.split(f"{claim[:end]} The")
    return claim[end - 1] == "." and bool(claim[end:].strip(_CLOSING)) and spans[-1][0] < end


def suffix(claim: Claim) -> str:
    """Return what the check adds to a sentence: a citation or a sign; "" for a supported one."""
    if claim.added:
        return f" [{', '.join(map(str, claim.added))}, added by check]"
    return f" {SIGNS[claim.verdict][0]}" if claim.verdict in SIGNS else ""


def marked(answer: Answer) -> str:
    """Return the whole text of `answer`, with the sign or the added citation of each sentence."""
    text = answer.answer
    for at, added in sorted(((claim.start + position(claim.text), suffix(claim)) for claim in answer.claims), reverse=True):
        text = text[:at] + added + text[at:]
    return text
