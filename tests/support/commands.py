"""Runs the commands as a person would, against the local server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WINDOW = 1024  # tokens of the local server: two abstracts and an answer
TOKENS = 16  # of an answer


def run(*arguments: str, seconds: float = 150, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a person would, in the environment of the test and `environment`."""
    command = [sys.executable, "-m", *arguments]
    more = {"PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **more}, timeout=seconds, check=False)
