"""Rated answers become cases, which the evals ask as they are; what needs a person waits for one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.factories import LAMPS, answer, paper, silent, sources
from support.homes import copy_home, write_old_history

from evals import case_files
from evals.__main__ import main
from evals.feedback import case_of
from rag import ingestion
from rag.assistant import Assistant
from rag.index.minilm import MiniLM
from rag.settings.settings import load
from rag.sources.paper_ids import paper_id
from rag.storage.history import History, Rated
from rag.types import Answer, Claim

LAMP = replace(paper(), id=paper_id("LanternNet"))
DIMS = answer("LanternNet dims 340 lamps [1].", sources(LAMP))
REFUSED = answer("The abstracts do not answer this question.", refused=True, claims=(), sources=tuple(LAMPS))
GOOD = {"id": "feedback-a1", "split": "dev", "question": "How many lamps?", "history": [], "gold": ["LanternNet"]}


def made(of: Answer, up: bool | None = True, words: str = "", earlier: tuple[str, ...] = ()) -> dict[str, Any]:
    return case_of(Rated(of, up, words, earlier))


def test_a_good_answer_makes_a_case_of_its_cited_papers_and_figures() -> None:
    assert made(DIMS) == {**GOOD, "kind": "numeric", "must_include": [["340"]]}


def test_only_figures_with_support_must_be_said_and_no_citation_is_one() -> None:
    said = ["It saves 27.5% of 1,200 W, in 3 of two towns [12].", "It costs 99 [1].", "It lasts 12 weeks [1]."]
    verdicts = ["supported", "unsupported", "supported"]
    claims = tuple(Claim(text, 0, 0, (1,), verdict) for text, verdict in zip(said, verdicts, strict=True))  # type: ignore[arg-type]
    assert made(replace(DIMS, claims=claims))["must_include"] == [["27.5%"], ["1,200"], ["12 weeks"]]


def test_the_kind_of_a_case_is_that_of_its_answer() -> None:
    two = replace(
        DIMS, sources=tuple(replace(s, cited=True) for s in sources(LAMP, replace(LAMP, title="B", id=paper_id("B"))))
    )
    follows = made(replace(DIMS, standalone_question="How many lamps does LanternNet dim?"), earlier=("What is LanternNet?",))
    assert made(two)["kind"] == "multi"
    assert made(replace(DIMS, claims=()))["kind"] == "single"
    assert made(replace(DIMS, mode="corpus"))["kind"] == "collection"
    assert (follows["kind"], follows["history"]) == ("follow_up", ["What is LanternNet?"])
    assert made(DIMS, earlier=("What is LanternNet?",))["history"] == []


def test_a_good_refusal_makes_an_unanswerable_case() -> None:
    bare = {**GOOD, "gold": [], "must_include": []}
    assert made(REFUSED) == {**bare, "kind": "absent_detail"}
    assert made(replace(REFUSED, missing=("Zorble",))) == {**bare, "kind": "absent_method"}


@pytest.mark.parametrize(
    ("up", "words", "review"),
    [(False, "it is 350", "it is 350"), (False, "", "rated down, without words"), (None, "hm", "hm")],
)
def test_anything_else_waits_for_a_review_with_what_was_said(up: bool | None, words: str, review: str) -> None:
    record = made(DIMS, up, words)
    assert (record["review"], record["answer"], record["gold"]) == (review, "LanternNet dims 340 lamps [1].", [])


def test_a_paper_that_its_title_does_not_tell_from_others_is_not_gold() -> None:
    assert made(answer(of=sources(replace(LAMP, id="of-a-set"))))["gold"] == []


# -- the command ---------------------------------------------------------------------------------------------------------

QUESTIONS = ("How many lamps does LanternNet dim?", "How long should I boil an egg?", "What measures blossom temperature?")


@pytest.fixture
def home(model_home: Path, embedder: MiniLM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with two papers and a conversation of three rated answers; RAG_HOME names it."""
    home = tmp_path / "rated"
    copy_home(model_home, home)
    monkeypatch.setenv("RAG_HOME", str(home))
    papers = [{"title": s.paper.title, "abstract": s.paper.abstract} for s in LAMPS]
    Path("papers.jsonl").write_text("".join(json.dumps(p) + "\n" for p in papers))
    ingestion.ingest(home, ["papers.jsonl"], embedder, silent)
    assistant, history = Assistant(load(no_model=True), embedder=embedder), History(home)
    conversation = history.new("me")
    for question, up in zip(QUESTIONS, (True, True, False), strict=True):
        got = assistant.ask(question)
        history.append(conversation, "me", got)
        history.rate(got.id, "me", up, "" if up else "a drone, say so")
    return home


def test_rated_answers_are_asked_again_on_the_spot(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["add-feedback", "--out", "new/mine.jsonl"]) == 0
    assert "3 cases added to new/mine.jsonl, of which 1 wait for a review; 0 were there before." in capsys.readouterr().out
    lamps, egg, drone = case_files.load(Path("new/mine.jsonl"))
    assert (lamps.kind, lamps.gold, lamps.answerable) == ("numeric", ("LanternNet",), True)
    assert ("340",) in lamps.must_include
    assert (egg.answerable, egg.gold, egg.review) == (False, (), None)
    assert drone.review == "a drone, say so"
    assert main(["run", "--papers", "papers.jsonl", "--cases", "new/mine.jsonl", "--no-model"]) == 0
    out, err = capsys.readouterr()
    assert "1 of 3 cases wait for a review and are left out." in err
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line.strip()}
    assert rows["numeric"][:5] == ["1", "1.000", "1.000", "1.000", "1.000"]
    assert (rows["answerable"], rows["unanswerable"]) == (["1", "0", "0", "0"], ["0", "0", "0", "1"])


def test_answers_that_version_0_1_kept_make_cases_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_old_history(tmp_path)
    assert main(["add-feedback", "--home", str(tmp_path), "--out", "old.jsonl"]) == 0
    assert "1 cases added" in capsys.readouterr().out
    [case] = case_files.load(Path("old.jsonl"))
    assert (case.id, case.must_include) == ("feedback-id Second?", (("340",),))


def test_what_a_person_made_of_the_cases_stays(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = Path("mine.jsonl")
    assert main(["add-feedback", "--out", "mine.jsonl", "--home", str(home)]) == 0
    reviewed = file.read_text("utf-8").replace('"review": "a drone, say so", ', "").rstrip("\n")
    file.write_text(reviewed, "utf-8")
    history = History(home)
    [conversation] = history.conversations("me")
    history.append(conversation.id, "me", replace(DIMS, id="a9", question="How\u2028many\x85lamps?"))
    history.rate("a9", "me", True)
    assert main(["add-feedback", "--out", "mine.jsonl"]) == 0
    assert "1 cases added" in capsys.readouterr().out
    assert file.read_text("utf-8").startswith(reviewed + "\n")
    assert [case.review for case in case_files.load(file)] == [None] * 4
    assert case_files.load(file)[-1].id == "feedback-a9"


def test_cases_that_all_wait_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.jsonl").write_text(json.dumps(made(DIMS, False, "no")) + "\n")
    assert main(["run", "--cases", "mine.jsonl", "--no-model"]) == 2
    assert "1 of 1 cases wait for a review" in capsys.readouterr().err


def test_a_home_where_nothing_was_rated_is_told_and_stays_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["add-feedback", "--home", str(tmp_path / "nosuch")]) == 2
    assert "No answer was rated in" in capsys.readouterr().err
    assert not (tmp_path / "nosuch").exists()
