from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.endpoint_server import Endpoint, Exchange, fails, says, tells
from support.factories import ORCHARD, HashEmbedder, QueueModel, paper

from rag import ingestion
from rag.answering.second_try import NOTE
from rag.assistant import Assistant
from rag.errors import EndpointError, PromptTooLong, UsageError
from rag.events import Finish, Found, Waiting
from rag.index import generations
from rag.index.minilm import MiniLM
from rag.output import render
from rag.prompting import REFUSAL
from rag.settings.settings import load
from rag.storage import lock
from rag.storage.library import Library
from rag.text.tokens import count
from rag.types import Answer, Claim, Filters, Turn, Usage
from ui.reading import marks

GRAPH = "How does GraphSAINT get around neighbor explosion when training GCNs on big graphs?"
POINTER = "Which geometry problems were Pointer Networks shown to learn?"
EGG = "How long should I boil an egg so the yolk stays soft?"
TOLD = "GraphSAINT samples the training graph itself and builds a complete GCN on the resulting subgraph at each iteration [1]."


def silent(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


def with_model(home: Path, embedder: MiniLM, model: QueueModel) -> Assistant:
    return Assistant(load(home=home), embedder=embedder, model=model)


@pytest.fixture
def ask(starter_home: Path, embedder: MiniLM):  # type: ignore[no-untyped-def]
    """ask(reply, ..., question=...) gives the model that was asked and its answer."""

    def asked(
        *replies: object, question: str = GRAPH, history: tuple[Turn, ...] = (), **more: object
    ) -> tuple[QueueModel, Answer]:
        model = QueueModel(*replies, **more)  # type: ignore[arg-type]
        return model, with_model(starter_home, embedder, model).ask(question, history)

    return asked


# -- the extractive assistant --------------------------------------------------------------------------------------------


def test_the_papers_come_before_the_text_and_the_answer_last(assistant: Assistant) -> None:
    found, *pieces, answer = assistant.stream(POINTER)
    assert isinstance(found, Found)
    assert pieces
    assert isinstance(answer, Answer)
    assert {type(p) for p in pieces} == {str, Claim}
    assert "".join(p for p in pieces if isinstance(p, str)) == answer.answer
    assert [s.paper for s in found.sources] == [s.paper for s in answer.sources]
    assert [s.n for s in answer.sources] == list(range(1, len(answer.sources) + 1))
    assert found.standalone_question == answer.standalone_question == POINTER


def test_an_answer_carries_what_was_checked_and_how_long_it_took(assistant: Assistant) -> None:
    answer = assistant.ask(POINTER)
    assert (answer.refused, answer.refusal_reason, answer.complete, answer.mode, answer.model) == (
        False,
        None,
        True,
        "extractive",
        None,
    )
    assert "Delaunay" in answer.answer
    assert {c.n for claim in answer.claims for c in claim.evidence} == {s.n for s in answer.sources if s.cited} != set()
    for claim in answer.claims:
        assert answer.answer[claim.start : claim.end] == claim.text
    timings = answer.timings
    assert None not in (timings.retrieve_s, timings.first_token_s, timings.total_s)
    assert 0 < timings.retrieve_s <= timings.first_token_s <= timings.total_s < 30  # type: ignore[operator]
    assert answer.index.papers == 574


def test_each_answer_has_an_id_of_its_own(assistant: Assistant) -> None:
    assert assistant.ask(POINTER).id != assistant.ask(POINTER).id


def test_a_refusal_offers_the_nearest_papers_and_cites_nothing(assistant: Assistant) -> None:
    found, text, answer = assistant.stream(EGG)
    assert isinstance(found, Found)
    assert isinstance(answer, Answer)
    assert answer.refused
    assert text == answer.answer
    assert answer.answer.startswith(REFUSAL)
    assert str(answer.refusal_reason) in answer.answer
    assert 1 <= len(answer.sources) <= 3
    assert answer.claims == answer.invalid_citations == ()
    assert not any(s.cited for s in answer.sources)
    assert answer.timings.total_s is not None


def test_a_refusal_names_what_no_abstract_mentions(assistant: Assistant) -> None:
    answer = assistant.ask("What does ZorbleNet-7 do?")
    assert (answer.refused, answer.missing) == (True, ("ZorbleNet-7",))


def test_filters_that_no_paper_passes_are_a_refusal_without_papers(assistant: Assistant) -> None:
    answer = assistant.ask(GRAPH, filters=Filters(year=1804))
    assert (answer.refused, answer.sources) == (True, ())
    assert str(answer.refusal_reason).startswith("No paper of the 574 is from 1804; the dates run from 2015-06-09 to ")
    assert answer.warnings == ("500 papers have no date and were left out.",)
    assert answer.filters == Filters(year=1804)


def test_wrong_filters_are_refused_before_anything_is_looked_up(assistant: Assistant) -> None:
    with pytest.raises(UsageError, match="is not a date"):
        assistant.ask(GRAPH, filters=Filters(since="soon"))
    with pytest.raises(UsageError, match="there is only starter"):
        assistant.search(GRAPH, filters=Filters(source="arxiv"))


def test_filters_and_k_hold_for_the_papers_of_an_answer(assistant: Assistant) -> None:
    dated = assistant.ask(POINTER, filters=Filters(since="2015", until="2015-06"))
    assert dated.sources[0].paper.title == "Pointer Networks"
    assert all(str(s.paper.published).startswith("2015") for s in dated.sources)
    assert len(assistant.ask(POINTER, k=2).sources) == 2
    titled = assistant.search("active learning", k=9, filters=Filters(title="active learning"))
    assert len(titled) > 3
    assert all("active learning" in h.paper.title.lower() for h in titled)


def test_a_follow_up_is_carried_over_without_a_model(assistant: Assistant) -> None:
    history = (Turn("user", "What are Pointer Networks?"), Turn("assistant", "They point [1]."))
    answer = assistant.ask("which geometry problems can they learn?", history)
    assert answer.question == "which geometry problems can they learn?"
    assert answer.standalone_question == "which geometry problems can they learn? (about: What are Pointer Networks?)"
    assert answer.sources[0].paper.title == "Pointer Networks"


@pytest.mark.parametrize(
    ("sent", "own"),
    [
        ("One thing is unclear to me. And which F1 score does it reach?", "And which F1 score does it reach?"),
        ("And which F1 score does it reach? I could not find it myself.", "And which F1 score does it reach?"),
    ],
)
def test_what_stands_round_a_follow_up_is_left_out_when_no_paper_is_on_it(assistant: Assistant, sent: str, own: str) -> None:
    answer = assistant.ask(sent, (Turn("user", GRAPH),))
    assert answer.question == sent
    assert answer.standalone_question == f"{own} (about: {GRAPH})"
    assert "0.970" in answer.answer


def test_what_stands_before_a_question_and_is_on_papers_is_kept(assistant: Assistant) -> None:
    sent = "We sample minibatches of large graphs. Does it help?"
    assert assistant.ask(sent, (Turn("user", "What are Pointer Networks?"),)).standalone_question.startswith(sent)


def test_a_question_that_stands_alone_is_left_as_it_is(assistant: Assistant) -> None:
    answer = assistant.ask(GRAPH, (Turn("user", "What are Pointer Networks?"),))
    assert answer.standalone_question == GRAPH


def test_threads_may_ask_at_once(assistant: Assistant) -> None:
    questions = [GRAPH, POINTER, EGG, "what are MX (microscaling) formats made of?"] * 4
    expected = {q: assistant.ask(q) for q in set(questions)}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(assistant.ask, questions))
    for question, answer in zip(questions, answers, strict=True):
        assert answer.question == question
        assert answer.answer == expected[question].answer
        assert [s.paper.id for s in answer.sources] == [s.paper.id for s in expected[question].sources]


