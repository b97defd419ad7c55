"""Opens what the settings choose to answer with: an endpoint or a LlamaIndex class, importing no more than that."""

from __future__ import annotations

from rag.lookup import Reranker
from rag.settings import Settings
from rag.types import ChatModel


def model(settings: Settings) -> ChatModel | None:
    """Return the model in force, or None when answers are quoted. Raises UsageError; asks nothing of a server."""
    if settings.model_class is not None:
        from rag.adapters import chat_model

        return chat_model(settings.model_class, settings.model_options, settings)
    endpoint = settings.endpoint
    if endpoint is None:
        return None
    from rag.models import EndpointModel

    return EndpointModel(endpoint, settings)


def reranker(settings: Settings) -> Reranker | None:
    """Return what puts the papers found in another order, or None. Raises UsageError."""
    if settings.reranker_class is None:
        return None
    from rag import adapters

    return adapters.reranker(settings.reranker_class, settings.reranker_options)
