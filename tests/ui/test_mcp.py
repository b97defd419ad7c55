"""The chat's tools, called by the client of the mcp package, of the real command as a process."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import httpx
import httpx2
import pytest
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, TextContent
from support.loops import done

from rag.assistant import Assistant
from rag.output import render
from rag.types import Filters
from ui.serving import listening, mcp

ROOT = Path(__file__).resolve().parents[2]
QUESTION = "How does GraphSAINT build its minibatches?"
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}
TAKES = {"Accept": "application/json, text/event-stream"}
# Writes down where a process connects to, which names it looks up, and what it loads.
WATCH = """
import os, sys
def heard(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "import"):
        with open(os.environ["WATCHED"], "a") as to:
            print(event, args[1] if event == "socket.connect" else args[:1], file=to)
sys.addaudithook(heard)
"""
T = TypeVar("T")


@contextmanager
def chat(home: Path, *options: str, **environment: str) -> Iterator[tuple[str, str]]:
    """Run the command on a free port; give its address and what it printed before that of the page."""
    port = str(listening.free_port("127.0.0.1", 7800))
    command = [sys.executable, "-m", "ui", "--no-browser", "--port", port, *options]
    environment = {**os.environ, "RAG_HOME": str(home), **environment}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout
        said = ""
        for line in child.stdout:
            if found := re.match(r"Open (\S+) in a browser", line):
                yield found[1], said
                break
            said += line
        child.terminate()
    assert found, said


@pytest.fixture(scope="module")
def watch(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, str]]:
    """Gives the environment of a process that is watched: what it does stands in the file WATCHED, one line each."""
    folder = tmp_path_factory.mktemp("watch")
    (folder / "sitecustomize.py").write_text(WATCH)
    return lambda name: {"PYTHONPATH": str(folder), "WATCHED": str(folder / name)}


@pytest.fixture(scope="module")
def served(starter_home: Path, watch: Callable[[str], dict[str, str]]) -> Iterator[tuple[str, str]]:
    with chat(starter_home, "--mcp", "--no-model", **watch("with")) as told:
        yield told


@pytest.fixture(scope="module")
def address(served: tuple[str, str]) -> str:
    found = re.fullmatch(r"MCP clients find ask and search at (http://127\.0\.0\.1:\d+/gradio_api/mcp)\.\n", served[1])
    assert found, served[1]
    return found[1]


@pytest.fixture(scope="module")
def guarded(starter_home: Path) -> Iterator[str]:
    """The address of the tools of a chat that wants a password and whose model does not answer."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        model = ("--base-url", f"http://127.0.0.1:{closed.getsockname()[1]}/v1", "--model", "m")
        with chat(starter_home, "--mcp", "--auth", "ada:löve:lace", *model) as (url, _):
            yield url.rstrip("/") + mcp.PATH


def asked(address: str, ask: Callable[[Client], Awaitable[T]], mode: str = "auto") -> T:
    async def run() -> T:
        async with Client(address, mode=mode) as client:
            return await ask(client)

    return done(run())


def call(address: str, name: str, **given: Any) -> CallToolResult:
    return asked(address, lambda client: client.call_tool(name, given))


def values(result: CallToolResult) -> dict[str, Any]:
    """The JSON of a result, which comes as text and as values."""
    [content] = result.content
    assert isinstance(content, TextContent)
    assert not result.is_error, content.text
    told: dict[str, Any] = json.loads(content.text)
    assert told == result.structured_content
    return told


