"""What of the settings may be shown: no key, no password of an address, nothing secret in a table of options."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_SECRET_NAME = re.compile(r"key(?!word)|token(?!s|iz)|secret|passw|credential|authori", re.IGNORECASE)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,39}")
_HIDDEN = "***"


def is_secret(name: str) -> bool:
    """Whether an option called `name` holds a secret: `api_key` and `credentials` do, `max_tokens` and `tokenizer` do not."""
    return bool(_SECRET_NAME.search(name))


class Options(dict[str, Any]):
    """Keyword arguments for a class that the settings name; shown without what is secret in them."""

    def __repr__(self) -> str:
        return repr(shown_options(self))


def shown_key(key: str) -> str:
    """Tell that a key is set, and how long it is: that shows a key cut short, and nothing of it."""
    return f"set, {len(key)} characters"


def shown_address(url: str) -> str:
    """Return the address without user name, password, query and fragment, also when it is no valid address."""
    scheme = _SCHEME.match(url)
    start = scheme.group() if scheme else ""
    address, mark, more = (*re.split(r"([?#])", url[len(start) :], maxsplit=1), "", "")[:3]
    if "@" in more:  # a password with a question mark, or a query with an @
        return start + _HIDDEN
    if "@" in address:
        address = f"{_HIDDEN}@{address.rpartition('@')[2]}"
    return start + address + (mark + _HIDDEN if mark else "")


def shown_variable(name: str) -> str:
    """Return the name of a variable; what is no name in capital letters may be a key given in its place, and is hidden."""
    return name if _VARIABLE.fullmatch(name) else _HIDDEN


def shown_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of a table of options without what its names say is secret, in tables within it too."""
    return {name: _HIDDEN if is_secret(name) else _shown(value) for name, value in options.items()}


def _shown(value: Any) -> Any:
    if isinstance(value, Mapping):
        return shown_options(value)
    if isinstance(value, list):
        return [_shown(item) for item in value]
    return shown_address(value) if isinstance(value, str) and "://" in value else value
