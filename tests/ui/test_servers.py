"""Models that a server lists, and endpoints typed into the page: what is offered, asked, sent and kept; mostly over HTTP."""

from __future__ import annotations

import json
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import trustme
from playwright.sync_api import Browser, expect
from support.chat_page import QUESTION, ask, shut
from support.endpoint_server import Endpoint, fails, hangs, redirects, says
from support.homes import copy_home

from rag.assistant import Assistant
from rag.errors import EndpointError, UsageError
from rag.index.minilm import MiniLM
from rag.settings.settings import load
from ui.chat.page import build, launch_options
from ui.models.choices import QUOTES, STARTED, Models
from ui.models.connecting import Connecting, Who
from ui.models.servers import Server, typed

REPLY = "GraphSAINT samples the training graph itself [1]."
KEY, SENTINEL = "typed-key-4711", "sentinel-of-the-environment"
HOSTILE = ["<img src=x onerror=alert(1)>", "../../etc/passwd", "x" * 200]
UNFIT = ["", " ", "nomic-embed-text", "\u202egpt", "two\nlines", "\ud800", "y" * 300]


@pytest.fixture
def home(starter_home: Path, tmp_path: Path) -> Path:
    copy_home(starter_home, tmp_path / "own")
    return tmp_path / "own"


@pytest.fixture
def quoting(home: Path, embedder: MiniLM) -> Assistant:
    return Assistant(load(home=home, no_model=True), embedder=embedder)


def launched(assistant: Assistant, who: Who = Who.NOBODY) -> Iterator[str]:
    page = build(assistant, connecting=Connecting(who, {9: "Ollama"}))
    _, url, _ = page.launch(server_name="127.0.0.1", prevent_thread_lock=True, **launch_options())
    yield url
    shut(page)


def asking(home: Path, embedder: MiniLM, server: Endpoint, model: str | None = "one") -> Models:
    settings = load(home=home, base_url=server.url, model=model, api_key=KEY)
    return Models(Assistant(settings, embedder=embedder))


def named(models: Models, shown: str, own: Server | None = None) -> str:
    return next(name for label, name in models.choices(own) if label == shown)


class Page:
    """One visitor over HTTP: sends events to the server as the page does, and keeps all that comes back."""

    def __init__(self, url: str, **headers: str) -> None:
        self._url, self._session, self._headers = url, uuid4().hex, {k.replace("_", "-"): v for k, v in headers.items()}
        self.config = httpx.get(f"{url}config").json()
        self.heard = ""

    def components(self, **props: Any) -> list[int]:
        return [c["id"] for c in self.config["components"] if all(c["props"].get(k) == v for k, v in props.items())]

    def events(self, component: int | None, trigger: str) -> list[dict[str, Any]]:
        return [d for d in self.config["dependencies"] if [component, trigger] in d["targets"]]

    def send(self, fn: int, *data: Any, event: dict[str, Any] | None = None) -> list[Any]:
        """Send an event; return what it leaves in its outputs. An update that changes nothing is {"__type__": "update"}."""
        joined = {"fn_index": fn, "data": data, "session_hash": self._session, "event_data": event}
        sent = httpx.post(f"{self._url}gradio_api/queue/join", json=joined, headers=self._headers)
        assert sent.status_code == 200, sent.text
        where = {"session_hash": self._session}
        answer = httpx.get(f"{self._url}gradio_api/queue/data", params=where, headers=self._headers, timeout=60).text
        self.heard += answer
        told = [json.loads(line[6:]) for line in answer.splitlines() if line.startswith("data: ")]
        done = next(t for t in told if t["msg"] == "process_completed")
        assert done["success"], done
        found: list[Any] = done["output"]["data"]
        return found

    def dialog(self, trigger: str, **event: Any) -> list[Any]:
        """Send an event of the dialog that connects a model."""
        frame, _ = self.components(elem_id="connect")  # of the chat, and of the collection
        [on] = self.events(frame, trigger)
        return self.send(on["id"], *[None] * len(on["inputs"]), event=event)

    def arriving(self) -> dict[str, Any]:
        picked, _ = self.components(label="Answers by")  # of the chat, and of the collection
        return next(d for d in self.config["dependencies"] if picked in d["outputs"] and d["js"])

    def arrive(self, kept: Any) -> list[Any]:
        """Load the page in a browser that has kept a choice, None for none."""
        return self.send(self.arriving()["id"], kept)

    def looked(self, arrived: list[Any]) -> list[Any]:
        """Ask the server of the choice that arrive() left; return the choice and the health of its server."""
        look = next(d for d in self.config["dependencies"] if d.get("trigger_after") == self.arriving()["id"])
        _, kept, picked, _, health = arrived
        return self.send(look["id"], kept, picked["value"], None, health)

    def taking(self) -> dict[str, Any]:
        [box] = self.components(elem_id="question")
        return self.events(box, "submit")[0]

    def responding(self) -> dict[str, Any]:
        return next(d for d in self.config["dependencies"] if d.get("trigger_after") == self.taking()["id"])

    def answer(self, picked: str, question: str = QUESTION) -> None:
        """Ask a question: take it, then have it answered by `picked`."""
        take, respond = self.taking(), self.responding()
        fields = [None] * len(take["inputs"])
        fields[0], fields[3], fields[4], fields[5] = question, 6, False, ""
        self.send(take["id"], *fields)
        self.send(respond["id"], *[picked if i == self.components(label="Answers by")[0] else None for i in respond["inputs"]])


