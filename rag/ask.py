"""Asks a question of the library: python -m rag.ask "question".

Exit codes: 0 answered, 3 refused for want of evidence, 2 wrong usage, 1 failed or cut short. The answer goes to
standard output, everything else to standard error.
"""

from __future__ import annotations

import argparse
import functools
import json
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag import render
from rag.cli import LONGEST_QUESTION, NO_MODEL, fail_in_one_sentence, progress_bars, say
from rag.errors import RagError, UsageError
from rag.types import Answer, Claim, Filters, Turn

if TYPE_CHECKING:
    from rag.assistant import Assistant
    from rag.settings import Settings

REFUSED = 3
_STYLES = {"supported": "green", "unsupported": "bold red", "partial": "yellow", "miscited": "magenta", "uncited": "cyan"}
_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")


def arguments() -> argparse.ArgumentParser:
    """Return the parser of the command line; a test holds README against it."""
    parser = argparse.ArgumentParser(prog="python -m rag.ask", description=__doc__.partition("\n")[0])
    parser.add_argument("question", nargs="?", help="the question; - reads it from standard input")
    parser.add_argument("--batch", metavar="FILE|-", help="JSONL of id, question, history: one answer a line")
    parser.add_argument("--search", action="store_true", help="only list the papers found")
    parser.add_argument("--json", action="store_true", help="the same as --format json")
    parser.add_argument("--format", choices=("text", "markdown", "json", "bibtex"), default="text")
    parser.add_argument("--k", type=_positive, help="how many papers to put before the model")
    parser.add_argument("--year", type=_positive, help="only papers of this year")
    parser.add_argument("--since", metavar="DATE", type=_date, help="only papers from this date on, such as 2024-05")
    parser.add_argument("--until", metavar="DATE", type=_date, help="only papers up to this date")
    parser.add_argument("--source", metavar="NAME", help="only papers that a source with this in its name lists")
    parser.add_argument("--title", metavar="WORDS", help="only papers with this in their title")
    parser.add_argument("--model", help="the model's name at the endpoint")
    parser.add_argument("--base-url", metavar="URL", help="the address of an OpenAI-compatible endpoint")
    parser.add_argument("--api-key-env", metavar="NAME", help="the variable that holds the endpoint's key")
    parser.add_argument("--verify", choices=("off", "model"), help="have the model judge each statement too")
    parser.add_argument("--force", action="store_true", help="ask the model even when the abstracts seem not to answer")
    parser.add_argument("--no-model", action="store_true", help="quote the abstracts, whatever model is configured")
    return parser


def _positive(value: str) -> int:
    if not value.isdecimal() or int(value) < 1:
        raise argparse.ArgumentTypeError(f"{value} is not a number from 1 on")
    return int(value)


def _date(value: str) -> str:
    if not _DATE.fullmatch(value):
        raise argparse.ArgumentTypeError(f"{value} is not a date such as 2024, 2024-05 or 2024-05-31")
    return value


@fail_in_one_sentence
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = arguments()
    args = parser.parse_args(argv)
    _check(parser, args)
    from rag.settings import load  # here, like the assistant, so that a Ctrl-C in the second they take ends cleanly

    settings = load(
        k=args.k,
        model=args.model,
        base_url=args.base_url,
        api_key_env=args.api_key_env,
        no_model=args.no_model or None,
        verify=args.verify,
    )
    filters = Filters(args.year, args.since, args.until, args.source, args.title)
    if args.batch is not None:
        return _batch(args.batch, settings, filters, args.force)
    question = _checked(sys.stdin.read() if args.question == "-" else args.question)
    assistant = _open(settings)
    form = "json" if args.json else args.format
    if args.search:
        return _search(assistant, question, filters, form)
    if form == "text":
        answer = _streamed(assistant, question, filters, args.force)
    else:
        answer = assistant.ask(question, filters=filters, force=args.force)
    if form != "text":
        write = {"json": render.to_json, "markdown": render.markdown, "bibtex": render.bibtex}[form]
        print(write(answer))
    if answer.mode == "extractive" and not args.no_model:
        say(f"\n{NO_MODEL}")
    if answer.refused:
        return REFUSED
    return 0 if answer.complete else 1


