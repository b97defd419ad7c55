"""The scores of judges: kept whole or not at all, one a model and host, and a broken file is ignored and named."""

from __future__ import annotations

import json
import logging
import os
import stat
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from support.judging import SCORE

from rag.settings import judge_scores
from rag.settings.judge_scores import FILE, find, keep, read


def test_a_score_is_kept_in_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    home = tmp_path / "new"
    other = replace(SCORE, model="m-70b")
    for score in (SCORE, other, replace(SCORE, caught=21)):
        keep(home, score)
    assert read(home) == ([other, replace(SCORE, caught=21)], "")
    assert find(home, "m-7b", "localhost") == replace(SCORE, caught=21)
    assert find(home, "m-7b", "elsewhere") is None
    assert find(home, None, None) is None
    assert [path.name for path in home.iterdir()] == [FILE]
    if os.name != "nt":
        assert stat.S_IMODE((home / FILE).stat().st_mode) == 0o600


def test_it_is_told_in_a_line() -> None:
    assert str(SCORE) == (
        "20 of 24 false statements caught, 23 of 24 true ones passed "
        "(2026-11-26: 4 requests, 5,321 tokens read and 1,200 written, 31 s)"
    )
    assert "tokens" not in str(replace(SCORE, prompt_tokens=0, completion_tokens=0))


@pytest.mark.parametrize(
    "text", ["", "{", "null", "[1]", "\x00", json.dumps([{**asdict(SCORE), "caught": "many"}]), json.dumps([{"model": "m"}])]
)
def test_a_broken_file_is_ignored_with_its_name_and_replaced_by_the_next_score(
    text: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FILE).write_text(text)
    scores, problem = read(tmp_path)
    assert scores == []
    assert problem.startswith(f"{tmp_path / FILE} is ignored, because it cannot be read (")
    with caplog.at_level(logging.WARNING):
        assert find(tmp_path, "m-7b", "localhost") is None
    assert problem in caplog.text
    keep(tmp_path, SCORE)
    assert read(tmp_path) == ([SCORE], "")


def test_a_home_without_scores_is_no_problem(tmp_path: Path) -> None:
    assert read(tmp_path / "nowhere") == ([], "")


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(tmp_path, SCORE)

    def full(source: str, target: Path) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(judge_scores.os, "replace", full)
    with pytest.raises(OSError, match="full"):
        keep(tmp_path, replace(SCORE, caught=0))
    assert read(tmp_path) == ([SCORE], "")
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
