"""Papers that were read, kept on the disk when they are many: a source of any length takes no more memory than a short one."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from itertools import islice
from tempfile import SpooledTemporaryFile

from rag.types import Paper

_MAX_BYTES_IN_MEMORY = 4_000_000
_PAPERS_WRITTEN_AT_ONCE = 200


class Spool:
    """Papers in the order in which they were read. May be gone through again and again."""

    def __init__(self, papers: Iterator[Paper]) -> None:
        self._file = SpooledTemporaryFile(max_size=_MAX_BYTES_IN_MEMORY)  # noqa: SIM115 - closed with the spool
        self._length = 0
        self.titles_only = 0
        while some := list(islice(papers, _PAPERS_WRITTEN_AT_ONCE)):
            pickle.dump(some, self._file)
            self._length += len(some)
            self.titles_only += sum(not paper.abstract for paper in some)
        self._end = self._file.tell()

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Paper]:
        place = 0
        while place < self._end:
            self._file.seek(place)
            some: list[Paper] = pickle.load(self._file)  # noqa: S301 - written above, into a file that nobody else has
            place = self._file.tell()
            yield from some
