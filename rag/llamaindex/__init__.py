"""The chain in LlamaIndex's terms: what it can be put together from, beside LlamaIndex's own parts.

retriever(assistant, k=10)       for RetrieverQueryEngine, RetrieverEvaluator, fusion of retrievers, ...
query_engine(assistant)          for QueryEngineTool and so agents, routers, evaluators of answers, ...
AnswerableGate(assistant)        a node postprocessor: no nodes where their papers do not answer
CheckedSynthesizer(assistant)    a response synthesizer: answers whose sentences are checked
GroundingEvaluator(assistant)    an evaluator: the share of statements that the contexts support, without a model
AbstractNodeParser()             a node parser, for an IngestionPipeline
documents(papers)                documents for it, with all that is known of a paper in the metadata
AbstractEmbedding(embedder)      the bundled embedder
vector_store(assistant)          LlamaIndex's ChromaVectorStore over the library's own collection, and the embedder for it
with_llm(assistant, llm)         the assistant with a language model of LlamaIndex

A node of the retriever is a paper. Its id is the paper's id, its text is the abstract, and
text[node.start_char_idx:node.end_char_idx] is the best passage or evidence. For LlamaIndex's models, embedders and rerankers
in our answers, see rag.adapters.
"""

from rag.llamaindex.engine import AbstractQueryEngine, AbstractRetriever, query_engine, retriever
from rag.llamaindex.nodes import documents
from rag.llamaindex.parts import (
    AbstractEmbedding,
    AbstractNodeParser,
    AnswerableGate,
    CheckedSynthesizer,
    GroundingEvaluator,
    with_llm,
)
from rag.llamaindex.store import vector_store

__all__ = [
    "AbstractEmbedding",
    "AbstractNodeParser",
    "AbstractQueryEngine",
    "AbstractRetriever",
    "AnswerableGate",
    "CheckedSynthesizer",
    "GroundingEvaluator",
    "documents",
    "query_engine",
    "retriever",
    "vector_store",
    "with_llm",
]
