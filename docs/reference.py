"""What the documentation takes from the code: options, settings, the error tree, the layers, the changelog.

part("options:rag.ask")     a table of that command's options, for a page that has `<!-- generated: options:rag.ask -->`
"""

from __future__ import annotations

import argparse
import importlib
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from rag import errors
from rag.request import filter_parameters
from rag.settings.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = (
    *("rag.ask", "rag.ingest", "rag.library", "rag.verify", "rag.doctor", "rag.settings", "rag.serve_local"),
    *("ui", "evals"),
)
MEANINGS = {
    "home": "the folder that holds the library, the index, the conversations and a `rag.toml`",
    "profile": "the profile in force: the table `[models.NAME]` of `rag.toml`",
    "model": "the model's name, or `llamaindex:package.module:Class`; optional where the server has only one model",
    "base_url": "the endpoint's address, such as `http://localhost:11434/v1`; without a path, `/v1` is added",
    "api_key": "the endpoint's key, where the endpoint wants one",
    "api_key_env": "the name of another variable that holds the key",
    "context_window": "tokens of prompt and answer, where the server names none (8192; Ollama: 4096) or more than wanted",
    "max_answer_tokens": "tokens of the answer; what a model thinks has room of its own",
    "timeout_s": "seconds to wait until a reply begins",
    "stall_s": "seconds of silence after which a reply that has begun is given up",
    "reasoning_effort": "how much the model may think, as its server names it (`low`, `medium`, `high`); unset, its default",
    "model_options": "keyword arguments of the model's class: a JSON object, or a table in `rag.toml`",
    "k": "papers put before the model for one question",
    "no_model": "`true`: never ask a model",
    "verify": "whether a model judges each statement: `auto`, once it has shown that it can, `off` or `model`, always",
    "store": "`llamaindex:package.module:Class`: a [vector store of LlamaIndex](../stores.md); unset, Chroma",
    "store_options": "keyword arguments of the store's class, in one of which `{collection}` stands for a name",
    "chroma_url": "the address of a [Chroma server](../stores.md) that holds the vectors; unset, they are in `home`",
    "chroma_token": "sent to that server as a bearer token and as `X-Chroma-Token`",
    "chroma_tenant": "the tenant on that server",
    "chroma_database": "the database on that server",
    "judge": "the profile whose model judges the answers; unset, the model that answers",
    "embed_model": "the model that embeds, or a class; unset, the bundled MiniLM",
    "embed_base_url": "the address of the endpoint that embeds",
    "embed_api_key": "the key of the endpoint that embeds",
    "embed_api_key_env": "the name of the variable that holds that key",
    "embed_options": "keyword arguments of the embedder's class",
    "reranker": "`llamaindex:package.module:Class`: a LlamaIndex node postprocessor",
    "reranker_options": "keyword arguments of the reranker's class",
}


def parser(command: str) -> argparse.ArgumentParser:
    """Return the parser of `python -m command`."""
    module = importlib.import_module(command)
    if hasattr(module, "__path__") and find_spec(f"{command}.__main__"):
        module = importlib.import_module(f"{command}.__main__")
    made: argparse.ArgumentParser = module.arguments()
    return made


def commands(of: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the subcommands of a parser by name."""
    return {name: p for action in of._actions if isinstance(action.choices, dict) for name, p in action.choices.items()}


def part(name: str) -> str:
    """Return a part of the documentation as Markdown. Raises KeyError for a name that is none."""
    kind, _, of = name.partition(":")
    if kind == "options" and of in COMMANDS:
        return _options(of)
    return {"settings": _settings, "errors": _errors, "changelog": _changelog, "layers": _layers, "filters": _filters}[name]()


def _options(command: str) -> str:
    whole = parser(command)
    inner = commands(whole)
    if not inner:
        return _table(whole)
    return "\n\n".join(f"### `{command} {name}`\n\n{_table(one)}" for name, one in inner.items())


def _table(of: argparse.ArgumentParser) -> str:
    rows = ["| option | meaning |", "|---|---|"]
    for action in of._actions:
        if action.dest == "help" or isinstance(action.choices, dict):
            continue
        names = ", ".join(f"`{_spelled(action, name)}`" for name in action.option_strings or (action.metavar or action.dest,))
        rows.append(f"| {names} | {_cell(action.help or f'default: `{action.default}`')} |")
    return "\n".join(rows)


def _spelled(action: argparse.Action, name: Any) -> str:
    if action.nargs == 0 or not action.option_strings:
        return str(name)
    value = action.metavar or (_choices(action) if action.choices else action.dest.upper())
    return f"{name} {value}{' …' if action.nargs in ('+', '*') else ''}"


def _choices(action: argparse.Action) -> str:
    return "|".join(map(str, action.choices or ()))


def _cell(text: str) -> str:
    return text.replace("|", "&#124;").replace("<", "&lt;").replace("[", "\\[")


def _settings() -> str:
    rows = ["| setting | value | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        value = f"{_value(field)}{_default(name, field)}"
        rows.append(f"| `RAG_{name.upper()}` | {value} | {field.description or MEANINGS[name]} |")
    return "\n".join(rows)


def _value(field: FieldInfo) -> str:
    kinds = [kind for kind in get_args(field.annotation) if kind is not type(None)]
    kind = kinds[0] if kinds and get_origin(field.annotation) not in (Literal, dict) else field.annotation
    if get_origin(kind) is Literal:
        return " or ".join(f"`{choice}`" for choice in get_args(kind))
    least = "".join(f" from {limit.ge}" for limit in field.metadata if getattr(limit, "ge", None) is not None)
    least += "".join(f" above {limit.gt:g}" for limit in field.metadata if getattr(limit, "gt", None) is not None)
    names: dict[Any, str] = {
        int: "number",
        float: "seconds",
        bool: "`true` or `false`",
        SecretStr: "secret",
        Path: "folder",
        str: "text",
    }
    return ("JSON object" if get_origin(kind) is dict else str(names.get(kind, "text"))) + least


def _default(name: str, field: FieldInfo) -> str:
    if name == "home":
        return " (the platform's user data folder)"
    if field.default in (None, {}):
        return ""
    value = str(field.default).lower() if isinstance(field.default, bool) else field.default
    return f" (`{value:g}`)" if isinstance(value, float) else f" (`{value}`)"


def _errors() -> str:
    tree = (errors.__doc__ or "").split("\n\n", 1)[1].rstrip()
    return f"```text\n{tree}\n```"


def _filters() -> str:
    rows = ["| option | name in JSON, HTTP and MCP | value | meaning |", "|---|---|---|---|"]
    for name, parameter in filter_parameters().items():
        option = f"{parameter.option} {parameter.wording.metavar or name.upper()}"
        rows.append(f"| `{option}` | `{name}` | {parameter.kind} | {_cell(parameter.description)} |")
    return "\n".join(rows)


def _layers() -> str:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    names = (layer.split(" | ") for layer in layers)
    rows = [f"| {n} | {', '.join(f'`{name}`' for name in layer)} |" for n, layer in enumerate(names, 1)]
    return "\n".join(["| layer | packages and modules |", "|---|---|", *rows])


def _changelog() -> str:
    return (ROOT / "CHANGELOG.md").read_text("utf-8").partition("\n")[2]
