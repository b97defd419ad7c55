from __future__ import annotations

import io
import json
from collections import Counter
from contextlib import redirect_stdout
from dataclasses import replace
from importlib import resources
from pathlib import Path
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.endpoint_server import Endpoint, fails, says
from support.factories import SHARED, answer

from evals import case_files, mutations
from evals.__main__ import main
from evals.case_files import KINDS, Case
from evals.metrics import folded, mean, measure, share, states
from evals.run import table
from rag.errors import UsageError
from rag.sources import formats
from rag.sources.paper_ids import paper_id
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
    assert measured.recall_read == (1.0 if LANTERN in ranked[5:] else recall)


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


@pytest.mark.parametrize(
    ("fact", "said"), [("8", False), ("8 lamps", False), ("0.8", True), ("1982", True), ("82", False), ("in 19", False)]
)
def test_a_figure_is_a_fact_as_a_whole(fact: str, said: bool) -> None:
    assert states("Of 0.8 in 1982 lamps", (fact,)) == said


def test_a_refusal_says_nothing() -> None:
    measured = measure(case(must=(("340",),)), answer("The 340 lamps are not in the abstracts.", refused=True), [])
    assert (measured.hit, measured.refused) == (0.0, True)


def test_citations_and_claims_are_counted_without_headings() -> None:
    claims = (claim("supported", 1), claim("unsupported", 1, 9), claim("uncited"), claim("none", 9), claim("partial", 2))
    measured = measure(case(), answer(claims=claims, invalid_citations=(9,)), [])
    assert (measured.citations, measured.invalid) == (4, 1)
    assert (measured.claims, measured.supported) == (4, 1)


def test_precision_is_the_share_of_statements_with_a_fact() -> None:
    said = (Claim("It dims 340 lamps [1].", 0, 22, (1,), "supported"), Claim("Nobody walks.", 23, 36, (), "uncited"))
    measured = measure(case(must=(("340", "350"), ("Ghent",))), answer(claims=said), [])
    assert (measured.useful, measured.claims, measured.words) == (1, 2, 7)
    assert measure(case(), answer(claims=said), []).useful is None


def test_the_form_of_a_question_has_a_row_of_its_own() -> None:
    asked = replace(case(must=(("340",),)), form="misspelt")
    lines = list(table([(asked, measure(asked, answer(), [LANTERN])), (case(), measure(case(), answer(), [LANTERN]))]))
    assert [line.split()[:2] for line in lines if line.startswith("misspelt")] == [["misspelt", "1"]]


def test_means_and_shares_leave_out_what_does_not_apply() -> None:
    assert mean([1.0, None, 0.0]) == 0.5
    assert mean([None]) is None
    assert share([1, 2], [2, 4]) == 0.5
    assert share([0], [0]) is None


def test_the_tables_sum_up_by_kind_and_count_refusals() -> None:
    good = measure(case(must=(("340",),)), answer(), [LANTERN])
    missed = measure(case(must=(("999",),)), answer(refused=True, claims=()), ["x"])
    refused = measure(case("far_off", ()), answer(refused=True, claims=()), [])
    lines = list(table([(case(), good), (case(), missed), (case("far_off", ()), refused)]))
    rows = {line.split()[0]: line.split()[1:] for line in lines if line.strip()}
    assert rows["single"] == ["2", "0.500", "0.500", "0.500", "0.500", "0.500", "1.000", "5", "1.000", "1.000", "0.500"]
    assert rows["far_off"] == ["1", "-", "-", "-", "-", "-", "-", "-", "-", "-", "1.000"]
    assert rows["all"][:2] == ["3", "0.500"]
    assert rows["answerable"] == ["1", "1"]
    assert rows["unanswerable"] == ["0", "1"]
    assert "numeric" not in rows


# -- the bundled cases ---------------------------------------------------------------------------------------------------


def _starter() -> list[Paper]:
    _, text = formats.load(formats.STARTER)
    return [r for r in formats.parse(text, "starter") if isinstance(r, Paper)]


@pytest.fixture(scope="module")
def starter() -> dict[str, Paper]:
    return {r.title: r for r in _starter()}


def test_there_are_enough_cases_of_every_kind_with_ids_of_their_own() -> None:
    all_cases = case_files.load() + case_files.load(case_files.COLLECTION)
    assert len(all_cases) >= 60
    assert set(Counter(c.kind for c in all_cases)) == set(KINDS)
    assert min(Counter(c.kind for c in all_cases).values()) >= 5
    assert len({c.id for c in all_cases}) == len({c.question for c in all_cases}) == len(all_cases)
    assert len(case_files.load(split="dev")) + len(case_files.load(split="test")) == len(case_files.load())
    assert case_files.load(split="dev")
    assert case_files.load(split="test")


