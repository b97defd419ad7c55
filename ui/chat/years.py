"""The papers on a question by year, beside its answer. They are counted when a reader opens their tab, not before."""

from __future__ import annotations

import gradio as gr
from markupsafe import Markup

from rag.assistant import Assistant
from rag.collection.timeline import Bar
from rag.errors import RagError
from rag.types import Answer
from ui.chat.components import PRIVATE
from ui.chat.conversation import Conversation, years_id
from ui.library.address import MAP, View
from ui.library.listing import by_date, listing
from ui.pictures import timeline
from ui.rendering import rendered

_TITLE = "Papers on this question by year"
_PLACE = """(drawn) => {
  const place = drawn && document.getElementById(drawn.id);
  if (place) place.innerHTML = drawn.html;
}"""


def connect(assistant: Assistant, conversation: gr.State, sources: gr.HTML) -> None:
    """Draw the papers by year when the script of `sources` asks for those of an answer, by its position `n`."""
    drawn = gr.JSON(visible="hidden")

    def draw(conversation: Conversation, event: gr.EventData) -> dict[str, str] | None:
        n = event.n
        if not isinstance(n, int) or not 0 <= n < len(conversation.answers):
            return None
        return {"id": years_id(conversation.answers[n]), "html": html(assistant, conversation.answers[n])}

    sources.select(draw, conversation, drawn, show_progress="hidden", **PRIVATE).then(None, drawn, None, js=_PLACE, **PRIVATE)


def html(assistant: Assistant, answer: Answer) -> str:
    """Return the bars, each a link to the library's papers of that year, and a link to the map with the answer's papers marked.

    Of the answer's filters, only the source counts. When the library cannot count them, return why.
    """
    view = View(q=answer.standalone_question, source=answer.filters.source or "")

    def link(bar: Bar) -> str:
        return view.address(since=bar.since or "", until=bar.until)

    picture: Markup | str
    try:
        picture = timeline.picture(by_date(assistant, view, listing(assistant, view)), _TITLE, link)
    except RagError as error:
        picture = str(error)
    used = ",".join(source.paper.id for source in answer.sources if source.cited)
    marked = View().address(show=MAP, marked=used) if used else ""
    return rendered("chat/years.html", picture=picture, marked=marked)
