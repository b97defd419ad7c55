"""The page's events as Gradio runs them. One that fails says so in a sentence, on the page and in the log.

Gradio would print the traceback of any error on the terminal, and anybody can send an event without the values that it needs.
"""

from __future__ import annotations

import logging
from typing import Any

import gradio as gr

_log = logging.getLogger(__name__)


class Page(gr.Blocks):
    """A gr.Blocks whose events raise nothing but gr.Error."""

    async def process_api(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        try:
            return await super().process_api(*args, **kwargs)
        except gr.Error:
            raise
        except Exception as error:
            _log.warning("An event of the page failed: %r. --verbose shows more.", error)
            _log.debug("the event failed", exc_info=error)
            reason = f"This cannot be done ({type(error).__name__}). Load the page again."
            raise gr.Error(reason, print_exception=False) from error
