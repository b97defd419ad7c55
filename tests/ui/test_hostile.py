"""Texts made to break pages, in a real browser: as title, author, abstract, question, filter, source, thought and answer.

The browser is told to pass over the Content-Security-Policy, so that only what the page itself does with a text counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from support.chat_page import serve
from support.factories import SHARED, HashEmbedder, QueueModel, pieces, silent

from rag import ingestion
from rag.assistant import Assistant
from rag.events import Finish, Thought
from rag.settings.settings import load
from rag.types import Usage
from ui import theme

OUTSIDE = "outside.invalid"
KNOWN = "Lantern networks dim street lamps by learning from footsteps"
LOTS = 4
SHOWN = 6  # papers, as many as the page puts before a model
OURS = [
    "<img src=x onerror=window.hit=1>",
    "<img/src=x/onerror=window.hit=1>: a name that would be an example",
    "\"><svg onload='window.hit=1'>",
    "'\"><details open ontoggle=window.hit=1>x</details>",
    f"![x]( http://{OUTSIDE}/paren ) <http://{OUTSIDE}/auto> [r]: http://{OUTSIDE}/ref",
    f"\\![x](http://{OUTSIDE}/slash) \\\\![x](http://{OUTSIDE}/slashes) \\[\\href{{javascript:window.hit=1}}{{x}}\\]",
    f"\\(\\includegraphics{{http://{OUTSIDE}/maths}}\\)",
    "\\(\\htmlStyle{position:fixed;width:9000px}{x}\\) \\(\\rule{900em}{9em}\\)",
    f"<div style='position:fixed;inset:0;width:9000px;background:url(http://{OUTSIDE}/css)'>x</div></li></ol></section></div>",
    f"&lt;img src=http://{OUTSIDE}/entity&gt; &#60;img src=http://{OUTSIDE}/number&#62;",
    f"~~~html\n<img src=http://{OUTSIDE}/fence>\n~~~\n\n    <img src=http://{OUTSIDE}/indent>",
    "| a | b |\n|---|---|\n| " + "wide" * 400 + " | <b>x</b> |",
    "W" * 3_000,
    "مرحبا \u202e reversed \u2066 isolated \u200b nothing \ufeff mark \u2028 line",
    "\\(" + "x" * 2_000 + "\\)",
]

# What stands out of the window and cannot be scrolled to where it stands.
BEYOND = """(width) => [...document.querySelectorAll("#thread *, #sources *, #question *")]
  .filter((e) => e.getBoundingClientRect().width && e.getBoundingClientRect().right > width + 1)
  .filter((e) => !e.closest("pre, table, math")).map((e) => `${e.tagName}.${e.className} ${e.textContent.slice(0, 60)}`)"""


def texts() -> list[str]:
    folder = SHARED / "adversarial"
    if not folder.is_dir():
        pytest.skip("the hostile texts are not beside this checkout (../shared/adversarial)")
    lines = (folder / "gradio_render_cases" / "cases.jsonl").read_text("utf-8").splitlines()
    cases = [json.loads(line)["payload"].replace("http://X", f"http://{OUTSIDE}") for line in lines]
    listed: list[str] = json.loads((folder / "blns" / "blns.json").read_text("utf-8"))
    return OURS + cases + [text for text in listed if text.strip()]


NAME = "<img src=x onerror=window.hit=1>![x](/gradio_api/file=https://outside.invalid/name.png)"  # of the model


def dealt(among: Sequence[str], lots: int) -> list[list[str]]:
    return [list(among[n::lots]) for n in range(lots)]


@dataclass
class Watched:
    """A page, and what it did that it should not."""

    tab: Page
    model: QueueModel
    asked: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def hostile_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library in which each text is part of a title, of an author's name and of an abstract."""
    home = tmp_path_factory.mktemp("hostile")
    told = tmp_path_factory.mktemp("told") / "<img src=x onerror=window.hit=1>![x](x).jsonl"
    lines = []
    for lot, among in enumerate(dealt(texts(), LOTS)):
        for n, some in enumerate(dealt(among, SHOWN)):
            joined = " ".join(some)
            lines.append(
                {
                    "title": f"{joined} lot{lot}" if n % 3 == 0 else f"{KNOWN} lot{lot} {joined}",
                    "abstract": f"{KNOWN}. It was tried in {n + 2} towns. {joined}",
                    "authors": [" ".join(part) or "N. N." for part in dealt(some, 4)],
                    "organisation": some[0],
                    "published": "2024-05-01",
                    "url": f"https://{OUTSIDE}/'\"><img/src=x/onerror=window.hit=1>",
                }
            )
    told.write_text("\n".join(json.dumps(line) for line in lines), "utf-8")
    [report] = ingestion.ingest(home, [str(told)], HashEmbedder(), silent)
    assert report.added == LOTS * SHOWN
    return home


