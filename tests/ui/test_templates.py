"""The templates: what they escape by themselves, that none lacks a value, and that all HTML of the pages is in them."""

from __future__ import annotations

import ast
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import TemplateNotFound, UndefinedError
from markupsafe import Markup
from support.factories import answer, paper, sources

import ui
from rag.types import Answer
from ui.chat import exchanges
from ui.chat.conversation import Conversation
from ui.library import panel as library
from ui.library.address import View
from ui.rendering import HTML, markdown_safe, rendered

UI = Path(ui.__file__).parent
CODE = sorted(UI.rglob("*.py"))
EVIL = "<script>alert(1)</script> \"double\" 'single' & &lt; ![x](http://outside.invalid/x.png) `c`"


class Elements(HTMLParser):
    """The elements of some HTML, their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: dict[str, str | None] = {}
        self.text = ""
        self.feed(str(html))  # a Markup would escape its own slices
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes.update(attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def hostile() -> Answer:
    """An answer about a paper whose every field is hostile."""
    shown = paper(EVIL, authors=(EVIL,), organisation=EVIL, url=f"https://x.example/?{EVIL}")
    return answer(f"It dims lamps [1]. {EVIL}", sources(shown), question=EVIL, model=EVIL, warnings=(EVIL,), reasoning=EVIL)


def test_title_author_and_address_of_a_paper_are_escaped_by_the_template() -> None:
    shown = paper(EVIL, authors=(EVIL,), organisation=EVIL, url=f"https://x.example/?{EVIL}", sources=(EVIL,))
    page = Elements(library.paper(shown, [(shown, 0.5)], View(q=EVIL)))
    assert "script" not in page.elements
    assert page.text.count(EVIL) >= 5
    similar = (page.attributes["href"] or "").partition("?")[2]
    assert View.read(similar) == View(q=EVIL, paper=shown.id)
    cards = Elements(Conversation(None, (hostile(),)).panel())
    assert "script" not in cards.elements
    assert cards.text.count(EVIL) >= 3
    assert cards.attributes["id"] == "copy-0"
    links = Elements(rendered("chat/about.html", parts=[EVIL], links=[(EVIL, EVIL)]))
    assert links.elements == ["p", "bdi", "a"]
    assert links.attributes["href"] == EVIL
    assert links.text == f"{EVIL} · {EVIL}"


def test_a_text_in_an_answer_is_no_element_link_or_image() -> None:
    shown = Elements(exchanges.finished(0, hostile()))
    assert set(shown.elements) <= set("h2 p span div details summary button a code i ol li".split())
    assert EVIL.partition("`")[0] in shown.text
    assert [name for name in shown.attributes if name.startswith("on")] == []
    assert str(shown.attributes["href"]).startswith("#src-0-")


def test_what_a_template_made_is_escaped_once() -> None:
    assert rendered("heading.html", text="a < b & c") == "<h2>a &lt; b &amp; c</h2>"
    assert rendered("heading.html", text=Markup("<b>a</b>")) == "<h2><b>a</b></h2>"
    assert markdown_safe(r"\(x\) \[y\] \\[z]") == r"\(x\) \[y\] \\&#91;z&#93;"


def test_a_missing_value_raises_and_so_does_a_missing_template() -> None:
    with pytest.raises(UndefinedError, match="'text' is undefined"):
        rendered("heading.html")
    with pytest.raises(UndefinedError, match="no attribute 'anchor'"):
        rendered("chat/listing.html", listed=[object()])
    with pytest.raises(TemplateNotFound):
        rendered("nosuch.html")


def test_each_template_compiles_and_is_used_and_each_one_named_is_there() -> None:
    there = {name for name in HTML.list_templates() if name.endswith(".html")}
    for name in there:
        HTML.get_template(name)
    written = "".join(path.read_text("utf-8") for path in [*CODE, *(UI / "templates").rglob("*.*")])
    named = set(re.findall(r'(?:rendered\(|\{% (?:extends|include|from) )\s*"([^"]+)"', written))
    assert len(named) > 20
    assert named == there


def test_no_html_is_written_in_code() -> None:
    element = re.compile(r"</?[a-z][a-z0-9]*(?:\s[^<]*)?>")
    written = [path for path in CODE if path.parent.name != "reading" or path.name == "marks.py"]  # Markdown becomes HTML there
    assert [(path.name, tag) for path in written for text in literals(path) for tag in element.findall(text)] == []


def literals(path: Path) -> list[str]:
    """Return the strings of a module, without its docstrings."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    constants = [node for node in nodes if isinstance(node, ast.Constant) and id(node) not in docstrings]
    return [node.value for node in constants if isinstance(node.value, str)]


def test_each_answer_has_its_sources_by_its_place() -> None:
    talk = Conversation(None, (answer(id="a"), answer(id="b", answer="<section id=x>")))
    assert re.findall(r"<section id=\"(\S+)\"", talk.panel()) == ["sources-0", "sources-1"]
    writing = '<section id="sources-2"></section>'
    assert re.findall(r"<section id=\"(\S+)\"", talk.panel(writing)) == ["sources-0", "sources-1", "sources-2"]
