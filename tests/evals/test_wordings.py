"""The questions that the reader of wordings learned from, how well it reads those kept back, and what a bad file gets."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import numpy as np
import pytest

from evals.training import wordings
from evals.training.wordings import UNTAGGED, Example
from rag import weights
from rag.collection import wording
from rag.collection.wording import SLOTS, WANTS
from rag.errors import UsageError

CONTENT = WANTS.index("content")


@pytest.fixture(scope="module")
def loaded() -> tuple[list[Example], list[Example]]:
    return wordings.load(sorted(wordings.WRITTEN.glob("*.jsonl")), Random(1))


def test_the_bundled_questions_are_many_and_each_slot_is_tagged(loaded: tuple[list[Example], list[Example]]) -> None:
    learned, kept = loaded
    records = [example for example in learned if not example.wants[CONTENT]]
    assert len(records) > 2000 < len(learned) - len(records)
    assert 0.07 < len(kept) / (len(learned) + len(kept)) < 0.13
    assert {tag for example in records for tag in example.tags} == set(range(len(SLOTS)))
    assert all(set(example.tags) == {UNTAGGED} for example in learned if example.wants[CONTENT])


def test_of_questions_kept_back_most_are_read_as_they_were_meant(loaded: tuple[list[Example], list[Example]]) -> None:
    told, mistaken, filled = [], [], []
    for example in loaded[1]:
        read = wording.read(example.question)
        likeliest = max(WANTS[:-1], key=lambda want: read.wants[want])
        if example.wants[CONTENT]:
            mistaken.append(likeliest != "content")
        else:
            told.append(example.wants[WANTS.index(likeliest)])
            filled += [_filled(example, read.slots)]
    assert np.mean(told) > 0.85
    assert np.mean(mistaken) < 0.06
    assert np.mean(filled) > 0.65


def _filled(example: Example, slots: object) -> bool:
    """Whether the topic, person or title of `example` is in the slot that it belongs to, as far as it has one."""
    encoded = weights.tokenizer().encode(example.question)
    meant: dict[str, str] = {}
    for tag, (start, end) in zip(example.tags, encoded.offsets, strict=False):
        if tag > 0 and end > start:
            meant[SLOTS[tag]] = meant.get(SLOTS[tag], "") + example.question[start:end]
    assert isinstance(slots, dict)
    found = {name: "".join(texts).replace(" ", "") for name, texts in slots.items()}
    return all(found.get(name, "") in (text, text.strip("?.,'\"")) for name, text in meant.items())


@pytest.mark.parametrize("content", ["{oops", "[]", '{"want": ["count"]}', '{"question": "x", "want": ["nonsense"]}'])
def test_wordings_in_another_form_are_told_in_one_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / "some.jsonl").write_text(content)
    with pytest.raises(UsageError, match="cannot be read"):
        wordings.load([tmp_path / "some.jsonl"], Random(1))


def test_no_question_is_there_twice() -> None:
    lines = [line for file in wordings.WRITTEN.glob("*.jsonl") for line in file.read_text("utf-8").splitlines()]
    questions = [json.loads(line)["question"].casefold() for line in lines]
    assert len(set(questions)) > 0.99 * len(questions)
