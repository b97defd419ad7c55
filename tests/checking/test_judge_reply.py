"""Replies of a model that judges: the lines that are asked for, what models make of them, and what is left out as unclear."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.factories import LAMPS

from rag.checking.judge_reply import Opinion, read
from rag.checking.judge_verdict import joined
from rag.types import Claim, Verdict

YES = Opinion("supported", '"dims 340 lamps"')
OTHERWISE = Opinion("contradicted", '"cut the energy by 27.5%"', "by half")
NOTHING = Opinion("unsupported", "", "in every city")
ASKED = """1 | "dims 340 lamps" | supported | -
2 | "cut the energy by 27.5%" | contradicted | by half
3 | - | not said | in every city"""


def test_the_lines_that_are_asked_for_are_read() -> None:
    assert read(ASKED, 3) == {1: YES, 2: OTHERWISE, 3: NOTHING}


@pytest.mark.parametrize(
    "reply",
    [
        "\n".join(f"- {line}" for line in ASKED.splitlines()),
        "\n".join(f"> **{line[0]}**{line[1:]}" for line in ASKED.splitlines()),
        "\n".join(f"| {line} |" for line in ASKED.splitlines()),
        "\n".join(f"Statement [{line[0]}]{line[1:]}" for line in ASKED.splitlines()),
        f"Here is what I found:\n\n```text\n{ASKED}\n```\nI hope that helps.",
        f"<think>1 | - | not said | all of it\nWait, no.</think>\n{ASKED}",
        ASKED.replace("supported", "**Supported**").replace("not said", "NOT SAID.").replace("contradicted", "Contradicts"),
        ASKED.replace("\n", "\r\n\r\n"),
        "\n".join(reversed(ASKED.splitlines())),
        "number | quotation | verdict | words\n---|---|---|---\n" + ASKED,
        '1 | supported | - | "dims 340 lamps"\n2 | contradicted | by half | "cut the energy by 27.5%"\n'
        "3 | not said | in every city | -",
        '1 | supported | "dims 340 lamps"\n2: "cut the energy by 27.5%" | contradicted | by half\n3 | no | in every city',
        '1 | Quote: "dims 340 lamps" | Verdict: supported | none\n2. "cut the energy by 27.5%" | false | Words: by half\n'
        "3) n/a | not supported | in every city",
    ],
)
def test_what_models_make_of_the_lines_is_read_too(reply: str) -> None:
    assert read(reply, 3) == {1: YES, 2: OTHERWISE, 3: NOTHING}


OBJECTS = [
    {"number": 1, "quote": '"dims 340 lamps"', "verdict": "supported", "words": "-"},
    {"number": 2, "quote": '"cut the energy by 27.5%"', "verdict": "contradicted", "offending_words": "by half"},
    {"id": "3", "sentence": None, "verdict": "Not said", "wrong": ["in every city"]},
]


@pytest.mark.parametrize(
    "reply",
    [
        json.dumps(OBJECTS),
        f"```json\n{json.dumps({'statements': OBJECTS}, indent=2)}\n```",
        "\n".join(map(json.dumps, OBJECTS)),
        json.dumps({str(n): {k: v for k, v in one.items() if k not in ("number", "id")} for n, one in enumerate(OBJECTS, 1)}),
    ],
)
def test_a_reply_in_json_is_read(reply: str) -> None:
    assert read(reply, 3) == {1: YES, 2: OTHERWISE, 3: NOTHING}


@pytest.mark.parametrize(
    ("reply", "verdicts"),
    [
        ("1: YES\n2: No", {1: "supported", 2: "unsupported"}),
        ("[1] - yes.\n[2] - no, it has 340", {1: "supported", 2: "unsupported"}),
        ("- 1) partly\r\n- 2) partially supported\r\n", {1: "partial", 2: "partial"}),
        ('{"1": "supported", "2": "contradicted"}', {1: "supported", 2: "contradicted"}),
        ("0: no\n3: no\n99: yes\n2: yes", {2: "supported"}),
        ("1: not\n2: yesterday", {}),
        ("1: maybe\n2:", {}),
        ("1.5 million lamps are supported", {}),
        ("2 lamps | are | dimmed", {}),
        ("yes\nno", {}),
        ("[1, 2]", {}),
        ("", {}),
        ("[" * 5000, {}),
        ("I cannot judge this.", {}),
    ],
)
def test_short_and_odd_replies_are_read_as_far_as_they_are_clear(reply: str, verdicts: dict[int, Verdict]) -> None:
    assert {n: opinion.verdict for n, opinion in read(reply, 2).items()} == verdicts


def test_a_statement_with_two_verdicts_is_left_out() -> None:
    assert read("1 | - | not said | a\n1 | - | contradicted | a\n2 | - | not said | b", 2).keys() == {2}
    assert read("1 | supported | contradicted | a\n2 | - | not said | b", 2).keys() == {2}
    assert read("1 | - | not said | a\n1 | - | not said | a", 1).keys() == {1}


def test_the_last_line_of_a_reply_that_was_cut_is_left_out() -> None:
    assert read(ASKED, 3, complete=False).keys() == {1, 2}
    assert read(ASKED + "\n4 | - | not sa", 4, complete=False).keys() == {1, 2, 3}


def test_a_quotation_may_hold_the_sign_between_the_parts() -> None:
    assert read('1 | "the norm |x| is 3" | supported | -', 1) == {1: Opinion("supported", '"the norm | x | is 3"')}


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, "{" * 100_000, '{"a":' * 20_000, "*" * 100_000, "1 | " * 25_000, f'1 | "a{" " * 99_000}b" | supported | -'],
    ids=lambda text: text[:5],
)
def test_a_reply_without_sense_takes_no_time(text: str) -> None:
    began = time.process_time()
    for opinion in read(text, 3).values():
        joined(Claim("It dims [1].", 0, 12, (1,), "partial"), opinion, LAMPS, LAMPS, "m")
    assert time.process_time() - began < 2


@given(st.text())
def test_no_text_ends_the_reading(reply: str) -> None:
    assert all(1 <= n <= 3 for n in read(reply, 3))
