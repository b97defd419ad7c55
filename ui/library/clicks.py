"""What the components of the library page share: the script that reports clicks on their elements."""

from __future__ import annotations

from typing import Any

PRIVATE: dict[str, Any] = {"api_visibility": "private"}  # of an event that programs cannot call

# A click sends the data-… attribute of its element; with a key held down, a link opens elsewhere, as links do.
SEND_CLICKS = """element.addEventListener("click", (event) => {
  const target = event.target.closest("[data-paper], [data-remove]");
  if (!target || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (target.dataset.remove !== undefined) return trigger("select", { source: target.dataset.remove });
  history.pushState(null, "", target.getAttribute("href"));
  window.scrollTo(0, 0);
  trigger("select", { paper: target.dataset.paper });
});"""
