"""Our search and answers inside LlamaIndex: its agents, query engines and evaluators run for real, without a network."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from llama_index.core import MockEmbedding, VectorStoreIndex
from llama_index.core.agent.workflow import FunctionAgent, ReActAgent, ToolCallResult
from llama_index.core.base.llms.types import CompletionResponse, CompletionResponseGen, LLMMetadata, ToolCallBlock
from llama_index.core.evaluation import FaithfulnessEvaluator, RetrieverEvaluator
from llama_index.core.llms import ChatMessage, CustomLLM, MockLLM
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.schema import MetadataMode, NodeWithScore, TextNode
from llama_index.core.tools import QueryEngineTool
from pydantic import Field
from support.loops import done

from rag.assistant import Assistant
from rag.errors import UsageError
from rag.llamaindex import query_engine, retriever
from rag.output import render
from rag.types import Filters

GRAPH = "How does GraphSAINT get around neighbor explosion when training GCNs on big graphs?"
EGG = "How long should I boil an egg so the yolk stays soft?"
CASES = Path(__file__).resolve().parents[1] / "evals" / "cases" / "starter.jsonl"
PAGE = (Path(__file__).resolve().parents[1] / "docs" / "programs" / "llamaindex.md").read_text("utf-8")


def text_node(scored: NodeWithScore) -> TextNode:
    assert isinstance(scored.node, TextNode)
    return scored.node


# -- the retriever -------------------------------------------------------------------------------------------------------


def test_a_node_is_a_paper_with_its_abstract_and_the_best_passage(assistant: Assistant) -> None:
    nodes = retriever(assistant, 4).retrieve(GRAPH)
    hits = assistant.search(GRAPH, 4)
    assert [scored.node.node_id for scored in nodes] == [hit.paper.id for hit in hits]
    for scored, hit in zip(nodes, hits, strict=True):
        node, paper = text_node(scored), hit.paper
        assert scored.score == hit.score == node.metadata["score"]
        assert node.text == paper.abstract
        told = [node.metadata[name] for name in ("title", "paper_id", "url", "published", "authors")]
        assert told == [paper.title, paper.id, paper.url, paper.published, list(paper.authors)]
        assert (node.start_char_idx, node.end_char_idx) == (hit.passages[0].start, hit.passages[0].end)
        assert [(p["start"], p["end"], p["score"]) for p in node.metadata["passages"]] == [
            (p.start, p.end, p.score) for p in hit.passages
        ]


def test_a_model_is_shown_title_and_abstract_and_no_scores(assistant: Assistant) -> None:
    node = retriever(assistant, 1).retrieve(GRAPH)[0].node
    shown = node.get_content(metadata_mode=MetadataMode.LLM)
    assert node.metadata["title"] in shown
    assert not re.search(r"score|passages|paper_id|None", shown.replace(node.get_content(), ""))


def test_filters_and_the_number_of_papers_hold(assistant: Assistant) -> None:
    found = retriever(assistant, 3, Filters(title="graph")).retrieve(GRAPH)
    assert len(found) == 3
    assert all("graph" in scored.node.metadata["title"].lower() for scored in found)
    assert len(retriever(assistant).retrieve(GRAPH)) == assistant.k


def test_a_node_survives_llamaindex_own_serialisation_and_index(assistant: Assistant) -> None:
    nodes = [text_node(scored) for scored in retriever(assistant, 3).retrieve(GRAPH)]
    assert [TextNode.from_json(node.to_json()) for node in nodes] == nodes
    index = VectorStoreIndex(nodes, embed_model=MockEmbedding(embed_dim=3))
    again = text_node(index.as_retriever(similarity_top_k=1).retrieve("any")[0])
    assert again.metadata["passages"]


def id_of(assistant: Assistant, title: str) -> str:
    return next(hit.paper.id for hit in assistant.search(title) if hit.paper.title == title)


def test_llamaindex_measures_our_retriever(assistant: Assistant) -> None:
    """Hit rate and reciprocal rank by LlamaIndex's own evaluator, on questions of the bundled cases."""
    cases = [json.loads(line) for line in CASES.read_text("utf-8").splitlines()]
    asked = [case for case in cases if case["kind"] == "single"][:10]
    evaluator = RetrieverEvaluator.from_metric_names(["hit_rate", "mrr"], retriever=retriever(assistant, 5))
    results = [evaluator.evaluate(case["question"], [id_of(assistant, gold) for gold in case["gold"]]) for case in asked]
    means = {name: sum(r.metric_vals_dict[name] for r in results) / len(results) for name in ("hit_rate", "mrr")}
    assert means["hit_rate"] == 1.0
    assert means["mrr"] >= 0.9


