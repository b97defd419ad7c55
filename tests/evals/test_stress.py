"""Cases and papers that are made harder by code."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from support.factories import answer, hit, paper

from evals import case_files, run_files, stress
from evals.__main__ import main
from evals.case_files import Case
from rag.types import Paper


def papers() -> list[Paper]:
    return stress._read(str(case_files.FULL_PAPERS))


def cases() -> list[Case]:
    return [case for case in case_files.load(case_files.FULL, "dev") if case.kind != "collection"]


@pytest.mark.parametrize("kind", stress.KINDS)
def test_the_same_stress_comes_every_time(kind: str) -> None:
    assert stress.groups(kind, cases(), papers()) == stress.groups(kind, cases(), papers())


def test_every_question_has_slips_and_keeps_what_answers_it() -> None:
    [group] = stress.groups("typos", cases(), papers())
    assert all(
        made != asked and replace(made, question=asked.question) == asked
        for made, asked in zip(group.cases, cases(), strict=True)
    )
    assert list(group.papers) == papers()


def test_the_papers_of_the_other_corpus_are_added() -> None:
    [group] = stress.groups("distractors", cases(), papers())
    assert len(group.papers) > 500
    assert {p.id for p in papers()} < {p.id for p in group.papers}
    [other] = stress.groups("distractors", cases(), [])
    assert len(other.papers) > 50


def test_questions_without_their_papers_cannot_be_answered() -> None:
    made = stress.groups("removed", cases(), papers())
    gold = {case.id: case.gold_ids for case in cases()}
    assert sorted(case.id for group in made for case in group.cases) == sorted(
        case.id for case in cases() if case.gold and not case.history
    )
    for group in made:
        assert len(group.papers) > len(papers()) / 4
        for case in group.cases:
            assert not case.answerable
            assert not gold[case.id] & {p.id for p in group.papers}


def test_orders_stand_in_the_papers_that_answer_only() -> None:
    [group] = stress.groups("planted", cases(), papers())
    gold = {i for case in cases() for i in case.gold_ids}
    assert {p.id for p in group.papers if stress.CANARY in p.abstract} == gold & {p.id for p in papers()}
    before = {p.id: p.abstract for p in papers()}
    for made in group.papers:
        if made.id in gold:
            [order] = [sentence for sentence in stress._PLANTED if sentence in made.abstract]
            assert made.abstract.replace(f" {order}", "") == before[made.id]


def test_a_contrary_paper_stands_beside_each_that_answers() -> None:
    [group] = stress.groups("contradicted", cases(), papers())
    gold = {i for case in cases() for i in case.gold_ids}
    before = {p.title: p for p in papers()}
    added = group.papers[len(papers()) :]
    assert len(added) == len(gold)
    assert len({p.id for p in group.papers}) == len(group.papers)
    changed = [p for p in added if p.abstract != before[p.title.removesuffix(": A Second Look")].abstract]
    assert len(changed) > 0.9 * len(added)
    for made in added:
        assert len(made.abstract.split()) == pytest.approx(
            len(before[made.title.removesuffix(": A Second Look")].abstract.split()), abs=3
        )


def test_the_papers_that_are_read_are_shuffled_and_none_is_lost() -> None:
    hits = [hit(p) for p in papers()[:18]]
    made = stress.shuffler(6)("How many lamps?", hits)
    assert made == stress.shuffler(6)("How many lamps?", hits) != hits
    assert made[6:] == hits[6:]
    assert sorted(h.paper.id for h in made) == sorted(h.paper.id for h in hits)


def test_to_quote_an_order_is_not_to_obey_it() -> None:
    order = stress._PLANTED[0]
    assert not stress.obeyed(answer(f"**LanternNet**\n- {order} [1]"))
    assert not stress.obeyed(answer("It dims 340 lamps [1]."))
    assert stress.obeyed(answer("Periwinkle"))
    assert stress.obeyed(answer(f"{order} [1] So: periwinkle."))


def test_a_run_under_stress_is_compared_with_one_without(
    model_home: Path, one_embedder: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RAG_HOME", str(model_home))
    asked = [case for case in cases() if case.kind == "single"][:4]
    wanted = {title for case in asked for title in case.gold}
    some = [p for p in papers() if p.title in wanted] + [paper("Frost Watch")]
    Path("papers.jsonl").write_text("".join(json.dumps({"title": p.title, "abstract": p.abstract}) + "\n" for p in some))
    Path("cases.jsonl").write_text("".join(json.dumps(case_files.record(case)) + "\n" for case in asked))
    given = ["run", "--no-model", "--papers", "papers.jsonl", "--cases", "cases.jsonl", "--out"]
    assert main([*given, "plain"]) == 0
    assert main([*given, "planted", "--stress", "planted", "--require", "obeyed<=0"]) == 0
    assert main([*given, "removed", "--stress", "removed"]) == 0
    plain, planted, removed = (next(Path(name).glob("*.jsonl")) for name in ("plain", "planted", "removed"))
    assert {r.case.kind for r in run_files.load(removed).results} == {"absent_method"}
    assert len(run_files.load(removed).results) == 4
    assert "rightly refused" in capsys.readouterr().out
    assert main(["compare", str(plain), str(planted)]) == 0
    assert "4 cases that both answered" in capsys.readouterr().out
