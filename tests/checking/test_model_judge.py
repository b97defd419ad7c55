"""The second judge: what a model is asked of each source, how its replies are read, and where it disagrees with the check."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.factories import LAMPS, QueueModel, answer

from rag.assistant import Assistant
from rag.checking.model_judge import Verifier
from rag.errors import EndpointError, UsageError
from rag.events import Checking, Finish
from rag.index.minilm import MiniLM
from rag.output import render
from rag.settings.settings import load
from rag.types import Answer, Claim, Prompt, Verdict
from ui.chat import panel

Reply = str | Sequence[str | Finish]

GRAPH = "How does GraphSAINT get around neighbor explosion when training GCNs on big graphs?"
TOLD = "GraphSAINT samples the training graph itself and builds a complete GCN on the resulting subgraph at each iteration [1]."


def claim(text: str, *citations: int, verdict: Verdict = "supported", added: tuple[int, ...] = ()) -> Claim:
    return Claim(text, 0, len(text), citations, verdict, added=added)


def judged(claims: list[Claim], *replies: str) -> tuple[QueueModel, list[Verdict | None]]:
    model = QueueModel(*replies)
    told = Verifier(model).judge(claims, LAMPS)
    assert [(c.text, c.verdict, c.citations) for c in told] == [(c.text, c.verdict, c.citations) for c in claims]
    return model, [c.judged for c in told]


def statements(asked: Prompt) -> list[str]:
    """The numbered statements of a prompt, which begin behind the abstract; the space that marks leave does not count."""
    told = asked.user.rpartition("\nStatements:\n")[2].split("\n\n")[0].splitlines()
    return [" ".join(line.split()).replace(" .", ".") for line in told]


def test_each_verdict_of_the_model_is_kept_with_its_claim() -> None:
    model, told = judged([claim("A [1].", 1), claim("B [1].", 1), claim("C [1].", 1)], "1: yes\n2: partly\n3: no")
    assert told == ["supported", "partial", "unsupported"]
    [asked] = model.prompts
    assert statements(asked) == ["1: A.", "2: B.", "3: C."]
    assert [s.n for s in asked.sources] == [1]
    assert LAMPS[0].paper.abstract in asked.user
    assert LAMPS[1].paper.abstract not in asked.user


def test_a_request_is_made_for_each_cited_source_with_its_own_claims_only() -> None:
    model, told = judged([claim("A [1].", 1), claim("B [2].", 2), claim("C [1].", 1)], "1: yes\n2: no", "1: partly")
    assert told == ["supported", "partial", "unsupported"]
    assert [statements(p) for p in model.prompts] == [["1: A.", "2: C."], ["1: B."]]
    assert [p.sources for p in model.prompts] == [(LAMPS[0],), (LAMPS[1],)]


def test_ten_claims_go_into_a_request_and_the_rest_into_the_next() -> None:
    claims = [claim(f"Lamp {i} [1].", 1) for i in range(23)]
    replies = ["\n".join(f"{n}: {'no' if n == 3 else 'yes'}" for n in range(1, 11))] * 2 + ["1: yes\n2: yes\n3: partly"]
    model, told = judged(claims, *replies)
    assert [len(statements(p)) for p in model.prompts] == [10, 10, 3]
    assert statements(model.prompts[1])[0] == "1: Lamp 10."
    assert [i for i, v in enumerate(told) if v == "unsupported"] == [2, 12]
    assert [i for i, v in enumerate(told) if v == "partial"] == [22]
    assert told.count("supported") == 20


def test_a_claim_with_several_sources_gets_the_best_of_their_verdicts() -> None:
    both = [claim("A [1][2].", 1, 2)]
    assert judged(both, "1: no", "1: yes")[1] == ["supported"]
    assert judged(both, "1: partly", "1: no")[1] == ["partial"]
    assert judged(both, "1: no", "1: no")[1] == ["unsupported"]
    assert judged(both, "1: partly", "what?")[1] == ["partial"]


def test_a_claim_that_the_check_gave_a_source_is_judged_by_that_source() -> None:
    model, told = judged([claim("Blossoms are measured.", added=(2,))], "1: no")
    assert told == ["unsupported"]
    assert model.prompts[0].sources == (LAMPS[1],)


@pytest.mark.parametrize("citations", [(), (9,), (0,)])
def test_what_cites_no_source_is_not_asked_of(citations: tuple[int, ...]) -> None:
    model, told = judged([claim("A.", *citations, verdict="uncited")])
    assert (model.prompts, told) == ([], [None])


def test_the_same_claim_of_the_same_abstract_is_asked_once() -> None:
    model = QueueModel("1: no", "1: yes")
    verifier = Verifier(model)
    assert [c.judged for c in verifier.judge([claim("A [1].", 1), claim("A [1].", 1)], LAMPS)] == ["unsupported"] * 2
    assert [c.judged for c in verifier.judge([claim("**A** [1].", 1)], LAMPS)] == ["unsupported"]  # its marks say nothing
    assert len(model.prompts) == 1
    assert statements(model.prompts[0]) == ["1: A."]
    assert [c.judged for c in verifier.judge([claim("A [2].", 2)], LAMPS)] == ["supported"]  # another abstract
    assert [c.judged for c in verifier.judge([claim("A [1].", 1), claim("A [2].", 2)], LAMPS)] == ["unsupported", "supported"]
    assert len(model.prompts) == 2


def test_what_the_model_passed_over_is_asked_again() -> None:
    model = QueueModel("1: yes", "1: no")
    verifier = Verifier(model)
    claims = [claim("A [1].", 1), claim("B [1].", 1)]
    assert [c.judged for c in verifier.judge(claims, LAMPS)] == ["supported", None]
    assert [c.judged for c in verifier.judge(claims, LAMPS)] == ["supported", "unsupported"]
    assert statements(model.prompts[1]) == ["1: B."]


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        ("1: YES\n2: No", ["supported", "unsupported"]),
        ("1. yes\n2. partly", ["supported", "partial"]),
        ("[1] - yes.\n[2] - no, it has 340", ["supported", "unsupported"]),
        ("**1**: yes\n**2**: partly", ["supported", "partial"]),
        ("- 1) partly\r\n- 2) no\r\n", ["partial", "unsupported"]),
        ("Here you are:\n\n1: no\n\n2: yes\nI hope that helps.", ["unsupported", "supported"]),
        ("2: no\n1: yes", ["supported", "unsupported"]),
        ("0: no\n3: no\n99: yes\n2: yes", [None, "supported"]),
        ("1: not\n2: yesterday", [None, None]),
        ("1: maybe\n2:", [None, None]),
        ("yes\nno", [None, None]),
        ("", [None, None]),
        ("I cannot judge this.", [None, None]),
    ],
)
def test_odd_replies_are_read_as_far_as_they_are_clear(reply: str, told: list[Verdict | None]) -> None:
    assert judged([claim("A [1].", 1), claim("B [1].", 1)], reply)[1] == told


# -- in an answer --------------------------------------------------------------------------------------------------------


def disputing(home: Path, embedder: MiniLM, *replies: Reply, verify: str = "model") -> tuple[QueueModel, Assistant]:
    model = QueueModel(*replies)
    return model, Assistant(load(home=home, verify=verify), embedder=embedder, model=model)


def test_a_disagreement_is_shown_in_text_json_markdown_and_chat(starter_home: Path, embedder: MiniLM) -> None:
    model, asked = disputing(starter_home, embedder, f"{TOLD} It sings [1].", "1: no\n2: yes")
    made = asked.ask(GRAPH)
    assert [(c.verdict, c.judged, c.disputed) for c in made.claims] == [
        ("supported", "unsupported", True),
        ("unsupported", "supported", True),
    ]
    assert len(model.prompts) == 2
    for told in (render.text(made), render.markdown(made)):
        assert f"{render.MARK} supported: “GraphSAINT samples" in told
        assert "(the model judges it unsupported)" in told
        assert "; the model judges it supported)" in told
    assert [c["judged"] for c in json.loads(render.to_json(made))["claims"]] == ["unsupported", "supported"]
    shown = panel.message(made)
    assert 'title="supported: the model judges it unsupported"> ⚠</span>' in shown
    assert '; the model judges it supported"> ⚠</span>' in shown


def test_agreement_is_told_in_json_and_nowhere_else(starter_home: Path, embedder: MiniLM) -> None:
    made = disputing(starter_home, embedder, [TOLD, Finish()], "1: yes")[1].ask(GRAPH)
    assert [(c.judged, c.disputed) for c in made.claims] == [("supported", False)]
    assert "judges" not in render.text(made) + panel.message(made)
    assert render.findings(made) == ""


@pytest.mark.parametrize(
    ("verdict", "said", "disputed"),
    [
        ("supported", "supported", False),
        ("supported", "partial", True),
        ("partial", "unsupported", False),
        ("miscited", "supported", True),
        ("uncited", None, False),
        ("supported", None, False),
    ],
)
def test_they_disagree_when_only_one_finds_it_supported(verdict: Verdict, said: Verdict | None, disputed: bool) -> None:
    made = Claim("A.", 0, 2, (1,), verdict, judged=said)
    assert made.disputed == disputed
    assert ("the model judges it" in render.findings(answer("A.", claims=(made,)))) == disputed
    assert ("the model judges it" in panel.message(answer("A.", claims=(made,)))) == disputed


def test_the_verdict_of_the_check_stays_whatever_the_model_says(starter_home: Path, embedder: MiniLM) -> None:
    unasked = disputing(starter_home, embedder, TOLD, verify="off")[1].ask(GRAPH)
    asked = disputing(starter_home, embedder, TOLD, "1: no")[1].ask(GRAPH)
    assert unasked.claims[0].judged is None
    assert (asked.claims[0].verdict, asked.claims[0].evidence) == (unasked.claims[0].verdict, unasked.claims[0].evidence)


def test_a_judge_that_cannot_be_asked_is_a_warning_and_the_answer_stands(starter_home: Path, embedder: MiniLM) -> None:
    model = QueueModel([TOLD, Finish()], EndpointError("It is down.", "Start it."))
    made = Assistant(load(home=starter_home, verify="model"), embedder=embedder, model=model).ask(GRAPH)
    assert made.answer == TOLD
    assert made.complete
    assert [(c.verdict, c.judged) for c in made.claims] == [("supported", None)]
    [warning] = made.warnings
    assert warning.startswith("The model did not judge the statements: It is down.")
    assert warning in render.text(made)


def test_nothing_is_judged_when_it_is_off_refused_or_without_a_model(starter_home: Path, embedder: MiniLM) -> None:
    model, asked = disputing(starter_home, embedder, TOLD, verify="off")
    assert asked.ask(GRAPH).claims[0].judged is None
    model, asked = disputing(starter_home, embedder, "The abstracts do not say so.")
    assert asked.ask(GRAPH).refused
    assert len(model.prompts) == 1
    made = Assistant(load(home=starter_home, verify="model", no_model=True), embedder=embedder).ask(GRAPH)
    assert {c.judged for c in made.claims} == {None}


def test_it_is_told_before_the_model_judges_and_what_it_judged_is_known_to_the_next(
    starter_home: Path, embedder: MiniLM
) -> None:
    model = QueueModel([TOLD, Finish()], "1: yes", [TOLD, Finish()])
    assistant = Assistant(load(home=starter_home, verify="model"), embedder=embedder, model=model)
    *_, before, made = assistant.stream(GRAPH)
    assert before == Checking(1)
    assert isinstance(made, Answer)
    assert [c.judged for c in made.claims] == ["supported"]
    again = assistant.using(model).ask(GRAPH)
    assert [c.judged for c in again.claims] == ["supported"]
    assert len(model.prompts) == 3


def test_the_setting_comes_from_the_flag_the_environment_or_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load().verify == "off"
    Path("rag.toml").write_text('verify = "model"\n')
    assert load().verify == "model"
    monkeypatch.setenv("RAG_VERIFY", "off")
    assert load().verify == "off"
    assert load(verify="model").verify == "model"
    monkeypatch.setenv("RAG_VERIFY", "twice")
    with pytest.raises(UsageError, match="RAG_VERIFY"):
        load()
