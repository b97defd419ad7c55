"""Papers by what they are called: whole titles, the names before their colons, and titles that only come near."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import SequenceMatcher

from rag.index.generations import Index
from rag.text.words import WORD, content_words, method_names

SURE = 0.85  # nearness of a title that is meant
NEAR = 0.6  # nearness of one that may be
_CONTAINED = (0.8, 0.9)  # of one or two words, of more: "GPT-4" in a title is not the paper's name
_FEW = 2
_SAME_WORDS = 0.8
_CANDIDATES = 30  # papers whose words are compared letter by letter


def find(title: str, titles: Mapping[str, str], live: Index) -> list[tuple[str, float]]:
    """Return ids of `titles` (id to title) that are like `title`, with their nearness from 0 to 1, nearest first.

    1 is the same title, or the name before its colon; 0.8 one that has it whole in it, when it is a name or two words, and
    0.9 when it is more.
    """
    wanted = _folded(title)
    whole = len(wanted.split()) > 1 or bool(method_names(title))
    found: dict[str, float] = {}
    for paper_id, known in titles.items():
        if wanted in (_folded(known), _folded(known.partition(":")[0])):
            found[paper_id] = 1.0
        elif whole and wanted in _folded(known):
            found[paper_id] = _CONTAINED[len(wanted.split()) > _FEW]
    for row in live.lexical.search(title, _CANDIDATES)[0]:
        paper_id = live.matrix.papers[row]
        if paper_id in titles and paper_id not in found:
            found[paper_id] = _nearness(title, titles[paper_id])
    return sorted(found.items(), key=lambda item: (-item[1], titles[item[0]]))


def _folded(title: str) -> str:
    return f" {' '.join(WORD.findall(title.lower()))} "


def _nearness(title: str, known: str) -> float:
    words = content_words(title)
    share = len(words & content_words(known)) / len(words) if len(words) > 1 else 0.0
    heads = (known, known.partition(":")[0])
    return max(_SAME_WORDS * share, *(SequenceMatcher(None, _folded(title), _folded(head)).ratio() for head in heads))


def begins(said: str, known: str) -> bool:
    """Whether `said` begins with a title or with the name before its colon, and goes on."""
    return any(name.strip() and _folded(said).startswith(name) for name in (_folded(known), _folded(known.partition(":")[0])))
