"""Change the library while the chat goes on. Each change runs in a thread and reports its progress.

A change that has begun is finished, even when its page is closed. Only one runs at a time: the writer's lock refuses others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from rag import ingestion
from rag.assistant import Assistant
from rag.errors import SourceError
from rag.events import Waiting
from rag.ingestion import Report
from rag.listener import Listener
from rag.sources import services
from rag.types import Progress

_PASTED_NAME = "The pasted text"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step:
    """How far a change is: `done` of `total` in its present stage."""

    stage: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Result:
    """The reports on the sources that were added.

    `known` are the names of sources that the library had before, `papers` the ids of all papers that the sources list.
    """

    reports: tuple[Report, ...]
    known: frozenset[str]
    papers: tuple[str, ...] = ()


def add(assistant: Assistant, files: Sequence[str], text: str = "") -> Iterator[Step | Result]:
    """Add the papers of files and of a pasted text; yield Steps, then the Result.

    A file's name is the name of its source. A text of nothing but numbers of papers asks the services that know them. The
    report of a source says what could not be read. Raises Busy when another change is under way.
    """
    known = frozenset(assistant.library.sources())
    asked = services.places_in(text)
    with _pasted("" if asked else text, known) as pasted:
        places = [*files, *asked, *pasted]
        names = [*(Path(file).name for file in files), *asked, *([_PASTED_NAME] * len(pasted))]
        for event in _run(lambda progress: ingestion.ingest(assistant.home, places, assistant.embedder, progress)):
            if isinstance(event, Step):
                yield event
            else:
                read = tuple(map(_renamed, event, places, names))
                listed = (assistant.library.listed(report.source) for report in event if report.error is None)
                yield Result(read, known, tuple(dict.fromkeys(chain.from_iterable(listed))))


def remove(assistant: Assistant, source: str) -> Iterator[Step | int]:
    """Remove a source; yield Steps, then the number of papers removed with it.

    Raises Busy when another change is under way, and SourceError for a source that the library does not have.
    """
    yield from _run(lambda progress: ingestion.remove(assistant.home, source, assistant.embedder, progress))


def _run(work: Callable[[Progress], T]) -> Iterator[Step | T]:
    """Run the work in a thread; yield its Steps, then its result. Raises what the work raises."""

    def working(listener: Listener[Step | T]) -> None:
        try:
            listener.put(work(lambda stage, done, total: listener.put(Step(stage, done, total))))
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            remedy = "Check the disk and its permissions."
            raise SourceError(f"The library cannot be written ({reason}).", remedy) from error

    for item in Listener(working, name="library").items():
        if not isinstance(item, Waiting):
            yield item


@contextmanager
def _pasted(text: str, known: frozenset[str]) -> Iterator[list[str]]:
    """Give the path of a temporary file with the text, in a list; [] for no text. No source has the file's name."""
    if not text.strip():
        yield []
        return
    with TemporaryDirectory() as folder:
        name = next(name for n in range(1, len(known) + 2) if (name := f"pasted-{date.today()}-{n}") not in known)
        path = Path(folder, name)
        path.write_bytes(text.encode("utf-8", "replace"))
        yield [str(path)]


def _renamed(report: Report, place: str, name: str) -> Report:
    """Return the report with the name of the upload in place of the path where Gradio stored it."""
    source = name if report.source == place else report.source
    return replace(report, source=source, error=report.error and report.error.replace(place, name))