def test_the_models_of_a_server_can_be_chosen_and_are_asked_with_its_key(home: Path, embedder: MiniLM) -> None:
    with Endpoint(says(REPLY), models=["one", "Two", *HOSTILE, *UNFIT, KEY]) as server:
        models = asking(home, embedder, server)
        assert [name for _, name in models.choices()] == [STARTED, QUOTES]  # nothing was asked yet
        assert "answers in" in models.health(STARTED)
        labels = [label for label, _ in models.choices()]
        kept = sorted(["Two", "<img src=x onerror=alert(1)>", "../../etc/passwd", f"{'x' * 59}…"], key=str.lower)
        assert labels == ["one at 127.0.0.1", *(f"{name} at 127.0.0.1" for name in kept), "Quotes, no model"]
        assert all(len(name) < 40 for _, name in models.choices())
        two = models.assistant(named(models, "Two at 127.0.0.1"))
        assert two is models.assistant(named(models, "Two at 127.0.0.1"))
        assert (two.library, two.ask(QUESTION).model) == (models.started.library, "Two")
        assert server.chats[-1].body["model"] == "Two"
        assert server.chats[-1].headers["authorization"] == f"Bearer {KEY}"
        assert models.started.ask(QUESTION).model == "one"


@pytest.mark.parametrize("name", ["Two", f"{STARTED}#Two", f"{STARTED}#", f"{STARTED}#0123456789abcdef", "#", "../x", "nosuch"])
def test_a_model_that_the_server_did_not_list_is_refused(home: Path, embedder: MiniLM, name: str) -> None:
    with Endpoint(says(REPLY), models=["one", "Two"]) as server:
        models = asking(home, embedder, server)
        models.health(STARTED)
        with pytest.raises(UsageError):
            models.assistant(name)
        assert not server.chats


def test_a_model_that_is_listed_no_more_is_refused(home: Path, embedder: MiniLM) -> None:
    names = ["one", "Two", "three"]
    with Endpoint(says(REPLY), models=names) as server:
        models = asking(home, embedder, server)
        models.health(STARTED)
        two = named(models, "Two at 127.0.0.1")
        models.assistant(two)
        names.remove("Two")
        models.health(STARTED)
        with pytest.raises(UsageError, match="does not list that model"):
            models.assistant(two)


def test_a_server_with_one_model_adds_no_choice_and_profiles_add_theirs_once_looked_at(
    home: Path, embedder: MiniLM, quoting: Assistant
) -> None:
    with Endpoint(models=["served"]) as server:
        models = asking(home, embedder, server, model=None)
        models.health(STARTED)
        assert len(models.choices()) == 2
    with Endpoint(says(REPLY), models=["small", "large"]) as near:
        (home / "rag.toml").write_text(f'[models."a#b"]\nbase_url = "{near.url}"\nmodel = "small"\n')
        models = Models(quoting)
        assert [label for label, _ in models.choices()] == ["Quotes, no model", "a#b: small at 127.0.0.1"]
        models.health("a#b")
        large = named(models, "a#b: large at 127.0.0.1")
        assert models.assistant(large).ask(QUESTION).model == "large"


