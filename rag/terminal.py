"""What every command shares: errors in one sentence, progress, and a clean end at Ctrl-C."""

from __future__ import annotations

import argparse
import functools
import io
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rag.errors import RagError, UsageError
from rag.types import Progress

_INTERRUPTED = 130
_LINE_EVERY_S = 10  # where standard error is no terminal
_LOGGERS = ("rag", "ui", "evals")
_HANDLER = "standard error"  # the name of the handler that prints
_LEVELS = ("debug", "info", "warning", "error")
NO_MODEL = (
    "No model is configured, so these are sentences quoted from the abstracts. For written answers set RAG_BASE_URL and "
    "RAG_MODEL, for example RAG_BASE_URL=http://localhost:11434/v1 RAG_MODEL=qwen3:8b"
)
Main = Callable[[Sequence[str] | None], int]


def say(message: str) -> None:
    """Tell the person something that is not the answer: on standard error."""
    print(message, file=sys.stderr, flush=True)


def text_of(path: Path, fix: str) -> str:
    """Return the text of a file that a person has named. Raises UsageError; `fix` is for a file that is no such text."""
    try:
        return path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise UsageError(f"There is no file {path}.", "Check the path and the file name.") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}.", fix) from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is no text in UTF-8.", fix) from None


def fail_in_one_sentence(main: Main) -> Callable[..., int]:
    """Wrap a command's main(): a RagError is printed with its remedy, Ctrl-C ends with 130, a closed pipe quietly."""

    @functools.wraps(main)
    def wrapped(argv: Sequence[str] | None = None) -> int:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")  # a terminal that cannot show a letter shows a question mark
        try:
            _log_to_stderr(os.environ.get("RAG_LOG", ""))
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
            text = " ".join(f"{type(error).__name__}: {error}".split())[:300]
            say(f"error: there is a fault in this program ({text}). Please report it with the command you gave.")
            return 1
        finally:
            _end_of_log()

    return wrapped


def add_verbose(parser: argparse.ArgumentParser) -> None:
    """Add the option --verbose, which is the same as RAG_LOG=info."""
    parser.add_argument("--verbose", action=_Verbose, nargs=0, help="log each stage and each request with its time")


class _Verbose(argparse.Action):
    def __call__(self, *_: object) -> None:
        _log_to_stderr("info")


def _log_to_stderr(level: str) -> None:
    """Print what the program logs from `level` on; "" leaves it unprinted. Raises UsageError for an unknown level."""
    if not level:
        return
    if level.lower() not in _LEVELS:
        raise UsageError(f"RAG_LOG is {level}.", f"Give {', '.join(_LEVELS[:-1])} or {_LEVELS[-1]}.")
    _end_of_log()
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    handler.set_name(_HANDLER)
    for name in _LOGGERS:
        logging.getLogger(name).addHandler(handler)
        logging.getLogger(name).setLevel(level.upper())


def _end_of_log() -> None:
    for name in _LOGGERS:
        for handler in [one for one in logging.getLogger(name).handlers if one.get_name() == _HANDLER]:
            logging.getLogger(name).removeHandler(handler)
            logging.getLogger(name).setLevel(logging.NOTSET)


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """Give a function (stage, done, total) that shows on standard error how far a stage is, with its rate and the time left.

    A terminal has a bar for each stage. Elsewhere a line is printed now and then, and none for what is soon done.
    """
    shown = _Bars() if sys.stderr.isatty() else _Lines()
    try:
        yield shown.advance
    finally:
        shown.close()


class _Lines:
    def __init__(self) -> None:
        self._stage = ""
        self._began = self._printed = time.monotonic()
        self._done_before = 0

    def advance(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._began, self._printed, self._done_before = stage, now, now, done
        if now - self._printed < _LINE_EVERY_S:
            return
        self._printed = now
        rate = (done - self._done_before) / (now - self._began)
        left = f", {(total - done) / rate / 60:,.0f} min left" if total and rate else ""
        of = f" of {total:,}" if total else ""
        say(f"{stage}: {done:,}{of}, {rate:,.0f} a second{left}")

    def close(self) -> None:
        """Print nothing more."""


class _Bars:
    """Bars that appear with the first stage; rich is not imported before, as most questions have nothing to wait for."""

    def __init__(self) -> None:
        self._bars: Any = None
        self._tasks: dict[str, Any] = {}

    def advance(self, stage: str, done: int, total: int) -> None:
        if self._bars is None:
            self._bars = _rich_bars()
            self._bars.start()
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(stage, total=total or None)
        self._bars.update(self._tasks[stage], completed=done, total=total or None)

    def close(self) -> None:
        if self._bars is not None:
            self._bars.stop()


def _rich_bars() -> Any:
    from rich import progress
    from rich.console import Console
    from rich.text import Text

    class Rate(progress.ProgressColumn):
        def render(self, task: progress.Task) -> Text:
            return Text(f"{task.speed:,.0f} a second" if task.speed else "")

    name = progress.TextColumn("{task.description:>10}")
    columns = (name, progress.BarColumn(), progress.MofNCompleteColumn(), Rate(), progress.TimeRemainingColumn())
    return progress.Progress(*columns, console=Console(stderr=True), transient=True)
