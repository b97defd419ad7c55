"""The local server, with a model that never ends by itself: where one ends is the processor's rounding, and differs."""

import sys
from typing import Any

import xllamacpp

from rag import serve_local

_Server = xllamacpp.Server


def _endless(params: Any) -> Any:
    params.sampling.ignore_eos = True
    return _Server(params)


xllamacpp.Server = _endless

if __name__ == "__main__":
    sys.exit(serve_local.main())
