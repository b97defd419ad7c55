"""Render the templates in ui/templates. A template escapes every value; only the output of another template passes as it is.

All HTML of the pages is in them, but for what ui/reading makes of an answer's Markdown.
"""

from __future__ import annotations

import re

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

# What Markdown makes links, images and code of. A bracket after an odd number of backslashes opens or closes maths.
_BRACKET = re.compile(r"(\\*)([\[\]])")
_ENTITIES = {"`": "&#96;", "://": ":&#47;&#47;", "www.": "www&#46;"}


def rendered(template: str, /, **values: object) -> Markup:
    """Return a template, such as "chat/sources.html", filled with `values`.

    Raises jinja2.UndefinedError for a value that is missing, and jinja2.TemplateNotFound.
    """
    return Markup(HTML.get_template(template).render(values))  # noqa: S704 - the templates escape


def markdown_safe(text: str) -> Markup:
    """Return a text escaped for a toast, which shows HTML and Markdown."""
    safe = str(escape(text))
    for plain, entity in _ENTITIES.items():
        safe = safe.replace(plain, entity)
    return Markup(_BRACKET.sub(_bracket, safe))  # noqa: S704 - escaped above


def counted(n: int, noun: str) -> str:
    """Return a number with a noun in the singular or plural: "1 paper", "1,000 papers"."""
    return f"{n:,} {noun}{'s' * (n != 1)}"


def _bracket(match: re.Match[str]) -> str:
    backslashes, bracket = match.groups()
    return match.group() if len(backslashes) % 2 else f"{backslashes}&#{ord(bracket)};"


HTML = Environment(
    loader=PackageLoader("ui"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
HTML.filters["counted"] = counted
