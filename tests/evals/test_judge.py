"""A model as judge of answers: it is tried before it counts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.endpoint_server import Endpoint, says
from support.factories import answer

from evals import grading, run_files
from evals.__main__ import main
from evals.case_files import Case
from evals.grading import QUESTIONS
from evals.judge import judged
from evals.run_files import Result
from rag import prompting
from rag.errors import EndpointError
from rag.events import Finish, Reply
from rag.output import render
from rag.types import Mode, Prompt

CASE = Case("c", "numeric", "dev", "How many lamps?", (), ("LanternNet",), (("340",),))
YES = "\n".join(f"{name}: yes" for name in QUESTIONS)


class Judge:
    """A model that replies to a prompt what a function says of it."""

    mode: Mode = "model"
    name = "judge"
    host = None
    context_tokens = None

    def __init__(self, *replies: str, knows: bool = False) -> None:
        self.replies = list(replies)
        self.knows = {one.text + one.case.question: one.known for one in grading.made()} if knows else {}
        self.prompts: list[Prompt] = []

    def stream(self, prompt: Prompt) -> Iterator[Reply]:
        self.prompts.append(prompt)
        known = next((known for said, known in self.knows.items() if said == f"{_graded(prompt)}{prompt.question}"), None)
        if known is not None:
            yield "\n".join(f"{name}: {'yes' if known.get(name, True) else 'no'}" for name in QUESTIONS)
        else:
            yield self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        yield Finish()


def _graded(prompt: Prompt) -> str:
    return prompt.user.partition("-answer>\n")[2].partition("\n</")[0]


def test_a_judge_is_told_the_facts_and_the_cited_abstracts() -> None:
    judge = Judge("Sure!\n- Correct: YES\n**complete**: no\ngrounded - yes\nrefusal: yes")
    assert grading.of_answer(judge, CASE, answer()) == {"correct": True, "complete": False, "grounded": True, "refusal": True}
    [prompt] = judge.prompts
    assert "A right answer must state: 340" in prompt.user
    assert "LanternNet dims 340 lamps [1]." in prompt.user
    assert "Street lamps waste power" in prompt.user
    assert "Orchards lose fruit" not in prompt.user


@pytest.mark.parametrize("reply", ["", "It is fine.", "correct: yes\ncomplete: yes", "correct: perhaps"])
def test_a_reply_without_grades_is_a_failure(reply: str) -> None:
    with pytest.raises(EndpointError, match="gave no grades"):
        grading.of_answer(Judge(reply), CASE, answer())


def test_the_trial_has_answers_of_every_sort_and_their_grades_are_so() -> None:
    made = grading.made()
    assert len(made) == grading.TRIED
    for name in QUESTIONS:
        assert {one.known[name] for one in made if name in one.known} == {True, False}
    for one in made:
        if one.known.get("complete"):
            assert all(grading.states(one.text, fact) for fact in one.case.must_include)
        if one.known.get("grounded") is False:
            assert one.text.removesuffix(" [1].") not in one.paper.abstract
        if one.known.get("refusal") is False:
            assert one.text == prompting.REFUSAL


def test_only_a_judge_that_gives_both_grades_is_trusted() -> None:
    assert grading.trusted(grading.trial(Judge("", knows=True), lambda *_: None))
    assert not grading.trusted(grading.trial(Judge(YES), lambda *_: None))
    assert not grading.trusted(grading.trial(Judge(YES.replace("yes", "no")), lambda *_: None))
    assert not grading.trusted(grading.trial(Judge("What?"), lambda *_: None))


def test_grades_become_measures_and_a_failure_leaves_the_rest() -> None:
    before = Result(CASE, 1, {"hit": (1.0, 1.0)}, render.to_dict(answer()), whole=answer())
    after = judged(before, Judge(YES))
    assert after.measures == {"hit": (1.0, 1.0), **{f"graded {name}": (1.0, 1.0) for name in QUESTIONS}}
    assert judged(before, Judge("What?")) == before


def test_the_evaluators_of_llamaindex_are_asked_through_the_same_model() -> None:
    before = Result(CASE, 1, {}, render.to_dict(answer()), whole=answer())
    judge = Judge(YES, "YES", "NO")
    after = judged(before, judge, llamaindex=True)
    assert (after.measures["faithful"], after.measures["relevant"]) == ((1.0, 1.0), (0.0, 1.0))
    assert len(judge.prompts) == 3
    assert all("340 lamps" in prompt.user for prompt in judge.prompts)


def write() -> Path:
    path = Path("run.jsonl")
    result = Result(CASE, 1, {"refused": (0.0, 1.0)}, render.to_dict(answer()), whole=answer(), ranked=("a",))
    path.write_text(json.dumps({"run": {"mode": "model", "model": "m"}}) + "\n" + result.line(), "utf-8")
    return path


def test_the_command_does_not_judge_with_a_model_under_the_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with Endpoint(says(YES)) as server:
        code = main(["judge", str(write()), "--base-url", server.url, "--model", "j"])
    assert code == 1
    assert "j is not to be trusted as a judge" in capsys.readouterr().out
    assert not Path("run-judged.jsonl").exists()


def test_the_command_judges_with_a_model_that_can(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("rag.factory.model", lambda settings: Judge(YES, knows=True))
    assert main(["judge", str(write())]) == 0
    done = run_files.load(Path("run-judged.jsonl"))
    assert done.header["judge"] == "judge"
    assert done.results[0].measures["graded correct"] == (1.0, 1.0)
    assert "1 answers judged by judge, 0 failed" in capsys.readouterr().out


def test_without_a_model_nothing_can_judge(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["judge", str(write())]) == 2
    assert "No model is set that could judge." in capsys.readouterr().err


def test_a_run_is_written_for_ragas(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(write())]) == 0
    [sample] = map(json.loads, Path("run-ragas.jsonl").read_text("utf-8").splitlines())
    assert sample["user_input"] == "How many lamps?"
    assert sample["response"] == "LanternNet dims 340 lamps [1]."
    assert sample["reference"] == "340"
    assert len(sample["retrieved_contexts"]) == 2
