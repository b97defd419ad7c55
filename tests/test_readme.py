"""README cannot drift: its commands parse, its options exist, and every option and setting there is stands in it."""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path

import pytest

import evals.__main__
import rag.ask
import rag.doctor.__main__
import rag.ingest
import rag.serve_local
import rag.settings.__main__
import ui.__main__
from rag.settings.settings import Settings

README = (Path(__file__).resolve().parents[1] / "README.md").read_text("utf-8")
COMMANDS = re.findall(r"^    (?:.*?&& )?((?:RAG_\w+=\S+ )*)uv run python -m ([\w.]+)(.*?)(?:\s{2,}#.*)?$", README, re.MULTILINE)
PARSERS = {
    "rag.ask": rag.ask.arguments(),
    "rag.doctor": rag.doctor.__main__.arguments(),
    "rag.ingest": rag.ingest.arguments(),
    "rag.settings": rag.settings.__main__.arguments(),
    "rag.serve_local": rag.serve_local.arguments(),
    "ui": ui.__main__.arguments(),
    "evals": evals.__main__.arguments(),
}


def options(parser: argparse.ArgumentParser) -> set[str]:
    commands = [p for action in parser._actions if isinstance(action.choices, dict) for p in action.choices.values()]
    actions = [action for p in (parser, *commands) for action in p._actions]
    return {o for action in actions for o in action.option_strings if o.startswith("--") and o != "--help"}


def test_the_readme_shows_every_command() -> None:
    assert {module for _, module, _ in COMMANDS} == set(PARSERS)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command[1:])[:60])
def test_a_command_of_the_readme_is_understood(command: tuple[str, str, str]) -> None:
    variables, module, rest = command
    PARSERS[module].parse_args(shlex.split(rest))
    for variable in variables.split():
        assert variable.partition("=")[0].removeprefix("RAG_").lower() in Settings.model_fields


@pytest.mark.parametrize("module", sorted(PARSERS))
def test_every_option_stands_in_the_readme(module: str) -> None:
    missing = {option for option in options(PARSERS[module]) if not re.search(rf"{option}\b", README)}
    assert missing == set()


def test_every_setting_stands_in_the_readme() -> None:
    assert {name for name in Settings.model_fields if f"RAG_{name.upper()}" not in README} == set()


def test_the_contract_of_an_answer_stands_in_the_readme() -> None:
    from dataclasses import fields

    from rag.types import Answer, Claim, Evidence

    block = README[README.index("An answer as JSON") : README.index("## Your own abstracts")]
    for kind in (Answer, Claim, Evidence):
        assert {field.name for field in fields(kind) if f'"{field.name}"' not in block} == set()
