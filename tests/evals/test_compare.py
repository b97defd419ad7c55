"""Two runs beside each other, and a run measured again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from support.factories import answer, paper, sources

from evals import case_files, needed_citations, run_files
from evals.__main__ import main
from evals.case_files import Case
from evals.metrics import measure
from evals.rescore import rescored
from evals.run_files import Result
from rag.checking import checker
from rag.index.minilm import MiniLM
from rag.output import render
from rag.types import Answer

CASES = [Case(f"c{n}", "single", "dev", f"What is lamp {n}?", (), (), (("light",),)) for n in range(12)]


def write(name: str, hits: list[float | None]) -> Path:
    """Write a run with these hits, None for a question that failed."""
    lines = [json.dumps({"run": {"mode": "model", "model": name}}) + "\n"]
    for case, hit in zip(CASES, hits, strict=True):
        measures = {} if hit is None else {"hit": (hit, 1.0), "right": (float(hit == 1), 1.0), "refused": (0.0, 1.0)}
        lines.append(Result(case, 1, measures, {}, "no server" if hit is None else None).line())
    path = Path(f"{name}.jsonl")
    path.write_text("".join(lines), "utf-8")
    return path


def test_a_run_that_is_worse_is_told_and_can_fail_a_build(capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = write("good", [1.0] * 12), write("bad", [1.0] * 3 + [0.0] * 9)
    assert main(["compare", str(good), str(bad), "--fail-on-regression"]) == 1
    said = capsys.readouterr().out
    [row] = [line.split() for line in said.splitlines() if line.startswith("right")]
    assert row[1:4] == ["1.000", "0.250", "-0.750"]
    assert row[-2:] == ["0", "9"]
    assert "Worse by more than chance: hit (bad (bad)), right (bad (bad))." in said
    assert "  c3               right -> wrong: What is lamp 3?" in said
    assert main(["compare", str(bad), str(good), "--fail-on-regression"]) == 0


def test_a_difference_of_one_case_is_no_regression_and_failures_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    first, other = write("first", [1.0] * 12), write("other", [0.0, None] + [1.0] * 10)
    assert main(["compare", str(first), str(other), "--fail-on-regression"]) == 0
    said = capsys.readouterr().out
    assert "11 cases that both answered" in said
    assert "Nothing is worse by more than chance." in said


def test_runs_of_other_cases_are_not_compared(capsys: pytest.CaptureFixture[str]) -> None:
    first, other = write("first", [1.0] * 12), write("other", [1.0] * 12)
    lines = other.read_text("utf-8").splitlines(keepends=True)
    other.write_text("".join(lines[:-2]), "utf-8")
    assert main(["compare", str(first), str(other)]) == 2
    assert "are not of the same cases: 2 are in one only, or differ." in capsys.readouterr().err


@pytest.mark.parametrize("content", ["", "{}", "no JSON", '{"run": {}}\n{"case": 7}\n{"case": 8}'])
def test_another_file_is_no_run(content: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("odd.jsonl").write_text(content)
    assert main(["compare", "odd.jsonl", "odd.jsonl"]) == 2
    assert "odd.jsonl" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command", [["compare", "nosuch.jsonl", "x"], ["run", "--cases", "nosuch.jsonl"], ["report", "nosuch.jsonl"]]
)
def test_a_file_that_is_not_there_is_called_that(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command) == 2
    assert "There is no file nosuch.jsonl. Check the path and the file name." in capsys.readouterr().err
    Path("folder.jsonl").mkdir()
    assert main(["report", "folder.jsonl"]) == 2
    assert "folder.jsonl cannot be read: is a directory." in capsys.readouterr().err
    Path("latin.jsonl").write_bytes("{'é'}".encode("latin-1"))
    assert main(["report", "latin.jsonl"]) == 2
    assert "latin.jsonl is no text in UTF-8." in capsys.readouterr().err


def test_a_last_line_that_was_cut_short_is_left_out() -> None:
    path = write("cut", [1.0] * 12)
    path.write_text(path.read_text("utf-8")[:-20], "utf-8")
    assert len(run_files.load(path).results) == 11


# -- a run measured again ------------------------------------------------------------------------------------------------

PAPERS = (
    paper("LanternNet", "LanternNet dims 340 street lamps. It saves a third of the power."),
    paper("Frost Watch", "Frost Watch warns orchards of frost two days ahead."),
)


def told(text: str, embedder: MiniLM) -> Answer:
    given = sources(*PAPERS)
    return answer(text, given, claims=tuple(checker.check(text, given, embedder)))


def test_citations_that_add_nothing_are_not_needed(embedder: MiniLM) -> None:
    assert needed_citations.count(told("LanternNet dims 340 street lamps [1].", embedder), embedder) == (1, 1)
    assert needed_citations.count(told("LanternNet dims 340 street lamps [1][2].", embedder), embedder) == (1, 2)
    assert needed_citations.count(told("LanternNet dims 999 street lamps [1].", embedder), embedder) == (0, 1)


def test_an_answer_is_measured_again_by_corrected_facts(embedder: MiniLM) -> None:
    asked = replace(CASES[0], must_include=(("341",),))
    said = told("LanternNet dims 340 street lamps [1].", embedder)
    measures = measure(asked, said, []) | {"total": (2.5, 1.0)}
    before = Result(asked, 1, measures, render.to_dict(said), whole=said)
    again = json.loads(before.line())
    assert again["measures"]["hit"] == [0.0, 1.0]
    after = rescored(before, {"c0": replace(asked, must_include=(("340",),))}, embedder)
    assert after.measures["hit"] == (1.0, 1.0)
    assert after.measures["total"] == (2.5, 1.0)
    assert after.measures["cite precision"] == (1.0, 1.0)
    assert rescored(before, {}, embedder).measures["hit"] == (0.0, 1.0)


def test_a_run_of_the_command_is_read_back_whole_and_measured_to_the_same(
    model_home: Path, one_embedder: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RAG_HOME", str(model_home))
    asked = [c for c in case_files.load(split="dev") if c.kind in ("single", "far_off")][:4]
    Path("cases.jsonl").write_text("".join(json.dumps(case_files.record(c)) + "\n" for c in asked))
    assert main(["run", "--cases", "cases.jsonl", "--no-model", "--out", "res"]) == 0
    [path] = Path("res").glob("*.jsonl")
    assert main(["rescore", str(path), "--cases", "cases.jsonl", "--out", "again.jsonl"]) == 0
    before, after = run_files.load(path), run_files.load(Path("again.jsonl"))
    assert [r.measures for r in before.results] == [r.measures for r in after.results]
    assert [r.whole for r in before.results] == [r.whole for r in after.results]
    assert main(["compare", str(path), "again.jsonl", "--fail-on-regression"]) == 0
