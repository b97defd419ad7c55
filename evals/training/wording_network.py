"""The reader of wordings as a torch network, and how it is trained. Torch is needed only here: uv run --with torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file
from torch import Tensor, nn
from torch.nn import functional

from evals.training.network import DIMENSION, Trunk, fit
from evals.training.wordings import UNTAGGED, Example
from rag.collection.wording import LAYERS, SLOTS, WANTS

_HEADS = ("tag", "attend", "want")
_WANTS_WEIGHT = 8.0  # of the loss of what is wanted, beside that of the slots
_BATCH = 32


class WordingReader(Trunk):
    """Reads a question. Biases, norms and the heads are trained; the rest stays as published, and so need not be stored."""

    def __init__(self, published: Path) -> None:
        super().__init__(published, LAYERS, flags=1)
        self._published = load_file(published)
        nn.init.zeros_(self.flag.weight)
        self.tag, self.want, self.attend = (
            nn.Linear(DIMENSION, len(SLOTS)),
            nn.Linear(DIMENSION, len(WANTS)),
            nn.Linear(DIMENSION, 1),
        )
        for name, parameter in self.named_parameters():
            own = name.partition(".")[0] in _HEADS or (name.startswith("layers") and (name.endswith("bias") or "norm" in name))
            parameter.requires_grad = own or name.startswith("norm.")

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits of slots (batch, length, slots) and of what is wanted (batch, wants)."""
        x = self.read(ids, torch.zeros_like(ids), mask)
        shares = torch.softmax(self.attend(x)[..., 0].masked_fill(mask == 0, -1e4), 1)
        return self.tag(x), self.want((shares[..., None] * x).sum(1))

    def trained(self) -> dict[str, NDArray[np.float16]]:
        """Return what is not as published, and the tables that the graph needs besides the layers."""
        return {
            name: table.astype(np.float16)
            for name, table in self.weights().items()
            if name != "flag.weight" and not np.array_equal(table, self._published.get(name, ()))
        }


def train(
    model: WordingReader,
    examples: Sequence[Example],
    shown: int,
    rate: float,
    rng: Random,
    progress: Callable[[int, int], None],
) -> None:
    """Show `model` as many questions as `shown` says. See network.fit for the rate."""

    def loss(group: Sequence[Example]) -> Tensor:
        ids, mask, tags, wants = tensors(group)
        of_pieces, of_wants = model(ids, mask)
        total = functional.binary_cross_entropy_with_logits(of_wants, wants) * _WANTS_WEIGHT
        if bool((tags != UNTAGGED).any()):
            total = total + functional.cross_entropy(of_pieces.flatten(0, 1), tags.flatten(), ignore_index=UNTAGGED)
        return total

    fit(model, lambda: _batches(examples, rng), loss, shown, rate, progress)


def tensors(group: Sequence[Example]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return ids, mask and tags, each (batch, length), and what is wanted (batch, wants)."""
    length = max(len(example.ids) for example in group)
    ids, mask = (np.zeros((len(group), length), np.int64) for _ in range(2))
    tags = np.full((len(group), length), UNTAGGED)
    for row, example in enumerate(group):
        size = len(example.ids)
        ids[row, :size], mask[row, :size], tags[row, :size] = example.ids, 1, example.tags
    wants = np.array([example.wants for example in group], np.float32)
    return torch.from_numpy(ids), torch.from_numpy(mask), torch.from_numpy(tags), torch.from_numpy(wants)


def _batches(examples: Sequence[Example], rng: Random) -> Iterator[list[Example]]:
    order = list(examples)
    rng.shuffle(order)
    for first in range(0, len(order), _BATCH * 10):
        near = sorted(order[first : first + _BATCH * 10], key=lambda e: len(e.ids))
        made = [near[i : i + _BATCH] for i in range(0, len(near), _BATCH)]
        rng.shuffle(made)
        yield from made


def measure(model: WordingReader, examples: Sequence[Example]) -> tuple[float, float, float]:
    """Return three shares of `examples`.

    Of those about records: where exactly what is wanted is read, and where every slot is. Of those about contents: that are
    taken for others.
    """
    model.eval()
    content = WANTS.index("content")
    exact, filled, mistaken = [], [], []
    with torch.no_grad():
        for example in examples:
            ids, mask, tags, wants = tensors([example])
            of_pieces, of_wants = model(ids, mask)
            found, wanted = of_wants[0] > 0, wants[0] > 0
            if wanted[content]:
                mistaken.append(not bool(found[content]))
            else:
                found[of_wants[0, 1:].argmax() + 1] = True
                exact.append(torch.equal(found, wanted))
                filled.append(torch.equal(of_pieces[0].argmax(-1), tags[0]))
    model.train()
    return float(np.mean(exact)), float(np.mean(filled)), float(np.mean(mistaken))
