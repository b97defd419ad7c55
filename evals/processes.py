"""Runs commands in processes of their own and tells how long they took and how much memory they held at most."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile

from rag.errors import RagError

_POLL_S = 0.005


def memory_mb(process: int | str = "self") -> float | None:
    """Return the most memory that a process has held at once, in MB; None where there is no /proc, or no such process."""
    try:
        lines = Path(f"/proc/{process}/status").read_text("utf-8").splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        return None


def command(arguments: Sequence[str], home: Path) -> tuple[float, float | None, str]:
    """Run python -m `arguments` on `home`; return its seconds, its MB at most, and what it printed. Raises RagError.

    The memory is looked up while it runs, as what the system tells of an ended child counts the parent's too.
    """
    environment = {**os.environ, "RAG_HOME": str(home)}
    memory = None
    with TemporaryFile("w+", encoding="utf-8") as out, TemporaryFile("w+", encoding="utf-8") as err:
        start = time.perf_counter()
        line = [sys.executable, "-m", *arguments]
        process = subprocess.Popen(line, env=environment, stdout=out, stderr=err)  # noqa: S603 - our own modules
        try:
            while process.poll() is None:
                memory = memory_mb(process.pid) or memory
                time.sleep(_POLL_S)
        except BaseException:
            process.kill()
            process.wait()
            raise
        seconds = time.perf_counter() - start
        out.seek(0)
        err.seek(0)
        if process.returncode:
            why = (err.read().strip().splitlines() or [f"code {process.returncode}"])[-1]
            raise RagError(f"{' '.join(arguments[:2])} could not be measured ({why}).", "Run it by itself to see more.")
        return seconds, memory, out.read()
