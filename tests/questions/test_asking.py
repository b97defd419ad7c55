from __future__ import annotations

import pytest

from rag.questions.asking import asking, parts


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


@pytest.mark.parametrize(
    ("sent", "own", "around"),
    [
        ("Thanks, that helps. And how fast is it?", "And how fast is it?", "Thanks, that helps."),
        ("For my talk: who wrote it, and when?", "who wrote it, and when?", "For my talk:"),
        ("How fast is it? Why? I could not find it.", "How fast is it? Why?", "I could not find it."),
        ("a last one:\nhow fast is it", "how fast is it", "a last one:"),
        ("Does it use e.g. lamps?", "Does it use e.g. lamps?", ""),
        ("how fast is it", "how fast is it", ""),
        ("", "", ""),
    ],
)
def test_what_asks_is_taken_apart_from_what_stands_round_it(sent: str, own: str, around: str) -> None:
    assert parts(sent) == (own, around)
