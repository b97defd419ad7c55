"""The lines of a text one by one: a list of them would take more memory than the text."""

from __future__ import annotations

from collections.abc import Iterator


def each(text: str, start: int = 0) -> Iterator[tuple[int, str]]:
    """Yield the lines of `text` from the character `start` on, each without its end and with the place after it.

    They are those of text.split("\\n").
    """
    at = start
    while (end := text.find("\n", at)) >= 0:
        yield end + 1, text[at:end]
        at = end + 1
    yield len(text) + 1, text[at:]
