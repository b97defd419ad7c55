from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from made import ORCHARD, HashEmbedder, QueueModel, paper

from rag import index, ingest, lock, prompt
from rag.assistant import Assistant, Found
from rag.errors import EndpointError
from rag.library import Library
from rag.minilm import MiniLM
from rag.settings import load
from rag.types import Answer, Filters, Finish, Prompt, Turn, Usage

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
    assert all(isinstance(p, str) for p in pieces)
    assert isinstance(answer, Answer)
    assert "".join(pieces).strip() == answer.answer
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
    assert answer.answer.startswith(prompt.REFUSAL)
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
    assert "filters" in str(answer.refusal_reason)


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
    assert answer.standalone_question == "What are Pointer Networks? which geometry problems can they learn?"
    assert answer.sources[0].paper.title == "Pointer Networks"


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
    assert answer.standalone_question == "What is GraphSAINT? how well does it do?"


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
    assert claim.verdict == "unsupported"
    assert "0.895" in " ".join(claim.problems)


@pytest.mark.parametrize("said", [prompt.REFUSAL, f"{prompt.REFUSAL.rstrip('.')} [1]", "  "])
def test_a_model_that_refuses_is_recognised(said: str, ask) -> None:  # type: ignore[no-untyped-def]
    _, answer = ask(said)
    assert answer.refused
    assert answer.refusal_reason
    assert len(answer.sources) == 3
    assert answer.claims == answer.invalid_citations == ()
    assert not any(s.cited for s in answer.sources)


def test_a_refusal_of_the_model_is_never_an_empty_answer(ask) -> None:  # type: ignore[no-untyped-def]
    _, answer = ask("  ")
    assert answer.answer.strip()


def test_an_incomplete_answer_is_kept_and_checked(ask) -> None:  # type: ignore[no-untyped-def]
    _, answer = ask([f"{TOLD} And then it wa", Finish(False, "the connection broke off", Usage(5, None))])
    assert not answer.complete
    assert not answer.refused
    assert answer.answer.endswith("And then it wa")
    assert answer.refusal_reason == "the connection broke off"
    assert [c.verdict for c in answer.claims] == ["supported", "uncited"]
    assert answer.usage == Usage(5, None)


def test_only_papers_that_fit_the_models_context_are_sources(ask) -> None:  # type: ignore[no-untyped-def]
    model, answer = ask(TOLD, context_tokens=900)
    assert 1 <= len(answer.sources) < 6
    assert len(model.prompts[0].sources) == len(answer.sources)


def test_an_endpoint_that_fails_is_the_askers_to_know(starter_home: Path, embedder: MiniLM) -> None:
    class Dead(QueueModel):
        def stream(self, prompt: Prompt):  # type: ignore[no-untyped-def]
            raise EndpointError("It is down.", "Start it.")

    with pytest.raises(EndpointError, match="It is down"):
        with_model(starter_home, embedder, Dead()).ask(GRAPH)


def test_a_model_named_in_the_settings_is_used(starter_home: Path, embedder: MiniLM) -> None:
    asked = Assistant(load(home=starter_home, base_url="http://127.0.0.1:9", model="m"), embedder=embedder)
    assert (asked.model.mode, asked.model.name, asked.model.host) == ("model", "m", "127.0.0.1")


# -- an index that changes -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of one paper, embedded by words."""
    home = tmp_path_factory.mktemp("template")
    with lock.writer(home, "test"):
        library = Library(home, create=True)
        library.put("a.txt", [paper()])
        index.refresh(home, library, HashEmbedder(), silent)
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
            index.refresh(home, library, HashEmbedder(), silent)
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
    name = index.fingerprint(HashEmbedder())
    live = index.live(small_home, name)
    assert live is not None
    damaged = small_home / "index" / name / str(live.generation) / part
    shutil.rmtree(damaged) if damaged.is_dir() else damaged.unlink()
    asked = Assistant(load(home=small_home), embedder=HashEmbedder())
    assert [h.paper.title for h in asked.search("dims lamps")] == ["LanternNet"]


def test_a_library_that_was_emptied_is_not_filled_again(small_home: Path) -> None:
    assert ingest.remove(small_home, "a.txt", HashEmbedder(), silent) == 1
    answer = Assistant(load(home=small_home), embedder=HashEmbedder()).ask("Which lamps does LanternNet dim?")
    assert (answer.refused, answer.sources) == (True, ())
    assert "empty" in str(answer.refusal_reason)
    assert answer.index.papers == 0
