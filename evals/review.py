"""python -m evals review: makes a page on which a person accepts, mends or drops the drafts of a case file.

The page is one file that loads nothing and sends nothing. It keeps what was decided in the browser, and its button Save
downloads the reviewed cases; the file it was made from stays as it is.
"""

from __future__ import annotations

import argparse
import json
import webbrowser
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from evals import case_files, pages
from evals.make import REVIEW
from rag.errors import UsageError
from rag.sources import formats
from rag.sources.paper_ids import paper_id
from rag.types import Paper


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="the cases, as python -m evals make drafts them")
    parser.add_argument(
        "--papers", nargs="+", default=(), metavar="FILE", help="files of the papers, to read beside the drafts"
    )
    parser.add_argument("--no-open", action="store_true", help="only write the page, and do not open it in a browser")


def run(args: argparse.Namespace) -> int:
    """Write the page on FILE to FILE.html, print where it is, and open it; return 0.

    Raises UsageError for a file that is wrong or without drafts, and SourceError for papers that cannot be read.
    """
    cases = case_files.load(args.file)
    drafts = sum(case.review is not None for case in cases)
    if not drafts:
        raise UsageError(f"{args.file} has no draft to review.", "Draft cases with python -m evals make.")
    named = {paper_id(title) for case in cases if case.review is not None for title in (*case.gold, *case.about)}
    papers = {paper.id: paper for paper in _papers(args.papers) if paper.id in named}
    path = args.file.with_name(f"{args.file.name}.html")
    try:
        path.write_text(page(args.file, papers), "utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror}).", "Copy the cases to a folder of your own.") from error
    lacking = f"; {len(named - papers.keys())} of their {len(named)} papers are not in --papers" if args.papers else ""
    print(f"Wrote {path}: {drafts} drafts to review{lacking}.")
    if not args.no_open:
        webbrowser.open(path.resolve().as_uri())
    return 0


def _papers(places: Sequence[str]) -> Iterator[Paper]:
    for place in [path for given in places for path, _ in formats.expand(given)]:
        yield from (paper for paper in formats.parse(formats.load(place)[1], place) if isinstance(paper, Paper))


def page(path: Path, papers: Mapping[str, Paper]) -> str:
    """Return the page on the cases of `path`, as HTML that loads nothing and lets nothing run but its own script.

    `papers` are those to show beside the drafts, by id.
    """
    html = pages.environment()
    template = pages.template(html, "review_page.html")
    lines = [line.removesuffix("\r") for line in path.read_text("utf-8-sig").split("\n") if line.strip()]
    data = {
        "name": path.stem,
        "key": f"evals review {_digest(str(path.resolve()))}",
        "unanswerable": case_files.UNANSWERABLE,
        "usual": REVIEW,
        "lines": [_line(line, papers) for line in lines],
    }
    return template.render(file=path.name, kinds=case_files.KINDS, unanswerable=case_files.UNANSWERABLE, data=data)


def _line(line: str, papers: Mapping[str, Paper]) -> dict[str, Any]:
    """Return a line of a case file for the page: its text, and of a draft the record, a key and the abstracts by title."""
    record = json.loads(line)
    if record.get("review") is None:
        return {"text": line}
    titles = [*record.get("gold", ()), *record.get("about", ())]
    abstracts = {title: papers[paper_id(title)].abstract for title in titles if paper_id(title) in papers}
    return {"text": line, "record": record, "key": _digest(line), "abstracts": abstracts}


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
