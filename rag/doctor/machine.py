"""Checks what the product stands on: Python, packages, the home folder, embedder, token counts, library and index.

What may be missing or broken is imported by the check that needs it, so that the others still run.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from importlib.util import find_spec
from typing import TYPE_CHECKING

from rag.errors import RagError
from rag.storage import private

if TYPE_CHECKING:
    from rag.interfaces import Embedder
    from rag.settings.settings import Settings

_NAME = "abstract-rag"
_MODULES = {"llama-index-core": "llama_index.core"}  # of distributions whose module has another name
_INSTALL = "Run: uv sync, or pip install --upgrade abstract-rag."
_REPAIR = "Run: python -m rag.ingest --repair"
_ROOM = 500_000_000  # bytes that must be free; the embedder's graph and the starter corpus take 110 MB
_SENTENCES = ("GraphSAINT samples the training graph.", "Lamps dim when nobody walks below them.")
_UNIT = 1e-3  # by which a vector's length may be off


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at and what was found: `ok` is None when it could not be looked at; `fix` is what to do about it."""

    name: str
    ok: bool | None
    told: str
    fix: str = ""


class Skipped(Exception):
    """There is no use in this check; the text says why."""


def attempt(name: str, look: Callable[[], str]) -> Check:
    """Return what `look` finds. It returns what is well, or raises RagError for what is not, or Skipped; never raises."""
    try:
        return Check(name, True, look())
    except Exception as error:  # noqa: BLE001 - a check that fails must not end the others
        return _failed(name, error)


def kept(name: str, checks: Iterator[Check]) -> Iterator[Check]:
    """Yield `checks`, and one more by the name of `name` when they end in an error."""
    try:
        yield from checks
    except Exception as error:  # noqa: BLE001 - as above
        yield _failed(name, error)


def _failed(name: str, error: Exception) -> Check:
    if isinstance(error, RagError):
        return Check(name, False, error.message, error.fix)
    if isinstance(error, Skipped):
        return Check(name, None, str(error))
    if isinstance(error, ImportError):
        return Check(name, False, f"A package is missing or broken ({_said(error)}).", _INSTALL)
    if isinstance(error, OSError):
        told = f"{error.strerror or error}{f' ({error.filename})' if error.filename else ''}."
        return Check(name, False, told, "Check the path and the disk, or set RAG_HOME to another folder.")
    told = f"There is a fault in this program ({type(error).__name__}: {_said(error)})."
    return Check(name, False, told, "Please report it with the command you gave.")


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def of_machine() -> Iterator[Check]:
    """Check what needs no settings."""
    yield attempt("python", _python)
    yield attempt("packages", _packages)
    yield attempt("tokens", _tokens)


def _python() -> str:
    from packaging.specifiers import SpecifierSet

    have = ".".join(map(str, sys.version_info[:3]))
    wanted = metadata(_NAME)["Requires-Python"]
    if have not in SpecifierSet(wanted):
        raise RagError(f"This is Python {have}, and {wanted} is needed.", "Use a newer one: uv run --python 3.12 …")
    return have


def _packages() -> str:
    from packaging.requirements import Requirement

    wanted = [r for r in map(Requirement, requires(_NAME) or ()) if r.marker is None or r.marker.evaluate({"extra": ""})]
    wrong = [problem for requirement in wanted if (problem := _lacks(requirement.name, requirement.specifier.contains))]
    if wrong:
        raise RagError(f"These packages are not as they must be: {'; '.join(wrong)}.", _INSTALL)
    return f"{len(wanted)} that are needed, each as new as it must be"


def _lacks(name: str, is_right: Callable[[str], bool]) -> str | None:
    """Return what is wrong with the distribution `name`; nothing of it is imported."""
    try:
        have = version(name)
    except PackageNotFoundError:
        return f"{name} is missing"
    if find_spec(_MODULES.get(name, name.replace("-", "_"))) is None:
        return f"{name} {have} has lost its files"
    return None if is_right(have) else f"{name} {have} is too old"


def _tokens() -> str:
    from rag.text import tokens

    return f"counted offline ({tokens.count(_SENTENCES[0])} in a sentence)"


class Home:
    """The checks of one home, in their order: a later one has use for what an earlier one found."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._home = settings.home
        self._embedder: Embedder | None = None
        self._papers: tuple[int, int] | None = None  # how many, and the library's revision
        self.starter_only = False
        """Whether the library holds the starter corpus and nothing else, and its index is whole."""

    def checks(self) -> Iterator[Check]:
        yield attempt("home", self._folder)
        yield attempt("embedder", self._embeds)
        yield attempt("library", self._library)
        yield attempt("index", self._index)

    def _folder(self) -> str:
        private.make_folder(self._home)
        with tempfile.TemporaryFile(dir=self._home):
            free = shutil.disk_usage(self._home).free
        if free < _ROOM:
            fix = "Free some space, or set RAG_HOME to a folder on another disk."
            raise RagError(f"Only {free / 1e6:,.0f} MB are free where {self._home} is.", fix)
        return f"{self._home} can be written, {free / 1e9:,.0f} GB are free"

    def _embeds(self) -> str:
        import numpy as np

        began = time.perf_counter()
        embedder = _open(self._settings)
        vectors = embedder.embed(_SENTENCES)
        seconds = time.perf_counter() - began
        if vectors.shape != (len(_SENTENCES), embedder.dimension):
            raise RagError(f"The embedder {embedder.name} gives {vectors.shape[-1]} numbers a text.", "Use another embedder.")
        lengths = np.linalg.norm(vectors, axis=1)
        if not np.allclose(lengths, 1, atol=_UNIT):
            raise RagError(f"The embedder {embedder.name} gives vectors of length {lengths[0]:.2f}.", "Use another embedder.")
        self._embedder = embedder
        return f"{embedder.name} gives {embedder.dimension} numbers, of length 1, after {seconds:.1f} s"

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
            count, listed = library.count(), library.sources()
            self._papers = count, library.revision
        finally:
            library.close()
        if not count:
            raise RagError("The library holds no papers.", "Read some: python -m rag.ingest FILE")
        self.starter_only = list(listed) == [formats.STARTER]
        return f"{count:,} papers of {', '.join(list(listed)[:5])}{' and others' if len(listed) > 5 else ''}; the file is whole"

    def _index(self) -> str:
        from rag.index import generations, probe

        if self._papers is None:
            raise Skipped("not looked at: there is no library to hold it against")
        if self._embedder is None:
            raise Skipped("not looked at: it takes the embedder")
        usable, self.starter_only = self.starter_only, False
        count, revision = self._papers
        name = generations.fingerprint(self._embedder)
        live = generations.live(self._home, name)
        if live is None:
            raise RagError(f"There is no whole index of the library for {self._embedder.name}.", _REPAIR)
        if (live.papers, live.revision) != (count, revision):
            raise RagError(f"The index has {live.papers:,} papers, as the library was before it changed.", _REPAIR)
        probe.check(self._home / "index" / name / str(live.generation))
        self.starter_only = usable
        return f"generation {live.generation}, {live.papers:,} papers in {live.chunks:,} chunks, found by their own vectors"


def _open(settings: Settings) -> Embedder:
    from rag import factory

    return factory.embedder(settings)
