"""Sentences with offsets: they slice, they are ordered, nothing is lost, and abbreviations do not end them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text import sentences

# What abstracts are made of, so that the property tests meet abbreviations and glued full stops often.
FRAGMENTS = st.sampled_from(
    [
        "We ",
        "show that ",
        "Smith et al. ",
        "e.g. ",
        "3.5",
        "%. ",
        "GPT-4.",
        "The ",
        "(Fig. 3). ",
        "i.e. ",
        "\n",
        "  ",
        "…",
        "? ",
        "!",
        '."',
    ]
)
TEXT = st.one_of(st.text(), st.lists(FRAGMENTS, max_size=20).map("".join))


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences.split(text)]


@given(TEXT)
def test_spans_slice_stripped_sentences_in_order_with_only_white_space_between(text: str) -> None:
    spans = sentences.split(text)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(text[start:end] == text[start:end].strip() for start, end in spans)
    edges = [0, *(edge for span in spans for edge in span), len(text)]
    assert edges == sorted(edges)
    assert not "".join(text[end:start] for end, start in zip(edges[::2], edges[1::2], strict=True)).strip()


@given(TEXT)
def test_pieces_join_to_the_text_and_hold_one_sentence_each(text: str) -> None:
    pieces = sentences.pieces(text)
    assert "".join(pieces) == text
    assert all(pieces)
    assert [p.strip() for p in pieces if p.strip()] == cut(text)


@given(st.lists(st.sampled_from(["We propose a method.", "It gains 3.5 points!", "Does it scale?", "Smith et al. agree."])))
def test_sentences_written_one_after_another_are_found_again(written: list[str]) -> None:
    assert cut(" ".join(written)) == written


@pytest.mark.parametrize(
    "sentence",
    [
        "It gains 3.5 points over 2.25 on GPT-4.5 alone.",
        "Smith et al. report the same.",
        "Smith et al. [3] report the same.",
        "Li et al. Transformers follow this.",
        "We test vision tasks, e.g. ImageNet, i.e. Many labels.",
        "As Fig. 3 and Eq. (4) in Sec. 2 show, it holds.",
        "We compare Adam vs. SGD and RMSProp.",
        "The idea of J. Smith, and later of K. Jones, is used.",
        "It takes approx. 3 hours (cf. Table 2).",
        "The U.S. Census data is used w.r.t. Income.",
        "No full stop at the end",
    ],
)
def test_abbreviations_decimals_and_initials_do_not_end_a_sentence(sentence: str) -> None:
    assert cut(f"Before it. {sentence}") == ["Before it.", sentence]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One ends. Two begins.", ["One ends.", "Two begins."]),
        ("It is good.Another is glued to it.", ["It is good.", "Another is glued to it."]),
        ("Does it work? Yes! It does.", ["Does it work?", "Yes!", "It does."]),
        ("It gains 3.5%. The rest follows.", ["It gains 3.5%.", "The rest follows."]),
        ("It is done (see above.) Then more.", ["It is done (see above.)", "Then more."]),
        ("A heading\nA sentence.", ["A heading", "A sentence."]),
        ("This is plan B. The other is plan A.", ["This is plan B.", "The other is plan A."]),
        ("  Spaces around.  ", ["Spaces around."]),
        ("It holds on ImageNet-1K. 12 more follow.", ["It holds on ImageNet-1K.", "12 more follow."]),
        ("它很亮 [1]。第二句！还有第三句？最后。", ["它很亮 [1]。", "第二句！", "还有第三句？", "最后。"]),
        ("ランプは340個ある。調光は3.5倍速い。", ["ランプは340個ある。", "調光は3.5倍速い。"]),
        ("", []),
        (" \n ", []),
    ],
)
def test_sentences_end_where_a_reader_says(text: str, expected: list[str]) -> None:
    assert cut(text) == expected


def test_offsets_do_not_overlap_when_a_sentence_is_repeated() -> None:
    spans = sentences.split("Same thing. Same thing. Same thing.")
    assert spans == [(0, 11), (12, 23), (24, 35)]
    assert all(a[1] < b[0] for a, b in pairwise(spans))
