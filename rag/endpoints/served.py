"""Which models a server has."""

from __future__ import annotations

import openai

from rag.endpoints import faults


def listed(client: openai.OpenAI) -> list[str]:
    """Return the names of a server's models in order. Raises one of faults.FAULTS when it does not list them."""
    try:
        return sorted(str(model.id) for model in client.models.list())
    except (AttributeError, TypeError, ValueError, RecursionError) as error:
        raise faults.Malformed from error


def names(client: openai.OpenAI) -> list[str] | None:
    """Return the names of a server's models in order, None when it does not list them."""
    try:
        return listed(client)
    except faults.FAULTS:
        return None
