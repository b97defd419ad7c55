"""The package offers its public names itself, and imports nothing heavy before one of them is used."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import rag
import rag.assistant
import rag.settings.settings
import rag.types

ROOT = Path(__file__).resolve().parents[1]
LOADED = "import sys, rag; rag.__version__; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
TYPED = """
import rag

reveal_type(rag.Assistant(rag.load_settings()).ask("?", filters=rag.Filters(year=2024)))
reveal_type(rag.__version__)
rag.Answr
"""


def test_the_package_offers_its_public_names() -> None:
    assert rag.Assistant is rag.assistant.Assistant
    assert (rag.Answer, rag.Filters) == (rag.types.Answer, rag.types.Filters)
    assert rag.load_settings is rag.settings.settings.load
    assert rag.__version__ == version("abstract-rag")
    assert {"Answer", "Assistant", "Filters", "__version__", "load_settings"} == set(rag.__all__) <= set(dir(rag))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"module 'rag' has no attribute 'Answr'"):
        _ = rag.Answr  # type: ignore[attr-defined]


def test_importing_the_package_alone_loads_no_other_package() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = set(done.stdout.split())
    assert "rag" in loaded
    assert not loaded & {"numpy", "chromadb", "pydantic", "onnxruntime", "rich", "httpx2"}


def test_a_type_checker_sees_the_public_names(tmp_path: Path) -> None:
    """The package is marked as typed, and the names are imported for type checkers."""
    assert (Path(rag.__file__).parent / "py.typed").exists()
    (tmp_path / "user.py").write_text(TYPED, "utf-8")
    command = [sys.executable, "-m", "mypy", str(tmp_path / "user.py")]  # and its cache of this project
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert 'Revealed type is "rag.types.Answer"' in done.stdout
    assert 'has no attribute "Answr"' in done.stdout
    assert 'Revealed type is "str"' in done.stdout or 'Revealed type is "builtins.str"' in done.stdout
