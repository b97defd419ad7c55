"""What the reports of a run show, in HTML and in Markdown: facts, estimates, and how numbers are written. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from evals import run_files
from evals.case_files import KINDS
from evals.metrics import MEASURES, states
from evals.run_files import Result
from evals.statistics import Difference, Estimate, estimate
from rag.sources.paper_ids import paper_id

MAIN = ("hit", "right", "precision", "supported", "cite recall", "cite precision", "wrongly refused", "rightly refused")
OTHER = tuple(name for name in MEASURES if name not in MAIN)


def facts(result: Result) -> list[tuple[tuple[str, ...], bool]]:
    """Return the spellings of each required fact, and whether the answer states it. A refusal states none."""
    answer = result.answer or {}
    text = "" if answer.get("refused") else str(answer.get("answer", ""))
    return [(fact, states(text, fact)) for fact in result.case.must_include]


def gold(result: Result) -> list[tuple[str, bool]]:
    """Return each gold title, and whether its paper is among the sources of the answer."""
    sources = (result.answer or {}).get("sources", ())
    retrieved = {source.get("paper_id") or paper_id(source.get("title", "")) for source in sources}
    return [(title, paper_id(title) in retrieved) for title in result.case.gold]


def estimates(results: Sequence[Result], measures: Sequence[str]) -> dict[str, Estimate]:
    """Return an estimate for each of `measures` that applies to any of `results`, over cases."""
    found = {name: estimate(run_files.values(results, name)) for name in measures}
    return {name: value for name, value in found.items() if value is not None}


def groups(results: Sequence[Result]) -> Iterator[tuple[str, str, list[Result]]]:
    """Yield ("kind" or "form" or "", its name, its results): each kind and form there is, and "all" of them."""
    for kind in KINDS:
        yield "kind", kind, [result for result in results if result.case.kind == kind]
    yield "", "all", list(results)
    for form in sorted({result.case.form for result in results if result.case.form}):
        yield "form", form, [result for result in results if result.case.form == form]


def shown(name: str, value: float) -> str:
    """Return a value of a measure with the decimals of the measure."""
    return f"{value:,.{MEASURES[name].decimals}f}"


def interval(name: str, of: Estimate | Difference, number: Callable[[str, float], str] = shown) -> str:
    """Return the 95% interval of a measure."""
    return f"{number(name, of.low)} to {number(name, of.high)}"


def signed(name: str, value: float) -> str:
    """Return a difference of a measure with its sign."""
    return f"{value:+,.{MEASURES[name].decimals}f}".replace("-", "−")


def ratio(of: Estimate) -> str:
    """Return numerator and denominator, with a decimal where the numerator is no whole number."""
    return f"{_counted(of.numerator)} of {_counted(of.denominator)}"


def probability(p: float) -> str:
    """Return a p with three decimals."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _counted(value: float) -> str:
    return f"{value:,.0f}" if abs(value - round(value)) < 1e-6 else f"{value:,.1f}"


def header_lines(header: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return the header of a run as names and values. A table or a list is joined with commas."""
    return [(name.replace("_", " "), _joined(value)) for name, value in header.items() if value is not None]


def _joined(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_joined(of)}" for name, of in value.items())
    return ", ".join(map(_joined, value)) if isinstance(value, list) else str(value)
