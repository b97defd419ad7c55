"""Checks a draft against the abstracts that it cites: python -m rag.verify draft.tex --bib refs.bib

The draft is Markdown or LaTeX. Exit codes: 0 nothing is in doubt, 1 some statements are, 2 wrong usage. What is in doubt goes
to standard output, FILE:LINE before it, everything else to standard error.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rag.errors import UsageError
from rag.terminal import add_verbose, fail_in_one_sentence, progress_bars, say, text_of
from rag.text.words import clean

_FIX = "Give a draft in Markdown or LaTeX, as UTF-8 text."
_CITE = "Cite as \\cite{key}, [@key] or [1] with a list of references."


def arguments() -> argparse.ArgumentParser:
    """Return the parser of the command line. The reference pages are made from it."""
    parser = argparse.ArgumentParser(prog="python -m rag.verify", description=__doc__.partition("\n")[0])
    parser.add_argument("drafts", nargs="+", type=Path, metavar="FILE", help="a draft in Markdown or LaTeX")
    parser.add_argument("--bib", nargs="+", default=[], type=Path, metavar="FILE", help="BibTeX files with the works it cites")
    parser.add_argument("--json", action="store_true", help="print all statements with citations as JSON, a draft a line")
    add_verbose(parser)
    return parser


@fail_in_one_sentence
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    args = arguments().parse_args(argv)
    from rag.assistant import Assistant  # here, as it takes a second, so that wrong usage is told at once
    from rag.drafts import checked, cited, reading
    from rag.settings import settings

    given = cited.entries(args.bib)
    drafts = {path: reading.read(text_of(path, _FIX)) for path in args.drafts}
    for path, draft in drafts.items():
        if not draft.keys:
            raise UsageError(
                f"{path} cites nothing that is read.", "Cite as \\cite{key}, [@key] or [1] with a list of references."
            )
    with progress_bars() as progress:
        assistant = Assistant(settings.load(no_model=True), progress=progress, tell=say)
    doubtful = 0
    for path, draft in drafts.items():
        found = checked.draft(draft, cited.papers(draft, given, assistant.library), assistant)
        doubtful += len(found.doubtful)
        if args.json:
            print(clean(json.dumps({"file": str(path), **checked.to_dict(found)}, ensure_ascii=False)))
        else:
            print("\n".join(checked.lines(str(path), found)))
    return int(doubtful > 0)


if __name__ == "__main__":
    sys.exit(main())
