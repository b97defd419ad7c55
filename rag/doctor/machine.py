"""Checks Python, the packages, the home folder, the embedder, token counts, the library and the index.

A package that may be missing or broken is imported by the check that needs it, so that the other checks still run.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, metadata, requires
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import RagError
from rag.storage import private

if TYPE_CHECKING:
    from rag.interfaces import Embedder
    from rag.settings.settings import Settings

_DISTRIBUTION = "abstract-rag"
_INSTALL_FIX = "Run: uv sync, or pip install --upgrade abstract-rag."
_REPAIR = "Run: python -m rag.ingest --repair"
_MIN_FREE_BYTES = 500_000_000  # the graph of the embedder and the starter corpus take 110 MB
_SENTENCES = ("GraphSAINT samples the training graph.", "Lamps dim when nobody walks below them.")
_LENGTH_TOLERANCE = 1e-3  # of the length 1 of a vector
_MAX_SOURCES_IN_MESSAGE = 5
_MAX_ERROR_CHARS = 200


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check. `ok` is None when it was skipped. `fix` says what to do, "" for nothing."""

    name: str
    ok: bool | None
    message: str
    fix: str = ""


class Skipped(Exception):
    """The check cannot be made; the text says why."""


def attempt(name: str, check: Callable[[], str]) -> Check:
    """Return the result of `check`, which returns a message, or raises RagError for a failure, or Skipped. Never raises."""
    try:
        return Check(name=name, ok=True, message=check())
    except Exception as error:  # noqa: BLE001 - a check that fails must not end the others
        return _failed(name, error)


def guarded(name: str, checks: Iterator[Check]) -> Iterator[Check]:
    """Yield `checks`. When they raise an error, yield a failed check called `name`. Never raises."""
    try:
        yield from checks
    except Exception as error:  # noqa: BLE001 - as above
        yield _failed(name, error)


def _failed(name: str, error: Exception) -> Check:
    if isinstance(error, RagError):
        return Check(name=name, ok=False, message=error.message, fix=error.fix)
    if isinstance(error, Skipped):
        return Check(name=name, ok=None, message=str(error))
    if isinstance(error, ImportError):
        return Check(name=name, ok=False, message=f"A package is missing or broken ({_short(error)}).", fix=_INSTALL_FIX)
    if isinstance(error, OSError):
        message = f"{error.strerror or error}{f' ({error.filename})' if error.filename else ''}."
        fix = "Check the path and the disk, or set RAG_HOME to another folder."
        return Check(name=name, ok=False, message=message, fix=fix)
    message = f"There is a fault in this program ({type(error).__name__}: {_short(error)})."
    return Check(name=name, ok=False, message=message, fix="Please report it with the command you gave.")


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:_MAX_ERROR_CHARS]


def of_machine() -> Iterator[Check]:
    """Yield the checks that need no settings."""
    yield attempt("python", _python)
    yield attempt("packages", _packages)
    yield attempt("tokens", _tokens)


def _python() -> str:
    from packaging.specifiers import SpecifierSet

    installed = ".".join(map(str, sys.version_info[:3]))
    required = metadata(_DISTRIBUTION)["Requires-Python"]
    if installed not in SpecifierSet(required):
        raise RagError(f"This is Python {installed}; {required} is required.", "Use another Python: uv run --python 3.12 …")
    return installed


def _packages() -> str:
    from packaging.requirements import Requirement

    required = [
        r for r in map(Requirement, requires(_DISTRIBUTION) or ()) if r.marker is None or r.marker.evaluate({"extra": ""})
    ]
    problems = [problem for r in required if (problem := _package_problem(r.name, r.specifier.contains))]
    if problems:
        raise RagError(f"Packages are missing or too old: {'; '.join(problems)}.", _INSTALL_FIX)
    return f"all {len(required)} required packages are installed"


def _package_problem(name: str, is_accepted: Callable[[str], bool]) -> str | None:
    """Return what is wrong with the distribution `name`, or None. The package is not imported."""
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return f"{name} is missing"
    installed = found.version
    if not any(Path(str(file.locate())).exists() for file in found.files or () if file.suffix == ".py"):
        return f"the files of {name} {installed} are missing"
    return None if is_accepted(installed) else f"{name} {installed} is too old"


