"""Keeps the map of a live index, in memory and in home/topics, until another index is live."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from threading import Lock

from rag.index.generations import Index
from rag.storage import private
from rag.storage.library import Library
from rag.topics import topic_map
from rag.topics.topic_map import Topic, TopicMap

_FORM = 1  # of the file; the number changes when the maps do


class KeptMap:
    """The map of a home. Safe to share between threads."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "topics"
        self._lock = Lock()
        self._known: tuple[list[object], TopicMap] | None = None

    def of(self, index: Index, library: Library) -> TopicMap:
        """Return the map of `index`, made when none is kept. A folder that cannot be written keeps none."""
        key: list[object] = [_FORM, index.info.fingerprint, index.manifest.state, index.info.papers]
        with self._lock:
            if self._known is None or self._known[0] != key:
                file = self._folder / f"{index.info.fingerprint}.json"
                found = _read(file, key)
                if found is None:
                    found = topic_map.make(index, library)
                    with suppress(OSError):
                        _write(file, key, found)
                self._known = key, found
            return self._known[1]


def _read(file: Path, key: list[object]) -> TopicMap | None:
    """Return the map in `file`; None when it is of another index, or not whole."""
    try:
        stored = json.loads(file.read_text("utf-8"))
        if stored["key"] != key:
            return None
        topics = [
            Topic(**{**topic, "words": tuple(topic["words"]), "papers": tuple(topic["papers"])}) for topic in stored["topics"]
        ]
        return TopicMap(tuple(topics), {paper_id: (float(x), float(y)) for paper_id, (x, y) in stored["places"].items()})
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _write(file: Path, key: list[object], made: TopicMap) -> None:
    private.make_folder(file.parent)
    unfinished = file.with_suffix(f".{os.getpid()}")
    private.make_file(unfinished)
    unfinished.write_text(json.dumps({"key": key, **asdict(made)}), "utf-8")
    unfinished.replace(file)
