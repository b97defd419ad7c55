"""To whom each session of the page belongs: to the browser or program that used it first."""

from __future__ import annotations

from collections import OrderedDict
from http import HTTPStatus

from ui.serving.replies import Refused

_MAX_SESSIONS = 20_000  # that are remembered; the ones that were not used for longest are forgotten
_MAX_CHARS = 100  # of the name of a session; Gradio's have about ten


class Sessions:
    """Remembers who used a session first."""

    def __init__(self) -> None:
        self._owners: OrderedDict[str, str] = OrderedDict()

    def check(self, session: str, owner: str) -> None:
        """Raise Refused when another owner used the session before. Names too long to be remembered are refused too."""
        if len(session) > _MAX_CHARS:
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, f"A session_hash has at most {_MAX_CHARS} characters.")
        if self._owners.setdefault(session, owner) != owner:
            raise Refused(HTTPStatus.FORBIDDEN, "This session belongs to another browser. Load the page again.")
        self._owners.move_to_end(session)
        if len(self._owners) > _MAX_SESSIONS:
            self._owners.popitem(last=False)
