"""Replies of models, kept by model and prompt, so that a run that is made again asks only what is new.

The prompts of two runs differ in the random tags round their abstracts, which do not count. A repeat has replies of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from threading import get_ident, local

from rag.events import Finish, Reply, Thought, Withdrawn
from rag.interfaces import ChatModel, WrappedModel
from rag.types import Prompt, Usage

_TAG = re.compile(r"\babstract-[0-9a-f]{8}\b")


class ReplyCache:
    """A folder with a file for each reply. Safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def get(self, key: str) -> list[Reply] | None:
        """Return the reply kept under `key`."""
        try:
            kept = json.loads((self._folder / f"{key}.json").read_text("utf-8"))
        except FileNotFoundError:
            return None
        return [_item(kind, value) for kind, value in kept]

    def put(self, key: str, reply: list[Reply]) -> None:
        part = self._folder / f"{key}.{get_ident()}.part"
        part.write_text(json.dumps([_kept(item) for item in reply]), "utf-8")
        part.replace(self._folder / f"{key}.json")


class CachedModel(WrappedModel):
    """A model whose whole replies are kept. `options` are what else a reply depends on, and `repeat` which of several it is."""

    def __init__(self, model: ChatModel, cache: ReplyCache, options: str, repeat: int) -> None:
        super().__init__(model)
        self._cache = cache
        self._options = options
        self._repeat = repeat
        self._thread = local()

    @contextmanager
    def noticed(self) -> Iterator[Callable[[], bool]]:
        """Provide what says whether a reply that this thread has had since was kept."""
        self._thread.kept = False
        yield lambda: self._thread.kept

    def stream(self, prompt: Prompt) -> Iterator[Reply]:
        """Yield the reply kept, else the model's. Raises EndpointError as the model does."""
        said = _TAG.sub("abstract", f"{prompt.system}\n{prompt.user}")
        asked = [self.name, self.host, self._options, self._repeat, said]
        key = sha256(json.dumps(asked).encode()).hexdigest()
        if (kept := self._cache.get(key)) is not None:
            self._thread.kept = True
            yield from kept
            return
        reply: list[Reply] = []
        for item in self._model.stream(prompt):
            if isinstance(item, str | Thought | Withdrawn | Finish):
                reply.append(item)
            yield item
        if reply and isinstance(reply[-1], Finish) and reply[-1].complete:
            self._cache.put(key, reply)


def _kept(item: Reply) -> tuple[str, object]:
    if isinstance(item, str):
        return "text", item
    if isinstance(item, Thought):
        return "thought", item.text
    return ("finish", asdict(item)) if isinstance(item, Finish) else ("withdrawn", None)


def _item(kind: str, value: object) -> Reply:
    if isinstance(value, str):
        return value if kind == "text" else Thought(value)
    if isinstance(value, dict):
        return Finish(**{**value, "usage": Usage(**value["usage"]), "notes": tuple(value["notes"])})
    return Withdrawn()
