"""The dev halves of the bundled cases without a model: what a change must not make worse, and what docs/answers.md says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from evals import run_files
from evals.__main__ import main
from evals.statistics import estimate

_PAGE = Path(__file__).parents[2] / "docs" / "answers.md"
_ROW = re.compile(r"^\| (hit|right|precision|wrongly refused|rightly refused) \| (\d\.\d+) \|", re.MULTILINE)
_MAX_OFF = 0.02  # of what the page says: processors round otherwise
_CASES = {
    "starter": ([], ("hit>=0.91", "right>=0.85", "wrongly refused<=0.03", "rightly refused>=0.55", "cited ok>=1")),
    "full": (["--full"], ("hit>=0.88", "right>=0.86", "wrongly refused<=0.08", "rightly refused>=0.6", "precision>=0.25")),
}


def test_the_dev_cases_keep_their_measures_and_the_page_on_them_is_true(
    model_home: Path, one_embedder: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAG_HOME", str(model_home))
    results = []
    for name, (options, limits) in _CASES.items():
        required = [part for limit in limits for part in ("--require", limit)]
        assert main(["run", "--no-model", "--split", "dev", "--out", name, *options, *required]) == 0, name
        results += run_files.load(next(Path(name).glob("*.jsonl"))).results
    said = dict(_ROW.findall(_PAGE.read_text("utf-8")))
    assert len(said) == 5
    for measure, value in said.items():
        measured = estimate(run_files.values(results, measure))
        assert measured is not None
        assert measured.value == pytest.approx(float(value), abs=_MAX_OFF), f"{measure}: make docs/answers.md again, as it says"
