"""python -m evals.training checker|ranker|wording: trains a small model of the package, and writes it to a file.

The checker (rag.checking.entailment) learns from evals/training/claims, first from mutated sentences of the abstracts there,
which teach it to compare, then from the written claims, which teach it what they mean. The ranker (rag.questions.ranker)
learns from evals/training/questions. Both are ONNX graphs. The reader of wordings (rag.collection.wording) learns from
evals/training/wordings; its file has only what differs from the published weights. One paper or question in ten is kept back
to measure them. Needs torch:

    uv run --with torch python -m evals.training ranker --out ranker.onnx.gz

Two processors take about two hours for the checker, five for the ranker and six minutes for the reader of wordings; a graphics
card takes minutes. docs/checker.md, docs/ranker.md and docs/wording.md have what came out, and how the weights were made.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from random import Random

import numpy as np

from evals.training import examples, export, questions, wordings
from rag import weights
from rag.errors import UsageError
from rag.index.minilm import MiniLM
from rag.settings.settings import load
from rag.terminal import fail_in_one_sentence, progress_bars

_LAYERS = 4
_MUTATED, _WRITTEN, _QUESTIONS = 10_000, 110_000, 240_000  # how many are shown, again and again
_MUTATED_RATE, _WRITTEN_RATE, _QUESTIONS_RATE = 1e-4, 8e-5, 1.5e-4
_QUESTIONS_AT_ONCE = 64
_WORDINGS, _WORDINGS_RATE = 60_000, 4e-3


@fail_in_one_sentence
def main(argv: Sequence[str] | None = None) -> int:
    """Train, report and write the model; return 0."""
    parser = argparse.ArgumentParser(prog="python -m evals.training", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("model", choices=tuple(_MODELS))
    parser.add_argument("files", nargs="*", type=Path, help="what to learn from, instead of what ships")
    parser.add_argument("--shown", type=int, help="how many claims or questions to show it")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the file to write")
    args = parser.parse_args(argv)
    try:
        import torch
    except ImportError as error:
        raise UsageError(
            "Training needs torch, which is not installed.", "Run: uv run --with torch python -m evals.training"
        ) from error
    torch.manual_seed(args.seed)
    print(f"{_MODELS[args.model](args)} Written to {args.out}.")
    return 0


def _checker(args: argparse.Namespace) -> str:
    from evals.training import network

    rng = Random(args.seed)  # noqa: S311 - a fixed seed gives the same order every time
    files = args.files or sorted(examples.WRITTEN.glob("*.jsonl"))
    with progress_bars() as progress:
        made = examples.load(files, MiniLM(load().home), rng, partial(progress, "reading"))
        model = network.Checker(weights.folder() / weights.WEIGHTS, _LAYERS)
        network.train(model, made.mutated, _MUTATED, _MUTATED_RATE, rng, partial(progress, "learning to compare"))
        network.train(model, made.written, args.shown or _WRITTEN, _WRITTEN_RATE, rng, partial(progress, "learning meaning"))
    area, leads = network.measure(model, made.kept_back)
    export.export(export.checker(model.weights(), _LAYERS), args.out)
    return (
        f"{len(made.written)} written claims and {len(made.mutated)} mutated sentences. {len(made.kept_back)} claims of the "
        f"papers kept back: AUC {area:.3f}, the true one of a pair ahead in {leads:.3f}."
    )


def _ranker(args: argparse.Namespace) -> str:
    from evals.training import ranker_network

    rng = Random(args.seed)  # noqa: S311 - a fixed seed gives the same order every time
    files = args.files or sorted(questions.WRITTEN.glob("*.jsonl"))
    with progress_bars() as progress:
        learned, kept_back = questions.load(files, MiniLM(load().home), rng, partial(progress, "reading"))
        model = ranker_network.Ranker(weights.folder() / weights.WEIGHTS, _LAYERS)
        shown, at_once = args.shown or _QUESTIONS, _QUESTIONS_AT_ONCE
        ranker_network.train(model, learned, shown, _QUESTIONS_RATE, rng, partial(progress, "learning to answer"), at_once)
    first, area, near = ranker_network.measure(model, kept_back)
    export.export(export.ranker(model.weights(), _LAYERS), args.out)
    return (
        f"{len(learned)} questions beside abstracts. {len(kept_back)} of the papers kept back: the first sentence answers in "
        f"{first:.3f}, AUC of sentences {area:.3f}, of abstracts that answer against near misses {near:.3f}."
    )


def _wording(args: argparse.Namespace) -> str:
    from evals.training import wording_network

    rng = Random(args.seed)  # noqa: S311 - a fixed seed gives the same order every time
    learned, kept_back = wordings.load(args.files or sorted(wordings.WRITTEN.glob("*.jsonl")), rng)
    model = wording_network.WordingReader(weights.folder() / weights.WEIGHTS)
    with progress_bars() as progress:
        shown = args.shown or _WORDINGS
        wording_network.train(model, learned, shown, _WORDINGS_RATE, rng, partial(progress, "learning wordings"))
    np.savez_compressed(args.out, allow_pickle=False, **model.trained())
    exact, filled, mistaken = wording_network.measure(model, kept_back)
    return (
        f"{len(learned)} questions. {len(kept_back)} kept back: what is wanted of the records is read in {exact:.3f}, slots in "
        f"{filled:.3f}; of those about contents {mistaken:.3f} are taken for others."
    )


_MODELS = {"checker": _checker, "ranker": _ranker, "wording": _wording}


if __name__ == "__main__":
    sys.exit(main())
