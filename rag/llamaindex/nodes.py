"""Papers as nodes of LlamaIndex: the id is the paper's, the text its abstract, and the metadata has what is known of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from llama_index.core.schema import Document, NodeWithScore, TextNode

from rag.types import Answer, Evidence, Hit, Paper

_FOR_MODEL = ("title", "published", "authors")  # what LlamaIndex shows to a model beside the abstract


def documents(papers: Iterable[Paper]) -> Iterator[Document]:
    """Yield a document for each paper, for LlamaIndex's node parsers and pipelines; title and authors go with each node."""
    for paper in papers:
        metadata = _metadata(paper)
        hidden = _hidden(metadata)
        yield Document(
            id_=paper.id,
            text=paper.abstract,
            metadata=metadata,
            excluded_llm_metadata_keys=hidden,
            excluded_embed_metadata_keys=[name for name in metadata if name != "title"],
        )


def papers_of(nodes: Sequence[NodeWithScore]) -> list[str]:
    """Return the ids of the papers that `nodes` are or are parts of, in order, each once. Other nodes have none."""
    ids = (scored.node.metadata.get("paper_id") for scored in nodes)
    return list(dict.fromkeys(str(i) for i in ids if i))


def cited(answer: Answer) -> list[NodeWithScore]:
    """Return a node for each paper that the answer cites, in the order of their numbers."""
    if answer.refused:
        return []
    evidence = [e for claim in answer.claims for e in claim.evidence]
    cited = [source for source in answer.sources if source.cited]
    return [node(s.hit, _evidence([e for e in evidence if e.n == s.n]), "evidence", n=s.n) for s in cited]


def _evidence(of_source: Sequence[Evidence]) -> list[dict[str, Any]]:
    """Return the sentences of one abstract, best first, each once."""
    best: dict[tuple[int, int], Evidence] = {}
    for evidence in sorted(of_source, key=lambda e: -e.score):
        best.setdefault((evidence.start, evidence.end), evidence)
    return [{"start": e.start, "end": e.end, "score": e.score, "sentence": e.sentence} for e in best.values()]


def node(hit: Hit, parts: list[dict[str, Any]], kind: str, **more: Any) -> NodeWithScore:
    """Return a paper as a node. Its metadata has `parts` of the abstract, best first, under the key `kind`."""
    paper = hit.paper
    metadata = {**_metadata(paper), "score": hit.score, kind: parts, **more}
    hidden = _hidden(metadata)
    made = TextNode(
        id_=paper.id,
        text=paper.abstract,
        metadata=metadata,
        start_char_idx=parts[0]["start"] if parts else None,
        end_char_idx=parts[0]["end"] if parts else None,
        excluded_llm_metadata_keys=hidden,
        excluded_embed_metadata_keys=hidden,
    )
    return NodeWithScore(node=made, score=hit.score)


def _metadata(paper: Paper) -> dict[str, Any]:
    return {
        "title": paper.title,
        "paper_id": paper.id,
        "url": paper.url,
        "doi": paper.doi,
        "arxiv": paper.arxiv,
        "pmid": paper.pmid,
        "published": paper.published,
        "authors": list(paper.authors),
    }


def _hidden(metadata: dict[str, Any]) -> list[str]:
    return [name for name in metadata if name not in _FOR_MODEL or not metadata[name]]
