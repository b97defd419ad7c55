"""Counts tokens with tiktoken, offline: the encodings are those that llama-index-core carries.

Counts are exact for OpenAI's models and an estimate for all others.
"""

from __future__ import annotations

import os
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tiktoken

_ENCODING = "o200k_base"
_SLICE = 20_000  # characters; tiktoken fails on very long runs of one character


@lru_cache(maxsize=1)
def _encoding() -> tiktoken.Encoding:
    spec = find_spec("llama_index")  # a namespace package: finding it imports nothing
    for folder in spec.submodule_search_locations or () if spec else ():
        cache = Path(folder) / "core" / "_static" / "tiktoken_cache"
        if cache.is_dir():
            os.environ.setdefault("TIKTOKEN_CACHE_DIR", str(cache))
    import tiktoken

    return tiktoken.get_encoding(_ENCODING)


def count(text: str) -> int:
    """Return how many tokens `text` has. Special tokens in it count as plain text."""
    encoding = _encoding()
    parts = (text[i : i + _SLICE] for i in range(0, len(text), _SLICE))
    return sum(len(encoding.encode_ordinary(part)) for part in parts)
