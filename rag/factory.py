"""Opens what the settings choose, the one way for every command: model, embedder, reranker. Imports no more than that."""

from __future__ import annotations

from rag.errors import UsageError
from rag.index.minilm import MiniLM
from rag.interfaces import ChatModel, Embedder, Reranker
from rag.settings.settings import Settings, of_judge


def model(settings: Settings) -> ChatModel | None:
    """Return the model in force, or None when answers are quoted. Raises UsageError; asks nothing of a server."""
    if settings.model_class is not None:
        from rag.adapters.chat_model import chat_model

        return chat_model(settings.model_class, settings.model_options, settings)
    endpoint = settings.endpoint
    if endpoint is None:
        return None
    from rag.endpoints.chat import EndpointModel

    return EndpointModel(endpoint, settings)


def judge(settings: Settings) -> ChatModel | None:
    """Return the model of the profile that judges in place of the model in force; None: that model judges itself.

    Raises UsageError for a profile without a model.
    """
    judging = of_judge(settings)
    if judging is None:
        return None
    judge = model(judging)
    if judge is None:
        raise UsageError(f"The profile {settings.judge}, which is to judge, names no model.", "Give it a base_url or a model.")
    return judge


def embedder(settings: Settings) -> Embedder:
    """Return the embedder of the index and of its questions: the bundled one unless another is set. Raises RagError.

    The bundled one is still being opened; ready() waits for it.
    """
    if settings.embed_class is not None:
        from rag.adapters import embedding

        return embedding.embedder(settings.embed_class, settings.embed_options)
    endpoint = settings.embed_endpoint
    if endpoint is None:
        return MiniLM(settings.home, wait=False)
    from rag.endpoints.embedder import EndpointEmbedder

    return EndpointEmbedder(endpoint, settings.home, settings.timeout_s)


def reader(settings: Settings, embedder: Embedder) -> Embedder:
    """Return what answers are read and checked with, and questions refused: the bundled embedder, whatever the index's is.

    Their thresholds are cosines of it. Where no other is set, `embedder` is it.
    """
    bundled = settings.embed_endpoint is None and settings.embed_class is None
    return embedder if bundled else MiniLM(settings.home, wait=False)


def ready(embedder: Embedder) -> None:
    """Wait until the bundled embedder is open, if `embedder` is it. Raises EmbedderError when it cannot be opened."""
    if isinstance(embedder, MiniLM):
        embedder.wait()


def reranker(settings: Settings) -> Reranker | None:
    """Return what puts the papers found in another order, or None. Raises UsageError."""
    if settings.reranker_class is None:
        return None
    from rag.adapters import reranking

    return reranking.reranker(settings.reranker_class, settings.reranker_options)
