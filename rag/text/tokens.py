"""Counts tokens with tiktoken, offline: the encodings are the two that llama-index-core carries.

Counts are exact for OpenAI models that use one of the two encodings, and an estimate for all other models.
Nothing is downloaded. tiktoken downloads a file that is missing or damaged, so each file is checked first.
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

_ENCODING_FILES = {  # encoding -> file name (tiktoken uses the SHA-1 of the URL), SHA-256 of the content
    "cl100k_base": (
        "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    ),
    "o200k_base": (
        "fb374d419588a4632f3f557e76b4b70aebbca790",
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    ),
}
_DEFAULT_ENCODING = "o200k_base"
_UNKNOWN_ENCODING_FACTOR = 1.15  # tokens per counted token, for a model whose encoding is not known
_CACHE_VARIABLE = "TIKTOKEN_CACHE_DIR"
_MAX_CHARS_PER_CALL = 20_000  # tiktoken fails on very long runs of one character
_lock = Lock()


def count(text: str, model: str | None = None) -> int:
    """Return the number of tokens of `text` for `model`. Special tokens count as plain text.

    Raises RagError when the encoding files of llama-index-core are missing or damaged.
    """
    encoding, _ = _encoding(model)
    parts = (text[i : i + _MAX_CHARS_PER_CALL] for i in range(0, len(text), _MAX_CHARS_PER_CALL))
    return sum(len(encoding.encode_ordinary(part)) for part in parts)


def margin(model: str | None) -> float:
    """Return the safety factor for a count for `model`: 1.0 when the count is exact."""
    return 1.0 if _encoding(model)[1] else _UNKNOWN_ENCODING_FACTOR


@lru_cache(maxsize=32)
def _encoding(model: str | None) -> tuple[tiktoken.Encoding, bool]:
    """Return the encoding to count with, and whether `model` uses it. Raises RagError when no encoding can be read."""
    import tiktoken

    name: str | None
    try:
        name = tiktoken.encoding_name_for_model((model or "").removeprefix("openai/"))  # the prefix is OpenRouter's
    except KeyError:
        name = None
    exact = _load(name) if name else None
    encoding = exact or _load(_DEFAULT_ENCODING)
    if encoding is None:
        raise RagError(
            "The tables for counting tokens, which come with llama-index-core, are missing or damaged.",
            "Install it again: pip install --force-reinstall --no-deps llama-index-core.",
        )
    return encoding, exact is not None


def _load(name: str) -> tiktoken.Encoding | None:
    """Return the encoding; None when llama-index-core has no intact file of it."""
    import tiktoken

    file, digest = _ENCODING_FILES.get(name, ("", ""))
    spec = find_spec("llama_index") if file else None  # a namespace package: finding it imports nothing
    for root in spec.submodule_search_locations or () if spec else ():
        folder = Path(root) / "core" / "_static" / "tiktoken_cache"
        try:
            intact = sha256((folder / file).read_bytes()).hexdigest() == digest
        except OSError:
            continue
        if intact:
            with _lock:  # the variable is shared by the whole process, and restored afterwards
                before = os.environ.get(_CACHE_VARIABLE)
                os.environ[_CACHE_VARIABLE] = str(folder)
                try:
                    return tiktoken.get_encoding(name)
                finally:
                    if before is None:
                        del os.environ[_CACHE_VARIABLE]
                    else:
                        os.environ[_CACHE_VARIABLE] = before
    return None
