"""The dev halves of the bundled cases without a model: what a change must not make worse. docs/numbers.md has the figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from evals.__main__ import main


@pytest.mark.parametrize(
    ("cases", "limits"),
    [
        ([], ("hit>=0.91", "right>=0.85", "wrongly refused<=0.03", "rightly refused>=0.55", "cited ok>=1")),
        (["--full"], ("hit>=0.88", "right>=0.86", "wrongly refused<=0.08", "rightly refused>=0.6", "precision>=0.25")),
    ],
    ids=["starter corpus", "abstracts of full length"],
)
def test_the_dev_cases_keep_their_measures(
    cases: list[str], limits: tuple[str, ...], model_home: Path, one_embedder: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAG_HOME", str(model_home))
    required = [part for limit in limits for part in ("--require", limit)]
    assert main(["run", "--no-model", "--split", "dev", *cases, *required]) == 0
