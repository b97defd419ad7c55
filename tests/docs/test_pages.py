"""README and docs cannot drift: their commands parse, and every option, setting, path and link in them exists."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest
import reference
import yaml
from support import pages
from support.pages import ALL, PAGES, README, ROOT, Command

from rag import ask, errors
from rag.settings.settings import Settings
from rag.types import Answer, Claim, Evidence, Filters

PARSERS = {command: reference.parser(command) for command in reference.COMMANDS}
COMMANDS = [command for page in ALL for command in pages.commands(page)]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
CURRENT = [page for page in ALL if page.name != "CHANGELOG.md"]  # which tells of what was, too
METHODS = {"prompts/get"}  # of the Model Context Protocol, not paths
OTHERS = {"--no-deps", "--group", "--api-key", "--max-model-len", "--path"}  # options of uv, pip, and of servers


def options() -> set[str]:
    """Return every option of every command, with its two dashes."""
    parsers = [p for parser in PARSERS.values() for p in (parser, *reference.commands(parser).values())]
    return {name for p in parsers for action in p._actions for name in action.option_strings if name.startswith("--")}


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_a_command_is_understood(command: Command) -> None:
    PARSERS[command.module].parse_args(command.arguments)
    for variable in command.variables:
        assert variable.removeprefix("RAG_").lower() in Settings.model_fields


def test_readme_begins_with_the_two_commands_and_shows_the_others() -> None:
    first = pages.blocks(README, "sh")[0].splitlines()
    question = "How does GraphSAINT build its minibatches?"
    assert first == [f'pip install uv && uv run python -m rag.ask "{question}"', "pip install uv && uv run pytest"]
    shown = {command.module for command in pages.commands(README)}
    assert {"rag.ask", "rag.ingest", "rag.doctor", "ui", "evals"} <= shown


def test_the_pages_show_every_command() -> None:
    assert {command.module for command in COMMANDS} == set(PARSERS)


@pytest.mark.parametrize("page", CURRENT, ids=pages.name)
def test_every_option_named_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", re.sub(r"<!--.*?-->", "", text)))
    assert named - options() - OTHERS == set()


def test_every_option_and_setting_is_in_the_reference() -> None:
    shown = "".join(reference.part(f"options:{command}") for command in PARSERS)
    assert {option for option in options() - {"--help"} if f"`{option}" not in shown} == set()
    table = reference.part("settings")
    assert {name for name in Settings.model_fields if f"`RAG_{name.upper()}`" not in table} == set()
    for command in PARSERS:
        assert f"<!-- generated: options:{command} -->" in (ROOT / "docs" / "reference" / "options.md").read_text("utf-8")


@pytest.mark.parametrize("page", CURRENT, ids=pages.name)
def test_every_setting_named_exists(page: Path) -> None:
    named = set(re.findall(r"\bRAG_([A-Z_]+)\b", page.read_text("utf-8")))
    assert {name for name in named if name.lower() not in Settings.model_fields and not in_code(f"RAG_{name}")} == set()


def in_code(text: str) -> bool:
    return any(text in file.read_text("utf-8") for file in (ROOT / "rag").rglob("*.py"))


@pytest.mark.parametrize("page", ALL, ids=pages.name)
def test_every_local_link_resolves(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", pages.prose(page)):
        if re.match(r"https?:", target):
            continue
        place, _, anchor = target.partition("#")
        file = (page.parent / place).resolve() if place else page
        assert file.exists(), f"{target} of {pages.name(page)} is not there"
        if anchor:
            assert anchor in pages.anchors(file), f"{target} of {pages.name(page)} names no heading"


@pytest.mark.parametrize("page", CURRENT, ids=pages.name)
def test_every_path_named_exists(page: Path) -> None:
    named = re.findall(r"`((?:rag|ui|evals|tests|prompts|docs|examples|scripts)/[\w./*-]*)`", pages.prose(page))
    assert [path for path in set(named) - METHODS if not any(ROOT.glob(path.rstrip("/")))] == []


def test_the_tree_of_readme_is_the_tree() -> None:
    [tree] = [block for block in pages.blocks(README, "text") if block.startswith("rag/")]
    lines = tree.splitlines()
    top = {line.split()[0] for line in lines if not line.startswith(" ")}
    inside = {line.split()[0] for line in lines if line.startswith(" ")}
    assert all((ROOT / name).is_dir() for name in top)
    there = {f.name + "/" * f.is_dir() for f in (ROOT / "rag").iterdir() if f.name not in ("__pycache__", "py.typed")}
    assert inside == {name for name in there if not name.startswith("_")}


def test_readme_is_one_page_and_contributing_is_shorter() -> None:
    assert len(README.read_text("utf-8").splitlines()) <= 150
    assert len((ROOT / "CONTRIBUTING.md").read_text("utf-8").splitlines()) <= 60


def test_the_packages_of_readme_are_dependencies() -> None:
    table = README.read_text("utf-8").partition("## What it is made of")[2].partition("## ")[0]
    named = set(re.findall(r"^\| \[?([a-z-]+)\b", table, re.MULTILINE)) - {"package"}
    assert named == {"llama-index", "chromadb", "openai", "gradio", "tiktoken"}
    needed = " ".join(PROJECT["project"]["dependencies"])
    assert all(name in needed for name in named)


def test_the_contract_of_an_answer_is_in_its_page() -> None:
    block = pages.blocks(ROOT / "docs" / "reference" / "json.md", "text")[0]
    for kind in (Answer, Claim, Evidence, Filters):
        assert {field.name for field in fields(kind) if f'"{field.name}"' not in block} == set()


def test_the_exit_codes_are_those_of_the_code() -> None:
    text = (ROOT / "docs" / "reference" / "exit-codes.md").read_text("utf-8")
    assert f"| {ask.REFUSED} | `rag.ask`: refused" in text
    assert f"| {errors.UsageError.exit_code} | Wrong usage" in text
    assert f"| {errors.RagError.exit_code} | Failed" in text


def test_the_error_tree_names_every_error() -> None:
    tree = reference.part("errors")
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert {kind.__name__ for kind in kinds if kind.__name__ not in tree} == set()


def test_the_layers_of_contributing_are_those_of_the_import_contract() -> None:
    assert "<!-- generated: layers -->" in (ROOT / "docs" / "contributing.md").read_text("utf-8")
    rows = reference.part("layers").splitlines()
    assert rows[2].startswith("| 1 | `ui`, `evals` |")
    assert any("`rag.retrieval`, `rag.answering`" in row for row in rows)


@pytest.mark.parametrize("page", ["docs/programs/python.md", "docs/reference/errors.md"])
def test_the_python_of_a_page_runs(page: str, starter_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_HOME", str(starter_home))
    [program] = pages.blocks(ROOT / page, "python")
    names: dict[str, object] = {}
    exec(program, names)
    answer = names["answer"]
    assert isinstance(answer, Answer)
    assert "GraphSAINT" in answer.answer


def test_a_part_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError):
        reference.part("options:rag.nosuch")


def test_every_page_is_in_the_navigation() -> None:
    listed = re.findall(r"- ([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(str(page.relative_to(ROOT / "docs")) for page in PAGES)


def test_no_page_names_a_package_index() -> None:
    for page in ALL:
        assert not re.search(r"pypi\.|pythonhosted|simple/|index-url", page.read_text("utf-8"))


def test_the_citation_file_is_valid_and_of_this_version() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert cited["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= set(cited)
    assert cited["authors"] == [{"name": "The abstract-rag authors"}]
    assert (str(cited["version"]), cited["license"]) == (PROJECT["project"]["version"], PROJECT["project"]["license"])


def test_the_changelog_has_this_version_and_what_is_not_released() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    versions = re.findall(r"^## \[([^]]+)\](?: - \d{4}-\d{2}-\d{2})?$", text, re.MULTILINE)
    assert versions == ["Unreleased", PROJECT["project"]["version"]]
    kinds = set(re.findall(r"^### (.+)$", text, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
