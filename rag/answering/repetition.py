"""Ends an answer that repeats long sentences with another number of a source, or that only counts, as small models do."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator

from rag.events import Finish, Reply, Withdrawn

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n|(?<=[。！？])")
_NUMBERS = re.compile(r"[\[(【]*\d[\d.,]*[\])】]*")  # citations too
_COUNTING = re.compile(r"(?:[\[(【]\d+[\])】][ ,;]*){25}\Z")  # more marks in a row than an answer has sources
_MAX_COUNTING_CHARS = 250
_MIN_CHARS = 40  # of a sentence that is not said twice by chance
_MIN_WORDS = 6
_MAX_REPEATED_SENTENCES = 2  # a summary may say one again


def ended_when_repeating(reply: Iterator[Reply]) -> Iterator[Reply]:
    """Yield the items of `reply`; end it, and close its stream, when its answer repeats itself."""
    said = _Sentences()
    for item in reply:
        yield item
        if isinstance(item, Withdrawn):
            said = _Sentences()
        elif isinstance(item, str) and said.repeat(item):
            if isinstance(reply, Generator):
                reply.close()
            yield Finish(complete=False, reason="the model repeated itself")
            return


def _is_prose(words: str) -> bool:
    """Whether a line has the words of a sentence; lines of code and of data may be alike."""
    return words.count(" ") >= _MIN_WORDS or not words.isascii()


class _Sentences:
    """The sentences of one answer, without their numbers."""

    def __init__(self) -> None:
        self._unfinished = ""
        self._said: set[str] = set()
        self._repeated = 0

    def repeat(self, piece: str) -> bool:
        """Take the next piece; return whether too many sentences were said before, or nothing but marks follow each other."""
        *ended, self._unfinished = _SENTENCE_END.split(self._unfinished + piece)
        for sentence in ended:
            words = " ".join(_NUMBERS.sub(" ", sentence).lower().split())
            self._repeated += words in self._said and len(words) >= _MIN_CHARS and _is_prose(words)
            self._said.add(words)
        return self._repeated > _MAX_REPEATED_SENTENCES or bool(_COUNTING.search(self._unfinished[-_MAX_COUNTING_CHARS:]))
