"""The style sheets and the script name classes of Gradio's, which are no part of its interface: each must still be there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import gradio

from rag.types import Verdict

UI = Path(__file__).resolve().parents[2] / "ui"
OUR_STATES = {"dropping", "good", *get_args(Verdict)}  # set by Python or by the script, beside another class
NAME = re.compile(r"\.([A-Za-z][\w-]*)")


def styled() -> set[str]:
    sheets = "".join(path.read_text("utf-8") for path in (UI / "static").glob("*.css"))
    selectors = re.sub(r"\{[^{}]*\}", " ", re.sub(r"/\*.*?\*/", "", sheets, flags=re.DOTALL))
    script = "".join(path.read_text("utf-8") for path in (UI / "static").glob("*.js"))
    found = re.findall(r'(?:querySelector|querySelectorAll|closest|matches|find)\("([^"]*)"', script)
    return set(NAME.findall(selectors + " ".join(found)))


def ours() -> set[str]:
    code = "".join(path.read_text("utf-8") for path in UI.rglob("*.py"))
    templates = "".join(path.read_text("utf-8") for path in (UI / "templates").rglob("*.*"))
    templates = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", " ", templates)
    written = re.findall(r"""elem_classes=["']([^"']*)""", code) + re.findall(r"""class=["']([^"'>]*)""", templates + code)
    return OUR_STATES.union(*(names.split() for names in written))


def test_each_class_of_gradios_that_is_styled_is_in_its_frontend() -> None:
    frontend = Path(gradio.__file__).parent / "templates" / "frontend"
    bundled = "\n".join(path.read_text("utf-8", "replace") for path in frontend.rglob("*") if path.suffix in (".css", ".js"))
    known = set(NAME.findall(bundled)) | set(re.findall(r"(?<=[\"'` ])[\w-]+(?=[\"'` ])", bundled))
    assert {"card", "cite", "reports", "health", "last-row"} <= ours()
    theirs = styled() - ours()
    assert {"label-wrap", "submit-button", "stop-button", "toggle-button"} <= theirs
    assert sorted(theirs - known) == []
