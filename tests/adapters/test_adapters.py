"""LlamaIndex's models, embedders and rerankers named in settings: real LlamaIndex classes, no network."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import llamaindex_classes
from support.factories import hit, paper, sources

from rag import factory
from rag.adapters import embedding
from rag.adapters.chat_model import chat_model
from rag.adapters.embedding import embedder
from rag.adapters.reranking import reranker
from rag.assistant import Assistant
from rag.errors import EmbedderError, EndpointError, UsageError
from rag.events import Finish, Thought, Waiting
from rag.index.minilm import MiniLM
from rag.interfaces import ChatModel
from rag.settings.settings import Settings, load
from rag.types import Prompt, Usage

ASKED = Prompt("Why?", tuple(sources(paper("Lamps", "Lamps give light."))), "Answer from the sources.", "Why? [1] Lamps")
GRAPH = "How does GraphSAINT get around neighbor explosion when training GCNs on big graphs?"
SECRET = "sk-very-secret"


def model(name: str, settings: Settings | None = None, **options: Any) -> ChatModel:
    return chat_model(f"llamaindex:support.llamaindex_classes:{name}", options, settings or load())


def replies(name: str, **options: Any) -> list[object]:
    return list(model(name, **options).stream(ASKED))


# -- names and options ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("os:system", "os:system is not a LlamaIndex LLM. Name a class derived from it in model."),
        ("pathlib:Path", "pathlib:Path is not a LlamaIndex LLM."),
        ("llama_index.core:MockEmbedding", "not a LlamaIndex LLM."),
        ("llama_index.core.llms:Mock", "The module llama_index.core.llms has no class Mock. Correct model."),
        ("llama_index.core.lms:MockLLM", "There is no module llama_index.core.lms. Correct model."),
        ("llama_index.llms.nowhere_yet:It", "Install it (pip install llama-index-llms-nowhere-yet, or uv pip install"),
        ("nowhere_yet.models:It", "There is no module nowhere_yet.models. Install it (pip install nowhere-yet, or"),
        ("os", "The model os is not of the form llamaindex:module:Class."),
        ("os:path:join", "is not of the form"),
        ("os; import sys:x", "is not of the form"),
        ("llamaindex:", "is not of the form"),
    ],
)
def test_a_name_that_is_no_model_is_refused_with_the_remedy(name: str, says: str) -> None:
    with pytest.raises(UsageError) as error:
        chat_model(name, {}, load())
    assert says in str(error.value)


def test_what_is_no_class_of_the_right_kind_is_never_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "trap.py").write_text("def shut(**options): raise SystemExit\nclass Door:\n    __init__ = shut\n")
    for name in ("trap:shut", "trap:Door"):
        for kind in (lambda n: chat_model(n, {}, load()), lambda n: embedder(n, {}), lambda n: reranker(n, {})):
            with pytest.raises(UsageError, match="is not a LlamaIndex"):
                kind(name)


def test_a_module_that_lacks_another_or_breaks_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "lacking.py").write_text("import no_such_client.sync\n")
    (tmp_path / "broken.py").write_text("raise RuntimeError('no\\nGPU')\n")
    with pytest.raises(UsageError, match=r"lacking needs the module no_such_client, .* pip install no-such-client\b"):
        chat_model("lacking:It", {}, load())
    with pytest.raises(UsageError, match=r"^The module broken cannot be imported \(RuntimeError: no GPU\)\. Correct model\.$"):
        chat_model("broken:It", {}, load())


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("llama_index.core.llms:MockLLM", {"max_tokenz": 3}, "MockLLM has no option max_tokenz. Did you mean max_tokens?"),
        ("llama_index.core.llms:MockLLM", {"colour": 3}, "has no option colour. Take it out of the options of model."),
        ("llama_index.core.llms:MockLLM", {"max_tokens": "few"}, "does not take its options (max_tokens: input should be"),
        (
            "support.llamaindex_classes:NoKey",
            {"api_key": SECRET},
            "NoKey does not take its options (VendorError: no account for ***,",
        ),
        (
            "support.llamaindex_classes:NoKey",
            {"credentials": SECRET, "max_tokens": "many"},
            "(VendorError: no account for ***, many tokens)",
        ),
        (
            "support.llamaindex_classes:NoKey",
            {"credentials": {"login": [SECRET]}},
            "no account for {'login': ['***']}",
        ),
        ("support.llamaindex_classes:NoKey", {"windo": 5}, "NoKey has no option windo. Did you mean window?"),
        (
            "support.llamaindex_classes:Whole",
            {"window": SECRET},
            "does not take its options (window: input should be a valid integer",
        ),
        ("llama_index.core.llms:LLM", {}, "does not take its options"),
    ],
)
def test_wrong_options_are_named_and_secrets_are_not(name: str, options: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError) as error:
        chat_model(name, options, load())
    assert says in str(error.value)
    assert SECRET not in str(error.value)


def test_the_settings_name_is_that_of_what_is_wrong() -> None:
    with pytest.raises(UsageError, match=r"MockEmbedding does not take its options .*embed_dim.* options of embed_model"):
        embedder("llama_index.core:MockEmbedding", {})
    with pytest.raises(UsageError, match=r"ByWord does not take its options .word: field required.* options of reranker"):
        reranker("support.llamaindex_classes:ByWord", {})


# -- models --------------------------------------------------------------------------------------------------------------


def test_a_reply_streams_piece_by_piece_from_two_messages() -> None:
    assert replies("Streams", says="Lamps give light [1].") == ["Lamps", " give", " light", " [1].", Finish()]
    system, user = llamaindex_classes.SEEN[-1]
    assert (system.role, system.content) == ("system", ASKED.system)
    assert (user.role, user.content) == ("user", ASKED.user)


def test_a_class_that_does_not_stream_replies_whole() -> None:
    assert replies("Whole") == ["Said at once.", Finish()]


def test_a_class_that_gives_the_text_so_far_streams_what_is_new() -> None:
    assert replies("Streams", says="one two one", cumulative=True) == ["one", " two", " one", Finish()]


def test_llamaindex_own_mock_is_a_model() -> None:
    mock = chat_model("llama_index.core.llms:MockLLM", {"max_tokens": 3}, load())
    *pieces, finish = mock.stream(ASKED)
    assert "".join(map(str, pieces)) == "text text text"
    assert finish == Finish()
    assert (mock.mode, mock.name, mock.host) == ("model", "MockLLM", None)


def test_thoughts_are_no_part_of_the_answer() -> None:
    assert replies("Thinks", says="Yes.") == [Thought("Hm."), "Yes.", Finish()]


@pytest.mark.parametrize(
    "raw",
    [
        {"choices": [{"finish_reason": "length"}], "usage": {"prompt_tokens": 40, "completion_tokens": 2}},  # OpenAI
        {"done_reason": "length", "prompt_eval_count": 40, "eval_count": 2},  # Ollama
        {"stop_reason": "max_tokens", "usage": {"input_tokens": 40, "output_tokens": 2}},  # Anthropic
    ],
)
def test_a_reply_cut_by_its_length_is_incomplete_and_tokens_are_told(raw: dict[str, Any]) -> None:
    assert replies("Streams", raw=raw)[-1] == Finish(False, "the reply reached its length limit", Usage(40, 2))


def test_a_reply_that_ended_by_itself_is_complete() -> None:
    assert replies("Streams", raw={"choices": [{"finish_reason": "stop"}]})[-1] == Finish()


def test_an_error_of_any_class_before_the_text_is_one_sentence_without_the_key() -> None:
    with pytest.raises(EndpointError) as error:
        replies("Streams", fails_after=0, api_key=SECRET)
    assert error.value.message == (
        "The LlamaIndex model whole-1 failed (VendorError: the line to the server with key *** is down)."
    )
    assert "--no-model" in error.value.fix


def test_an_error_after_the_first_text_breaks_the_reply_off() -> None:
    assert replies("Streams", fails_after=1) == ["Said", Finish(False, "the reply broke off (VendorError)")]


def test_who_waits_is_told_each_second() -> None:
    waiting, *rest = replies("Slow", says="Yes.", before=1.5)
    assert isinstance(waiting, Waiting)
    assert 1 <= waiting.seconds < 1.5
    assert rest == ["Yes.", Finish()]


def test_a_model_that_takes_too_long_is_an_error_and_one_that_stalls_breaks_off() -> None:
    impatient = load(timeout_s=0.2, stall_s=0.1)
    with pytest.raises(EndpointError, match=r"No answer in time from the LlamaIndex model whole-1\. .* RAG_TIMEOUT_S"):
        list(model("Slow", impatient, before=0.6).stream(ASKED))
    said = list(model("Slow", impatient, says="Yes it is.", between=0.6).stream(ASKED))
    assert said == ["Yes", Finish(False, "the reply broke off (nothing came for 0.1 seconds)")]


def test_a_stream_that_nobody_hears_any_more_ends_at_its_next_reply() -> None:
    stream = model("Slow", says="One two three.", between=0.1).stream(ASKED)
    assert next(stream) == "One"
    stream.close()  # type: ignore[attr-defined]
    time.sleep(0.6)
    assert "One two three." not in llamaindex_classes.STREAMED


def test_an_empty_reply_is_an_error() -> None:
    with pytest.raises(EndpointError, match="The LlamaIndex model whole-1 gave an empty reply"):
        replies("Silent")


def test_a_dead_server_is_told_whenever_it_is_first_asked_and_its_name_needs_no_server() -> None:
    asks = model("AsksItsServer")
    assert asks.name == "whole-1"
    for asked in (lambda: asks.context_tokens, lambda: list(asks.stream(ASKED))):
        with pytest.raises(EndpointError, match="VendorError: connection refused"):
            asked()


@pytest.mark.parametrize(
    ("window", "setting", "answer", "left"),
    [
        (4000, None, 700, 3300),
        (4000, 8000, 700, 7300),  # the settings know better than a class's default
        (-1, None, 700, 8192 - 700),  # what a class says that does not know
        (1000, None, 700, 750),  # a small window: a quarter is the answer's
        (4000, None, 50, 3900),  # the class writes up to 100
    ],
)
def test_the_window_is_the_classes_or_the_settings_less_the_answer(
    window: int, setting: int | None, answer: int, left: int
) -> None:
    settings = load(context_window=setting, max_answer_tokens=answer)
    assert model("Streams", settings, window=window).context_tokens == left


def test_the_assistant_answers_with_a_llamaindex_model_and_checks_it(starter_home: Path, embedder: MiniLM) -> None:
    said = "GraphSAINT builds a complete GCN on the resulting subgraph at each iteration [1]."
    assistant = Assistant(load(home=starter_home), embedder=embedder, model=model("Streams", says=said, window=8000))
    answer = assistant.ask(GRAPH)
    assert (answer.mode, answer.model, answer.complete, answer.answer) == ("model", "whole-1", True, said)
    assert [claim.verdict for claim in answer.claims] == ["supported"]
    assert answer.sources[0].paper.title in str(llamaindex_classes.SEEN[-1][1].content)


# -- embedders -----------------------------------------------------------------------------------------------------------


def test_llamaindex_own_mock_is_an_embedder() -> None:
    mock = embedder("llamaindex:llama_index.core:MockEmbedding", {"embed_dim": 4})
    assert mock.dimension == 4
    assert mock.embed(["a", "b"]).tolist() == [[0.5] * 4] * 2
    assert mock.embed([]).shape == (0, 4)
    assert mock.embed(["a"]).dtype == np.float32


def test_vectors_have_length_one_and_find_what_the_bundled_embedder_finds(model_home: Path, embedder: MiniLM) -> None:
    texts = ["graphs", "lamps give light", "how to boil an egg"]
    ours = embedding.embedder("support.llamaindex_classes:Embedding", {"home": str(model_home)})
    np.testing.assert_allclose(ours.embed(texts), embedder.embed(texts), atol=1e-5)


def test_a_name_tells_models_apart_but_neither_keys_nor_addresses(model_home: Path) -> None:
    def name(**options: Any) -> str:
        return embedder("support.llamaindex_classes:Embedding", {"home": str(model_home), **options}).name

    assert "support.llamaindex_classes.Embedding-unknown" in name()
    assert name(model_name="e5").startswith("support.llamaindex_classes.Embedding-e5")
    assert len({name(), name(model_name="e5"), name(prefix="query: ")}) == 3
    assert name(api_key=SECRET) == name(embed_batch_size=3) == name()


def test_embedders_with_different_tokenizers_have_different_names(model_home: Path) -> None:
    """Their vectors differ, and vectors of one name share an index."""

    def name(**options: Any) -> str:
        return embedder("support.llamaindex_classes:Embedding", {"home": str(model_home), **options}).name

    assert len({name(), name(tokenizer_name="bert-base-cased"), name(tokenizer_name="bert-base-uncased")}) == 3


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([], r"failed \(VendorError: no such model\)\. Check its server and the options of embed_model"),
        ([[0.0, 0.0]], "gave vectors that point nowhere"),
        ([[1.0, float("nan")]], "gave vectors that point nowhere"),
        ([[]], "gave vectors of different lengths"),
        ([[1.0, 0.0], [1.0, 0.0, 0.0]], "gave vectors of 3 numbers after vectors of 2"),
    ],
)
def test_vectors_that_cannot_be_are_an_error(rows: list[list[float]], says: str) -> None:
    with pytest.raises(EmbedderError, match=says):
        embedder("support.llamaindex_classes:Vectors", {"rows": rows}).embed(["text"])


def test_the_assistant_finds_with_a_llamaindex_embedder(tmp_path: Path, model_home: Path) -> None:
    from rag.ingestion import ingest

    listed = tmp_path / "papers.jsonl"
    listed.write_text(
        '{"title": "Lamps", "abstract": "Lamps give light to a room at night."}\n'
        '{"title": "Orchards", "abstract": "Apple trees bear fruit in the autumn."}\n'
    )
    theirs_embedder = embedder("support.llamaindex_classes:Embedding", {"home": str(model_home)})
    home = tmp_path / "library"
    ingest(home, [str(listed)], theirs_embedder, lambda *_: None)
    assistant = Assistant(load(home=home), embedder=theirs_embedder)
    assert [hit.paper.title for hit in assistant.search("illumination after dark")] == ["Lamps", "Orchards"]


# -- rerankers -----------------------------------------------------------------------------------------------------------

HITS = [hit(paper(str(n), text), score) for n, text, score in [(1, "a", 9.0), (2, "b", 7.0), (3, "c b", 5.0)]]


def ids(hits: Any) -> list[str]:
    return [found.paper.id for found in hits]


def test_papers_come_back_in_the_new_order_with_the_scores_they_were_found_with() -> None:
    ordered = reranker("support.llamaindex_classes:ByWord", {"word": "b"})("why?", HITS)
    assert ordered == [HITS[1], HITS[2], HITS[0]]


def test_papers_that_a_postprocessor_drops_are_dropped() -> None:
    cut = reranker("llamaindex:llama_index.core.postprocessor:SimilarityPostprocessor", {"similarity_cutoff": 6})
    assert ids(cut("why?", HITS)) == ["1", "2"]


def test_a_postprocessor_of_llamaindex_reorders() -> None:
    around = reranker("llama_index.core.postprocessor:LongContextReorder", {})
    assert sorted(ids(around("why?", HITS))) == ["1", "2", "3"]
    assert ids(around("why?", HITS)) != ["1", "2", "3"]


def test_a_postprocessor_that_fails_is_told_with_the_remedy() -> None:
    with pytest.raises(EndpointError, match=r"ByWord failed \(VendorError: no ranking today\)\. Check the options of reranker"):
        reranker("support.llamaindex_classes:ByWord", {"word": "b"})("fail", HITS)


def test_the_reader_gets_the_papers_a_reranker_chose_and_no_more_than_before(assistant: Assistant) -> None:
    plain = assistant.ask(GRAPH)
    further = assistant.search(GRAPH, 12)[-1]
    chosen = reranked(assistant, word=further.paper.title).ask(GRAPH)
    assert ids(chosen.sources) == ids([further, *plain.sources[:-1]])
    assert [s.n for s in chosen.sources] == [s.n for s in plain.sources]
    assert chosen.sources[0].hit.score == pytest.approx(further.score)


def test_what_the_gate_refuses_is_not_reranked(assistant: Assistant) -> None:
    egg = "How long should I boil an egg so the yolk stays soft? Or else it will fail."
    answer = reranked(assistant, word="b").ask(egg)
    assert answer.refused
    assert ids(answer.sources) == ids(assistant.ask(egg).sources)


def test_a_reranker_that_leaves_nothing_is_a_refusal_that_says_so(assistant: Assistant) -> None:
    answer = reranked(assistant, word="no abstract says this", strict=True).ask(GRAPH)
    assert (answer.refused, answer.refusal_reason) == (True, "The reranker left none of the papers found.")
    assert answer.sources == ()


def test_a_search_keeps_the_order_of_its_scores(assistant: Assistant) -> None:
    assert ids(reranked(assistant, word="attention").search(GRAPH)) == ids(assistant.search(GRAPH))


def reranked(assistant: Assistant, **options: Any) -> Assistant:
    settings = load(home=assistant.library.path.parent, no_model=True)
    return Assistant(settings, embedder=assistant.embedder, reranker=reranker("support.llamaindex_classes:ByWord", options))


# -- from the settings ---------------------------------------------------------------------------------------------------

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "programs" / "llamaindex.md").read_text("utf-8")


def test_classes_named_in_the_toml_of_rag_home_answer(own_home: Path, embedder: MiniLM) -> None:
    (own_home / "rag.toml").write_text(
        'model = "llamaindex:support.llamaindex_classes:Streams"\n'
        'reranker = "llamaindex:support.llamaindex_classes:ByWord"\n'
        '[model_options]\nsays = "GraphSAINT builds a complete GCN on each subgraph [1]."\nmodel = "mine"\n'
        '[reranker_options]\nword = "GraphSAINT"\nstrict = true\n'
    )
    answer = Assistant(load(), embedder=embedder).ask(GRAPH)
    assert (answer.model, answer.mode, answer.base_url_host) == ("mine", "model", None)
    assert all("GraphSAINT" in f"{s.paper.title}{s.paper.abstract}" for s in answer.sources)


def test_without_a_model_none_is_made(own_home: Path, embedder: MiniLM, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_MODEL", "llamaindex:support.llamaindex_classes:NoKey")
    assert Assistant(load(no_model=True), embedder=embedder).ask(GRAPH).mode == "extractive"
    with pytest.raises(UsageError, match="NoKey does not take its options"):
        Assistant(load(), embedder=embedder)


def test_the_settings_of_the_docs_are_read_as_classes_with_their_options(tmp_path: Path) -> None:
    block = re.search(r"^```toml\n(model = \"llamaindex:.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert block is not None
    home = tmp_path / "home"
    home.mkdir()
    (home / "rag.toml").write_text(block[1])
    settings = load()
    assert settings.model_class == "llama_index.llms.ollama:Ollama"
    assert settings.embed_class == "llama_index.embeddings.ollama:OllamaEmbedding"
    assert settings.model_options == {"model": "qwen3:8b", "context_window": 16384}
    assert factory.reranker(settings) is not None
    with pytest.raises(UsageError, match="pip install llama-index-llms-ollama"):
        factory.model(settings)


def test_thoughts_that_stand_in_tags_are_no_answer() -> None:
    *told, finish = (item for item in replies("ThinksInTags") if not isinstance(item, Waiting))
    assert "".join(item.text for item in told if isinstance(item, Thought)) == "A lamp? [2]"
    assert "".join(item for item in told if isinstance(item, str)) == "Lamps give light [1]."
    assert finish == Finish(True, None, Usage())
