"""What programs may ask of the chat: ask, search and verify, with the JSON of the command line, as its endpoints over HTTP."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import gradio as gr
from gradio.events import api

from rag.assistant import Assistant
from rag.drafts import checked
from rag.errors import RagError
from rag.output import render
from rag.request import AskRequest, Parameter, Restricted, SearchRequest, VerifyRequest, parameters, parse

Json = dict[str, Any]
_TYPES: dict[str, Any] = {"integer": int, "string": str, "array": list[Any]}  # of JSON schema


def answer(assistant: Assistant, given: Mapping[str, Any]) -> Json:
    """Return the answer to the AskRequest that `given` makes. Raises RagError, for a wrong or unknown value too."""
    asked = parse(AskRequest, given, flat=True)
    return render.to_dict(assistant.ask(asked.question, asked.history, k=asked.k, filters=asked.filters))


def listing(assistant: Assistant, given: Mapping[str, Any]) -> Json:
    """Return the papers for the SearchRequest that `given` makes. Raises RagError, for a wrong or unknown value too."""
    asked = parse(SearchRequest, given, flat=True)
    only = assistant.scope.checked(asked.filters)
    hits = assistant.search(asked.question, asked.k, only)
    return render.hits_to_dict(asked.question, only, hits, assistant.scope.warnings(only, found=bool(hits)))


def verdicts(assistant: Assistant, given: Mapping[str, Any]) -> Json:
    """Return what the check says of the VerifyRequest that `given` makes. Raises RagError, for a wrong or unknown value too."""
    asked = parse(VerifyRequest, given, flat=True)
    return checked.claims(asked.text, asked.sources, asked.filters, assistant)


def add(assistant: Assistant) -> None:
    """Add the endpoints /ask, /search and /verify to the page that is being built."""

    def ask(given: Json) -> Json:
        """Answer a question from at most k of the papers that pass the filters."""
        return answer(assistant, given)

    def search(given: Json) -> Json:
        """List at most k of the papers that pass the filters, best first, without answering."""
        return listing(assistant, given)

    def verify(given: Json) -> Json:
        """Hold statements against the abstracts of sources, or of the nearest papers that pass the filters."""
        return verdicts(assistant, given)

    api(_endpoint(ask, AskRequest), api_name="ask")
    api(_endpoint(search, SearchRequest), api_name="search")
    api(_endpoint(verify, VerifyRequest), api_name="verify")


def _endpoint(call: Callable[[Json], Json], request: type[Restricted]) -> Callable[..., Json]:
    """Return `call` as a function of the parameters of `request`; Gradio reads their names, types and defaults."""
    names = parameters(request)

    def endpoint(*values: Any) -> Json:
        with _errors_in_one_sentence():
            return call({name: value for name, value in zip(names, values, strict=True) if value is not None})

    signature = [
        inspect.Parameter(
            name,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=inspect.Parameter.empty if parameter.required else None,
            annotation=_type(parameter),
        )
        for name, parameter in names.items()
    ]
    endpoint.__signature__ = inspect.Signature(signature, return_annotation=Json)  # type: ignore[attr-defined]
    endpoint.__annotations__ = {parameter.name: parameter.annotation for parameter in signature}
    endpoint.__doc__ = call.__doc__
    return endpoint


def _type(parameter: Parameter) -> Any:
    kind = _TYPES[parameter.schema["type"]]
    return kind if parameter.required else kind | None


@contextmanager
def _errors_in_one_sentence() -> Iterator[None]:
    """Give a program that asks wrongly, or whose model fails, the sentence that a person would get."""
    try:
        yield
    except RagError as error:
        raise gr.Error(str(error), print_exception=False) from error
