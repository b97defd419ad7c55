"""What the events of the library page share, and the scripts that send them."""

from __future__ import annotations

from importlib import resources
from typing import Any

PRIVATE: dict[str, Any] = {"api_visibility": "private"}  # of an event that programs cannot call
QUIET: dict[str, Any] = {**PRIVATE, "show_progress": "hidden"}  # what shows progress moves what is around it

SHOWN = """() => window.dispatchEvent(new Event("library-shown"))"""  # library.js waits for it before it asks again

# A click on a button that removes a source sends the source's name.
SEND_REMOVALS = """element.addEventListener("click", (event) => {
  const target = event.target.closest("[data-remove]");
  if (target) trigger("select", { source: target.dataset.remove });
});"""


def follow_addresses() -> str:
    """Return the script that sends the page's address whenever it changes, and takes dropped files."""
    return resources.files("ui").joinpath("static/library.js").read_text("utf-8")