def test_a_query_engine_of_llamaindex_reads_what_our_retriever_finds(assistant: Assistant) -> None:
    engine = RetrieverQueryEngine.from_args(retriever(assistant, 2), llm=MockLLM())
    response = engine.query(GRAPH)
    assert len(response.source_nodes) == 2
    for scored in response.source_nodes:
        assert scored.node.get_content() in str(response), "the mock repeats its prompt, in which the abstracts stand"


# -- the query engine ----------------------------------------------------------------------------------------------------


def test_a_response_cites_papers_with_the_sentences_that_support_it(assistant: Assistant) -> None:
    response = query_engine(assistant).query(GRAPH)
    contract = response.metadata["answer"]  # type: ignore[index]
    assert str(response) == contract["answer"]
    assert {**contract, "id": 0, "timings": 0} == {**render.to_dict(assistant.ask(GRAPH)), "id": 0, "timings": 0}
    json.dumps(response.metadata)
    assert response.metadata["refused"] is False  # type: ignore[index]
    cited = [(s["n"], s["paper_id"], s["title"]) for s in contract["sources"] if s["cited"]]
    nodes = [text_node(scored) for scored in response.source_nodes]
    assert [(n.metadata["n"], n.node_id, n.metadata["title"]) for n in nodes] == cited
    for node in nodes:
        best, *_ = evidence = node.metadata["evidence"]
        assert (node.start_char_idx, node.end_char_idx) == (best["start"], best["end"])
        assert best["score"] == max(e["score"] for e in evidence)
        assert all(node.text[e["start"] : e["end"]] == e["sentence"] for e in evidence)


def test_a_refusal_cites_nothing(assistant: Assistant) -> None:
    response = query_engine(assistant).query(EGG)
    assert response.metadata["refused"] is True  # type: ignore[index]
    assert response.source_nodes == []
    assert str(response) == response.metadata["answer"]["answer"] != ""  # type: ignore[index]


def test_an_answer_about_the_collection_cites_the_papers_it_names(assistant: Assistant) -> None:
    response = query_engine(assistant).query("Which papers have GraphSAINT in the title?")
    assert "GraphSAINT" in str(response)
    assert response.source_nodes
    assert text_node(response.source_nodes[0]).metadata["evidence"] == []


def test_the_text_of_a_response_may_have_titles_and_findings(assistant: Assistant) -> None:
    response = query_engine(assistant, 4, form=render.text).query(GRAPH)
    assert "Sources:\n[1] GraphSAINT" in str(response)
    assert len(response.metadata["answer"]["sources"]) == 4  # type: ignore[index]


def test_our_errors_reach_whoever_asks(assistant: Assistant) -> None:
    with pytest.raises(UsageError):
        query_engine(assistant, filters=Filters(since="2030", until="2020")).query(GRAPH)


def test_asking_and_searching_do_not_hold_up_the_loop(assistant: Assistant) -> None:
    """While both run, another task of the loop goes on; and they give what they give one after the other."""

    async def ticks() -> list[float]:
        times = []
        while True:
            times.append(time.perf_counter())
            try:
                await asyncio.sleep(0.001)
            except asyncio.CancelledError:
                return times

    async def both() -> tuple[Any, Any, list[float]]:
        ticking = asyncio.create_task(ticks())
        response, nodes = await asyncio.gather(query_engine(assistant).aquery(GRAPH), retriever(assistant, 3).aretrieve(GRAPH))
        ticking.cancel()
        return response, nodes, await ticking

    response, nodes, times = done(both())
    assert str(response) == str(query_engine(assistant).query(GRAPH))
    assert [n.node.node_id for n in nodes] == [n.node.node_id for n in retriever(assistant, 3).retrieve(GRAPH)]
    assert len(times) > 3


