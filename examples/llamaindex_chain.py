"""Builds the chain of LlamaIndex's own parts over our collection, with our gate and our check; then a tool for agents.

uv run python examples/llamaindex_chain.py
"""

from llama_index.core import VectorStoreIndex
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.tools import QueryEngineTool

from rag import Assistant, load_settings
from rag.llamaindex import AnswerableGate, CheckedSynthesizer, GroundingEvaluator, query_engine, vector_store

assistant = Assistant(load_settings(no_model=True))

# LlamaIndex's ChromaVectorStore, index, retriever and query engine, over the collection that our answers come from.
store, embedding = vector_store(assistant)
index = VectorStoreIndex.from_vector_store(store, embed_model=embedding)
chain = RetrieverQueryEngine(
    index.as_retriever(similarity_top_k=6),
    node_postprocessors=[AnswerableGate(assistant)],
    response_synthesizer=CheckedSynthesizer(assistant),
)
for question in ("How does GraphSAINT build its minibatches?", "How long do eggs boil?"):
    response = chain.query(question)
    print(f"{question}\n{response}")
    for cited in response.source_nodes:
        print(cited.node.metadata["title"], "|", cited.node.metadata["evidence"][0]["sentence"])

# The check as an evaluator of anybody's answers.
abstract = assistant.search("GraphSAINT", 1)[0].paper.abstract
judged = GroundingEvaluator(assistant).evaluate(response="It reaches an F1 score of 0.895 on PPI.", contexts=[abstract])
print(judged.score, judged.feedback)

# All of it as a tool for any agent of LlamaIndex.
papers = QueryEngineTool.from_defaults(query_engine(assistant), name="papers", description="Answers from abstracts.")
print(papers.call("What are Pointer Networks?").content)
