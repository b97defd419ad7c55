"""Finds papers by title: by the whole title, by the name before its colon, or by a similar title."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import SequenceMatcher

from rag.index.generations import Index
from rag.text.words import WORD, content_words, method_names

MIN_SAME_TITLE_SIMILARITY = 0.85  # from here on, the question means this paper
MIN_LIKE_TITLE_SIMILARITY = 0.6  # from here on, it may mean this paper
_CONTAINED_SHORT_SIMILARITY = 0.8  # of a title that contains the one or two words searched: "GPT-4" need not be its name
_CONTAINED_LONG_SIMILARITY = 0.9  # of a title that contains more words
_MAX_SHORT_TITLE_WORDS = 2
_SAME_WORDS_SIMILARITY = 0.8  # of a title that has all words searched, in any order
_MAX_PAPERS_COMPARED = 30  # papers whose titles are compared letter by letter


def find(title: str, titles: Mapping[str, str], index: Index) -> list[tuple[str, float]]:
    """Return the ids of the papers of `titles` (id to title) that are like `title`, each with its similarity, best first.

    The similarity is 1 for the same title and for the name before its colon, 0.8 or 0.9 for a title that contains `title`,
    and else the larger of the share of common words and the ratio of difflib.SequenceMatcher, both 0 to 1.
    """
    wanted = _folded(title)
    may_be_contained = len(wanted.split()) > 1 or bool(method_names(title))
    contained = _CONTAINED_LONG_SIMILARITY if len(wanted.split()) > _MAX_SHORT_TITLE_WORDS else _CONTAINED_SHORT_SIMILARITY
    similarities: dict[str, float] = {}
    for paper_id, stored in titles.items():
        if wanted in (_folded(stored), _folded(stored.partition(":")[0])):
            similarities[paper_id] = 1.0
        elif may_be_contained and wanted in _folded(stored):
            similarities[paper_id] = contained
    for row in index.lexical.search(title, _MAX_PAPERS_COMPARED)[0]:
        paper_id = index.paper_at(row)
        if paper_id in titles and paper_id not in similarities:
            similarities[paper_id] = _similarity(title, titles[paper_id])
    return sorted(similarities.items(), key=lambda item: (-item[1], titles[item[0]]))


def _folded(title: str) -> str:
    return f" {' '.join(WORD.findall(title.lower()))} "


def _similarity(title: str, stored: str) -> float:
    words = content_words(title)
    share = len(words & content_words(stored)) / len(words) if len(words) > 1 else 0.0
    heads = (stored, stored.partition(":")[0])
    ratios = (SequenceMatcher(None, _folded(title), _folded(head)).ratio() for head in heads)
    return max(_SAME_WORDS_SIMILARITY * share, *ratios)


def starts_with_title(text: str, title: str) -> bool:
    """Whether `text` starts with `title`, or with the name before its colon."""
    return any(name.strip() and _folded(text).startswith(name) for name in (_folded(title), _folded(title.partition(":")[0])))
