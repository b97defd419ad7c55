"""What may be asked: one model makes every way in, and a wrong value gets one sentence with its remedy."""

from __future__ import annotations

import inspect
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import ask, filter_options, request
from rag.errors import UsageError
from rag.request import AskRequest, SearchRequest
from rag.storage import filters_sql
from rag.types import Filters, Turn
from ui.serving import api, mcp

NAMES_OF_FILTERS = [field.name for field in fields(Filters)]

# -- one field makes every way in ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES_OF_FILTERS)
def test_a_filter_is_one_field_and_one_condition(name: str) -> None:
    """Each way to ask takes the filters from the fields of Filters, with the same description; SQL has one condition each."""
    parameter = request.filter_parameters()[name]
    assert parameter.description
    assert name in filters_sql._CONDITIONS
    [option] = [action for action in ask.arguments()._actions if action.dest == name]
    assert option.option_strings == [parameter.option]
    for tool in mcp.tools():
        assert tool.input_schema["properties"][name] == {**parameter.schema, "description": parameter.description}
    assert name in inspect.signature(api._endpoint(lambda given: given, SearchRequest)).parameters


def test_a_filter_that_is_added_reaches_every_way_in(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = request.Parameter("venue", "Only papers of this venue.", {"type": "string"})
    monkeypatch.setattr(request, "filter_parameters", lambda: {"venue": wanted})
    monkeypatch.setattr(filter_options, "filter_parameters", request.filter_parameters)
    request.parameters.cache_clear()
    try:
        assert "--venue VENUE" in ask.arguments().format_help()
        assert all("venue" in tool.input_schema["properties"] for tool in mcp.tools())
        assert "venue" in inspect.signature(api._endpoint(lambda given: given, AskRequest)).parameters
    finally:
        request.parameters.cache_clear()


def test_the_schema_of_a_tool_tells_kinds_and_limits() -> None:
    properties = {tool.name: tool.input_schema["properties"] for tool in mcp.tools()}
    assert {key: properties["ask"]["year"][key] for key in ("type", "minimum", "maximum")} == {
        "type": "integer",
        "minimum": 1,
        "maximum": 9_999,
    }
    assert properties["ask"]["papers"]["items"] == {"type": "string"}
    assert "history" in properties["ask"]
    assert "history" not in properties["search"]


# -- a request ---------------------------------------------------------------------------------------------------------------

HISTORY = ["What is a lamp?", {"role": "assistant", "content": "A light [1]."}]


def test_a_request_is_the_same_with_filters_beside_it_and_in_an_object_of_their_own() -> None:
    flat = request.parse(AskRequest, {"question": " Why? ", "k": 3, "year": 2024, "history": HISTORY}, flat=True)
    nested = request.parse(AskRequest, {"question": "Why?", "k": 3, "filters": {"year": 2024}, "history": HISTORY, "id": 7})
    turns = (Turn("user", "What is a lamp?"), Turn("assistant", "A light [1]."))
    assert flat == nested == AskRequest(question="Why?", k=3, filters=Filters(year=2024), history=turns)


def test_null_leaves_a_value_out() -> None:
    given = {"question": "Why?", "k": None, "history": None, "filters": None}
    assert request.parse(AskRequest, given) == AskRequest(question="Why?")


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({}, "There is no question. Give a text."),
        ({"question": None}, "There is no question. Give a text."),
        ({"question": ["Why?"]}, 'The value of question is ["Why?"]. Give a text.'),
        ({"question": " "}, 'The question is empty. Enter a question, such as "How does GraphSAINT work?"'),
        ({"question": "x" * 8_001}, "The question has 8001 characters, more than 8000. Ask a shorter question."),
        ({"question": "Why?", "k": 0}, "The value of k is 0. Give a number from 1 on."),
        ({"question": "Why?", "k": True}, "The value of k is true. Give a number from 1 on."),
        ({"question": "Why?", "k": "many"}, 'The value of k is "many". Give a number from 1 on.'),
        (
            {"question": "Why?", "history": "What?"},
            'The value of history is "What?". Give a list of questions, or of role and content.',
        ),
        (
            {"question": "Why?", "history": [{"role": "wizard", "content": "x"}]},
            'The value of history is [{"role": "wizard", "content": "x"}]. Give a list of questions, or of role and content.',
        ),
    ],
)
def test_a_wrong_request_is_refused_in_one_sentence(record: dict[str, Any], message: str) -> None:
    for flat in (True, False):
        with pytest.raises(UsageError) as caught:
            request.parse(AskRequest, record, flat=flat)
        assert str(caught.value) == message


