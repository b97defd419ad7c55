"""What every command shares: errors in one sentence, progress, and a clean end at Ctrl-C."""

from __future__ import annotations

import functools
import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rag.errors import RagError
from rag.types import Progress

_INTERRUPTED = 130
NO_MODEL = (
    "No model is configured, so these are sentences quoted from the abstracts. For written answers set RAG_BASE_URL and "
    "RAG_MODEL, for example RAG_BASE_URL=http://localhost:11434/v1 RAG_MODEL=qwen3:8b"
)
Main = Callable[[Sequence[str] | None], int]


def say(message: str) -> None:
    """Tell the person something that is not the answer: on standard error."""
    print(message, file=sys.stderr, flush=True)


def fail_in_one_sentence(main: Main) -> Callable[..., int]:
    """Wrap a command's main(): a RagError is printed with its remedy, Ctrl-C ends with 130, a closed pipe quietly."""

    @functools.wraps(main)
    def wrapped(argv: Sequence[str] | None = None) -> int:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")  # a terminal that cannot show a letter shows a question mark
        try:
            return main(argv)
        except RagError as error:
            say(f"error: {error}")
            return error.exit_code
        except KeyboardInterrupt:
            say("Stopped.")
            return _INTERRUPTED
        except BrokenPipeError:  # before OSError, which it is one of
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        except OSError as error:
            where = f" ({error.filename})" if error.filename else ""
            say(f"error: {error.strerror or error}{where}. Check the path and the disk, or set RAG_HOME to another folder.")
            return 1
        except Exception as error:  # noqa: BLE001 - the last stop before a person sees a traceback
            said = " ".join(f"{type(error).__name__}: {error}".split())[:300]
            say(f"error: there is a fault in this program ({said}). Please report it with the command you gave.")
            return 1

    return wrapped


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """Give a function (stage, done, total) that draws a bar a stage on a terminal's standard error, and else nothing."""
    bars = _Bars()
    try:
        yield bars.advance
    finally:
        bars.close()


class _Bars:
    """Bars that appear with the first stage; rich is not imported before, as most questions have nothing to wait for."""

    def __init__(self) -> None:
        self._bars: Any = None
        self._tasks: dict[str, Any] = {}

    def advance(self, stage: str, done: int, total: int) -> None:
        if not sys.stderr.isatty():
            return
        if self._bars is None:
            from rich import progress
            from rich.console import Console

            stage_name = progress.TextColumn("{task.description:>10}")
            columns = (stage_name, progress.BarColumn(), progress.MofNCompleteColumn(), progress.TimeRemainingColumn())
            self._bars = progress.Progress(*columns, console=Console(stderr=True), transient=True)
            self._bars.start()
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(stage, total=total)
        self._bars.update(self._tasks[stage], completed=done, total=total)

    def close(self) -> None:
        if self._bars is not None:
            self._bars.stop()
