"""Asks a question of the library: python -m rag.ask "question".

Exit codes: 0 answered, 3 refused for want of evidence, 2 wrong usage, 1 failed or cut short. The answer goes to
standard output, everything else to standard error.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag import filter_options
from rag.errors import RagError, UsageError
from rag.events import Checking, Thought, Waiting
from rag.output import findings, render, signs, terminal
from rag.output.growing import GrowingText, Part
from rag.request import AskRequest, checked_question, parse
from rag.terminal import NO_MODEL, add_verbose, fail_in_one_sentence, progress_bars, say, text_of
from rag.text.words import clean
from rag.types import Answer, Claim, Filters

if TYPE_CHECKING:
    from rich.console import Console

    from rag.assistant import Assistant
    from rag.settings.settings import Settings

REFUSED = 3
_FORMS: dict[str, Callable[[Answer], str]] = {
    "json": render.to_json,
    "markdown": render.markdown,
    "bibtex": render.bibtex,
    "ris": render.ris,
}
_STYLES = {
    "supported": "green",  # of an added citation
    "unsupported": "bold red",
    "contradicted": "bold red",
    "partial": "yellow",
    "miscited": "magenta",
    "uncited": "cyan",
}
_FORM_OF_BATCH = "Give a JSONL file of id and question."
_STYLE_OF_DIFFERENCE = "bold underline"


def arguments() -> argparse.ArgumentParser:
    """Return the parser of the command line. The reference pages are made from it."""
    parser = argparse.ArgumentParser(
        prog="python -m rag.ask",
        description=__doc__.partition("\n")[0],
        epilog=f"The check gives each sentence that it doubts a sign: {signs.legend()}.",
    )
    parser.add_argument("question", nargs="?", help="the question; - reads it from standard input")
    parser.add_argument("--batch", metavar="FILE|-", help="JSONL of id, question, k, history, filters: one answer a line")
    parser.add_argument("--search", action="store_true", help="only list the papers found")
    parser.add_argument("--json", action="store_true", help="the same as --format json")
    parser.add_argument("--format", choices=("text", *_FORMS), default="text")
    parser.add_argument("--k", type=filter_options.positive, help="how many papers to read or list at most")
    filter_options.add(parser)
    parser.add_argument("--profile", metavar="NAME", help="the model of this table [models.NAME] in rag.toml")
    parser.add_argument("--model", help="the model's name at the endpoint")
    parser.add_argument("--base-url", metavar="URL", help="the address of an OpenAI-compatible endpoint")
    parser.add_argument("--api-key-env", metavar="NAME", help="the variable that holds the endpoint's key")
    parser.add_argument("--verify", choices=("auto", "off", "model"), help="whether the model judges each statement (auto)")
    parser.add_argument("--force", action="store_true", help="ask the model even when the abstracts seem not to answer")
    parser.add_argument("--no-model", action="store_true", help="quote the abstracts, whatever model is configured")
    add_verbose(parser)
    return parser


@fail_in_one_sentence
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = arguments()
    args = parser.parse_args(argv)
    _check(parser, args)
    only = filter_options.given(args)
    settings = _settings(args)
    if args.batch is not None:
        return _batch(args.batch, settings, only, args.force)
    question = checked_question(sys.stdin.read() if args.question == "-" else args.question)
    assistant = _open(settings)
    only = assistant.scope.checked(only)
    form = "json" if args.json else args.format
    if args.search:
        return _search(assistant, question, only, form)
    if form == "text":
        answer = _streamed(assistant, question, only, args.force)
    else:
        answer = assistant.ask(question, filters=only, force=args.force)
        print(_FORMS[form](answer))
    if answer.mode == "extractive" and not args.no_model:
        say(f"\n{NO_MODEL}")
    if answer.refused:
        return REFUSED
    return 0 if answer.complete else 1


def _settings(args: argparse.Namespace) -> Settings:
    from rag.settings import settings  # here, like the assistant, so that a Ctrl-C in the second they take ends cleanly

    loaded = settings.load(
        k=args.k,
        profile=args.profile,
        model=args.model,
        base_url=args.base_url,
        api_key_env=args.api_key_env,
        no_model=args.no_model or None,
        verify=args.verify,
    )
    for error in settings.exposed_keys(loaded.home):
        say(f"warning: {error}")
    return loaded


def _check(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    if (args.question is None) == (args.batch is None):
        parser.error("give one question, or --batch FILE")
    if args.json and args.format not in ("text", "json"):
        parser.error(f"give --json or --format {args.format}, not both")
    if args.batch is not None and (args.search or args.format not in ("text", "json")):
        parser.error("--batch prints answers as JSON Lines, and goes with neither --search nor another --format")
    if args.search and args.format not in ("text", "json"):
        parser.error("--search prints text or JSON")


def _open(settings: Settings) -> Assistant:
    from rag.assistant import Assistant

    with progress_bars() as progress:
        return Assistant(settings, progress=progress, tell=say)


def _search(assistant: Assistant, question: str, only: Filters, form: str) -> int:
    found = assistant.search(question, filters=only)
    warnings = assistant.scope.warnings(only, found=bool(found))
    if form == "json":
        print(json.dumps(render.hits_to_dict(question, only, found, warnings), ensure_ascii=False))
    elif found:
        print(render.hits(found))
    for warning in warnings:
        say(warning)
    return 0 if found else REFUSED


def _streamed(assistant: Assistant, question: str, only: Filters, force: bool) -> Answer:
    """Print the answer: to a terminal as it comes, each sentence with its sign when it ends; to a pipe when it is whole."""
    if sys.stdout.isatty():
        return _streamed_to_terminal(assistant, question, only, force)
    answer = assistant.ask(question, filters=only, force=force)
    print(render.text(answer))
    return answer


def _streamed_to_terminal(assistant: Assistant, question: str, only: Filters, force: bool) -> Answer:
    from rich.console import Console

    from rag.events import Found, Withdrawn

    console = Console(highlight=False)
    doing = f"asking {assistant.model.name or 'the model'}" if assistant.model.mode == "model" else "reading"
    spinner = console.status(doing)
    spinner.start()
    found, growing = None, GrowingText()
    try:
        for event in assistant.stream(question, filters=only, force=force):
            if isinstance(event, Found):
                found = event
            elif isinstance(event, str):
                spinner.stop()
                _print_parts(console, growing.add(event))
            elif isinstance(event, Claim):
                _print_parts(console, growing.check(event))
            elif isinstance(event, Answer):
                answer = event
            elif isinstance(event, Withdrawn):
                _print_parts(console, growing.withdraw())
            else:
                spinner.update(f"{doing}, {_status(event)}")
    except KeyboardInterrupt:
        if found is None or not growing.text:
            raise
        answer = assistant.cut(question, found, growing.text, "stopped")
    finally:
        spinner.stop()
    _print_parts(console, growing.finish(answer))
    _print_tail(console, answer, growing.late)
    return answer


def _print(console: Console, text: str, style: str | None = None) -> None:
    console.print(terminal.printable(text), style=style, end="", markup=False, soft_wrap=True)


def _print_parts(console: Console, parts: Iterable[Part]) -> None:
    for part in parts:
        _print(console, part.text, _STYLES.get(part.verdict or ""))


def _print_tail(console: Console, answer: Answer, late: Sequence[Claim]) -> None:
    """Print the findings, with the words that differ underlined, and the sources."""
    lines = findings.late(late) + findings.lines(answer)
    _print(console, "\n" * (2 if lines else 1))
    for line in lines:
        for words in line:
            _print(console, words.text, _STYLE_OF_DIFFERENCE if words.differs else None)
        _print(console, "\n")
    if listed := render.listed(answer):
        _print(console, f"\n{listed}\n")


def _status(event: Thought | Waiting | Checking) -> str:
    if isinstance(event, Checking):
        return "which judges the statements"
    return "which thinks" if isinstance(event, Thought) else f"{event.seconds:.0f} s"


def _standard_input() -> str:
    try:
        return sys.stdin.read()
    except UnicodeDecodeError:
        raise UsageError("Standard input is no text in UTF-8.", _FORM_OF_BATCH) from None


def _batch(place: str, settings: Settings, only: Filters, force: bool) -> int:
    """Answer every line of a JSONL file; a bad line gives an error record and the rest go on. The filters of a line come
    on top of those of the command, and before them."""
    text = _standard_input() if place == "-" else text_of(Path(place), _FORM_OF_BATCH)
    assistant = _open(settings)
    assistant.scope.checked(only)
    failed = 0
    for number, line in _lines(text):
        record_id: Any = number
        try:
            record = _record(line, number)
            record_id = record.get("id", number)
            asked = parse(AskRequest, record, only)
            answer = assistant.ask(asked.question, asked.history, k=asked.k, filters=asked.filters, force=force)
            _emit({**render.to_dict(answer), "id": record_id})
        except RagError as error:
            failed += 1
            _emit({"id": record_id, "error": str(error)})
        except Exception as error:  # noqa: BLE001 - one question must not end the others
            failed += 1
            _emit({"id": record_id, "error": f"There is a fault in this program ({type(error).__name__}: {error})."})
    return 1 if failed else 0


def _emit(record: dict[str, Any]) -> None:
    print(clean(json.dumps(record, ensure_ascii=False)), flush=True)


def _lines(text: str) -> Iterable[tuple[int, str]]:
    return ((n, line) for n, line in enumerate(text.split("\n"), 1) if line.strip())


def _record(line: str, number: int) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"Line {number} is not valid JSON ({error}).", "Give one JSON object a line.") from error
    if not isinstance(record, dict):
        raise UsageError(f"Line {number} is no JSON object.", 'Give it as {"id": 1, "question": "…"}.')
    return record


if __name__ == "__main__":
    sys.exit(main())
