"""Runs commands in their own processes, and measures their time and their peak memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from rag.errors import RagError
from rag.terminal import fail_in_one_sentence

_POLL_S = 0.005


def memory_mb(process: int | str = "self") -> float | None:
    """Return the peak memory of a process in MB; None without /proc, or without such a process."""
    try:
        lines = Path(f"/proc/{process}/status").read_text("utf-8").splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        return None


def command(arguments: Sequence[str], home: Path) -> tuple[float, float | None, str]:
    """Run python -m `arguments` on `home`. Return its seconds, its peak memory in MB, and its output.

    The memory is read while the process runs: after its end, the system counts the parent's memory too. Raises RagError when
    the command fails.
    """
    environment = {**os.environ, "RAG_HOME": str(home)}
    memory = None
    with TemporaryFile("w+", encoding="utf-8") as out, TemporaryFile("w+", encoding="utf-8") as err:
        start = time.perf_counter()
        command_line = [sys.executable, "-m", *arguments]
        process = subprocess.Popen(command_line, env=environment, stdout=out, stderr=err)  # noqa: S603 - our own modules
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
            reason = (err.read().strip().splitlines() or [f"code {process.returncode}"])[-1]
            raise RagError(
                f"{' '.join(arguments[:2])} could not be measured ({reason}).", "Run this command by itself to see more."
            )
        return seconds, memory, out.read()


def stage_command(stages: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]]) -> Callable[..., int]:
    """Return the main() of a measuring process: it takes the name of a stage and its JSON, and prints the JSON of the stage."""

    @fail_in_one_sentence
    def main(argv: Sequence[str] | None = None) -> int:
        stage, spec = sys.argv[1:] if argv is None else argv
        print(json.dumps(stages[stage](json.loads(spec))))
        return 0

    return main
