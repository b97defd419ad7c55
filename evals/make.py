"""python -m evals make: drafts cases from papers, for a person to review with python -m evals review.

Without a model, a draft is a sentence with a figure or a name left out. With one, the model writes a question on each paper:
answerable ones, ones that take something wrong for granted, and ones that the abstract does not answer.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from evals import case_files, make_asked, make_cloze
from evals.arguments import at_least
from evals.case_files import Case
from rag import factory
from rag.errors import EndpointError, UsageError
from rag.interfaces import ChatModel
from rag.settings.settings import load
from rag.sources import formats
from rag.sources.paper_ids import paper_id
from rag.terminal import progress_bars
from rag.types import Paper

REVIEW = "a draft: accept, mend or drop it"
_ID = re.compile(r"made-(\d+)")
_KINDS = tuple(make_asked.TASKS)
_MIN_ABSTRACT_CHARS = 40
_MIN_REPLIES = 10  # before a run is ended for its bad ones
_MAX_BAD = 0.5  # of the replies
_NO_SENTENCE = "without a sentence to ask about"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--papers", nargs="+", required=True, metavar="FILE", help="files of papers, as rag.ingest takes them")
    parser.add_argument(
        "--out", type=Path, default=Path("cases.jsonl"), metavar="FILE", help="the cases (cases.jsonl); those there are kept"
    )
    parser.add_argument("--cases", type=at_least(1), default=40, metavar="N", help="how many to draft, one for a paper (40)")
    parser.add_argument(
        "--profile", metavar="NAME", help="the model of this table [models.NAME] in rag.toml writes the questions"
    )
    parser.add_argument("--model", help="the model's name at the endpoint")
    parser.add_argument("--base-url", metavar="URL", help="the address of an OpenAI-compatible endpoint")
    parser.add_argument(
        "--no-model", action="store_true", help="leave out a figure or a name of a sentence, though a model is set"
    )


def run(args: argparse.Namespace) -> int:
    """Add a draft for each drawn paper to the file, as it is made, and print how many there are; return 0.

    Raises UsageError when there is nothing to draft, and EndpointError when the model fails or most of its replies are bad.
    """
    if args.no_model and (args.profile or args.model or args.base_url):
        raise UsageError("--no-model goes with no option that names a model.", "Leave one of them out.")
    existing = case_files.load(args.out) if args.out.exists() else []
    drawn = draw(read(args.papers), existing)
    if not drawn:
        raise UsageError(
            f"Every paper with an abstract has a case in {args.out} already.", "Give more papers, or another file with --out."
        )
    named = {"profile": args.profile, "model": args.model, "base_url": args.base_url}
    model = None if args.no_model else factory.model(load(**named))
    made, skipped = 0, Counter[str]()
    with progress_bars() as progress:
        for draft in drafts(drawn, existing, args.cases, model):
            if isinstance(draft, Case):
                _append(args.out, draft)
                made += 1
            else:
                skipped[draft] += 1
            progress("drafting", made + (skipped.total() if model else 0), min(args.cases, len(drawn)))
    if not made:
        raise UsageError(
            f"No case could be drafted{_reasons(skipped, model)}.", "Give files with whole abstracts, or name another model."
        )
    print(f"{made} drafts added to {args.out}; {len(existing)} cases were there before{_reasons(skipped, model)}.")
    print(f"Review them with: {shlex.join(['python', '-m', 'evals', 'review', str(args.out), '--papers', *args.papers])}")
    return 0


def _reasons(skipped: Counter[str], model: ChatModel | None) -> str:
    if not skipped:
        return ""
    what = "replies" if model else "papers"
    return f"; {skipped.total()} {what} skipped: " + ", ".join(f"{n} {reason}" for reason, n in skipped.most_common())


def read(places: Sequence[str]) -> list[Paper]:
    """Return the papers of some files or folders, each once, that have an abstract and that their title alone names.

    Raises SourceError for a file that cannot be read, and UsageError when no paper can be asked about.
    """
    papers: dict[str, Paper] = {}
    for place in [path for given in places for path, _ in formats.expand(given)]:
        for paper in formats.parse(formats.load(place)[1], place):
            usable = isinstance(paper, Paper) and len(paper.abstract) >= _MIN_ABSTRACT_CHARS
            if isinstance(paper, Paper) and usable and paper.id == paper_id(paper.title):  # a case names papers by title
                papers.setdefault(paper.id, paper)
    if not papers:
        raise UsageError("No paper of these files has an abstract.", "Give files with titles and whole abstracts to --papers.")
    return list(papers.values())


def draw(papers: Sequence[Paper], existing: Sequence[Case]) -> list[Paper]:
    """Return the papers that no case is about, in an order that is fixed for each set of papers."""
    taken = {paper_id(title) for case in existing for title in (*case.gold, *case.about)}
    drawn = sorted(papers, key=lambda paper: paper.id)
    Random(make_cloze.SEED).shuffle(drawn)  # noqa: S311 - a fixed seed draws the same papers every time
    return [paper for paper in drawn if paper.id not in taken]


def drafts(
    papers: Sequence[Paper], existing: Sequence[Case], most: int, model: ChatModel | None = None
) -> Iterator[Case | str]:
    """Yield the draft on each paper, or why there is none: `most` drafts without a model, `most` requests with one.

    Raises EndpointError when the model cannot be asked, or when more than half of its replies are bad.
    """
    first = 1 + max((int(found[1]) for case in existing if (found := _ID.fullmatch(case.id))), default=0)
    made, bad = 0, list[str]()
    for n, paper in enumerate(papers):
        if (n if model else made) >= most:
            break
        draft = _asked(model, paper, _KINDS[(first - 1 + n) // 2 % len(_KINDS)]) if model else _cloze(paper)
        if isinstance(draft, Case):
            number = first + made
            # With a model the halves alternate by request, twice as fast as the kinds, so that each kind is in both.
            split = "test" if (first - 1 + n if model else number - 1) % 2 else "dev"
            made += 1
            yield replace(draft, id=f"made-{number:04d}", split=split)
            continue
        bad.append(draft)
        yield draft
        if model and n + 1 >= _MIN_REPLIES and len(bad) > _MAX_BAD * (n + 1):
            break
    if model and len(bad) > _MAX_BAD * (made + len(bad)):
        often, _ = Counter(bad).most_common(1)[0]
        raise EndpointError(
            f"{len(bad)} of {made + len(bad)} replies of the model were no drafts, most often {often}.",
            f"Use a model that follows instructions, or --no-model; the {made} good drafts were added.",
        )


def _cloze(paper: Paper) -> Case | str:
    found = make_cloze.draft(paper)
    return _case(paper, found.kind, found.question, (found.fact,)) if found else _NO_SENTENCE


def _asked(model: ChatModel, paper: Paper, kind: str) -> Case | str:
    try:
        asked = make_asked.ask(model, paper, kind)
    except make_asked.BadReply as error:
        return str(error)
    return _case(paper, kind, asked.question, tuple((fact,) for fact in asked.facts))


def _case(paper: Paper, kind: str, question: str, facts: tuple[tuple[str, ...], ...]) -> Case:
    """Return a draft that has no id and no half yet."""
    answerable = kind not in case_files.UNANSWERABLE
    gold, about = ((paper.title,), ()) if answerable else ((), (paper.title,))
    return Case("", kind, "dev", question, (), gold, facts, REVIEW, about=about)


def _append(path: Path, case: Case) -> None:
    """Add a line to a file of cases, which may lack the end of its last line. Raises UsageError when it cannot be written."""
    line = json.dumps(case_files.record(case), ensure_ascii=False) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                line = line if file.read(1) == b"\n" else f"\n{line}"
            file.write(line.encode("utf-8", "replace"))
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror}).", "Name another file with --out.") from error
