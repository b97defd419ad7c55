"""The look of the pages: colours, shapes, style sheets, script and icon. What holds before them is in static/first.css."""

from __future__ import annotations

from importlib import resources
from typing import Any

import gradio as gr

from ui.rendering import rendered

TITLE = "Ask the abstracts"
_SHEETS = ("style.css", "library.css", "pictures.css", "collection.css", "connect.css", "print.css")


def launch_options() -> dict[str, Any]:
    """Return the arguments of launch() that make the look."""
    files = resources.files("ui").joinpath("static")
    return {
        "css": "".join(files.joinpath(name).read_text("utf-8") for name in _SHEETS),
        "js": files.joinpath("app.js").read_text("utf-8"),
        "favicon_path": str(files.joinpath("favicon.png")),
        "theme": _theme(),
    }


def side() -> gr.Sidebar:
    """Add the side of a page, which has the links to the other pages, to the page that is being built."""
    return gr.Sidebar(width=264, elem_id="kept")


def page_name(name: str) -> None:
    """Add the heading of a page, for those who do not see that its link is marked; the side with the links may be closed."""
    gr.HTML(rendered("page_name.html", name=name), padding=False, elem_classes="unseen")


def script(name: str) -> str:
    """Return a script of a component, for js_on_load, with what draws HTML before it."""
    files = resources.files("ui").joinpath("static")
    return "".join(files.joinpath(part).read_text("utf-8") for part in ("morph.js", name))


def _theme() -> gr.themes.Base:
    theme = gr.themes.Base(
        primary_hue="indigo", neutral_hue="slate", radius_size=gr.themes.sizes.radius_lg, font=["system-ui", "sans-serif"]
    )
    return theme.set(  # a contrast of text to background of at least 4.5 to 1
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_300",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_300",
        input_placeholder_color="*neutral_500",
        input_placeholder_color_dark="*neutral_400",
        input_background_fill="white",
        input_background_fill_dark="*neutral_900",
        input_border_width="1px",
        input_border_color="*neutral_300",
        input_border_color_dark="*neutral_600",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover_dark="*primary_700",
        button_cancel_text_color="#8c1d18",
        button_cancel_text_color_dark="#ffc9c2",
    )
