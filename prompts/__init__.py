"""Finds the prompts: one Markdown file each, string.Template placeholders, a line of three dashes between the system and
the user message."""

from __future__ import annotations

from functools import cache
from importlib import resources
from string import Template


@cache
def load(name: str) -> tuple[Template, Template]:
    """Return the system and user templates of prompts/<name>.md; substitute() fails by name on a missing placeholder."""
    system, _, user = resources.files(__name__).joinpath(f"{name}.md").read_text("utf-8").partition("\n---\n")
    return Template(system.strip()), Template(user.strip())
