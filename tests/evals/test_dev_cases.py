"""The dev halves of the bundled cases without a model: what a change must not make worse, and what two pages of docs/ say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from evals import run_files
from evals.__main__ import main
from evals.case_files import Case
from evals.check_table import Checked
from evals.run_files import Result
from evals.statistics import estimate

release = pytest.importorskip("release")

_DOCS = Path(__file__).parents[2] / "docs"
_ROW = re.compile(r"^\| (hit|right|precision|wrongly refused|rightly refused) \| (\d\.\d+) \|", re.MULTILINE)
_MAX_OFF = 0.02  # of what the page says: processors round otherwise
_CASES = {
    "starter": ([], ("hit>=0.91", "right>=0.85", "wrongly refused<=0.03", "rightly refused>=0.55", "cited ok>=1")),
    "full": (["--full"], ("hit>=0.88", "right>=0.86", "wrongly refused<=0.08", "rightly refused>=0.6", "precision>=0.25")),
}


def test_the_dev_cases_keep_their_measures_and_the_pages_on_them_are_true(
    model_home: Path, one_embedder: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAG_HOME", str(model_home))
    results = {}
    for name, (options, limits) in _CASES.items():
        required = [part for limit in limits for part in ("--require", limit)]
        assert main(["run", "--no-model", "--split", "dev", "--out", name, *options, *required]) == 0, name
        results[f"{name}, dev"] = run_files.load(next(Path(name).glob("*.jsonl"))).results
    said = dict(_ROW.findall((_DOCS / "answers.md").read_text("utf-8")))
    assert len(said) == 5
    for measure, value in said.items():
        _hold([result for of in results.values() for result in of], measure, value, "answers.md")
    of_release = release.values((_DOCS / "release.md").read_text("utf-8"))
    assert of_release.keys() == set(release.SHOWN)
    for measure, columns in of_release.items():
        for column, of in results.items():
            if measure != "words":  # which processors round over
                _hold(of, measure, columns[column], "release.md")


def _hold(results: Sequence[Result], measure: str, value: str, page: str) -> None:
    measured = estimate(run_files.values(results, measure))
    assert measured is not None
    assert measured.value == pytest.approx(float(value), abs=_MAX_OFF), f"{measure}: make docs/{page} again, as it says"


def test_a_page_of_the_release_says_what_was_measured() -> None:
    case = Case("c", "single", "dev", "How many lamps?", (), (), ())
    results = [Result(replace(case, id=f"{n}"), 1, {"hit": (n % 2, 1.0)}, None) for n in range(4)]
    claims = [Checked(f"{n}", n < 3, "plain" if n < 3 else "unit", n > 1, strongly=False) for n in range(4)]
    text = release.page(dict.fromkeys(release.COLUMNS, results), {"dev": claims, "test": claims})
    shown = "0.500 (0.150 to 0.850) of 4"
    assert release.values(text)["hit"] == dict.fromkeys(release.COLUMNS, "0.500")
    assert f"| single | {' | '.join([shown] * 4)} |" in text
    assert "| honest marked | 0.333 (0.061 to 0.792) of 3 |" in text
    assert "| with a trace caught | 1.000 (0.207 to 1.000) of 1 |" in text
    assert "| of meaning caught | - | - |" in text
