"""Counts tokens with tiktoken, offline: the encodings are the two that llama-index-core carries.

Counts are exact for models whose encoding tiktoken knows and that is one of the two (OpenAI's), an estimate for all others.
Nothing is ever downloaded: tiktoken would, on a file that is missing or damaged, so the file is looked at first.
"""

from __future__ import annotations

import os
from functools import lru_cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from rag.errors import RagError

if TYPE_CHECKING:
    import tiktoken

_HELD = {  # of each encoding, the name of its file (tiktoken takes the SHA-1 of its address), and the SHA-256 of what is in it
    "cl100k_base": (
        "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    ),
    "o200k_base": (
        "fb374d419588a4632f3f557e76b4b70aebbca790",
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    ),
}
_USUAL = "o200k_base"
_MARGIN = 1.15  # tokens of a model whose encoding is not known, per token counted
_CACHE = "TIKTOKEN_CACHE_DIR"
_SLICE = 20_000  # characters; tiktoken fails on very long runs of one character
_lock = Lock()


def count(text: str, model: str | None = None) -> int:
    """Return how many tokens `text` has for `model`. Special tokens in it count as plain text."""
    encoding, _ = _of(model)
    parts = (text[i : i + _SLICE] for i in range(0, len(text), _SLICE))
    return sum(len(encoding.encode_ordinary(part)) for part in parts)


def margin(model: str | None) -> float:
    """Return by what a count for `model` is to be multiplied to be safe: 1 where the count is exact."""
    return 1.0 if _of(model)[1] else _MARGIN


@lru_cache(maxsize=32)
def _of(model: str | None) -> tuple[tiktoken.Encoding, bool]:
    """Return the encoding to count with, and whether it is the model's own. Raises RagError when there is none at all."""
    import tiktoken

    own: str | None
    try:
        own = tiktoken.encoding_name_for_model((model or "").removeprefix("openai/"))  # the prefix is OpenRouter's
    except KeyError:
        own = None
    exact = _load(own) if own else None
    usual = exact or _load(_USUAL)
    if usual is None:
        raise RagError(
            "The tables for counting tokens, which come with llama-index-core, are missing or damaged.",
            "Install it again: pip install --force-reinstall --no-deps llama-index-core.",
        )
    return usual, exact is not None


def _load(name: str) -> tiktoken.Encoding | None:
    """Return the encoding, None when it is not held."""
    import tiktoken

    file, digest = _HELD.get(name, ("", ""))
    spec = find_spec("llama_index") if file else None  # a namespace package: finding it imports nothing
    for root in spec.submodule_search_locations or () if spec else ():
        folder = Path(root) / "core" / "_static" / "tiktoken_cache"
        try:
            whole = sha256((folder / file).read_bytes()).hexdigest() == digest
        except OSError:
            continue
        if whole:
            with _lock:  # the variable holds for the whole process, and is put back as it was
                before = os.environ.get(_CACHE)
                os.environ[_CACHE] = str(folder)
                try:
                    return tiktoken.get_encoding(name)
                finally:
                    if before is None:
                        del os.environ[_CACHE]
                    else:
                        os.environ[_CACHE] = before
    return None
