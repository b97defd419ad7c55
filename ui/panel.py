"""Answers and sources as HTML: numbers that link to the sentence they stand on, cards with that sentence marked.

Everything that is not written in this file is escaped: titles, abstracts, questions, and what a model says.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from rag.claims import citations
from rag.filters import sentence
from rag.reading import Found
from rag.render import MARK, SIGNS, nearest_sentence
from rag.types import Answer, Claim, Evidence, Paper, Source

# What Markdown makes links, images and code of. A bracket after an odd number of backslashes opens or closes maths.
_BRACKET = re.compile(r"(\\*)([\[\]])")
_ENTITIES = {"`": "&#96;", "://": ":&#47;&#47;", "www.": "www&#46;"}
_WHY = {
    "partial": "only partly supported",
    "unsupported": "not supported",
    "miscited": "cited to the wrong source",
    "uncited": "without a source",
}


def draft(text: str) -> str:
    """Return text that is not ours, safe for the chat's Markdown: it can be bold or a list, never a link or an image."""
    safe = escape(text, quote=True)
    for plain, entity in _ENTITIES.items():
        safe = safe.replace(plain, entity)
    return _BRACKET.sub(lambda m: m.group() if len(m.group(1)) % 2 else f"{m.group(1)}&#{ord(m.group(2))};", safe)


def message(answer: Answer) -> str:
    """Return the finished answer as Markdown with its citations linked, its doubtful sentences marked, and notes."""
    notes = [summary(answer), draft(restriction(answer))]
    if not answer.complete:
        notes.append(f"Incomplete: {draft(answer.refusal_reason or 'the reply broke off')}.")
    notes += [f"⚠ {draft(warning)}" for warning in answer.warnings]
    if answer.standalone_question != answer.question:
        notes.append(f"Understood as: {draft(answer.standalone_question)}")
    body = thoughts(answer.reasoning) + linked(answer.id, answer.answer, answer.claims, answer.sources)
    if answer.refused:
        near = (f"- **{draft(s.paper.title)}** — {draft(nearest_sentence(s.hit))}" for s in answer.sources)
        body += "\n\nNearest papers:\n\n" * bool(answer.sources) + "\n".join(near)
    return body + "".join(f"\n\n<small class='note'>{note}</small>" for note in notes if note)


def restriction(of: Answer | Found) -> str:
    """Return what was asked of which papers only, as a sentence; "" when of all."""
    return sentence(of.filters, (source.paper for source in of.sources))


def thoughts(reasoning: str) -> str:
    """Return what a model said to itself, folded, to stand before its answer."""
    if not reasoning:
        return ""
    told = draft(reasoning.strip()).replace("\n", "<br>")
    return f'<details class="thoughts"><summary>What the model thought</summary>{told}</details>\n\n'


def linked(answer_id: str, text: str, claims: Sequence[Claim], sources: Sequence[Source]) -> str:
    """Return an answer's text, perhaps only its beginning, with what the check found of its sentences so far."""
    pieces: list[str] = []
    position = 0
    for at, until, html in sorted(_insertions(answer_id, text, claims, sources)):
        pieces += [draft(text[position:at]), html]
        position = until
    return "".join(pieces) + draft(text[position:])


def summary(answer: Answer) -> str:
    """Return the check's result in a line, such as "4 statements: 3 supported, 1 without a source"; of what no model wrote and
    nothing had to be checked, where it comes from."""
    if answer.mode == "corpus":
        return "from the library's records"
    verdicts = [c.verdict for c in answer.claims if c.verdict != "none"]
    if not verdicts or answer.mode == "extractive":
        return ""
    counts = [("supported", "supported"), *_WHY.items()]
    told = ", ".join(f"{n} {words}" for verdict, words in counts if (n := sum(v == verdict for v in verdicts)))
    return f"{len(verdicts)} statement{'s' * (len(verdicts) != 1)}: {told}"


