"""The pages of docs/ build without a warning, load nothing from elsewhere, and look as they should in a browser."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from support.pages import PAGES, ROOT

pytest.importorskip("material", reason="MkDocs is not installed (uv sync --group docs)")
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "audio": "src", "embed": "src"}
ELSEWHERE = re.compile(r"^\s*(?:https?:)?//", re.IGNORECASE)


class Resources(HTMLParser):
    """Collects the addresses that a page loads by itself; a link that a reader clicks is none."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in LOADED:
            self.addresses.append(given.get(LOADED[tag]) or "")
        if tag == "link" and given.get("rel") not in ("canonical", "prev", "next", "alternate"):
            self.addresses.append(given.get("href") or "")
        self.addresses += (given.get("srcset") or "").split()
        self.addresses += re.findall(r"url\(['\"]?([^'\")]+)", given.get("style") or "")

    def handle_data(self, data: str) -> None:
        if self.lasttag == "style":
            self.addresses += in_css(data)


def in_css(text: str) -> list[str]:
    return re.findall(r"url\(\s*['\"]?([^'\")]+)", text) + re.findall(r"@import\s+['\"]([^'\"]+)", text)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


def test_every_page_is_built(site: Path) -> None:
    built = {str(page.relative_to(site)) for page in site.rglob("*.html")}
    assert built == {str(page.relative_to(ROOT / "docs").with_suffix(".html")) for page in PAGES} | {"404.html"}
    assert not list(site.rglob("*.py"))


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        found = Resources()
        found.feed(page.read_text("utf-8"))
        assert found.addresses
        assert [address for address in found.addresses if ELSEWHERE.match(address)] == [], page.name
    for sheet in site.rglob("*.css"):
        assert [address for address in in_css(sheet.read_text("utf-8")) if ELSEWHERE.match(address)] == [], sheet.name


def test_the_reference_is_made_from_the_code(site: Path) -> None:
    for name, expected in {
        "options": ("<code>--min-authors N</code>", "<code>evals calibrate</code>", "<code>--allow-endpoint-change</code>"),
        "settings": ("<code>RAG_RERANKER_OPTIONS</code>", "<code>max_answer_tokens</code>"),
        "errors": ("PromptTooLong",),
    }.items():
        text = (site / "reference" / f"{name}.html").read_text("utf-8")
        assert [part for part in expected if part not in text] == []
    for page in site.rglob("*.html"):
        assert "<!-- generated" not in page.read_text("utf-8")


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """The address of the built site, served on this machine."""
    handler = partial(Quiet, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet."""


def test_a_browser_asks_no_other_host_and_the_search_works(browser: Browser, site: Path, address: str) -> None:
    asked: list[str] = []
    page = browser.new_page(viewport={"width": 1300, "height": 900})
    page.on("request", lambda request: asked.append(request.url))
    for name in ("reference/options", "models/ollama", "changelog", "index"):  # the frame is the same on all pages
        page.goto(f"{address}/{name}.html")
    page.locator(".md-search__input").click(force=True)  # its label lies over it
    page.keyboard.type("reranker")
    expect(page.locator(".md-search-result__item").first).to_be_attached(timeout=30_000)
    page.goto(f"{address}/how.html")
    assert page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    assert page.evaluate("document.documentElement.scrollWidth") <= 1300
    page.close()
    assert len(asked) > 20
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
