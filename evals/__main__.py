"""python -m evals run: is it grounded, on this corpus and with this model?"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from evals import run
from rag.cli import fail_in_one_sentence


def arguments() -> argparse.ArgumentParser:
    """Return the parser of the command line; a test holds README against it."""
    parser = argparse.ArgumentParser(prog="python -m evals", description=__doc__)
    commands = parser.add_subparsers(required=True)
    asking = commands.add_parser(
        "run", help="ask every case and measure the answers", description=run.__doc__.partition("\n")[0]
    )
    run.add_arguments(asking)
    return parser


@fail_in_one_sentence
def main(argv: Sequence[str] | None = None) -> int:
    """Run one of the evals and return its exit code."""
    return run.run(arguments().parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
