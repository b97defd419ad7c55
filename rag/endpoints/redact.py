"""Takes secrets out of what a server says: as they are, URL-encoded, and in base64 at any offset."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from urllib.parse import quote, quote_plus

_MASK = "***"
_MIN_SECRET_CHARS = 4  # characters of a secret; shorter ones stand in any text


class Redactor:
    """Knows the secrets of one endpoint. With none it leaves everything as it is."""

    def __init__(self, secrets: Sequence[str | None]) -> None:
        forms = {form for secret in secrets if secret and len(secret) >= _MIN_SECRET_CHARS for form in _forms(secret)}
        self._forms = sorted(forms, key=len, reverse=True)

    def text(self, message: object) -> str:
        """Return `message` without any form of a secret."""
        text = str(message)
        for form in self._forms:
            text = text.replace(form, _MASK)
        return text

    def held(self, text: str) -> int:
        """Return how many characters at the end of `text` may be the beginning of a secret."""
        return max((n for form in self._forms for n in range(1, len(form)) if text.endswith(form[:n])), default=0)


class Running:
    """Redacts a text that comes in pieces: what may begin a secret is held back until it is known not to."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._held = ""

    def next(self, piece: str, *, last: bool = False) -> str:
        """Return what may be shown now that `piece` has come."""
        text = self._redactor.text(self._held + piece)
        keep = 0 if last else self._redactor.held(text)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]


def _forms(secret: str) -> Iterator[str]:
    yield from (secret, quote(secret, safe=""), quote_plus(secret))
    for offset in range(3):  # base64 reads three bytes at a time, so a secret has three forms in it
        encoded = b64encode(b"\0" * offset + secret.encode()).decode()
        whole = encoded[(0, 2, 3)[offset] :].rstrip("=")
        whole = whole[:-1] if (offset + len(secret.encode())) % 3 else whole  # its last letter depends on what follows
        yield from (whole, whole.replace("+", "-").replace("/", "_"))
