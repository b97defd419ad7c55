"""What may be asked: one model for the command line, batches, HTTP, MCP and the documentation.

parse(AskRequest, {"question": "…", "filters": {"year": 2024}})     a line of a batch
parse(SearchRequest, {"question": "…", "year": 2024}, flat=True)     a call over HTTP or MCP
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from typing import Annotated, Any, TypeVar, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictInt, StrictStr, TypeAdapter, ValidationError
from pydantic.json_schema import WithJsonSchema

from rag.errors import UsageError
from rag.text import dates
from rag.text.words import clean
from rag.types import Filters, Paper, Turn, Wording

MAX_QUESTION_CHARS = 8_000
MAX_TEXT_CHARS = 20_000  # of statements to check
MAX_SOURCES = 50  # that come with them
_MAX_CLIPPED_CHARS = 60
_ROLES = ("user", "assistant")
_SOURCES_SCHEMA = {
    "type": "array",
    "maxItems": MAX_SOURCES,
    "items": {
        "type": "object",
        "properties": {"title": {"type": "string"}, "abstract": {"type": "string"}},
        "required": ["abstract"],
    },
}
_FILTERS: TypeAdapter[Filters] = TypeAdapter(Filters)
_HISTORY_SCHEMA = {
    "type": "array",
    "items": {
        "anyOf": [
            {"type": "string"},
            {
                "type": "object",
                "properties": {"role": {"enum": list(_ROLES)}, "content": {"type": "string"}},
                "required": ["role", "content"],
            },
        ]
    },
}


def _question(value: Any) -> Any:
    return checked_question(value) if isinstance(value, str) else value


def _text(value: Any) -> Any:
    return _checked_text(value) if isinstance(value, str) else value


def _turns(value: Any) -> Any:
    items = [] if value is None else value
    if not isinstance(items, list | tuple):
        raise ValueError("no list")
    return tuple(map(_turn, items))


def _turn(item: Any) -> Turn:
    if isinstance(item, Turn):
        return item
    message = {"role": "user", "content": item} if isinstance(item, str) else item
    if not isinstance(message, dict) or message.get("role") not in _ROLES or not isinstance(message.get("content"), str):
        raise ValueError("no message")
    return Turn(message["role"], clean(message["content"])[:MAX_QUESTION_CHARS])


def _papers(value: Any) -> Any:
    if value is None:
        return None
    if not isinstance(value, list | tuple):
        raise ValueError("no list")
    return tuple(map(_paper, value))


def _paper(item: Any) -> Any:
    if isinstance(item, Paper):
        return item
    if not isinstance(item, dict) or not isinstance(item.get("abstract"), str) or not isinstance(item.get("title", ""), str):
        raise ValueError("no paper")
    return Paper(id="", title=clean(item.get("title", "")), abstract=clean(item["abstract"]))


class Restricted(BaseModel):
    """What is asked of the papers that pass some filters."""

    model_config = ConfigDict(frozen=True)

    filters: Filters = Filters()


class SearchRequest(Restricted):
    """A question to find papers for, with what the search is restricted to."""

    question: Annotated[
        StrictStr,
        BeforeValidator(_question),
        Field(description=f"The question or keywords, at most {MAX_QUESTION_CHARS:,} characters."),
    ]
    k: Annotated[StrictInt | None, Field(ge=1, description="How many papers to read or list at most.")] = None


class AskRequest(SearchRequest):
    """A question to answer. `history` are the messages before it, oldest first."""

    history: Annotated[
        tuple[Turn, ...],
        BeforeValidator(_turns),
        WithJsonSchema(_HISTORY_SCHEMA),
        Field(description="The conversation before: a list of earlier questions, or of objects with role and content."),
    ] = ()


class VerifyRequest(Restricted):
    """Statements to hold against `sources`, or, with None, against the nearest papers of the library."""

    text: Annotated[
        StrictStr,
        BeforeValidator(_text),
        Field(description=f"The statements, which may cite the sources as [1], at most {MAX_TEXT_CHARS:,} characters."),
    ]
    sources: Annotated[
        tuple[Paper, ...] | None,
        BeforeValidator(_papers),
        WithJsonSchema(_SOURCES_SCHEMA),
        Field(
            max_length=MAX_SOURCES,
            description=f"At most {MAX_SOURCES} papers, numbered from 1. Without them, the nearest papers are read.",
        ),
    ] = None


Request = TypeVar("Request", bound=Restricted)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value that a caller may give: `schema` is the JSON schema of the value, without the null that leaves it out."""

    name: str
    description: str
    schema: dict[str, Any]
    wording: Wording = field(default_factory=Wording)
    required: bool = False

    @property
    def option(self) -> str:
        """Return the option of the command line, such as --min-authors."""
        return self.wording.flag or "--" + self.name.replace("_", "-")

    @property
    def kind(self) -> str:
        """Return what a value has to be, such as "a number from 1 to 9999"."""
        return _kind(self.schema)


