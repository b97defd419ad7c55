"""Makes the picture of the chat in README: uv run python docs/picture.py [FILE.png].

The chat runs by its own command over RAG_HOME, a scripted local model answers, and Chromium takes the picture.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

sys.path.insert(0, str(Path(__file__).parent))
from scripted import MODEL, QUESTION, REPLY, serving

PICTURE = Path(__file__).parent / "images" / "chat.png"
CHROMIUM = "/usr/bin/chromium"
WIDTH, HEIGHT = 1280, 620
_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
_ROOT = Path(__file__).resolve().parents[1]
_COLOURS = 128  # in the file: enough for text, and a third of the bytes
_WAIT_MS = 90_000  # for the page and for the answer, on a busy machine


def take(path: Path) -> None:
    """Write the picture of a chat that has answered QUESTION to `path`, as a PNG."""
    with serving(REPLY) as url, _chat(url) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_FLAGS))
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        _ask(page, address)
        page.screenshot(path=str(path), animations="disabled")
        browser.close()
    with Image.open(path) as picture:
        fewer = picture.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
    fewer.save(path, optimize=True)


def _ask(page: Page, address: str) -> None:
    page.set_default_timeout(_WAIT_MS)
    page.goto(address)
    page.locator("#question textarea").fill(QUESTION)
    page.keyboard.press("Enter")
    expect(page.locator("#thread .copy")).to_have_count(1, timeout=_WAIT_MS)  # the answer is whole
    page.locator("#thread a.cite").first.click()
    expect(page.locator("#sources mark[data-active]")).to_have_count(1, timeout=_WAIT_MS)
    page.mouse.move(2, 2)
    page.wait_for_timeout(500)  # scrolling to the evidence ends


@contextmanager
def _chat(base_url: str) -> Iterator[str]:
    """Run `python -m ui` with the model at `base_url`; give the address it prints."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "ui", "--no-browser", "--port", str(port)]
    environment = {**os.environ, "RAG_BASE_URL": base_url, "RAG_MODEL": MODEL}
    with subprocess.Popen(command, cwd=_ROOT, env=environment, stdout=subprocess.PIPE, text=True) as chat:
        assert chat.stdout is not None
        try:
            found = next(filter(None, (re.search(r"Open (http\S+)", line) for line in chat.stdout)), None)
            if found is None:
                raise SystemExit("The chat did not start; its message is above.")
            yield found.group(1)
        finally:
            chat.terminate()


if __name__ == "__main__":
    take(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE)
