"""The fit of the gate's judgement: its weights point the right way, and few answerable questions are refused."""

from __future__ import annotations

import numpy as np

from evals import fit_gate
from evals.fit_gate import Judged


def made(seed: int, n: int) -> Judged:
    """Questions whose first feature tells whether they can be answered, whose second tells the opposite, and whose third
    tells nothing."""
    rng = np.random.default_rng(seed)
    answerable = (rng.random(n) < 0.7).astype(float)
    told = answerable * 2 - 1
    return Judged(np.column_stack([told + rng.normal(0, 1, n), -told + rng.normal(0, 2, n), rng.random(n)]), answerable)


def test_the_weights_point_the_right_way_and_few_answerable_questions_are_refused() -> None:
    dev, kept = made(1, 400), made(2, 900)
    weights, bias = fit_gate.fit(dev, kept)
    assert weights[0] > 0.5 > 0 > weights[1]
    refused = dev.features @ np.array(weights) + bias < 0
    assert 0.005 < refused[dev.answerable == 1].mean() < 0.04
    assert refused[dev.answerable == 0].mean() > 0.3


def test_the_questions_kept_back_are_about_papers_of_the_library_and_some_have_no_answer() -> None:
    papers, asked = fit_gate.kept_back()
    assert len(papers) > 2000
    assert len(asked) == 700
    assert 0.15 < sum(not answerable for _, answerable in asked) / len(asked) < 0.3
