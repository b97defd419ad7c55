"""Opens the embedder that the settings name, the one way for every command."""

from __future__ import annotations

from rag.embedding import Embedder
from rag.minilm import MiniLM
from rag.settings import Settings


def open_embedder(settings: Settings) -> Embedder:
    """Return the embedder of the index and of its questions: the endpoint's, or else the bundled one. Raises RagError."""
    endpoint = settings.embed_endpoint
    if endpoint is None:
        return MiniLM(settings.home)
    from rag.endpoint_embedder import EndpointEmbedder  # here, as it imports openai

    return EndpointEmbedder(endpoint, settings.home, settings.timeout_s)


def open_reader(settings: Settings, embedder: Embedder) -> Embedder:
    """Return what answers are read and checked with, and questions refused: the bundled embedder, whatever the index's is.

    Their thresholds are cosines of it. Where no endpoint is set, `embedder` is it.
    """
    return embedder if settings.embed_endpoint is None else MiniLM(settings.home)
