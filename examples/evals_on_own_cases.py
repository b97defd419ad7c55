"""Measures answers on papers and cases of your own, as `python -m evals run --papers … --cases …` does.

uv run python examples/evals_on_own_cases.py
"""

import json
import tempfile
from pathlib import Path

from evals.__main__ import main

PAPER = {
    "title": "LanternNet: Street Lamps That Listen",
    "abstract": "Street lamps waste power when nobody walks below them. LanternNet dims 340 lamps by learning from footsteps. "
    "It cut the energy used in Ghent by 27.5% over 12 weeks.",
}
# `must_include` lists facts, each with spellings of which the answer must have one.
CASES = [
    {"id": "1", "kind": "single", "split": "dev", "question": "How much energy did LanternNet save in Ghent?", "history": []}
    | {"gold": [PAPER["title"]], "must_include": [["27.5%", "27.5 percent"]]},
    {"id": "2", "kind": "far_off", "split": "dev", "question": "What is the capital of Mongolia?", "history": []}
    | {"gold": [], "must_include": []},
]

with tempfile.TemporaryDirectory() as folder:
    papers, cases = Path(folder, "papers.jsonl"), Path(folder, "cases.jsonl")
    papers.write_text(json.dumps(PAPER), "utf-8")
    cases.write_text("\n".join(map(json.dumps, CASES)), "utf-8")
    code = main(["run", "--papers", str(papers), "--cases", str(cases), "--out", folder, "--no-model"])
raise SystemExit(code)
