from __future__ import annotations

import io
import json
import re
from collections import Counter
from contextlib import redirect_stdout
from importlib import resources
from pathlib import Path
from random import Random
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.endpoint_server import Endpoint, fails, says
from support.factories import SHARED

from evals import case_files, mutations, run_files
from evals.__main__ import main
from evals.case_files import KINDS, Case
from evals.labelled_claims import GROUPS
from evals.metrics import folded, states
from evals.run import _before as before_of
from evals.run_files import Run
from rag.errors import UsageError
from rag.sources import formats
from rag.types import Paper


def case(kind: str = "single", gold: tuple[str, ...] = ("LanternNet",), must: tuple[tuple[str, ...], ...] = ()) -> Case:
    return Case("c", kind, "dev", "How many lamps?", (), gold, must)


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
    Path("papers.jsonl").write_text(json.dumps({"title": "A", "abstract": "LanternNet dims lamps."}))
    assert main(["run", "--papers", "papers.jsonl", "--no-model"]) == 2


GOOD = {"id": "a", "kind": "single", "question": "How many lamps?"}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{oops", "it is no JSON"),
        ("[]", "it is no JSON object"),
        (json.dumps({"id": "b"}), "kind: field required"),
        (json.dumps({**GOOD, "id": 7}), "id: input should be a valid string"),
        (json.dumps({**GOOD, "id": "b", "kind": "odd"}), "kind: input should be 'single', 'numeric'"),
        (json.dumps({**GOOD, "id": "b", "golds": ["LanternNet"]}), "golds is no field of a case"),
        (json.dumps({**GOOD, "id": "b", "must_include": ["banana"]}), "must_include at 0: input should be a valid list"),
        (json.dumps({**GOOD, "id": "b", "must_include": [[]]}), "must_include at 0: list should have at least 1 item"),
        (json.dumps({**GOOD, "id": "b", "question": ""}), "question: string should have at least 1 character"),
        (json.dumps(GOOD), "the id a is that of line 1 too"),
    ],
)
def test_what_is_wrong_with_a_case_is_told_with_its_line(line: str, said: str) -> None:
    Path("mine.jsonl").write_text(f"{json.dumps(GOOD)}\n\n{line}\n")
    with pytest.raises(UsageError) as caught:
        case_files.load(Path("mine.jsonl"))
    assert caught.value.message.startswith(f"mine.jsonl has wrong cases: line 3: {said}")


def test_a_case_is_written_and_read_without_loss() -> None:
    for c in [*case_files.load(), *case_files.load(case_files.FULL)]:
        assert case_files.parse(json.loads(json.dumps(case_files.record(c)))) == c


def test_a_gold_title_that_no_paper_has_ends_it_before_anything_is_asked(
    small: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("cases.jsonl").write_text(json.dumps({**GOOD, "gold": ["GraphSAINT: Graph Sampling Inductive Learning"]}))
    assert main([*small, "--no-model"]) == 2
    said = capsys.readouterr().err
    assert (
        "a names “GraphSAINT: Graph Sampling Inductive Learning”, and the nearest is “GraphSAINT: Graph Sampling Based" in said
    )
    assert not Path("res").exists()


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


def written(path: Path) -> Run:
    [found] = path.glob("*.jsonl")
    return run_files.load(found)


def posts(server: Endpoint) -> int:
    """How often the server was asked for a reply."""
    return sum(request.path.endswith("/chat/completions") for request in server.requests)


def test_five_cases_are_asked_and_measured(small: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*small, "--no-model"]) == 0
    out = capsys.readouterr().out
    done = written(Path("res"))
    assert (done.header["mode"], done.header["papers"]) == ("extractive", ["papers.jsonl"])
    assert set(done.header["prompts_sha256"]) == {
        "advice.md",
        "answer.md",
        "condense.md",
        "rewrite.md",
        "unanswered.md",
        "verify.md",
    }
    assert [r.case for r in done.results] == case_files.load(Path("cases.jsonl"))
    by_case = {r.case.id: r for r in done.results}
    assert by_case["single-02"].measures["MRR"] == by_case["single-02"].measures["recall@5"] == (1.0, 1.0)
    assert by_case["far-01"].measures["rightly refused"] == (1.0, 1.0)
    assert not {"recall@5", "hit", "wrongly refused"} & by_case["far-01"].measures.keys()
    assert not {"supported", "cite recall", "cite precision"} & by_case["single-02"].measures.keys()  # it only quotes
    sources = (by_case["single-02"].answer or {})["sources"]
    assert sources[0]["title"].startswith("GraphSAINT")
    followed = by_case["follow-01"].answer or {}
    assert followed["standalone_question"] != followed["question"]
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line.strip()}
    assert rows["single"][0] == "2"
    assert rows["all"][0] == "5"
    assert rows["unanswerable"] == ["0", "0", "0", "1"]
    assert "5 answers, extractive" in out
    assert str(done.path) in out


