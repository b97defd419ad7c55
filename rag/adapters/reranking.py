"""A LlamaIndex node postprocessor as what orders the papers of a prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import NodeWithScore, TextNode

from rag.errors import EndpointError
from rag.interfaces import Reranker
from rag.settings import classes
from rag.types import Hit

_SETTING = "reranker"


def reranker(name: str, options: Mapping[str, Any]) -> Reranker:
    """Return what puts papers in the order of the postprocessor `name`, made with `options`. Raises UsageError.

    It is shown title and abstract of each paper with the fused score; papers that it drops are dropped, and a hit keeps the
    scores it was found with. Calling it raises EndpointError when the postprocessor fails.
    """
    theirs: BaseNodePostprocessor = classes.make(name, options, BaseNodePostprocessor, _SETTING)

    def rerank(question: str, hits: Sequence[Hit]) -> list[Hit]:
        known = {hit.paper.id: hit for hit in hits}
        try:
            ordered = theirs.postprocess_nodes([_node(hit) for hit in hits], query_str=question)
        except Exception as error:
            raise EndpointError(
                f"The LlamaIndex postprocessor {type(theirs).__name__} failed ({classes.error_text(error, options)}).",
                f"Check the options of {_SETTING}, or take {_SETTING} out of the settings.",
            ) from error
        ids = dict.fromkeys(scored.node.node_id for scored in ordered)
        return [known[paper_id] for paper_id in ids if paper_id in known]

    return rerank


def _node(hit: Hit) -> NodeWithScore:
    return NodeWithScore(node=TextNode(id_=hit.paper.id, text=f"{hit.paper.title}\n{hit.paper.abstract}"), score=hit.score)
