"""The library page: papers are looked through, added and taken out; /library?paper=ID shows one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import gradio as gr

from rag.assistant import Assistant
from rag.errors import RagError, UsageError
from rag.questions.analysis import LONGEST_QUESTION
from rag.sources.formats import STARTER, SUPPORTED
from rag.storage import filters
from rag.types import Filters, Paper
from ui.library import intake, panel

_SHOWN = 20  # papers on a page of the list
_FOUND = 100  # papers that a search goes down to
_SIMILAR = 6
_WAITING = 4  # changes that may be asked for at once: all but one are refused, which they would not be if they queued
_PRIVATE: dict[str, Any] = {"api_visibility": "private"}
# A click sends what its element says; with a key held down, a link opens elsewhere, as links do.
_CLICKS = """element.addEventListener("click", (event) => {
  const it = event.target.closest("[data-paper], [data-remove]");
  if (!it || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (it.dataset.remove !== undefined) return trigger("select", { source: it.dataset.remove });
  history.pushState(null, "", it.getAttribute("href"));
  window.scrollTo(0, 0);
  trigger("select", { paper: it.dataset.paper });
});"""
_KEEP = gr.skip()

Values = tuple[Any, ...]


def add(page: gr.Blocks, assistant: Assistant) -> None:
    """Add the page /library to a chat that has been built."""
    with page.route("Library", "/library"):
        head = gr.HTML(_head(assistant), elem_id="masthead")
        with gr.Row(elem_id="library"):
            with gr.Column(scale=3, min_width=320):
                paper = gr.HTML(visible=False, elem_id="paper", padding=False, js_on_load=_CLICKS)
                with gr.Column(elem_id="listing") as listing:
                    refreshed, fields, outputs = _look_through(assistant, [paper, listing])
            with gr.Column(scale=2, min_width=320):
                changed = _change(page, assistant)

        def arrive(request: gr.Request) -> Values:
            return _paper(assistant, str(request.query_params.get("paper") or ""))

        def follow(event: gr.EventData) -> Values:
            return _paper(assistant, str(event.paper))

        page.load(arrive, None, [paper, listing], **_PRIVATE)
        paper.select(follow, None, [paper, listing], **_PRIVATE)
        for change in (page.load, *changed):
            change(lambda: _head(assistant), None, head, **_PRIVATE)
            change(refreshed, fields, outputs, **_PRIVATE)


# -- looking through ---------------------------------------------------------------------------------------------------------


def _look_through(assistant: Assistant, shown: Sequence[gr.blocks.Block]) -> tuple[Any, list[Any], list[Any]]:
    """Add the list of papers, with what narrows it and turns its pages; return what shows it anew, its inputs and outputs."""
    number = gr.State(0)
    words = gr.Textbox(label="Search", placeholder="Words of titles and abstracts, or a subject", submit_btn="Search")
    with gr.Row():
        since = gr.Textbox(label="From", placeholder="2024-05", min_width=110)
        until = gr.Textbox(label="Until", placeholder="2024-05", min_width=110)
        source = gr.Dropdown([""], value="", label="Source", min_width=160)
    found = gr.HTML(elem_id="found", padding=False, js_on_load=_CLICKS)
    with gr.Row():
        before = gr.Button("← Before", size="sm", interactive=False)
        after = gr.Button("Next →", size="sm", interactive=False)
    fields = [words, since, until, source]
    outputs = [found, number, before, after]

    def look(n: int, *given: Any) -> Values:
        return _listed(assistant, n, *given)

    def first(*given: Any) -> Values:
        return look(0, *given)

    def refreshed(*given: Any) -> Values:
        names = list(assistant.library.sources())
        kept = given[-1] if given[-1] in names else ""
        choices = [("all", ""), *((name, name) for name in names)]
        return gr.Dropdown(choices=choices, value=kept), *first(*given[:-1], kept)

    def follow(event: gr.EventData) -> Values:
        return _paper(assistant, str(event.paper))

    for changed in (words.submit, since.submit, until.submit, source.input):
        changed(first, fields, outputs, **_PRIVATE)
    before.click(lambda n, *given: look(n - 1, *given), [number, *fields], outputs, **_PRIVATE)
    after.click(lambda n, *given: look(n + 1, *given), [number, *fields], outputs, **_PRIVATE)
    found.select(follow, None, list(shown), **_PRIVATE)
    return refreshed, fields, [source, *outputs]


def _listed(assistant: Assistant, n: int, words: str | None, since: str, until: str, source: str) -> Values:
    """Return page `n` of the papers that match and pass, from 0 on, and what its two buttons can do."""
    words = (words or "").strip()
    try:
        if len(words) > LONGEST_QUESTION:
            raise UsageError(f"The search has more than {LONGEST_QUESTION} characters.", "Give fewer words.")
        only = assistant.scope.checked(Filters(since=since, until=until, source=source))
        ids = _found(assistant, words, only)
    except RagError as error:
        return panel.status(str(error), wrong=True), 0, gr.update(interactive=False), gr.update(interactive=False)
    n = max(0, min(n, (len(ids) - 1) // _SHOWN))
    some = ids[n * _SHOWN : (n + 1) * _SHOWN]
    known = assistant.library.papers(some)
    papers = [known[paper_id] for paper_id in some if paper_id in known]
    html = panel.papers(papers, n * _SHOWN + 1, _scope(assistant, words, only, len(ids), n))
    return html, n, gr.update(interactive=n > 0), gr.update(interactive=len(ids) > (n + 1) * _SHOWN)


def _found(assistant: Assistant, words: str, only: Filters) -> list[str]:
    """Return the ids of the papers that match the words, best first; without words all that pass, the newest first."""
    if words:
        return [hit.paper.id for hit in assistant.search(words, _FOUND, only)]
    passing = set(assistant.library.matching(only))
    listed = [(date or "", title, i) for i, (title, date) in assistant.library.catalogue().items() if i in passing]
    by_title = sorted(listed, key=lambda it: it[1].casefold())
    return [i for *_, i in sorted(by_title, key=lambda it: it[0], reverse=True)]


def _scope(assistant: Assistant, words: str, only: Filters, found: int, n: int) -> str:
    if not assistant.count():
        return "The library is empty."
    if not found:
        return " ".join(assistant.scope.told(only, found=False))
    span = f"{n * _SHOWN + 1:,} to {min(found, (n + 1) * _SHOWN):,} of {'the nearest ' * bool(words)}{found:,}"
    order = "the nearest first" if words else "the newest first, then those without a date"
    return " ".join(filter(None, [f"{span}, {order}.", filters.sentence(only), *assistant.scope.told(only)]))


def _paper(assistant: Assistant, paper_id: str) -> Values:
    """Return what shows one paper in place of the list; without an id, the list."""
    if not paper_id:
        return gr.update(visible=False), gr.update(visible=True)
    it: Paper | None = assistant.library.paper(paper_id)
    if it is None:
        return gr.update(value=panel.no_such_paper(), visible=True), gr.update(visible=False)
    html = panel.paper(it, assistant.similar(it.id, _SIMILAR))
    return gr.update(value=html, visible=True), gr.update(visible=False)


# -- changing ----------------------------------------------------------------------------------------------------------------


def _change(page: gr.Blocks, assistant: Assistant) -> list[Any]:
    """Add what puts papers in and takes them out; return the triggers of what has to be shown anew after each."""
    with gr.Column(elem_id="add"), gr.Group():  # a group would put its id on two elements
        files = gr.File(label="Add papers: files", file_count="multiple", height=130, elem_id="files")
        with gr.Accordion("or paste text", open=False):
            text = gr.Textbox(
                show_label=False,
                label="Pasted text",
                lines=6,
                max_lines=12,
                placeholder=f"{SUPPORTED[0].upper()}{SUPPORTED[1:]}.",
            )
    add_it = gr.Button("Add to the library", variant="primary")
    told = gr.HTML(elem_id="told", padding=False)
    years = gr.HTML(_years(assistant), padding=False)
    sources = gr.HTML(_sources(assistant), elem_id="counts", padding=False, js_on_load=_CLICKS)
    chosen = gr.State("")
    with gr.Column(visible=False, elem_id="really") as asking:
        question = gr.HTML()
        with gr.Row():
            remove = gr.Button("Remove it", variant="stop", size="sm")
            keep = gr.Button("Keep it", size="sm")
    starter = gr.Button("Add the starter corpus", size="sm", visible=STARTER not in assistant.library.sources())

    def ask(event: gr.EventData) -> Values:
        source = str(event.source)
        count = assistant.library.sources().get(source, 0)
        return source, panel.remove_question(source, count), gr.update(visible=True)

    def adding(paths: Sequence[str] | None, pasted: str | None) -> Iterator[Values]:
        yield from _added(assistant, paths or [], pasted or "")

    def restoring() -> Iterator[str]:
        yield from (html for html, *_ in _added(assistant, [STARTER], ""))

    def removing(source: str) -> Iterator[Values]:
        yield from _removed(assistant, source)

    def counted() -> Values:
        return _years(assistant), _sources(assistant), gr.update(visible=STARTER not in assistant.library.sources())

    at_once: dict[str, Any] = {**_PRIVATE, "concurrency_limit": _WAITING, "show_progress": "hidden"}
    done = [
        add_it.click(adding, [files, text], [told, files, text], **at_once),
        starter.click(restoring, None, told, **at_once),
        remove.click(removing, chosen, [told, asking], **at_once),
    ]
    sources.select(ask, None, [chosen, question, asking], **_PRIVATE)
    keep.click(lambda: gr.update(visible=False), None, asking, **_PRIVATE)
    after: list[Any] = [change.then for change in done]
    for changed in (page.load, *after):
        changed(counted, None, [years, sources, starter], **_PRIVATE)
    return after


def _added(assistant: Assistant, paths: Sequence[str], pasted: str) -> Iterator[Values]:
    """Yield what is told while sources are read and after, and what becomes of the fields they came from."""
    if not paths and not pasted.strip():
        yield panel.status("Choose files or paste text first.", wrong=True), _KEEP, _KEEP
        return
    yield panel.status("Reading…"), _KEEP, _KEEP
    try:
        for event in intake.add(assistant, paths, pasted):
            if isinstance(event, intake.Step):
                yield panel.progress(event), _KEEP, _KEEP
            else:
                read = all(report.error is None for report in event.reports)
                yield panel.reports(event), None, "" if read else _KEEP
    except RagError as error:
        yield panel.status(str(error), wrong=True), _KEEP, _KEEP
        return
    for path in paths:
        if path != STARTER:
            with suppress(OSError):
                Path(path).unlink()  # Gradio would keep the upload


def _removed(assistant: Assistant, source: str) -> Iterator[Values]:
    """Yield what is told while a source is taken out, and what becomes of the question whether to."""
    hidden = gr.update(visible=False)
    yield panel.status(f"Removing {source}…"), hidden
    try:
        for event in intake.remove(assistant, source):
            if isinstance(event, intake.Step):
                yield panel.progress(event), hidden
            else:
                yield panel.status(panel.removed(source, event)), hidden
    except RagError as error:
        yield panel.status(str(error), wrong=True), hidden


# -- what there is -----------------------------------------------------------------------------------------------------------


def _head(assistant: Assistant) -> str:
    library = assistant.library
    return panel.masthead(library.count(), len(library.sources()), library.span())


def _years(assistant: Assistant) -> str:
    return panel.years(assistant.library.years())


def _sources(assistant: Assistant) -> str:
    return panel.sources(assistant.library.sources(), assistant.library.sources_span())
