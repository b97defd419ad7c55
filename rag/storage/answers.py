"""An answer as JSON values and back, whole: with the abstracts of its sources and all that was checked of it.

It is for keeping answers. Programs read the smaller contract of `render.to_dict`. A field that later comes to an answer with
a default needs no new version: what was stored before is read with that default.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from rag.errors import LibraryError
from rag.text.words import clean
from rag.types import Answer

VERSION = 1


def dump(answer: Answer) -> dict[str, Any]:
    """Return the answer as values that JSON has, with the version of their form; load() makes the same answer of them.

    Halves of surrogate pairs, which are no text, are question marks in it.
    """
    return {"version": VERSION, "answer": json.loads(clean(json.dumps(asdict(answer), ensure_ascii=False)))}


def load(record: Mapping[str, Any]) -> Answer:
    """Return the answer that dump() made `record` of. Raises LibraryError for another version, or another thing."""
    version = record.get("version")
    if isinstance(version, int) and version > VERSION:
        raise LibraryError("An answer was stored by a newer version of this program.", "Update this program.")
    if version != VERSION:
        raise LibraryError(
            f"A stored answer is of no known version ({str(version)[:40]}).", "Read it with the program that wrote it."
        )
    try:
        return _answers().validate_python(_with_incomplete_reason(record.get("answer")))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise LibraryError(
            f"A stored answer cannot be read ({where}: {first['msg']}).", "Restore it from a copy, or delete it."
        ) from error


def _with_incomplete_reason(values: Any) -> Any:
    """Return an answer's values with `incomplete_reason`, which version 0.1 stored in `refusal_reason`."""
    if not isinstance(values, Mapping) or "incomplete_reason" in values or values.get("complete") or values.get("refused"):
        return values
    return {**values, "incomplete_reason": values.get("refusal_reason"), "refusal_reason": None}


@cache
def _answers() -> TypeAdapter[Answer]:
    return TypeAdapter(Answer)  # takes half a second, which no question has to wait for
