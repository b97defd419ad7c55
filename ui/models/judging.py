"""A button that tests the model that judges the answers of the chosen one, and a line on what the last test found."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Lock
from typing import Any

import gradio as gr

from rag.checking import judge_trial
from rag.errors import RagError
from rag.interfaces import ChatModel
from rag.settings.judge_scores import JudgeScore
from ui.models.choices import TYPED, Models
from ui.models.servers import Server, shown
from ui.rendering import markdown_safe, rendered

_Update = tuple[Any, Any, str]  # of the fold, the button in it, and the line above the button
_PRIVATE: dict[str, Any] = {"api_visibility": "private"}


def add(page: gr.Blocks, models: Models, picked: gr.Dropdown, own: gr.State) -> None:
    """Add button and line to the page, folded. They follow the choice `picked`, and are hidden where no model judges."""
    with gr.Accordion("As a judge of answers", open=False, visible=False, elem_id="judging") as fold:
        line = gr.HTML(padding=False)
        button = gr.Button("Test as judge", size="sm")
    judging, inputs, outputs = Judging(models), [picked, own], [fold, button, line]
    page.load(judging.known, inputs, outputs, **_PRIVATE)
    picked.change(judging.known, inputs, outputs, **_PRIVATE)
    button.click(judging.tested, inputs, outputs, **_PRIVATE)


class Judging:
    """Tests judges, one at a time: a test is four long requests."""

    def __init__(self, models: Models) -> None:
        self._models = models
        self._testing = Lock()

    def known(self, name: str, own: Server | None) -> _Update:
        """Return what shows or hides all of it, and what is known of the model that judges the answers of `name`."""
        judge = self._judge(name, own)
        if judge is None:
            return gr.update(visible=False), gr.skip(), ""
        score = judge_trial.kept(self._models.started.home, judge)
        return gr.update(visible=True), gr.update(interactive=True), _line(judge, score)

    def tested(self, name: str, own: Server | None) -> Iterator[_Update]:
        """Test that model: yield that it is being tested, then what was found."""
        judge = self._judge(name, own)
        if judge is None:
            yield self.known(name, own)
            return
        if not self._testing.acquire(blocking=False):
            gr.Warning("A judge is being tested already. Wait until that is done.")
            yield self.known(name, own)
            return
        try:
            yield (
                gr.skip(),
                gr.update(interactive=False),
                rendered("models/judge.html", text=f"Testing {shown(judge.name or 'the model')}…"),
            )
            judge_trial.measure(judge, self._models.started.home, lambda stage, done, total: None)
        except (RagError, OSError) as error:
            gr.Warning(markdown_safe(str(error)))
        finally:
            self._testing.release()
        yield self.known(name, own)

    def _judge(self, name: str, own: Server | None) -> ChatModel | None:
        """Return the model that judges the answers of `name`; None for quotes, and for an endpoint that a visitor typed in.

        The score of such an endpoint would stand for others of the same name and host.
        """
        if name.startswith(TYPED):
            return None
        try:
            return self._models.assistant(name, own).judge
        except RagError:  # the page says so when the model is asked
            return None


def _line(judge: ChatModel, score: JudgeScore | None) -> str:
    name = shown(judge.name or "The model")
    if score is None:
        return rendered("models/judge.html", text=f"{name} was not tested. A test takes 4 requests, about 6,000 tokens in all.")
    enough = "judges well enough" if score.capable else "does not judge well enough"
    return rendered("models/judge.html", text=f"{name} {enough}: {score}.")
