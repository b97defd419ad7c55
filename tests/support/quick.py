"""What is dear and done hundreds of times a run, done by the real parts without what they repeat.

A test of the embedder itself takes `MiniLM(model_home)`; one of how the check is started is marked `fresh_check`.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.index import probe
from rag.index.minilm import MiniLM

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([probe.__name__, "rag.assistant", "llama_index.core.node_parser"])


class RememberingMiniLM(MiniLM):
    """The bundled embedder, which embeds each text once a run: most tests ask of the same few papers."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self._vectors: dict[str, NDArray[np.float32]] = {}

    def embed(self, texts: Sequence[str], batch_size: int = 32) -> NDArray[np.float32]:
        unknown = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        self._vectors.update(zip(unknown, super().embed(unknown, batch_size), strict=True))
        return np.array([self._vectors[text] for text in texts], np.float32).reshape(len(texts), self.dimension)


class ForkedPrograms:
    """Stands for `subprocess` in rag.index.probe: the child is forked from a process that has imported Chroma already."""

    def run(self, command: Sequence[str], env: Mapping[str, str], **_: Any) -> subprocess.CompletedProcess[str]:
        *_, module, generation = command
        assert module == probe.__name__, command
        with tempfile.NamedTemporaryFile("r") as errors:
            child = FORKS.Process(target=_ask, args=(Path(generation), dict(env), errors.name))
            child.start()
            child.join()
            assert child.exitcode is not None
            return subprocess.CompletedProcess(command, child.exitcode, "", errors.read())


def _ask(generation: Path, environment: Mapping[str, str], errors: str) -> None:
    os.environ.update(environment)
    os.dup2(os.open(errors, os.O_WRONLY), sys.stderr.fileno())  # where a traceback goes, and what a crash leaves
    probe.ask(generation)
