"""Imports run one way, as the contracts in pyproject.toml say, and a plain question loads none of the heavy packages."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_the_import_contracts_are_kept() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout


def test_every_module_of_rag_has_a_layer() -> None:
    """A package that no layer names would be free to import anything."""
    layers = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"][0]["layers"]
    named = {name.strip().removeprefix("rag.") for layer in layers for name in layer.split("|") if "rag." in name}
    there = {path.stem for path in (ROOT / "rag").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert there - {"__init__"} == named


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
