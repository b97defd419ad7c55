"""Finds authors and years by which a text cites: (Zeng et al., 2020), Zeng and Li (2019), (see Hu 2021; Li 2022) [1]."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.text.dates import MONTH
from rag.text.words import WORD, method_names
from rag.types import Source

_PARTICLE = r"(?:(?i:van|von|der|den|de|del|della|di|da|dos|du|la|le|ter|ten|al|el|bin)[ ]|[dDO]['’])"
_NAME = rf"{_PARTICLE}{{0,2}}[^\W\d_a-zß-öø-ÿ][^\W\d_]*(?:['’-][^\W\d_]+)*"
_NAMES = rf"{_NAME}(?:(?:,[ ]{_NAME}){{0,3}},?[ ](?:(?:and|&)[ ]{_NAME}|et[ ]al\.?))?"
_YEARS = r"(?:19|20)\d\d[a-z]?(?:,[ ](?:19|20)\d\d[a-z]?)*"
_PAGES = r"(?:,[ ]pp?\.[ ]?\d+(?:[-–]\d+)?)?"
_GROUP = rf"(?:{_NAMES},?[ ]{_YEARS}{_PAGES}|{_NAME}[ ]et[ ]al\.?)"
_SEE = r"(?:(?:see also|see|cf\.?|e\.g\.,?|as in|in|from)[ ])"
_CITED = re.compile(
    rf"[(\[]{_SEE}?(?P<groups>{_GROUP}(?:;[ ]{_SEE}?{_GROUP})*)[\s,;]*[)\]]"  # (Zeng et al., 2020; Hu 2021)
    rf"|\({_SEE}[\s,;]*\)"  # (see [1]), where the mark is a blank
    rf"|(?<!\w)(?P<named>{_NAMES}(?:['’]s)?[ ][(\[]{_YEARS}{_PAGES})[\s,;]*[)\]]"  # Zeng and Li (2019)
    rf"|(?<!\w)(?P<bare>{_NAME}[ ]et[ ]al\b\.?(?:['’]s\b)?(?:,?[ ]{_YEARS})?)"  # Zeng et al.
)
_MONTH = re.compile(MONTH, re.IGNORECASE)
_CAPITALISED = re.compile(r"[^\W\d_a-zß-öø-ÿ][^\W\d_]*(?:['’-][^\W\d_]+)*")
_YEAR = re.compile(r"(?:19|20)\d\d")


@dataclass(frozen=True, slots=True)
class _Cited:
    """Authors and years at text[start:end]: (surnames, years) of each work."""

    start: int
    end: int
    works: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]


def spans(text: str, sources: Sequence[Source]) -> list[tuple[int, int]]:
    """Return the (start, end) of authors and years in `text`, in order."""
    return [(cited.start, cited.end) for cited in _cited(text, sources)]


def resolved(text: str, sources: Sequence[Source]) -> Iterator[tuple[int, int]]:
    """Yield (offset of the closing bracket, source number) for each work whose author and year exactly one source has."""
    for cited in _cited(text, sources):
        for surnames, years in cited.works if text[cited.end - 1] in ")]" else ():
            fitting = [s.n for s in sources if _is_by(s, surnames) and (s.paper.published or "")[:4] in years]
            if len(fitting) == 1:
                yield cited.end - 1, fitting[0]


def _cited(text: str, sources: Sequence[Source]) -> Iterator[_Cited]:
    matches = list(_CITED.finditer(text))
    if not matches:
        return
    authors = {w for s in sources for author in s.paper.authors for w in WORD.findall(author)}
    said = {w for s in sources for w in WORD.findall(f"{s.paper.title} {s.paper.abstract}")} - authors
    for match in matches:
        groups = [group for group in (match["groups"] or match["named"] or match["bare"] or "").split(";") if group]
        works = tuple((tuple(_CAPITALISED.findall(group)), tuple(_YEAR.findall(group))) for group in groups)
        if match["named"] and len(works[0][0]) == 1 and works[0][0][0] not in authors and "et al" not in groups[0]:
            continue  # "Done (2020)", "Ghent (2021)"
        if all("et al" in group or _are_authors(work[0], said) for group, work in zip(groups, works, strict=True)):
            yield _Cited(*match.span(), works)


def _are_authors(names: Sequence[str], said: set[str]) -> bool:
    """Whether `names` with a year are authors: not a month, a conference or method ("NeurIPS 2020"), or what a source names."""
    return not any(_MONTH.fullmatch(name) or method_names(name) or said.intersection(WORD.findall(name)) for name in names)


def _is_by(source: Source, surnames: Sequence[str]) -> bool:
    words = {w.lower() for author in source.paper.authors for w in WORD.findall(author)}
    return bool(surnames) and all(w.lower() in words for name in surnames for w in WORD.findall(name))
