"""python -m evals report: makes a page and a Markdown file of the runs that python -m evals run has written.

The page is one file that loads nothing. The last run is the one reported. With runs before it, the page has a trend in the
order given, and what the last run has more than the first.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals import compare, pages, report_markdown, run_files
from evals import report_figures as figures
from evals.arguments import at_least
from evals.metrics import MEASURES
from evals.outcomes import ANSWERABLE, OUTCOMES, UNANSWERABLE, counts, outcome
from evals.report_figures import MAIN, OTHER
from evals.run_files import Result, Run
from evals.statistics import Estimate
from rag.errors import UsageError
from rag.output.signs import SIGNS
from rag.text.citations import citations
from rag.types import QUOTED

VERDICTS = {  # verdict: sign, its words, tone
    "supported": ("✓", "supported", "good"),
    **{verdict: (sign, words, "doubt") for verdict, (sign, words) in SIGNS.items()},
    "unsupported": (SIGNS["unsupported"][0], "not supported", "wrong"),
    "contradicted": (SIGNS["contradicted"][0], "contradicted", "wrong"),
    "partial": (SIGNS["partial"][0], "supported in part", "doubt"),
    "miscited": (SIGNS["miscited"][0], "supported by another source", "doubt"),
    "unchecked": ("?", "not checked", "none"),
}
_CHART = (220, 90)  # width and height of a chart, in its own units
_MARGIN = (12, 8)  # of its lines to the edges
_LEAST_RANGE = 0.1  # that a chart shows, so that noise does not fill it
_DIGITS = re.compile(r"\d+")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "runs",
        nargs="+",
        type=Path,
        metavar="RUN.jsonl",
        help="runs, the one to report last; those before it are set beside it",
    )
    parser.add_argument("--out", type=Path, metavar="FILE.html", help="where the page goes (RUN.html without --markdown)")
    parser.add_argument("--markdown", type=Path, metavar="FILE.md", help="write a short report in Markdown")
    parser.add_argument(
        "--answers", type=at_least(1), metavar="N", help="show N answers in the Markdown, half of them bad ones"
    )


def run(args: argparse.Namespace) -> int:
    """Write the page, the Markdown or both, and print where they are; return 0.

    Raises UsageError for a file that is no run, a run without cases, and a file that cannot be written.
    """
    if args.answers and not args.markdown:
        raise UsageError("--answers is for the Markdown report.", "Add --markdown FILE.md.")
    outputs = [path for path in (args.out, args.markdown) if path]
    if {path.resolve() for path in outputs} & {path.resolve() for path in args.runs} or len(set(outputs)) < len(outputs):
        raise UsageError("A report would be written over another file of this command.", "Name another file.")
    runs = [run_files.load(path) for path in args.runs]
    for read in runs:
        if not read.results:
            raise UsageError(f"{read.path} has no cases.", "Give a run of at least one case.")
    made = {}
    if args.out or not args.markdown:
        made[args.out or args.runs[-1].with_suffix(".html")] = page(runs)
    if args.markdown:
        made[args.markdown] = report_markdown.document(runs, args.answers or 0)
    for path, text in made.items():
        _write(path, text)
    print(f"Wrote {' and '.join(map(str, made))}.")
    return 0


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", errors="replace")  # a model may write half of a character
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror}).", "Name another file.") from error


# -- the page ------------------------------------------------------------------------------------------------------------


def page(runs: Sequence[Run]) -> str:
    """Return the page on the last of `runs`, as HTML that loads nothing and lets nothing run but its own script."""
    first, reported = runs[0], runs[-1]
    html = pages.environment()
    html.globals.update(measures=MEASURES, outcomes=OUTCOMES, verdicts=VERDICTS)
    html.globals.update({name: getattr(figures, name) for name in ("shown", "interval", "signed", "ratio", "probability")})
    template = pages.template(html, "report_page.html")
    return template.render(
        title=reported.name,
        date=reported.header.get("date"),
        header=figures.header_lines(reported.header),
        n=len(reported.results),
        cases=len({result.case.id for result in reported.results}),
        main=figures.estimates(reported.results, MAIN),
        other=figures.estimates(reported.results, OTHER),
        rows=_rows(reported.results),
        columns=MAIN,
        counts=counts(reported.results),
        answerable=ANSWERABLE,
        unanswerable=UNANSWERABLE,
        runs=runs,
        trend=list(_trend(runs)) if len(runs) > 1 else [],
        compared=compare.measures(first, reported) if len(runs) > 1 else [],
        before=first.name,
        views=list(_views(runs)),
    )


def _rows(results: Sequence[Result]) -> list[tuple[str, str, int, dict[str, Estimate]]]:
    """Return the rows of the table by kind: what it is, its name, the number of results, and an estimate for each measure."""
    return [(what, name, len(of), figures.estimates(of, MAIN)) for what, name, of in figures.groups(results) if of]


@dataclass(frozen=True, slots=True)
class Chart:
    """One measure over the runs: an estimate for each run (None where it does not apply), and where the lines of it go.

    `points` are x, y, and the y of both ends of the interval. `low` and `high` are the values at the lower and upper edge.
    """

    name: str
    estimates: tuple[Estimate | None, ...]
    low: float
    high: float
    points: tuple[tuple[float, float, float, float], ...]


def _trend(runs: Sequence[Run]) -> Iterator[Chart]:
    for name in MAIN:
        found = tuple(figures.estimates(run.results, [name]).get(name) for run in runs)
        there = [of for of in found if of is not None]
        if there:
            low, high = _range(min(of.low for of in there), max(of.high for of in there))
            yield Chart(name, found, low, high, tuple(_points(found, low, high)))


def _range(low: float, high: float) -> tuple[float, float]:
    """Return the edges of a chart around `low` to `high`, which are shares."""
    middle, half = (low + high) / 2, max(high - low, _LEAST_RANGE) / 2
    return max(0.0, middle - half), min(1.0, middle + half)


def _points(found: Sequence[Estimate | None], low: float, high: float) -> Iterator[tuple[float, float, float, float]]:
    (width, height), (aside, above) = _CHART, _MARGIN
    step = (width - 2 * aside) / (len(found) - 1)

    def y(value: float) -> float:
        return round(height - above - (height - 2 * above) * (value - low) / (high - low), 1)

    for n, of in enumerate(found):
        if of is not None:
            yield round(aside + n * step, 1), y(of.value), y(of.low), y(of.high)


# -- the cases -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of an answer: parts of text, each with the number of the source it links to or None, and a claim's verdict."""

    parts: tuple[tuple[str, int | None], ...]
    verdict: str | None


