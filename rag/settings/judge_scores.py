"""Keeps how well models judge claims, in one file of the home: by model and host, with date and cost.

A model judges unasked only when it has a score here that reaches the bar.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

FILE = "judges.json"
CLAIMS = resources.files("rag").joinpath("data/judge_claims.jsonl")
_PROMPT = resources.files("prompts").joinpath("verify.md")
# The bar. The check by words catches less than half of the faults of meaning and marks more than one honest sentence in ten. A
# judge whose verdict is shown in its place has to be clearly better at both. Of 24 and 24 claims the bar is 18 and 22: a model
# that guesses reaches that in fewer than one of a million trials, and one that catches 90% and passes 97% in 19 of 20.
MIN_SENSITIVITY = 0.75  # share of the false claims that a judge has to catch
MIN_SPECIFICITY = 0.90  # share of the true claims that it has to pass
_MAX_SCORES = 100  # kept, the newest
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeScore:
    """How `model` at `host` judged labelled claims: `caught` of the `false` and `passed` of the `true` ones.

    `trial` says by which claims and with which prompt. `day` is an ISO date.
    """

    model: str
    host: str
    trial: str
    caught: int
    false: int
    passed: int
    true: int
    requests: int
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    day: str

    @property
    def capable(self) -> bool:
        """Whether the model reaches the bar."""
        return self.caught >= MIN_SENSITIVITY * self.false and self.passed >= MIN_SPECIFICITY * self.true

    @property
    def is_current(self) -> bool:
        """Whether it was tested by the claims and the prompt of today."""
        return self.trial == trial()

    def __str__(self) -> str:
        shares = f"{self.caught} of {self.false} false statements caught, {self.passed} of {self.true} true ones passed"
        counted = f", {self.prompt_tokens:,} tokens read and {self.completion_tokens:,} written" * bool(self.prompt_tokens)
        return f"{shares} ({self.day}: {self.requests} requests{counted}, {self.seconds:.0f} s)"


_SCORES = TypeAdapter(list[JudgeScore])


def read(home: Path) -> tuple[list[JudgeScore], str]:
    """Return the scores that are kept, and "" or a sentence on a file that cannot be read, which then counts as empty."""
    path = home / FILE
    try:
        return _SCORES.validate_json(path.read_bytes()), ""
    except FileNotFoundError:
        return [], ""
    except (OSError, ValidationError) as error:
        reason = f"{error.errors()[0]['msg']}" if isinstance(error, ValidationError) else str(error)
        return [], f"{path} is ignored, because it cannot be read ({reason}). Delete it and test the judges again."


@cache
def trial() -> str:
    """Return a hash of the claims that judges are tested by, and of the prompt."""
    return hashlib.sha256(CLAIMS.read_bytes() + _PROMPT.read_bytes()).hexdigest()[:12]


def find(home: Path, model: str | None, host: str | None) -> JudgeScore | None:
    """Return the current score of a model; None when it has none. A file that cannot be read is logged."""
    scores, problem = read(home)
    if problem:
        _log.warning(problem)
    key = (model or "", host or "")
    return next((s for s in scores if (s.model, s.host) == key and s.is_current), None)


def keep(home: Path, score: JudgeScore) -> None:
    """Put `score` in the place of an earlier one of the same model and host. Readers see the old file or the new one.

    Raises OSError.
    """
    others = [s for s in read(home)[0] if (s.model, s.host) != (score.model, score.host)]
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write(home / FILE, list(map(asdict, [*others, score][-_MAX_SCORES:])))


def _write(path: Path, values: Sequence[dict[str, Any]]) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # which only its owner may read
    try:
        with open(handle, "w", encoding="utf-8") as file:
            json.dump(values, file, indent=1, ensure_ascii=False)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
