"""The choice of who answers, beside the page's head, and whether that model's server is there."""

from __future__ import annotations

from typing import Any

import gradio as gr

from rag.errors import RagError
from ui import panel
from ui.models import STARTED, Models

_PRIVATE: dict[str, Any] = {"api_visibility": "private"}


def add(page: gr.Blocks, models: Models) -> gr.Dropdown:
    """Add the choice to the page, hidden where there is none to make; return it."""
    with gr.Column(scale=0, min_width=320, elem_id="picker"):
        picked = gr.Dropdown(models.choices(), value=STARTED, label="Answers by", filterable=False)
        health = gr.HTML(padding=False)

    def look(name: str) -> Any:
        try:
            return models.health(name)
        except RagError as error:
            gr.Warning(panel.draft(str(error)))
            return ""

    def arrive() -> Any:
        choices = models.choices()  # rag.toml may have changed since the page was built
        return gr.update(choices=choices, value=STARTED, visible=len(choices) > 1)

    page.load(arrive, None, picked, **_PRIVATE).then(look, picked, health, **_PRIVATE)
    picked.input(look, picked, health, **_PRIVATE)
    return picked