def _insertions(answer_id: str, text: str, claims: Sequence[Claim], sources: Sequence[Source]) -> list[tuple[int, int, str]]:
    """Return (start, end, html) of what replaces stretches of the text: citation marks, and what follows claims."""
    numbered = {s.n: s for s in sources}
    found = []
    for mark in citations(text, sources):
        claim = next((c for c in claims if c.start <= mark.start < c.end), None)
        html = "".join(_link(answer_id, n, numbered.get(n), claim) for n in mark.numbers)
        found.append((mark.start, mark.end, html))
    for claim in claims:
        added = "".join(_link(answer_id, n, numbered.get(n), claim, "added by the check: ") for n in claim.added)
        if added:
            found.append((claim.end, claim.end, f" {added}"))
        if claim.verdict in _WHY or claim.disputed:
            judged = (f"the model judges it {claim.judged}",) if claim.disputed else ()
            why = draft(f"{_WHY.get(claim.verdict, claim.verdict)}: {'; '.join((*claim.problems, *judged))}")
            sign = SIGNS.get(claim.verdict, (MARK, ""))[0]
            found.append(
                (claim.end, claim.end, f'<span class="doubt {claim.verdict}" tabindex="0" title="{why}"> {sign}</span>')
            )
    return found


def _link(answer_id: str, n: int, source: Source | None, claim: Claim | None, how: str = "") -> str:
    if source is None:
        return f'<span class="cite invalid" title="There is no source {n}">[{n}]</span>'
    standing = claim.evidence if claim and claim.verdict != "unsupported" else ()
    evidence = next((e for e in standing if e.n == n), None)
    tip = source.paper.title + (f" — {evidence.sentence}" if evidence else "")
    target = _anchor(answer_id, n, evidence)
    kind = "cite added" if how else "cite"
    return f'<a class="{kind}" href="#{target}" title="{draft(how + tip)}">[{n}]</a>'


def _anchor(answer_id: str, n: int, evidence: Evidence | None = None) -> str:
    return f"src-{answer_id}-{n}" + (f"-{evidence.start}" if evidence else "")


def sources(
    answer_id: str, shown: Sequence[Source], claims: Sequence[Claim] = (), title: str = "Sources", scope: str = ""
) -> str:
    """Return the cards of an answer's sources as one section: cited ones first, the rest folded under a line; `scope` says
    over them which papers they are from."""
    cards = [(s, _card(answer_id, s, claims)) for s in shown]
    cited = [card for s, card in cards if s.cited]
    others = [card for s, card in cards if not s.cited]
    if not cited:
        cited, others = others, []
    more = f"<details><summary>Also considered ({len(others)})</summary><ol>{''.join(others)}</ol></details>" if others else ""
    line = f'<p class="scope">{escape(scope)}</p>' if scope else ""
    return f'<section id="answer-{answer_id}"><h2>{escape(title)}</h2>{line}<ol>{"".join(cited)}</ol>{more}</section>'


def _card(answer_id: str, source: Source, claims: Sequence[Claim]) -> str:
    paper = source.paper
    spans = sorted({(e.start, e.end) for c in claims if c.verdict != "unsupported" for e in c.evidence if e.n == source.n})
    return (
        f'<li id="{_anchor(answer_id, source.n)}" tabindex="-1" class="card">'
        f'<h3><span class="n">[{source.n}]</span> {escape(paper.title)}</h3>{_about(paper)}'
        f'<p class="abstract">{_marked(paper.abstract, spans, _anchor(answer_id, source.n))}</p></li>'
    )


def _about(paper: Paper) -> str:
    authors = ", ".join(paper.authors[:4]) + (" et al." if len(paper.authors) > 4 else "")
    if not authors and paper.author_count:
        authors = f"{paper.author_count} author{'s' * (paper.author_count != 1)}"
    parts = [escape(part) for part in (authors, paper.organisation, paper.published) if part]
    if paper.url and paper.url.startswith(("http://", "https://")):
        parts.append(f'<a href="{escape(paper.url)}" target="_blank" rel="noopener noreferrer">paper</a>')
    return f'<p class="about">{" · ".join(parts)}</p>' if parts else ""


def _marked(abstract: str, spans: Sequence[tuple[int, int]], anchor: str) -> str:
    pieces, position = [], 0
    for start, end in spans:
        pieces.append(escape(abstract[position:start]))
        pieces.append(f'<mark id="{anchor}-{start}" tabindex="-1">{escape(abstract[start:end])}</mark>')
        position = end
    return "".join(pieces) + escape(abstract[position:])
