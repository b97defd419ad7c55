from __future__ import annotations

import os
from pathlib import Path

import pytest

from rag.storage import checksums


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a").write_bytes(b"boats" * 1000)
    (tmp_path / "b").write_bytes(b"kites")
    return tmp_path


def test_files_as_they_were_written_are_intact(folder: Path) -> None:
    sums = checksums.of(folder, ["a", "b"])
    assert checksums.intact(folder, sums)
    assert checksums.intact(folder, sums)


@pytest.mark.parametrize("place", [0, 2500, 4999])
def test_one_flipped_bit_is_damage(folder: Path, place: int) -> None:
    sums = checksums.of(folder, ["a", "b"])
    data = bytearray((folder / "a").read_bytes())
    data[place] ^= 1
    (folder / "a").write_bytes(data)
    assert not checksums.intact(folder, sums)


def test_a_file_of_another_length_is_damaged_and_a_missing_one_an_error(folder: Path) -> None:
    sums = checksums.of(folder, ["a", "b"], changing=["b"])
    (folder / "b").write_bytes(b"KITES")
    assert checksums.intact(folder, sums)  # it is only measured
    (folder / "b").write_bytes(b"kite")
    assert not checksums.intact(folder, sums)
    (folder / "b").unlink()
    with pytest.raises(FileNotFoundError):
        checksums.intact(folder, sums)


def test_a_file_is_read_again_only_when_it_was_changed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sums = checksums.of(folder, ["a", "b"])
    assert checksums.intact(folder, sums)
    monkeypatch.setattr(checksums, "_crc", lambda path: pytest.fail(f"{path.name} was read"))
    assert checksums.intact(folder, sums)
    os.utime(folder / "b")
    with pytest.raises(pytest.fail.Exception, match="b was read"):
        checksums.intact(folder, sums)


@pytest.mark.parametrize("note", ["", "null", "[]", '{"a": "x"}'])
def test_a_damaged_note_only_costs_a_reading(folder: Path, note: str) -> None:
    sums = checksums.of(folder, ["a", "b"])
    (folder / checksums.NOTE).write_text(note)
    assert checksums.intact(folder, sums)
