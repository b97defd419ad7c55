"""What the check found, marked in the text of an answer: citations lead to sentences, and what is doubtful is underlined.

Beside a doubtful sentence stands in a few words what is wrong with it, and what the abstract says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from rag.output import findings, signs
from rag.output.signs import SIGNS
from rag.text.citations import citations
from rag.types import QUOTED, Answer, Claim, Difference, Evidence, Source, Verdict
from ui.reading.marked import Enclosed, Inserted, html
from ui.rendering import rendered

_NAMES: dict[Verdict, str] = {  # of the verdicts, in the line that counts them, in its order
    "supported": "supported",
    "contradicted": "contradicted",
    "partial": "partly supported",
    "unsupported": "not supported",
    "miscited": "with the wrong source",
    "uncited": "without a source",
    "unchecked": "in another language, not checked",
}
_WRONG_FIGURE = "wrong number"  # a contradiction of figures only
_MAX_TAG_CHARS = 40  # of an abstract's words beside a sentence


@dataclass(frozen=True, slots=True)
class Count:
    """How many statements of an answer have a verdict, and what that is called."""

    verdict: str
    n: int
    name: str


def anchor(key: str, n: int, evidence: Evidence | None = None) -> str:
    """Return the id of the card of source `n`, or of a sentence in it. `key` is that of the answer on its page."""
    return f"src-{key}-{n}" + (f"-{evidence.start}" if evidence else "")


def marked(key: str, text: str, claims: Sequence[Claim], sources: Sequence[Source], *, quotes: bool = False) -> Markup:
    """Return the text of an answer, or its beginning, as HTML with its marks.

    `key` tells the answer from the others of its page. With `quotes` the answer quotes the abstracts, and cites each paper of a
    list once.
    """
    return html(text, list(_inserted(key, text, claims, sources, quotes=quotes)), list(_enclosed(key, claims, sources)))


def counts(answer: Answer) -> list[Count]:
    """Return the result of the check. Only answers of a model have one; others quote the abstracts or the library's records."""
    if answer.mode != "model":
        return []
    claims = [claim for claim in answer.claims if claim.by != QUOTED]
    found = Counter(claim.verdict for claim in claims)
    figures = all(_is_about_figures(claim) for claim in claims if claim.verdict == "contradicted")
    names: dict[Verdict, str] = {**_NAMES, "contradicted": _WRONG_FIGURE if figures else _NAMES["contradicted"]}
    return [Count(verdict, n, _plural(name, n)) for verdict, name in names.items() if (n := found[verdict])]


def _plural(name: str, n: int) -> str:
    return f"{name}s" if name == _WRONG_FIGURE and n > 1 else name


def _is_about_figures(claim: Claim) -> bool:
    return bool(claim.differs) and all(difference.kind == "figure" for difference in claim.differs)


def _inserted(key: str, text: str, claims: Sequence[Claim], sources: Sequence[Source], *, quotes: bool) -> Iterator[Inserted]:
    """Yield a link for each citation, those that the check added, and what is wrong with each doubtful claim."""
    numbered = {source.n: source for source in sources}
    cited: tuple[int, ...] = ()
    for mark in citations(text, sources):
        claim = next((c for c in claims if c.start <= mark.start < c.end), None)
        again = quotes and mark.numbers == cited
        cited = mark.numbers
        links = () if again else [_citation(key, n, numbered.get(n), claim) for n in mark.numbers]
        yield Inserted(mark.start, mark.end, Markup("").join(links))
    for claim in claims:
        place = claim.start + signs.position(claim.text)
        if claim.added:
            links = [_citation(key, n, numbered.get(n), claim, added=True) for n in claim.added]
            yield Inserted(place, place, Markup(" ") + Markup("").join(links))
        if claim.verdict in SIGNS:
            yield Inserted(place, place, Markup(" ") + _verdict(key, claim, sources))


def _citation(key: str, n: int, source: Source | None, claim: Claim | None, *, added: bool = False) -> Markup:
    """Return the citation of source `n`. It leads to the sentence that supports the claim, where there is one."""
    if source is None:
        return rendered("reading/citation.html", n=n, anchor=None)
    supporting = claim.evidence if claim and claim.verdict != "unsupported" else ()
    evidence = next((e for e in supporting if e.n == n), None)
    paper = " · ".join(filter(None, (source.paper.title, source.paper.published)))
    tip = ("added by the check: " * added + paper, *([evidence.sentence] if evidence else []))
    return rendered("reading/citation.html", n=n, anchor=anchor(key, n, evidence), tip="\n".join(tip), added=added)


def _verdict(key: str, claim: Claim, sources: Sequence[Source]) -> Markup:
    reason = f"{_NAMES[claim.verdict]}: {findings.reason(claim, sources)}"
    tip = "\n".join((reason, *findings.evidence(claim, sources)))
    return rendered(
        "reading/verdict.html", verdict=claim.verdict, said=_said(claim, sources), tip=tip, anchor=_evidence_of(key, claim)
    )


def _said(claim: Claim, sources: Sequence[Source]) -> str:
    """Return in a few words what is wrong with a claim."""
    if claim.verdict == "uncited":
        return "no source"
    if claim.verdict == "miscited":
        return f"found in {claim.evidence[0].n}" if claim.evidence else "found elsewhere"
    if claim.verdict == "partial":
        return "only in part"
    there = [words for difference in claim.differs if (words := instead(difference, sources))]
    if there:
        return f"abstract says {shortened(there[0])}"
    return "abstract says otherwise" if claim.verdict == "contradicted" else "not in the abstract"


def instead(difference: Difference, sources: Sequence[Source]) -> str:
    """Return the words of the abstract that stand in place of those that differ; "" where there are none."""
    abstract = next((source.paper.abstract for source in sources if source.n == difference.n), "")
    return abstract[difference.abstract_start : difference.abstract_end] if difference.abstract_start is not None else ""


def shortened(words: str) -> str:
    """Return words of an abstract in one line of at most 40 characters."""
    line = " ".join(words.split())
    return line if len(line) <= _MAX_TAG_CHARS else line[: _MAX_TAG_CHARS - 1].rstrip() + "…"


def _evidence_of(key: str, claim: Claim) -> str | None:
    """Return the id of the sentence that a claim is to be read against; None where there is none."""
    return anchor(key, claim.evidence[0].n, claim.evidence[0]) if claim.evidence else None


def _enclosed(key: str, claims: Sequence[Claim], sources: Sequence[Source]) -> Iterator[Enclosed]:
    """Yield the tags round each claim, and round the words that the abstract lacks or says otherwise."""
    for claim in claims:
        if claim.verdict == "none":
            continue
        opening = rendered("reading/claim.html", verdict=claim.verdict, anchor=_evidence_of(key, claim))
        yield Enclosed(claim.start, claim.start + signs.position(claim.text), opening)
        for difference in claim.differs if claim.verdict in SIGNS else ():
            start, end = claim.start + difference.start, claim.start + difference.end
            if claim.start <= start < end <= claim.end:
                opening = rendered("reading/differs.html", instead=findings.instead(difference, sources))
                yield Enclosed(start, end, opening)
