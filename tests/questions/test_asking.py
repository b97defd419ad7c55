from __future__ import annotations

import pytest

from rag.questions.asking import asking


@pytest.mark.parametrize(
    ("sent", "asks"),
    [
        ("Hello there. I am Ada. How do lamps dim? Thanks a lot.", "How do lamps dim?"),
        ("> OK said Curry.\nWhy do lamps dim? And when?", "Why do lamps dim? And when?"),
        ("How do lamps dim?", "How do lamps dim?"),
        ("Compare lamps. And bees.", "Compare lamps. And bees."),
        ("lamps dimming", "lamps dimming"),
        ("", ""),
        ("Lamps dim. 灯为什么变暗？", "灯为什么变暗？"),
    ],
)
def test_the_sentence_that_asks_is_found(sent: str, asks: str) -> None:
    assert asking(sent) == asks
