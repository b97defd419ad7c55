"""Checks the statements of a draft, or single claims, and says what was found: for people and as JSON values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from rag.assistant import Assistant
from rag.drafts.reading import Draft
from rag.output import findings, render
from rag.output.signs import SIGNS
from rag.retrieval import gate
from rag.types import Claim, Filters, Hit, Paper, Source

_MARK = re.compile(r"\[(\d+)\]")
_PAPERS_A_CLAIM = 3  # read for a claim without a citation


@dataclass(frozen=True, slots=True)
class Checked:
    """The statements of a draft that cite something. Those of `unknown` cite only works whose abstracts are not known."""

    draft: Draft
    sources: tuple[Source, ...]
    claims: tuple[Claim, ...]
    unknown: tuple[Claim, ...]

    @property
    def doubtful(self) -> list[Claim]:
        return [claim for claim in self.claims if claim.verdict in SIGNS]

    def named(self, line: str) -> str:
        """Return `line` with sources called as the draft calls them."""
        return line if self.draft.listed else _MARK.sub(lambda mark: f"[{self.draft.keys.get(int(mark[1]), mark[1])}]", line)


def draft(of: Draft, papers: Mapping[int, Paper], assistant: Assistant) -> Checked:
    """Return the checked statements of a draft; `papers` are those that its numbers stand for, where they are known."""
    sources = [_source(n, papers.get(n) or Paper(id="", title=key, abstract="")) for n, key in sorted(of.keys.items())]
    checked = assistant.checked(of.text, sources)
    cited = [claim for claim in checked if any(n in of.keys or of.listed for n in claim.citations)]  # [3] may be an index
    known = [claim for claim in cited if any(n in papers for n in claim.citations)]
    unknown = [claim for claim in cited if claim not in known and claim.verdict != "none"]
    return Checked(of, tuple(sources), tuple(claim for claim in known if claim.verdict != "none"), tuple(unknown))


def lines(name: str, of: Checked) -> Iterator[str]:
    """Yield a line for each doubtful statement, FILE:LINE before it, then what the abstract says; last the counts."""
    for claim in of.doubtful:
        first, *more = map(of.named, findings.finding(claim, of.sources))
        yield f"{name}:{of.draft.line(claim.start)}: {first}"
        yield from more
    found = Counter(claim.verdict for claim in of.claims)
    counts = ", ".join(f"{n} {verdict}" for verdict, n in found.most_common()) or "none could be checked"
    n = len(of.claims) + len(of.unknown)
    yield f"{n} statement{'s' * (n != 1)} with {'citations' if n != 1 else 'a citation'}: {counts}."
    if of.unknown:
        numbers = sorted({number for claim in of.unknown for number in claim.citations})
        missing = "; ".join(of.draft.keys.get(number, f"[{number}]") for number in numbers)
        yield f"{len(of.unknown)} of them cite only works without a known abstract, and were not checked: {missing}."


def to_dict(of: Checked) -> dict[str, Any]:
    """Return the result as JSON values, as docs/reference/json.md shows them."""
    return {
        "claims": [_claim(claim, of) for claim in of.claims],
        "not_checked": [_claim(claim, of) for claim in of.unknown],
        "sources": [{"key": of.draft.keys[s.n], **render.hit_to_dict(s.n, s.hit)} for s in of.sources if s.paper.abstract],
    }


def _claim(claim: Claim, of: Checked) -> dict[str, Any]:
    return {"line": of.draft.line(claim.start), **asdict(claim), "keys": [of.draft.keys.get(n, "") for n in claim.citations]}


def claims(text: str, papers: Sequence[Paper] | None, filters: Filters, assistant: Assistant) -> dict[str, Any]:
    """Return the statements of `text` with verdict and evidence, as JSON values.

    They are held against `papers`, numbered from 1, which `text` may cite as [1]. With None, each is held against the nearest
    papers of the library that pass `filters`: one that supports it, or else the one that comes nearest to saying it. One that
    no paper is near is uncited. Raises UsageError for wrong filters.
    """
    if papers is not None:
        sources = [_source(n, paper) for n, paper in enumerate(papers, 1)]
        found = stated(text, sources, assistant)
    else:
        found, sources = _against_nearest(text, filters, assistant)
    told = [asdict(claim) for claim in found]
    return {"claims": told, "sources": [render.hit_to_dict(source.n, source.hit) for source in sources]}


def stated(text: str, sources: Sequence[Source], assistant: Assistant) -> list[Claim]:
    """Return the statements of `text`, each held against the sources that it cites, or against each one when it cites none."""
    found = [claim for claim in assistant.checked(text, sources) if claim.verdict != "none"]
    return [claim if claim.citations or claim.added else _held(claim, sources, assistant) for claim in found]


def _against_nearest(text: str, filters: Filters, assistant: Assistant) -> tuple[list[Claim], list[Source]]:
    """Return the statements of a text, and the papers that they were held against, each once."""
    only = assistant.scope.checked(filters)
    numbers: dict[str, Source] = {}
    found = []
    for claim in assistant.checked(text, ()):
        if claim.verdict != "none":
            hits = assistant.search(claim.text, _PAPERS_A_CLAIM, only)
            near = [hit for hit in hits if hit.dense >= gate.MIN_COSINE_OF_BEST_CHUNK]
            sources = [numbers.setdefault(hit.paper.id, Source(len(numbers) + 1, hit)) for hit in near]
            found.append(_held(claim, sources, assistant))
    used = {evidence.n for claim in found for evidence in claim.evidence}
    return found, [source for source in numbers.values() if source.n in used]


def _held(claim: Claim, sources: Sequence[Source], assistant: Assistant) -> Claim:
    """Return a statement without a citation as the source that supports it, or comes nearest to it, makes it.

    A source that supports it counts as an added citation.
    """
    alone = [one for source in sources for one in assistant.checked(f"{claim.text} [{source.n}]", [source])[:1]]
    best = max(alone, key=_closeness, default=None)
    if best is None:
        return claim
    added = best.citations if best.verdict == "supported" else ()
    return replace(best, text=claim.text, start=claim.start, end=claim.end, citations=(), added=added)


def _closeness(claim: Claim) -> tuple[bool, float]:
    return claim.verdict == "supported", max((evidence.score for evidence in claim.evidence), default=0.0)


def _source(n: int, paper: Paper) -> Source:
    return Source(n, Hit(paper=paper, score=0.0, dense=0.0, lexical=0.0))
