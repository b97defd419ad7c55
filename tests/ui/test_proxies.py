"""The chat in Chromium behind a real nginx: with the configuration of examples/hosting, and set up wrongly."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme
import yaml
from playwright.sync_api import Browser, Page, expect
from support.chat_page import QUESTION, PausedModel, ask, shut

from rag.assistant import Assistant
from rag.index.minilm import MiniLM
from rag.settings.settings import load
from ui.chat.page import build, launch_options

ROOT = Path(__file__).resolve().parents[2]
HOSTING = ROOT / "examples" / "hosting"
NAME = "localhost"
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"

Start = Callable[[str], int]

pytestmark = pytest.mark.skipif(not Path(NGINX).exists(), reason="nginx is not installed")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def paused() -> PausedModel:
    return PausedModel("GraphSAINT samples the training graph itself [1]. ", "It builds a complete GCN on the subgraph [1].")


@pytest.fixture
def port(starter_home: Path, embedder: MiniLM, paused: PausedModel) -> Iterator[int]:
    """The port of a chat that does not know of a sub-path."""
    page = build(Assistant(load(home=starter_home), embedder=embedder, model=paused))
    _, url, _ = page.launch(server_name="127.0.0.1", prevent_thread_lock=True, **launch_options())
    yield int(url.rstrip("/").rsplit(":", 1)[1])
    shut(page)


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Start]:
    """nginx(server) starts nginx with a server block that has no port yet, over https; it gives the port."""
    trustme.CA().issue_cert(NAME).private_key_and_cert_chain_pem.write_to_path(tmp_path / "both.pem")
    started: list[subprocess.Popen[bytes]] = []

    def start(server: str) -> int:
        listening = free_port()
        block = re.sub(r"ssl_certificate(_key)? \S+;", rf"ssl_certificate\1 {tmp_path}/both.pem;", server)
        block = re.sub(r"listen 443", f"listen {listening}", block)
        temporary = "access_log off; " + "".join(
            f"{kind}_temp_path {tmp_path}/{kind}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        configuration = tmp_path / "nginx.conf"
        configuration.write_text(
            f"daemon off; pid {tmp_path}/pid; error_log {tmp_path}/errors; events {{}} http {{ {temporary}\n{block} }}"
        )
        started.append(subprocess.Popen([NGINX, "-e", str(tmp_path / "errors"), "-c", str(configuration)]))
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", listening)) == 0:
                    return listening
            time.sleep(0.05)
        raise AssertionError((tmp_path / "errors").read_text())

    yield start
    for process in started:
        process.terminate()
        process.wait()


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(ignore_https_errors=True, viewport={"width": 1440, "height": 900})
    yield context.new_page()
    context.close()


def test_behind_nginx_under_a_sub_path_an_answer_comes_in_pieces_is_kept_and_papers_open(
    tab: Page, nginx: Start, port: int, paused: PausedModel
) -> None:
    server = (HOSTING / "nginx.conf").read_text("utf-8").replace("127.0.0.1:7860", f"127.0.0.1:{port}")
    base = f"https://{NAME}:{nginx(server)}/rag"
    outside: list[str] = []
    tab.on("request", lambda request: None if request.url.startswith((f"{base}/", "data:")) else outside.append(request.url))
    tab.goto(base)
    ask(tab, QUESTION)
    expect(tab.locator("#thread")).to_contain_text("samples the training graph itself")  # while the rest is not there yet
    paused.go_on.set()
    expect(tab.locator("#thread .copy")).to_have_count(1)
    tab.reload()
    tab.locator("button.toggle-button").first.click()
    expect(tab.locator("#listed label")).to_contain_text(QUESTION)
    tab.goto(f"{base}/library")
    tab.locator("#found .papers a").first.click()
    expect(tab.locator("#paper a.ask")).to_be_visible()
    assert tab.url.startswith(f"{base}/library?paper=")
    assert [url for url in outside if not url.endswith(("/rag", "/manifest.json"))] == []


WRONG = {
    "the name is not passed on": (
        "/",
        "",
        "let it pass the name and the port on as Host (nginx: proxy_set_header Host $http_host;).",
    ),
    "the port is not passed on": ("/", "proxy_set_header Host $host;", "let it pass the name and the port on as Host"),
    "the sub-path is not told": (
        "/papers/",
        "proxy_set_header Host $http_host;",
        "start it with --root-path /papers, or let the proxy send X-Forwarded-Prefix: /papers.",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_behind_a_proxy_that_is_set_up_wrongly_the_page_says_how_to_mend_it(
    tab: Page, nginx: Start, port: int, case: str
) -> None:
    path, headers, told = WRONG[case]
    certificates = "ssl_certificate x; ssl_certificate_key x;"
    server = f"server {{ listen 443 ssl; {certificates} location {path} {{ proxy_pass http://127.0.0.1:{port}/; {headers} }} }}"
    tab.goto(f"https://{NAME}:{nginx(server)}{path}", wait_until="commit")  # the script stops the loading
    expect(tab.get_by_role("alert")).to_contain_text(told)
    expect(tab.locator("gradio-app")).to_have_count(0)


def test_a_proxy_that_does_not_tell_of_https_still_gets_a_page_that_works(
    tab: Page, nginx: Start, port: int, paused: PausedModel
) -> None:
    paused.go_on.set()
    certificates = "ssl_certificate x; ssl_certificate_key x;"
    proxied = f"proxy_pass http://127.0.0.1:{port}; proxy_set_header Host $http_host;"
    server = f"server {{ listen 443 ssl; {certificates} location / {{ {proxied} }} }}"
    tab.goto(f"https://{NAME}:{nginx(server)}/")
    ask(tab, QUESTION)
    expect(tab.locator("#thread .copy")).to_have_count(1)


def test_the_page_on_hosting_shows_the_configurations_as_they_are() -> None:
    page = (ROOT / "docs" / "hosting.md").read_text("utf-8")
    for name in ("nginx.conf", "Caddyfile", "traefik.yml"):
        assert (HOSTING / name).read_text("utf-8").rstrip() in page, name
    assert yaml.safe_load((HOSTING / "traefik.yml").read_text("utf-8"))["http"]["routers"]
