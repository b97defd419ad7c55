"""Asks a model once more where it refused what the abstracts seem to answer, as small models do whatever is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from rag import prompting
from rag.answering import refusal
from rag.errors import EndpointError
from rag.events import Finish, Reply, Waiting, Withdrawn, text_after
from rag.interfaces import ChatModel
from rag.prompting import REFUSAL
from rag.types import Prompt, Usage

NOTE = "The model refused at first, and was asked once more because the abstracts seem to answer."


def replies(model: ChatModel, request: Prompt, again: Callable[[], Prompt | None]) -> Iterator[Reply]:
    """Yield the reply to `request`; where that is a refusal, and `again` returns another prompt, the reply to that.

    Of a refusal by the sentence that the prompt gives, nothing is yielded before it is known whether the model is asked again.
    A second refusal is a refusal, and one stays that cannot be followed up. Raises EndpointError as the model does.
    """
    text, held = "", ""
    for item in model.stream(request):
        text = text_after(text, item)
        if isinstance(item, str) and REFUSAL.startswith(text.strip()):
            held += item
            continue
        if not isinstance(item, Finish):
            yield from ([held] if held and isinstance(item, str) else [])
            held = "" if isinstance(item, str | Withdrawn) else held
            yield item
            continue
        item = _with_warnings(item, request, model)
        other = again() if item.complete and not item.refused and refusal.is_refusal(text) else None
        if other is None:
            yield from [held] if held else []
            yield item
        else:
            yield from _second(model, other, item, held)


def _second(model: ChatModel, request: Prompt, first: Finish, held: str) -> Iterator[Reply]:
    """Yield the reply to a second request; the first one stays when there is none. `held` is what was not yielded of that."""
    begun = False
    try:
        for item in model.stream(request):
            if not begun and not isinstance(item, Waiting):
                begun = True
                yield from [] if held else [Withdrawn()]
            if isinstance(item, Finish):
                yield replace(
                    item, usage=_sum(first.usage, item.usage), notes=tuple(dict.fromkeys([*first.notes, *item.notes, NOTE]))
                )
            else:
                yield item
    except EndpointError:
        if begun:
            raise
        yield from [held] if held else []
        yield first


def _with_warnings(finish: Finish, request: Prompt, model: ChatModel) -> Finish:
    """Return `finish` with a warning when the server cut `request`: the sum of two requests would not tell."""
    return replace(finish, notes=(*prompting.warnings(request, finish.usage, model.name), *finish.notes))


def _sum(one: Usage, other: Usage) -> Usage:
    return Usage(_added(one.prompt_tokens, other.prompt_tokens), _added(one.completion_tokens, other.completion_tokens))


def _added(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other
