"""Reads papers from files of the known formats. The content decides the format, not the file name.

To add a format, add a module with recognises(text) and parse(text), and name it in FORMATS.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from rag.errors import SourceError
from rag.sources import huggingface, json_records
from rag.types import BadRecord, Paper

FORMATS = (huggingface, json_records)
STARTER = "starter"
_STDIN = "stdin"
_MAX_DOWNLOAD_BYTES = 200_000_000
SUPPORTED = "a saved Hugging Face Daily Papers page, or JSON Lines with title and abstract"


def load(place: str) -> tuple[str, str]:
    """Return (name, text) of a file path, an http(s) address, "-" for standard input, or STARTER.

    The name is the source's name in the library: the file name without its folder. Raises SourceError when `place` cannot be
    read.
    """
    if place == STARTER:
        return STARTER, resources.files("rag").joinpath("data/starter.jsonl").read_text("utf-8")
    if place == "-":
        return _STDIN, _decode(sys.stdin.buffer.read(), "standard input")
    if place.startswith(("http://", "https://")):
        return PurePosixPath(urlsplit(place).path).name or place, _decode(_fetch(place), place)
    try:
        path = Path(place).expanduser()
        name = path.name.encode("utf-8", "replace").decode()
        return f"./{name}" if name in (STARTER, _STDIN) else name, _decode(path.read_bytes(), place)
    except IsADirectoryError as error:
        raise SourceError(f"{place} is a folder.", f"Name its files, for example {place.rstrip('/')}/*.txt") from error
    except FileNotFoundError as error:
        raise SourceError(f"There is no file {place}.", "Check the path and the file name.") from error
    except (OSError, RuntimeError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise SourceError(f"{place} cannot be read ({reason.lower()}).", "Check its name and permissions.") from error


def parse(text: str, place: str) -> Iterator[Paper | BadRecord]:
    """Return an iterator over the papers and bad records of `text`.

    Raises SourceError, which names `place`, when the text is empty or in no known format.
    """
    if not text.strip():
        raise SourceError(f"{place} is empty.", f"Give {SUPPORTED}.")
    for form in FORMATS:
        if form.recognises(text):
            papers: Iterator[Paper | BadRecord] = form.parse(text)
            return papers
    if "<html" in text[:2000].lower():
        raise SourceError(f"{place} is an HTML page.", "Save the page as text, or copy its text into a file.")
    raise SourceError(f"{place} holds no papers in a known format.", f"Give {SUPPORTED}.")


def _decode(data: bytes, place: str) -> str:
    if b"\0" in data[:4096] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SourceError(f"{place} is not a text file.", f"Give {SUPPORTED}.")
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


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
