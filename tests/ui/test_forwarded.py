"""What proxies tell: who is believed, the sub-path, streams that pass at once, and whose session or password it is."""

from __future__ import annotations

import asyncio

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from support.loops import done

from rag.errors import UsageError
from ui.serving import forwarded, guard, passwords
from ui.serving.replies import Refused

TOLD = {
    "X-Forwarded-Proto": "https",
    "X-Forwarded-For": "203.0.113.7, 10.1.1.1",
    "X-Forwarded-Prefix": "/rag",
    "Host": "papers.example",
}


async def told(request: Request) -> JSONResponse:
    names = [name for name in request.headers if name.startswith("x-forwarded")]
    client = request.client.host if request.client else ""
    return JSONResponse({"url": str(request.url), "client": client, "root": request.scope["root_path"], "headers": names})


async def pieces(request: Request) -> StreamingResponse:
    return StreamingResponse(iter(["data: 1\n\n"]), media_type="text/event-stream")


async def page(request: Request) -> HTMLResponse:
    return HTMLResponse("<html><head><title>x</title></head></html>")


def behind(peer: str, proxies: tuple[str, ...] = (), root: str = "") -> TestClient:
    """Return a client at the address `peer` of an application behind the guard."""
    routes = [
        Route("/", page),
        Route("/gradio_api/queue/data", pieces),
        Route("/{path:path}", told, methods=["GET", "POST"]),
    ]
    app = Starlette(routes=routes, middleware=guard.middleware(["papers.example"], proxies, root))
    return TestClient(app, base_url="http://papers.example", client=(peer, 5))


@pytest.mark.parametrize(
    ("peer", "proxies"), [("127.0.0.1", ()), ("::1", ()), ("10.0.0.9", ("10.0.0.0/8",)), ("::ffff:127.0.0.1", ())]
)
def test_a_trusted_proxy_is_believed(peer: str, proxies: tuple[str, ...]) -> None:
    seen = behind(peer, (*proxies, "10.1.1.1")).get("/library", headers=TOLD).json()
    assert seen == {"url": "https://papers.example/rag/library", "client": "203.0.113.7", "root": "/rag", "headers": []}


def test_nobody_else_is_believed() -> None:
    seen = behind("203.0.113.9").get("/library", headers={**TOLD, "X-Forwarded-Host": "evil.example"}).json()
    assert seen == {"url": "http://papers.example/library", "client": "203.0.113.9", "root": "", "headers": []}


@pytest.mark.parametrize("prefix", ["//evil.example", "/a/../b", "https://evil.example", '/"><script>', "rag"])
def test_a_prefix_that_is_no_path_is_not_taken(prefix: str) -> None:
    assert behind("127.0.0.1").get("/library", headers={"X-Forwarded-Prefix": prefix}).json()["root"] == ""


@pytest.mark.parametrize("path", ["/library", "/rag/library"])
def test_under_a_root_path_a_proxy_may_take_it_off_or_not(path: str) -> None:
    client = behind("203.0.113.9", root="/rag")
    assert client.get(path).json()["url"] == "http://papers.example/rag/library"
    assert client.get("/rag", follow_redirects=False).headers["Location"] == "/rag/"
    assert client.get("/rag/health").json() == client.get("/health").json() == {"ok": True}
    assert client.get("/rag/gradio_api/file=https://evil.example/x").status_code == 403
    assert "Path=/rag;" in client.get("/rag/").headers["Set-Cookie"]


@pytest.mark.parametrize(("given", "path"), [("/rag", "/rag"), ("rag/", "/rag"), ("/a/b-c", "/a/b-c"), ("/", ""), ("", "")])
def test_a_root_path_is_written_in_any_of_its_forms(given: str, path: str) -> None:
    assert forwarded.root_path(given) == path


@pytest.mark.parametrize("given", ["/a/../b", "http://x/y", "/a?b", "/a b", "//a//b"])
def test_what_is_no_root_path_is_refused(given: str) -> None:
    with pytest.raises(UsageError, match="Write it as /rag"):
        forwarded.root_path(given)


def test_a_proxy_address_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match=r"10\.0\.0\.0/8"):
        forwarded.networks(["proxy.example"])


