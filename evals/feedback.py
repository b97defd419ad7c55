"""python -m evals add-feedback: makes cases of the answers that were rated in the chat.

A thumb up makes a case of what was answered: the cited papers are gold, the figures of supported sentences must be said. A
thumb up for a refusal makes an unanswerable case. Anything else makes a case that waits for a person to say what is right.
They belong to the dev half, since somebody has looked at them; what is asked of `evals run` are the papers they are about.
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

_NO_WORDS = {False: "rated down, without words", None: "commented on"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--home", type=Path, metavar="DIR", help="the home whose ratings to take (RAG_HOME)")
    parser.add_argument(
        "--out", type=Path, default=Path("results/feedback.jsonl"), metavar="FILE", help="the cases; those there are kept"
    )


def run(args: argparse.Namespace) -> int:
    """Add a case for each rated answer that the file has not yet; return 0."""
    home = load(home=args.home).home
    if not (home / "history.sqlite").exists():
        raise UsageError(f"Nothing was rated in {home}.", "Rate answers in the chat, or name its home with --home.")
    there = {case.id for case in case_files.load(args.out)} if args.out.exists() else set()
    made = [record for record in map(case_of, History(home).feedback()) if record["id"] not in there]
    args.out.parent.mkdir(parents=True, exist_ok=True)
    before = args.out.read_text("utf-8") if args.out.exists() else ""
    lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in made]
    args.out.write_text(before + "\n" * bool(before and not before.endswith("\n")) + "".join(lines), "utf-8")
    waiting = sum("review" in record for record in made)
    print(f"{len(made)} cases added to {args.out}, of which {waiting} wait for a review; {len(there)} were there.")
    return 0


def case_of(rated: Rated) -> dict[str, Any]:
    """Return the case that a rated answer makes, in the form of evals/cases/starter.jsonl."""
    answer = rated.answer
    follows = answer.standalone_question != answer.question
    record: dict[str, Any] = {
        "id": f"feedback-{answer.id}",
        "kind": _kind(answer, follows),
        "split": "dev",
        "question": answer.question,
        "history": list(rated.earlier) if follows else [],
        "gold": [],
        "must_include": [],
    }
    if not rated.up:
        return {**record, "review": rated.words or _NO_WORDS[rated.up], "answer": answer.answer}
    if not answer.refused:
        record |= {"gold": _gold(answer), "must_include": [[figure] for figure in _figures(answer)]}
    return record


def _kind(answer: Answer, follows: bool) -> str:
    if answer.refused:
        return "absent_method" if answer.missing else "absent_detail"
    if answer.mode == "corpus":
        return "collection"
    if follows:
        return "follow_up"
    return "multi" if len(_gold(answer)) > 1 else "numeric" if _figures(answer) else "single"


def _gold(answer: Answer) -> list[str]:
    """The titles of the cited papers; a paper that its title does not tell from another cannot be gold."""
    return [s.paper.title for s in answer.sources if s.cited and s.paper.id == paper_id(s.paper.title)]


def _figures(answer: Answer) -> list[str]:
    """The figures of what the answer says with support, as it writes them. A digit alone is in too many texts to tell."""
    said = [citations.without_marks(c.text) for c in answer.claims if c.verdict == "supported"]
    found = [q.shown for text in said for q in quantities.find(text) if not q.spelled and len(q.shown) > 1]
    return list(dict.fromkeys(found))
