"""python -m evals add-feedback: makes cases of answers that were rated in the chat.

A thumb up makes a complete case: the cited papers are gold, and the figures of supported sentences must be stated. A thumb up
for a refusal makes an unanswerable case. Any other rating makes a case that waits for a person's review.

All these cases are of the dev half, as somebody has seen them. To run them, give `evals run` the papers they are about.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from evals import case_files
from rag.errors import UsageError
from rag.settings.settings import load
from rag.sources.paper_ids import paper_id
from rag.storage.history import History, Rated
from rag.text import citations, quantities
from rag.types import Answer

_DEFAULT_REVIEWS = {False: "rated down, without words", None: "commented on"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--home", type=Path, metavar="DIR", help="the home whose ratings to take (RAG_HOME)")
    parser.add_argument(
        "--out", type=Path, default=Path("results/feedback.jsonl"), metavar="FILE", help="the cases; those there are kept"
    )


def run(args: argparse.Namespace) -> int:
    """Add a case for each rated answer that the file does not have yet; return 0."""
    home = load(home=args.home).home
    if not (home / "history.sqlite").exists():
        raise UsageError(f"No answer was rated in {home}.", "Rate answers in the chat, or give its home with --home.")
    existing = {case.id for case in case_files.load(args.out)} if args.out.exists() else set()
    made = [record for record in map(case_of, History(home).feedback()) if record["id"] not in existing]
    args.out.parent.mkdir(parents=True, exist_ok=True)
    before = args.out.read_text("utf-8") if args.out.exists() else ""
    lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in made]
    args.out.write_text(before + "\n" * bool(before and not before.endswith("\n")) + "".join(lines), "utf-8")
    waiting = sum("review" in record for record in made)
    print(f"{len(made)} cases added to {args.out}, of which {waiting} wait for a review; {len(existing)} were there before.")
    return 0


def case_of(rated: Rated) -> dict[str, Any]:
    """Return a rated answer as a case, in the form of evals/cases/starter.jsonl."""
    answer = rated.answer
    is_follow_up = answer.standalone_question != answer.question
    record: dict[str, Any] = {
        "id": f"feedback-{answer.id}",
        "kind": _kind(answer, is_follow_up=is_follow_up),
        "split": "dev",
        "question": answer.question,
        "history": list(rated.earlier) if is_follow_up else [],
        "gold": [],
        "must_include": [],
    }
    if not rated.up:
        return {**record, "review": rated.words or _DEFAULT_REVIEWS[rated.up], "answer": answer.answer}
    if not answer.refused:
        record |= {"gold": _gold(answer), "must_include": [[figure] for figure in _figures(answer)]}
    return record


def _kind(answer: Answer, *, is_follow_up: bool) -> str:
    if answer.refused:
        return "absent_method" if answer.missing else "absent_detail"
    if answer.mode == "corpus":
        return "collection"
    if is_follow_up:
        return "follow_up"
    return "multi" if len(_gold(answer)) > 1 else "numeric" if _figures(answer) else "single"


def _gold(answer: Answer) -> list[str]:
    """Return the titles of the cited papers, without papers whose id is not made of the title alone."""
    return [s.paper.title for s in answer.sources if s.cited and s.paper.id == paper_id(s.paper.title)]


def _figures(answer: Answer) -> list[str]:
    """Return the figures of the supported sentences, as written. A single digit is left out: too many texts have it."""
    sentences = [citations.without_marks(c.text) for c in answer.claims if c.verdict == "supported"]
    figures = [q.shown for text in sentences for q in quantities.find(text) if not q.spelled and len(q.shown) > 1]
    return list(dict.fromkeys(figures))