@dataclass(frozen=True, slots=True)
class View:
    """One result as the page shows it; `other` is that of the first run where its answer differs, `changed` its outcome."""

    key: str
    result: Result
    outcome: str
    facts: list[tuple[tuple[str, ...], bool]]
    gold: list[tuple[str, bool]]
    segments: tuple[Segment, ...]
    claims: tuple[dict[str, Any], ...]
    sources: tuple[dict[str, Any], ...]
    other: View | None = None

    @property
    def changed(self) -> bool:
        return self.other is not None and self.other.outcome != self.outcome


def _views(runs: Sequence[Run]) -> Iterator[View]:
    others = {result.key: result for result in runs[0].results} if len(runs) > 1 else {}
    for n, result in enumerate(runs[-1].results, 1):
        other = others.get(result.key)
        beside = view(f"c{n}b", other) if other and _differs(result, other) else None
        yield view(f"c{n}", result, beside)


def _differs(one: Result, other: Result) -> bool:
    texts = [(result.answer or {}).get("answer") for result in (one, other)]
    return texts[0] != texts[1] or outcome(one) != outcome(other)


def view(key: str, result: Result, other: View | None = None) -> View:
    """Return what the page shows of `result`; `key` starts the ids of its elements."""
    answer = result.answer or {}
    sources = tuple({**source, "url": _web(source.get("url"))} for source in answer.get("sources", ()))
    claims = tuple(claim for claim in answer.get("claims", ()) if claim.get("verdict") != "none")
    return View(
        key=key,
        result=result,
        outcome=outcome(result),
        facts=figures.facts(result),
        gold=figures.gold(result),
        segments=segments(str(answer.get("answer", "")), claims, {source.get("n") for source in sources}),
        claims=tuple(claim for claim in claims if claim.get("by") != QUOTED),
        sources=sources,
        other=other,
    )


def _web(url: object) -> str | None:
    """Return an address that a page may link to; None for any that is not of the web."""
    return url if isinstance(url, str) and url.lower().startswith(("https://", "http://")) else None


def segments(text: str, claims: Sequence[dict[str, Any]], numbers: set[Any]) -> tuple[Segment, ...]:
    """Cut the text of an answer at its claims and at the citation marks of its sources, of which there are `numbers`."""
    found: list[Segment] = []
    at = 0
    for claim in sorted(claims, key=lambda claim: claim["start"]):
        start, end = max(at, claim["start"]), claim["end"]
        if start < end:
            verdict = None if claim.get("by") == QUOTED else claim["verdict"]
            found += [_segment(text[at:start], None, numbers), _segment(text[start:end], verdict, numbers)]
            at = end
    found.append(_segment(text[at:], None, numbers))
    return tuple(segment for segment in found if segment.parts)


def _segment(text: str, verdict: str | None, numbers: set[Any]) -> Segment:
    parts: list[tuple[str, int | None]] = []
    at = 0
    for mark in citations(text):
        parts.append((text[at : mark.start], None))
        parts += _linked(text[mark.start : mark.end], [n for n in mark.numbers if n in numbers])
        at = mark.end
    parts.append((text[at:], None))
    return Segment(tuple(part for part in parts if part[0]), verdict)


def _linked(mark: str, numbers: Sequence[int]) -> list[tuple[str, int | None]]:
    """Cut a citation mark at its numbers, each with the source it names; as a whole where they are no digits, as in "¹"."""
    parts: list[tuple[str, int | None]] = []
    at = 0
    for found in _DIGITS.finditer(mark):
        if int(found.group()) in numbers:
            parts += [(mark[at : found.start()], None), (found.group(), int(found.group()))]
            at = found.end()
    return [*parts, (mark[at:], None)] if parts or not numbers else [(mark, numbers[0])]
