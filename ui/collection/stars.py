"""The stars of all pages: buttons that save papers into the collection, and take them out again.

A template only names the paper of a star (templates/collection/star.html). Which papers are saved is told once on each page, by
an invisible component whose script sets the state of every star, the ones that come later too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from typing import Any

import gradio as gr

from rag.assistant import Assistant
from rag.errors import LibraryError
from rag.storage.saved import SavedPapers
from ui.chat.kept_conversations import errors_as_warnings, owner
from ui.rendering import rendered

_PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}


@dataclass(frozen=True, slots=True)
class Stars:
    """Saves papers for the owner of a page. `component` tells the page which ones are saved."""

    assistant: Assistant
    saved: SavedPapers
    component: gr.HTML

    @classmethod
    def add(cls, page: gr.Blocks, assistant: Assistant, saved: SavedPapers) -> Stars:
        """Add the component to the page that is being built."""
        component = gr.HTML(_ids([]), elem_id="saved", padding=False, js_on_load=script("stars.js"))
        stars = cls(assistant, saved, component)
        page.load(stars.ids, None, component, **_PRIVATE)
        component.select(stars.set, None, component, trigger_mode="multiple", **_PRIVATE)
        return stars

    def ids(self, request: gr.Request) -> str:
        """Return the ids of the saved papers, as HTML for the script."""
        with errors_as_warnings():
            return _ids([one.paper.id for one in self.saved.papers(owner(request), self.assistant.library)])
        return _ids([])

    def set(self, event: gr.EventData, request: gr.Request) -> str:
        """Save the papers of a star that was pressed, or take them out; return what ids() does."""
        named = [str(paper_id) for paper_id in event.papers]
        with errors_as_warnings():
            if event.saved:
                self._save(named, owner(request))
            else:
                self.saved.remove(owner(request), named)
        return self.ids(request)

    def _save(self, named: list[str], owner: str) -> None:
        known = self.assistant.library.papers(named)
        self.saved.save(owner, [known[paper_id] for paper_id in named if paper_id in known])
        if len(known) < len(set(named)):
            raise LibraryError("The paper is no longer in the library.", "Load the page again.")

    def refresh_after(self, triggers: list[Callable[..., Any]]) -> None:
        """Tell the page anew which papers are saved after each of these events."""
        for then in triggers:
            then(self.ids, None, self.component, **_PRIVATE)


def script(name: str) -> str:
    """Return a script of ui/static, with what watches the page before it.

    It is run with `element`, that of its component, and `trigger`, which sends an event.
    """
    files = resources.files("ui").joinpath("static")
    return "".join(files.joinpath(part).read_text("utf-8") for part in ("changes.js", name))


def _ids(ids: list[str]) -> str:
    return rendered("collection/saved.html", ids=ids)
