"""The report of a run in Markdown, short enough for a pull request. Texts of models and papers are escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest

from evals import compare
from evals import report_figures as figures
from evals.case_files import KINDS
from evals.compare import Compared
from evals.metrics import MEASURES
from evals.outcomes import OUTCOMES, counts, outcome
from evals.report_figures import MAIN
from evals.run_files import Result, Run

_BAD = ("wrongly-answered", "wrong", "partly", "wrongly-refused", "failed")  # the order in which bad answers are shown
_GOOD = ("right", "rightly-refused")
_WORDS = ("measure", "kind", "what it is", "finding")  # columns of words
_COLUMNS = ("hit", "right", "precision")  # of the table by kind
_SIGN = re.compile(r"[\\`*_\[\]<>|~&#$]")
_LINE_START = re.compile(r"^(?:[-+=:]|\d+(?=[.)](?:\s|$)))")
_MENTION = re.compile(r"(?<!\w)@(?=\w)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_NO_SPACE = "\u200b"  # stands between "@" and a name, so that nobody is called


def document(runs: Sequence[Run], answers: int = 0) -> str:
    """Return the report on the last of `runs`, what it has more than the first where there are more, and some `answers`."""
    first, last = runs[0], runs[-1]
    parts = [f"## {escaped(last.name)}", _summary(last), _headline(last), _by_kind(last)]
    if len(runs) > 1:
        parts += [f"### {escaped(last.name)} less {escaped(first.name)}", _differences(compare.measures(first, last))]
    shown = chosen(last.results, answers)
    if shown:
        parts += [f"### {len(shown)} of {len(last.results)} answers", *map(_answer, shown)]
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """Return a plain text as one line of Markdown that shows it as it is, also in a cell and at the start of a line."""
    line = " ".join(_CONTROL.sub(" ", text).split())
    line = _LINE_START.sub(
        lambda found: found[0] + "\\" if found[0].isdigit() else "\\" + found[0], _SIGN.sub(r"\\\g<0>", line)
    )
    return _MENTION.sub(f"@{_NO_SPACE}", line)


def quoted(text: str) -> str:
    """Return a plain text as a quote with the same lines."""
    lines = [escaped(line) for line in text.splitlines()]
    ends = ["\\" if line and following else "" for line, following in zip_longest(lines, lines[1:], fillvalue="")]
    return "\n".join(f"> {line}{end}".rstrip() for line, end in zip(lines, ends, strict=True)) if any(lines) else "> (nothing)"


def chosen(results: Sequence[Result], most: int) -> list[Result]:
    """Return up to `most` results: half of them bad ones of each sort, then good ones, both spread over the kinds."""
    bad = _in_turn([_spread(results, [name]) for name in _BAD])[: most // 2]
    bad.sort(key=lambda result: _BAD.index(outcome(result)))
    return [*bad, *_spread(results, _GOOD)[: most - len(bad)]]


def _spread(results: Sequence[Result], outcomes: Sequence[str]) -> list[Result]:
    """Return the results with one of `outcomes`, one of each kind in turn."""
    of_kinds = [[r for r in results if r.case.kind == kind and outcome(r) in outcomes] for kind in KINDS]
    return _in_turn(of_kinds)


def _in_turn(groups: Sequence[Sequence[Result]]) -> list[Result]:
    """Return the first of each of `groups`, then the second of each, and so on."""
    return [result for turn in zip_longest(*groups) for result in turn if result is not None]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table. Numbers stand right: all but the columns of _WORDS."""
    ruled = ["---" if name in _WORDS else "---:" for name in head]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ruled, *rows))


def _summary(run: Run) -> str:
    count = counts(run.results)
    found = ", ".join(f"{count[name]} {of.label}" for name, of in OUTCOMES.items() if count[name])
    date = run.header.get("date")
    return f"{escaped(str(date)) + '. ' if date else ''}{len(run.results)} answers: {found}. Intervals are 95%."


def _headline(run: Run) -> str:
    rows = (
        (name, figures.shown(name, of.value), figures.interval(name, of), figures.ratio(of), MEASURES[name].about)
        for name, of in figures.estimates(run.results, MAIN).items()
    )
    return _table(("measure", "value", "interval", "counted", "what it is"), rows)


def _by_kind(run: Run) -> str:
    return _table(("kind", "n", *_COLUMNS), _kind_rows(run))


def _kind_rows(run: Run) -> Iterator[tuple[str, ...]]:
    for what, name, results in figures.groups(run.results):
        if results:
            found = figures.estimates(results, _COLUMNS)
            cells = [
                f"{figures.shown(m, found[m].value)} ({figures.interval(m, found[m])})" if m in found else "-" for m in _COLUMNS
            ]
            yield (f"{escaped(name)}{' (form)' if what == 'form' else ''}", str(len(results)), *cells)


def _differences(found: Sequence[Compared]) -> str:
    if not found:
        return "The runs share no case that has one of the measures."
    head = ("measure", "first", "last", "difference", "interval", "p (Holm)", "wins", "losses", "finding")
    return _table(head, map(_difference_row, found))


def _difference_row(of: Compared) -> tuple[str, ...]:
    change, name = of.difference, of.name
    first, last = figures.shown(name, of.first.value), figures.shown(name, of.last.value)
    figure, interval = figures.signed(name, change.value), figures.interval(name, change, figures.signed)
    counts = (figures.probability(of.p), str(change.wins), str(change.losses), of.finding)
    return (name, first, last, figure, interval, *counts)


def _answer(result: Result) -> str:
    case, answer = result.case, result.answer or {}
    end = OUTCOMES[outcome(result)]
    lines = [f"#### {end.sign} {escaped(case.id)} ({case.kind}): {end.label}"]
    lines += [f"Asked before: {escaped(turn.content)}" for turn in case.history]
    lines.append(f"**{escaped(case.question)}**")
    lines.append(quoted(str(result.error or answer.get("answer", ""))))
    if answer.get("refusal_reason"):
        lines.append(f"Reason of the refusal: {escaped(str(answer['refusal_reason']))}")
    lines.append(_required(result))
    return "\n\n".join(lines)


def _required(result: Result) -> str:
    """Return what a right answer has, and which required facts are missing."""
    if not result.case.answerable:
        return "Required: a refusal. The papers do not have the answer."
    found = figures.facts(result)
    if not found:
        return "No fact is required."
    names = [(escaped(" / ".join(spellings)), stated) for spellings, stated in found]
    missing = "; ".join(name for name, stated in names if not stated)
    return f"Required: {'; '.join(name for name, _ in names)}.  \nMissing: {missing or 'nothing'}."