# -- with a model --------------------------------------------------------------------------------------------------------


def test_the_model_is_shown_the_papers_and_its_answer_is_checked(ask) -> None:  # type: ignore[no-untyped-def]
    model, answer = ask(TOLD)
    [shown] = model.prompts
    assert GRAPH in shown.user
    assert "[1] GraphSAINT" in shown.user
    assert answer.answer == TOLD
    assert (answer.mode, answer.model, answer.base_url_host, answer.usage) == ("model", "queue", "localhost", Usage(11, 7))
    [claim] = answer.claims
    assert (claim.verdict, claim.citations) == ("supported", (1,))
    assert [s.n for s in answer.sources if s.cited] == [1]


def test_pieces_are_given_on_as_they_come(starter_home: Path, embedder: MiniLM) -> None:
    model = QueueModel([TOLD[:40], TOLD[40:], Finish()])
    _, *pieces, answer = with_model(starter_home, embedder, model).stream(GRAPH)
    assert pieces == [TOLD[:40], TOLD[40:]]
    assert isinstance(answer, Answer)
    assert answer.answer == TOLD


def test_a_follow_up_is_rewritten_by_the_model_with_the_conversation_before_it(ask) -> None:  # type: ignore[no-untyped-def]
    history = (Turn("user", "What is GraphSAINT?"), Turn("assistant", "A method [1]."))
    model, answer = ask("How does GraphSAINT\n do on  large graphs?", TOLD, question="how well does it do?", history=history)
    asked, answered = model.prompts
    assert "What is GraphSAINT?" in asked.user
    assert "how well does it do?" in asked.user
    assert asked.sources == ()
    assert answer.question == "how well does it do?"
    assert answer.standalone_question == "How does GraphSAINT do on large graphs?"
    assert answer.standalone_question in answered.user
    assert answer.sources[0].paper.title.startswith("GraphSAINT")


@pytest.mark.parametrize("rewritten", ["", "GraphSAINT " * 500])
def test_a_useless_rewriting_is_not_used(rewritten: str, ask) -> None:  # type: ignore[no-untyped-def]
    _, answer = ask(rewritten, TOLD, question="how well does it do?", history=(Turn("user", "What is GraphSAINT?"),))
    assert answer.standalone_question == "how well does it do? (about: What is GraphSAINT?)"