def sentence(result: CallToolResult) -> str:
    """The sentence of a result that is an error."""
    [content] = result.content
    assert isinstance(content, TextContent)
    assert result.is_error
    assert result.structured_content == {"error": content.text}
    assert not re.search(r"Traceback|File \"|\.py|/(?:tmp|home|root)/|\n", content.text)
    return content.text


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_there_are_three_tools_and_nothing_else(address: str, mode: str) -> None:
    async def look(client: Client) -> None:
        listed = {tool.name: tool for tool in (await client.list_tools()).tools}
        own = {"ask": ("question", "k", "history"), "search": ("question", "k"), "verify": ("text", "sources")}
        assert set(listed) == set(own)
        for tool in listed.values():
            assert tool.description
            assert tool.input_schema["required"] == [own[tool.name][0]]
            assert set(tool.input_schema["properties"]) == {*own[tool.name], *(field.name for field in fields(Filters))}
            assert all(len(taken["description"]) > 20 for taken in tool.input_schema["properties"].values())
            assert tool.input_schema["properties"]["papers"]["items"] == {"type": "string"}
        offered = client.server_capabilities.model_dump(exclude_none=True)
        assert set(offered) == {"tools"}
        for other in (
            client.list_resources(),
            client.read_resource("file:///etc/passwd"),
            client.list_prompts(),
            client.get_prompt("search", {"question": "graphs"}),
        ):
            with pytest.raises(MCPError, match="Method not found"):
                await other
        for name in ("upload", "load", "remove_source", "/ask"):
            with pytest.raises(MCPError, match=r"There is no such tool\. There are ask, search, verify\."):
                await client.call_tool(name, {})

    asked(address, look, mode)


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_ask_gives_the_contract_of_an_answer(address: str, assistant: Assistant, mode: str) -> None:
    told = values(asked(address, lambda client: client.call_tool("ask", {"question": QUESTION}), mode))
    wanted = json.loads(render.to_json(assistant.ask(QUESTION)))
    assert told.keys() == wanted.keys()
    assert (told["answer"], told["claims"], told["sources"]) == (wanted["answer"], wanted["claims"], wanted["sources"])


def test_verify_gives_a_verdict_and_the_sentence_for_each_statement(address: str) -> None:
    lamps = {"title": "LanternNet", "abstract": "LanternNet dims 340 lamps by learning from footsteps."}
    told = values(call(address, "verify", text="LanternNet dims 510 lamps [1].", sources=[lamps]))
    [claim] = told["claims"]
    assert (claim["verdict"], claim["evidence"][0]["sentence"]) == ("contradicted", lamps["abstract"])
    assert sentence(call(address, "verify", text="")).startswith("The text is empty.")


def test_search_lists_papers_under_filters(address: str, assistant: Assistant) -> None:
    told = values(call(address, "search", question="graphs", k=3, year=2024, source=None))
    hits = assistant.search("graphs", 3, Filters(year=2024))
    assert told["hits"] == [render.hit_to_dict(n, hit) for n, hit in enumerate(hits, 1)]
    assert told["warnings"] == ["500 papers have no date and were left out."]
    few = [hit["paper_id"] for hit in told["hits"][:2]]
    answer = values(call(address, "ask", question=QUESTION, papers=few))
    assert {source["paper_id"] for source in answer["sources"]} <= set(few)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"question": " "}, "The question is empty."),
        ({"question": "x" * 8001}, "The question has 8001 characters, more than 8000."),
        ({}, "There is no question."),
        ({"question": 5}, "The value of question is 5."),
        ({"question": QUESTION, "k": "many"}, 'The value of k is "many".'),
        ({"question": QUESTION, "since": "soon"}, "“soon” is not a date."),
        ({"question": QUESTION, "papers": "nosuch"}, 'The value of papers is "nosuch".'),
        ({"question": QUESTION, "path": "/etc/passwd"}, "There is no field “path”."),
        ({"question": QUESTION, "assistant": None}, "There is no field “assistant”."),
    ],
)
def test_a_wrong_call_gets_one_sentence(address: str, given: dict[str, Any], told: str) -> None:
    for name in ("ask", "search"):
        assert sentence(call(address, name, **given)).startswith(told)


