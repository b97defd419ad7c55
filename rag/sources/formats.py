"""Reads papers from files of the known formats. The content decides the format, not the file name.

To add a format, add a module with NAME, recognises(text) and parse(text), and name it in FORMATS.
"""

from __future__ import annotations

import stat
import sys
from collections.abc import Iterator
from importlib import resources
from itertools import chain, islice
from pathlib import Path, PurePosixPath
from types import ModuleType
from urllib.parse import urlsplit

from rag.errors import SourceError
from rag.sources import (
    arxiv_atom,
    arxiv_oai,
    bibtex,
    decoding,
    endnote_tagged,
    endnote_xml,
    fields,
    huggingface,
    json_records,
    medline,
    plain_text,
    pubmed_xml,
    ris,
    tables,
    titles,
    web_of_science,
)
from rag.types import BadRecord, Paper

FORMATS: tuple[ModuleType, ...] = (  # the first that recognises a text reads it
    huggingface,
    json_records,
    bibtex,
    ris,
    endnote_tagged,
    medline,
    web_of_science,
    pubmed_xml,
    endnote_xml,
    arxiv_atom,
    arxiv_oai,
    tables,
    plain_text,
)
STARTER = "starter"
_STDIN = "stdin"
_MAX_DOWNLOAD_BYTES = 200_000_000
_TITLES_LOOKED_AT = 50
_MAX_COLUMNS_SHOWN = 12


def supported() -> str:
    """Return the names of the formats, for messages."""
    return "one of: " + ", ".join(form.NAME for form in FORMATS)


def expand(place: str) -> list[tuple[str, str | None]]:
    """Return the files of a folder and of the folders in it, each with its path in there as its name; else the place itself.

    Hidden files are left out. Raises SourceError for a folder without files.
    """
    folder = Path(place).expanduser() if place not in (STARTER, "-") and "://" not in place else None
    try:
        if folder is None or not folder.is_dir():
            return [(place, None)]
        files = [(path, path.relative_to(folder)) for path in sorted(folder.rglob("*")) if path.is_file()]
    except (OSError, RuntimeError, ValueError):
        return [(place, None)]  # load() says what is wrong with it
    shown = [(str(path), inside.as_posix()) for path, inside in files if not any(p.startswith(".") for p in inside.parts)]
    if not shown:
        raise SourceError(f"The folder {place} has no files.", f"Give {supported()}.")
    return [(path, name.encode("utf-8", "replace").decode()) for path, name in shown]


def load(place: str) -> tuple[str, str]:
    """Return (name, text) of a file path, an http(s) address, "-" for standard input, or STARTER.

    The name is the source's name in the library: the file name without its folder. Raises SourceError when `place` cannot be
    read.
    """
    if place == STARTER:
        return STARTER, resources.files("rag").joinpath("data/starter.jsonl").read_text("utf-8")
    if place == "-":
        return _STDIN, _decode(sys.stdin.buffer.read(decoding.MAX_BYTES + 1), "standard input")
    if place.startswith(("http://", "https://")):
        return PurePosixPath(urlsplit(place).path).name or place, _decode(_fetch(place), place)
    try:
        path = Path(place).expanduser()
        name = path.name.encode("utf-8", "replace").decode()
        return f"./{name}" if name in (STARTER, _STDIN) else name, _decode(_read(path), place)
    except IsADirectoryError as error:
        raise SourceError(f"{place} is a folder.", f"Name its files, for example {place.rstrip('/')}/*.txt") from error
    except FileNotFoundError as error:
        raise SourceError(f"There is no file {place}.", "Check the path and the file name.") from error
    except (OSError, RuntimeError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise SourceError(f"{place} cannot be read ({reason.lower()}).", "Check its name and permissions.") from error


def find(text: str, place: str, name: str | None = None) -> ModuleType:
    """Return the format of `text`: the one with this `name`, or the first that recognises it.

    Raises SourceError, which names `place`, when the text is empty or in no known format.
    """
    if not text.strip():
        raise SourceError(f"{place} is empty.", f"Give {supported()}.")
    if name is not None:
        return named(name)
    found = next((form for form in FORMATS if form.recognises(text)), None)
    if found is not None:
        return found
    if "<html" in text[:2000].lower():
        raise SourceError(f"{place} is an HTML page.", "Save the page as text, or copy its text into a file.")
    if columns := tables.columns(text):
        seen = ", ".join(columns[:_MAX_COLUMNS_SHOWN]) + ", …" * (len(columns) > _MAX_COLUMNS_SHOWN)
        lacking = "abstract" if any(fields.field(column) == "title" for column in columns) else "title"
        raise SourceError(f"{place} is a table without a column of {lacking}s.", f"Name one of its columns {lacking}: {seen}.")
    raise SourceError(f"{place} holds no papers in a known format.", f"Give {supported()}.")


def named(name: str) -> ModuleType:
    """Return the format with this name, in any case. Raises SourceError when there is none."""
    for form in FORMATS:
        if form.NAME.casefold() == name.casefold():
            return form
    raise SourceError(f"There is no format named {name}.", f"Name {supported()}.")


def parse(text: str, place: str, name: str | None = None) -> Iterator[Paper | BadRecord]:
    """Return an iterator over the papers and bad records of `text`, in the format with this `name` or as it is recognised.

    Raises SourceError, which names `place`, when the text is empty or in no known format.
    """
    return records(find(text, place, name), text, place)


def records(form: ModuleType, text: str, place: str) -> Iterator[Paper | BadRecord]:
    """Yield the papers and bad records of `text`, read as `form`.

    Raises SourceError before the first when most of the first titles are addresses, dates or marks of links.
    """
    found: Iterator[Paper | BadRecord] = form.parse(text)
    first = list(islice(found, _TITLES_LOOKED_AT))
    if not titles.plausible(first):
        raise SourceError(
            f"{place} was read as {form.NAME}, but most of its titles are addresses or dates.",
            "Save the page another way, or name its format with --format.",
        )
    yield from chain(first, found)


def _decode(data: bytes, place: str) -> str:
    if len(data) > decoding.MAX_BYTES:
        raise SourceError(f"{place} is larger than {decoding.MAX_BYTES // 1_000_000} MB.", "Give it in parts.")
    return decoding.decode(data, place, f"Give {supported()}.")


def _read(path: Path) -> bytes:
    """Return the bytes of a file. A pipe or a device, which might never end, is refused."""
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise SourceError(f"{path} is no file, but a pipe or a device.", "Pipe it into the command, and give - in its place.")
    with path.open("rb") as file:
        return file.read(decoding.MAX_BYTES + 1)


def _fetch(url: str) -> bytes:
    import httpx2 as httpx

    fix = "Check the address and the network, or save the page and give the file."
    try:
        with httpx.stream("GET", url, follow_redirects=True, timeout=30) as response:
            response.raise_for_status()
            data = b""
            for part in response.iter_bytes():
                data += part
                if len(data) > _MAX_DOWNLOAD_BYTES:
                    raise SourceError(f"{url} is larger than {_MAX_DOWNLOAD_BYTES // 1_000_000} MB.", "Download it first.")
            return data
    except httpx.HTTPStatusError as error:
        raise SourceError(f"{url} answered {error.response.status_code}.", fix) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SourceError(f"{url} could not be fetched ({type(error).__name__}).", fix) from error
