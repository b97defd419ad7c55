from __future__ import annotations

import gzip

import pytest

from rag.errors import SourceError
from rag.sources import decoding


def decode(data: bytes) -> str:
    return decoding.decode(data, "boats.bib", "Give papers.")


def test_a_bad_byte_costs_one_line() -> None:
    data = "Íñigo of the 李 canal\n".encode() + b"a caf\xe9 of \x93boats\x94\n" + "Ángel".encode()
    assert decode(data) == "Íñigo of the 李 canal\na café of “boats”\nÁngel"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_of_any_encoding_has_plain_line_ends(encoding: str) -> None:
    assert decode("Café\r\nboats\rsink\n".encode(encoding)) == "Café\nboats\nsink\n"


def test_gz_is_unpacked_whatever_the_name() -> None:
    assert decode(gzip.compress("Café boats".encode())) == "Café boats"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"%PDF-1.7 ...", "boats.bib is a PDF, not a text file."),
        (b"PK\x03\x04....[Content_Types].xml", "boats.bib is an Office file or an archive, not a text file."),
        (b"PK\x03\x04....", "boats.bib is a zip archive, not a text file."),
        (b"SQLite format 3\0", "boats.bib is an SQLite file, not a text file."),
        (b"\x89PNG\r\n", "boats.bib is a picture, not a text file."),
        (b"boats\0sink", "boats.bib is a binary file, not a text file."),
        (gzip.compress(b"%PDF-1.7"), "boats.bib is a PDF, not a text file."),
        (gzip.compress(b"boats" * 1000)[:-20], "boats.bib is a damaged gz file."),
        (b"\x1f\x8b\x08\x00boats", "boats.bib is a damaged gz file."),
    ],
)
def test_what_is_no_text_is_refused_by_its_kind(data: bytes, said: str) -> None:
    with pytest.raises(SourceError) as caught:
        decode(data)
    assert caught.value.message == said


def test_a_small_file_that_unpacks_to_a_huge_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "MAX_BYTES", 1_000_000)
    with pytest.raises(SourceError, match="larger than 1 MB when unpacked"):
        decode(gzip.compress(b"boats" * 1_000_000))
