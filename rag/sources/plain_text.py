"""Papers as plain text: a title and an abstract, one paper or many.

Papers are written with labels ("Title: ...", "Abstract: ..."), with a blank line or only a line break after the title, as
numbered lists or under Markdown headings. Names may stand between title and abstract. Other text looks alike, so a text is
recognised only when titles and abstracts alternate regularly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.sources import record
from rag.sources.plain_text_lines import MIN_ABSTRACT_CHARS, Draft, drafts, may_be_title, sentences
from rag.types import BadRecord, Paper

NAME = "text"
_HEAD_CHARS = 100_000
_OTHER_FORMAT = re.compile(r"\A\s*(?:[<{%@]|\[\s*[\[{\"]|#!|---\s*\n\s*\w+:)|^(?:TY  - |PMID- |@\w+\s*[{(])|```", re.MULTILINE)
_OF_NO_ABSTRACT = re.compile(
    r"\b(?:you|your|yours|I|I’m|I'm|me|my|he|she|him|her|shall|copyright|licen[cs]e[ds]?|warrant(?:y|ies)|please|click)\b|©|\(c\)|\]\(",
)
_MAX_ABSTRACT_CHARS = 6000
_MIN_TITLE_WORDS = 4  # the mean of a file without labels
_MIN_WORDS_OF_ONLY_TITLE, _MIN_CHARS_OF_ONLY_ABSTRACT = 4, 200
_MOST = 0.8


def recognises(text: str) -> bool:
    """Whether titles and abstracts alternate in `text`, or stand after their labels."""
    head = text[:_HEAD_CHARS].lstrip("\ufeff")
    if not head.strip() or "\0" in head or _OTHER_FORMAT.search(head):
        return False
    found = list(drafts(head))
    if len(text) > _HEAD_CHARS:
        found = found[:-1]
    if not found or any(len(draft.text) > _MAX_ABSTRACT_CHARS for draft in found):
        return False
    return _are_labelled(found) or _alternate(found)


def parse(text: str) -> Iterator[Paper | BadRecord]:
    """Yield the papers in order; a text without a title is a BadRecord at its line."""
    for draft in drafts(text):
        authors = [name for written in draft.fields.get("authors", []) for name in record.authors(written)]
        yield record.paper(
            record.Record(
                title=draft.title,
                abstract=draft.text,
                authors=tuple(authors),
                published=next(iter(draft.fields.get("published", [])), ""),
                url=next((value for value in draft.fields.get("ids", []) if value.startswith(("http://", "https://"))), ""),
                ids=tuple(draft.fields.get("ids", [])),
                pmid=next(iter(draft.fields.get("pmid", [])), ""),
            ),
            draft.line,
        )


def _are_labelled(found: list[Draft]) -> bool:
    """Whether most drafts have the labels of a title or an abstract, and half of them have both texts."""
    labelled = [d for d in found if d.labels & {"title", "abstract"} and d.title and not d.odd]
    whole = [d for d in labelled if "abstract" in d.labels and _is_complete(d)]
    return len(labelled) >= _MOST * len(found) and 2 * len(whole) >= len(found)


def _alternate(found: list[Draft]) -> bool:
    """Whether most drafts without labels are a title of several words and one paragraph, as of an abstract."""
    regular = [d for d in found if _is_complete(d) and not d.odd and len(d.abstract) == 1]
    if len(regular) < _MOST * len(found) or not regular:
        return False
    words = [len(d.title.split()) for d in regular]
    if sum(words) < _MIN_TITLE_WORDS * len(words) or sum(d.title.endswith(("?", "!")) for d in regular) > 0.3 * len(regular):
        return False
    if sum(_OF_NO_ABSTRACT.search(d.title + " " + d.text) is not None for d in regular) > (1 - _MOST) * len(regular):
        return False
    if len(regular) > 1:
        return True
    only = regular[0]
    return len(only.title.split()) >= _MIN_WORDS_OF_ONLY_TITLE and (
        len(only.text) >= _MIN_CHARS_OF_ONLY_ABSTRACT and sentences(only.text) > 1
    )


def _is_complete(draft: Draft) -> bool:
    return may_be_title(draft.title) and len(draft.text) >= MIN_ABSTRACT_CHARS