@pytest.mark.parametrize("behaviour", [hangs, fails(500), lambda to: to.reply(200, {"data": [5, {"id": None}, "x"]})])
def test_a_server_that_lists_nothing_right_costs_two_seconds_at_most(home: Path, embedder: MiniLM, behaviour: Any) -> None:
    with Endpoint(models=behaviour) as server:
        models = asking(home, embedder, server)
        began = time.monotonic()
        models.health(STARTED)
        assert time.monotonic() - began < 4
        assert len(models.choices()) == 2


def test_the_page_is_there_before_the_list_and_a_long_one_is_searched(home: Path, embedder: MiniLM) -> None:
    def slow(to: Any) -> None:
        to.stopped.wait(1)
        data = [{"id": f"model-{n:03}", "object": "model"} for n in range(150)]
        to.reply(200, {"object": "list", "data": data})

    with Endpoint(says(REPLY), models=slow) as server:
        settings = load(home=home, base_url=server.url, model="model-000")
        for url in launched(Assistant(settings, embedder=embedder)):
            page = Page(url)
            began = time.monotonic()
            arrived = page.arrive(None)
            assert time.monotonic() - began < 1
            assert [name for _, name in arrived[2]["choices"]] == [STARTED, QUOTES]
            later, health = page.looked(arrived)
            assert "answers in" in health
            assert (len(later["choices"]), later["filterable"]) == (151, True)
            page.answer(later["choices"][5][1])
            assert server.chats[-1].body["model"] == later["choices"][5][0].partition(" at ")[0]


def test_no_key_of_the_environment_goes_to_an_address_typed_into_the_page(
    quoting: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "RAG_API_KEY OPENAI_API_KEY OPENAI_ADMIN_KEY OPENAI_ORG_ID OPENAI_PROJECT_ID RAG_EMBED_API_KEY RAG_MODEL OTHER_KEY "
        "OPENAI_WEBHOOK_SECRET"
    ).split():
        monkeypatch.setenv(name, SENTINEL)
    monkeypatch.setenv("RAG_API_KEY_ENV", "OTHER_KEY")
    with Endpoint(says(REPLY), models=["one", "two"]) as server:
        for key in ("", KEY):
            own = typed(server.url, key, quoting)
            assert "answers in" in own.look()
            models = Models(quoting)
            assert models.assistant(named(models, "two at 127.0.0.1", own), own).ask(QUESTION).model == "two"
            assert len(server.chats) == 1
            sent = json.dumps([r.headers for r in server.requests])
            assert SENTINEL not in sent
            assert (KEY in sent) is bool(key)
            server.requests.clear()


