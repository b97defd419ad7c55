"""The served chat as a stranger meets it: it fetches nothing, malformed requests are told so, and wrong passwords take time."""

from __future__ import annotations

import base64
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from support.chat_page import shut

from rag.assistant import Assistant
from ui.chat.page import build, launch_options
from ui.serving import mcp

API = "/gradio_api"
HEADERS = {"Content-Type": "application/json"}
BASIC = [("ada", "one"), ("grace", "two")]


def served(assistant: Assistant, **more: Any) -> Iterator[tuple[Any, httpx.Client]]:
    page = build(assistant)
    options = launch_options()
    options["app_kwargs"] |= mcp.served(assistant, more.get("auth", []))
    _, url, _ = page.launch(server_name="127.0.0.1", prevent_thread_lock=True, **options, **more)
    with httpx.Client(base_url=url.rstrip("/"), timeout=30) as client:
        yield page, client
    shut(page)


@pytest.fixture(scope="module")
def chat(assistant: Assistant) -> Iterator[tuple[Any, httpx.Client]]:
    yield from served(assistant)


@pytest.fixture
def locked(assistant: Assistant) -> Iterator[tuple[Any, httpx.Client]]:
    yield from served(assistant, auth=BASIC)


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[object]]]:
    """An address, and the connections that were made to it."""
    made: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        ended = threading.Event()

        def accept() -> None:
            while not ended.is_set():
                try:
                    made.append(server.accept())
                except TimeoutError:
                    continue

        thread = threading.Thread(target=accept)
        thread.start()
        yield f"http://localhost:{server.getsockname()[1]}/x.csv", made
        ended.set()
        thread.join()


@pytest.mark.parametrize("scheme", ["http://", "HTTPS://", " http://", "ftp://", "data:text/plain,", "//"])
@pytest.mark.parametrize(
    "path", ["queue/join", "call/ask", "call/v2/ask", "run/predict", "api/ask", "stream/x", "component_server"]
)
def test_a_file_that_would_be_fetched_is_refused(
    chat: tuple[Any, httpx.Client], elsewhere: tuple[str, list[object]], path: str, scheme: str
) -> None:
    _, client = chat
    address, made = elsewhere
    file = {"path": scheme + address.removeprefix("http://"), "meta": {"_type": "gradio.FileData"}}
    for n, nested in enumerate((file, [file], {"a": [{"b": file}]}, [[file, "x"]])):
        body = {"data": [nested], "question": nested, "fn_index": 0, "session_hash": f"fetch{n}"}
        refused = client.post(f"{API}/{path}", json=body)
        assert (refused.status_code, refused.text) == (403, "This server fetches nothing from elsewhere.")
    assert made == []


def test_a_file_of_a_form_goes_to_uploads_only(chat: tuple[Any, httpx.Client]) -> None:
    _, client = chat
    for path in ("component_server", "queue/join", "call/v2/ask"):
        assert client.post(f"{API}/{path}", files={"data": b"x"}).status_code == 415


MALFORMED = [
    (b"{", 400),
    (b"\xff\xfe{}", 400),
    (b'{"data":"\xff"}', 400),
    (b"null", 422),
    (b"[]", 422),
    (b'"x"', 422),
    (b"[" * 100_000, 400),
    (b'{"data":' + b"[" * 70 + b"]" * 70 + b"}", 400),
    (b'{"data":[' + b"1" * 5_000 + b"]}", 400),
    (b'{"data":[NaN]}', 400),
    (b"{}", None),
    (b'{"data":null,"session_hash":"m"}', None),
    (b'{"data":[],"session_hash":5}', None),
    (b'{"data":[[]],"session_hash":{},"fn_index":"x"}', None),
    (b'{"data":[],"fn_index":99999,"session_hash":"m"}', None),
    (b'{"data":[5,{"a":1}],"fn_index":-1,"session_hash":"m","event_id":7,"trigger_id":"x"}', None),
    (b'{"component_id":{},"fn_name":[],"session_hash":"m","data":5}', None),
    (b'{"nope":1}', None),
]


