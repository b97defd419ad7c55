"""The body of a reply is read as events or as one text, by what it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.endpoints.events import Event, events

BODIES = {
    "data: a\n\ndata: b\n\n": [Event("a"), Event("b")],
    "data:a\r\n\r\ndata:b\r\n\r\n": [Event("a"), Event("b")],
    "data: a\r\rdata: b": [Event("a"), Event("b")],
    "data: a\ndata: b\n\n": [Event("a\nb")],
    ": wait\n\nevent: error\nid: 1\nretry: 10\ndata: a\n\n": [Event("a", "error")],
    "\ufeff\n\ndata: a": [Event("a")],
    "data\ndata: a\n\n": [Event("data\ndata: a\n\n", whole=True)],
    ": wait\n\n": [],
    '{"a": 1}': [Event('{"a": 1}', whole=True)],
    "": [Event("", whole=True)],
    "<html>data: a</html>": [Event("<html>data: a</html>", whole=True)],
}


@pytest.mark.parametrize(("body", "expected"), BODIES.items())
def test_a_body_is_events_or_one_text(body: str, expected: list[Event]) -> None:
    assert list(events([body.encode()])) == expected
    assert list(events(bytes([byte]) for byte in body.encode())) == expected


def test_bytes_that_are_no_utf_8_are_replaced() -> None:
    assert list(events([b"data: \xc3", b"\xa4\xff\n\n"])) == [Event("ä\ufffd")]


@given(st.text(alphabet="data: \r\n{é", max_size=40), st.lists(st.integers(0, 60), max_size=10))
def test_where_the_packets_end_makes_no_difference(body: str, cuts: list[int]) -> None:
    data, ends = body.encode(), sorted(cuts)
    packets = [data[a:b] for a, b in zip([0, *ends], [*ends, len(data)], strict=True)]
    assert list(events(packets)) == list(events([data]))


def test_a_line_of_many_packets_takes_linear_time() -> None:
    [event] = events([b"data: ", *([b"x" * 1000] * 20_000)])
    assert len(event.data) == 20_000_000
