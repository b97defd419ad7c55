"""Where generations of the index are, which one is live, and what its manifest says it holds.

home/index/<fingerprint>/CURRENT            the number of the live generation
home/index/<fingerprint>/<n>/tantivy        words of papers, and the papers
home/index/<fingerprint>/<n>/matrix         vectors of chunks as one array, for exact cosines
home/index/<fingerprint>/<n>/chroma         the same chunks with texts and short vectors; only of a settled generation
home/index/<fingerprint>/<n>/manifest.json  counts, checksums, and the state of the library it holds
home/index/<fingerprint>/<n>/DIRTY          there while the generation is being written
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from rag.index.chunks import CHUNKER
from rag.interfaces import Embedder
from rag.storage import checksums

_CHANGED_BY_OPENING = ("chroma/chroma.sqlite3",)
_OF_THE_PART = ("chroma/", "matrix/")  # what a generation reads of the settled one that it was added to
_LAYOUT_VERSION = 4  # of the layout of a generation


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a finished generation holds. Its settled part is that of generation `settled`, often its own."""

    generation: int
    settled: int
    state: str  # of the library: see rag.storage.library
    papers: int
    chunks: int
    files: dict[str, tuple[int, int | None]]  # checksums: a file that is damaged is found before it is opened


def fingerprint(embedder: Embedder) -> str:
    """Return the name under which indexes of this embedder, chunker and layout are kept."""
    name = "".join(c if c.isalnum() or c in "-." else "_" for c in embedder.name)
    return f"{name}-{embedder.dimension}-{CHUNKER}-v{_LAYOUT_VERSION}"


def folder_of(home: Path, name: str) -> Path:
    """Return the folder of the generations of fingerprint `name`."""
    return home / "index" / name


def live(home: Path, name: str) -> Manifest | None:
    """Return what the live generation holds, without opening it; None when there is none, or it is dirty or damaged."""
    folder = folder_of(home, name)
    number = current(folder)
    try:
        manifest = None if number is None else _read(folder, number)
        if manifest is None or not checksums.intact(folder / str(number), manifest.files):
            return None
        if manifest.settled != manifest.generation:
            settled = _read(folder, manifest.settled)
            part = {file: sums for file, sums in settled.files.items() if file.startswith(_OF_THE_PART)} if settled else {}
            if not part or not checksums.intact(folder / str(manifest.settled), part):
                return None
        return manifest
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def forget_checks(home: Path, name: str) -> None:
    """Have all files of the index read again the next time: a disk may change them and leave their times."""
    for note in folder_of(home, name).glob(f"*/{checksums.NOTE}"):
        with suppress(OSError):
            note.unlink()


def current(folder: Path) -> int | None:
    """Return the number of the live generation, None when there is none."""
    try:
        return int((folder / "CURRENT").read_text("utf-8"))
    except (OSError, ValueError):
        return None


def _read(folder: Path, number: int) -> Manifest | None:
    generation = folder / str(number)
    if (generation / "DIRTY").exists():
        return None
    written = json.loads((generation / "manifest.json").read_text("utf-8"))
    return Manifest(**{**written, "files": {name: tuple(sums) for name, sums in written["files"].items()}})


def begin(folder: Path) -> Path:
    """Make the folder of the next generation, marked as dirty."""
    folder.mkdir(parents=True, exist_ok=True)
    number = 1 + max((int(p.name) for p in folder.iterdir() if p.name.isdigit()), default=0)
    generation = folder / str(number)
    generation.mkdir()
    (generation / "DIRTY").touch()
    return generation


def finish(generation: Path, settled: int, state: str, papers: int, chunks: int, known: checksums.Sums) -> Manifest:
    """Write the manifest, with the sums of all files, of which those of linked ones are `known`, and take the mark away."""
    names = [p.relative_to(generation).as_posix() for p in generation.rglob("*") if p.is_file() and p.name != "DIRTY"]
    linked = {name: known[name] for name in names if name in known and (generation / name).stat().st_nlink > 1}
    sums = linked | checksums.of(generation, [name for name in names if name not in linked], _CHANGED_BY_OPENING)
    manifest = Manifest(int(generation.name), settled, state, papers, chunks, dict(sorted(sums.items())))
    (generation / "manifest.json").write_text(json.dumps(asdict(manifest)), "utf-8")
    checksums.keep(generation, manifest.files)
    (generation / "DIRTY").unlink()
    return manifest


def make_live(
    folder: Path, manifest: Manifest, before: Manifest | None, was: int | None, forget: Callable[[Path, list[Path]], None]
) -> None:
    """Make a generation the live one, in one step, and delete those that nobody reads any more.

    Readers may still have `before` open, or, where that is damaged, generation `was`. `forget` is called with the folder of
    each that goes, and those that stay.
    """
    unfinished = folder / f"CURRENT.{os.getpid()}"
    unfinished.write_text(str(manifest.generation), "utf-8")
    unfinished.replace(folder / "CURRENT")
    for left in folder.glob(f"{unfinished.stem}.*"):  # of writers that were killed
        left.unlink(missing_ok=True)
    keep = {manifest.generation, manifest.settled, was} | ({before.settled} if before else set())
    there = [generation for generation in folder.iterdir() if generation.name.isdigit()]
    stay = [generation for generation in there if int(generation.name) in keep]
    for old in there:
        if old not in stay:
            forget(old, stay)
            with suppress(OSError):
                shutil.rmtree(old)
