"""The questions that the reader of wordings learns from: what each wants of a library's records, and which words say of what.

evals/training/wordings/*.jsonl has a question a line: what it wants, and as exact stretches of it a topic, a person, a title,
an organisation, a date or a number. Many want what abstracts say ("content"), as do the questions of the small ranker, some of
which are learned too. Of those lines the slots do not count. One question in ten is kept back to measure.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from random import Random

from evals.training import questions
from rag import weights
from rag.collection.wording import MAX_PIECES, SLOTS, WANTS
from rag.errors import UsageError

WRITTEN = Path(__file__).parent / "wordings"
_ABOUT_ABSTRACTS = 3_000  # of the ranker's questions
_KEPT_BACK = 10  # one of so many
UNTAGGED = -100
_OTHER_NAMES = {"author2": "author"}


@dataclass(frozen=True, slots=True)
class Example:
    """Word pieces of a question, the slot of each or UNTAGGED, and for each of WANTS whether it is wanted."""

    question: str
    ids: list[int]
    tags: list[int]
    wants: list[bool]


def load(files: Sequence[Path], rng: Random) -> tuple[list[Example], list[Example]]:
    """Return the examples to learn from, and those kept back. Raises UsageError."""
    written = [example for file in files for example in _read(file)]
    asked = [
        one.question for file in sorted(questions.WRITTEN.glob("*.jsonl")) for _, of in questions.records(file) for one in of
    ]
    written += [_example(question, ["content"], {}) for question in rng.sample(asked, _ABOUT_ABSTRACTS)]
    kept = [example for example in written if _is_kept_back(example.question)]
    learned = [example for example in written if not _is_kept_back(example.question)]
    if not (kept and learned):
        raise UsageError("There are too few questions to learn from and to keep back.", "Give 100 or more.")
    return learned, kept


def _is_kept_back(question: str) -> bool:
    return int(sha256(question.encode()).hexdigest(), 16) % _KEPT_BACK == 0


def _read(file: Path) -> Iterator[Example]:
    try:
        for line in file.read_text("utf-8").splitlines():
            record = json.loads(line)
            wants = [*record["want"], *(["alone"] if record.get("alone") else [])]
            slots = {name: str(value) for name, value in record.items() if _OTHER_NAMES.get(name, name) in SLOTS}
            yield _example(record["question"], wants, slots)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"The wordings in {file} cannot be read ({error!r}).", "See evals/training/wordings for the form."
        ) from error


def _example(question: str, wants: Sequence[str], slots: dict[str, str]) -> Example:
    if unknown := set(wants) - set(WANTS):
        raise ValueError(f"unknown: {', '.join(unknown)}")
    encoded = weights.tokenizer().encode(question)
    tags = [0] * len(encoded.ids)
    for name, text in slots.items():
        start = question.index(text)
        for n, (a, b) in enumerate(encoded.offsets):
            if start <= a < b <= start + len(text):
                tags[n] = SLOTS.index(_OTHER_NAMES.get(name, name))
    if "content" in wants:
        tags = [UNTAGGED] * len(tags)
    return Example(question, encoded.ids[:MAX_PIECES], tags[:MAX_PIECES], [want in wants for want in WANTS])
