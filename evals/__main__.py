"""python -m evals run | calibrate: is it grounded, on this corpus and with this model, and what does the check catch?"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from evals import calibrate, run
from rag.cli import fail_in_one_sentence


def arguments() -> argparse.ArgumentParser:
    """Return the parser of the command line; a test holds README against it."""
    parser = argparse.ArgumentParser(prog="python -m evals", description=__doc__)
    commands = parser.add_subparsers(required=True)
    for name, command, about in (
        ("run", run, "ask every case and measure the answers"),
        ("calibrate", calibrate, "measure what the grounding check catches"),
    ):
        parsing = commands.add_parser(name, help=about, description=(command.__doc__ or "").partition("\n")[0])
        command.add_arguments(parsing)
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
