"""Questions that ask several things are split where each part stands alone."""

from __future__ import annotations

import pytest

from rag.questions import wishes


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        (
            "Which paper adapts lamps to fog, and which one plants trees in cities?",
            None,  # "one" leans on the first part
        ),
        (
            "Who measures the light of lanterns at sea, and who plants trees along city roads?",
            ("Who measures the light of lanterns at sea", "who plants trees along city roads"),
        ),
        (
            "What do bees eat in winter? And how do orchards survive late frost?",
            ("What do bees eat in winter", "how do orchards survive late frost"),
        ),
        ("How large is the lamp and what does it cost to run?", None),
        ("Which lamps burn long and bright?", None),
        ("lamps and trees", None),
        ("What is light, and why?", None),
        ("", None),
    ],
)
def test_wishes_that_stand_alone_are_told_apart(question: str, parts: tuple[str, ...] | None) -> None:
    assert wishes.split(question) == (parts or (question,))
