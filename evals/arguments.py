"""Types of command-line arguments that several evals share."""

from __future__ import annotations

import argparse
from collections.abc import Callable


def at_least(smallest: int) -> Callable[[str], int]:
    """Return an argparse type for whole numbers from `smallest` on. It raises ArgumentTypeError for any other text."""

    def number(value: str) -> int:
        if not value.isdecimal() or int(value) < smallest:
            raise argparse.ArgumentTypeError(f"{value} is not a whole number of {smallest} or more")
        return int(value)

    return number
