"""Each script in examples/ runs by itself: no key, no model, no network, and a home of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.pages import ROOT

EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
PRINTS = {
    "ask.py": (r"^supported: GraphSAINT, .*\n +\[1\] GraphSAINT", r"^\[1\] GraphSAINT: Graph Sampling"),
    "stream.py": (r"0\.970 on Reddit .*\(supported\)$", r"^\d\.\d\d s, 6 papers read$"),
    "own_papers.py": (r"^papers\.jsonl: 2 added, 0 bad$", r"27\.5%", r"\AFrost Watch|\nFrost Watch: Blossom"),
    "llamaindex_chain.py": (
        r"\AHow does GraphSAINT build its minibatches\?\n.*GraphSAINT",
        r"^GraphSAINT: Graph Sampling.* \| \S",
        r"^How long do eggs boil\?\nThe abstracts do not answer this question\.$",
        r"^0\.0 ≠ contradicted: “It reaches an F1 score of 0\.895 on PPI\.”",
        r"Pointer Networks",
    ),
    "evals_on_own_cases.py": (r"^single +1 +1\.000 .*", r"^unanswerable +0 +0 +0 +1$", r"^2 answers, extractive"),
}


def test_every_example_is_tried() -> None:
    assert {path.name for path in EXAMPLES} == set(PRINTS)
    page = (ROOT / "docs" / "programs" / "python.md").read_text("utf-8")
    assert [path.name for path in EXAMPLES if f"examples/{path.name}" not in page] == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_prints_what_it_shows(path: Path, own_home: Path, tmp_path: Path) -> None:
    blocked = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}  # what goes out fails
    environment = {**os.environ, **blocked, "RAG_HOME": str(own_home)}
    done = subprocess.run(
        [sys.executable, str(path)], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for expected in PRINTS[path.name]:
        assert re.search(expected, done.stdout, re.MULTILINE), f"{expected} is not in:\n{done.stdout}"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_short_and_says_how_to_run_it(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= 60
    assert f"uv run python examples/{path.name}" in text.split('"""')[1]
