"""Answers and sources as HTML: numbers that link to the sentence they stand on, cards with that sentence marked.

Everything that is not written in this file is escaped: titles, abstracts, questions, and what a model says.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from rag.output.render import MARK, SIGNS, nearest_sentence
from rag.storage.filters import sentence
from rag.text.citations import citations
from rag.types import Answer, Claim, Found, Source
from ui.chat.cards import anchor

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
        notes.append(f"Incomplete: {draft(answer.incomplete_reason or 'the reply broke off')}.")
    notes += [f"⚠ {draft(warning)}" for warning in answer.warnings]
    if answer.standalone_question != answer.question:
        notes.append(f"Understood as: {draft(answer.standalone_question)}")
    body = thoughts(answer.reasoning) + linked(answer.id, answer.answer, answer.claims, answer.sources)
    if answer.refused:
        body += f"\n\nNearest papers:\n\n{listing(answer.id, answer.sources)}" if answer.sources else ""
    notes.append(facts(answer))
    return body + "".join(f"\n\n<small class='note'>{note}</small>" for note in notes if note)


def facts(answer: Answer) -> str:
    """Return who answered, in what time, with how many tokens, and what copies the answer with its references."""
    parts = [draft(answer.model)] if answer.model else []
    if answer.timings.total_s is not None:
        parts.append(f"{answer.timings.total_s:.1f} s")
    if answer.usage.prompt_tokens or answer.usage.completion_tokens:
        parts.append(f"{answer.usage.prompt_tokens or 0:,} tokens read, {answer.usage.completion_tokens or 0:,} written")
    parts.append(f'<a class="copy" href="#copy-{answer.id}" role="button">Copy with references</a>')
    return " · ".join(parts)


def listing(answer_id: str, shown: Sequence[Source]) -> str:
    """Return papers as a list that leads to their cards, with what of each comes nearest to the question."""
    if not shown:
        return "No paper was found."
    return "\n".join(
        f'- <a class="cite chip" href="#{anchor(answer_id, s.n)}">{draft(s.paper.title)}</a> — {draft(nearest_sentence(s.hit))}'
        for s in shown
    )


def restriction(of: Answer | Found) -> str:
    """Return what was asked of which papers only, as a sentence; "" when of all."""
    return sentence(of.filters, (source.paper for source in of.sources))


def thoughts(reasoning: str) -> str:
    """Return what a model said to itself, folded, to stand before its answer."""
    if not reasoning:
        return ""
    told = draft(reasoning.strip()).replace("\n", "<br>")
    return f'<details class="thoughts"><summary>What the model thought</summary>{told}</details>\n\n'


def checking(statements: int) -> str:
    """Return the note under an answer that is whole and not yet judged."""
    return f"\n\n<small class='note'>Checking {statements} statement{'s' * (statements != 1)}…</small>"


def linked(answer_id: str, text: str, claims: Sequence[Claim], sources: Sequence[Source]) -> str:
    """Return an answer's text, perhaps only its beginning, with what the check found of its sentences so far."""
    pieces: list[str] = []
    position = 0
    for at, until, html in sorted(_insertions(answer_id, text, claims, sources)):
        pieces += [draft(text[position:at]), html]
        position = until
    return "".join(pieces) + draft(text[position:])


def summary(answer: Answer) -> str:
    """Return the check's result in a line, such as "4 statements: 3 supported, 1 without a source".

    For collection answers, say that they come from the library's records.
    """
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
            named = f'role="img" tabindex="0" aria-label="{why}" title="{why}"'
            found.append((claim.end, claim.end, f'<span class="doubt {claim.verdict}" {named}> {sign}</span>'))
    return found


def _link(answer_id: str, n: int, source: Source | None, claim: Claim | None, how: str = "") -> str:
    if source is None:
        return f'<span class="cite invalid" title="There is no source {n}">[{n}]</span>'
    standing = claim.evidence if claim and claim.verdict != "unsupported" else ()
    evidence = next((e for e in standing if e.n == n), None)
    named = how + " · ".join(filter(None, (source.paper.title, source.paper.published)))
    tip = "&#10;".join(map(draft, (named, *([evidence.sentence] if evidence else ()))))
    target = anchor(answer_id, n, evidence)
    kind = "cite added" if how else "cite"
    return f'<a class="{kind}" href="#{target}" title="{tip}">[{n}]</a>'