def test_what_went_wrong_inside_is_not_told(assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise FileNotFoundError(2, "No such file", "/home/ada/library.sqlite")

    monkeypatch.setitem(mcp._CALLS, "search", broken)
    assert sentence(mcp.called(assistant, "search", {})).startswith("There is a fault in this program (FileNotFoundError).")


def test_the_guard_stands_before_the_tools(address: str) -> None:
    for path in ("", "/"):
        assert httpx.post(address + path, json=INITIALIZE, headers=TAKES).status_code == 200
        for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            assert httpx.post(address + path, json=INITIALIZE, headers=TAKES | headers).status_code == 403
        assert httpx.post(address + path, content=b"x" * 1_000_001, headers=TAKES).status_code == 413
        assert httpx.get(address + path, headers=TAKES).status_code == 405
        assert httpx.delete(address + path).status_code == 405
    for other in ("/schema", "/sse", "/http", "/messages/"):
        assert httpx.post(address + other, json=INITIALIZE, headers=TAKES).status_code in (404, 405)


def test_without_a_password_there_is_nothing(guarded: str) -> None:
    for auth in (None, ("ada", "x"), ("ada", "löve"), ("bob", "löve:lace"), ("", "")):
        for body in (INITIALIZE, {**INITIALIZE, "method": "tools/list"}, {**INITIALIZE, "method": "tools/call"}):
            refused = httpx.post(guarded, json=body, headers=TAKES, auth=auth)
            assert refused.status_code == 401
            assert refused.text == "This server wants a user and a password, as an Authorization header of kind Basic."
    for sent in ("Basic", "Basic ###", "Bearer ada", "Basic " + "A" * 999):
        assert httpx.post(guarded, json=INITIALIZE, headers=TAKES | {"Authorization": sent}).status_code == 401
    with pytest.raises(BaseExceptionGroup):
        asked(guarded, lambda client: client.list_tools())


def test_with_its_password_a_client_hears_that_the_model_is_dead(guarded: str) -> None:
    async def ask() -> tuple[CallToolResult, CallToolResult]:
        async with (
            httpx2.AsyncClient(auth=httpx2.BasicAuth("ada", "löve:lace")) as http,
            Client(streamable_http_client(guarded, http_client=http)) as client,
        ):
            found = await client.call_tool("search", {"question": "graphs", "k": 1})
            return found, await client.call_tool("ask", {"question": QUESTION})

    found, answer = done(ask())
    assert len(values(found)["hits"]) == 1
    assert sentence(answer).startswith("Nothing listens at the model endpoint http://127.0.0.1:")


def test_the_example_of_the_docs_runs(address: str) -> None:
    page = (ROOT / "docs" / "programs" / "mcp.md").read_text("utf-8")
    [program] = re.findall(r"^```python\n(import asyncio\nfrom mcp import Client\n.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert "http://127.0.0.1:7860/gradio_api/mcp" in program
    program = program.replace("http://127.0.0.1:7860/gradio_api/mcp", address)
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "GraphSAINT" in ran.stdout


def test_nothing_is_fetched_from_elsewhere(address: str, watch: Callable[[str], dict[str, str]]) -> None:
    values(call(address, "ask", question=QUESTION))
    lines = Path(watch("with")["WATCHED"]).read_text().splitlines()
    reached = [line for line in lines if line.startswith("socket.")]
    assert reached
    assert [line for line in reached if not re.match(r"socket\.\w+ \('(127\.0\.0\.1|localhost)'", line)] == []


def test_without_the_option_there_are_no_tools_and_their_package_is_not_loaded(
    starter_home: Path, watch: Callable[[str], dict[str, str]]
) -> None:
    with chat(starter_home, "--no-model", GRADIO_MCP_SERVER="True", **watch("without")) as (url, said):
        assert said == ""
        for path in ("", "/", "/sse", "/schema"):
            for method in ("GET", "POST"):
                answer = httpx.request(method, url.rstrip("/") + mcp.PATH + path, headers=TAKES, json=INITIALIZE)
                assert answer.status_code in (404, 405)
    loaded = {line for line in Path(watch("without")["WATCHED"]).read_text().splitlines() if line.startswith("import")}
    assert "import ('gradio',)" in loaded
    assert not {line for line in loaded if re.match(r"import \('mcp[._]", line)}  # Gradio tries mcp, in vain