def test_every_gold_paper_is_in_the_starter_corpus(starter: dict[str, Paper]) -> None:
    all_cases = case_files.load() + case_files.load(case_files.COLLECTION)
    assert {t for c in all_cases for t in c.gold} - starter.keys() == set()
    assert all(c.gold_ids <= {p.id for p in starter.values()} for c in all_cases)


def test_what_must_be_said_stands_in_a_gold_paper(starter: dict[str, Paper]) -> None:
    missing = [
        (c.id, fact)
        for c in case_files.load()
        for fact in c.must_include
        if not any(folded(spelling) in folded(f"{starter[t].title} {starter[t].abstract}") for spelling in fact for t in c.gold)
    ]
    assert missing == []


def test_the_cases_on_full_abstracts_are_asked_of_papers_that_state_their_facts() -> None:
    _, text = formats.load(str(case_files.FULL_PAPERS))
    papers = {r.title: r for r in formats.parse(text, "full_papers.jsonl") if isinstance(r, Paper)}
    cases = case_files.load(case_files.FULL)
    assert len(papers) == 51
    assert Counter(c.split for c in cases) == {"dev": 75, "test": 75}
    assert len({c.id for c in cases}) == len({(c.question, c.history) for c in cases}) == 150
    assert min(Counter(c.form for c in cases if c.form).values()) >= 3
    assert not papers.keys() & {p.title for p in _starter()}
    for c in cases:
        assert set(c.gold) <= papers.keys(), c.id
        assert bool(c.must_include) == c.answerable, c.id
        gold = [papers[title] for title in c.gold]
        said = " ".join(f"{p.title} {p.abstract} {p.published} {'; '.join(p.authors)} {len(p.authors)}" for p in gold)
        for fact in c.must_include:
            assert states(said, fact), (c.id, fact)


def test_the_cases_on_full_abstracts_have_papers_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--full", "--papers", "mine.txt", "--no-model"]) == 2
    assert "--full has papers and cases of its own." in capsys.readouterr().err


def test_answerable_cases_have_gold_and_facts_and_the_others_neither() -> None:
    for c in case_files.load():
        assert bool(c.gold) == bool(c.must_include) == c.answerable, c.id
        assert bool(c.history) == (c.kind == "follow_up"), c.id
        assert (len(c.gold) > 1) == (c.kind == "multi"), c.id


def test_cases_about_the_collection_are_asked_of_the_starter_corpus_only(
    starter: dict[str, Paper], model_home: Path, embedder: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What they count is not so of other papers."""
    monkeypatch.setenv("RAG_HOME", str(model_home))
    monkeypatch.setattr(
        case_files, "load", lambda path=None, split=None: [case("collection")] if path == case_files.COLLECTION else []
    )
    Path("papers.jsonl").write_text(json.dumps({"title": "A", "abstract": LANTERN}))
    assert main(["run", "--papers", "papers.jsonl", "--no-model"]) == 2


@pytest.mark.parametrize("content", ["{oops", '{"id": 1}', '{"id": 1, "kind": "odd", "question": "?"}', "[]"])
def test_a_bad_file_of_cases_is_a_usage_error_that_names_it(content: str) -> None:
    Path("mine.jsonl").write_text(content)
    with pytest.raises(UsageError, match=r"mine\.jsonl"):
        case_files.load(Path("mine.jsonl"))


# -- the command ---------------------------------------------------------------------------------------------------------

PICKED = ("single-02", "single-12", "multi-03", "follow-01", "far-01")


@pytest.fixture
def small(starter: dict[str, Paper], model_home: Path, one_embedder: None, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Arguments for five cases over the papers they are about and twenty more."""
    monkeypatch.setenv("RAG_HOME", str(model_home))
    picked = [c for c in case_files.load() if c.id in PICKED]
    wanted = list(dict.fromkeys([*(t for c in picked for t in c.gold), *list(starter)[:20]]))
    papers = [{"title": t, "abstract": starter[t].abstract} for t in wanted]
    Path("papers.jsonl").write_text("".join(json.dumps(p) + "\n" for p in papers))
    lines = resources.files("evals.cases").joinpath("starter.jsonl").read_text("utf-8").splitlines()
    Path("cases.jsonl").write_text("".join(f"{x}\n" for x in lines if json.loads(x)["id"] in PICKED))
    return ["run", "--papers", "papers.jsonl", "--cases", "cases.jsonl", "--out", "res"]


def test_five_cases_are_asked_and_measured(small: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*small, "--no-model"]) == 0
    out = capsys.readouterr().out
    [path] = Path("res").iterdir()
    header, *records = map(json.loads, path.read_text("utf-8").splitlines())
    assert (header["mode"], header["papers"]) == ("extractive", ["papers.jsonl"])
    assert set(header["prompts_sha256"]) == {"advice.md", "answer.md", "condense.md", "rewrite.md", "verify.md"}
    assert all(len(digest) == 16 for digest in header["prompts_sha256"].values())
    assert [r["case"] for r in records] == [c.id for c in case_files.load(Path("cases.jsonl"))]
    by_case = {r["case"]: r for r in records}
    assert set(by_case) == set(PICKED)
    assert by_case["single-02"]["reciprocal_rank"] == by_case["single-02"]["recall"] == 1.0
    assert by_case["single-02"]["supported"] == by_case["single-02"]["claims"] > 0
    assert by_case["far-01"]["refused"] is True
    assert by_case["far-01"]["recall"] is None
    assert by_case["single-02"]["answer"]["sources"][0]["title"].startswith("GraphSAINT")
    assert by_case["follow-01"]["answer"]["standalone_question"] != by_case["follow-01"]["answer"]["question"]
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line.strip()}
    assert rows["kind"][0] == "n"
    assert rows["single"][0] == "2"
    assert rows["all"][0] == "5"
    assert rows["unanswerable"] == ["0", "1"]
    assert "5 cases, extractive" in out
    assert str(path) in out


