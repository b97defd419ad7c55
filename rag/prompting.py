"""Renders the prompts, numbers the sources, and keeps both within the model's context."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from functools import cache
from importlib import resources
from string import Template

from rag.text.citations import citations
from rag.text.tokens import count, margin
from rag.types import Hit, Prompt, Source, Turn, Usage

REFUSAL = "The abstracts do not answer this question."  # prompts, code and tests share it
_SHORT = 0.9  # of the tokens counted; a server that says it read fewer has cut the prompt
_FRAME = 16  # tokens that mark the two messages; a template with more to say has the margin
_TURNS, _TURN = 6, 600  # turns of the conversation, and characters of each, shown when a follow-up is rewritten


@cache
def template(name: str) -> tuple[Template, Template]:
    """Return the system and user templates of prompts/<name>.md, which a line of three dashes parts.

    Their substitute() raises KeyError with the name of a missing placeholder. Raises FileNotFoundError for an unknown name.
    """
    system, _, user = resources.files("prompts").joinpath(f"{name}.md").read_text("utf-8").partition("\n---\n")
    return Template(system.strip()), Template(user.strip())


def answer(question: str, hits: Sequence[Hit], context_tokens: int | None, model: str | None = None) -> Prompt:
    """Return the prompt that asks `question` of `hits`, numbered from 1 in their order.

    Whole abstracts go in, in rank order, as long as the prompt stays within `context_tokens` of `model`'s (None: all of
    them); what does not fit is left out, and the first always goes in.
    """
    numbered = [Source(n, hit) for n, hit in enumerate(hits, 1)]
    tag = _tag()
    blocks = [_block(source, tag) for source in numbered]
    fitting = len(blocks)
    if context_tokens is not None:
        spare = context_tokens - tokens(_render(question, (), [], tag), model)
        for fitting, block in enumerate(blocks):  # noqa: B007 - how many fit is what is looked for
            spare -= int(margin(model) * count(block, model)) + 2
            if spare < 0:
                break
        else:
            fitting = len(blocks)
        fitting = max(fitting, min(1, len(blocks)))
    return _render(question, numbered[:fitting], blocks[:fitting], tag)


def condense(question: str, history: Sequence[Turn]) -> Prompt:
    """Return the prompt that asks for `question` rewritten so that it stands alone."""
    told = "\n".join(f"{turn.role}: {_uncited(turn.content)[:_TURN]}" for turn in history[-_TURNS:])
    system, user = template("condense")
    return Prompt(question, (), system.substitute(), user.substitute(history=told, question=question))


def _uncited(said: str) -> str:
    """Without its citation marks, whose numbers mean nothing in the next answer."""
    for mark in reversed(citations(said)):
        said = said[: mark.start].rstrip() + said[mark.end :]
    return said


def tokens(prompt: Prompt, model: str | None = None) -> int:
    """Return how many tokens the prompt may take, counted with a margin where the model's encoding is not known."""
    return int(margin(model) * _counted(prompt, model)) + _FRAME


def warnings(prompt: Prompt, usage: Usage, model: str | None) -> tuple[str, ...]:
    """Return what is to be told when the server read less of `prompt` than was sent, which it does without a word."""
    read = usage.prompt_tokens
    if not isinstance(read, int) or read <= 0:  # 0 is what servers that do not count say
        return ()
    sent = _counted(prompt, model)
    if read >= _SHORT * sent:
        return ()
    return (
        f"The server read only {read:,} of about {sent:,} tokens, so parts of the abstracts, or the rules, never reached the "
        "model: set RAG_CONTEXT_WINDOW to what the server really has, or have it take more (Ollama: num_ctx or "
        "OLLAMA_CONTEXT_LENGTH).",
    )


def _counted(prompt: Prompt, model: str | None) -> int:
    return count(prompt.system, model) + count(prompt.user, model)


def verify(statements: Sequence[str], source: Source) -> Prompt:
    """Return the prompt that asks which of `statements` the abstract of `source` says."""
    tag = _tag()
    numbered = "\n".join(f"{n}: {statement}" for n, statement in enumerate(statements, 1))
    system, user = template("verify")
    return Prompt("", (source,), system.substitute(tag=tag), user.substitute(sources=_block(source, tag), claims=numbered))


def rewrite(question: str) -> Prompt:
    """Return the prompt that asks for `question` in English."""
    system, user = template("rewrite")
    return Prompt(question, (), system.substitute(), user.substitute(question=question))


def corpus(question: str, longest: int, recent: int) -> Prompt:
    """Return the prompt that asks which query of the collection's records `question` is, if it is one.

    `longest` is the number of words that a topic may have, `recent` the number of months that "recent" means.
    """
    system, user = template("corpus")
    return Prompt(question, (), system.substitute(longest=longest, recent=recent), user.substitute(question=question))


def _tag() -> str:
    """Return a mark that fences the abstracts of one request: nobody who writes an abstract can know it."""
    return f"abstract-{secrets.token_hex(4)}"


def _block(source: Source, tag: str) -> str:
    return f"<{tag}>\n[{source.n}] {source.paper.title}\n{source.paper.abstract}\n</{tag}>"


def _render(question: str, sources: Sequence[Source], blocks: Sequence[str], tag: str) -> Prompt:
    system, user = template("answer")
    return Prompt(
        question,
        tuple(sources),
        system.substitute(refusal=REFUSAL, tag=tag),
        user.substitute(sources="\n\n".join(blocks), question=question, refusal=REFUSAL),
    )
