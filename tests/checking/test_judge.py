"""The model as judge: what it is asked, how often, and what becomes of its verdicts in an answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.factories import LAMPS, QueueModel

from rag.assistant import Assistant
from rag.checking.judge import Judge
from rag.errors import EndpointError, PromptTooLong, UsageError
from rag.events import Checking, Finish, Reply, Thought, Waiting
from rag.index.minilm import MiniLM
from rag.output import render, signs
from rag.prompting import tokens
from rag.settings.settings import load
from rag.types import Answer, Claim, Prompt, Verdict
from ui.chat import exchanges

GRAPH = "How does GraphSAINT get around neighbor explosion when training GCNs on big graphs?"
TOLD = "GraphSAINT samples the training graph itself and builds a complete GCN on the resulting subgraph at each iteration [1]."
QUESTION = "What do lamps do?"
SUPPORTED = '1 | "dims 340 lamps by learning" | supported | -'
SAMPLES = '"building a complete GCN from the subgraph"'
NOT_SAID = "1 | - | not said | itself"


def claim(text: str, *citations: int, verdict: Verdict = "supported", added: tuple[int, ...] = ()) -> Claim:
    return Claim(text, 0, len(text), citations, verdict, added=added)


def judged(model: QueueModel, claims: list[Claim], question: str = QUESTION, by: Judge | None = None) -> list[Verdict | None]:
    by = by or Judge(model)
    for _ in by.ask(question, claims, LAMPS):
        pass
    return [c.judged for c in by.judged(question, claims, LAMPS)]


def statements(asked: Prompt) -> list[str]:
    """The numbered statements of a prompt, without their numbers."""
    told = asked.user.rpartition("\nStatements:\n")[2].split("\n\n")[0].splitlines()
    assert [line.split(":")[0] for line in told] == [str(n) for n in range(1, len(told) + 1)]
    return [line.partition(": ")[2] for line in told]


# -- what is asked -------------------------------------------------------------------------------------------------------


def test_one_request_has_the_question_all_cited_abstracts_and_all_claims_with_what_they_cite() -> None:
    model = QueueModel("1 | - | not said | A\n2 | - | partly | B\n3 | - | not said | C")
    claims = [claim("A [1].", 1), claim("B [2].", 2), claim("C is [1], but D [2].", 1, 2)]
    assert judged(model, claims) == ["unsupported", "partial", "unsupported"]
    [asked] = model.prompts
    assert statements(asked) == ["(cites [1]) A.", "(cites [2]) B.", "(cites [1], [2]) C is [1], but D [2]."]
    assert all(f"[{s.n}] {s.paper.title}\n{s.paper.abstract}" in asked.user for s in LAMPS)
    assert f"The question was: {QUESTION}\n" in asked.user
    assert asked.sources == tuple(LAMPS)


def test_an_abstract_that_no_claim_cites_is_not_sent() -> None:
    model = QueueModel("1 | - | not said | A")
    judged(model, [claim("A [1].", 1)])
    assert LAMPS[0].paper.abstract in model.prompts[0].user
    assert LAMPS[1].paper.abstract not in model.prompts[0].user


def test_the_sentence_before_is_given_where_it_is_not_judged_itself() -> None:
    model = QueueModel("1 | - | not said | A")
    head = claim("What lamps do:", verdict="none")
    judged(model, [head, claim("They dim [1].", 1), claim("They shine [1].", 1)])
    assert statements(model.prompts[0]) == [
        '(cites [1]) They dim. (the sentence before it: "What lamps do:")',
        "(cites [1]) They shine.",
    ]


def test_a_claim_without_a_source_is_judged_by_those_that_others_cite_or_else_by_all() -> None:
    model = QueueModel("1 | - | not said | A\n2 | - | not said | B", "1 | - | not said | B")
    assert judged(model, [claim("A [2].", 2), claim("B.", verdict="uncited")]) == ["unsupported", "unsupported"]
    assert statements(model.prompts[0])[1] == "(cites nothing) B."
    assert model.prompts[0].sources == (LAMPS[1],)
    judged(model, [claim("B.", verdict="uncited")])
    assert model.prompts[1].sources == tuple(LAMPS)


def test_a_claim_that_the_check_gave_a_source_is_judged_by_that_source() -> None:
    model = QueueModel("1 | - | not said | measured")
    assert judged(model, [claim("Blossoms are measured.", added=(2,))]) == ["unsupported"]
    assert model.prompts[0].sources == (LAMPS[1],)
    assert statements(model.prompts[0]) == ["(cites [2]) Blossoms are measured."]


def test_headings_and_lead_ins_are_not_judged() -> None:
    assert judged(QueueModel(), [claim("Results", verdict="none")]) == [None]


# -- how often it is asked -----------------------------------------------------------------------------------------------


def test_the_same_claim_after_the_same_sentence_of_the_same_abstract_is_asked_once() -> None:
    model = QueueModel(*["1 | - | not said | A"] * 4)
    by = Judge(model)
    assert judged(model, [claim("A [1].", 1)], by=by) == ["unsupported"]
    assert judged(model, [claim("**A** [1].", 1)], by=by) == ["unsupported"]  # its signs say nothing
    assert len(model.prompts) == 1
    judged(model, [claim("A [2].", 2)], by=by)  # another abstract
    judged(model, [claim("They hum:", verdict="none"), claim("A [1].", 1)], by=by)
    judged(model, [claim("A [1].", 1)], "And in Ghent?", by=by)
    assert len(model.prompts) == 4


def test_what_the_model_passed_over_is_asked_again_next_time() -> None:
    model = QueueModel("1 | - | not said | A", "1 | - | partly | B")
    by = Judge(model)
    claims = [claim("A [1].", 1), claim("B [1].", 1)]
    assert judged(model, claims, by=by) == ["unsupported", None]
    assert judged(model, claims, by=by) == ["unsupported", "partial"]
    assert statements(model.prompts[1]) == ['(cites [1]) B. (the sentence before it: "A.")']


def test_a_small_context_splits_the_request() -> None:
    claims = [claim(f"Lamp {i} shines" + " brightly over the canals of Ghent" * 16 + " [1].", 1) for i in range(8)]
    reply = "\n".join(f"{n} | - | not said | {n}" for n in range(1, 9))
    whole = QueueModel(reply, reply)
    judged(whole, claims)
    judged(whole, claims[:5])
    room = tokens(whole.prompts[1]) + 40  # for another tag, and less than another claim takes
    model = QueueModel(reply, repeat=True, context_tokens=room)
    assert judged(model, claims) == ["unsupported"] * 8
    assert [len(statements(p)) for p in model.prompts] == [5, 3]


def test_a_context_without_room_for_one_abstract_is_an_error() -> None:
    with pytest.raises(PromptTooLong, match="more than its 100 tokens"):
        judged(QueueModel(context_tokens=100), [claim("A [1].", 1)])


def test_a_prompt_that_the_server_finds_too_long_is_halved() -> None:
    claims = [claim(f"Lamp {i} [1].", 1) for i in range(3)]
    model = QueueModel(PromptTooLong("Too long.", "Less."), *["1 | - | not said | a\n2 | - | not said | b"] * 3)
    assert judged(model, claims) == ["unsupported"] * 3
    assert [len(statements(p)) for p in model.prompts] == [3, 1, 1, 1]
    with pytest.raises(PromptTooLong):
        judged(QueueModel(PromptTooLong("Too long.", "Less."), repeat=True), claims)


def test_a_reply_that_was_cut_is_continued_from_its_last_whole_line() -> None:
    cut = ["1 | - | not said | a\n2 | - | not said | b\n3 | - | not sa", Finish(complete=False, reason="length")]
    model = QueueModel(cut, "1 | - | partly | c")
    assert judged(model, [claim(f"{x} [1].", 1) for x in "ABC"]) == ["unsupported", "unsupported", "partial"]
    nothing = QueueModel(["1 | - | no", Finish(complete=False, reason="length")])
    assert judged(nothing, [claim("A [1].", 1)]) == [None]


class SlowModel(QueueModel):
    def stream(self, prompt: Prompt) -> Iterator[Reply]:
        self.prompts.append(prompt)
        while True:
            yield Waiting(1.0)


def test_a_judge_that_takes_too_long_is_given_up() -> None:
    slow = SlowModel()
    with pytest.raises(EndpointError, match="not done after 0 seconds"):
        judged(slow, [claim("A [1].", 1)], by=Judge(slow, max_seconds=0.05))


# -- in an answer --------------------------------------------------------------------------------------------------------


def judging(home: Path, embedder: MiniLM, *replies: object, verify: str = "model") -> tuple[QueueModel, Assistant]:
    model = QueueModel(*replies, name="m-7b")  # type: ignore[arg-type]
    return model, Assistant(load(home=home, verify=verify), embedder=embedder, model=model)


def test_the_verdict_of_the_model_is_the_one_shown(starter_home: Path, embedder: MiniLM) -> None:
    model, asked = judging(starter_home, embedder, f"{TOLD} It sings [1].", f"{NOT_SAID}\n2 | - | contradicted | sings")
    made = asked.ask(GRAPH)
    assert [(c.verdict, c.judged, c.by) for c in made.claims] == [("unsupported", "unsupported", "m-7b")] * 2
    assert len(model.prompts) == 2
    assert "unsupported: “GraphSAINT samples" in render.text(made)
    assert "judge it" not in render.text(made) + exchanges.finished(0, made)
    [differs] = made.claims[0].differs
    told = json.loads(render.to_json(made))["claims"][0]
    assert told["text"][told["differs"][0]["start"] : told["differs"][0]["end"]] == "itself"
    assert differs.kind == "word"


def test_what_the_model_finds_to_be_said_is_shown_as_supported(starter_home: Path, embedder: MiniLM) -> None:
    said = "It never meets the explosion of neighbors while it trains [1]."
    assert judging(starter_home, embedder, said, verify="off")[1].ask(GRAPH).claims[0].verdict != "supported"
    abstract = judging(starter_home, embedder, said, verify="off")[1].ask(GRAPH).sources[0].paper.abstract
    quote = " ".join(abstract.split()[:12])
    made = judging(starter_home, embedder, [said, Finish()], f'1 | "{quote}" | supported | -')[1].ask(GRAPH)
    assert [(c.verdict, c.by, c.problems) for c in made.claims] == [("supported", "m-7b", ())]
    assert made.claims[0].evidence[0].start == 0
    assert render.findings(made) == ""


def test_no_sign_comes_before_the_model_has_judged(starter_home: Path, embedder: MiniLM) -> None:
    _, asked = judging(starter_home, embedder, "It sings [1]. It hums [1].", "what?")
    *before, checking, made = asked.stream(GRAPH)
    assert [c.verdict for c in before if isinstance(c, Claim)] == ["unchecked"]
    assert all(signs.suffix(c) == "" for c in before if isinstance(c, Claim))
    assert checking == Checking(2)
    assert isinstance(made, Answer)
    assert [(c.verdict, c.by) for c in made.claims] == [("unsupported", "words")] * 2
    plain = list(judging(starter_home, embedder, "It sings [1]. It hums [1].", verify="off")[1].stream(GRAPH))
    assert [c.verdict for c in plain if isinstance(c, Claim)] == ["unsupported"]


def test_a_silent_judge_is_shown_to_be_waited_for(starter_home: Path, embedder: MiniLM) -> None:
    quiet = [Waiting(1.0), Thought("Hm."), Waiting(2.0), NOT_SAID, Finish()]
    *_, checking, first, second, made = judging(starter_home, embedder, TOLD, quiet)[1].stream(GRAPH)
    assert (checking, first, second) == (Checking(1), Waiting(1.0), Waiting(2.0))
    assert isinstance(made, Answer)
    assert (made.claims[0].verdict, made.reasoning) == ("unsupported", "")


def test_a_judge_that_cannot_be_asked_is_a_warning_and_the_verdicts_by_words_stay(starter_home: Path, embedder: MiniLM) -> None:
    _, asked = judging(starter_home, embedder, [TOLD, Finish()], EndpointError("It is down.", "Start it."))
    made = asked.ask(GRAPH)
    assert (made.answer, made.complete) == (TOLD, True)
    assert [(c.verdict, c.judged, c.by) for c in made.claims] == [("supported", None, "words")]
    [warning] = made.warnings
    assert warning.endswith("the others are checked by words: It is down. Start it.")
    assert warning in render.text(made)


def test_nothing_is_judged_when_it_is_off_refused_or_without_a_model(starter_home: Path, embedder: MiniLM) -> None:
    for verify in ("off", "auto"):  # nobody has tested the model
        assert judging(starter_home, embedder, TOLD, verify=verify)[1].ask(GRAPH).claims[0].judged is None
    model, asked = judging(starter_home, embedder, *["The abstracts do not say so."] * 2)
    assert asked.ask(GRAPH).refused
    assert len(model.prompts) == 2  # it is asked once more, and not for a judgement
    made = Assistant(load(home=starter_home, verify="model", no_model=True), embedder=embedder).ask(GRAPH)
    assert {c.judged for c in made.claims} == {None}


def test_what_was_judged_is_known_to_the_next_answer(starter_home: Path, embedder: MiniLM) -> None:
    model, asked = judging(starter_home, embedder, TOLD, NOT_SAID, TOLD)
    assert asked.ask(GRAPH).claims[0].judged == "unsupported"
    assert asked.using(model).ask(GRAPH).claims[0].judged == "unsupported"
    assert len(model.prompts) == 3


def test_a_source_that_only_the_model_gave_is_marked_as_cited(starter_home: Path, embedder: MiniLM) -> None:
    said = "It never meets the explosion of neighbors."
    first = judging(starter_home, embedder, said, verify="off")[1].ask(GRAPH)
    quote = " ".join(first.sources[1].paper.abstract.split()[:12])
    made = judging(starter_home, embedder, said, f'1 | "{quote}" | supported | -')[1].ask(GRAPH)
    assert (first.sources[1].cited, made.sources[1].cited) == (False, True)
    assert made.claims[0].added == (2,)


def test_another_model_judges_and_the_one_that_answers_does_not(starter_home: Path, embedder: MiniLM) -> None:
    model, asked = judging(starter_home, embedder, TOLD, TOLD, TOLD, NOT_SAID)
    other = QueueModel(NOT_SAID, name="other")
    judged_by = asked.judged_by(other)
    assert [c.by for c in judged_by.ask(GRAPH).claims] == ["other"]
    assert (len(model.prompts), len(other.prompts)) == (1, 1)
    assert [c.by for c in judged_by.using(model).ask(GRAPH).claims] == ["other"]
    assert [c.by for c in judged_by.judged_by(None).ask(GRAPH).claims] == ["m-7b"]


def test_the_setting_comes_from_the_flag_the_environment_or_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load().verify == "auto"
    Path("rag.toml").write_text('verify = "model"\n')
    assert load().verify == "model"
    monkeypatch.setenv("RAG_VERIFY", "off")
    assert load().verify == "off"
    assert load(verify="model").verify == "model"
    monkeypatch.setenv("RAG_VERIFY", "twice")
    with pytest.raises(UsageError, match="RAG_VERIFY"):
        load()