def test_a_long_value_is_cut_in_the_message() -> None:
    with pytest.raises(UsageError) as caught:
        request.parse(AskRequest, {"question": ["x" * 10_000]})
    assert len(str(caught.value)) < 120


# -- filters -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "date",
    ["2024-5", "24", "2024-13", "2024-00", "2024-02-30", "2023-02-29", "May", "2024/05", "0000", "٢٠٢٤", "2024-05-31T00"],
)
def test_a_wrong_date_is_refused_by_name(date: str) -> None:
    for wrong in (Filters(since=date), Filters(until=date)):
        with pytest.raises(
            UsageError, match=r"^“.+” is not a date\. Give a year, a month or a day: 2024, 2024-05 or 2024-05-31\.$"
        ):
            request.checked_filters(wrong)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (Filters(since="2025", until="2024"), "The papers cannot be both from 2025 on and up to 2024."),
        (Filters(since="2024-06", until="2024-05-31"), "The papers cannot be both from 2024-06 on and up to 2024-05-31."),
        (Filters(year=2023, since="2024-02"), "No paper from 2023 can be from 2024-02 on."),
        (Filters(year=2025, until="2024-02"), "No paper from 2025 can be up to 2024-02."),
        (Filters(year=2020, since="2021", until="2022"), "No paper from 2020 can be from 2021 to 2022."),
        (Filters(year=0), "The value of year is 0."),
        (Filters(year=123456), "The value of year is 123456."),
        (Filters(min_authors=-1), "The value of min_authors is -1."),
        (Filters(min_authors=2**70), "The value of min_authors is 1180591620717411303424."),
    ],
)
def test_filters_that_exclude_each_other_or_are_out_of_range_are_refused(wrong: Filters, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        request.checked_filters(wrong)
    assert (caught.value.message, caught.value.exit_code) == (message, 2)
    assert caught.value.fix


@pytest.mark.parametrize(
    "right",
    [
        Filters(since="2024", until="2024-05"),
        Filters(since="2024-05-31", until="2024"),
        Filters(since="2024-05", until="2024-05"),
        Filters(since="2024-02-29"),
        Filters(year=2024, since="2024-05", until="2025"),
        Filters(year=1, min_authors=1),
    ],
)
def test_filters_that_some_day_satisfies_are_left_as_they_are(right: Filters) -> None:
    assert request.checked_filters(right) == right


def test_filters_are_tidied_so_that_empty_ones_are_none() -> None:
    given = Filters(since=" 2024 ", until="", source="  ", title="caf\udce9 ", papers=(" id2", "", "id1", "id2"))
    assert request.checked_filters(given) == Filters(since="2024", title="caf?", papers=("id2", "id1"))


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (5, "The filters are no JSON object."),
        ([], "The filters are no JSON object."),
        ({"yaer": 2024}, "There is no field “yaer”."),
        ({"year": "2024"}, 'The value of year is "2024".'),
        ({"year": True}, "The value of year is true."),
        ({"min_authors": 2.5}, "The value of min_authors is 2.5."),
        ({"since": 2024}, "The value of since is 2024."),
        ({"title": ["graph"]}, 'The value of title is ["graph"].'),
        ({"papers": "id1"}, 'The value of papers is "id1".'),
        ({"papers": [1]}, "The value of papers is [1]."),
        ({"since": "soon"}, "“soon” is not a date."),
    ],
)
def test_a_record_with_a_wrong_filter_is_refused(record: object, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        request.read_filters(record)
    assert caught.value.message == message


def test_a_record_comes_on_top_of_the_filters_there_are_and_null_lifts_one() -> None:
    base = Filters(year=2024, title="graph")
    assert request.read_filters(None, base) == request.read_filters({}, base) == base
    assert request.read_filters({"title": "tree", "min_authors": 3}, base) == Filters(year=2024, title="tree", min_authors=3)
    assert request.read_filters({"year": None}, base) == Filters(title="graph")
    assert request.read_filters({"papers": ["a", "b"]}, base) == Filters(year=2024, title="graph", papers=("a", "b"))
    assert request.read_filters({"papers": None}, Filters(papers=("a",))) == Filters()


NAMES = st.sampled_from(
    ["year", "since", "until", "source", "title", "author", "min_authors", "max_authors", "identifier", "papers"]
)


TEXTS = st.text("0123456789-\n é\ud800", max_size=12)


@given(st.dictionaries(NAMES, st.integers() | TEXTS | st.lists(TEXTS)))
def test_whatever_a_record_holds_it_is_read_or_refused_in_one_line(record: dict[str, object]) -> None:
    message = ""
    try:
        read = request.read_filters(record)
        assert request.checked_filters(read) == read
    except UsageError as error:
        message = str(error)
    assert "\n" not in message
    assert len(message) < 300
