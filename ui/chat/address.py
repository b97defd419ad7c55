"""The address of a kept conversation, /?talk=ID, and the title of its page. Back and Forward lead from one to another.

A tab also remembers its last conversation, so that the link to this page leads back to it from the other pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from ui import theme
from ui.chat.components import PRIVATE

Place = dict[str, str | None]  # "talk", the id of the open conversation, None for one that is not kept, and its "title"

# The conversation to open when the page is loaded. A question about a paper begins a new one.
ASKED_FOR = """(_, conversation, live) => {
  const address = new URLSearchParams(location.search);
  const talk = address.has("paper") ? null : address.get("talk") || sessionStorage.getItem("talk");
  return [talk, conversation, live];
}"""
_SHOW = f"""(place) => {{
  const {{ talk, title }} = place || {{}};
  const address = new URL(location);
  if (talk) address.searchParams.set("talk", talk);
  else address.searchParams.delete("talk");
  if (address.href !== location.href) history.STEP(null, "", address);
  document.title = title ? `${{title}} · {theme.TITLE}` : "{theme.TITLE}";
  if (talk) sessionStorage.setItem("talk", talk);
  else sessionStorage.removeItem("talk");
}}"""
_SEND_MOVES = """addEventListener("popstate", () =>
  trigger("select", { talk: new URLSearchParams(location.search).get("talk") }));"""


@dataclass(frozen=True, slots=True)
class Address:
    """The `place` that is to be shown, and `moves`, whose select event brings as `talk` what Back or Forward led to."""

    place: gr.JSON
    moves: gr.HTML

    @classmethod
    def build(cls) -> Address:
        """Add to the page that is being built what shows its address and notices moves."""
        return cls(gr.JSON(visible="hidden"), gr.HTML(js_on_load=_SEND_MOVES, padding=False, elem_id="moves"))

    def follow(self, event: Any, *, new_step: bool = False) -> None:
        """Show the place after `event`, also a failed one. With `new_step` Back leads to what was shown before."""
        script = _SHOW.replace("STEP", "pushState" if new_step else "replaceState")
        event.then(None, self.place, None, js=script, **PRIVATE)
