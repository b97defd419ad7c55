"""What the pages of the evals share: they load nothing, and let nothing run but their own script."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from importlib import resources

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup, escape

_BOLD = re.compile(r"\*\*([^*\n]+)\*\*")


def environment() -> Environment:
    """Return what fills in a template, with every value escaped."""
    html = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    html.filters["csp_hash"] = csp_hash
    html.filters["bold"] = bold
    return html


def bold(text: str) -> Markup:
    """Return a plain text with what stands between two pairs of stars in bold, as the quotes of answers write titles."""
    return Markup(_BOLD.sub(r"<strong>\1</strong>", str(escape(text))))  # noqa: S704 - it is escaped


def template(html: Environment, name: str) -> Template:
    """Return the template in the file `name` beside this module."""
    return html.from_string(resources.files("evals").joinpath(name).read_text("utf-8"))


def csp_hash(text: str) -> str:
    """Return the source expression with which a content security policy allows `text` as a script or a style."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
