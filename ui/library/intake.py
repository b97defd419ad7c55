"""Changes to the library while the chat goes on: each runs in a thread of its own, and whoever waits is told how far it is.

A change that has begun is finished even when the page that asked for it is closed. One runs at a time, whoever asks: the
writer's lock refuses a second one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from queue import Queue
from tempfile import TemporaryDirectory
from threading import Thread
from typing import TypeVar

from rag import ingestion
from rag.assistant import Assistant
from rag.errors import SourceError
from rag.ingestion import Report
from rag.types import Progress

_PASTED = "The pasted text"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step:
    """How far a change is: `done` of `total` in its present stage."""

    stage: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Result:
    """What became of the sources that were added; `there` are the names of those that the library had before."""

    reports: tuple[Report, ...]
    there: frozenset[str]


def add(assistant: Assistant, files: Sequence[str], text: str = "") -> Iterator[Step | Result]:
    """Read files, known by their own names, and a pasted text; yield Steps and last the Result.

    What cannot be read stands in its report. Raises Busy when the library is being written already.
    """
    there = frozenset(assistant.library.sources())
    with _pasted(text, there) as pasted:
        places = [*files, *pasted]
        for event in _run(lambda progress: ingestion.ingest(assistant.home, places, assistant.embedder, progress)):
            if isinstance(event, Step):
                yield event
            else:
                yield Result(tuple(map(_shown, event, places, [*map(_own_name, files), *[_PASTED] * len(pasted)])), there)


def remove(assistant: Assistant, source: str) -> Iterator[Step | int]:
    """Take a source out; yield Steps and last how many papers went with it. Raises Busy, and SourceError if it is not there."""
    yield from _run(lambda progress: ingestion.remove(assistant.home, source, assistant.embedder, progress))


def _run(work: Callable[[Progress], T]) -> Iterator[Step | T]:
    told: Queue[Step | tuple[T] | Exception] = Queue()

    def working() -> None:
        try:
            told.put((work(lambda stage, done, total: told.put(Step(stage, done, total))),))
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            told.put(SourceError(f"The library cannot be written ({reason}).", "Check the disk and its permissions."))
        except Exception as error:  # noqa: BLE001 - raised again where somebody waits for it
            told.put(error)

    Thread(target=working, name="library", daemon=True).start()
    while True:
        event = told.get()
        if isinstance(event, Exception):
            raise event
        if not isinstance(event, Step):
            yield event[0]
            return
        yield event


@contextmanager
def _pasted(text: str, there: frozenset[str]) -> Iterator[list[str]]:
    """Give the path of a file that holds the text, under a name that no source has; nothing for no text."""
    if not text.strip():
        yield []
        return
    with TemporaryDirectory() as folder:
        name = next(name for n in range(1, len(there) + 2) if (name := f"pasted-{date.today()}-{n}") not in there)
        path = Path(folder, name)
        path.write_bytes(text.encode("utf-8", "replace"))
        yield [str(path)]


def _own_name(path: str) -> str:
    return Path(path).name


def _shown(report: Report, place: str, name: str) -> Report:
    """Return the report without the folder that an upload was put into, which nobody chose."""
    source = name if report.source == place else report.source
    return replace(report, source=source, error=report.error and report.error.replace(place, name))
