"""Which models a server has."""

from __future__ import annotations

import openai

from rag import faults


def names(client: openai.OpenAI) -> list[str] | None:
    """Return the names of a server's models in order, None when it does not list them."""
    try:
        return sorted(str(model.id) for model in client.models.list())
    except (*faults.FAULTS, AttributeError, TypeError, ValueError, RecursionError):
        return None