def test_malformed_requests_are_told_so_and_leave_no_traceback(
    chat: tuple[Any, httpx.Client], capfd: pytest.CaptureFixture[str]
) -> None:
    _, client = chat
    paths = (
        "queue/join",
        "call/ask",
        "call/nope",
        "call/v2/ask",
        "call/v2/nope",
        "run/ask",
        "run/nope",
        "cancel",
        "component_server",
    )
    for path in paths:
        for body, status in MALFORMED:
            told = client.post(f"{API}/{path}", content=body, headers=HEADERS)
            assert 400 <= told.status_code < 500, (path, body[:60], told.status_code, told.text)
            assert status in (None, told.status_code), (path, body[:60], told.text)
        for kind in ("text/plain", "multipart/form-data", "application/x-www-form-urlencoded"):
            assert client.post(f"{API}/{path}", content=b'{"data":[]}', headers={"Content-Type": kind}).status_code == 415
    assert client.get("/?page=%ff").status_code == 400
    for body in (b"x", b"username=ada", b"--x\r\n"):
        for kind in ("application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=x"):
            assert 400 <= client.post("/login", content=body, headers={"Content-Type": kind}).status_code < 500
    told = capfd.readouterr()
    assert "Traceback" not in told.err + told.out


def test_each_function_of_the_page_refuses_too_few_values_and_wrong_kinds(
    chat: tuple[Any, httpx.Client], capfd: pytest.CaptureFixture[str]
) -> None:
    page, client = chat
    for index, function in page.fns.items():
        for values in ([], [5] * len(function.inputs), [{"a": 1}] * (len(function.inputs) + 1)):
            body = {"data": values, "fn_index": index, "session_hash": f"kinds{index}"}
            texts = [c for c in function.inputs if not c.skip_api and c.api_info().get("type") == "string"]
            if function.fn is None or len(values) != len(function.inputs) or (values and texts):
                for path in ("queue/join", "run/any"):
                    assert 400 <= client.post(f"{API}/{path}", json=body).status_code < 500, (path, index, values)
    assert "Traceback" not in capfd.readouterr().err


def test_a_stream_of_an_event_that_is_not_there_ends_without_a_traceback(
    chat: tuple[Any, httpx.Client], capfd: pytest.CaptureFixture[str]
) -> None:
    _, client = chat
    assert "error" in client.get(f"{API}/call/ask/none").text
    assert "error" in client.get(f"{API}/queue/data?session_hash=none").text
    assert "Traceback" not in capfd.readouterr().err


def test_wrong_passwords_take_time_and_a_right_one_of_another_user_does_not(locked: tuple[Any, httpx.Client]) -> None:
    _, client = locked

    def login(user: str, password: str) -> tuple[int, float]:
        began = time.monotonic()
        status = client.post("/login", data={"username": user, "password": password}).status_code
        return status, time.monotonic() - began

    assert [login("ada", f"guess {n}")[0] for n in range(5)] == [400] * 5
    status, seconds = login("ada", "guess 6")
    assert status == 400
    assert seconds >= 1
    status, seconds = login("grace", "two")
    assert status == 200
    assert seconds < 1
    assert login("ada", "one")[0] == 200


def test_wrong_passwords_of_programs_take_time_too(locked: tuple[Any, httpx.Client]) -> None:
    _, client = locked

    def asked(password: str) -> tuple[int, float]:
        began = time.monotonic()
        credentials = base64.b64encode(f"ada:{password}".encode()).decode()
        headers = {"Authorization": f"Basic {credentials}", "Accept": "application/json, text/event-stream"}
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
        return client.post(mcp.PATH, json=body, headers=headers).status_code, time.monotonic() - began

    assert [asked(f"guess {n}")[0] for n in range(5)] == [401] * 5
    status, seconds = asked("guess 6")
    assert status == 401
    assert seconds >= 1
    assert asked("one")[0] == 200
