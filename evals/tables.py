"""The tables that the evals print: measures by kind of case, overall with intervals, and what became of the questions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evals.case_files import KINDS
from evals.metrics import MEASURES
from evals.outcomes import counts
from evals.run_files import Result, Run, values
from evals.statistics import Estimate, estimate

_COLUMNS = ("recall@5", "read", "MRR", "hit", "right", "precision", "words", "cited ok", "supported", "refused")
_WIDTH = max(map(len, MEASURES))


def of_run(done: Run, prices: Sequence[float] | None = None) -> Iterator[str]:
    """Yield the lines of the tables of a run; `prices` are those of a million tokens, read and written."""
    results = done.answered
    yield from by_kind(results)
    yield ""
    yield from overall(results)
    yield ""
    yield from outcomes(results)
    failed = len(done.results) - len(results)
    if failed:
        yield f"{'failed':18} {failed:6}"
    if prices:
        spent = [sum(part for part, _ in values(results, name)) for name in ("tokens in", "tokens out")]
        cost = sum(tokens * price for tokens, price in zip(spent, prices, strict=True)) / 1_000_000
        yield f"\ncost: {cost:.4f} for {spent[0]:,.0f} tokens read and {spent[1]:,.0f} written"


def by_kind(results: Sequence[Result]) -> Iterator[str]:
    """Yield a line for each kind of case and form of question."""
    forms = sorted({result.case.form for result in results if result.case.form})
    yield f"{'kind':18} {'n':>4} " + " ".join(f"{name:>{_width(name)}}" for name in _COLUMNS)
    for kind in (*KINDS, "all", *forms):
        rows = [result for result in results if kind in (result.case.kind, result.case.form, "all")]
        if rows:
            cells = (shown(name, estimate(values(rows, name))).rjust(_width(name)) for name in _COLUMNS)
            yield f"{kind:18} {len(rows):4} {' '.join(cells)}"


def _width(name: str) -> int:
    return max(len(name), 6)


def shown(name: str, of: Estimate | None) -> str:
    """Return the value of a measure with its decimals, "-" for none."""
    return "-" if of is None else f"{of.value:.{MEASURES[name].decimals}f}"


def overall(results: Sequence[Result]) -> Iterator[str]:
    """Yield a line for each measure: its value, 95% interval, numerator and denominator, and what it says."""
    yield f"{'measure':{_WIDTH}} {'value':>7} {'95% interval':>16} {'of':>16}"
    for name, measure in MEASURES.items():
        if of := estimate(values(results, name)):
            interval = f"{of.low:.{measure.decimals}f} to {of.high:.{measure.decimals}f}"
            share = f"{_number(of.numerator)}/{_number(of.denominator)}"
            yield f"{name:{_WIDTH}} {shown(name, of):>7} {interval:>16} {share:>16}  {measure.about}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"


def outcomes(results: Sequence[Result]) -> Iterator[str]:
    """Yield what became of the questions: answered with all facts, with some, with none, or refused."""
    found = counts(results)
    right, wrong = found["right"] + found["unrated"], found["wrong"]
    yield f"{'':18} {'right':>6} {'partly':>7} {'wrong':>6} {'refused':>8}"
    yield f"{'answerable':18} {right:6} {found['partly']:7} {wrong:6} {found['wrongly-refused']:8}"
    yield f"{'unanswerable':18} {0:6} {0:7} {found['wrongly-answered']:6} {found['rightly-refused']:8}"
