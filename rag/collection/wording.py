"""Reads what a question wants of the library's records, and of which papers, whatever its wording: with a small trained model.

It is the first layers of all-MiniLM-L6-v2 as installed, with biases and norms of its own and two linear heads: one tells what
is wanted, the other which words are a topic, a person, a title, an organisation, a date or a number. evals/training makes it
from written questions; docs/wording.md is its model card.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag import weights
from rag.errors import EmbedderError
from rag.index.transformer_graph import EPSILON, Graph

LAYERS = 4
MAX_PIECES = 96  # of a question; the rest is not read
# What a question may want, in the order of the model's outputs. "content" is what abstracts say, "untold" what no record here
# tells, such as citations, and "alone" says that the papers must have one author.
WANTS = (
    "content",
    "count",
    "list",
    "newest",
    "oldest",
    "by_year",
    "by_organisation",
    "by_author",
    "coauthors",
    "range",
    "authors",
    "date",
    "organisation",
    "title",
    "most_authors",
    "fewest_authors",
    "untold",
    "alone",
)
SLOTS = ("", "topic", "author", "title", "organisation", "when", "n")
_CHANGE = 1.0  # log-odds that a change of the slot from one word piece to the next costs
_NO_SLOT = SLOTS.index("")
_DATA = "wording.npz"


@dataclass(frozen=True, slots=True)
class Meant:
    """What a question wants, each with its probability from 0 to 1, and the words of the question that fill each slot."""

    wants: Mapping[str, float]
    slots: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def first(self, slot: str) -> str:
        return next(iter(self.slots.get(slot, ())), "")


def read(question: str) -> Meant:
    """Return what `question` wants. Takes 3 ms, the first time 0.5 s. Raises EmbedderError when the model cannot be opened."""
    encoded = weights.tokenizer().encode(question)
    words, positions = weights.tables()
    ids, offsets = encoded.ids[:MAX_PIECES], encoded.offsets[:MAX_PIECES]
    tags, wants = _session().run(None, {"embedded": (words[ids] + positions[: len(ids)])[None]})
    tagged = _smooth(tags.astype(np.float64))
    found = dict(zip(WANTS, (1 / (1 + np.exp(-wants.astype(np.float64)))).tolist(), strict=True))
    return Meant(found, _slots(question, offsets, tagged))


def _smooth(odds: NDArray[np.float64]) -> list[int]:
    """Return the likeliest tags of word pieces, (length, slots) of log-odds, where each change of the tag costs (Viterbi)."""
    best, back = odds[0], []
    for row in odds[1:]:
        moved = best[:, None] - _CHANGE * (1 - np.eye(len(SLOTS)))
        back.append(moved.argmax(0))
        best = moved.max(0) + row
    tags = [int(best.argmax())]
    for step in reversed(back):
        tags.append(int(step[tags[-1]]))
    return tags[::-1]


def _slots(question: str, offsets: list[tuple[int, int]], tags: list[int]) -> dict[str, tuple[str, ...]]:
    """Return the runs of word pieces with the same tag as stretches of whole words of `question`."""
    spans: list[tuple[int, int, int]] = []
    for (start, end), tag in zip(offsets, tags, strict=True):
        if end == start:  # [CLS] and [SEP]
            continue
        within = bool(spans) and start == spans[-1][2]  # a further piece of the same word, or a sign at its end
        if within and question[start].isalnum() and question[start - 1].isalnum():
            spans[-1] = (spans[-1][0], spans[-1][1], end)
        elif spans and spans[-1][0] == tag:
            spans[-1] = (tag, spans[-1][1], end)
        else:
            spans.append((tag, start, end))
    slots: dict[str, tuple[str, ...]] = {}
    for tag, start, end in spans:
        text = question[start:end].strip(" ,;:.?!\"'“”‘’()")
        if tag != _NO_SLOT and text:
            slots[SLOTS[tag]] = (*slots.get(SLOTS[tag], ()), text)
    return slots


@cache
def _session() -> Any:
    try:
        with resources.files("rag.data").joinpath(_DATA).open("rb") as file, np.load(file) as own:
            tuned = {name: own[name].astype(np.float32) for name in own.files}
        return weights.session(graph(weights.layers(LAYERS) | tuned).SerializeToString())
    except EmbedderError:
        raise
    except Exception as error:  # onnxruntime's exceptions have no common base
        raise EmbedderError("The small reader of wordings cannot be opened.", "Install the package again.") from error


def graph(tables: dict[str, Any]) -> Any:
    """Return the ONNX model: float32 `embedded` (1, length, 384) in, logits of `tags` (length, slots) and of `wants` out."""
    from onnx import TensorProto, helper

    g = Graph(tables)
    g.node("Add", ["embedded", g.weight("segment")], ["typed"])
    x = g.node("LayerNormalization", ["typed", g.weight("norm.weight"), g.weight("norm.bias")], ["normed"], epsilon=EPSILON)
    for layer in range(LAYERS):
        x = g.layer(layer, x, mask="")
    g.constant("axis0", np.array([0], np.int64))
    g.node("Squeeze", [x, "axis0"], ["pieces"])
    g.node("Gemm", ["pieces", g.weight("tag.weight"), g.weight("tag.bias")], ["tags"], transB=1)
    g.node("Gemm", ["pieces", g.weight("attend.weight"), g.weight("attend.bias")], ["noticed"], transB=1)
    g.node("Softmax", ["noticed"], ["shares"], axis=0)
    g.node("Mul", ["pieces", "shares"], ["weighed"])
    g.node("ReduceSum", ["weighed", "axis0"], ["read"], keepdims=1)
    g.node("Gemm", ["read", g.weight("want.weight"), g.weight("want.bias")], ["row"], transB=1)
    g.node("Squeeze", ["row", "axis0"], ["wants"])
    embedded = helper.make_tensor_value_info("embedded", TensorProto.FLOAT, [1, "length", 384])
    out = [
        helper.make_tensor_value_info("tags", TensorProto.FLOAT, ["length", len(SLOTS)]),
        helper.make_tensor_value_info("wants", TensorProto.FLOAT, [len(WANTS)]),
    ]
    made = helper.make_graph(g.nodes, "wording", [embedded], out, g.initializers())
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(made, opset_imports=opsets, ir_version=9)