@cache
def parameters(request: type[Restricted]) -> dict[str, Parameter]:
    """Return what may be given for `request`, by name, the filters beside the question."""
    properties = request.model_json_schema()["properties"]
    own = {
        name: Parameter(name, of.description or "", _plain(properties[name]), required=of.is_required())
        for name, of in request.model_fields.items()
        if name != "filters"
    }
    return own | filter_parameters()


@cache
def filter_parameters() -> dict[str, Parameter]:
    """Return the filters by name, in their order."""
    wordings = {name: _wording(hint) for name, hint in get_type_hints(Filters, include_extras=True).items()}
    properties = _FILTERS.json_schema()["properties"]
    return {name: Parameter(name, of["description"], _plain(of), wordings[name]) for name, of in properties.items()}


def _wording(hint: Any) -> Wording:
    return next((note for note in hint.__metadata__ if isinstance(note, Wording)), Wording())


def _plain(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a value's schema without titles, defaults, descriptions and the null that leaves it out."""
    schema = next((one for one in schema.get("anyOf", ()) if one != {"type": "null"}), schema)
    return {key: value for key, value in schema.items() if key not in ("title", "default", "description")}


def _kind(schema: Mapping[str, Any]) -> str:
    if schema.get("type") == "integer":
        return f"a number from {schema['minimum']} " + (f"to {schema['maximum']}" if "maximum" in schema else "on")
    if schema.get("type") != "array":
        return "a text"
    if schema["items"].get("type") == "object":
        return f"a list of at most {schema['maxItems']} objects with {' and '.join(schema['items']['properties'])}"
    return "a list of texts" if schema["items"].get("type") == "string" else "a list of questions, or of role and content"


def parse(request: type[Request], record: Any, base: Filters | None = None, *, flat: bool = False) -> Request:
    """Return the request that a JSON object makes, its filters over those of `base`.

    With `flat` the filters stand beside the question, and a name that is none of the parameters is an error; otherwise they
    are an object under "filters", and what else the object holds is left alone. Raises UsageError.
    """
    values = dict(record)
    if flat:
        names = [name for name in values if name in filter_parameters()]
        _known(values, parameters(request))
        values["filters"] = {name: values.pop(name) for name in names}
    values["filters"] = read_filters(values.get("filters"), base)
    given = {name: value for name, value in values.items() if name in request.model_fields and value is not None}
    try:
        return request.model_validate(given)
    except ValidationError as error:
        raise _wrong(error, given, parameters(request)) from error


def read_filters(given: Any, base: Filters | None = None) -> Filters:
    """Return the filters that a JSON object names, over `base`. Raises UsageError for what is no filter, or of a wrong type."""
    if given is not None and not isinstance(given, dict):
        raise UsageError("The filters are no JSON object.", 'Give them as {"since": "2024-05", "title": "graph"}.')
    given = dict(given or {})
    _known(given, filter_parameters())
    if given.get("papers", ()) is None:
        given["papers"] = ()
    return checked_filters(_validated({**_values(base or Filters()), **given}))


def _known(given: Mapping[str, Any], names: Mapping[str, Parameter]) -> None:
    if unknown := next((name for name in given if name not in names), None):
        raise UsageError(f"There is no field “{clipped(str(unknown))}”.", f"There are {', '.join(names)}.")


def checked_filters(filters: Filters) -> Filters:
    """Return the filters tidied, empty ones taken away. Raises UsageError for a wrong value or filters that exclude each
    other."""
    tidy = _validated({name: _tidy(value) for name, value in _values(filters).items()})
    since, until = tidy.since, tidy.until
    for bound in (since, until):
        if bound is not None and not dates.is_date(bound):
            raise UsageError(
                f"“{clipped(bound)}” is not a date.", "Give a year, a month or a day: 2024, 2024-05 or 2024-05-31."
            )
    if since and until and _after(since, until):
        raise UsageError(f"The papers cannot be both from {since} on and up to {until}.", "Give the earlier date first.")
    year = f"{tidy.year:04d}" if tidy.year else None
    if year and (_after(since or year, year) or _after(year, until or year)):
        raise UsageError(f"No paper from {year} can be {span(replace(tidy, year=None))}.", "Leave one of the two out.")
    return tidy


def _after(one: str, other: str) -> bool:
    """Whether every day that `one` may mean comes after those of `other`."""
    common = min(len(one), len(other))
    return one[:common] > other[:common]


def _tidy(value: Any) -> Any:
    """Return text that SQLite takes, without white space around it; None for empty text; of several texts each once."""
    if isinstance(value, tuple):
        return tuple(dict.fromkeys(filter(None, map(_tidy, value))))
    return (clean(value).strip() or None) if isinstance(value, str) else value


def clipped(value: str) -> str:
    """Return what somebody gave as a message shows it: on one line, at most 60 characters."""
    line = " ".join(value.split())
    return line if len(line) <= _MAX_CLIPPED_CHARS else line[:_MAX_CLIPPED_CHARS] + "…"


def _values(filters: Filters) -> dict[str, Any]:
    return {of.name: getattr(filters, of.name) for of in fields(filters)}


def _validated(values: dict[str, Any]) -> Filters:
    try:
        return _FILTERS.validate_python(values)
    except ValidationError as error:
        raise _wrong(error, values, filter_parameters()) from error


def _wrong(error: ValidationError, given: Mapping[str, Any], names: Mapping[str, Parameter]) -> UsageError:
    """Return the first fault of a value in one sentence, with what the value has to be."""
    fault = error.errors(include_url=False)[0]
    parameter = names[str(fault["loc"][0])]
    if fault["type"] == "missing":
        return UsageError(f"There is no {parameter.name}.", f"Give {parameter.kind}.")
    value = json.dumps(given[parameter.name], ensure_ascii=False, default=str)
    return UsageError(f"The value of {parameter.name} is {clipped(value)}.", f"Give {parameter.kind}.")


def checked_question(question: str) -> str:
    """Return the question tidied. Raises UsageError for an empty or very long one."""
    question = clean(question).strip()
    if not question:
        raise UsageError("The question is empty.", 'Enter a question, such as "How does GraphSAINT work?"')
    if len(question) > MAX_QUESTION_CHARS:
        raise UsageError(
            f"The question has {len(question)} characters, more than {MAX_QUESTION_CHARS}.", "Ask a shorter question."
        )
    return question


def _checked_text(text: str) -> str:
    """Return the text tidied. Raises UsageError for an empty or very long one."""
    text = clean(text).strip()
    if not text:
        raise UsageError("The text is empty.", "Give one statement or several.")
    if len(text) > MAX_TEXT_CHARS:
        raise UsageError(f"The text has {len(text)} characters, more than {MAX_TEXT_CHARS}.", "Give it in parts.")
    return text


# -- filters in words ----------------------------------------------------------------------------------------------------


def phrases(filters: Filters) -> list[str]:
    """Return what each filter says of a paper, as it stands after "only papers"."""
    phrases = [span(filters)] if filters.dated else []
    for name, parameter in filter_parameters().items():
        value, wording = getattr(filters, name), parameter.wording
        value = len(value) if isinstance(value, tuple) else value
        if value and wording.phrase:
            phrases.append(wording.phrase_of_one if value == 1 and wording.phrase_of_one else wording.phrase.format(value))
    return phrases


def span(filters: Filters) -> str:
    """Return the dates of filters in words, such as "from 2024-05 on"."""
    since, until = filters.since, filters.until
    phrases = [f"from {filters.year:04d}"] if filters.year else []
    if since and until:
        phrases.append(f"from {since}" if since == until else f"from {since} to {until}")
    elif since or until:
        phrases.append(f"from {since} on" if since else f"up to {until}")
    return ", ".join(phrases)
