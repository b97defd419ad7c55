"""The guard before the page, over HTTP; where the chat listens."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from rag.assistant import Assistant
from rag.errors import UsageError
from ui import __main__ as command
from ui.chat.page import build, launch_options
from ui.serving import guard, listening

HERE = "http://127.0.0.1:7860"
ASK = "/gradio_api/call/v2/ask"
LIMIT = guard.MAX_BODY_BYTES


async def length(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"{request.url.path} {len(await request.body())}")


async def pieces(request: Request) -> StreamingResponse:
    return StreamingResponse((f"data: {n}\n\n" for n in range(3)), media_type="text/event-stream")


async def socket_opened(opened: WebSocket) -> None:
    await opened.accept()


@pytest.fixture(scope="module")
def client() -> TestClient:
    """Asks an application that tells which path it was asked and how many bytes it was sent, behind the guard."""
    routes = [
        Route("/gradio_api/queue/data", pieces),
        WebSocketRoute("/socket", socket_opened),
        Route("/{path:path}", length, methods=["GET", "HEAD", "POST"]),
    ]
    behind = Starlette(routes=routes, middleware=guard.middleware(["192.168.7.5", "papers.example"]))
    return TestClient(behind, base_url=HERE)


@pytest.mark.parametrize(
    "host",
    "127.0.0.1 127.0.0.1:7860 localhost:1 LOCALHOST localhost. [::1] [::1]:7860 192.168.7.5:7860 papers.example".split(),
)
def test_a_name_of_the_server_is_served(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"Host": host}).status_code == 200
    assert client.post(ASK, headers={"Host": host, "Origin": f"http://{host}"}, json={}).status_code == 200


@pytest.mark.parametrize(
    "host",
    "evil.example evil.example:7860 127.0.0.1.evil.example localhost.evil.example 127.0.0.1:7860@evil.example 127.0.0.1:x "
    "papers.example.evil [::1 ::1 127.0.0.1/ http://127.0.0.1 2130706433".split(),
)
@pytest.mark.parametrize("path", ["/", "/health", "/config", ASK])
def test_any_other_name_is_refused(client: TestClient, host: str, path: str) -> None:
    refused = client.get(path, headers={"Host": host})
    assert refused.status_code == 403
    assert refused.text == "This server does not have that name. Start it with --allowed-host NAME."


def test_no_name_and_two_names_are_refused(client: TestClient) -> None:
    assert client.get("/", headers={"Host": ""}).status_code == 403
    assert client.get("/", headers=[("Host", "127.0.0.1"), ("Host", "evil.example")]).status_code == 403  # type: ignore[arg-type]


OUTSIDE: list[dict[str, str]] = [
    {"Origin": "http://evil.example"},
    {"Origin": "http://127.0.0.1:9999"},
    {"Origin": "http://localhost:7860"},  # another origin than 127.0.0.1, which the request names
    {"Origin": "http://127.0.0.1.evil.example:7860"},
    {"Origin": "null"},
    {"Origin": "http://["},
    {"Referer": "http://evil.example/page"},
    {"Referer": "http://127.0.0.1:9999/"},
    {"Referer": "about:blank"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": HERE},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
]


@pytest.mark.parametrize("headers", OUTSIDE, ids=str)
def test_a_page_of_another_origin_asks_nothing(client: TestClient, headers: dict[str, str]) -> None:
    for method, path in (
        ("POST", ASK),
        ("POST", "/gradio_api/queue/join"),
        ("POST", "/gradio_api/upload"),
        ("POST", "/login"),
        ("POST", "/"),
        ("GET", "/gradio_api/queue/data?session_hash=x"),
        ("GET", f"{ASK}/1"),
        ("GET", "/config"),
        ("GET", "/logout"),
    ):
        refused = client.request(method, path, headers=headers)
        assert (refused.status_code, refused.text) == (403, "Pages of other sites may not ask this server."), (method, path)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": HERE},
        {"Origin": HERE, "Referer": f"{HERE}/", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
        {"Referer": f"{HERE}/"},
        {"Sec-Fetch-Site": "none"},
    ],
    ids=str,
)
def test_its_own_pages_and_programs_ask(client: TestClient, headers: dict[str, str]) -> None:
    assert client.post(ASK, headers=headers, json={"a": 1}).text.endswith(" 7")
    assert client.get("/gradio_api/queue/data", headers=headers).status_code == 200


def test_a_page_behind_a_proxy_that_passes_its_name_on_asks(client: TestClient) -> None:
    headers = {"Host": "papers.example", "Origin": "https://papers.example"}
    assert client.post(ASK, headers=headers).status_code == 200
    assert client.post(ASK, headers={**headers, "Host": "papers.example:443"}).status_code == 200
    assert client.post(ASK, headers={**headers, "Origin": "https://papers.example:444"}).status_code == 403


def test_a_link_from_elsewhere_opens_the_page_but_no_frame(client: TestClient) -> None:
    link = {"Referer": "http://evil.example/", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    opened = client.get("/", headers={**link, "Sec-Fetch-Dest": "document"})
    assert opened.status_code == 200
    assert client.get("/collection", headers={**link, "Sec-Fetch-Dest": "document"}).status_code != 403
    assert client.get("/", headers={"Referer": "http://evil.example/"}).status_code == 200
    assert client.get("/", headers={**link, "Sec-Fetch-Dest": "iframe"}).status_code == 403
    assert opened.headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize(
    ("path", "most"),
    [(ASK, LIMIT), ("/", LIMIT), ("/gradio_api/upload", guard.MAX_UPLOAD_BYTES), ("/gradio_api/uploads", LIMIT)],
)
def test_a_body_is_taken_up_to_its_limit(client: TestClient, path: str, most: int) -> None:
    def streamed(size: int) -> Iterator[bytes]:
        """A body whose length is told nobody."""
        whole, rest = divmod(size - 2, 50_000)
        yield from [b"{}", *[b" " * 50_000] * whole, b" " * rest]

    told = f"More than {most // 1_000_000} MB cannot be sent here."
    headers = {"Content-Type": "application/json"}
    assert client.post(path, content=b"{}".ljust(most), headers=headers).text.endswith(f" {most}")
    assert client.post(path, content=streamed(most), headers=headers).text.endswith(f" {most}")
    for body in (b"{}".ljust(most + 1), streamed(most + 1)):
        refused = client.post(path, content=body, headers=headers)
        assert (refused.status_code, refused.text) == (413, told)


def test_a_length_that_is_none_is_refused(client: TestClient) -> None:
    for length_told in ("-1", "many", "9" * 30):
        assert client.post(ASK, content=b"1", headers={"Content-Length": length_told}).status_code == 413


@pytest.mark.parametrize(
    "path",
    [
        "file=http://evil.example/x",
        "file=https://evil.example/x",
        "file=HTTPS://evil.example/x",
        "file=https%3A%2F%2Fevil.example/x",
        "file=https%253A%252F%252Fevil.example/x",
        "file%3Dhttps%25253A//evil.example/x",
        "%66ile=https:/evil.example/x",
        "file=%20https://evil.example/x",
        "file=%2F%2Fevil.example/x",
        "file=ftp://evil.example/x",
        "file=data:text/html,x",
        "file/https://evil.example/x",
        "proxy=https://evil.hf.space/x",
        "proxy%3Dhttps://evil.hf.space/x",
    ],
)
def test_the_server_is_not_made_to_fetch_an_address(client: TestClient, path: str) -> None:
    for root in ("/gradio_api/", "/"):
        refused = client.get(root + path)
        assert (refused.status_code, refused.text) == (403, "This server fetches nothing from elsewhere.")


@pytest.mark.parametrize(
    "path", ["file=/tmp/gradio/a.png", "file=C:/Temp/gradio/a.png", "file=C:%5Ctemp%5Ca.png", "file/tmp/a"]
)
def test_a_file_of_its_own_is_served(client: TestClient, path: str) -> None:
    assert client.get(f"/gradio_api/{path}").status_code == 200


def test_a_page_comes_with_a_policy_that_names_no_other_place(client: TestClient) -> None:
    for path, headers in (("/", {}), ("/health", {}), ("/", {"Host": "evil.example"})):
        told = client.get(path, headers=headers).headers
        assert told["X-Content-Type-Options"] == "nosniff"
        assert told["X-Frame-Options"] == "DENY"
        assert told["Referrer-Policy"] == "no-referrer"
        policy = dict(part.split(maxsplit=1) for part in told["Content-Security-Policy"].split("; "))
        places = {place for given in policy.values() for place in given.split()}
        assert places <= {"'self'", "'none'", "'unsafe-inline'", "'unsafe-eval'", "data:", "blob:"}
        assert (policy["default-src"], policy["connect-src"], policy["frame-ancestors"]) == ("'none'", "'self'", "'none'")


def test_events_still_stream_and_no_socket_opens(client: TestClient) -> None:
    assert client.get("/gradio_api/queue/data").text == "data: 0\n\ndata: 1\n\ndata: 2\n\n"
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/socket"):
        pass


def test_the_real_page_is_guarded(assistant: Assistant) -> None:
    page = build(assistant)
    port = listening.free_port("127.0.0.1")
    page.launch(server_name="127.0.0.1", server_port=port, prevent_thread_lock=True, **launch_options(["box.example"]))
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
            assert http.get("/health").json() == {"ok": True}
            opened = http.get("/")
            assert opened.status_code == 200
            assert "frame-ancestors 'none'" in opened.headers["Content-Security-Policy"]
            assert http.get("/config", headers={"Host": "evil.example"}).status_code == 403
            assert http.get("/config", headers={"Host": "box.example"}).status_code == 200
            assert http.post("/gradio_api/queue/join", json={}, headers={"Origin": "http://localhost:9"}).status_code == 403
            assert http.get("/gradio_api/file=https%3A%2F%2Fevil.example/x").status_code == 403
            assert http.post(ASK, json={"question": "x" * LIMIT}).status_code == 413
            chunks = (b"x" * 50_000 for _ in range(60))
            assert http.post(ASK, content=chunks, headers={"Content-Type": "application/json"}).status_code == 413
            assert http.post(ASK, json={"question": "What is Pard?"}).status_code == 200
        with pytest.raises(UsageError, match=r"On 0\.0\.0\.0 everybody"):
            command.main.__wrapped__(["--host", "0.0.0.0"])  # type: ignore[attr-defined]
        assert listening.free_port("127.0.0.1", port) > port
    finally:
        page.close()


def test_only_a_password_opens_the_chat_to_others(tmp_path: Path) -> None:
    kept = tmp_path / "users"
    kept.write_text("ada:one:two\n\n grace : hopper \n")
    users = listening.credentials("joan:x", str(kept))
    assert users == [("joan", "x"), ("ada", "one:two"), ("grace", " hopper")]
    assert [listening.checked_host(h, []) for h in ("127.0.0.1", "localhost", "::1", "[::1]", "127.0.0.9")] == [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::1]",
        "127.0.0.9",
    ]
    for host in ("0.0.0.0", "::", "192.168.7.5", "papers.example", ""):
        with pytest.raises(UsageError, match="with --auth USER:PASSWORD or --auth-file FILE"):
            listening.checked_host(host, [])
    assert listening.checked_host("::", users) == "[::]"
    assert listening.checked_host("0.0.0.0", users) == "0.0.0.0"


@pytest.mark.parametrize("given", ["ada", "ada:", ":x", "", " : "])
def test_a_password_that_is_none_is_refused(given: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--auth is not a user and a password\. Write it as USER:PASSWORD\."):
        listening.credentials(given, None)
    kept = tmp_path / "users"
    kept.write_text(f"{given}\n")
    with pytest.raises(UsageError, match=r"(Line \d of .* is not a user|is empty)"):
        listening.credentials(None, str(kept))


def test_a_file_of_passwords_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        listening.credentials(None, str(tmp_path / "none"))


def test_a_busy_port_gives_the_next_free_one() -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen(1)
        port = busy.getsockname()[1]
        assert port < listening.free_port("127.0.0.1", port) < port + 100
    with pytest.raises(UsageError, match=r"203\.0\.113\.9 is not an address of this machine"):
        listening.free_port("203.0.113.9", 7860)


@pytest.mark.parametrize("name", ["http://papers.example", "a b", "x@y", ""])
def test_a_further_name_is_the_name_of_a_host(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.arguments().parse_args(["--allowed-host", name])
    assert "is not the name of a host" in capsys.readouterr().err