def test_the_model_is_not_asked_to_rewrite_a_question_that_stands_alone(ask) -> None:  # type: ignore[no-untyped-def]
    model, _ = ask(TOLD, history=(Turn("user", "What are Pointer Networks?"),))
    assert len(model.prompts) == 1


def test_the_model_is_not_asked_what_the_abstracts_cannot_answer(ask) -> None:  # type: ignore[no-untyped-def]
    model, answer = ask("Six minutes [1].", question=EGG)
    assert model.prompts == []
    assert answer.refused


def test_citations_that_point_nowhere_are_kept_and_reported(ask) -> None:  # type: ignore[no-untyped-def]
    said = TOLD.replace("[1]", "[1][42]") + " It is fast [0]."
    _, answer = ask(said)
    assert answer.answer == said
    assert answer.invalid_citations == (42, 0)
    assert [c.verdict for c in answer.claims] == ["supported", "unsupported"]


def test_sentences_without_citation_are_marked(ask) -> None:  # type: ignore[no-untyped-def]
    _, answer = ask(f"{TOLD} Everybody loves it.")
    assert [c.verdict for c in answer.claims] == ["supported", "uncited"]


def test_a_changed_number_is_marked(ask) -> None:  # type: ignore[no-untyped-def]
    _, answer = ask("F1 scores of 0.895 on PPI and 0.970 on Reddit set a new state of the art [1].")
    [claim] = answer.claims
    assert claim.verdict == "contradicted"
    assert "0.895" in " ".join(claim.problems)


@pytest.mark.parametrize("said", [REFUSAL, f"{REFUSAL.rstrip('.')} [1]", "  "])
def test_a_model_that_refuses_is_recognised(said: str, ask) -> None:  # type: ignore[no-untyped-def]
    _, answer = ask(said, said)
    assert answer.refused
    assert answer.refusal_reason
    assert len(answer.sources) == 3
    assert answer.claims == answer.invalid_citations == ()
    assert not any(s.cited for s in answer.sources)


def test_a_model_that_refuses_what_the_abstracts_seem_to_answer_is_asked_once_more(ask) -> None:  # type: ignore[no-untyped-def]
    model, answer = ask(REFUSAL, TOLD)
    first, second = model.prompts
    assert (answer.answer, answer.refused, [c.verdict for c in answer.claims]) == (TOLD, False, ["supported"])
    assert (answer.reasoning, answer.warnings[-1], answer.usage) == ("", NOTE, Usage(22, 14))
    assert REFUSAL in first.system
    assert REFUSAL not in second.system + second.user
    assert [s.paper.id for s in second.sources] == [s.paper.id for s in first.sources]


def test_a_refusal_in_other_words_is_taken_back_when_the_model_is_asked_once_more(ask) -> None:  # type: ignore[no-untyped-def]
    _, answer = ask("None of the papers say so.", TOLD)
    assert (answer.answer, answer.refused, answer.reasoning) == (TOLD, False, "None of the papers say so.")


@pytest.mark.parametrize(
    ("question", "replies"),
    [
        ("How many annotators labelled the data of GraphSAINT?", [REFUSAL]),  # no abstract seems to tell
        (GRAPH, [REFUSAL, EndpointError("The server went away.", "Start it.")]),
        (GRAPH, [REFUSAL, [Waiting(1.0), EndpointError("The server is silent.", "Start it.")]]),
        (GRAPH, [REFUSAL, "The abstracts do not mention it."]),
        (GRAPH, [[REFUSAL, Finish(refused=True)]]),  # the server's own refusal
    ],
)
def test_a_refusal_stays_where_asking_once_more_brings_no_answer(question: str, replies: list[object], ask) -> None:  # type: ignore[no-untyped-def]
    model, answer = ask(*replies, question=question)
    assert answer.refused
    assert answer.answer.rstrip(".") in (REFUSAL.rstrip("."), "The abstracts do not mention it")
    assert len(model.prompts) == len(replies)


def test_a_refusal_of_the_model_is_never_an_empty_answer(ask) -> None:  # type: ignore[no-untyped-def]
    _, answer = ask("  ", "  ")
    assert answer.answer.strip()


def test_an_incomplete_answer_is_kept_and_checked(ask) -> None:  # type: ignore[no-untyped-def]
    _, answer = ask([f"{TOLD} And then it wa", Finish(False, "the connection broke off", Usage(5, None))])
    assert not answer.complete
    assert not answer.refused
    assert answer.answer.endswith("And then it wa")
    assert (answer.refusal_reason, answer.incomplete_reason) == (None, "the connection broke off")
    assert [c.verdict for c in answer.claims] == ["supported", "uncited"]
    assert answer.usage == Usage(5, None)


def test_only_papers_that_fit_the_models_context_are_sources(ask) -> None:  # type: ignore[no-untyped-def]
    model, answer = ask(TOLD, context_tokens=900)
    assert 1 <= len(answer.sources) < 6
    assert len(model.prompts[0].sources) == len(answer.sources)


