"""The score card of python -m rag.doctor: twenty bundled cases over the starter corpus, and how many answers are grounded.

The doctor calls it by the entry point `abstract_rag.score_card` of pyproject.toml. `python -m evals run` asks all cases and
shows each measure.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from evals import case_files
from evals.case_files import Case
from evals.metrics import is_grounded
from rag import factory, ingestion
from rag.assistant import Assistant
from rag.doctor.score import Score
from rag.errors import RagError
from rag.settings.settings import Settings
from rag.sources import formats
from rag.terminal import say
from rag.types import Progress

CASES_OF_KIND = {  # number of cases; the first ones of the test half, on which nothing was tuned
    "single": 6,
    "numeric": 6,
    "multi": 2,
    "false_premise": 2,
    "absent_method": 2,
    "absent_detail": 1,
    "far_off": 1,
}
_MAX_FAILURES_IN_ROW = 3  # then the remaining questions are not asked


def measure(settings: Settings, progress: Progress, reuse: bool, max_cases: int) -> Score:
    """Return the score of up to `max_cases` cases with `settings`. Raises RagError when no question can be asked."""
    cases = chosen()[:max_cases]
    say(f"Asking {len(cases)} bundled questions" + ("." if reuse else " over the starter corpus, which is read first."))
    with on_starter(settings, progress, reuse=reuse) as assistant:
        return score(assistant, cases, progress)


def chosen() -> list[Case]:
    """Return the cases of the score card, always the same."""
    cases = case_files.load(split="test")
    return [case for kind, n in CASES_OF_KIND.items() for case in [c for c in cases if c.kind == kind][:n]]


@contextmanager
def on_starter(settings: Settings, progress: Progress, *, reuse: bool) -> Iterator[Assistant]:
    """Provide an assistant with `settings` over the starter corpus: in the user's home with `reuse`, else in a temporary one.

    Raises RagError when the corpus cannot be read.
    """
    settings = settings.model_copy(update={"verify": "off"})
    if reuse:
        yield Assistant(settings)
        return
    with tempfile.TemporaryDirectory(prefix="rag-doctor-", ignore_cleanup_errors=True) as folder:
        embedder = factory.embedder(settings)
        ingestion.ingest(Path(folder), [formats.STARTER], embedder, progress)
        yield Assistant(settings.model_copy(update={"home": Path(folder)}), embedder=embedder)


def score(assistant: Assistant, cases: Sequence[Case], progress: Progress) -> Score:
    """Return the score of `cases`. A question that fails counts as missed."""
    missed: list[str] = []
    problem, failures = None, 0
    for n, case in enumerate(cases, 1):
        try:
            good = failures < _MAX_FAILURES_IN_ROW and is_grounded(case, assistant.ask(case.question, case.history))
            failures = failures if failures >= _MAX_FAILURES_IN_ROW else 0
        except RagError as error:
            good, problem, failures = False, str(error), failures + 1
        missed += [] if good else [case.id]
        progress("score card", n, len(cases))
    by = assistant.model.name or assistant.model.mode
    grounded = len(cases) - len(missed)
    return Score(grounded=grounded, of=len(cases), by=by, missed=tuple(missed), problem=problem)