def _tokens() -> str:
    from rag.text import tokens

    return f"counted offline ({tokens.count(_SENTENCES[0])} in a sentence)"


class Home:
    """The checks of one home folder, in order. Later checks use the results of earlier ones."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._home = settings.home
        self._embedder: Embedder | None = None
        self._papers: tuple[int, str] | None = None  # number of papers, state of the library
        self.starter_only = False
        """Whether the library has the starter corpus only, and a complete index."""

    def checks(self) -> Iterator[Check]:
        yield attempt("home", self._folder)
        yield attempt("embedder", self._embeds)
        yield attempt("library", self._library)
        yield attempt("index", self._index)

    def _folder(self) -> str:
        private.make_folder(self._home)
        with tempfile.TemporaryFile(dir=self._home):
            free = shutil.disk_usage(self._home).free
        if free < _MIN_FREE_BYTES:
            fix = "Free some space, or set RAG_HOME to a folder on another disk."
            raise RagError(f"Only {free / 1e6:,.0f} MB are free on the disk of {self._home}.", fix)
        return f"{self._home} is writable, {free / 1e9:,.0f} GB are free"

    def _embeds(self) -> str:
        import numpy as np

        began = time.perf_counter()
        embedder = _open(self._settings)
        vectors = embedder.embed(_SENTENCES)
        seconds = time.perf_counter() - began
        if vectors.shape != (len(_SENTENCES), embedder.dimension):
            size = f"{vectors.shape[-1]} dimensions, not {embedder.dimension}"
            raise RagError(f"The embedder {embedder.name} returns vectors of {size}.", "Use another embedder.")
        lengths = np.linalg.norm(vectors, axis=1)
        if not np.allclose(lengths, 1, atol=_LENGTH_TOLERANCE):
            length = f"{lengths[0]:.2f}, not 1"
            raise RagError(f"The embedder {embedder.name} returns vectors of length {length}.", "Use another embedder.")
        self._embedder = embedder
        return f"{embedder.name} returns vectors of {embedder.dimension} dimensions, the first after {seconds:.1f} s"

    def _library(self) -> str:
        from rag.sources import formats
        from rag.storage.library import Library

        empty = "no library yet: the first question reads the starter corpus"
        if not (self._home / "library.sqlite").exists():
            return empty
        library = Library(self._home)
        try:
            if damage := library.damage():
                raise RagError(f"The library {library.path} is damaged ({damage}).", "Restore the file from a copy.")
            if not library.revision:
                return empty
            count, names = library.count(), list(library.sources())
            self._papers = count, library.state
        finally:
            library.close()
        if not count:
            raise RagError("The library has no papers.", "Read some: python -m rag.ingest FILE")
        self.starter_only = names == [formats.STARTER]
        others = " and others" if len(names) > _MAX_SOURCES_IN_MESSAGE else ""
        return f"{count:,} papers of {', '.join(names[:_MAX_SOURCES_IN_MESSAGE])}{others}; the file is intact"

    def _index(self) -> str:
        from rag.index import generations, probe

        if self._papers is None:
            raise Skipped("not checked: there is no library")
        if self._embedder is None:
            raise Skipped("not checked: the embedder does not work")
        starter_only, self.starter_only = self.starter_only, False
        count, of = self._papers
        name = generations.fingerprint(self._embedder)
        live = generations.live(self._home, name)
        if live is None:
            raise RagError(f"There is no complete index for the embedder {self._embedder.name}.", _REPAIR)
        if (live.papers, live.state) != (count, of):
            state = f"It has {live.papers:,} papers, of an earlier state of the library."
            raise RagError(f"The index is out of date. {state}", _REPAIR)
        probe.check(self._home / "index" / name / str(live.generation))
        self.starter_only = starter_only
        return f"{live.papers:,} papers in {live.chunks:,} chunks (generation {live.generation}); a test search works"


def _open(settings: Settings) -> Embedder:
    from rag import factory

    return factory.embedder(settings)
