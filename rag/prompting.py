"""Renders the prompts with numbered sources, and fits them into the context of the model."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from functools import cache
from importlib import resources
from string import Template

from rag.text import record
from rag.text.citations import citations
from rag.text.tokens import count, margin
from rag.types import Hit, Prompt, Source, Turn, Usage

REFUSAL = "The abstracts do not answer this question."  # prompts, code and tests share it
_MIN_READ_SHARE = 0.9  # of the counted tokens; a server that reports fewer has cut the prompt
_MESSAGE_MARK_TOKENS = 16  # that mark the two messages; longer marks are within the safety factor
_MAX_TURNS, _MAX_TURN_CHARS = 6, 600  # of the conversation, in the prompt that rewrites a follow-up


@cache
def template(name: str) -> tuple[Template, Template]:
    """Return the system and the user template of prompts/<name>.md, which a line of three dashes separates.

    Raises FileNotFoundError for an unknown name. substitute() of a template raises KeyError for a missing placeholder.
    """
    system, _, user = resources.files("prompts").joinpath(f"{name}.md").read_text("utf-8").partition("\n---\n")
    return Template(system.strip()), Template(user.strip())


@cache
def advice(kind: str) -> str:
    """Return how prompts/advice.md tells a model to answer a question of `kind`. Raises KeyError for an unknown kind."""
    return _named_lines("advice")[kind]


@cache
def _named_lines(name: str) -> dict[str, str]:
    """Return the lines of prompts/<name>.md by their names, which a colon follows."""
    lines = resources.files("prompts").joinpath(f"{name}.md").read_text("utf-8").splitlines()
    return {head: text.strip() for head, _, text in (line.partition(":") for line in lines)}


def answer(
    question: str,
    hits: Sequence[Hit],
    context_tokens: int | None,
    model: str | None = None,
    kind: str = "other",
    *,
    again: bool = False,
) -> Prompt:
    """Return the prompt that asks `question` of `hits`, which are numbered from 1 in their order.

    The prompt has as many whole abstracts, best first, as fit into `context_tokens` of `model`, and always the first one.
    `context_tokens` None means no limit. `kind` is that of the question, as prompts/advice.md names it. With `again`, the
    prompt does not have the sentence of a refusal, which small models take up whatever is asked.
    """
    numbered = [Source(n, hit) for n, hit in enumerate(hits, 1)]
    tag = _tag()
    blocks = [_block(source, tag) for source in numbered]
    fitting = len(blocks)
    if context_tokens is not None:
        spare = context_tokens - tokens(_render(question, (), [], tag, kind, again=again), model)
        for fitting, block in enumerate(blocks):  # noqa: B007 - the number of fitting blocks is used after the loop
            spare -= int(margin(model) * count(block, model)) + 2
            if spare < 0:
                break
        else:
            fitting = len(blocks)
        fitting = max(fitting, min(1, len(blocks)))
    return _render(question, numbered[:fitting], blocks[:fitting], tag, kind, again=again)


def condense(question: str, history: Sequence[Turn]) -> Prompt:
    """Return the prompt that asks for `question` rewritten so that it stands alone."""
    turns = "\n".join(f"{turn.role}: {_uncited(turn.content)[:_MAX_TURN_CHARS]}" for turn in history[-_MAX_TURNS:])
    system, user = template("condense")
    return Prompt(
        question=question, sources=(), system=system.substitute(), user=user.substitute(history=turns, question=question)
    )


def _uncited(text: str) -> str:
    """Return `text` without its citation marks: the next answer numbers its sources anew."""
    for mark in reversed(citations(text)):
        text = text[: mark.start].rstrip() + text[mark.end :]
    return text


def tokens(prompt: Prompt, model: str | None = None) -> int:
    """Return the number of tokens of `prompt`, with a safety factor when the encoding of `model` is not known."""
    return int(margin(model) * _counted(prompt, model)) + _MESSAGE_MARK_TOKENS


def warnings(prompt: Prompt, usage: Usage, model: str | None) -> tuple[str, ...]:
    """Return a warning when the server read fewer tokens than `prompt` has: it cut the prompt without an error."""
    read = usage.prompt_tokens
    if not isinstance(read, int) or read <= 0:  # servers that do not count report 0
        return ()
    sent = _counted(prompt, model)
    if read >= _MIN_READ_SHARE * sent:
        return ()
    return (
        f"The server read only {read:,} of about {sent:,} tokens, so the model saw only a part of the abstracts or the rules. "
        "Set RAG_CONTEXT_WINDOW to the server's window, or give the server a larger one (Ollama: num_ctx or "
        "OLLAMA_CONTEXT_LENGTH).",
    )


def _counted(prompt: Prompt, model: str | None) -> int:
    return count(prompt.system, model) + count(prompt.user, model)


def verify(question: str, statements: Sequence[str], sources: Sequence[Source]) -> Prompt:
    """Return the prompt that asks which of `statements`, numbered from 1, the abstracts of `sources` support."""
    tag = _tag()
    numbered = "\n".join(f"{n}: {statement}" for n, statement in enumerate(statements, 1))
    system, user = template("verify")
    return Prompt(
        question=question,
        sources=tuple(sources),
        system=system.substitute(tag=tag),
        user=user.substitute(
            sources="\n\n".join(_block(source, tag) for source in sources), question=question, claims=numbered
        ),
    )


def rewrite(question: str) -> Prompt:
    """Return the prompt that asks for `question` in English."""
    system, user = template("rewrite")
    return Prompt(question=question, sources=(), system=system.substitute(), user=user.substitute(question=question))


def _tag() -> str:
    """Return a random tag that encloses the abstracts of one request, so that no abstract can close it."""
    return f"abstract-{secrets.token_hex(4)}"


def _block(source: Source, tag: str) -> str:
    lines = (f"[{source.n}] {source.paper.title}", record.line(source.paper), source.paper.abstract)
    return "\n".join([f"<{tag}>", *(line for line in lines if line), f"</{tag}>"])


def _render(question: str, sources: Sequence[Source], blocks: Sequence[str], tag: str, kind: str, *, again: bool) -> Prompt:
    system, user = template("answer")
    told = {name: Template(text).substitute(refusal=REFUSAL) for name, text in _named_lines("unanswered").items()}
    rule, reminder = (told["again"], "") if again else (told["rule"], told["reminder"])
    shown = {"sources": "\n\n".join(blocks), "question": question, "advice": advice(kind), "reminder": reminder}
    return Prompt(
        question=question,
        sources=tuple(sources),
        system=system.substitute(unanswered=rule, tag=tag),
        user=user.substitute(shown).strip(),
    )
