"""The list of papers, the map, and the one paper that is shown in place of them: whatever the address asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from rag.assistant import Assistant
from rag.collection.timeline import Bar
from rag.errors import RagError
from rag.topics.topic_map import Topic
from ui.library import panel
from ui.library.address import MAP, View
from ui.library.clicks import QUIET, SHOWN, follow_addresses
from ui.library.listing import Listing, by_date, listing
from ui.pictures import timeline, topic_map

_SIMILAR_PAPERS = 6

Values = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Browsing:
    """The components that show a view. `view` is the one shown; `paper` takes the place of `found`."""

    assistant: Assistant
    view: gr.State
    search: gr.HTML
    paper: gr.HTML
    found: gr.HTML
    years: gr.HTML

    @classmethod
    def build(cls, assistant: Assistant) -> Browsing:
        """Add the search, the list and the paper to the page that is being built; place() adds the picture elsewhere."""
        view = gr.State(View())
        search = gr.HTML(panel.search(View(), []), elem_id="search", padding=False, js_on_load=follow_addresses())
        paper = gr.HTML(visible=False, elem_id="paper", padding=False)
        found = gr.HTML(elem_id="found", padding=False)
        years = gr.HTML(elem_id="years", padding=False, render=False)
        made = cls(assistant, view, search, paper, found, years)
        years.value = made._years(View(), listing(assistant, View()))  # else what is below it would move
        return made

    @property
    def _shown(self) -> list[gr.blocks.Block]:
        return [self.view, self.search, self.paper, self.found, self.years]

    def connect(self, page: gr.Blocks) -> None:
        """Attach the events to the page."""
        arrived = page.load(self._arrive, None, self._shown, **QUIET)
        gone = self.search.select(self._go, None, self._shown, **QUIET)
        for shown in (arrived, gone):
            shown.then(None, None, None, js=SHOWN, **QUIET)

    def refresh(self, after: Any) -> None:
        """Show the same view anew after an event."""
        after(self._show, self.view, self._shown, **QUIET)

    def _arrive(self, request: gr.Request) -> Values:
        return self._show(View.read(dict(request.query_params)))

    def _go(self, event: gr.EventData) -> Values:
        return self._show(View.read(str(event.address)))

    def _show(self, view: View) -> Values:
        """Return the components for `view`."""
        search = panel.search(view, list(self.assistant.library.sources()))
        if view.paper:
            return view, search, gr.update(value=self._paper(view), visible=True), gr.update(visible=False), ""
        try:
            shown = listing(self.assistant, view)
            found, years = self._found(view, shown), self._years(view, shown)
        except RagError as error:
            found, years = panel.status(str(error), wrong=True), ""
        return view, search, gr.update(visible=False), gr.update(value=found, visible=True), years

    def _paper(self, view: View) -> str:
        paper = self.assistant.library.paper(view.paper)
        if paper is None:
            return panel.no_such_paper(view)
        return panel.paper(paper, self.assistant.similar(paper.id, _SIMILAR_PAPERS), view)

    def _found(self, view: View, shown: Listing) -> str:
        """Return the list, or the map in its place."""
        if view.show != MAP:
            return panel.papers(shown, view)

        def link(topic: Topic) -> str:
            return view.address(topic=topic.key, show="")

        titles = {paper: title for paper, (title, _) in self.assistant.library.catalogue().items()}
        drawn = topic_map.picture(self.assistant.topic_map(), titles, link, view.topic, view.marked_ids)
        return panel.map_view(drawn, view)

    def _years(self, view: View, shown: Listing) -> str:
        def link(bar: Bar) -> str:
            return view.address(since=bar.since or "", until=bar.until)

        title = f"Papers of {view.year} by month" if view.year else "Papers by year"
        drawn = timeline.picture(by_date(self.assistant, view, shown), title, link, (view.since, view.until))
        return panel.years(drawn, view)
