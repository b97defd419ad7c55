"""The small ranker as a torch network, and how it is trained. Torch is needed only here: uv run --with torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from evals.training.network import DIMENSION, DROPOUT, Trunk, area_under, fit
from evals.training.questions import Example
from rag.questions.ranker import FLAGS


class Ranker(Trunk):
    """Reads a question beside an abstract. The two heads are new: one reads sentences, one the whole."""

    def __init__(self, published: Path, layers: int) -> None:
        super().__init__(published, layers, FLAGS)
        self.pool, self.head = nn.Linear(DIMENSION, DIMENSION), nn.Linear(DIMENSION, 1)
        self.whole_pool, self.whole_head = nn.Linear(DIMENSION, DIMENSION), nn.Linear(DIMENSION, 1)

    def forward(self, ids: Tensor, flags: Tensor, mask: Tensor, means: Tensor) -> tuple[Tensor, Tensor]:
        """Return log-odds of sentences (batch, sentences) and of abstracts (batch,).

        `means` (batch, sentences, length) has the share of each word piece in the mean of a sentence.
        """
        x = self.read(ids, flags, mask)
        start = x[:, :1]
        pooled = torch.tanh(self.pool(means.to(x.dtype) @ x + start))
        sentences = self.head(functional.dropout(pooled, DROPOUT, self.training))[..., 0]
        whole = torch.tanh(self.whole_pool(start[:, 0]))
        return sentences, self.whole_head(functional.dropout(whole, DROPOUT, self.training))[..., 0]


def train(
    model: Ranker,
    examples: Sequence[Example],
    questions: int,
    rate: float,
    rng: Random,
    progress: Callable[[int, int], None],
    batch: int = 32,
) -> None:
    """Show `model` as many questions as `questions` says. See network.fit for the rate.

    The loss is the logistic loss of sentences and of abstracts, and the cross entropy of the sentences of one abstract, if any
    answers.
    """
    device = next(model.parameters()).device

    def loss(group: Sequence[Example]) -> Tensor:
        ids, flags, mask, means, labels, real = (t.to(device) for t in tensors(group))
        odds, answered = model(ids, flags, mask, means)
        each = functional.binary_cross_entropy_with_logits(odds.float(), labels, reduction="none")
        has = labels.sum(1) > 0
        whole = functional.binary_cross_entropy_with_logits(answered.float(), has.float())
        total = (each * real).sum() / real.sum() * 2 + whole
        if bool(has.any()):
            shares = functional.log_softmax(odds.float().masked_fill(real == 0, -1e4), 1)
            total = total - ((shares * labels).sum(1) / labels.sum(1).clamp(min=1))[has].mean() * 0.5
        return total

    fit(model, lambda: _batches(examples, batch, rng), loss, questions, rate, progress)


def tensors(group: Sequence[Example]) -> tuple[Tensor, ...]:
    """Return ids, flags and mask (batch, length), means (batch, sentences, length), labels and which sentences are real."""
    length = max(len(e.part.ids) for e in group)
    most = max(e.part.count for e in group)
    ids, flags, mask, owners = (np.zeros((len(group), length), np.int64) for _ in range(4))
    labels, real = (np.zeros((len(group), most), np.float32) for _ in range(2))
    owners -= 1
    for row, e in enumerate(group):
        size = len(e.part.ids)
        ids[row, :size], flags[row, :size], owners[row, :size] = e.part.ids, e.part.flags, e.part.owners
        mask[row, :size] = 1
        real[row, : e.part.count] = 1
        labels[row, list(e.answers)] = 1
    means = (owners[:, None, :] == np.arange(most)[None, :, None]).astype(np.float32)
    means /= np.maximum(means.sum(2, keepdims=True), 1)
    return tuple(torch.from_numpy(a) for a in (ids, flags, mask, means, labels, real))


def _batches(examples: Sequence[Example], batch: int, rng: Random) -> Iterator[list[Example]]:
    """Yield batches in random order, of examples of like length."""
    order = list(examples)
    rng.shuffle(order)
    for first in range(0, len(order), batch * 20):
        near = sorted(order[first : first + batch * 20], key=lambda e: len(e.part.ids))
        made = [near[i : i + batch] for i in range(0, len(near), batch)]
        rng.shuffle(made)
        yield from made


def measure(model: Ranker, examples: Sequence[Example]) -> tuple[float, float, float]:
    """Return how often the first sentence answers, the area under the ROC curve of sentences, and that of near misses.

    The last is of abstracts that answer against those that nearly do.
    """
    model.eval()
    device = next(model.parameters()).device
    first, odds, labels, whole = [], [], [], []
    with torch.no_grad():
        for i in range(0, len(examples), 64):
            chunk = examples[i : i + 64]
            ids, flags, mask, means, _, _ = (t.to(device) for t in tensors(chunk))
            found, answered = (t.float().cpu().numpy() for t in model(ids, flags, mask, means))
            for row, e in enumerate(chunk):
                of = found[row, : e.part.count]
                odds.append(of)
                labels.append([n in e.answers for n in range(e.part.count)])
                if e.answers:
                    first.append(int(np.argmax(of)) in e.answers)
                if e.kind != "other":
                    whole.append((float(answered[row]), bool(e.answers)))
    model.train()
    near = area_under(np.array([o for o, _ in whole]), np.array([a for _, a in whole]))
    return float(np.mean(first)), area_under(np.concatenate(odds), np.concatenate(labels).astype(bool)), near