@pytest.mark.parametrize(
    ("address", "key", "told"),
    [
        ("http://10.0.0.1/v1", "", "is an address of a private network"),
        ("http://169.254.169.254/latest", "", "is an address of a private network"),
        ("nonsense", "", "not the address of an endpoint"),
        ("http://127.0.0.1:9/v1", "näh\nX-Evil: 1", "characters that no key has"),
        (f"http://127.0.0.1/{'x' * 3000}", "", "too long"),
    ],
)
def test_what_cannot_be_used_is_told(quoting: Assistant, address: str, key: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        typed(address, key, quoting)


class Resolver:
    """Stands before socket.getaddrinfo, since names resolve as their owner likes: each has a list of what it is in turn."""

    def __init__(self, real: Callable[..., Any], **names: list[str]) -> None:
        self._real, self.names, self.asked = real, names, 0

    def __call__(self, host: Any, port: Any, *args: Any, **more: Any) -> Any:
        name = str(host).removesuffix(".example")
        if name not in self.names:
            return self._real(host, port, *args, **more)
        self.asked += 1
        left = self.names[name]
        return self._real(left.pop(0) if len(left) > 1 else left[0], port, *args, **more)


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    resolver = Resolver(socket.getaddrinfo)
    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    return resolver


def test_a_host_that_moves_to_a_private_address_is_not_connected_to(quoting: Assistant, resolver: Resolver) -> None:
    with Endpoint(says(REPLY), models=["one", "two"]) as server:
        port = server.url.rpartition(":")[2]
        resolver.names["models"] = ["127.0.0.1", "127.0.0.1", "10.1.2.3"]
        own = typed(f"http://models.example:{port}", "", quoting)
        assert "answers in" in own.look()
        assert server.requests[-1].headers["host"] == f"models.example:{port.removesuffix('/v1')}"
        seen = len(server.requests)
        with pytest.raises(EndpointError, match=r"models\.example is an address of a private network"):
            own.given.using(own.given.model.named("one")).ask(QUESTION)  # type: ignore[attr-defined]
        assert "gives no list of models" in own.look()
        assert len(server.requests) == seen


def test_a_certificate_is_held_against_the_name_and_no_proxy_is_asked(
    quoting: Assistant, resolver: Resolver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("models.example").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    resolver.names |= {"models": ["127.0.0.1"], "others": ["127.0.0.1"]}
    with Endpoint(says(REPLY), models=["one"], tls=context) as server:
        port = server.url.rpartition(":")[2]
        right = typed(f"https://models.example:{port}", KEY, quoting)
        assert "answers in" in right.look()
        assert right.given.ask(QUESTION).model == "one"
        seen = len(server.requests)
        wrong = typed(f"https://others.example:{port}", KEY, quoting)
        with pytest.raises(EndpointError, match="certificate"):
            wrong.given.ask(QUESTION)
        assert len(server.requests) == seen


def test_a_redirect_leads_nowhere_else(quoting: Assistant) -> None:
    with Endpoint(says(REPLY)) as inside, Endpoint(redirects(f"{inside.url}/chat/completions"), models=["one"]) as server:
        own = typed(server.url, KEY, quoting)
        with pytest.raises(EndpointError, match="redirects to another address"):
            own.given.ask(QUESTION)
        assert not inside.requests


def test_where_nobody_may_connect_a_model_there_is_no_such_event(quoting: Assistant) -> None:
    pages = [Page(url) for who in (Who.NOBODY, Who.EVERYBODY) for url in launched(quoting, who)]
    for page, dialogs, events in ((pages[0], 0, 1), (pages[1], 2, 3)):  # restoring a choice is an event; connecting is two more
        frames = page.components(elem_id="connect")
        assert sum(bool(page.events(frame, trigger)) for frame in frames for trigger in ("expand",)) == dialogs
        typed_server = page.responding()["inputs"][-1]
        assert sum(typed_server in d["outputs"] for d in page.config["dependencies"]) == events + bool(dialogs)
        assert [d for d in page.config["dependencies"] if "endpoint" in str(d["api_name"])] == []


def test_a_kept_address_is_not_asked_where_nobody_may_connect_a_model(quoting: Assistant) -> None:
    with Endpoint(says(REPLY), models=["one"]) as server:
        for who, remote, connected in (
            (Who.NOBODY, {}, False),
            (Who.THIS_MACHINE, {"x_forwarded_for": "203.0.113.9"}, False),
            (Who.THIS_MACHINE, {}, True),
        ):
            for url in launched(quoting, who):
                page = Page(url, **remote)
                _, kept, listed, _, health = page.arrive({"name": "another endpoint", "address": server.url})
                assert (kept is not None, len(listed["choices"]) > 1, health) == (connected, connected, "")


def test_a_kept_model_is_chosen_again_by_a_chat_that_was_started_anew_or_said_to_be_gone(quoting: Assistant) -> None:
    with Endpoint(says(REPLY), models=["one", "two"]) as server:
        own = typed(server.url, "", quoting)
        own.look()
        kept = {"name": Models(quoting).typed_name(list(own.listed())[1]), "address": server.url}
        gone = {**kept, "name": Models(quoting).typed_name("0123456789abcdef")}
        for url in launched(quoting, Who.EVERYBODY):
            for sent, label in ((kept, "two at 127.0.0.1"), (gone, "Quotes, no model")):
                page = Page(url)
                again = page.arrive(sent)
                picked, health = page.looked(again)
                assert (picked["value"], "is not there now" in health) == (named(Models(quoting), label, own), sent is gone)
            page = Page(url)
            server.__exit__(None, None, None)
            picked, health = page.looked(page.arrive(kept))
            assert picked["value"] == STARTED
            assert "The model that you chose is not there now." in health


def test_a_visitor_behind_a_proxy_can_neither_look_for_servers_nor_name_one(quoting: Assistant) -> None:
    with Endpoint(says(REPLY), models=["one"]) as server:
        for url in launched(quoting, Who.THIS_MACHINE):
            for header in ("x_forwarded_for", "x_forwarded_host", "forwarded", "via"):
                page = Page(url, **{header: "203.0.113.9"})
                for trigger, event in (
                    ("expand", {}),
                    ("select", {"server": 0, "model": ""}),
                    ("submit", {"address": server.url, "key": ""}),
                ):
                    assert "--allow-endpoint-change" in page.dialog(trigger, **event)[0]
        assert server.requests == []


def test_a_model_that_was_not_offered_cannot_be_used(quoting: Assistant) -> None:
    for url in launched(quoting, Who.EVERYBODY):
        page = Page(url)
        for event in ({"server": 0, "model": "x"}, {"server": -1, "model": "x"}, {"server": "x", "model": 5}, {}):
            assert "This server was not offered." in page.dialog("select", **event)[0]


def test_an_endpoint_typed_into_one_page_is_that_browser_s_alone_and_its_key_is_nowhere(
    quoting: Assistant, home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with Endpoint(fails(401, f"wrong key {KEY}"), says(REPLY), models=["one", "two"]) as server:
        for url in launched(quoting, Who.EVERYBODY):
            page, other = Page(url), Page(url)
            offers = page.dialog("submit", address=server.url, key=KEY)[0]
            key = re.findall(r'data-model="(\w+)"', offers)[0]
            refused = page.dialog("select", server=0, model=key)[0]
            assert "was refused by" in refused
            _, _, _, kept, picked, _, health = page.dialog("select", server=0, model=key)
            assert "one answered in" in health
            assert (kept["address"], kept["keyed"]) == (server.url, True)
            assert [label for label, _ in picked["choices"]] == ["Quotes, no model", "one at 127.0.0.1", "two at 127.0.0.1"]
            page.answer(picked["value"])
            assert "samples the training graph itself" in page.heard
            assert server.chats[-1].headers["authorization"] == f"Bearer {KEY}"
            asked = len(server.requests)
            with pytest.raises(AssertionError, match="not in the list of choices"):
                other.answer(picked["value"])
            assert "is no longer known. Connect the model again." in other.arrive(kept)[-1]
            again = Page(url)
            assert "private network" in again.dialog("submit", address="http://10.0.0.1/", key=KEY)[0]
            assert len(server.requests) == asked
            heard = page.heard + other.heard + again.heard + httpx.get(f"{url}config").text
    said = capfd.readouterr()
    kept_files = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file() and "models" not in path.parts)
    assert KEY not in heard + said.out + said.err
    assert KEY.encode() not in kept_files
    assert b'"model": "one"' in kept_files or b'"model":"one"' in kept_files  # the history tells who answered


def test_an_endpoint_is_typed_in_the_browser_and_answers(quoting: Assistant, browser: Browser) -> None:
    with Endpoint(says(REPLY), models=[f"model-{n:03}" for n in range(120)] + HOSTILE) as server:
        tab = browser.new_page(viewport={"width": 1440, "height": 900})
        for url in launched(quoting, Who.EVERYBODY):
            tab.goto(url)
            tab.get_by_role("button", name="Connect a model").click()
            tab.get_by_label("Address").fill(server.url)
            tab.get_by_label("Key, if it wants one").fill(KEY)
            tab.get_by_role("button", name="Find its models").click()
            expect(tab.locator("#connect .told")).to_have_text("Choose one of its models.")
            expect(tab.get_by_label("Key, if it wants one")).to_have_value("")
            tab.get_by_role("button", name="Use ../../etc/passwd").click()
            expect(tab.locator("#picker .health.good")).to_contain_text("answered in")
            picker = tab.get_by_label("Answers by").first
            expect(picker).to_have_value("../../etc/passwd at 127.0.0.1")
            picker.press("ControlOrMeta+a")
            picker.press_sequentially("<img")
            expect(tab.get_by_role("option")).to_have_count(1)
            expect(tab.get_by_role("option")).to_contain_text("<img src=x onerror=alert(1)>")
            picker.press("ControlOrMeta+a")
            picker.press_sequentially("model-11")
            expect(tab.get_by_role("option")).to_have_count(10)
            tab.get_by_role("option", name="model-117").click()
            ask(tab, QUESTION)
            expect(tab.locator("#thread .copy")).to_have_count(1)
            expect(tab.locator("#thread .facts").last).to_contain_text("model-117")
            assert server.chats[-1].body["model"] == "model-117"
            tab.reload()
            expect(tab.get_by_label("Answers by").first).to_have_value("model-117 at 127.0.0.1")
        tab.close()