def test_a_model_is_measured_and_a_stopped_run_goes_on(small: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    told = says("It samples [1]. It sings [44].")
    rewritten = says("How many examples does Promptagator need per task?")
    with Endpoint(fails(400, "out of memory"), told, told, rewritten, told, told) as server:
        Path("rag.toml").write_text(f'[models.mine]\nbase_url = "{server.url}"\nmodel = "m"\n')
        code = main([*small, "--profile", "mine", "--jobs", "1", "--prices", "1", "2"])
        out, err = capsys.readouterr()
        stopped = written(Path("res"))
        assert code == 1
        assert (stopped.header["mode"], stopped.header["model"]) == ("model", "m")
        [failed] = [r for r in stopped.results if r.error]
        assert "out of memory" in (failed.error or "")
        assert failed.case.id in err
        assert f"1 of 5 questions could not be asked. Go on with: --resume {stopped.path}" in " ".join(err.split())
        answered = [r for r in stopped.answered if "cited ok" in r.measures]
        assert [r.measures["cited ok"] for r in answered] == [(1.0, 2.0)] * 3
        assert all(r.measures["cite precision"][1] == 2 for r in answered)
        assert "4 answers, m" in out
        assert "cost: " in out
        asked = posts(server)
        assert main([*small, "--profile", "mine", "--jobs", "2", "--resume", str(stopped.path)]) == 0
        assert posts(server) == asked + 1
    done = written(Path("res"))
    assert len(done.answered) == len(done.results) == 5
    kept = {r.key: r.line() for r in stopped.answered}
    assert {r.key: r.line() for r in done.results if r.key in kept} == kept
    with pytest.raises(UsageError, match="was run with another k"):
        before_of(done.path, {**done.header, "k": 9})
    with pytest.raises(UsageError, match=r"was run with another papers\."):
        before_of(done.path, {**done.header, "papers_sha256": "0"})


def test_what_a_model_was_asked_before_is_not_asked_again(small: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [*small, "--profile", "mine", "--limit", "2", "--repeat", "2"]
    with Endpoint(says("It samples [1].")) as server:
        Path("rag.toml").write_text(f'[models.mine]\nbase_url = "{server.url}"\nmodel = "m"\n')
        assert main(arguments) == 0
        asked = posts(server)
        assert main([*arguments, "--out", "res"]) == 0
        assert posts(server) == asked
        assert main([*arguments, "--no-cache", "--out", "other"]) == 0
        assert posts(server) > asked
    first, again = sorted(Path("res").glob("*.jsonl"))
    assert sorted(r.repeat for r in run_files.load(first).results) == [1, 1, 2, 2]
    texts = [{r.key: (r.answer or {})["answer"] for r in run_files.load(path).results} for path in (first, again)]
    assert texts[0] == texts[1]


def test_limits_decide_the_exit_code_and_build_servers_get_junit(small: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    held = [*small, "--no-model", "--limit", "3", "--junit", "cases.xml", "--require"]
    assert main([*held, "MRR>=0.1", "--require", "wrongly refused<=1"]) == 0
    assert main([*held, "words<=1"]) == 1
    assert "and <= 1 is required" in capsys.readouterr().err
    suite = ElementTree.parse("cases.xml").getroot()
    assert (suite.get("tests"), len(suite.findall("testcase"))) == ("3", 3)
    with pytest.raises(SystemExit):
        main([*held, "banana>=1"])


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
    """The rows of the printed tables by kind: how many, the share and its interval, a tuple per table."""
    found: dict[str, list[tuple[int, float, float, float]]] = {}
    for line in out.splitlines():
        if row := re.fullmatch(r"(\S.*?) +(\d+) +(0\.\d+|1\.000) +(\d\.\d+) to (\d\.\d+) +\d\.\d+", line):
            kind, n, *figures = row.groups()
            share, low, high = map(float, figures)
            found.setdefault(kind, []).append((int(n), share, low, high))
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
    assert "pairs.jsonl: 2 honest claims, 3 false ones" in out
    table = rows(out)
    assert [(n, share) for n, share, *_ in table["all"]] == [(2, 0.5), (3, 0.667)]
    assert [(n, share) for n, share, *_ in table["contradict"] + table["no evidence"]] == [(2, 0.5), (1, 1.0)]
    assert all(low <= share <= high for of in table.values() for _, share, low, high in of)
    assert "balanced accuracy: 0.583 (" in out


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


def test_labelled_answers_and_claims_of_the_corpus_have_the_same_table_in_halves(calibrated: str) -> None:
    titles = re.findall(r"^(.+?): \d+ honest claims, \d+ false ones$", calibrated, re.MULTILINE)
    assert titles == [
        *("Labelled answers, dev", "Labelled answers, test"),
        *("Claims of the corpus, for choosing thresholds", "Claims of the corpus, held back"),
    ]
    table = rows(calibrated)
    assert {*KINDS_OF_FALSE, *GROUPS, "plain"} <= set(table)
    assert sum(n for n, *_ in table["neighbour cited"]) == MOST
    honest, false = table["all"][4::2], table["all"][5::2]
    assert sum(n for n, *_ in honest) == MOST
    for half, (n, *_) in enumerate(false):
        assert n == sum(table[kind][-2:][half][0] for kind in KINDS_OF_FALSE)  # some kinds are of the labelled answers, too
    assert calibrated.count("balanced accuracy") == 4
    assert calibrated.count("miscited and the right source named") == calibrated.count("by probability alone") == 2


def test_the_check_catches_what_it_is_meant_to_and_keeps_what_is_true(calibrated: str) -> None:
    table = rows(calibrated)
    caught = {kind: sum(n * share for n, share, *_ in of) / sum(n for n, *_ in of) for kind, of in table.items()}
    marked = sum(n * share for n, share, *_ in table["all"][4::2]) / MOST
    assert marked <= 0.05
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
    out = capsys.readouterr().out
    balanced = float(re.findall(r"balanced accuracy: (\S+)", out)[-1])
    assert int(re.findall(r"(\d+) false ones", out)[-1]) > 100
    assert balanced >= 0.68  # 0.714 as measured; 0.762 when the check marked two of three honest sentences
