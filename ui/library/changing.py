"""The form that adds papers, and the table of sources with its buttons that remove them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from rag.assistant import Assistant
from rag.errors import RagError
from rag.sources.formats import STARTER
from ui.library import intake, panel
from ui.library.clicks import QUIET, SEND_REMOVALS

_MAX_CHANGES = 4  # that may be asked for at once; all but one are refused, where a queue would let them wait
_AT_ONCE: dict[str, Any] = {**QUIET, "concurrency_limit": _MAX_CHANGES}

Values = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Changing:
    """The components that change the library. `chosen` is the source that `dialog` asks about."""

    assistant: Assistant
    text: gr.Textbox
    add: gr.Button
    files: gr.UploadButton
    status: gr.HTML
    sources: gr.HTML
    chosen: gr.State
    dialog: gr.Column
    question: gr.HTML
    remove: gr.Button
    cancel: gr.Button
    starter: gr.Button

    @classmethod
    def build(cls, assistant: Assistant, years: gr.HTML) -> Changing:
        """Add the components to the page that is being built, the picture `years` among them."""
        text, add, files, status = _inputs()
        years.render()  # type: ignore[no-untyped-call]
        sources = gr.HTML(_sources(assistant), elem_id="counts", padding=False, js_on_load=SEND_REMOVALS)
        chosen = gr.State("")
        with gr.Column(visible=False, elem_id="really") as dialog:
            question = gr.HTML()
            with gr.Row():
                remove = gr.Button("Remove it", variant="stop", size="sm")
                cancel = gr.Button("Keep it", size="sm")
        starter = gr.Button("Add the starter corpus", size="sm", visible=_lacks_starter(assistant))
        return cls(assistant, text, add, files, status, sources, chosen, dialog, question, remove, cancel, starter)

    def connect(self, page: gr.Blocks) -> list[Any]:
        """Attach the events to the page; return the triggers of events that follow a change."""
        changes = [
            self.add.click(self._add_pasted, self.text, [self.status, self.text], **_AT_ONCE),
            self.files.upload(self._add_files, self.files, self.status, **_AT_ONCE),
            self.starter.click(self._add_starter, None, self.status, **_AT_ONCE),
            self.remove.click(self._remove, self.chosen, [self.status, self.dialog], **_AT_ONCE),
        ]
        self.sources.select(self._ask_to_remove, None, [self.chosen, self.question, self.dialog], **QUIET)
        self.cancel.click(lambda: gr.update(visible=False), None, self.dialog, **QUIET)
        after_changes: list[Any] = [change.then for change in changes]
        for event in (page.load, *after_changes):
            event(self._count, None, [self.sources, self.starter], **QUIET)
        return after_changes

    def _add_pasted(self, pasted: str | None) -> Iterator[Values]:
        for status, read in _added(self.assistant, [], pasted or ""):
            yield status, "" if read else gr.skip()

    def _add_files(self, paths: Sequence[str] | None) -> Iterator[str]:
        yield from (status for status, _ in _added(self.assistant, paths or [], ""))

    def _add_starter(self) -> Iterator[str]:
        yield from (status for status, _ in _added(self.assistant, [STARTER], ""))

    def _ask_to_remove(self, event: gr.EventData) -> Values:
        source = str(event.source)
        count = self.assistant.library.sources().get(source, 0)
        return source, panel.remove_question(source, count), gr.update(visible=True)

    def _remove(self, source: str) -> Iterator[Values]:
        yield from ((status, gr.update(visible=False)) for status in _removed(self.assistant, source))

    def _count(self) -> Values:
        return _sources(self.assistant), gr.update(visible=_lacks_starter(self.assistant))


def _inputs() -> tuple[gr.Textbox, gr.Button, gr.UploadButton, gr.HTML]:
    with gr.Column(elem_id="add"):
        text = gr.Textbox(
            label="Add papers",
            lines=3,
            max_lines=12,
            placeholder="Paste titles and abstracts, BibTeX, RIS, DOIs or arXiv numbers, or drop files anywhere on this page",
        )
        with gr.Row():
            add = gr.Button("Add to the library", variant="primary", size="sm")
            files = gr.UploadButton("Choose files", file_count="multiple", size="sm")
        status = gr.HTML(elem_id="told", padding=False)
    return text, add, files, status


def _added(assistant: Assistant, paths: Sequence[str], pasted: str) -> Iterator[tuple[str, bool]]:
    """Yield the status while sources are read and after, and whether all of them were read."""
    if not paths and not pasted.strip():
        yield panel.status("Paste a text or choose files first.", wrong=True), False
        return
    yield panel.status("Reading…"), False
    try:
        for event in intake.add(assistant, paths, pasted):
            if isinstance(event, intake.Step):
                yield panel.progress(event), False
            else:
                yield panel.reports(event), all(report.error is None for report in event.reports)
    except RagError as error:
        yield panel.status(str(error), wrong=True), False
        return
    for path in paths:
        if path != STARTER:
            with suppress(OSError):
                Path(path).unlink()  # Gradio would keep the upload


def _removed(assistant: Assistant, source: str) -> Iterator[str]:
    """Yield the status while a source is removed, and after."""
    yield panel.status(f"Removing {source}…")
    try:
        for event in intake.remove(assistant, source):
            if isinstance(event, intake.Step):
                yield panel.progress(event)
            else:
                yield panel.status(panel.removed(source, event))
    except RagError as error:
        yield panel.status(str(error), wrong=True)


def _sources(assistant: Assistant) -> str:
    return panel.sources(assistant.library.sources(), assistant.library.sources_span())


def _lacks_starter(assistant: Assistant) -> bool:
    return STARTER not in assistant.library.sources()
