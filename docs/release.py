"""Writes docs/release.md: the measures of this version, without a model, on all bundled cases and labelled answers.

uv run python docs/release.py     takes some minutes; tests/evals/test_dev_cases.py holds the dev halves of what it wrote
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from evals import claims, labelled_claims, run_files
from evals.__main__ import main as evals
from evals.check_table import Checked
from evals.metrics import MEASURES
from evals.run_files import Result
from evals.statistics import estimate
from rag.index.embedder_cache import CachedEmbedder
from rag.index.minilm import MiniLM
from rag.settings.settings import load

PAGE = Path(__file__).with_name("release.md")
COLUMNS = {  # the heads of the page, and the options of evals run for each
    "starter, dev": ("--split", "dev"),
    "starter, test": ("--split", "test"),
    "full, dev": ("--full", "--split", "dev"),
    "full, test": ("--full", "--split", "test"),
}
SHOWN = ("recall@5", "read", "MRR", "hit", "right", "precision", "words", "cited ok", "wrongly refused", "rightly refused")
_KINDS = ("single", "numeric", "multi", "follow_up", "false_premise", "collection")
_CHECK = {"honest marked": (True, ()), "with a trace caught": (False, ("trace",)), "of meaning caught": (False, ("meaning",))}
_PAGE = """# This version in figures

Version {version}, {date}, without a model and without a network. `uv run python docs/release.py` writes this page, and a test
holds its dev columns. The starter corpus has 574 short digests, "full" has 51 abstracts of full length. Dev halves were used
for tuning, test halves were not. Each cell has the value, its 95% interval, and what was counted.
[Evaluating](evaluating.md) says what the measures mean, [Numbers](numbers.md) has older figures and other sets.

## Answers

{answers}

The required facts that were stated (`hit`), by kind:

{kinds}

## The check

Sentences of labelled answers (`evals claims`): honest ones that are marked, and false ones that are caught.

{check}
"""


def cell(name: str, results: Sequence[Result]) -> str:
    """Return a measure of some results: value, interval and what was counted; "-" for none."""
    of = estimate(run_files.values(results, name))
    if of is None:
        return "-"
    decimals = MEASURES[name].decimals
    return f"{of.value:.{decimals}f} ({of.low:.{decimals}f} to {of.high:.{decimals}f}) of {of.denominator:,.0f}"


def page(runs: Mapping[str, Sequence[Result]], checks: Mapping[str, Sequence[Checked]]) -> str:
    """Return the page on the results of each of COLUMNS, and on the checked claims of each half."""
    answers = ((name, *(cell(name, results) for results in runs.values())) for name in SHOWN)
    kinds = ((kind, *(cell("hit", [r for r in of if r.case.kind == kind]) for of in runs.values())) for kind in _KINDS)
    rows = ((name, *(_checked(of, *which) for of in checks.values())) for name, which in _CHECK.items())
    return _PAGE.format(
        version=version("abstract-rag"),
        date=datetime.now(UTC).date().isoformat(),
        answers="\n".join(_table(("measure", *runs), answers)),
        kinds="\n".join(_table(("kind", *runs), kinds)),
        check="\n".join(_table(("sentences", *checks), rows)),
    )


def values(text: str) -> dict[str, dict[str, str]]:
    """Return what a page says of each measure: the value in each of COLUMNS."""
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in text.splitlines() if line.startswith("|")]
    return {row[0]: dict(zip(COLUMNS, (c.split()[0] for c in row[1:]), strict=True)) for row in rows if row[0] in SHOWN}


def _table(head: Sequence[str], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    yield from (f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))


def _checked(checked: Sequence[Checked], honest: bool, groups: Sequence[str]) -> str:
    kinds = {kind for group in groups for kind in labelled_claims.GROUPS[group]}
    some = [c for c in checked if c.honest is honest and (not kinds or c.kind in kinds)]
    units = {c.unit: [o.marked for o in some if o.unit == c.unit] for c in some}
    of = estimate([(float(sum(marked)), float(len(marked))) for marked in units.values()])
    return f"{of.value:.3f} ({of.low:.3f} to {of.high:.3f}) of {of.denominator:,.0f}" if of else "-"


def main() -> None:
    """Measure everything and write the page."""
    runs = {}
    with tempfile.TemporaryDirectory() as folder:
        for n, (name, options) in enumerate(COLUMNS.items()):
            out = Path(folder) / str(n)
            with redirect_stdout(io.StringIO()):
                evals(["run", "--no-model", *options, "--out", str(out)])
            runs[name] = run_files.load(next(out.glob("*.jsonl"))).answered
    embedder = CachedEmbedder(MiniLM(load().home))
    checks = {split: claims.checked(claims.judge(labelled_claims.load(None, split), embedder)) for split in ("dev", "test")}
    PAGE.write_text(page(runs, checks), "utf-8")


if __name__ == "__main__":
    main()
