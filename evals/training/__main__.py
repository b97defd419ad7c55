"""python -m evals.training checker|ranker: trains a small model of the package, and writes it as an ONNX graph.

The checker (rag.checking.entailment) learns from evals/training/claims, first from mutated sentences of the abstracts there,
which teach it to compare, then from the written claims, which teach it what they mean. The ranker (rag.questions.ranker)
learns from evals/training/questions. One paper in ten is kept back to measure them. Needs torch:

    uv run --with torch python -m evals.training ranker --out ranker.onnx.gz

Two processors take about two hours for the checker and five for the ranker; a graphics card takes minutes. docs/checker.md and
docs/ranker.md have what came out, and how the shipped weights were made.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from evals.training import examples, export, questions
from rag import weights
from rag.errors import UsageError
from rag.index.minilm import MiniLM
from rag.settings.settings import load
from rag.terminal import fail_in_one_sentence, progress_bars

_LAYERS = 4
_MUTATED, _WRITTEN, _QUESTIONS = 10_000, 110_000, 240_000  # how many are shown, again and again
_MUTATED_RATE, _WRITTEN_RATE, _QUESTIONS_RATE = 1e-4, 8e-5, 1.5e-4
_QUESTIONS_AT_ONCE = 64


@fail_in_one_sentence
def main(argv: Sequence[str] | None = None) -> int:
    """Train, report and write the model; return 0."""
    parser = argparse.ArgumentParser(prog="python -m evals.training", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("model", choices=("checker", "ranker"))
    parser.add_argument("files", nargs="*", type=Path, help="claims or questions to learn from, instead of those that ship")
    parser.add_argument("--shown", type=int, help=f"how many claims ({_WRITTEN}) or questions ({_QUESTIONS}) to show it")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the ONNX graph to write, packed with gzip")
    args = parser.parse_args(argv)
    try:
        import torch
    except ImportError as error:
        raise UsageError(
            "Training needs torch, which is not installed.", "Run: uv run --with torch python -m evals.training"
        ) from error
    torch.manual_seed(args.seed)
    graph, found = (_checker if args.model == "checker" else _ranker)(args)
    export.export(graph, args.out)
    print(f"{found} Written to {args.out}.")
    return 0


def _checker(args: argparse.Namespace) -> tuple[Any, str]:
    from evals.training import network

    rng = Random(args.seed)  # noqa: S311 - a fixed seed gives the same order every time
    files = args.files or sorted(examples.WRITTEN.glob("*.jsonl"))
    with progress_bars() as progress:
        made = examples.load(files, MiniLM(load().home), rng, partial(progress, "reading"))
        model = network.Checker(weights.folder() / weights.WEIGHTS, _LAYERS)
        network.train(model, made.mutated, _MUTATED, _MUTATED_RATE, rng, partial(progress, "learning to compare"))
        network.train(model, made.written, args.shown or _WRITTEN, _WRITTEN_RATE, rng, partial(progress, "learning meaning"))
    area, leads = network.measure(model, made.kept_back)
    return export.checker(model.weights(), _LAYERS), (
        f"{len(made.written)} written claims and {len(made.mutated)} mutated sentences. {len(made.kept_back)} claims of the "
        f"papers kept back: AUC {area:.3f}, the true one of a pair ahead in {leads:.3f}."
    )


def _ranker(args: argparse.Namespace) -> tuple[Any, str]:
    from evals.training import ranker_network

    rng = Random(args.seed)  # noqa: S311 - a fixed seed gives the same order every time
    files = args.files or sorted(questions.WRITTEN.glob("*.jsonl"))
    with progress_bars() as progress:
        learned, kept_back = questions.load(files, MiniLM(load().home), rng, partial(progress, "reading"))
        model = ranker_network.Ranker(weights.folder() / weights.WEIGHTS, _LAYERS)
        shown, at_once = args.shown or _QUESTIONS, _QUESTIONS_AT_ONCE
        ranker_network.train(model, learned, shown, _QUESTIONS_RATE, rng, partial(progress, "learning to answer"), at_once)
    first, area, near = ranker_network.measure(model, kept_back)
    return export.ranker(model.weights(), _LAYERS), (
        f"{len(learned)} questions beside abstracts. {len(kept_back)} of the papers kept back: the first sentence answers in "
        f"{first:.3f}, AUC of sentences {area:.3f}, of abstracts that answer against near misses {near:.3f}."
    )


if __name__ == "__main__":
    sys.exit(main())