def test_streams_ask_proxies_not_to_keep_them_back_and_pages_do_not() -> None:
    client = behind("127.0.0.1")
    stream = client.get("/gradio_api/queue/data").headers
    assert (stream["X-Accel-Buffering"], stream["Cache-Control"]) == ("no", "no-cache")
    assert "X-Accel-Buffering" not in client.get("/").headers


def test_a_page_carries_the_check_of_the_proxy_first_in_its_head() -> None:
    opened = behind("127.0.0.1").get("/")
    assert opened.text.startswith("<html><head><script>(")
    assert '({"host": "papers.example", "path": "/"});</script><style>' in opened.text
    assert int(opened.headers["Content-Length"]) == len(opened.content)


def test_a_session_is_of_the_browser_that_used_it_first() -> None:
    client = behind("127.0.0.1")
    mine, theirs = {"Cookie": "rag-browser=mine"}, {"Cookie": "rag-browser=theirs"}
    assert client.get("/gradio_api/heartbeat/abc", headers=mine).status_code == 200
    asked = (
        ("GET", "/gradio_api/heartbeat/abc", None),
        ("GET", "/gradio_api/queue/data?session_hash=abc", None),
        ("POST", "/gradio_api/queue/join", {"session_hash": "abc"}),
        ("POST", "/gradio_api/cancel", {"session_hash": "abc"}),
    )
    for method, path, body in asked:
        refused = client.request(method, path, json=body, headers=theirs)
        assert (refused.status_code, refused.text) == (403, "This session belongs to another browser. Load the page again.")
        assert client.request(method, path, json=body).status_code == 403  # a program without a cookie
        assert client.request(method, path, json=body, headers=mine).status_code == 200
    assert client.post("/gradio_api/cancel", json={"session_hash": "x" * 101}, headers=mine).status_code == 422


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


def wrong(pauses: passwords.Pauses, user: str, address: str, *, right: bool = False) -> None:
    async def once() -> None:
        async with pauses.trying(user, address) as is_right:
            if right:
                is_right()

    done(once())


def test_after_five_wrong_passwords_each_try_waits_longer_and_others_do_not_wait() -> None:
    clock = Clock()
    pauses = passwords.Pauses(clock.sleep, lambda: clock.now_s)
    for _ in range(5):
        wrong(pauses, "ada", "203.0.113.7")
    assert clock.slept == []
    for _ in range(7):
        wrong(pauses, "ada", "203.0.113.7")
    assert clock.slept == [1, 2, 4, 8, 16, 30, 30]
    wrong(pauses, "ada", "203.0.113.8", right=True)
    wrong(pauses, "grace", "203.0.113.7", right=True)
    assert len(clock.slept) == 7
    wrong(pauses, "ada", "203.0.113.7", right=True)
    wrong(pauses, "ada", "203.0.113.7")
    assert len(clock.slept) == 8  # the right password is waited for once, and begins anew


def test_wrong_passwords_are_forgotten_after_a_while_and_take_little_memory() -> None:
    clock = Clock()
    pauses = passwords.Pauses(clock.sleep, lambda: clock.now_s)
    for _ in range(6):
        wrong(pauses, "ada", "2001:db8::1")
    wrong(pauses, "ada", "2001:db8::2")  # the same customer
    assert clock.slept == [1, 2]
    clock.now_s += 1000
    wrong(pauses, "ada", "2001:db8::1")
    assert clock.slept == [1, 2]

    async def many() -> None:
        for n in range(passwords._MAX_KEYS + 50):
            async with pauses.trying(f"user {n}", "203.0.113.7"):
                pass

    done(many())
    assert len(pauses._tries) == passwords._MAX_KEYS


def test_many_tries_at_once_do_not_wait_side_by_side_without_end() -> None:
    async def flood() -> list[object]:
        pauses = passwords.Pauses(lambda _: asyncio.sleep(0.05))

        async def once() -> None:
            async with pauses.trying("ada", "203.0.113.7"):
                await asyncio.sleep(0)

        return list(await asyncio.gather(*(once() for _ in range(30)), return_exceptions=True))

    refused = [error for error in done(flood()) if error is not None]
    assert len(refused) == 30 - 5 - passwords._MAX_WAITING
    assert all(isinstance(error, Refused) and error.status == 429 and error.wait_s for error in refused)
