"""Renders the prompts, numbers the sources, and keeps both within the model's context."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import prompts
from rag.tokens import count
from rag.types import Hit, Prompt, Source, Turn

# The sentence a model is told to reply when nothing answers; the prompt, the code and the tests share it.
REFUSAL = "The abstracts do not answer this question."
_MARGIN = 1.15  # tokens of a model whose tokenizer is not known, per token counted
_TURNS = 6  # of the conversation, shown when a follow-up is rewritten


def answer(question: str, hits: Sequence[Hit], context_tokens: int | None) -> Prompt:
    """Return the prompt that asks `question` of `hits`, numbered from 1 in their order.

    Whole abstracts go in, in rank order, as long as the prompt stays within `context_tokens` (None: all of them); what
    does not fit is left out, and the first always goes in.
    """
    tag = secrets.token_hex(4)
    numbered = [Source(n, hit) for n, hit in enumerate(hits, 1)]
    prompt = _render(question, numbered, tag)
    while context_tokens is not None and len(numbered) > 1 and tokens(prompt) > context_tokens:
        numbered = numbered[:-1]
        prompt = _render(question, numbered, tag)
    return prompt


def condense(question: str, history: Sequence[Turn]) -> Prompt:
    """Return the prompt that asks for `question` rewritten so that it stands alone."""
    told = "\n".join(f"{turn.role}: {turn.content}" for turn in history[-_TURNS:])
    system, user = prompts.load("condense")
    return Prompt(question, (), system.substitute(), user.substitute(history=told, question=question))


def tokens(prompt: Prompt) -> int:
    """Return how many tokens the prompt may take, counted with a margin for tokenizers that are not known."""
    return int(_MARGIN * (count(prompt.system) + count(prompt.user))) + 16


def is_refusal(answer_text: str) -> bool:
    """Whether a model's whole answer is the refusal sentence, give or take its punctuation and citations."""
    said = " ".join("".join(c if c.isalpha() else " " for c in answer_text).lower().split())
    return said == REFUSAL.rstrip(".").lower() or not answer_text.strip()


def _render(question: str, sources: Sequence[Source], tag: str) -> Prompt:
    system, user = prompts.load("answer")
    blocks = "\n\n".join(f"<{tag}>\n[{s.n}] {s.paper.title}\n{s.paper.abstract.replace(tag, '')}\n</{tag}>" for s in sources)
    return Prompt(
        question,
        tuple(sources),
        system.substitute(refusal=REFUSAL, tag=tag),
        user.substitute(sources=blocks, question=question),
    )
