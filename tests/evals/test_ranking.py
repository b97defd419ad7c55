"""Measures of a ranking, against values worked out by hand and against what must hold of any ranking."""

from __future__ import annotations

from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals import ranking

LETTERS = "abcdefghijklmnopqrstuvwxyz"
ranked_letters = st.permutations(LETTERS).map(lambda order: order[:15])
relevances = st.dictionaries(st.sampled_from(LETTERS), st.integers(0, 3), max_size=15)


@pytest.mark.parametrize(
    ("ranked", "relevance", "expected"),
    [
        ("ab", {"a": 1}, 1.0),
        ("ba", {"a": 1}, 1 / log2(3)),
        ("xya", {"a": 1}, 1 / 2),
        ("x", {"a": 1}, 0.0),
        ("", {"a": 1}, 0.0),
        ("ab", {"a": 1, "b": 2}, (1 + 2 / log2(3)) / (2 + 1 / log2(3))),  # the gain is the relevance itself
        ("axb", {"a": 1, "b": 1, "c": 1}, (1 + 1 / 2) / (1 + 1 / log2(3) + 1 / 2)),  # c is missed, and counts in the ideal
        ("ab", {"a": 0, "b": 1}, 1 / log2(3)),
        ("ab", {"a": -1, "b": 1}, 1 / log2(3)),  # trec_eval: less than 0 gains nothing and costs nothing
        ("ab", {}, 0.0),
    ],
)
def test_discounted_gain_is_that_of_trec_eval(ranked: str, relevance: dict[str, int], expected: float) -> None:
    assert ranking.ndcg(list(ranked), relevance, 10) == pytest.approx(expected)


def test_nothing_after_the_cut_counts_neither_found_nor_ideal() -> None:
    ranked = list("abcdefghijk")
    assert ranking.ndcg(ranked, {"k": 1}, 10) == ranking.recall(ranked, {"k": 1}, 10) == 0.0
    assert ranking.reciprocal_rank(ranked, {"k": 1}, 10) == 0.0
    assert ranking.ndcg(ranked, dict.fromkeys("abcdefghijk", 1), 10) == 1.0


def test_recall_and_reciprocal_rank_by_hand() -> None:
    relevance = {"c": 1, "f": 2, "z": 1, "a": 0}
    measured = ranking.measures(list("abcdef"), relevance)
    assert (measured["recall@5"], measured["recall@10"], measured["recall@100"]) == (1 / 3, 2 / 3, 2 / 3)
    assert measured["MRR@10"] == 1 / 3
    assert tuple(measured) == ranking.MEASURES


@given(ranked_letters, relevances)
def test_measures_lie_between_none_and_all_and_grow_with_the_cut(ranked: list[str], relevance: dict[str, int]) -> None:
    measured = ranking.measures(ranked, relevance)
    assert all(0.0 <= value <= 1.0 + 1e-9 for value in measured.values())
    assert measured["recall@5"] <= measured["recall@10"] <= measured["recall@100"]


@given(ranked_letters, relevances, st.integers(0, 13))
def test_a_more_relevant_paper_moved_up_never_lowers_the_gain(ranked: list[str], relevance: dict[str, int], at: int) -> None:
    better, worse = list(ranked), list(ranked)
    pair = sorted(ranked[at : at + 2], key=lambda i: relevance.get(i, 0))
    worse[at : at + 2], better[at : at + 2] = pair, pair[::-1]
    assert ranking.ndcg(better, relevance, 10) >= ranking.ndcg(worse, relevance, 10)


@given(relevances)
def test_the_ideal_order_is_worth_one(relevance: dict[str, int]) -> None:
    ideal = sorted(relevance, key=lambda i: -relevance[i])
    assert ranking.ndcg(ideal, relevance, 10) == pytest.approx(float(any(relevance.values())))


def test_fusion_adds_reciprocal_ranks() -> None:
    assert ranking.fused(list("ab"), list("bc")) == ["b", "a", "c"]  # 1/62 + 1/61, 1/61, 1/62
    assert ranking.fused(list("ab"), list("ba")) == ["a", "b"]  # alike: by id
    assert ranking.fused([], list("ba")) == ["b", "a"]


def test_an_interval_holds_the_mean_narrows_with_more_queries_and_is_the_same_each_time() -> None:
    few, many = [0.0, 1.0] * 10, [0.0, 1.0] * 250
    low, high = ranking.interval(few)
    assert 0.0 < low < 0.5 < high < 1.0
    # 1.96 standard errors of a mean of 500 coins is 0.0438
    assert ranking.interval(many) == pytest.approx((0.5 - 0.0438, 0.5 + 0.0438), abs=0.008)
    assert ranking.interval(few) == (low, high)
    assert ranking.interval([0.25] * 5) == (0.25, 0.25)


def test_a_comparison_gives_the_difference_and_how_likely_chance_makes_one_as_large() -> None:
    assert ranking.compare([0.5, 0.7], [0.5, 0.7]) == (0.0, 1.0)
    difference, p = ranking.compare([1.0] * 4, [0.0] * 4)
    assert difference == 1.0
    assert p == pytest.approx(2 / 16, abs=0.012)  # of 16 ways to flip four signs two are as far from 0
    assert ranking.compare([0.0] * 4, [1.0] * 4) == (-1.0, p)
    assert ranking.compare([1.0] * 30, [0.0] * 30)[1] == pytest.approx(1 / 10_001)