@pytest.fixture
def watched(browser: Browser, hostile_home: Path) -> Iterator[Watched]:
    model = QueueModel(name=NAME)
    server = serve(Assistant(load(home=hostile_home), embedder=HashEmbedder(), model=model))  # type: ignore[arg-type]
    url = next(server)
    context = browser.new_context(viewport={"width": 1440, "height": 900}, bypass_csp=True)
    tab = context.new_page()
    page = Watched(tab, model)
    tab.set_default_timeout(60_000)
    tab.on("request", lambda request: page.asked.append(request.url))
    tab.on("dialog", lambda dialog: (page.dialogs.append(dialog.message), dialog.dismiss()))
    tab.goto(url)
    yield page
    context.close()
    next(server, None)


def test_no_text_makes_the_page_ask_run_or_break(watched: Watched) -> None:
    tab = watched.tab
    tab.locator(".unfold").first.click()
    words = tab.get_by_role("textbox", name="Words of the title")
    for lot, among in enumerate(dealt(texts(), LOTS)):
        joined = "\n\n".join(among)
        cited = " ".join(f"Lamps hum [{n}]." for n in range(1, SHOWN + 2))
        text = f"{KNOWN} [1]. {cited}\n\n{joined}\n\nThe end of answer {lot}."
        watched.model.replies = [[Thought(text), *pieces(text, 1_500), Finish(True, None, Usage(10_000, 10))]]
        words.fill(f"lot{lot}")
        tab.locator("#question textarea").fill(f"How do lantern networks dim street lamps? {joined}"[:7_900])
        tab.locator("#question textarea").press("Enter")
        expect(tab.locator("#thread")).to_contain_text(f"The end of answer {lot}.")
        expect(tab.locator("#sources section:visible [role=tab]").first).to_have_text(f"Sources {SHOWN}")
        expect(tab.locator("#sources section:visible .card")).to_have_count(SHOWN)
    words.fill("<img src=x onerror=window.hit=1>![x](/gradio_api/file=https://outside.invalid/filter.png)")
    tab.locator("#question textarea").fill("How do lantern networks dim street lamps?")
    tab.locator("#question textarea").press("Enter")
    expect(tab.locator("#thread .scope", has_text="in the title").last).to_be_visible()
    tab.locator("#thread a.cite").first.click()

    own = tab.url.partition("?")[0]
    strange = [url for url in watched.asked if not url.startswith((own, "data:", "blob:")) or "file=http" in url]
    assert strange == []
    assert watched.dialogs == []
    assert tab.title().endswith(theme.TITLE)
    assert tab.evaluate("window.hit") is None
    live = (
        "img, video, audio, picture, source, iframe, object, embed, script, style, link, meta, form, base, a:not(.cite, .only)"
    )
    assert tab.locator("#thread").locator(live).count() == 0
    assert tab.locator("#sources").locator(live).count() == tab.locator("#sources .about a").count() == LOTS * SHOWN
    for width, height in ((1440, 900), (390, 844)):
        tab.set_viewport_size({"width": width, "height": height})
        tab.wait_for_timeout(500)
        assert tab.evaluate("document.documentElement.scrollWidth") <= width + 1
        assert tab.evaluate(BEYOND, width) == []
        expect(tab.locator("#question textarea")).to_be_visible()
        tab.locator("#question textarea").scroll_into_view_if_needed()
        expect(tab.locator("#question textarea")).to_be_in_viewport()
