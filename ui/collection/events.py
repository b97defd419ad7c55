"""The events of the collection page: papers and columns removed and put back, columns asked, files exported."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from rag.errors import RagError
from rag.storage.saved import Removed, SavedPapers
from ui.chat.kept_conversations import errors_as_warnings, owner
from ui.collection import table
from ui.collection.asking import Asking, fill
from ui.collection.export import FORMATS
from ui.collection.table import Table
from ui.downloads import DOWNLOAD
from ui.models.choices import Models
from ui.models.servers import Server
from ui.rendering import counted, rendered

PRIVATE: dict[str, Any] = {"api_visibility": "private"}
_QUIET: dict[str, Any] = {**PRIVATE, "show_progress": "hidden"}
_MIN_SECONDS_BETWEEN_TABLES = 0.5  # while a column is filled; a table may have some hundred cells
_EMPTY = Table((), (), {})

Values = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Components:
    """The components of the page. `undoing` and `dialog` are shown while there is something to undo or to decide."""

    undoing: gr.Row
    removed_note: gr.HTML
    undo: gr.Button
    table: gr.HTML
    with_papers: gr.Column
    question: gr.Textbox
    stop: gr.Button
    status: gr.HTML
    exports: dict[str, gr.Button]
    empty: gr.Button
    dialog: gr.Column
    dialog_question: gr.HTML
    confirm: gr.Button
    cancel: gr.Button
    model: list[gr.components.Component]


@dataclass(frozen=True, slots=True)
class Events:
    """Shows and changes the collection of the owner of a page. `under_way` is what is asked, by the session of its page."""

    components: Components
    models: Models
    saved: SavedPapers
    under_way: dict[str | None, Asking] = field(default_factory=dict)

    def connect(self, page: gr.Blocks) -> list[Any]:
        """Attach the events to the page; return the triggers of events that follow a change of the saved papers."""
        on = self.components
        removed, number = gr.State(Removed()), gr.State(0)
        shown: list[Any] = [on.table, on.with_papers]
        page.load(self._show, number, shown, **_QUIET)
        undoing: list[Any] = [removed, on.removed_note, on.undoing]
        on.table.select(self._turn, None, number, **_QUIET).then(self._show, number, shown, **_QUIET)
        gone = on.table.delete(self._remove, None, undoing, **_QUIET)
        on.empty.click(self._ask_to_empty, None, [on.dialog_question, on.dialog], **_QUIET)
        on.cancel.click(_hide, None, on.dialog, **_QUIET)
        emptied = on.confirm.click(self._empty, None, undoing, **_QUIET)
        emptied.then(_hide, None, on.dialog, **_QUIET)
        back = on.undo.click(self._undo, removed, undoing, **_QUIET)
        changes = [change.then(self._show, number, shown, **_QUIET) for change in (gone, emptied, back)]
        self._connect_columns(number)
        page.unload(self._stop_closed_page)
        self._connect_exports()
        return [change.then for change in changes]

    def _connect_columns(self, number: gr.State) -> None:
        on, asking = self.components, gr.State(Asking())
        inputs, outputs = [number, asking, *on.model], [on.question, on.table, on.status, on.stop]
        on.question.submit(self._add_column, [on.question, *inputs], outputs, **_QUIET)
        on.table.submit(self._fill_clicked, inputs, outputs, **_QUIET)
        on.stop.click(_stop, asking, None, **_QUIET)

    def _connect_exports(self) -> None:
        for name, button in self.components.exports.items():
            file = gr.JSON(visible="hidden")
            exported = button.click(self._exported, gr.State(name), file, **_QUIET)
            exported.then(None, file, None, js=DOWNLOAD)

    # -- showing --------------------------------------------------------------------------------------------------------

    def _show(self, number: int, request: gr.Request) -> Values:
        return self._html(number, request), gr.update(visible=bool(self._read(request).papers))

    def _html(self, number: int, request: gr.Request) -> str:
        return table.html(self._read(request), self.models.started, number)

    def _read(self, request: gr.Request) -> Table:
        with errors_as_warnings():
            return Table.read(self.saved, owner(request), self.models.started)
        return _EMPTY

    def _turn(self, event: gr.EventData) -> int:
        return int(event.page)

    # -- removing -------------------------------------------------------------------------------------------------------

    def _remove(self, event: gr.EventData, request: gr.Request) -> Values:
        """Take out the paper or the column whose button was pressed."""
        with errors_as_warnings():
            if event.column:
                column = str(event.column)
                return _undoing(self.saved.remove_column(owner(request), column), f"Removed the column “{column}”.")
            removed = self.saved.remove(owner(request), [str(event.paper)])
            return _undoing(removed, "Removed 1 paper.")
        return (gr.skip(),) * 3

    def _ask_to_empty(self, request: gr.Request) -> Values:
        papers = len(self._read(request).papers)
        return rendered("collection/empty_question.html", papers=papers), gr.update(visible=True)

    def _empty(self, request: gr.Request) -> Values:
        with errors_as_warnings():
            removed = self.saved.remove(owner(request))
            return _undoing(removed, f"Removed {counted(len(removed.papers), 'paper')}.")
        return (gr.skip(),) * 3

    def _undo(self, removed: Removed, request: gr.Request) -> Values:
        with errors_as_warnings():
            self.saved.put_back(owner(request), removed)
            return Removed(), gr.skip(), gr.update(visible=False)
        return (gr.skip(),) * 3

    # -- own columns ----------------------------------------------------------------------------------------------------

    def _add_column(
        self, question: str, number: int, asking: Asking, model: str, typed: Server | None, request: gr.Request
    ) -> Iterator[Values]:
        try:
            question = self.saved.add_column(owner(request), question or "")
        except RagError as error:
            yield gr.skip(), gr.skip(), _status(str(error), wrong=True), gr.skip()
            return
        yield from self._filled(question, number, asking, model, typed, request)

    def _fill_clicked(
        self, event: gr.EventData, request: gr.Request, number: int, asking: Asking, model: str, typed: Server | None
    ) -> Iterator[Values]:
        yield from self._filled(str(event.question), number, asking, model, typed, request)

    def _filled(
        self, question: str, number: int, asking: Asking, model: str, typed: Server | None, request: gr.Request
    ) -> Iterator[Values]:
        """Ask the question of the papers that it was not asked of; yield the table and how far it is."""
        if asking.running:
            yield "", self._html(number, request), _status("The column before is still being asked.", wrong=True), gr.skip()
            return
        asking.running, asking.stopped = True, False
        self.under_way[request.session_hash] = asking
        papers, shown_at, done, end = self._read(request).unasked(question), 0.0, 0, ""
        try:
            assistant = self.models.assistant(model, typed)
            for done in fill(assistant, self.saved, owner(request), question, papers, asking):
                update: Any = gr.skip()
                if time.monotonic() - shown_at >= _MIN_SECONDS_BETWEEN_TABLES:
                    update, shown_at = self._html(number, request), time.monotonic()
                yield "", update, _status("Asking each paper…", done, len(papers)), gr.update(visible=True)
        except RagError as error:
            end = str(error)
        finally:
            asking.running = False
            self.under_way.pop(request.session_hash, None)
        wrong, stopped = bool(end), f"You stopped this. {counted(done, 'paper')} of {len(papers)} answered."
        end = end or (stopped if asking.stopped else f"Asked {counted(len(papers), 'paper')}.")
        yield gr.skip(), self._html(number, request), _status(end, wrong=wrong), gr.update(visible=False)

    def _stop_closed_page(self, request: gr.Request) -> None:
        if asking := self.under_way.get(request.session_hash):
            asking.stopped = True

    # -- files ----------------------------------------------------------------------------------------------------------

    def _exported(self, name: str, request: gr.Request) -> list[str]:
        """Return name and content of a file, which the page's script saves; [] when nothing is saved."""
        file, write = FORMATS[name]
        found = self._read(request)
        return [file, write(found, self.models.started)] if found.papers else []


def _undoing(removed: Removed, sentence: str) -> Values:
    return removed, _status(sentence), gr.update(visible=True)


def _status(sentence: str, done: int = 0, total: int = 0, *, wrong: bool = False) -> str:
    return rendered("collection/status.html", sentence=sentence, done=done, total=total, wrong=wrong)


def _hide() -> dict[str, Any]:
    update: dict[str, Any] = gr.update(visible=False)
    return update


def _stop(asking: Asking) -> None:
    asking.stopped = True
