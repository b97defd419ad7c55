"""The chain in LlamaIndex's terms: our gate, answers, check, chunker and embedder run inside its pipelines and engines."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from llama_index.core import VectorStoreIndex
from llama_index.core.evaluation import BatchEvalRunner
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.schema import Document, NodeWithScore, TextNode
from llama_index.core.storage.docstore import SimpleDocumentStore
from support.factories import paper
from support.loops import done

from rag.assistant import Assistant
from rag.errors import UsageError
from rag.index.chunks import bounds
from rag.llamaindex import (
    AbstractEmbedding,
    AbstractNodeParser,
    AnswerableGate,
    CheckedSynthesizer,
    GroundingEvaluator,
    documents,
    retriever,
    vector_store,
    with_llm,
)
from rag.prompting import REFUSAL

GRAPH = "How does GraphSAINT build its minibatches?"
EGG = "How long should I boil an egg so the yolk stays soft?"
LAMPS = "LanternNet dims 340 lamps by learning from footsteps."


@pytest.fixture(scope="module")
def chain(assistant: Assistant) -> RetrieverQueryEngine:
    """LlamaIndex's own store, index, retriever and engine over our collection, with our gate and answers."""
    store, embedding = vector_store(assistant)
    return RetrieverQueryEngine(
        VectorStoreIndex.from_vector_store(store, embed_model=embedding).as_retriever(similarity_top_k=8),
        node_postprocessors=[AnswerableGate(assistant)],
        response_synthesizer=CheckedSynthesizer(assistant),
    )


def test_their_chain_over_our_collection_answers_with_checked_sentences(chain: RetrieverQueryEngine) -> None:
    response = chain.query(GRAPH)
    assert response.metadata is not None
    assert not response.metadata["refused"]
    assert "samples the training graph" in str(response)
    assert {claim["verdict"] for claim in response.metadata["answer"]["claims"]} <= {"supported", "none"}
    assert response.source_nodes[0].node.metadata["title"].startswith("GraphSAINT")
    assert response.source_nodes[0].node.metadata["evidence"]


def test_their_chain_refuses_what_the_papers_do_not_answer(chain: RetrieverQueryEngine) -> None:
    for response in (chain.query(EGG), done(chain.aquery(EGG))):
        assert (str(response), response.source_nodes, response.metadata) == (REFUSAL, [], {"refused": True})


def test_their_store_finds_what_our_search_finds(assistant: Assistant) -> None:
    store, embedding = vector_store(assistant)
    found = VectorStoreIndex.from_vector_store(store, embed_model=embedding).as_retriever(similarity_top_k=3).retrieve(GRAPH)
    best = found[0].node
    [ours] = assistant.search(GRAPH, 1)
    assert best.metadata["paper_id"] == ours.paper.id
    assert isinstance(best, TextNode)
    assert best.text == f"{ours.paper.title}\n{ours.paper.abstract[best.metadata['start'] : best.metadata['end']]}"


def test_without_their_store_it_says_what_to_install(assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "llama_index.vector_stores.chroma", None)
    with pytest.raises(UsageError, match="pip install llama-index-vector-stores-chroma"):
        vector_store(assistant)


def test_the_gate_leaves_nodes_of_other_sources_alone(assistant: Assistant) -> None:
    foreign = [NodeWithScore(node=TextNode(text="Eggs boil."), score=1.0)]
    assert AnswerableGate(assistant).postprocess_nodes(foreign, query_str=EGG) == foreign
    ours = retriever(assistant, 3).retrieve(EGG)
    assert AnswerableGate(assistant).postprocess_nodes(ours, query_str=EGG) == []
    assert AnswerableGate(assistant).postprocess_nodes(ours) == ours  # nothing is asked


def test_an_answer_is_of_the_papers_of_the_nodes(assistant: Assistant) -> None:
    nodes = retriever(assistant, 4).retrieve(GRAPH)[1:]
    response = CheckedSynthesizer(assistant).synthesize(GRAPH, nodes)
    assert {scored.node.node_id for scored in response.source_nodes} <= {scored.node.node_id for scored in nodes}


@pytest.mark.parametrize(
    ("said", "score", "told"),
    [
        ("LanternNet dims 340 lamps.", 1.0, ""),
        (
            "LanternNet dims 340 lamps [1]. LanternNet dims 510 lamps [1].",
            0.5,
            "contradicted: “LanternNet dims 510 lamps [1].”",
        ),
        ("LanternNet dims 340 lamps [2].", 0.0, "miscited"),
        ("", None, ""),
    ],
)
def test_the_check_is_an_evaluator(assistant: Assistant, said: str, score: float | None, told: str) -> None:
    judge = GroundingEvaluator(assistant)
    result = judge.evaluate(response=said, contexts=[LAMPS, "Orchards freeze in spring."])
    assert (result.score, result.passing) == (score, None if score is None else score == 1.0)
    assert result.invalid_result is (score is None)
    assert told in (result.feedback or "")
    assert GroundingEvaluator(assistant, least=0.5).evaluate(response="LanternNet dims 340 lamps.", contexts=[LAMPS]).passing


def test_their_runner_evaluates_with_it(assistant: Assistant, chain: RetrieverQueryEngine) -> None:
    runner = BatchEvalRunner({"grounding": GroundingEvaluator(assistant)}, workers=2)
    results = done(runner.aevaluate_responses([GRAPH], responses=[chain.query(GRAPH)]))
    assert [result.score for result in results["grounding"]] == [1.0]


def test_a_pipeline_cuts_as_our_index_does_and_knows_what_it_has_cut(assistant: Assistant) -> None:
    papers = [hit.paper for hit in assistant.search("graph networks", 5)]
    pipeline = IngestionPipeline(transformations=[AbstractNodeParser()], docstore=SimpleDocumentStore())
    nodes = pipeline.run(documents=list(documents(papers)))
    abstracts = {one.id: one for one in papers}
    assert len(nodes) == sum(len(bounds(one.abstract)) for one in papers)
    for node in nodes:
        assert isinstance(node, TextNode)
        of = abstracts[node.metadata["paper_id"]]
        assert of.abstract[node.start_char_idx : node.end_char_idx] == node.text
        assert (node.metadata["title"], node.metadata["published"], node.ref_doc_id) == (of.title, of.published, of.id)
    assert pipeline.run(documents=list(documents(papers))) == []
    changed = Document(id_=papers[0].id, text=f"{papers[0].abstract} It hums.", metadata={"paper_id": papers[0].id})
    assert {node.ref_doc_id for node in pipeline.run(documents=[changed])} == {papers[0].id}


def test_an_embedder_of_ours_is_one_of_theirs(assistant: Assistant) -> None:
    theirs = AbstractEmbedding(assistant.embedder)
    ours = assistant.embedder.embed(["lamps", "bees"])
    assert np.allclose(theirs.get_text_embedding_batch(["lamps", "bees"]), ours)
    assert np.allclose(theirs.get_query_embedding("lamps"), ours[0])
    assert np.allclose(done(theirs.aget_query_embedding("bees")), ours[1])
    index = VectorStoreIndex.from_documents(list(documents([paper(), paper("Frost", "Orchards freeze.")])), embed_model=theirs)
    assert index.as_retriever(similarity_top_k=1).retrieve("street lamps")[0].node.metadata["title"] == "LanternNet"


def test_a_language_model_of_theirs_answers_for_us(assistant: Assistant) -> None:
    answer = with_llm(assistant, MockLLM(max_tokens=20)).ask(GRAPH)
    assert (answer.mode, answer.model) == ("model", "MockLLM")
    assert answer.answer
