"""Puts the search and the answers into LlamaIndex: a chain of its parts, and a tool for its agents.

uv run python examples/llamaindex_chain.py
"""

from llama_index.core.llms import MockLLM
from llama_index.core.postprocessor import SimilarityPostprocessor
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.tools import QueryEngineTool

from rag import Assistant, load_settings
from rag.llamaindex import query_engine, retriever

assistant = Assistant(load_settings(no_model=True))

# Our search, then LlamaIndex's postprocessor. A real chain has a language model in place of MockLLM.
chain = RetrieverQueryEngine.from_args(
    retriever(assistant, k=10),
    llm=MockLLM(),
    node_postprocessors=[SimilarityPostprocessor(similarity_cutoff=5.0)],
)
for node in chain.query("sampled subgraphs for graph networks").source_nodes:
    print(f"{node.score:.2f} {node.node.metadata['title']}")

# Our answers as a tool, for any agent of LlamaIndex. Each cited paper comes with its evidence.
papers = QueryEngineTool.from_defaults(query_engine(assistant), name="papers", description="Answers from abstracts.")
output = papers.call("How does GraphSAINT build its minibatches?")
print(f"\n{output.content}\n")
for cited in output.raw_output.source_nodes:
    print(cited.node.metadata["title"], "|", cited.node.metadata["evidence"][0]["sentence"])
