"""python -m evals.training: trains the small checker of rag.checking.entailment, and writes it as an ONNX graph.

It learns from evals/training/claims, first from mutated sentences of the abstracts there, which teach it to compare, then from
the written claims, which teach it what they mean. One paper in ten is kept back to measure it. Needs torch:

    uv run --with torch python -m evals.training --out checker.onnx

Two processors take about two hours. docs/checker.md has what came out, and how the shipped weights were made.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from random import Random

from evals.training import examples, export
from rag import weights
from rag.errors import UsageError
from rag.index.minilm import MiniLM
from rag.settings.settings import load
from rag.terminal import fail_in_one_sentence, progress_bars

_LAYERS = 4
_MUTATED_RATE, _WRITTEN_RATE = 1e-4, 8e-5


@fail_in_one_sentence
def main(argv: Sequence[str] | None = None) -> int:
    """Train, report and write the model; return 0."""
    parser = argparse.ArgumentParser(prog="python -m evals.training", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("files", nargs="*", type=Path, help="claims to learn from, instead of evals/training/claims")
    parser.add_argument(
        "--claims", type=int, default=110_000, help="how many written claims to show it, again and again (110000)"
    )
    parser.add_argument("--mutated", type=int, default=10_000, help="how many mutated sentences to show it before (10000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the ONNX graph to write")
    args = parser.parse_args(argv)
    try:
        import torch

        from evals.training import network
    except ImportError as error:
        raise UsageError(
            "Training needs torch, which is not installed.", "Run: uv run --with torch python -m evals.training"
        ) from error
    torch.manual_seed(args.seed)
    rng = Random(args.seed)  # noqa: S311 - a fixed seed gives the same order every time
    files = args.files or sorted(examples.WRITTEN.glob("*.jsonl"))
    with progress_bars() as progress:
        made = examples.load(files, MiniLM(load().home), rng, lambda done, of: progress("reading", done, of))
        model = network.Checker(weights.folder() / weights.WEIGHTS, _LAYERS)
        network.train(model, made.mutated, args.mutated, _MUTATED_RATE, rng, partial(progress, "learning to compare"))
        network.train(model, made.written, args.claims, _WRITTEN_RATE, rng, partial(progress, "learning meaning"))
    print(
        f"{len(made.written)} written claims and {len(made.mutated)} mutated sentences, {len(made.kept_back)} claims kept back."
    )
    area, leads = network.measure(model, made.kept_back)
    export.export(model.weights(), _LAYERS, args.out)
    print(
        f"Claims of the papers kept back: AUC {area:.3f}, the true one of a pair ahead in {leads:.3f}. Written to {args.out}."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
