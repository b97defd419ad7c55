"""What an answer is measured by, and what several of them give together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.factories import answer

from evals import tables
from evals.case_files import Case
from evals.metrics import Value, measure, states
from evals.run_files import Result, values
from evals.statistics import difference, estimate, holm, mcnemar, wilson
from rag.sources.paper_ids import paper_id
from rag.types import Claim

LANTERN, FROST = paper_id("LanternNet"), paper_id("Frost Watch")


def case(kind: str = "single", gold: tuple[str, ...] = ("LanternNet",), must: tuple[tuple[str, ...], ...] = ()) -> Case:
    return Case("c", kind, "dev", "How many lamps?", (), gold, must)


def claim(verdict: str, *citations: int) -> Claim:
    return Claim("x", 0, 1, citations, verdict)  # type: ignore[arg-type]


# -- one answer ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gold", "ranked", "recall", "reciprocal"),
    [
        (("LanternNet",), [LANTERN], 1.0, 1.0),
        (("LanternNet",), ["x", "y", LANTERN], 1.0, 1 / 3),
        (("LanternNet",), ["1", "2", "3", "4", "5", LANTERN], 0.0, 1 / 6),
        (("LanternNet", "Frost Watch"), ["x", FROST], 0.5, 0.5),
        (("LanternNet", "Frost Watch"), [FROST, LANTERN], 1.0, 1.0),
        (("LanternNet",), [], 0.0, 0.0),
    ],
)
def test_ranks_of_gold_papers(gold: tuple[str, ...], ranked: list[str], recall: float, reciprocal: float) -> None:
    measured = measure(case(gold=gold), answer(), ranked)
    assert (measured["recall@5"], measured["MRR"]) == ((recall, 1), (reciprocal, 1))
    assert measured["read"] == (1.0 if LANTERN in ranked[5:] else recall, 1)
    assert not {"recall@5", "read", "MRR"} & measure(case(gold=()), answer(), ranked).keys()


@pytest.mark.parametrize(
    ("must", "said", "hit"),
    [
        ((("340",),), "It dims 340 lamps [1].", 1.0),
        ((("350",),), "It dims 340 lamps [1].", 0.0),
        ((("340",), ("Ghent",)), "It dims 340 lamps [1].", 0.5),
        ((("nosuch", "DIMS 340"),), "It  dims\n340 lamps [1].", 1.0),
        ((("1,000",),), "About 1000 of them [1].", 1.0),
        ((("hyper-agent",),), "A hyper–agent [1].", 1.0),
        ((("LanternNet",),), "It dims lamps [1].", 0.0),  # the title of a cited paper is not said
    ],
)
def test_facts_that_must_be_said(must: tuple[tuple[str, ...], ...], said: str, hit: float) -> None:
    measured = measure(case(must=must), answer(said), [])
    assert (measured["hit"], measured["right"]) == ((hit, 1), (hit == 1, 1))
    assert not {"hit", "right", "precision"} & measure(case(), answer(said), []).keys()


@pytest.mark.parametrize(
    ("fact", "said"), [("8", False), ("8 lamps", False), ("0.8", True), ("1982", True), ("82", False), ("in 19", False)]
)
def test_a_figure_is_a_fact_as_a_whole(fact: str, said: bool) -> None:
    assert states("Of 0.8 in 1982 lamps", (fact,)) == said


def test_a_refusal_says_nothing() -> None:
    measured = measure(case(must=(("340",),)), answer("The 340 lamps are not in the abstracts.", refused=True), [])
    assert (measured["hit"], measured["refused"], measured["wrongly refused"]) == ((0, 1), (1, 1), (1, 1))
    assert measure(case("far_off", ()), answer(refused=True), [])["rightly refused"] == (1, 1)


def test_citations_and_claims_are_counted_without_headings() -> None:
    claims = (claim("supported", 1), claim("unsupported", 1, 9), claim("uncited"), claim("none", 9), claim("partial", 2))
    by_model = answer(claims=claims, invalid_citations=(9,), mode="model")
    measured = measure(case(), by_model, [], (2, 4))
    assert measured["cited ok"] == (3, 4)
    assert (measured["supported"], measured["cite recall"], measured["cite precision"]) == ((1, 4), (1, 4), (2, 4))
    judged = replace(by_model, claims=(replace(claims[0], judged="unsupported"), replace(claims[1], judged="supported")))
    assert measure(case(), judged, [])["judged"] == (1, 2)


def test_nothing_is_said_of_the_support_of_quotes() -> None:
    quoted = measure(case(), answer(claims=(claim("supported", 1),), mode="extractive"), [])
    assert not {"supported", "cite recall", "cite precision", "judged"} & quoted.keys()
    assert quoted["cited ok"] == (1, 1)


def test_precision_is_the_share_of_statements_with_a_fact() -> None:
    said = (Claim("It dims 340 lamps [1].", 0, 22, (1,), "supported"), Claim("Nobody walks.", 23, 36, (), "uncited"))
    measured = measure(case(must=(("340", "350"), ("Ghent",))), answer(claims=said), [])
    assert (measured["precision"], measured["words"]) == ((1, 2), (7, 1))


# -- tables --------------------------------------------------------------------------------------------------------------


def result(of: Case, *, hit: float | None = None, refused: bool = False, repeat: int = 1) -> Result:
    measures: dict[str, Value] = {"refused": (float(refused), 1.0)}
    measures |= {} if hit is None else {"hit": (hit, 1.0), "right": (float(hit == 1), 1.0)}
    return Result(of, repeat, measures, {"refused": refused})


def test_the_tables_sum_up_by_kind_and_form_and_tell_what_became_of_the_questions() -> None:
    misspelt = replace(case(), id="d", form="misspelt")
    results = [result(case(), hit=1.0), result(misspelt, hit=0.0, refused=True), result(replace(case("far_off"), id="e"))]
    rows = {line.split()[0]: line.split()[1:] for line in tables.by_kind(results)}
    at = rows["kind"].index("hit")
    assert (rows["single"][0], rows["single"][at]) == ("2", "0.500")
    assert (rows["far_off"][at], rows["misspelt"][0], rows["all"][0]) == ("-", "1", "3")
    assert "numeric" not in rows
    became = {line.split()[0]: line.split()[1:] for line in tables.outcomes(results)}
    assert (became["answerable"], became["unanswerable"]) == (["1", "0", "0", "1"], ["0", "0", "1", "0"])


def test_the_repeats_of_a_case_count_as_one_case() -> None:
    results = [result(case(), hit=1.0), result(case(), hit=0.0, repeat=2), result(replace(case(), id="d"), hit=1.0)]
    assert values(results, "hit") == [(1.0, 2.0), (1.0, 1.0)]
    of = estimate(values(results, "hit"))
    assert of is not None
    assert (round(of.value, 3), of.denominator, of.cases) == (0.667, 3.0, 2)


# -- statistics ----------------------------------------------------------------------------------------------------------


def test_a_share_has_the_interval_of_wilson() -> None:
    """The example of Newcombe (1998), table I: 81 of 263 has 0.2553 to 0.3662."""
    assert [round(x, 4) for x in wilson(81, 263)] == [0.2553, 0.3662]
    of = estimate([(1.0, 1.0)] * 81 + [(0.0, 1.0)] * 182)
    assert of is not None
    assert (round(of.low, 4), round(of.high, 4), of.numerator, of.denominator) == (0.2553, 0.3662, 81.0, 263.0)
    assert estimate([]) is None
    assert estimate([(0.0, 0.0)]) is None


def test_the_interval_of_a_ratio_covers_what_it_should() -> None:
    """Of 200 samples of 60 answers with some statements each, the interval has the true share in about 95%."""
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(200):
        wholes = rng.integers(1, 6, 60)
        of = estimate([(float(rng.binomial(n, 0.7)), float(n)) for n in wholes])
        covered += of is not None and of.low <= 0.7 <= of.high
    assert 180 <= covered <= 200


def test_where_every_statement_counts_the_interval_is_not_a_point() -> None:
    of = estimate([(3.0, 3.0)] * 10)
    assert of is not None
    assert (of.value, of.high) == (1.0, pytest.approx(1.0))
    assert of.low == pytest.approx(wilson(10, 10)[0])


def test_paired_tests_find_a_difference_and_no_other() -> None:
    """7 against 1 is 0.0703 by McNemar's exact test: 2 x (1 + 8) / 2^8."""
    assert mcnemar(7, 1) == pytest.approx(18 / 256)
    assert mcnemar(0, 0) == 1.0
    ours: list[Value] = [(1.0, 1.0)] * 7 + [(0.0, 1.0)] + [(1.0, 1.0)] * 12
    theirs: list[Value] = [(0.0, 1.0)] * 7 + [(1.0, 1.0)] + [(1.0, 1.0)] * 12
    more = difference(ours, theirs)
    assert more is not None
    assert (round(more.value, 3), more.wins, more.losses, more.p) == (0.3, 7, 1, pytest.approx(18 / 256))
    assert more.low < 0.3 < more.high
    same = difference([(0.5, 1.0)] * 9, [(0.5, 1.0)] * 9)
    assert same is not None
    assert (same.value, same.p) == (0.0, 1.0)
    higher = difference([(0.9 - n / 100, 1.0) for n in range(20)], [(0.4, 1.0)] * 20)
    assert higher is not None
    assert higher.p < 0.01


def test_p_values_are_adjusted_step_by_step() -> None:
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06})
    assert holm({"a": 0.6, "b": 0.7}) == {"a": 1.0, "b": 1.0}
