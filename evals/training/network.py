"""The small checker as a torch network, and how it is trained. Torch is needed only here: uv run --with torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file
from torch import Tensor, nn
from torch.nn import functional

from evals.training.examples import Example
from rag.checking.entailment import CLASSES, UNCLAIMED
from rag.index.transformer_graph import EPSILON

DIMENSION, _HEADS, _INNER = 384, 12, 1536
DROPOUT = 0.1
_FLAGS = 5
# Module of a layer here, and its name in the published weights.
_PARTS = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "out": "attention.output.dense",
    "out_norm": "attention.output.LayerNorm",
    "up": "intermediate.dense",
    "down": "output.dense",
    "down_norm": "output.LayerNorm",
}
_PARAMETERS = ("weight", "bias")
_SUPPORTED = CLASSES.index("supported")
_Shown = TypeVar("_Shown")


class _Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value, self.out = (nn.Linear(DIMENSION, DIMENSION) for _ in range(4))
        self.up, self.down = nn.Linear(DIMENSION, _INNER), nn.Linear(_INNER, DIMENSION)
        self.out_norm, self.down_norm = (nn.LayerNorm(DIMENSION, eps=EPSILON) for _ in range(2))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        dropout = DROPOUT if self.training else 0.0
        heads = [part(x).unflatten(-1, (_HEADS, -1)).transpose(1, 2) for part in (self.query, self.key, self.value)]
        attended = functional.scaled_dot_product_attention(*heads, attn_mask=mask, dropout_p=dropout)
        out = self.out(attended.transpose(1, 2).flatten(2))
        x = self.out_norm(x + functional.dropout(out, dropout))
        return self.down_norm(x + functional.dropout(self.down(functional.gelu(self.up(x))), dropout))


class Trunk(nn.Module):
    """The first `layers` of MiniLM, from its published weights, with a flag for each word piece, which is new."""

    def __init__(self, published: Path, layers: int, flags: int) -> None:
        super().__init__()
        tables = {name: torch.from_numpy(value) for name, value in load_file(published).items()}
        embeddings = {
            name.removeprefix("embeddings."): value for name, value in tables.items() if name.startswith("embeddings.")
        }
        self.words = nn.Embedding.from_pretrained(embeddings["word_embeddings.weight"])  # frozen: the package has them already
        self.positions = nn.Embedding.from_pretrained(embeddings["position_embeddings.weight"])
        self.segment = nn.Parameter(embeddings["token_type_embeddings.weight"][0].clone())
        self.norm = nn.LayerNorm(DIMENSION, eps=EPSILON)
        self.norm.load_state_dict({part: embeddings[f"LayerNorm.{part}"] for part in ("weight", "bias")})
        self.flag = nn.Embedding(flags, DIMENSION)
        nn.init.normal_(self.flag.weight, std=0.02)
        self.layers = nn.ModuleList(_Layer() for _ in range(layers))
        for n, layer in enumerate(self.layers):
            state = {
                f"{mine}.{p}": tables[f"encoder.layer.{n}.{name}.{p}"] for mine, name in _PARTS.items() for p in _PARAMETERS
            }
            layer.load_state_dict(state)

    def read(self, ids: Tensor, flags: Tensor, mask: Tensor) -> Tensor:
        """Return a vector of each word piece, (batch, length, DIMENSION). `mask` is 1 for a word piece, 0 for padding."""
        typed = self.words(ids) + self.positions.weight[: ids.shape[1]] + self.segment
        x = functional.dropout(self.norm(typed) + self.flag(flags), DROPOUT, self.training)
        unseen = torch.where(mask[:, None, None, :] > 0, 0.0, -1e4).to(x.dtype)
        for layer in self.layers:
            x = layer(x, unseen)
        return x

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """Return what was trained, the layers by their names in the published weights."""
        named = {}
        for name, value in self.state_dict().items():
            table, _, rest = name.partition(".")
            if table in ("words", "positions"):
                continue
            if table == "layers":
                number, part, parameter = rest.split(".")
                name = f"encoder.layer.{number}.{_PARTS[part]}.{parameter}"
            named[name] = value.detach().cpu().numpy()
        return named


class Checker(Trunk):
    """Reads a claim beside sentences. The pooling layer and the head are new."""

    def __init__(self, published: Path, layers: int) -> None:
        super().__init__(published, layers, _FLAGS)
        self.pool, self.head = nn.Linear(DIMENSION, DIMENSION), nn.Linear(DIMENSION, len(CLASSES))

    def forward(self, ids: Tensor, flags: Tensor, mask: Tensor) -> Tensor:
        """Return logits of shape (batch, 3)."""
        x = self.read(ids, flags, mask)
        of_claim = ((flags < UNCLAIMED) & (mask > 0)).float()[..., None]
        read = x[:, 0] + (x * of_claim).sum(1) / of_claim.sum(1)
        logits: Tensor = self.head(functional.dropout(torch.tanh(self.pool(read)), DROPOUT, self.training))
        return logits


def train(
    model: Checker,
    examples: Sequence[Example],
    claims: int,
    rate: float,
    rng: Random,
    progress: Callable[[int, int], None],
    batch: int = 32,
) -> None:
    """Show `model` as many claims as `claims` says. See fit() for the rate.

    The loss is the cross entropy of the classes, and the logistic loss of telling the members of a pair apart.
    """
    fit(
        model,
        lambda: _batches(examples, batch, rng),
        lambda group: _loss(model(*tensors(group)), group),
        claims,
        rate,
        progress,
    )


def fit(
    model: Trunk,
    batches: Callable[[], Iterable[Sequence[_Shown]]],
    loss: Callable[[Sequence[_Shown]], Tensor],
    shown: int,
    rate: float,
    progress: Callable[[int, int], None],
) -> None:
    """Train `model` until it was shown `shown` examples, with a learning rate that rises to `rate` and falls to nothing."""
    trained = [p for p in model.parameters() if p.requires_grad]
    matrices, vectors = [p for p in trained if p.ndim > 1], [p for p in trained if p.ndim < 2]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": 0.01}, {"params": vectors, "weight_decay": 0.0}], lr=rate
    )
    model.train()
    seen = 0
    while seen < shown:
        for group in batches():
            share = seen / shown
            if share >= 1:
                break
            for parameters in optimizer.param_groups:
                parameters["lr"] = rate * min(1.0, share / 0.04 + 0.02) * max(0.03, 1 - share)
            optimizer.zero_grad()
            loss(group).backward()
            nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()
            seen += len(group)
            progress(min(seen, shown), shown)


def _loss(logits: Tensor, group: Sequence[Example]) -> Tensor:
    labels = torch.tensor([e.label for e in group])
    loss = functional.cross_entropy(logits, labels, label_smoothing=0.02)
    odds = log_odds(logits)
    true = [i for i, e in enumerate(group) if e.pair and e.label == _SUPPORTED]
    leads = [odds[i] - odds[k] for i in true for k, e in enumerate(group) if e.pair == group[i].pair and e.label != _SUPPORTED]
    return loss + functional.softplus(-torch.stack(leads)).mean() if leads else loss


def log_odds(logits: Tensor) -> Tensor:
    """Return the log-odds of "supported", of shape (batch,)."""
    return logits[:, 0] - torch.logsumexp(logits[:, 1:], 1)


def tensors(group: Sequence[Example]) -> tuple[Tensor, Tensor, Tensor]:
    """Return ids, flags and mask of shape (batch, length of the longest)."""
    length = max(len(e.ids) for e in group)
    ids, flags, mask = (torch.zeros(len(group), length, dtype=torch.long) for _ in range(3))
    flags += UNCLAIMED
    for row, e in enumerate(group):
        ids[row, : len(e.ids)] = torch.tensor(e.ids)
        flags[row, : len(e.ids)] = torch.tensor(e.flags)
        mask[row, : len(e.ids)] = 1
    return ids, flags, mask


def _batches(examples: Sequence[Example], batch: int, rng: Random) -> Iterator[list[Example]]:
    """Yield batches in random order, of examples of like length; the members of a pair are together."""
    pairs: dict[str, list[Example]] = {}
    for n, example in enumerate(examples):
        pairs.setdefault(example.pair or f"alone {n}", []).append(example)
    groups = list(pairs.values())
    rng.shuffle(groups)
    for first in range(0, len(groups), batch * 20):
        near = sorted(groups[first : first + batch * 20], key=lambda group: max(len(e.ids) for e in group))
        made: list[list[Example]] = [[]]
        for group in near:
            if len(made[-1]) >= batch:
                made.append([])
            made[-1].extend(group)
        rng.shuffle(made)
        yield from made


def measure(model: Checker, examples: Sequence[Example]) -> tuple[float, float]:
    """Return the area under the ROC curve of "supported", and the share of pairs whose true member has the higher log-odds."""
    model.eval()
    with torch.no_grad():
        chunks = [examples[i : i + 64] for i in range(0, len(examples), 64)]
        odds = np.concatenate([log_odds(model(*tensors(chunk))).numpy() for chunk in chunks])
    model.train()
    true = np.array([e.label == _SUPPORTED for e in examples])
    leads = [
        odds[i] > odds[k]
        for i, one in enumerate(examples)
        for k, other in enumerate(examples)
        if one.pair and one.pair == other.pair and true[i] and not true[k]
    ]
    return area_under(odds, true), float(np.mean(leads)) if leads else math.nan


def area_under(odds: NDArray[np.floating], true: NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve of `odds`, both of shape (n,)."""
    ranks = np.argsort(np.argsort(odds)) + 1
    return float((ranks[true].sum() - true.sum() * (true.sum() + 1) / 2) / (true.sum() * (~true).sum()))