def test_a_model_is_measured_and_what_it_could_not_answer_is_told(small: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    told = says("It samples [1]. It sings [44].")
    rewritten = says("How many examples does Promptagator need per task?")
    with Endpoint(fails(400, "out of memory"), told, told, rewritten, told) as server:
        Path("rag.toml").write_text(f'[models.mine]\nbase_url = "{server.url}"\nmodel = "m"\n')
        code = main([*small, "--profile", "mine"])
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


# -- false claims made of true ones ---------------------------------------------------------------------------------------

SEEDS = [Random(seed) for seed in range(40)]


def test_a_changed_number_is_another_number_and_the_rest_stays() -> None:
    claim = "It dims 27.5% of 340 lamps over three streets."
    made = {mutations.number(claim, rng) for rng in SEEDS}
    assert claim not in made
    assert {m.replace("27.5%", "#").replace("340", "#") for m in made if m is not None} >= {
        "It dims # of 374 lamps over three streets."
    }
    for said in made:
        assert said is not None
        kept = [part for part in ("It dims ", "% of ", " lamps over three streets.") if part in said]
        assert len(kept) == 3
        assert ("27.5%" in said) != (" 340 " in said)  # one of them, never both


@pytest.mark.parametrize(
    "claim", ["It costs 5.", "It has 1 lamp.", "It has 0 lamps.", "It is 0.5 wide.", "All 1,250,000 scenes."]
)
def test_small_and_large_numbers_change_too(claim: str) -> None:
    assert all(mutations.number(claim, rng) not in (claim, None) for rng in SEEDS)


def test_a_name_of_another_paper_takes_the_place_of_one_whole_name() -> None:
    claim = "LanternNet and LanternNets shine in Ghent."
    assert {mutations.name(claim, ["GPT-4"], rng) for rng in SEEDS} == {
        "GPT-4 and LanternNets shine in Ghent.",
        "LanternNet and GPT-4 shine in Ghent.",
        "LanternNet and LanternNets shine in GPT-4.",
    }


@pytest.mark.parametrize(
    ("claim", "negated"),
    [
        ("It is dim.", "It is not dim."),
        ("It can dim and is cheap.", "It can not dim and is cheap."),
        ("It outperforms lamps.", "It does not outperform lamps."),
        ("It does not dim lamps.", "It does dim lamps."),
        ("It is not dim and is not cheap.", "It is dim and is not cheap."),
    ],
)
def test_one_verb_is_negated_or_one_negation_taken_away(claim: str, negated: str) -> None:
    assert mutations.negation(claim, Random(0)) == negated


def test_one_direction_is_turned_at_a_time() -> None:
    made = {mutations.direction("It increases light and exceeds lamps.", rng) for rng in SEEDS}
    assert made == {"It decreases light and exceeds lamps.", "It increases light and falls below lamps."}


def test_where_there_is_nothing_to_change_nothing_is_made() -> None:
    rng = Random(0)
    assert mutations.number("It dims three lamps of GPT-4.", rng) is None
    assert mutations.name("It dims lamps.", ["GPT-4"], rng) is None
    assert mutations.name("LanternNet dims lamps.", [], rng) is None
    assert mutations.name("See https://example.org/LanternNet for it.", ["GPT-4"], rng) is None
    assert mutations.negation("We dim lamps.", rng) is None
    assert mutations.direction("We dim lamps.", rng) is None


@given(st.text(max_size=60), st.integers(0, 9))
@example("not", 0)
def test_the_same_seed_makes_the_same_claim_and_never_the_one_it_was_made_of(claim: str, seed: int) -> None:
    for make in (mutations.number, mutations.negation, mutations.direction):
        assert make(claim, Random(seed)) == make(claim, Random(seed)) != claim


# -- what the check catches -----------------------------------------------------------------------------------------------


def rows(out: str) -> dict[str, list[tuple[int, float, float, float]]]:
    """The rows of the printed tables by kind of false claim: how many, caught, kept, balanced accuracy, a tuple per table."""
    found: dict[str, list[tuple[int, float, float, float]]] = {}
    for line in out.splitlines():
        *kind, n, caught, kept, balanced, interval = line.split() if len(line.split()) > 5 else [""] * 6
        if n.isdigit() and interval.startswith("±0."):
            found.setdefault(" ".join(kind), []).append((int(n), float(caught), float(kept), float(balanced)))
    return found


@pytest.mark.parametrize(
    ("claim", "changed"),
    [
        ("It takes 3.5 hours.", {"It takes 3.5 days."}),
        ("It cuts use by 27.5%.", {"It cuts use by 27.5 times."}),
        ("A model of 7B parameters.", {"A model of 7M parameters."}),
        ("It reads 3 million pages.", {"It reads 3 billion pages."}),
        ("It dims 340 lamps.", {None}),
    ],
)
def test_a_unit_is_exchanged(claim: str, changed: set[str | None]) -> None:
    assert {mutations.unit(claim, rng) for rng in SEEDS} == changed


@pytest.mark.parametrize(
    ("claim", "changed"),
    [
        ("It dims 9 rooms.", {"It dims ten rooms.", "It dims eleven rooms.", "It dims twelve rooms."}),
        (
            "It wins in 48% of rooms.",
            {f"It wins in {f} of rooms." for f in ("a tenth", "a quarter", "a third", "two thirds", "nine tenths")},
        ),
        ("It dims 340 lamps.", {None}),
    ],
)
def test_a_figure_in_digits_is_exchanged_for_a_wrong_one_in_words(claim: str, changed: set[str | None]) -> None:
    assert {mutations.spelled(claim, rng) for rng in SEEDS} == changed


@pytest.mark.parametrize(
    ("claim", "stronger"),
    [
        ("It often dims some lamps.", "It always dims some lamps."),
        ("Lamps may hum.", "Lamps will always hum."),
        ("LanternNet reduces light.", "LanternNet always reduces light."),
        ("Lamps.", None),
    ],
)
def test_a_claim_is_made_to_say_more(claim: str, stronger: str | None) -> None:
    assert mutations.overclaim(claim, Random(0)) == stronger


@pytest.fixture
def ready(model_home: Path, embedder: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedder's graph is built, and RAG_HOME names it."""
    monkeypatch.setenv("RAG_HOME", str(model_home))


def pairs(*labelled: tuple[str, str]) -> str:
    told = "LanternNet dims 340 lamps by learning from footsteps."
    records = [{"claim": said, "evidence": told, "label": label, "title": "LanternNet"} for said, label in labelled]
    Path("pairs.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records) + "\n")
    return "pairs.jsonl"


@pytest.mark.usefixtures("ready")
def test_pairs_of_ones_own_are_measured_by_kind(capsys: pytest.CaptureFixture[str]) -> None:
    file = pairs(
        ("LanternNet dims 340 lamps.", "SUPPORT"),
        ("Whales sing at night in the sea.", "true"),  # labelled so, whatever the check makes of it
        ("LanternNet dims 350 lamps.", "CONTRADICT"),
        ("LanternNet learns from footsteps.", "CONTRADICT"),
        ("Orchards freeze.", "no evidence"),
    )
    assert main(["calibrate", "--pairs", file]) == 0
    out = capsys.readouterr().out
    assert "pairs.jsonl: 2 true claims, 0.500 found supported" in out
    table = rows(out)
    assert table["contradict"] == [(2, 0.5, 0.5, 0.5)]
    assert table["no evidence"] == [(1, 1.0, 0.5, 0.75)]
    assert table["all of these"] == [(3, 0.667, 0.5, 0.583)]


@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize("content", ["{oops", "[]", '{"claim": "x"}', '{"claim": "x", "label": "SUPPORT"}', "\x00"])
def test_pairs_that_cannot_be_read_are_told_in_one_sentence(content: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("pairs.jsonl").write_text(content)
    assert main(["calibrate", "--pairs", "pairs.jsonl"]) == 2
    out, err = capsys.readouterr()
    assert "pairs.jsonl" in err
    assert "JSONL of claim, evidence and label" in err
    assert (out, err.count("\n")) == ("", 1)


@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize("label", ["SUPPORT", "CONTRADICT"])
def test_pairs_of_one_side_only_measure_nothing(label: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calibrate", "--pairs", pairs(("Lamps dim.", label), ("Lamps hum.", label))]) == 2
    assert "must have true and false claims" in capsys.readouterr().err


@pytest.mark.usefixtures("ready")
def test_a_missing_file_of_pairs_and_a_missing_folder_of_scifact_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    for option in (["--pairs"], ["--published", "scifact"]):
        assert main(["calibrate", *option, "nosuch"]) == 2
        out, err = capsys.readouterr()
        assert "nosuch" in err
        assert (out, err.count("\n")) == ("", 1)


KINDS_OF_FALSE = (
    *("neighbour cited", "another paper's claim", "number changed", "name swapped", "plain word as a name"),
    *("wrong figure in words", "unit changed", "negated", "direction turned", "overclaimed"),
)


MOST = 120


@pytest.fixture(scope="module")
def calibrated(model_home: Path, embedder: object) -> str:
    """What the command prints of MOST claims of the starter corpus. It takes a minute, so the tests share one run."""
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed):
        patch.setenv("RAG_HOME", str(model_home))
        assert main(["calibrate", "--most", str(MOST)]) == 0
    return printed.getvalue()


def test_the_starter_corpus_is_measured_in_halves_by_kind_of_false_claim(calibrated: str) -> None:
    assert calibrated.index("for choosing thresholds") < calibrated.index("held back")
    table = rows(calibrated)
    assert set(table) == {*KINDS_OF_FALSE, "all of these"}
    assert sum(n for n, *_ in table["neighbour cited"]) == MOST
    for half, (n, *_) in enumerate(table["all of these"]):
        assert n == sum(table[kind][half][0] for kind in KINDS_OF_FALSE)
    assert calibrated.count("miscited and the right source named") == calibrated.count("by probability alone") == 2


def test_the_check_catches_what_it_is_meant_to_and_keeps_what_is_true(calibrated: str) -> None:
    table = rows(calibrated)
    caught = {kind: sum(n * share for n, share, *_ in of) / sum(n for n, *_ in of) for kind, of in table.items()}
    kept = sum(n * share for n, _, share, _ in table["neighbour cited"]) / MOST  # one such claim is made of each true one
    assert kept >= 0.95
    assert {kind: caught[kind] for kind in ("number changed", "name swapped", "neighbour cited") if caught[kind] < 0.9} == {}


@pytest.mark.usefixtures("ready")
def test_claims_of_scifact_without_evidence_are_told_from_supported_ones(capsys: pytest.CaptureFixture[str]) -> None:
    folder = SHARED / "bench" / "scifact"
    if not folder.is_dir():
        pytest.skip("SciFact is not beside this checkout (../shared/bench/scifact)")
    mine = Path("scifact")
    mine.mkdir()
    (mine / "corpus.jsonl").symlink_to(folder / "corpus.jsonl")
    dev = [line for line in (folder / "claims_dev.jsonl").read_text("utf-8").splitlines() if '"CONTRADICT"' not in line]
    (mine / "claims_dev.jsonl").write_text("\n".join(dev), "utf-8")  # only the two kinds that are told apart here
    (mine / "claims_train.jsonl").write_text("\n".join(dev[:10]), "utf-8")  # train is not for tests
    assert main(["calibrate", "--published", "scifact", "scifact"]) == 0
    n, caught, kept, balanced = rows(capsys.readouterr().out)["no evidence"][-1]
    assert n > 100
    assert balanced >= 0.68, (caught, kept)  # 0.714 as measured; 0.762 when the check marked two of three honest sentences