# -- agents and evaluators -----------------------------------------------------------------------------------------------


class Scripted(CustomLLM):
    """Says its lines one after the other and keeps what it was asked."""

    lines: list[str]
    asked: list[str] = Field(default_factory=list)

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(context_window=16000)

    def complete(self, prompt: str, formatted: bool = False, **more: Any) -> CompletionResponse:
        self.asked.append(prompt)
        return CompletionResponse(text=self.lines.pop(0))

    def stream_complete(self, prompt: str, formatted: bool = False, **more: Any) -> CompletionResponseGen:
        said = self.complete(prompt).text
        yield CompletionResponse(text=said, delta=said)


def tool(assistant: Assistant) -> QueryEngineTool:
    return QueryEngineTool.from_defaults(query_engine(assistant), name="papers", description="Answers from paper abstracts.")


async def run(agent: ReActAgent | FunctionAgent, asked: str) -> tuple[str, list[ToolCallResult]]:
    handler = agent.run(asked)
    results = [event async for event in handler.stream_events() if isinstance(event, ToolCallResult)]
    return str(await handler), results


def test_a_react_agent_asks_us_and_reads_our_answer(assistant: Assistant) -> None:
    llm = Scripted(
        lines=[
            f"Thought: I need the papers.\nAction: papers\nAction Input: {json.dumps({'input': GRAPH})}",
            "Thought: I can answer without using any more tools.\nAnswer: By sampling subgraphs.",
        ]
    )
    said, results = done(run(ReActAgent(tools=[tool(assistant)], llm=llm), "What about GraphSAINT?"))
    ours = assistant.ask(GRAPH)
    assert said == "By sampling subgraphs."
    assert [r.tool_output.content for r in results] == [ours.answer]
    assert results[0].tool_output.raw_output.source_nodes[0].node.node_id == ours.sources[0].paper.id
    assert ours.answer in llm.asked[-1]


def test_a_function_agent_calls_us_as_a_tool(assistant: Assistant) -> None:
    def reply(messages: Sequence[ChatMessage], **more: Any) -> ChatMessage:
        if messages[-1].role == "tool":
            return ChatMessage(role="assistant", content=f"They say: {messages[-1].content}")
        call = ToolCallBlock(tool_call_id="1", tool_name="papers", tool_kwargs={"input": EGG})
        return ChatMessage(role="assistant", blocks=[call])

    agent = FunctionAgent(tools=[tool(assistant)], llm=MockFunctionCallingLLM(response_generator=reply))
    said, results = done(run(agent, "Eggs?"))
    assert results[0].tool_output.raw_output.metadata["refused"] is True
    assert said == f"They say: {assistant.ask(EGG).answer}"


def test_llamaindex_judges_our_answer_by_the_abstracts_it_cites(assistant: Assistant) -> None:
    judge = Scripted(lines=["YES", "NO"])
    response = query_engine(assistant).query(GRAPH)
    evaluator = FaithfulnessEvaluator(llm=judge)
    assert [evaluator.evaluate_response(response=response).passing for _ in range(2)] == [True, False]
    assert str(response)[:60] in judge.asked[0]
    assert response.source_nodes[0].node.get_content() in judge.asked[0]


# -- docs ----------------------------------------------------------------------------------------------------------------


def test_the_example_of_the_docs_runs(
    starter_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RAG_HOME", str(starter_home))
    names: dict[str, Any] = {}
    exec(example("from llama_index"), names)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("1 | GraphSAINT: Graph Sampling Based Inductive Learning Method | ")
    assert len(printed) == len(names["response"].source_nodes)
    assert len(names["nodes"]) == 10


def example(first: str) -> str:
    """Return the block of the page on LlamaIndex that begins with `first`."""
    block = re.search(rf"^```python\n({re.escape(first)}.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert block is not None
    return block[1]
