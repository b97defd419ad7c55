"""Nothing is sent or left behind by the libraries that the assistant is made of."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
EMBEDS = """
from pathlib import Path
from rag.index.minilm import MiniLM
import os
vectors = MiniLM(Path(os.environ["RAG_HOME"])).embed(["a lamp"])
assert vectors.shape == (1, 384)
"""


def test_onnxruntime_reports_nothing_and_keeps_no_id_of_the_machine(starter_home: Path, tmp_path: Path) -> None:
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    home.mkdir()
    temporary.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "ORT_"))}
    environment = {**kept, "HOME": str(home), "TMPDIR": str(temporary), "RAG_HOME": str(starter_home), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", EMBEDS], env=environment, check=True, timeout=300)
    assert sorted(path.name for path in (*home.rglob("*"), *temporary.rglob("*"))) == []
