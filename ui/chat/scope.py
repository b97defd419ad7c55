"""The chips in the question's frame: which papers are asked, what restricts them, and how many are read for an answer.

Each restriction can be lifted there. The first chip and the last unfold the fields of filters_form.
"""

from __future__ import annotations

from typing import Any

import gradio as gr
from markupsafe import Markup

from rag.assistant import Assistant
from rag.errors import UsageError
from rag.types import Filters
from ui import theme
from ui.chat.answering import Live
from ui.chat.components import PRIVATE
from ui.rendering import counted, rendered

_FIELDS = ("k", "listing", "since", "until", "source", "title", "min_authors", "papers")  # as filters_form.take() has them
_TOGETHER = {"dates": ("since", "until")}  # the fields of a chip that stands for several


def build(assistant: Assistant) -> gr.HTML:
    """Add the chips to the page that is being built."""
    return gr.HTML(
        str(chips(assistant, assistant.k)),
        html_template=str(rendered("chat/scope_frame.html")),
        js_on_load=theme.script("scope.js"),
        apply_default_css=False,
        elem_id="scope",
        padding=False,
    )


def connect(
    page: gr.Blocks, assistant: Assistant, shown: gr.HTML, fields: list[gr.components.Component], new: gr.Button, live: gr.State
) -> None:
    """Show what the fields hold, lift what a chip is pressed for, and empty all fields when `new` begins a conversation."""

    def show(*held: Any) -> Markup:
        return chips(assistant, *held)

    def lift(event: gr.SelectData) -> list[Any]:
        return lifted(assistant, str(event.value))

    def begin(live: Live) -> list[Any]:
        return [gr.skip()] * len(_FIELDS) if live.writing else lifted(assistant, *_FIELDS)

    page.load(show, fields, shown, **PRIVATE)  # the library may have grown since the page was built
    changes = [field.change for field in fields]  # type: ignore[attr-defined]
    gr.on(changes, show, fields, shown, trigger_mode="always_last", show_progress="hidden", **PRIVATE)
    shown.select(lift, None, fields, show_progress="hidden", **PRIVATE)
    new.click(begin, live, fields, show_progress="hidden", **PRIVATE)


def chips(
    assistant: Assistant,
    k: int,
    listing: bool = False,
    since: str | None = None,
    until: str | None = None,
    source: str | None = None,
    title: str | None = None,
    min_authors: int | None = None,
    papers: tuple[str, ...] = (),
) -> Markup:
    """Return the chips as HTML. What is no date is shown as it was typed: asking says what is wrong with it."""
    restrictions = {
        "papers": _selected(assistant, papers),
        "dates": _dates((since or "").strip(), (until or "").strip()),
        "source": f"listed by “{source}”" if source else "",
        "title": f"“{title.strip()}” in the title" if title and title.strip() else "",
        "min_authors": f"{counted(min_authors, 'author')} or more" if min_authors else "",
    }
    restrictions = {field: label for field, label in restrictions.items() if label}
    asked = Filters(since=since, until=until, source=source, title=title, min_authors=min_authors or None, papers=papers)
    return rendered(
        "chat/scope.html",
        asked=_asked(assistant, asked if restrictions else None),
        restrictions=restrictions | ({"listing": "only list the papers"} if listing else {}),
        k=k,
    )


def lifted(assistant: Assistant, *chosen: str) -> list[Any]:
    """Return the updates of all fields that empty the `chosen` ones, which are named as the chips are."""
    names = {name for chip in chosen for name in _TOGETHER.get(chip, (chip,))}
    empty = {"k": assistant.k, "listing": False, "source": None, "min_authors": 0, "papers": ()}
    return [empty.get(name, "") if name in names else gr.skip() for name in _FIELDS]


def _asked(assistant: Assistant, filters: Filters | None) -> str:
    """Return how many papers are asked, such as "31 of 574 papers"; without the 31 where a filter cannot be used."""
    every = counted(assistant.count(), "paper")
    if filters is None:
        return f"All {every}"
    try:
        return f"{len(assistant.library.matching(assistant.scope.checked(filters))):,} of {every}"
    except UsageError:
        return every


def _selected(assistant: Assistant, papers: tuple[str, ...]) -> str:
    if len(papers) != 1:
        return counted(len(papers), "selected paper") if papers else ""
    return "".join(f"“{paper.title}”" for paper in assistant.library.papers(papers).values())


def _dates(since: str, until: str) -> str:
    if since and until:
        return since if since == until else f"{since} to {until}"
    return f"{since} and later" if since else f"up to {until}" if until else ""
