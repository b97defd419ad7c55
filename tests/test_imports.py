"""Imports run one way, each foreign engine has one room, and a plain question loads none of the heavy packages."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Each room may import from the levels before its own, never from its own or later ones. A new room gets its place here.
LEVELS = [
    {"types", "errors", "text", "dates", "prompts", "address", "redact"},
    {"sentences", "sources", "cli", "merge", "where", "lock", "tokens", "window", "wire"},
    {"settings", "faults", "thinking", "stored"},
    {"reply", "explain", "served", "history"},
    {"quantities", "names", "polarity", "question", "followup", "claims", "wording", "embed_reply"},
    {"chunks", "embedding", "minilm", "library", "refusal", "query"},
    {"vectors", "lexical", "matrix", "support", "filters", "records"},
    {"index"},
    {"titles"},
    {"retrieve", "corpus", "live"},
    {"gate", "ground", "lookup"},
    {"prompt", "models", "adapters", "extract"},
    {"verify", "understand", "embed_request"},
    {"endpoint_embedder"},
    {"chosen"},
    {"ingest", "reading"},
    {"assistant", "checkup", "references"},
    {"render", "hosts", "trial"},
    {"transcript"},
    {"ask", "llamaindex", "serve_local"},
    {"ui", "evals"},
    {"doctor"},
]
LEVEL = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}
# SQLite has two: the library can be made again from its sources and is thrown away whole, a history cannot and is not.
OWNERS = {"sqlite3": {"library", "history"}, "chromadb": {"vectors"}, "tantivy": {"lexical"}}


def modules() -> Iterator[Path]:
    for folder in ("rag", "ui", "evals", "prompts"):
        yield from sorted((ROOT / folder).rglob("*.py"))


def room(dotted: str) -> str:
    """The room of a module: "index" for rag.index, "sources" for rag.sources.jsonl, "ui" for all of ui."""
    parts = dotted.split(".")
    return parts[1] if parts[0] == "rag" and len(parts) > 1 else parts[0]


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, dotted name) of all imports, also those inside functions and those only for type checkers."""
    package = name_of(path) if path.name == "__init__.py" else name_of(path).rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join([*package.split(".")[: len(package.split(".")) - node.level + 1], *filter(None, [base])])
            # "from rag import index" names the module index; "from rag.index import writer" the module rag.index.
            yield from ((node.lineno, f"{base}.{a.name}" if base == "rag" else base) for a in node.names)


def is_ours(dotted: str) -> bool:
    return dotted.partition(".")[0] in ("rag", "ui", "evals", "prompts")


def test_every_room_has_a_place_in_the_order() -> None:
    rooms = {room(name_of(path)) for path in modules()} - {"rag"}
    assert {"types", "index", "assistant", "ask", "evals"} <= rooms
    assert rooms <= LEVEL.keys(), "give the new room a level in LEVELS"


def test_imports_run_one_way() -> None:
    wrong = []
    for path in modules():
        here = room(name_of(path))
        for line, dotted in imported(path):
            there = room(dotted)
            if is_ours(dotted) and there != here and LEVEL[there] >= LEVEL[here]:
                wrong.append(f"{path.relative_to(ROOT)}:{line} ({here}) imports {there}")
    assert wrong == []


@pytest.mark.parametrize(("package", "owners"), OWNERS.items())
def test_an_engine_is_imported_by_its_own_rooms_only(package: str, owners: set[str]) -> None:
    importers = {name_of(path) for path in modules() for _, dotted in imported(path) if dotted.partition(".")[0] == package}
    assert importers == {f"rag.{owner}" for owner in owners}


def test_llamaindex_is_imported_by_its_two_rooms_and_to_cut_and_to_compare() -> None:
    importers = {name_of(p) for p in modules() for _, dotted in imported(p) if dotted.partition(".")[0] == "llama_index"}
    assert {room(name) if name.startswith("rag") else name for name in importers} == {
        "adapters",
        "llamaindex",
        "chunks",
        "evals.peer",
    }


def test_a_question_without_an_endpoint_loads_no_heavy_package(starter_home: Path, tmp_path: Path) -> None:
    """Gradio, LlamaIndex and openai cost more to import than the whole answer; torch is not needed at all."""
    command = [sys.executable, "-X", "importtime", "-m", "rag.ask", "How does GraphSAINT build its minibatches?"]
    environment = {**os.environ, "RAG_HOME": str(starter_home)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path, check=False)
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert done.returncode == 0, done.stderr[-2000:]
    assert "GraphSAINT" in done.stdout
    assert {"rag.assistant", "chromadb", "onnxruntime"} <= loaded
    assert not loaded & {"llama_index", "llama_index.core", "gradio", "openai", "torch"}
