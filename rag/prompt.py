"""Renders the prompts, numbers the sources, and keeps both within the model's context."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import sha256

import prompts
from rag.ground import citations
from rag.tokens import count
from rag.types import Hit, Prompt, Source, Turn

# The sentence a model is told to reply when nothing answers; the prompt, the code and the tests share it.
REFUSAL = "The abstracts do not answer this question."
_MARGIN = 1.15  # tokens of a model whose tokenizer is not known, per token counted
_TURNS, _TURN = 6, 600  # turns of the conversation, and characters of each, shown when a follow-up is rewritten


def answer(question: str, hits: Sequence[Hit], context_tokens: int | None) -> Prompt:
    """Return the prompt that asks `question` of `hits`, numbered from 1 in their order.

    Whole abstracts go in, in rank order, as long as the prompt stays within `context_tokens` (None: all of them); what
    does not fit is left out, and the first always goes in.
    """
    numbered = [Source(n, hit) for n, hit in enumerate(hits, 1)]
    tag = _tag(question, numbered)
    blocks = [f"<{tag}>\n[{s.n}] {s.paper.title}\n{s.paper.abstract}\n</{tag}>" for s in numbered]
    fitting = len(blocks)
    if context_tokens is not None:
        spare = context_tokens - tokens(_render(question, (), [], tag))
        for fitting, block in enumerate(blocks):  # noqa: B007 - how many fit is what is looked for
            spare -= int(_MARGIN * count(block)) + 2
            if spare < 0:
                break
        else:
            fitting = len(blocks)
        fitting = max(fitting, min(1, len(blocks)))
    return _render(question, numbered[:fitting], blocks[:fitting], tag)


def condense(question: str, history: Sequence[Turn]) -> Prompt:
    """Return the prompt that asks for `question` rewritten so that it stands alone."""
    told = "\n".join(f"{turn.role}: {turn.content[:_TURN]}" for turn in history[-_TURNS:])
    system, user = prompts.load("condense")
    return Prompt(question, (), system.substitute(), user.substitute(history=told, question=question))


def tokens(prompt: Prompt) -> int:
    """Return how many tokens the prompt may take, counted with a margin for tokenizers that are not known."""
    return int(_MARGIN * (count(prompt.system) + count(prompt.user))) + 16


def is_refusal(answer_text: str) -> bool:
    """Whether a model's answer is the refusal: that sentence alone, or first and followed by text that cites nothing."""
    words = r"\W+".join(REFUSAL.rstrip(".").split())
    opening = re.match(rf"\W*(?:answer\W+)?{words}", answer_text, re.IGNORECASE)
    if opening is None:
        return not answer_text.strip()
    rest = answer_text[opening.end() :]
    return not re.search(r"[^\W\d]", rest) or (rest.lstrip()[0] in ".!:" and not citations(rest))


def _tag(question: str, sources: Sequence[Source]) -> str:
    """Return the mark that fences the abstracts: nobody who writes one can know it, and the same question gives it again."""
    told = "\n".join([question, *(s.paper.abstract for s in sources)])
    return "abstract-" + sha256(told.encode("utf-8", "replace")).hexdigest()[:8]


def _render(question: str, sources: Sequence[Source], blocks: Sequence[str], tag: str) -> Prompt:
    system, user = prompts.load("answer")
    return Prompt(
        question,
        tuple(sources),
        system.substitute(refusal=REFUSAL, tag=tag),
        user.substitute(sources="\n\n".join(blocks), question=question, refusal=REFUSAL),
    )
