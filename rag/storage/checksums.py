"""Whether files are as they were written: by size and CRC-32.

A file is read anew only when its time of change is not that of the last check, which a note beside the files keeps. So damage
is found before a file is opened, and a check costs a look at each file.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from rag.storage import private

NOTE = "CHECKED"
_READ_AT_ONCE = 1 << 20  # bytes

Sums = Mapping[str, tuple[int, int | None]]  # size in bytes and CRC-32 by name; None for a file that is only measured


def of(folder: Path, names: Iterable[str], changing: Iterable[str] = ()) -> dict[str, tuple[int, int | None]]:
    """Return the sums of the files in `folder`; those named in `changing`, which opening rewrites, are only measured."""
    measured = frozenset(changing)
    return {n: ((folder / n).stat().st_size, None if n in measured else _crc(folder / n)) for n in sorted(names)}


def intact(folder: Path, sums: Sums, note: str = NOTE) -> bool:
    """Return whether the files in `folder` are as `sums` say. Raises OSError when one is not there."""
    checked = _checked(folder / note)
    now = {}
    for name, (size, crc) in sums.items():
        status = (folder / name).stat()
        if status.st_size != size:
            return False
        now[name] = status.st_mtime_ns
        if crc is not None and checked.get(name) != status.st_mtime_ns and _crc(folder / name) != crc:
            return False
    if any(checked.get(name) != now[name] for name, (_, crc) in sums.items() if crc is not None):
        _write(folder / note, checked | now)
    return True


def keep(folder: Path, names: Iterable[str], note: str = NOTE) -> None:
    """Note that the files are as they were written, when their sums were just taken."""
    _write(folder / note, {name: (folder / name).stat().st_mtime_ns for name in names})


def _write(path: Path, times: Mapping[str, int]) -> None:
    with suppress(OSError):  # of a read-only folder: then the files are read again the next time
        private.make_file(path)
        path.write_text(json.dumps(times), "utf-8")


def _checked(note: Path) -> dict[str, int]:
    try:
        read = json.loads(note.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return read if isinstance(read, dict) else {}


def _crc(path: Path) -> int:
    crc = 0
    with path.open("rb") as file:
        while part := file.read(_READ_AT_ONCE):
            crc = zlib.crc32(part, crc)
    return crc
