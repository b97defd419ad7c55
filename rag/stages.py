"""Logs how long each stage takes. The library logs and never prints; --verbose and RAG_LOG show what it logs."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def stage(log: logging.Logger, name: str) -> Iterator[None]:
    """Log `name` and its seconds when the block ends, or when the function ends that this decorates; also after an error."""
    began, fault = time.perf_counter(), ""
    try:
        yield
    except Exception as error:
        fault = f", then {type(error).__name__}"
        raise
    finally:
        log.info("%s: %.3f s%s", name, time.perf_counter() - began, fault)
