"""Questions about selected papers. The address /?paper=ID opens the chat with them selected and a question in the box.

With &compare the question asks how they differ. It is asked at once when a button of ours led to that address, and not when a
link from elsewhere did.
"""

from __future__ import annotations

from typing import Any

import gradio as gr

from rag.assistant import Assistant
from rag.types import Paper
from ui.chat.components import PRIVATE

# The address has been followed: a page that is loaded again shows the open conversation instead.
_ARRIVED = """() => {
  const asked = new URLSearchParams(location.search);
  if (!asked.has("paper") && !asked.has("source")) return;
  const comparing = asked.has("compare") && sessionStorage.getItem("compare");
  sessionStorage.removeItem("compare");
  asked.delete("paper");
  asked.delete("source");
  asked.delete("compare");
  history.replaceState(null, "", `${location.pathname}?${asked}`.replace(/[?]$/, ""));
  if (comparing) setTimeout(() => document.querySelector("#question .submit-button")?.click(), 100);
}"""
_MAX_TITLE_CHARS = 300  # characters of a title that a question quotes


def add(page: gr.Blocks, assistant: Assistant, box: gr.Textbox) -> gr.State:
    """Return the state with the ids of the selected papers.

    When the page's address names papers, a question about them is put into `box`.
    """
    selected = gr.State(())

    def arrive(request: gr.Request) -> tuple[Any, ...]:
        asked = str(request.query_params.get("paper") or "").split(",")
        papers = list(assistant.library.papers(asked).values())
        if missing := len({paper_id for paper_id in asked if paper_id}) - len(papers):
            gr.Warning(f"{missing} of the papers asked for {'is' if missing == 1 else 'are'} not in the library.")
        if not papers:
            return (), gr.skip()
        begin = comparison if "compare" in request.query_params else question
        return tuple(paper.id for paper in papers), begin(papers)

    arrived = page.load(arrive, None, [selected, box], **PRIVATE)
    arrived.then(None, None, None, js=_ARRIVED, **PRIVATE)
    return selected


def question(papers: list[Paper]) -> str:
    """Return a question to begin a conversation about the papers."""
    if len(papers) > 1:
        return "What do these papers propose?"
    return f"What does “{papers[0].title[:_MAX_TITLE_CHARS]}” propose, and how well does it work?"


def comparison(papers: list[Paper]) -> str:
    """Return a question that compares the papers: two by what stands before the colon of their titles."""
    if len(papers) != 2:
        return question(papers) if len(papers) < 2 else "How do these papers differ in problem, method, data and result?"
    names = [paper.title.partition(":")[0].strip() for paper in papers]
    first, second = names if names[0] != names[1] else [paper.title for paper in papers]
    return f"How do “{first[:_MAX_TITLE_CHARS]}” and “{second[:_MAX_TITLE_CHARS]}” differ in problem, method, data and result?"
