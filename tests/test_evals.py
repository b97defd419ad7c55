from __future__ import annotations

import json
from collections import Counter
from importlib import resources
from pathlib import Path

import pytest
from endpoint_server import Endpoint, fails, says
from made import answer

from evals import cases
from evals.__main__ import main
from evals.cases import KINDS, Case
from evals.metrics import folded, mean, measure, share
from evals.run import table
from rag import sources
from rag.errors import UsageError
from rag.sources.identity import paper_id
from rag.types import Claim, Paper


def case(kind: str = "single", gold: tuple[str, ...] = ("LanternNet",), must: tuple[tuple[str, ...], ...] = ()) -> Case:
    return Case("c", kind, "dev", "How many lamps?", (), gold, must)


def claim(verdict: str, *citations: int) -> Claim:
    return Claim("x", 0, 1, citations, verdict)  # type: ignore[arg-type]


LANTERN = paper_id("LanternNet")
FROST = paper_id("Frost Watch")

# -- metrics -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gold", "ranked", "recall", "reciprocal"),
    [
        (("LanternNet",), [LANTERN], 1.0, 1.0),
        (("LanternNet",), ["x", "y", LANTERN], 1.0, 1 / 3),
        (("LanternNet",), ["1", "2", "3", "4", "5", LANTERN], 0.0, 1 / 6),
        (("LanternNet", "Frost Watch"), ["x", FROST], 0.5, 0.5),
        (("LanternNet", "Frost Watch"), [FROST, LANTERN], 1.0, 1.0),
        (("LanternNet",), ["x"], 0.0, 0.0),
        (("LanternNet",), [], 0.0, 0.0),
        ((), ["x"], None, None),
    ],
)
def test_ranks_of_gold_papers(gold: tuple[str, ...], ranked: list[str], recall: float | None, reciprocal: float | None) -> None:
    measured = measure(case(gold=gold), answer(), ranked)
    assert (measured.recall, measured.reciprocal_rank) == (recall, reciprocal)


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
        ((), "It dims lamps [1].", None),
    ],
)
def test_facts_that_must_be_said(must: tuple[tuple[str, ...], ...], said: str, hit: float | None) -> None:
    assert measure(case(must=must), answer(said), []).hit == hit


def test_a_refusal_says_nothing() -> None:
    measured = measure(case(must=(("340",),)), answer("The 340 lamps are not in the abstracts.", refused=True), [])
    assert (measured.hit, measured.refused) == (0.0, True)


def test_citations_and_claims_are_counted_without_headings() -> None:
    claims = (claim("supported", 1), claim("unsupported", 1, 9), claim("uncited"), claim("none", 9), claim("partial", 2))
    measured = measure(case(), answer(claims=claims, invalid_citations=(9,)), [])
    assert (measured.citations, measured.invalid) == (4, 1)
    assert (measured.claims, measured.supported) == (4, 1)


def test_means_and_shares_leave_out_what_does_not_apply() -> None:
    assert mean([1.0, None, 0.0]) == 0.5
    assert mean([None]) is None
    assert share([1, 2], [2, 4]) == 0.5
    assert share([0], [0]) is None


def test_the_tables_sum_up_by_kind_and_count_refusals() -> None:
    good = measure(case(must=(("340",),)), answer(), [LANTERN])
    missed = measure(case(must=(("999",),)), answer(refused=True, claims=()), ["x"])
    refused = measure(case("unanswerable_far", ()), answer(refused=True, claims=()), [])
    lines = list(table([(case(), good), (case(), missed), (case("unanswerable_far", ()), refused)]))
    rows = {line.split()[0]: line.split()[1:] for line in lines if line.strip()}
    assert rows["single"] == ["2", "0.500", "0.500", "0.500", "1.000", "1.000", "0.500"]
    assert rows["unanswerable_far"] == ["1", "-", "-", "-", "-", "-", "1.000"]
    assert rows["all"][:2] == ["3", "0.500"]
    assert rows["answerable"] == ["1", "1"]
    assert rows["unanswerable"] == ["0", "1"]
    assert "numeric" not in rows


# -- the bundled cases ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def starter() -> dict[str, Paper]:
    _, text = sources.load(sources.STARTER)
    return {r.title: r for r in sources.parse(text, "starter") if isinstance(r, Paper)}


def test_there_are_enough_cases_of_every_kind_with_ids_of_their_own() -> None:
    all_cases = cases.load()
    assert len(all_cases) >= 60
    assert set(Counter(c.kind for c in all_cases)) == set(KINDS)
    assert min(Counter(c.kind for c in all_cases).values()) >= 5
    assert len({c.id for c in all_cases}) == len({c.question for c in all_cases}) == len(all_cases)
    assert len(cases.load(split="dev")) + len(cases.load(split="test")) == len(all_cases)
    assert cases.load(split="dev")
    assert cases.load(split="test")


