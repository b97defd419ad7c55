"""A model is connected from the page: servers are found, tested before they are used, and kept by the browser."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect
from support.chat_page import QUESTION, ask, open_side, shut
from support.endpoint_server import Endpoint, fails, hangs, says
from support.homes import copy_home

from rag.assistant import Assistant
from rag.errors import EndpointError, UsageError
from rag.index.minilm import MiniLM
from rag.settings.settings import load
from ui import __main__ as command
from ui.chat.page import build, launch_options
from ui.models.connecting import Connected, Connecting, Kept, Who, found_here, tried
from ui.models.servers import typed
from ui.serving.forwarded import is_of_this_machine

REPLY = "GraphSAINT samples the training graph itself [1]."
KEY = "typed-key-4711"


@pytest.fixture
def quoting(starter_home: Path, tmp_path: Path, embedder: MiniLM) -> Assistant:
    home = tmp_path / "connect"
    copy_home(starter_home, home)
    return Assistant(load(home=home, no_model=True), embedder=embedder)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(20_000)
    yield context
    context.close()


def port(server: Endpoint) -> int:
    return int(server.address.rpartition(":")[2])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def served(assistant: Assistant, *servers: Endpoint, who: Who = Who.THIS_MACHINE) -> Iterator[str]:
    """Serve a chat that looks for model servers where `servers` listen, and nowhere else."""
    ports = {port(server): "Ollama" for server in servers} or {free_port(): "Ollama", free_port(): "vLLM"}
    page = build(assistant, connecting=Connecting(who, ports))
    _, url, _ = page.launch(server_name="127.0.0.1", prevent_thread_lock=True, **launch_options())
    yield url
    shut(page)


def opened(page: Page) -> None:
    """Open the dialog, by keyboard."""
    page.get_by_role("button", name="Connect a model").press("Enter")
    expect(page.get_by_role("dialog", name="Connect a model")).to_be_visible()


def told(page: Page) -> Any:
    return page.locator("#connect .told")


def picked(page: Page) -> Any:
    return page.get_by_label("Answers by").first


# -- in the browser ------------------------------------------------------------------------------------------------------


def test_a_found_model_is_used_and_answers_after_a_reload_in_a_new_tab_and_in_the_collection(
    quoting: Assistant, context: BrowserContext
) -> None:
    with Endpoint(says(REPLY), models=["small", "tiny", "nomic-embed-text"]) as server:
        for url in served(quoting, server):
            page = context.new_page()
            page.goto(url)
            expect(page.locator("#who")).to_contain_text("Quotes from the abstracts.")
            assert server.requests == []  # nothing is looked for until the button is pressed
            opened(page)
            expect(page.locator("#connect li")).to_have_count(2)
            page.get_by_role("button", name="Use small").press("Enter")
            expect(page.get_by_role("dialog")).to_have_count(0)
            expect(page.locator("#picker .health.good")).to_contain_text("small answered in 0.")
            expect(page.get_by_role("button", name="Connect a model")).to_be_focused()
            expect(picked(page)).to_have_value("small at 127.0.0.1")
            ask(page, QUESTION)
            expect(page.locator("#thread .facts").last).to_contain_text("small")
            expect(page).to_have_url(re.compile("talk="))
            page.reload()
            expect(picked(page)).to_have_value("small at 127.0.0.1")
            for path in ("", "collection"):
                other = context.new_page()
                other.goto(f"{url}{path}")
                expect(picked(other)).to_have_value("small at 127.0.0.1")
                expect(other.locator("#picker .health.good")).to_contain_text("127.0.0.1 answers in")
            asked = len(server.chats)
            ask(page, QUESTION)
            expect(page.locator("#thread .facts")).to_have_count(2)
            assert [r.body["model"] for r in server.chats[asked:]] == ["small"]


def test_the_collection_asks_the_model_that_was_chosen_in_the_chat(quoting: Assistant, context: BrowserContext) -> None:
    with Endpoint(says(REPLY), models=["small"]) as server:
        for url in served(quoting, server):
            page = context.new_page()
            page.goto(url)
            opened(page)
            page.get_by_role("button", name="Use small").click()
            expect(picked(page)).to_have_value("small at 127.0.0.1")
            ask(page, QUESTION)
            expect(page.locator("#thread .facts")).to_have_count(1)
            page.locator("#sources .card .star").first.click()
            expect(page.locator("#masthead a[href=collection]")).to_have_attribute("data-count", "1")
            page.goto(f"{url}collection")
            expect(picked(page)).to_have_value("small at 127.0.0.1")
            asked = len(server.chats)
            page.get_by_label("Ask each paper").fill("What does it sample?")
            page.get_by_role("button", name="Add column").click()
            expect(page.locator("#asked")).to_contain_text("Asked 1 paper.")
            assert [r.body["model"] for r in server.chats[asked:]] == ["small"]


def test_a_server_that_answers_with_an_error_is_not_taken(quoting: Assistant, context: BrowserContext) -> None:
    with Endpoint(fails(404, "model small is gone"), models=["small"]) as server:
        for url in served(quoting, server):
            page = context.new_page()
            page.goto(url)
            opened(page)
            page.get_by_role("button", name="Use small").click()
            expect(told(page)).to_contain_text("There is no API, or no model small, at 127.0.0.1. Check its address and key,")
            expect(told(page)).to_have_class("told wrong")
            page.keyboard.press("Escape")
            expect(page.get_by_role("button", name="Connect a model")).to_be_focused()
            expect(page.locator("#who")).to_contain_text("Quotes from the abstracts.")
            page.reload()
            expect(page.locator("#who")).to_contain_text("Quotes from the abstracts.")


def test_nothing_found_and_refused_addresses_are_told_in_a_sentence(quoting: Assistant, context: BrowserContext) -> None:
    for url in served(quoting):
        page = context.new_page()
        page.goto(url)
        opened(page)
        expect(told(page)).to_have_text(
            "No model server was found on this machine. Start one, such as Ollama or vLLM, and look again; or type an address."
        )
        page.get_by_label("Address").fill("http://10.0.0.1/v1")
        page.get_by_role("button", name="Find its models").click()
        expect(told(page)).to_contain_text("10.0.0.1 is an address of a private network")
        page.get_by_label("Address").fill(f"http://127.0.0.1:{free_port()}/v1")
        page.get_by_label("Address").press("Enter")
        expect(told(page)).to_contain_text("Nothing listens at")
        expect(page.get_by_role("dialog")).to_be_visible()


def test_a_closed_dialog_leaves_the_model_that_it_tests_alone(quoting: Assistant, context: BrowserContext) -> None:
    def slow(to: Any) -> None:
        to.stopped.wait(2)
        says(REPLY)(to)

    with Endpoint(slow, models=["small"]) as server:
        for url in served(quoting, server):
            page = context.new_page()
            page.goto(url)
            opened(page)
            page.get_by_role("button", name="Use small").click()
            expect(told(page)).to_contain_text("Asking small…")
            server.asked.wait(5)
            page.keyboard.press("Escape")
            page.wait_for_timeout(2500)
            expect(page.locator("#who")).to_contain_text("Quotes from the abstracts.")
            opened(page)
            expect(page.locator("#connect li")).to_have_count(1)


@pytest.mark.parametrize(("width", "height", "scheme"), [(390, 844, "dark"), (1440, 900, "light")])
def test_axe_finds_nothing_in_the_dialog(quoting: Assistant, browser: Browser, width: int, height: int, scheme: Any) -> None:
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    with Endpoint(fails(400, "no"), models=["small", "a-model-with-a-long-name-" * 4]) as server:
        for url in served(quoting, server):
            page = context.new_page()
            page.goto(url)
            open_side(page)
            opened(page)
            page.get_by_role("button", name="Use small").click()
            expect(page.locator("#connect .told.wrong")).to_be_visible()
            box = page.get_by_role("dialog").bounding_box()
            assert box
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
            page.wait_for_timeout(400)
            assert Axe().run(page).response["violations"] == []
    context.close()


def test_a_shared_chat_says_what_to_do_and_looks_for_nothing(quoting: Assistant, context: BrowserContext) -> None:
    for url in served(quoting, who=Who.NOBODY):
        page = context.new_page()
        page.goto(url)
        opened(page)
        expect(page.get_by_role("dialog")).to_contain_text("whoever runs the chat has to start it with a model")
        expect(page.locator("#connect form")).to_have_count(0)


# -- who may -------------------------------------------------------------------------------------------------------------


def request(host: str | None, *, proxied: bool = False) -> Any:
    scope = {"client": (host, 1) if host else None, "rag.by_proxy": proxied}
    return SimpleNamespace(request=SimpleNamespace(scope=scope))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"])
def test_who_sits_at_this_machine_may_connect_a_model_but_not_through_a_proxy(host: str) -> None:
    assert Connecting(Who.THIS_MACHINE).allows(request(host))
    assert not Connecting(Who.THIS_MACHINE).allows(request(host, proxied=True))
    assert Connecting(Who.EVERYBODY).allows(request(host, proxied=True))
    assert not Connecting().allows(request(host))


@pytest.mark.parametrize("host", ["192.168.1.5", "203.0.113.9", "10.0.0.1", "nonsense", None])
def test_others_may_not_unless_the_option_lets_them(host: str | None) -> None:
    with pytest.raises(UsageError, match="start it with --allow-endpoint-change"):
        Connecting(Who.THIS_MACHINE).check(request(host))
    Connecting(Who.EVERYBODY).check(request(host))


def test_a_request_without_a_sender_is_not_of_this_machine() -> None:
    assert not is_of_this_machine({"type": "http"})


@pytest.mark.parametrize(
    ("options", "who"),
    [
        ([], Who.THIS_MACHINE),
        (["--auth", "ada:x"], Who.NOBODY),
        (["--auth-file", "users"], Who.NOBODY),
        (["--allowed-host", "papers.example.org"], Who.NOBODY),
        (["--trusted-proxy", "10.0.0.7"], Who.NOBODY),
        (["--root-path", "/rag"], Who.NOBODY),
        (["--auth", "ada:x", "--allow-endpoint-change"], Who.EVERYBODY),
    ],
)
def test_the_options_say_who_may(options: list[str], who: Who) -> None:
    assert command._connecting(command.arguments().parse_args(options)).who is who


# -- found, tested, kept -------------------------------------------------------------------------------------------------


def test_servers_are_found_with_the_models_that_chat_and_without_a_question(quoting: Assistant) -> None:
    with (
        Endpoint(models=["nomic-embed-text", "b", "A"]) as first,
        Endpoint(models=[]) as second,
        Endpoint(models=hangs) as third,
    ):
        began = time.monotonic()
        offers = found_here(quoting, {port(first): "Ollama", port(second): "vLLM", port(third): "", free_port(): ""})
        assert [(list(o.server.listed().values()), o.where, o.usual) for o in offers] == [
            (["A", "b"], f"127.0.0.1:{port(first)}", "Ollama"),
            ([], f"127.0.0.1:{port(second)}", "vLLM"),
        ]
        assert time.monotonic() - began < 2
        assert not first.chats


@pytest.mark.parametrize("behaviour", [says(" "), fails(500), fails(401)])
def test_a_model_that_gives_no_answer_fails_the_test(quoting: Assistant, behaviour: Any) -> None:
    with Endpoint(behaviour, models=["small"]) as server, pytest.raises(EndpointError):
        list(tried(typed(server.url, "", quoting).given.model))


@pytest.mark.parametrize(
    "sent", [None, 5, "x", [], {}, {"name": 5}, {"name": ""}, {"name": "a", "address": 7}, {"name": "a", "address": "x" * 3000}]
)
def test_what_is_no_kept_choice_is_passed_over(sent: Any) -> None:
    assert Kept.read(sent) is None


def test_a_key_is_known_to_the_browser_that_typed_it_alone_and_only_until_the_chat_ends(quoting: Assistant) -> None:
    with Endpoint(says(REPLY), models=["small"]) as server:
        named = typed(server.url, KEY, quoting)
        kept = Kept("another endpoint#1", named.address, keyed=named.keyed)
        assert Kept.read(kept.as_json()) == kept
        assert KEY not in str(kept.as_json())
        connected = Connected()
        connected.add("mine", named)
        assert connected.again("mine", kept, quoting) is named
        for other in (lambda: connected.again("theirs", kept, quoting), lambda: Connected().again("mine", kept, quoting)):
            with pytest.raises(UsageError, match="Connect the model again"):
                other()
        with pytest.raises(UsageError, match="private network"):
            connected.again("mine", Kept("x", "http://10.0.0.1/v1"), quoting)
