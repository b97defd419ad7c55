"""Bytes of a file to text: compressed or not, in whatever encoding, a line at a time where one has bad bytes."""

from __future__ import annotations

import io
import zlib
from gzip import BadGzipFile, GzipFile

from rag.errors import SourceError

MAX_BYTES = 1_000_000_000  # of a file, also when it is unpacked
_GZIP = b"\x1f\x8b"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_SNIFFED_BYTES = 4096
_KINDS = (  # of files that are no text, by how they begin
    (b"%PDF", "a PDF"),
    (b"SQLite format 3", "an SQLite file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"\xd0\xcf\x11\xe0", "an old Office file"),
    (b"BZh", "packed with bzip2"),
    (b"\xfd7zXZ", "packed with xz"),
    (b"(\xb5/\xfd", "packed with zstd"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
)
_ZIP = b"PK\x03\x04"


def decode(data: bytes, place: str, remedy: str) -> str:
    """Return the text of `data` with "\\n" line ends. Raises SourceError, which names `place` and the kind of file it is.

    A line that is not UTF-8 is read as Windows-1252, and the others are not.
    """
    data = _unpacked(data, place) if data.startswith(_GZIP) else data
    if kind := _kind(data):
        raise SourceError(f"{place} is {kind}, not a text file.", remedy)
    if data.startswith(_UTF16):
        text = data.decode("utf-16", "replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
            text = "\n".join(map(_line, lines))
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _line(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


def _kind(data: bytes) -> str | None:
    """Return what a file is that is no text, in words; None for a text."""
    if data.startswith(_ZIP):
        return "an Office file or an archive" if b"[Content_Types]" in data[:_SNIFFED_BYTES] else "a zip archive"
    known = next((kind for start, kind in _KINDS if data.startswith(start)), None)
    return known or ("a binary file" if b"\0" in data[:_SNIFFED_BYTES] and not data.startswith(_UTF16) else None)


def _unpacked(data: bytes, place: str) -> bytes:
    try:
        unpacked = GzipFile(fileobj=io.BytesIO(data)).read(MAX_BYTES + 1)
    except (BadGzipFile, EOFError, zlib.error) as error:
        raise SourceError(f"{place} is a damaged gz file.", "Download or pack it again.") from error
    if len(unpacked) > MAX_BYTES:
        raise SourceError(f"{place} is larger than {MAX_BYTES // 1_000_000} MB when unpacked.", "Give it in parts.")
    return unpacked
