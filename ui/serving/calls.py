"""Checks a call of one of the page's functions before Gradio runs it: that there is such a function, and its values fit it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from typing import Any, get_type_hints

from gradio import EventData

from ui.serving.bodies import Json
from ui.serving.replies import Refused

_INFO = "/gradio_api/info"
_JOIN = "/gradio_api/queue/join"
_NAMED = re.compile(r"/gradio_api/(?:call|call/v2|run|api)/([^/]+)")
_TYPES: dict[str, tuple[type, ...]] = {  # of JSON schema
    "string": (str,),
    "integer": (int, float),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


def check(blocks: Any, path: str, sent: Json) -> None:
    """Raise Refused when `path` names a function that `blocks` do not have, or `sent` has wrong values for it."""
    named = _NAMED.fullmatch(path)
    index = sent.get("fn_index")
    if path == _JOIN or (named and isinstance(index, int)):
        function = blocks.fns.get(index) if isinstance(index, int) else None
    elif named:
        function = next((fn for fn in blocks.fns.values() if fn.api_name == named[1]), None)
    else:
        return
    if function is None or function.fn is None:
        raise Refused(HTTPStatus.NOT_FOUND, f"There is no such function here; {_INFO} lists them.")
    if not path.startswith("/gradio_api/call/v2/"):
        _check_values(function, sent.get("data"), by_name=path.startswith("/gradio_api/call/"))
        if _wants_event(function.fn) and not isinstance(sent.get("event_data"), dict):
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, '"event_data" has to be an object, with what was clicked.')


@cache
def _wants_event(call: Callable[..., Any]) -> bool:
    kinds = get_type_hints(call).values() if inspect.isroutine(call) else ()
    return any(isinstance(kind, type) and issubclass(kind, EventData) for kind in kinds)


def _check_values(function: Any, values: Any, *, by_name: bool) -> None:
    """Raise Refused unless `values` are as many as the function takes, each of its component's kind or null.

    A program that calls a function by its name leaves out what only the page has.
    """
    inputs = function.inputs
    if by_name and isinstance(values, list) and len(values) != len(inputs):
        inputs = [component for component in inputs if not component.skip_api]
    if not isinstance(values, list) or len(values) != len(inputs):
        raise Refused(
            HTTPStatus.UNPROCESSABLE_ENTITY, f'"data" has to be a list of {len(inputs)} values; {_INFO} describes them.'
        )
    for position, (component, value) in enumerate(zip(inputs, values, strict=True), 1):
        kind = None if component.skip_api else component.api_info().get("type")
        if value is not None and isinstance(kind, str) and kind in _TYPES and not isinstance(value, _TYPES[kind]):
            raise Refused(
                HTTPStatus.UNPROCESSABLE_ENTITY, f'Value {position} of "data" is not of the kind {kind}; {_INFO} describes it.'
            )