def test_every_gold_paper_is_in_the_starter_corpus(starter: dict[str, Paper]) -> None:
    assert {t for c in cases.load() for t in c.gold} - starter.keys() == set()
    assert all(c.gold_ids <= {p.id for p in starter.values()} for c in cases.load())


def test_what_must_be_said_stands_in_a_gold_paper(starter: dict[str, Paper]) -> None:
    missing = [
        (c.id, fact)
        for c in cases.load()
        for fact in c.must_include
        if not any(folded(spelling) in folded(f"{starter[t].title} {starter[t].abstract}") for spelling in fact for t in c.gold)
    ]
    assert missing == []


def test_answerable_cases_have_gold_and_facts_and_the_others_neither() -> None:
    for c in cases.load():
        assert bool(c.gold) == bool(c.must_include) == c.answerable, c.id
        assert bool(c.history) == (c.kind == "follow_up"), c.id
        assert (len(c.gold) > 1) == (c.kind == "multi"), c.id


@pytest.mark.parametrize("content", ["{oops", '{"id": 1}', '{"id": 1, "kind": "odd", "question": "?"}', "[]"])
def test_a_bad_file_of_cases_is_a_usage_error_that_names_it(content: str) -> None:
    Path("mine.jsonl").write_text(content)
    with pytest.raises(UsageError, match=r"mine\.jsonl"):
        cases.load(Path("mine.jsonl"))


# -- the command ---------------------------------------------------------------------------------------------------------

PICKED = ("single-02", "single-12", "multi-03", "follow-02", "far-01")


@pytest.fixture
def small(starter: dict[str, Paper], model_home: Path, embedder: object, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Arguments for five cases over the papers they are about and twenty more."""
    monkeypatch.setenv("RAG_HOME", str(model_home))
    picked = [c for c in cases.load() if c.id in PICKED]
    wanted = list(dict.fromkeys([*(t for c in picked for t in c.gold), *list(starter)[:20]]))
    papers = [{"title": t, "abstract": starter[t].abstract} for t in wanted]
    Path("papers.jsonl").write_text("".join(json.dumps(p) + "\n" for p in papers))
    lines = resources.files(cases).joinpath("starter.jsonl").read_text("utf-8").splitlines()
    Path("cases.jsonl").write_text("".join(f"{x}\n" for x in lines if json.loads(x)["id"] in PICKED))
    return ["run", "--papers", "papers.jsonl", "--cases", "cases.jsonl", "--out", "res"]


def test_five_cases_are_asked_and_measured(small: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*small, "--no-model"]) == 0
    out = capsys.readouterr().out
    [path] = Path("res").iterdir()
    header, *records = map(json.loads, path.read_text("utf-8").splitlines())
    assert (header["mode"], header["papers"]) == ("extractive", ["papers.jsonl"])
    assert len(header["prompt_sha256"]) == 16
    assert [r["case"] for r in records] == [c.id for c in cases.load(Path("cases.jsonl"))]
    by_case = {r["case"]: r for r in records}
    assert set(by_case) == set(PICKED)
    assert by_case["single-02"]["reciprocal_rank"] == by_case["single-02"]["recall"] == 1.0
    assert by_case["single-02"]["supported"] == by_case["single-02"]["claims"] > 0
    assert by_case["far-01"]["refused"] is True
    assert by_case["far-01"]["recall"] is None
    assert by_case["single-02"]["answer"]["sources"][0]["title"].startswith("GraphSAINT")
    assert by_case["follow-02"]["answer"]["standalone_question"] != by_case["follow-02"]["answer"]["question"]
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line.strip()}
    assert rows["kind"][0] == "n"
    assert rows["single"][0] == "2"
    assert rows["all"][0] == "5"
    assert rows["unanswerable"] == ["0", "1"]
    assert "5 cases, extractive" in out
    assert str(path) in out


def test_a_model_is_measured_and_what_it_could_not_answer_is_told(small: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    told = says("It samples [1]. It sings [44].")
    rewritten = says("What sparsity did SPDF use on the 1.3B model and how many FLOPs did that save?")
    with Endpoint(fails(400, "out of memory"), told, told, rewritten, told) as server:
        code = main([*small, "--base-url", server.url, "--model", "m"])
    out, err = capsys.readouterr()
    [path] = Path("res").iterdir()
    header, first, *records = map(json.loads, path.read_text("utf-8").splitlines())
    assert code == 1
    assert (header["mode"], header["model"]) == ("model", "m")
    assert set(first) == {"case", "error"}
    assert "out of memory" in first["error"]
    assert first["case"] in err
    assert len(records) == 4
    answered = [r for r in records if not r["refused"]]
    assert [(r["citations"], r["invalid"]) for r in answered] == [(2, 1)] * 3
    assert "4 cases, m" in out


def test_papers_that_cannot_be_read_end_it(small: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    small[small.index("papers.jsonl")] = "nosuch.jsonl"
    assert main([*small, "--no-model"]) == 1
    assert "nosuch.jsonl" in capsys.readouterr().err
    assert not Path("res").exists()
