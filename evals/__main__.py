"""python -m evals run | claims | calibrate | retrieval | bench: measures answers, the grounding check, retrieval and speed.

compare, rescore, judge, export and report take the files of runs. make, review and add-feedback make cases.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from evals import (
    bench,
    calibrate,
    claims,
    compare,
    feedback,
    judge,
    make,
    ragas_export,
    report,
    rescore,
    retrieval,
    review,
    run,
)
from rag.terminal import add_verbose, fail_in_one_sentence


def arguments() -> argparse.ArgumentParser:
    """Return the parser of the command line. The reference pages are made from it."""
    parser = argparse.ArgumentParser(prog="python -m evals", description=__doc__)
    commands = parser.add_subparsers(required=True)
    for name, command, about in (
        ("run", run, "ask every case and measure the answers"),
        ("compare", compare, "say whether runs differ by more than chance"),
        ("rescore", rescore, "measure the answers of a run again, without asking"),
        ("judge", judge, "have a model grade the answers of a run"),
        ("export", ragas_export, "write the answers of a run in the form of RAGAS"),
        ("report", report, "make a page of runs, or Markdown for a pull request"),
        ("calibrate", calibrate, "measure what the grounding check catches"),
        ("claims", claims, "measure the grounding check on labelled answers"),
        ("retrieval", retrieval, "measure whether the right papers are found"),
        ("bench", bench, "measure speed and memory on this machine"),
        ("make", make, "draft cases from your own papers"),
        ("review", review, "make a page to review drafted cases on"),
        ("add-feedback", feedback, "make cases of the answers that were rated in the chat"),
    ):
        parsing = commands.add_parser(name, help=about, description=(command.__doc__ or "").partition("\n")[0])
        command.add_arguments(parsing)
        add_verbose(parsing)
        parsing.set_defaults(run=command.run)
    return parser


@fail_in_one_sentence
def main(argv: Sequence[str] | None = None) -> int:
    """Run one of the evals and return its exit code."""
    args = arguments().parse_args(argv)
    code: int = args.run(args)
    return code


if __name__ == "__main__":
    sys.exit(main())
