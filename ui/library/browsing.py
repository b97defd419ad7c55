"""The list of papers with its search, filters and pages, and the one paper that is shown in place of the list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from rag.assistant import Assistant
from rag.errors import RagError, UsageError
from rag.request import MAX_QUESTION_CHARS
from rag.storage import filters
from rag.types import Filters
from ui.library import panel
from ui.library.clicks import PRIVATE, SEND_CLICKS

_PAGE_SIZE = 20  # papers
_SEARCH_DEPTH = 100  # papers that a search returns at most
_SIMILAR_PAPERS = 6

Values = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Browsing:
    """The components of the list, and `paper`, which takes the place of `listing`."""

    assistant: Assistant
    paper: gr.HTML
    listing: gr.Column
    number: gr.State
    search: gr.Textbox
    since: gr.Textbox
    until: gr.Textbox
    source: gr.Dropdown
    papers: gr.HTML
    before: gr.Button
    after: gr.Button

    @classmethod
    def build(cls, assistant: Assistant, paper: gr.HTML, listing: gr.Column) -> Browsing:
        """Add the list to the page that is being built."""
        number = gr.State(0)
        search = gr.Textbox(label="Search", placeholder="Words of titles and abstracts, or a subject", submit_btn="Search")
        with gr.Row():
            since = gr.Textbox(label="From", placeholder="2024-05", min_width=110)
            until = gr.Textbox(label="Until", placeholder="2024-05", min_width=110)
            source = gr.Dropdown([""], value="", label="Source", min_width=160)
        papers = gr.HTML(elem_id="found", padding=False, js_on_load=SEND_CLICKS)
        with gr.Row():
            before = gr.Button("← Before", size="sm", interactive=False)
            after = gr.Button("Next →", size="sm", interactive=False)
        return cls(assistant, paper, listing, number, search, since, until, source, papers, before, after)

    @property
    def fields(self) -> list[gr.components.Component]:
        """The search and the filters."""
        return [self.search, self.since, self.until, self.source]

    @property
    def refreshed(self) -> list[gr.components.Component]:
        """The components that refresh() shows anew."""
        return [self.source, *self._page]

    @property
    def _page(self) -> list[gr.components.Component]:
        return [self.papers, self.number, self.before, self.after]

    def connect(self, page: gr.Blocks) -> None:
        """Attach the events to the page."""
        shown: list[gr.blocks.Block] = [self.paper, self.listing]
        for changed in (self.search.submit, self.since.submit, self.until.submit, self.source.input):
            changed(self._first, self.fields, self._page, **PRIVATE)
        self.before.click(self._previous, [self.number, *self.fields], self._page, **PRIVATE)
        self.after.click(self._next, [self.number, *self.fields], self._page, **PRIVATE)
        page.load(self._open_address, None, shown, **PRIVATE)
        self.papers.select(self._open_clicked, None, shown, **PRIVATE)
        self.paper.select(self._open_clicked, None, shown, **PRIVATE)

    def refresh(self, *fields: str) -> Values:
        """Return the sources that can be chosen and the first page of the list, after the library has changed."""
        *others, source = fields
        names = list(self.assistant.library.sources())
        source = source if source in names else ""
        choices = [("all", ""), *((name, name) for name in names)]
        return gr.Dropdown(choices=choices, value=source), *self._first(*others, source)

    def _first(self, *fields: str) -> Values:
        return _listed(self.assistant, 0, *fields)

    def _previous(self, number: int, *fields: str) -> Values:
        return _listed(self.assistant, number - 1, *fields)

    def _next(self, number: int, *fields: str) -> Values:
        return _listed(self.assistant, number + 1, *fields)

    def _open_address(self, request: gr.Request) -> Values:
        return _opened(self.assistant, str(request.query_params.get("paper") or ""))

    def _open_clicked(self, event: gr.EventData) -> Values:
        return _opened(self.assistant, str(event.paper))


def _listed(assistant: Assistant, n: int, words: str | None, since: str, until: str, source: str) -> Values:
    """Return page `n`, from 0 on, of the papers that match, and whether there are pages before and after."""
    words = (words or "").strip()
    try:
        if len(words) > MAX_QUESTION_CHARS:
            raise UsageError(f"The search has more than {MAX_QUESTION_CHARS} characters.", "Use fewer words.")
        only = assistant.scope.checked(Filters(since=since, until=until, source=source))
        ids = _matching(assistant, words, only)
    except RagError as error:
        return panel.status(str(error), wrong=True), 0, gr.update(interactive=False), gr.update(interactive=False)
    n = max(0, min(n, (len(ids) - 1) // _PAGE_SIZE))
    start, end = n * _PAGE_SIZE, (n + 1) * _PAGE_SIZE
    known = assistant.library.papers(ids[start:end])
    papers = [known[paper_id] for paper_id in ids[start:end] if paper_id in known]
    html = panel.papers(papers, start + 1, _scope(assistant, words, only, len(ids), n))
    return html, n, gr.update(interactive=n > 0), gr.update(interactive=len(ids) > end)


def _matching(assistant: Assistant, words: str, only: Filters) -> list[str]:
    """Return the ids of the papers that match the words, best first. Without words, return all that pass, newest first."""
    if words:
        return [hit.paper.id for hit in assistant.search(words, _SEARCH_DEPTH, only)]
    passing = set(assistant.library.matching(only))
    listed = [(date or "", title, i) for i, (title, date) in assistant.library.catalogue().items() if i in passing]
    by_title = sorted(listed, key=lambda row: row[1].casefold())
    return [i for *_, i in sorted(by_title, key=lambda row: row[0], reverse=True)]


def _scope(assistant: Assistant, words: str, only: Filters, matches: int, n: int) -> str:
    """Return which papers page `n` shows, in which order, and what the filters left out."""
    if not assistant.count():
        return "The library is empty."
    if not matches:
        return " ".join(assistant.scope.warnings(only, found=False))
    nearest = "the nearest " if words else ""
    span = f"{n * _PAGE_SIZE + 1:,} to {min(matches, (n + 1) * _PAGE_SIZE):,} of {nearest}{matches:,}"
    order = "the nearest first" if words else "the newest first, then those without a date"
    return " ".join(filter(None, [f"{span}, {order}.", filters.sentence(only), *assistant.scope.warnings(only)]))


def _opened(assistant: Assistant, paper_id: str) -> Values:
    """Return one paper in place of the list. Without an id, return the list in place of a paper."""
    if not paper_id:
        return gr.update(visible=False), gr.update(visible=True)
    paper = assistant.library.paper(paper_id)
    html = panel.paper(paper, assistant.similar(paper.id, _SIMILAR_PAPERS)) if paper else panel.no_such_paper()
    return gr.update(value=html, visible=True), gr.update(visible=False)