def _check(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    if (args.question is None) == (args.batch is None):
        parser.error("give one question, or --batch FILE")
    if args.json and args.format not in ("text", "json"):
        parser.error(f"give --json or --format {args.format}, not both")
    if args.batch is not None and (args.search or args.format not in ("text", "json")):
        parser.error("--batch prints answers as JSON Lines, and goes with neither --search nor another --format")
    if args.search and args.format in ("markdown", "bibtex"):
        parser.error("--search prints text or JSON")


def _open(settings: Settings) -> Assistant:
    from rag.assistant import Assistant

    with progress_bars() as progress:
        return Assistant(settings, progress=progress, tell=say)


def _checked(question: str) -> str:
    question = _clean(question).strip()
    if not question:
        raise UsageError("The question is empty.", 'Ask one: python -m rag.ask "How does GraphSAINT work?"')
    if len(question) > LONGEST_QUESTION:
        raise UsageError(f"The question has {len(question)} characters, more than {LONGEST_QUESTION}.", "Ask a shorter one.")
    return question


def _clean(text: str) -> str:
    """Replace halves of surrogate pairs, which a terminal or JSON may hold and which are no text."""
    return text.encode("utf-8", "replace").decode()


def _search(assistant: Assistant, question: str, filters: Filters, form: str) -> int:
    found = assistant.search(question, filters=filters)
    if form == "json":
        hits = [render.hit_to_dict(n, hit) for n, hit in enumerate(found, 1)]
        print(json.dumps({"question": question, "hits": hits}, ensure_ascii=False))
    elif found:
        print(render.hits(found))
    else:
        say("No paper passes the filters.")
    return 0 if found else REFUSED


def _streamed(assistant: Assistant, question: str, filters: Filters, force: bool) -> Answer:
    """Print the answer: as it comes to a terminal, each sentence signed when it ends; whole to a pipe."""
    if not sys.stdout.isatty():
        answer = assistant.ask(question, filters=filters, force=force)
        print(render.text(answer))
        return answer
    from rich.console import Console

    from rag.assistant import Found

    console = Console(highlight=False)
    show = functools.partial(console.print, end="", markup=False, soft_wrap=True)
    waiting = console.status(f"asking {assistant.model.name or 'the model'}" if assistant.model.host else "reading")
    waiting.start()
    found, said, signed = None, "", 0
    try:
        for event in assistant.stream(question, filters=filters, force=force):
            if isinstance(event, Found):
                found = event
            elif isinstance(event, str):
                waiting.stop()
                said += event
                show(render.plain(event))
            elif isinstance(event, Claim):
                signed += 1
                show(render.suffix(event), style=_STYLES.get(event.verdict))
            else:
                answer = event
    except KeyboardInterrupt:
        if found is None or not said:
            raise
        answer = assistant.cut(question, found, said, "stopped")
    finally:
        waiting.stop()
    for claim in answer.claims[signed:]:
        show(render.suffix(claim), style=_STYLES.get(claim.verdict))
    console.print(f"\n\n{render.tail(answer)}", markup=False, soft_wrap=True)
    return answer


def _batch(place: str, settings: Settings, filters: Filters, force: bool) -> int:
    """Answer every line of a JSONL file; a bad line gives an error record and the rest go on."""
    try:
        text = sys.stdin.read() if place == "-" else Path(place).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{place} cannot be read ({error}).", "Give a JSONL file of id and question.") from error
    assistant = _open(settings)
    failed = 0
    for number, line in _lines(text):
        record_id: Any = number
        try:
            record = _record(line, number)
            record_id = record.get("id", number)
            if not isinstance(record.get("question"), str):
                raise UsageError(f"Line {number} has no question.", 'Give it as {"id": 1, "question": "…"}.')
            history = _history(record.get("history"), number)
            answer = assistant.ask(_checked(record["question"]), history, filters=filters, force=force)
            _emit({**render.to_dict(answer), "id": record_id})
        except RagError as error:
            failed += 1
            _emit({"id": record_id, "error": str(error)})
    return 1 if failed else 0


def _emit(record: dict[str, Any]) -> None:
    print(_clean(json.dumps(record, ensure_ascii=False)), flush=True)


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


def _history(value: Any, number: int) -> list[Turn]:
    turns = []
    if not isinstance(value or [], list):
        raise UsageError(f"The history of line {number} is no list.", "Give questions, or role and content.")
    for item in value or []:
        if isinstance(item, str):
            turns.append(Turn("user", _clean(item)[:LONGEST_QUESTION]))
        elif isinstance(item, dict) and item.get("role") in ("user", "assistant") and isinstance(item.get("content"), str):
            turns.append(Turn(item["role"], _clean(item["content"])[:LONGEST_QUESTION]))
        else:
            raise UsageError(f"The history of line {number} is wrong.", "Give questions, or role and content.")
    return turns


if __name__ == "__main__":
    sys.exit(main())
