"""ask, search and verify as tools of the Model Context Protocol (streamable HTTP), on the chat's server and behind its guard.

Gradio's own MCP server is not used: it writes results as Python and not as JSON, answers who has not logged in, runs an
endpoint when a prompt is asked for, and cannot be told a password. Tools are all there is here: no resources, no prompts.
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from typing import Any

from anyio import CapacityLimiter, to_thread
from mcp import MCPError, types
from mcp.server import Server, ServerRequestContext
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from rag.assistant import Assistant
from rag.errors import RagError
from rag.request import AskRequest, Restricted, SearchRequest, VerifyRequest, parameters
from ui.serving import api, listening
from ui.serving.passwords import Pauses

PATH = "/gradio_api/mcp"  # where Gradio's own would be: the guard and what compresses replies know it
_MAX_CALLS_AT_ONCE = 20  # calls that are worked on at once; the rest wait
_CALLS = {"ask": api.answer, "search": api.listing, "verify": api.verdicts}
_REQUESTS: dict[str, type[Restricted]] = {"ask": AskRequest, "search": SearchRequest, "verify": VerifyRequest}
_ABOUT = {
    "ask": "Answer a question from a collection of research-paper abstracts. Each sentence of the answer cites papers and was "
    "checked against the sentences of their abstracts; what the abstracts do not say is refused. Questions about the "
    'collection itself ("How many papers from 2024 mention LoRA?") are answered too. Returns JSON: "answer" with citations '
    'such as [1], "refused" with "refusal_reason", "claims" with the verdict and the evidence of each sentence, "sources" with '
    'the papers by number, "warnings". Nothing is remembered between calls: give earlier questions as "history".',
    "search": "List the papers of a collection of research-paper abstracts that come nearest to a question or to keywords, "
    'best first, without answering. Returns JSON: "hits" with "paper_id", "title", "url", "published", "authors", "abstract" '
    'and the "passages" that matched, and "warnings" on what the filters left out.',
    "verify": 'Check statements against research-paper abstracts. Give the abstracts as "sources" and cite them in the text as '
    "[1], or leave them out: then each statement is held against the nearest papers of the collection. Returns JSON: "
    '"claims" with the verdict of each sentence (supported, partial, unsupported, contradicted, miscited, uncited, unchecked), '
    'the "problems", and as "evidence" the sentences of the abstracts; and "sources" with the papers by number.',
}
_log = logging.getLogger(__name__)

Context = ServerRequestContext[Any]


def served(assistant: Assistant, allowed: listening.Credentials) -> dict[str, Any]:
    """Return what launch(app_kwargs=...) needs for the tools, which only `allowed` users may call where there are any."""
    limiter = CapacityLimiter(_MAX_CALLS_AT_ONCE)

    async def call(_: Context, asked: types.CallToolRequestParams) -> types.CallToolResult:
        if asked.name not in _CALLS:
            raise MCPError(types.INVALID_PARAMS, f"There is no such tool. There are {', '.join(_CALLS)}.")
        return await to_thread.run_sync(partial(called, assistant, asked.name, asked.arguments or {}), limiter=limiter)

    server = Server("abstract-rag", version=version("abstract-rag"), on_list_tools=_listed, on_call_tool=call)
    sessions = StreamableHTTPSessionManager(server, stateless=True)  # a client keeps nothing here

    @asynccontextmanager
    async def running(_: Any) -> AsyncIterator[None]:
        async with sessions.run():
            yield

    door = Door(StreamableHTTPASGIApp(sessions), allowed)
    return {"routes": [Route(path, door, methods=["POST"]) for path in (PATH, f"{PATH}/")], "lifespan": running}


def called(assistant: Assistant, name: str, given: Mapping[str, Any]) -> types.CallToolResult:
    """Return the JSON that a tool gives, or why it cannot, in the one sentence a person would get."""
    try:
        values = _CALLS[name](assistant, given)
    except RagError as error:
        return _result(str(error), {"error": str(error)}, is_error=True)
    except Exception as error:  # noqa: BLE001 - the SDK would send its text, which may name files
        _log.exception("the tool %s failed", name)
        message = f"There is a fault in this program ({type(error).__name__}). The details are in the output of python -m ui."
        return _result(message, {"error": message}, is_error=True)
    return _result(json.dumps(values, ensure_ascii=False), values)


def tools() -> list[types.Tool]:
    """Return the tools with what a model has to know to use them."""
    return [
        types.Tool(
            name=tool,
            description=_ABOUT[tool],
            input_schema={
                "type": "object",
                "properties": {
                    name: {**parameter.schema, "description": parameter.description}
                    for name, parameter in parameters(request).items()
                },
                "required": [name for name, parameter in parameters(request).items() if parameter.required],
                "additionalProperties": False,
            },
            annotations=types.ToolAnnotations(read_only_hint=True, open_world_hint=False),
        )
        for tool, request in _REQUESTS.items()
    ]


async def _listed(_: Context, __: types.PaginatedRequestParams | None) -> types.ListToolsResult:
    return types.ListToolsResult(tools=tools())


def _result(text: str, values: api.Json, *, is_error: bool = False) -> types.CallToolResult:
    content: list[types.ContentBlock] = [types.TextContent(type="text", text=text)]
    return types.CallToolResult(content=content, structured_content=values, is_error=is_error)


class Door:
    """An ASGI application around another one, for users with their password only; Gradio's login holds for its own pages."""

    def __init__(self, app: ASGIApp, allowed: listening.Credentials) -> None:
        self._app = app
        self._allowed = allowed
        self._pauses = Pauses()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._allowed and not await self._is_known(scope):
            refused = PlainTextResponse(
                "This server wants a user and a password, as an Authorization header of kind Basic.",
                401,
                {"WWW-Authenticate": 'Basic realm="abstract-rag", charset="UTF-8"'},
            )
            await refused(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _is_known(self, scope: Scope) -> bool:
        """Return whether a request has the password of an allowed user. Raises Refused when too many were wrong."""
        credentials = Headers(scope=scope).get("authorization", "")
        user = listening.user_of(credentials)
        if user is None:
            return False
        async with self._pauses.trying(user, scope["client"][0]) as right:
            known = listening.is_known(credentials, self._allowed)
            if known:
                right()
        return known
