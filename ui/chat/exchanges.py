"""Shows a question and its answer: what was looked at, the result of the check, the text with its marks, and notes.

The keys in what a reader can follow, such as "src-2-1", are made of the position of the exchange in its conversation, so that
they stay what they are while an answer is written and when it is complete.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from rag.events import Found
from rag.output.render import nearest_sentence, reference
from rag.storage.filters import sentence
from rag.types import Answer, Claim, Source
from ui.reading import marks
from ui.rendering import rendered


def finished(n: int, answer: Answer, rating: bool | None = None, suggested: Sequence[str] = ()) -> Markup:
    """Return exchange `n` of a conversation, counted from 0, with the questions `suggested` to go on with.

    `rating` is whether the reader found it good or bad.
    """
    key = str(n)
    return rendered(
        "chat/exchange.html",
        n=n,
        question=answer.question,
        answer=answer,
        looked=_looked(answer),
        restriction=restriction(answer),
        counts=marks.counts(answer),
        text=marks.marked(key, answer.answer, answer.claims, answer.sources, quotes=answer.mode == "extractive"),
        nearest=listing(key, answer.sources) if answer.refused and answer.sources else "",
        references=[reference(source.n, source.paper) for source in answer.sources if source.cited],
        facts=facts(answer),
        rating=rating,
        suggested=suggested,
    )


def unfinished(
    n: int,
    question: str,
    *,
    status: str = "",
    thoughts: str = "",
    text: str = "",
    claims: Sequence[Claim] = (),
    sources: Sequence[Source] = (),
    restricted: str = "",
    checked: bool = False,
) -> Markup:
    """Return exchange `n` while its answer is written. `status` says what is being done; `checked`: a check will follow."""
    return rendered(
        "chat/writing.html",
        n=n,
        question=question,
        status=status,
        restriction=restricted,
        checked=checked,
        reasoning=thoughts,
        text=marks.marked(str(n), text, claims, sources) if text else "",
    )


def other(n: int, question: str, shown: Markup | str) -> Markup:
    """Return exchange `n` with something that is no answer, such as a list of papers or an error."""
    values = {"status": "", "restriction": "", "checked": False, "reasoning": ""}
    return rendered("chat/writing.html", n=n, question=question, text=shown, **values)


def failed(n: int, question: str, text: str, error: str) -> Markup:
    """Return exchange `n` whose answer failed after `text`."""
    begun = marks.marked(str(n), text, (), ()) if text else ""
    return other(n, question, rendered("chat/failed.html", n=n, text=begun, error=error))


def facts(answer: Answer) -> list[str]:
    """Return the seconds, the host that was asked and the tokens of an answer, as far as they are known."""
    parts = [] if answer.timings.total_s is None else [f"{answer.timings.total_s:.1f} s"]
    if answer.base_url_host:
        parts.append(answer.base_url_host)
    if answer.usage.prompt_tokens or answer.usage.completion_tokens:
        parts.append(f"{answer.usage.prompt_tokens or 0:,} tokens read, {answer.usage.completion_tokens or 0:,} written")
    return parts


def listing(key: str, shown: Sequence[Source]) -> Markup:
    """Return papers as a list of links to their cards, each with its sentence nearest to the question."""
    listed = [
        {"anchor": marks.anchor(key, source.n), "title": source.paper.title, "sentence": nearest_sentence(source.hit)}
        for source in shown
    ]
    return rendered("chat/listing.html", listed=listed)


def restriction(of: Answer | Found) -> str:
    """Return one sentence on which papers were asked; "" when all were."""
    return sentence(of.filters, (source.paper for source in of.sources))


def _looked(answer: Answer) -> str:
    """Return in how many papers was looked, and how many of them the answer uses; "" where that is not known."""
    if answer.mode == "corpus":
        return "From the library's records"
    papers = answer.index.papers
    used = sum(source.cited for source in answer.sources)
    if not papers:
        return ""
    return f"Looked at {papers:,} paper{'s' * (papers != 1)}, {'used none' if answer.refused or not used else f'used {used}'}"
