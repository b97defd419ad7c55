from __future__ import annotations

import json
from collections import Counter
from dataclasses import fields, replace
from pathlib import Path

import pytest
from support.factories import QueueModel

from evals import claims, fit_rule, labelled_claims
from evals.__main__ import main
from evals.labelled_claims import GROUPS, LABELS, NO_CLAIM, TRUE, LabelledClaim
from rag.checking.features import Features
from rag.errors import EndpointError, UsageError
from rag.index.embedder_cache import CachedEmbedder
from rag.index.minilm import MiniLM

BUNDLED = labelled_claims.load()
KINDS = [kind for group in GROUPS.values() for kind in group]
FORMS = {
    *("plain", "rounded", "spelled", "synthesis", "clause_marks", "double_mark", "list", "table", "yes_no", "announcement"),
    *("about_abstract", "follows", "french", "german", "chinese"),
}


@pytest.fixture(scope="module")
def dev(embedder: MiniLM) -> list[claims.Judged]:
    return claims.judge(labelled_claims.load(None, "dev"), CachedEmbedder(embedder))


def test_the_bundled_answers_have_every_label_kind_and_form_in_both_halves() -> None:
    assert sum(len(answer.claims) for answer in BUNDLED) >= 800
    assert len({answer.id for answer in BUNDLED}) == len(BUNDLED)
    for split in ("dev", "test"):
        labelled = [c for answer in BUNDLED if answer.split == split for c in answer.claims]
        assert {c.label for c in labelled} == set(LABELS)
        assert {c.form for c in labelled} == FORMS
        assert all(n >= 10 for n in Counter(c.kind for c in labelled if not c.honest).values())
        assert {c.kind for c in labelled if not c.honest} == set(KINDS)
        assert {c.kind for c in labelled if c.honest} == {None}


def test_no_abstract_is_in_both_halves() -> None:
    papers = {split: {s.paper.id for a in BUNDLED if a.split == split for s in a.sources} for split in ("dev", "test")}
    assert papers["dev"].isdisjoint(papers["test"])
    assert len(papers["dev"] | papers["test"]) >= 100


def test_labelled_sentences_stand_in_order_and_mean_words_of_the_answer() -> None:
    for answer in BUNDLED:
        ends = [0, *(c.end for c in answer.claims)]
        assert all(end <= c.start < c.end <= len(answer.answer) for end, c in zip(ends, answer.claims, strict=False))


def test_few_honest_sentences_are_marked_and_faults_with_a_trace_are_caught(dev: list[claims.Judged]) -> None:
    honest = [j for j in dev if j.claim.honest]
    assert sum(j.marked for j in honest) / len(honest) < 0.25
    assert sum(j.strongly for j in honest) / len(honest) < 0.1
    foreign = [j for j in honest if j.claim.form in labelled_claims.FOREIGN]
    assert sum(j.marked for j in foreign) / len(foreign) < 0.1
    certain = [j for j in dev if j.claim.kind in ("number_digits", "unit", "dataset", "outside_name", "citation")]
    assert sum(j.marked for j in certain) / len(certain) > 0.8
    traced = [j for j in dev if j.claim.kind in GROUPS["trace"]]
    assert sum(j.marked for j in traced) / len(traced) > 0.7


def test_the_table_counts_what_is_marked(dev: list[claims.Judged]) -> None:
    one = dev[0]
    made = [
        replace(one, claim=LabelledClaim(0, 9, TRUE, None, "plain"), verdicts=("supported",)),
        replace(one, claim=LabelledClaim(0, 9, NO_CLAIM, None, "yes_no"), verdicts=("uncited",)),
        replace(one, claim=LabelledClaim(0, 9, "contradicted", "unit", "plain"), verdicts=("supported", "miscited")),
        replace(one, claim=LabelledClaim(0, 9, "contradicted", "role", "plain"), verdicts=("unchecked",)),
        replace(one, claim=LabelledClaim(0, 9, "contradicted", "role", "german"), verdicts=("unchecked",)),
    ]
    lines = [" ".join(line.split()) for line in claims.table(made, "made")]
    assert lines[0] == "made: 2 honest claims, 2 false ones"
    cells = {" ".join(line.split()[:3]) + " " + line.split()[-1] for line in lines if len(line.split()) == 7}
    assert {"all 2 0.500 0.000", "plain 1 0.000 0.000", "yes_no 1 1.000 0.000"} <= cells
    assert {"all 2 0.500 0.500", "trace 1 1.000 1.000", "meaning 1 0.000 0.000", "unit 1 1.000 1.000"} <= cells
    assert any(line.startswith("balanced accuracy: 0.500 (") for line in lines)
    assert "answers with a false mark: 1 of 1" in lines
    assert len(list(claims.mistakes(made))) == 2


def test_a_model_that_judges_has_the_last_word_and_what_it_could_not_judge_stays(embedder: MiniLM) -> None:
    answers = [a for a in BUNDLED if len(a.sources) == 1 and all(c.label != NO_CLAIM for c in a.claims)][:2]
    every = "\n".join(f"{n} | - | not said | it" for n in range(1, 20))
    model = QueueModel(every, EndpointError("It is down.", "Start it."))
    judged = claims.judge(answers, CachedEmbedder(embedder), model)
    by_words = claims.judge(answers, CachedEmbedder(embedder))
    first = [j for j in judged if j.answer is answers[0]]
    assert all(j.by_model and j.marked for j in first)
    assert [j.verdicts for j in judged[len(first) :]] == [j.verdicts for j in by_words[len(first) :]]
    assert not any(j.by_model for j in judged[len(first) :])
    assert answers[0].question in model.prompts[0].user


def test_without_a_model_nothing_can_judge(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["claims", "--judge"]) == 2
    assert "none can judge" in capsys.readouterr().err


def test_a_claim_of_the_check_belongs_to_the_label_that_it_shares_most_text_with() -> None:
    labelled = LabelledClaim(10, 30, TRUE, None, "plain")
    assert [labelled.overlaps(*span) for span in ((10, 30), (0, 40), (12, 20), (0, 12), (29, 60), (30, 40))] == [
        *(True, True, True, False, False, False),
    ]


@pytest.mark.parametrize("line", ["{", '{"id": "x"}', json.dumps({"id": "x", "answer": "A.", "claims": [{"text": "B."}]})])
def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path, line: str) -> None:
    file = tmp_path / "own.jsonl"
    file.write_text(line, "utf-8")
    with pytest.raises(UsageError, match="cannot be read"):
        labelled_claims.load(file)


def test_the_fit_finds_which_feature_tells_true_from_false() -> None:
    blank = Features(**dict.fromkeys((field.name for field in fields(Features)), 0))
    true = [(replace(blank, coverage=share / 10), True) for share in range(4, 10)]
    false = [(replace(blank, coverage=share / 10, digits=share % 2), False) for share in range(6)]
    weights = fit_rule.fit([[*true, *false]])
    assert weights["coverage"] > 1
    assert weights["digits"] < -0.5
    assert weights["names"] == 0