def test_tokens_are_those_of_the_model_that_is_asked(
    starter_home: Path, embedder: MiniLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A known model's prompt needs no margin, and is judged cut by its own encoding's count."""
    monkeypatch.setattr("secrets.token_hex", lambda _: "5eed5eed")  # tags of one length in every encoding

    def papers(name: str, window: int) -> int:
        model = QueueModel(TOLD, context_tokens=window)
        model.name = name
        return len(with_model(starter_home, embedder, model).ask(GRAPH).sources)

    windows = range(800, 1_600, 100)
    assert sum(papers("gpt-4o", w) for w in windows) >= sum(papers("queue", w) for w in windows) + 2
    counted = QueueModel([TOLD, Finish(usage=Usage(1, 7))])
    counted.name = "gpt-4"
    [told] = with_model(starter_home, embedder, counted).ask(GRAPH).warnings
    [made] = counted.prompts
    own, usual = (count(made.system, model) + count(made.user, model) for model in ("gpt-4", None))
    assert own != usual
    assert f"of about {own:,} tokens" in told


def test_an_endpoint_that_fails_is_the_askers_to_know(starter_home: Path, embedder: MiniLM) -> None:
    dead = QueueModel(EndpointError("It is down.", "Start it."))
    with pytest.raises(EndpointError, match="It is down"):
        with_model(starter_home, embedder, dead).ask(GRAPH)


def test_a_model_named_in_the_settings_is_used(starter_home: Path, embedder: MiniLM) -> None:
    asked = Assistant(load(home=starter_home, base_url="http://127.0.0.1:9", model="m"), embedder=embedder)
    assert (asked.model.mode, asked.model.name, asked.model.host) == ("model", "m", "127.0.0.1")


def behind(server: Endpoint, home: Path, embedder: MiniLM, **more: object) -> Assistant:
    return Assistant(load(home=home, base_url=server.url, model="m", **more), embedder=embedder)


def read_in(server: Endpoint) -> int:
    """Tokens of the first prompt that the server was sent."""
    return sum(count(message["content"]) for message in server.chats[0].body["messages"])


def test_a_prompt_is_made_for_the_window_that_the_server_tells(starter_home: Path, embedder: MiniLM) -> None:
    papers = []
    for window in (700, 2_000, 100_000):
        models = tells({"data": [{"id": "m", "max_model_len": window}]})
        with Endpoint(says(TOLD, prompt_tokens=None), paths={"/v1/models": models}) as server:
            answer = behind(server, starter_home, embedder, k=12).ask(GRAPH)
        papers.append(len(answer.sources))
        if window > 700:  # the first abstract always goes in
            assert read_in(server) + server.chats[0].body["max_tokens"] <= window
    assert 1 == papers[0] < papers[1] < papers[2] == 12


@pytest.mark.parametrize("said", [TOLD, REFUSAL])
def test_a_prompt_that_the_server_cut_is_told_with_the_answer(said: str, starter_home: Path, embedder: MiniLM) -> None:

    def warned(read: float | None, finish: str = "stop") -> tuple[int, tuple[str, ...]]:
        """Tokens sent, and the warnings when the server says it read this share: each prompt has fences of its own."""

        def behave(to: Exchange) -> None:
            sent = sum(count(message["content"]) for message in to.request.body["messages"])
            says(said, finish=finish, prompt_tokens=None if read is None else int(read * sent))(to)

        with Endpoint(behave) as server:
            told = behind(server, starter_home, embedder).ask(GRAPH).warnings
            return read_in(server), tuple(one for one in told if one != NOTE)

    assert warned(None)[1] == warned(1)[1] == warned(0.92)[1] == ()
    sent, [told] = warned(0.88)
    assert f"of about {sent:,} tokens" in told
    assert len(warned(0.5, "length")[1]) == 1


# -- claims as they come, answers that are stopped, other languages ------------------------------------------------------

WRITTEN = (
    f"{TOLD} It sings [1].\n\n## More\n\n- Everybody loves it.\n- It costs 3.5 euros, e.g. in Ghent.[2] [77]\n\nIs it fast? "
    "The abstracts do not say what it costs."
)


def streamed(asked: Assistant, question: str = GRAPH, **more: object) -> tuple[list[str | Claim], Answer]:
    found, *events, answer = asked.stream(question, **more)  # type: ignore[arg-type]
    assert isinstance(found, Found)
    assert isinstance(answer, Answer)
    assert all(isinstance(e, str | Claim) for e in events)
    return events, answer  # type: ignore[return-value]


@pytest.mark.parametrize("size", [1, 2, 7, 40, 1_000])
def test_each_claim_comes_right_after_its_sentence_and_is_what_it_will_be(
    size: int, starter_home: Path, embedder: MiniLM
) -> None:
    model = QueueModel([*(WRITTEN[i : i + size] for i in range(0, len(WRITTEN), size)), Finish()])
    events, answer = streamed(with_model(starter_home, embedder, model))
    said, claims = "", []
    for event in events:
        if isinstance(event, str):
            said += event
            continue
        claims.append(event)
        assert said[event.start : event.end] == event.text
        following = next((c.end for c in answer.claims if c.start >= event.end), len(WRITTEN))
        assert len(said) <= following  # the next sentence has not ended
        assert size < 7 or len(said) - event.end <= 6  # pieces as long as words: nor gone on, but for a mark
    assert said == answer.answer == WRITTEN
    assert tuple(claims) == answer.claims[: len(claims)]
    assert len(claims) >= len(answer.claims) - 2
    assert {"supported", "unsupported", "uncited", "none"} <= {c.verdict for c in answer.claims}


def test_a_claim_comes_before_the_model_has_said_the_next_sentence(starter_home: Path, embedder: MiniLM) -> None:
    asked: list[str] = []

    def slow() -> Iterator[str | Finish]:
        for piece in (TOLD, " It", " sings", " [1].", " Everybody", " loves it."):
            asked.append(piece)
            yield piece
        yield Finish()

    events = with_model(starter_home, embedder, QueueModel(slow())).stream(GRAPH)
    first = next(e for e in events if isinstance(e, Claim))
    assert (first.text, first.verdict) == (TOLD, "supported")
    assert asked == [TOLD, " It"]
    second = next(e for e in events if isinstance(e, Claim))
    assert (second.text, second.verdict) == ("It sings [1].", "unsupported")
    assert asked[-1] == " Everybody"


def test_the_quotes_of_the_extractive_reader_are_checked_as_they_come(assistant: Assistant) -> None:
    events, answer = streamed(assistant)
    claims = [e for e in events if isinstance(e, Claim)]
    assert tuple(claims) == answer.claims[: len(claims)]
    assert len(claims) >= len(answer.claims) - 1 > 0
    assert "".join(e for e in events if isinstance(e, str)) == answer.answer


def test_a_refusal_has_no_claims(assistant: Assistant, starter_home: Path, embedder: MiniLM) -> None:
    assert streamed(assistant, EGG)[0] == [assistant.ask(EGG).answer]
    events, answer = streamed(with_model(starter_home, embedder, QueueModel(REFUSAL, repeat=True)))
    assert (events, answer.claims) == ([REFUSAL], ())


def test_a_sentence_without_a_mark_is_given_the_source_that_says_it(ask) -> None:  # type: ignore[no-untyped-def]
    _, answer = ask(f"{TOLD.replace(' [1]', '')} It sings [1].")
    assert [(c.verdict, c.citations, c.added) for c in answer.claims] == [("supported", (), (1,)), ("unsupported", (1,), ())]
    _, answer = ask(TOLD.replace(" [1]", ""))
    assert [s.n for s in answer.sources if s.cited] == [1]  # an added citation is one
    assert answer.invalid_citations == ()


def test_force_asks_the_model_all_the_same_and_still_tells_what_is_missing(starter_home: Path, embedder: MiniLM) -> None:
    model = QueueModel("Six minutes [1].", "A network [1].")
    asked = with_model(starter_home, embedder, model)
    assert asked.ask(EGG).refused
    assert model.prompts == []
    forced = asked.ask(EGG, force=True)
    assert (forced.refused, forced.refusal_reason, forced.answer) == (False, None, "Six minutes [1].")
    assert EGG in model.prompts[0].user
    assert [c.verdict for c in forced.claims] == ["unsupported"]
    named = asked.ask("What does ZorbleNet-7 do?", force=True)
    assert (named.refused, named.missing) == (False, ("ZorbleNet-7",))


def test_force_has_the_quotes_of_what_comes_nearest_and_a_model_may_still_refuse(
    assistant: Assistant, starter_home: Path, embedder: MiniLM
) -> None:
    quoted = assistant.ask(EGG, force=True)
    assert not quoted.refused
    assert {c.verdict for c in quoted.claims if c.verdict != "none"} == {"supported"}
    assert with_model(starter_home, embedder, QueueModel(REFUSAL)).ask(EGG, force=True).refused


def test_force_cannot_ask_of_no_papers(assistant: Assistant) -> None:
    answer = assistant.ask(GRAPH, filters=Filters(year=1804), force=True)
    assert (answer.refused, answer.sources) == (True, ())


def test_an_answer_that_was_stopped_is_checked_and_marked(starter_home: Path, embedder: MiniLM) -> None:
    asked = with_model(starter_home, embedder, QueueModel([TOLD, " It sings [88]. And th", Finish()]))
    events = asked.stream(GRAPH)
    found = next(events)
    assert isinstance(found, Found)
    said = "".join(next(e for e in events if isinstance(e, str)) for _ in range(2))
    stopped = asked.cut(GRAPH, found, f"{said} And th ", "stopped")
    assert stopped.answer == f"{said} And th"
    assert (stopped.complete, stopped.refused, stopped.incomplete_reason) == (False, False, "stopped")
    assert stopped.claims[0].verdict == "supported"
    assert [s.n for s in stopped.sources if s.cited] == [1]
    assert [s.paper for s in stopped.sources] == [s.paper for s in found.sources]
    assert (stopped.question, stopped.standalone_question) == (GRAPH, found.standalone_question)
    assert (stopped.mode, stopped.model, stopped.index.papers) == ("model", "queue", 574)
    whole = asked.cut(GRAPH, found, f"{TOLD} It sings [88].", "stopped")
    assert [c.verdict for c in whole.claims] == ["supported", "unsupported"]
    assert whole.invalid_citations == (88,)
    assert whole.id != stopped.id


def test_the_beginning_of_a_refusal_that_was_stopped_is_no_refusal(assistant: Assistant) -> None:
    stopped = assistant.cut(EGG, Found(EGG, (), Filters(year=2024)), REFUSAL, "stopped")
    assert stopped.filters == Filters(year=2024)
    assert stopped.warnings == ("500 papers have no date and were left out.",)
    assert (stopped.refused, stopped.complete) == (False, False)


GERMAN = "Wie vermeidet GraphSAINT die Explosion der Nachbarn bei großen Graphen?"


def test_a_foreign_question_is_searched_in_english_and_answered_as_asked(starter_home: Path, embedder: MiniLM) -> None:
    model = QueueModel(" Which geometry problems were\nPointer Networks shown to learn? ", "Konvexe H\u00fcllen [1].")
    answer = with_model(starter_home, embedder, model).ask(GERMAN)
    translating, answering = model.prompts
    assert GERMAN in translating.user
    assert "English" in translating.system
    assert translating.sources == ()
    assert f"Question: {GERMAN}" in answering.user
    assert answer.sources[0].paper.title == "Pointer Networks"  # what the translation asks for, and not the question
    assert (answer.question, answer.standalone_question) == (GERMAN, GERMAN)
    assert not any("English" in w for w in answer.warnings)


@pytest.mark.parametrize("useless", ["", "Pointer Networks " * 100])
def test_a_useless_translation_is_not_used(useless: str, starter_home: Path, embedder: MiniLM) -> None:
    answer = with_model(starter_home, embedder, QueueModel(useless, TOLD)).ask(GERMAN)
    assert answer.sources[0].paper.title.startswith("GraphSAINT")


def test_without_a_model_a_foreign_question_is_warned_of(assistant: Assistant) -> None:
    for question in (GERMAN, "Was ist die Hauptstadt der Mongolei?"):
        [told] = assistant.ask(question).warnings
        assert "English" in told
        assert "set a model" in told
    assert assistant.ask(GRAPH).warnings == ()


def test_an_english_question_is_not_translated(ask) -> None:  # type: ignore[no-untyped-def]
    model, _ = ask(TOLD)
    assert len(model.prompts) == 1


@pytest.mark.parametrize(
    ("question", "missing"),
    [("What does ZorbleNet-7 do?", "ZorbleNet-7"), ("How do QuuxFormer and BlargBERT differ in the kitchen?", "BlargBERT")],
)
def test_the_refusal_itself_says_which_term_is_missing(question: str, missing: str, assistant: Assistant) -> None:
    answer = assistant.ask(question)
    assert answer.refused
    assert missing in answer.missing
    assert f"{REFUSAL} No abstract mentions" in answer.answer
    assert missing in answer.answer


def test_the_nearest_papers_of_a_refusal_are_the_first_three_found(
    assistant: Assistant, starter_home: Path, embedder: MiniLM
) -> None:
    nearest = [hit.paper.id for hit in assistant.search("What does ZorbleNet-7 do?")[:3]]
    assert [s.paper.id for s in assistant.ask("What does ZorbleNet-7 do?").sources] == nearest
    found, *_, answer = with_model(starter_home, embedder, QueueModel("None of the papers say so.", repeat=True)).stream(GRAPH)
    assert isinstance(found, Found)
    assert isinstance(answer, Answer)
    assert (answer.refused, answer.answer) == (True, "None of the papers say so.")
    assert [s.paper for s in answer.sources] == [s.paper for s in found.sources[:3]]
    assert len(found.sources) > 3


# -- an index that changes -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of one paper, embedded by words."""
    home = tmp_path_factory.mktemp("template")
    with lock.writer(home, "test"):
        library = Library(home, create=True)
        library.put("a.txt", [paper()])
        generations.refresh(home, library, HashEmbedder(), silent)
        library.close()
    return home


@pytest.fixture
def small_home(small_template: Path, tmp_path: Path) -> Path:
    """A copy of that home for one test to write."""
    return Path(shutil.copytree(small_template, tmp_path / "small"))


def store(home: Path, *, refresh: bool) -> None:
    """Put a second paper into the library of `home`."""
    with lock.writer(home, "test"):
        library = Library(home)
        library.put("b.txt", [paper("Frost Watch", ORCHARD)])
        if refresh:
            generations.refresh(home, library, HashEmbedder(), silent)
        library.close()


def titles(asked: Assistant) -> list[str]:
    return [hit.paper.title for hit in asked.search("drone measures blossom temperature")]


def test_a_stale_index_is_refreshed_before_the_first_question(small_home: Path) -> None:
    store(small_home, refresh=False)
    told: list[str] = []
    asked = Assistant(load(home=small_home), embedder=HashEmbedder(), tell=told.append)
    assert titles(asked)[0] == "Frost Watch"
    assert "not up to date" in told[0]


def test_an_index_that_is_up_to_date_is_left_alone(small_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    embedder = HashEmbedder()
    asked = Assistant(load(home=small_home), embedder=embedder)
    assert embedder.calls == []
    assert titles(asked) == ["LanternNet"]
    assert capsys.readouterr().err == ""


def test_a_running_assistant_notices_a_new_index(small_home: Path) -> None:
    asked = Assistant(load(home=small_home), embedder=HashEmbedder())
    assert titles(asked) == ["LanternNet"]
    before = asked.ask("Which lamps does LanternNet dim?").index
    store(small_home, refresh=True)
    assert titles(asked) == ["Frost Watch", "LanternNet"]
    after = asked.ask("Which lamps does LanternNet dim?").index
    assert (before.papers, after.papers) == (1, 2)
    assert after.generation > before.generation


def test_while_another_writes_the_index_that_is_there_answers(small_home: Path) -> None:
    with lock.writer(small_home, "test"):
        library = Library(small_home)
        library.put("b.txt", [paper("Frost Watch", ORCHARD)])
        library.close()
        asked = Assistant(load(home=small_home), embedder=HashEmbedder())
        assert titles(asked) == ["LanternNet"]


@pytest.mark.parametrize("part", ["chroma", "manifest.json"])
def test_a_damaged_index_is_built_again_and_answers(part: str, small_home: Path) -> None:
    name = generations.fingerprint(HashEmbedder())
    live = generations.live(small_home, name)
    assert live is not None
    damaged = small_home / "index" / name / str(live.generation) / part
    shutil.rmtree(damaged) if damaged.is_dir() else damaged.unlink()
    asked = Assistant(load(home=small_home), embedder=HashEmbedder())
    assert [h.paper.title for h in asked.search("dims lamps")] == ["LanternNet"]


def test_a_library_that_was_emptied_is_not_filled_again(small_home: Path) -> None:
    assert ingestion.remove(small_home, "a.txt", HashEmbedder(), silent) == 1
    answer = Assistant(load(home=small_home), embedder=HashEmbedder()).ask("Which lamps does LanternNet dim?")
    assert (answer.refused, answer.sources) == (True, ())
    assert "empty" in str(answer.refusal_reason)
    assert answer.index.papers == 0


def test_a_comparison_keeps_what_it_found_and_looks_up_each_thing_compared(assistant: Assistant) -> None:
    answer = assistant.ask("Compare Baby Llama and BabyLlama-2", k=2)
    titles = [source.paper.title for source in answer.sources]
    assert titles[0].startswith("Baby Llama")
    assert titles[1].startswith("BabyLlama-2")
    assert {s.n for s in answer.sources if s.cited} == {1, 2}
    looked_up = [source.paper.title for source in assistant.ask("Compare LARS and LAMB", k=1).sources]
    assert "Large Batch Training of Convolutional Networks" in looked_up


def test_a_name_that_no_abstract_has_is_told_with_an_answer_about_the_other(assistant: Assistant) -> None:
    answer = assistant.ask("Does GraphSAINT beat ZorbleNet on large graphs?")
    assert not answer.refused
    assert answer.warnings == ("No abstract mentions ZorbleNet.",)


# -- what endpoints do -----------------------------------------------------------------------------------------------------


def test_a_prompt_that_is_too_long_is_asked_again_with_fewer_papers(starter_home: Path, embedder: MiniLM) -> None:
    said = "This model's maximum context length is 2048 tokens"
    with Endpoint(fails(400, said), says("GraphSAINT samples the training graph [1].")) as server:
        answer = behind(server, starter_home, embedder, context_window=8192, k=12).ask(GRAPH)
        first, second = (request.body["messages"][1]["content"] for request in server.chats)
    assert len(second) < len(first)
    assert answer.complete
    assert 1 <= len(answer.sources) < 12
    assert answer.claims[0].citations == (1,)


def test_a_prompt_that_stays_too_long_is_told_after_the_second_time(starter_home: Path, embedder: MiniLM) -> None:
    with Endpoint(fails(400, "the context length is 600 tokens")) as server, pytest.raises(PromptTooLong):
        behind(server, starter_home, embedder, context_window=8192).ask(GRAPH)
    assert len(server.chats) == 2


@pytest.mark.parametrize(
    "reply", ["<think>Which graph? [2]</think>It samples [1].", "Which graph? [2]</think>\nIt samples [1]."]
)
def test_what_a_model_thinks_is_apart_from_its_answer(reply: str, starter_home: Path, embedder: MiniLM) -> None:
    with Endpoint(says(*reply)) as server:
        answer = behind(server, starter_home, embedder).ask(GRAPH)
    assert (answer.reasoning, answer.answer) == ("Which graph? [2]", "It samples [1].")
    assert [claim.citations for claim in answer.claims] == [(1,)]


def test_an_address_that_was_corrected_is_told_with_the_answer(starter_home: Path, embedder: MiniLM) -> None:
    with Endpoint(says("It samples [1].")) as server:
        asked = Assistant(load(home=starter_home, base_url=server.address, model="m"), embedder=embedder)
        first, second = asked.ask(GRAPH), asked.ask(GRAPH)
    assert any(server.url in warning for warning in first.warnings)
    assert not any(server.url in warning for warning in second.warnings)


@pytest.mark.parametrize(
    ("reply", "cited", "invalid"),
    [
        ("It samples the training graph [0] [99].", (0, 99), (0, 99)),
        ("It samples the training graph [1-3].", (1, 2, 3), ()),
        ("It samples the training graph [source 2].", (2,), ()),
    ],
)
def test_odd_citations_are_read_or_named(
    reply: str, cited: tuple[int, ...], invalid: tuple[int, ...], starter_home: Path, embedder: MiniLM
) -> None:
    with Endpoint(says(reply)) as server:
        answer = behind(server, starter_home, embedder).ask(GRAPH)
    assert answer.claims[0].citations == cited
    assert answer.invalid_citations == invalid


@pytest.mark.parametrize(
    "reply", ["GraphSAINT zieht Stichproben aus dem Graphen und baut daraus ein GCN [1].", "GraphSAINT 对训练图进行采样 [1]。"]
)
def test_an_answer_in_another_language_is_not_checked_by_words(reply: str, starter_home: Path, embedder: MiniLM) -> None:
    with Endpoint(says(reply)) as server:
        answer = behind(server, starter_home, embedder).ask(GRAPH)
    assert [claim.verdict for claim in answer.claims] == ["unchecked"]
    assert "1 statement in another language was not checked" in render.findings(answer)


def test_a_models_comparison_ends_with_a_table_of_quotes(assistant: Assistant) -> None:
    events = list(assistant.using(QueueModel("Both sample [1].\n")).stream("How do GraphSAINT and Pard differ?"))
    answer = events[-1]
    assert isinstance(answer, Answer)
    assert answer.answer.startswith("Both sample [1].\n\n\n|  | **GraphSAINT")
    assert "".join(event for event in events if isinstance(event, str)) == answer.answer
    claims = [claim for claim in answer.claims if claim.verdict != "none"]
    assert [claim for claim in events if isinstance(claim, Claim)][-1] == answer.claims[-1]
    assert all(answer.answer[claim.start : claim.end] == claim.text for claim in answer.claims)
    assert {claim.verdict for claim in claims[1:]} == {"supported"}
    assert len({claim.citations for claim in claims[1:]}) == 2
    assert [claim.by for claim in claims] == ["words", *["quoted"] * (len(claims) - 1)]
    assert [(count.verdict, count.n) for count in marks.counts(answer)] == [(claims[0].verdict, 1)]


@pytest.mark.parametrize("reply", [f"{REFUSAL}", "| Aspect | A [1] | B [2] |\n|---|---|---|\n| Speed | fast | slow |"])
def test_a_refusal_and_a_table_of_the_models_own_get_no_other_table(assistant: Assistant, reply: str) -> None:
    answer = assistant.using(QueueModel(reply, repeat=True)).ask("How do GraphSAINT and Pard differ?")
    assert answer.answer == reply


def test_another_question_of_a_model_gets_no_table(assistant: Assistant) -> None:
    assert assistant.using(QueueModel("It samples [1].")).ask("How does GraphSAINT work?").answer == "It samples [1]."


def test_all_selected_papers_are_compared(assistant: Assistant) -> None:
    selected = tuple(hit.paper.id for hit in assistant.search("graphs", 6))
    answer = assistant.ask("How do these papers differ?", k=2, filters=Filters(papers=selected))
    assert {source.paper.id for source in answer.sources if source.cited} == set(selected)


def test_a_follow_up_looks_past_a_turn_that_the_abstracts_cannot_answer(assistant: Assistant) -> None:
    history = [
        Turn("user", "How does GraphSAINT build its minibatches?"),
        Turn("user", "How long must eggs boil in salted water?"),
    ]
    answer = assistant.ask("and what F1 score does it reach?", history)
    assert not answer.refused
    assert "0.970" in answer.answer
    assert answer.standalone_question.endswith("(about: How does GraphSAINT build its minibatches?)")
    assert assistant.ask("and how long does it take?", history[1:]).refused


def test_who_wrote_the_paper_of_the_question_before_is_told_from_the_records(assistant: Assistant) -> None:
    history = [Turn("user", "How does GraphSAINT build its minibatches?")]
    answer = assistant.ask("When was it published?", history)
    assert answer.mode == "corpus"
    assert "GraphSAINT" in answer.answer
    assert assistant.ask("How does Pard generate graphs block by block?", history).mode != "corpus"


def test_misspelt_words_are_read_as_those_of_the_papers_and_the_answer_says_so(assistant: Assistant) -> None:
    answer = assistant.ask("how does GraphSAINT aviod neigbor explosion?")
    assert not answer.refused
    assert "neighbor explosion" in answer.standalone_question
    assert answer.warnings == ("Read “aviod” as “avoid”, “neigbor” as “neighbor”.",)


def test_a_refusal_says_what_can_be_asked(assistant: Assistant) -> None:
    answer = assistant.ask("Under which licence was GraphSAINT released?")
    assert answer.refused
    asked = answer.answer.partition("for example: ")[2]
    assert "GraphSAINT" in asked
    assert not assistant.ask(asked).refused
    assert "for example" not in assistant.ask("How long should I boil an egg?").answer
