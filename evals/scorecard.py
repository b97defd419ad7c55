"""Twenty of the bundled cases, asked of the starter corpus: how many answers are grounded from beginning to end?

python -m rag.doctor ends with it, by the entry point `abstract_rag.score_card` of pyproject.toml. It is a first impression;
`python -m evals run` has all cases and each measure by itself.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from evals import case_files
from evals.case_files import Case
from evals.metrics import is_grounded
from rag import factory as opened
from rag import ingestion
from rag.assistant import Assistant
from rag.doctor.score import Score
from rag.errors import RagError
from rag.settings.settings import Settings
from rag.sources import formats
from rag.terminal import say
from rag.types import Progress

CHOSEN = {  # how many of each kind; the first ones of the half that nothing was tuned on
    "single": 6,
    "numeric": 6,
    "multi": 2,
    "false_premise": 2,
    "absent_method": 2,
    "absent_detail": 1,
    "far_off": 1,
}
_PATIENCE = 3  # questions in a row that may fail before the others are left unasked


def measure(settings: Settings, progress: Progress, reuse: bool, most: int) -> Score:
    """Ask up to `most` of the cases as `settings` say and judge the answers. Raises RagError when nothing can be asked."""
    asked = chosen()[:most]
    say(f"Asking {len(asked)} bundled questions" + ("." if reuse else " of the starter corpus, which is read first."))
    with on_starter(settings, progress, reuse=reuse) as assistant:
        return score(assistant, asked, progress)


def chosen() -> list[Case]:
    """Return the cases of the score card, always the same."""
    held = case_files.load(split="test")
    return [case for kind, n in CHOSEN.items() for case in [c for c in held if c.kind == kind][:n]]


@contextmanager
def on_starter(settings: Settings, progress: Progress, *, reuse: bool) -> Iterator[Assistant]:
    """Give an assistant as `settings` say over the starter corpus: the home's own with `reuse`, else one read for this.

    Raises RagError.
    """
    settings = settings.model_copy(update={"verify": "off"})
    if reuse:
        yield Assistant(settings)
        return
    with tempfile.TemporaryDirectory(prefix="rag-doctor-", ignore_cleanup_errors=True) as folder:
        embedder = opened.embedder(settings)
        ingestion.ingest(Path(folder), [formats.STARTER], embedder, progress)
        yield Assistant(settings.model_copy(update={"home": Path(folder)}), embedder=embedder)


def score(assistant: Assistant, asked: Sequence[Case], progress: Progress) -> Score:
    """Ask the cases and judge the answers; one that fails counts as missed."""
    missed: list[str] = []
    problem, failures = None, 0
    for n, case in enumerate(asked, 1):
        try:
            good = failures < _PATIENCE and is_grounded(case, assistant.ask(case.question, case.history))
            failures = failures if failures >= _PATIENCE else 0
        except RagError as error:
            good, problem, failures = False, str(error), failures + 1
        missed += [] if good else [case.id]
        progress("score card", n, len(asked))
    by = assistant.model.name or assistant.model.mode
    return Score(len(asked) - len(missed), len(asked), by, tuple(missed), problem)
