"""The filters as options of a command line."""

from __future__ import annotations

import argparse
from typing import Any

from rag.request import filter_parameters, read_filters
from rag.types import Filters


def add(parser: argparse.ArgumentParser) -> None:
    """Add an option for each filter."""
    for name, parameter in filter_parameters().items():
        text = parameter.description[0].lower() + parameter.description[1:].rstrip(".")
        options: dict[str, Any] = {"dest": name, "metavar": parameter.wording.metavar, "help": text}
        if parameter.schema["type"] == "array":
            options |= {"action": "append", "help": f"{text}; may be given again"}
        elif parameter.schema["type"] == "integer":
            options["type"] = positive
        parser.add_argument(parameter.option, **options)


def given(args: argparse.Namespace) -> Filters:
    """Return the filters that the options give. Raises UsageError."""
    values = {name: getattr(args, name) for name in filter_parameters()}
    return read_filters({name: value for name, value in values.items() if value is not None})


def positive(value: str) -> int:
    """Return the number that an option gives. Raises ArgumentTypeError for one below 1."""
    if not value.isdecimal() or int(value) < 1:
        raise argparse.ArgumentTypeError(f"{value} is not a number from 1 on")
    return int(value)
