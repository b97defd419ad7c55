"""The choice of the model that answers, the health of its server, and, where allowed, a field for another endpoint."""

from __future__ import annotations

from typing import Any

import gradio as gr

from rag.errors import RagError
from ui.chat.components import PRIVATE
from ui.models import judging
from ui.models.choices import STARTED, Models
from ui.models.servers import Server, typed
from ui.rendering import markdown_safe

_MIN_CHOICES_TO_SEARCH = 12  # choices, from which on typing narrows the list


def add(page: gr.Blocks, models: Models, *, change: bool = False) -> list[gr.components.Component]:
    """Add the choice to the page; return the components with the arguments of Models.assistant().

    The choice is hidden when there is only one model. With `change` it has a field for an endpoint, for this page only.
    """
    own = gr.State(None)
    with gr.Column(scale=0, min_width=320, elem_id="picker"):
        picked = gr.Dropdown(models.choices(), value=STARTED, label="Answers by", filterable=False)
        health = gr.HTML(padding=False)

        def listing(own: Server | None, **more: Any) -> Any:
            choices = models.choices(own)  # rag.toml may have changed since the page was built
            return gr.update(
                choices=choices, filterable=len(choices) >= _MIN_CHOICES_TO_SEARCH, visible=change or len(choices) > 1, **more
            )

        def look(name: str, own: Server | None) -> tuple[Any, ...]:
            try:
                return models.health(name, own), listing(own)
            except RagError as error:
                gr.Warning(markdown_safe(str(error)))
                return "", gr.skip()

        judging.add(page, models, picked, own)
        if change:
            _typing(models, own, picked, health, listing)
    page.load(lambda: listing(None, value=STARTED), None, picked, **PRIVATE).then(
        look, [picked, own], [health, picked], **PRIVATE
    )
    picked.input(look, [picked, own], [health, picked], **PRIVATE)
    return [picked, own]


def _typing(models: Models, own: gr.State, picked: gr.Dropdown, health: gr.HTML, listing: Any) -> None:
    """Add the folded fields for another endpoint. Once it answers, they are emptied: the key is never sent back to the page."""
    with gr.Accordion("Another endpoint", open=False, elem_id="another"):
        address = gr.Textbox(label="Address", placeholder="https://HOST/v1", html_attributes=_plain("off"))
        key = gr.Textbox(label="Its key, if it wants one", type="password", html_attributes=_plain("new-password"))
        use = gr.Button("Use it", size="sm")

    def take(url: str, secret: str) -> tuple[Any, ...]:
        try:
            server = typed(url or "", secret or "", models.started)
        except RagError as error:
            gr.Warning(markdown_safe(str(error)))
            return (gr.skip(),) * 5
        health_now = server.look()
        typed_in = ("", "") if server.listed() else (gr.skip(), gr.skip())  # what was typed may have to be corrected
        return *typed_in, server, listing(server, value=models.first(server)), health_now

    use.click(take, [address, key], [address, key, own, picked, health], **PRIVATE)


def _plain(autocomplete: str) -> gr.InputHTMLAttributes:
    return gr.InputHTMLAttributes(autocomplete=autocomplete, autocorrect="off", spellcheck=False)
