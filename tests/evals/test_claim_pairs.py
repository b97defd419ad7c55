"""The published sets of claims are read from files in the form in which their authors publish them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evals import claim_pairs
from evals.claim_pairs import PUBLISHED, TRUE
from rag.errors import UsageError

ABSTRACT = "LanternNet dims 340 lamps by learning from footsteps."


def lines(*records: dict[str, object]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


FILES = {
    "scifact": {
        "corpus.jsonl": lines({"_id": "7", "title": "LanternNet", "text": ABSTRACT}),
        "claims_train.jsonl": lines(
            {"claim": "Lamps dim.", "evidence": {"7": [{"label": "SUPPORT"}]}, "cited_doc_ids": [7]},
            {"claim": "Lamps hum.", "evidence": {}, "cited_doc_ids": [7]},
        ),
        "claims_dev.jsonl": lines(
            {"claim": "Lamps dim.", "evidence": {"7": [{"label": "SUPPORT"}]}, "cited_doc_ids": [7]},
            {"claim": "Lamps flare.", "evidence": {"7": [{"label": "CONTRADICT"}]}, "cited_doc_ids": [7]},
        ),
    },
    "fever-symmetric": {
        "fever_symmetric_test.jsonl": lines(
            {"claim": "Lamps -LRB- old ones -RRB- dim .", "evidence": ABSTRACT, "label": "SUPPORTS"},
            {"claim": "Lamps flare .", "evidence": ABSTRACT, "label": "REFUTES"},
        )
    },
    "check-covid": {
        "corpus.json": lines({"cord_id": "c1", "title": "Masks", "abstract": ["Masks help.", "Gloves do not."]}),
        "test/covidCheck_test_composed.json": lines({"claim": "Gloves help.", "cord_id": "c1", "label": "REFUTE"}),
        "test/covidCheck_test_extracted.json": lines({"claim": "Masks help.", "cord_id": "c1", "label": "SUPPORT"}),
    },
    "summedits": {
        "summedits_scitldr.json": json.dumps(
            [{"summary": "It dims.", "doc": ABSTRACT, "label": 1}, {"summary": "It flares.", "doc": ABSTRACT, "label": 0}]
        )
    },
    "attributionbench": {
        "test_ood_all_subset_balanced.jsonl": lines(
            {"claim": "It dims.", "references": [ABSTRACT, "It hums."], "attribution_label": "attributable"},
            {"claim": "It flares.", "references": [ABSTRACT], "attribution_label": "not attributable"},
            {"claim": "It has no reference.", "references": [], "attribution_label": "attributable"},
        )
    },
    "healthver": {
        "healthver_test.csv": "id,evidence,claim,label\n1,Masks help.,Masks help,Supports\n2,Masks help.,Tea helps,Neutral\n"
    },
}


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, "utf-8")
    return folder


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_set_is_read_as_it_is_published(name: str, tmp_path: Path) -> None:
    for pairs in claim_pairs.published(name, write(tmp_path, FILES[name])).values():
        assert len(pairs) == 2
        assert sum(p.kind == TRUE for p in pairs) == 1
        assert all(p.claim and p.papers[0].abstract for p in pairs)


def test_the_parts_of_a_set_say_what_is_wrong_with_a_claim(tmp_path: Path) -> None:
    read = claim_pairs.published("scifact", write(tmp_path, FILES["scifact"]))
    assert [[p.kind for p in pairs] for pairs in read.values()] == [[TRUE, "no evidence"], [TRUE, "contradict"]]
    assert [p.papers[0].title for pairs in read.values() for p in pairs] == ["LanternNet"] * 4


def test_an_abstract_in_parts_and_several_references_are_joined(tmp_path: Path) -> None:
    [covid] = claim_pairs.published("check-covid", write(tmp_path, FILES["check-covid"])).values()
    assert {p.papers[0].abstract for p in covid} == {"Masks help. Gloves do not."}
    [attributed] = claim_pairs.published("attributionbench", write(tmp_path, FILES["attributionbench"])).values()
    assert attributed[0].papers[0].abstract == f"{ABSTRACT}\nIt hums."


def test_the_tokens_of_a_parser_are_read_as_they_are_printed(tmp_path: Path) -> None:
    [pairs] = claim_pairs.published("fever-symmetric", write(tmp_path, FILES["fever-symmetric"])).values()
    assert pairs[0].claim == "Lamps (old ones) dim."


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize("content", ["{oops", "[]", "\x00", '[{"claim": 1}]'])
def test_files_in_another_form_are_told_in_one_sentence(name: str, content: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot be read|must have true and false"):
        claim_pairs.published(name, write(tmp_path, dict.fromkeys(FILES[name], content)))
    with pytest.raises(UsageError, match=f"{name} cannot be read|must have true and false"):
        claim_pairs.published(name, tmp_path / "nosuch")


def test_a_claim_of_a_paper_that_the_corpus_lacks_is_told(tmp_path: Path) -> None:
    files = FILES["scifact"] | {"corpus.jsonl": lines({"_id": "8", "title": "Another", "text": ABSTRACT})}
    with pytest.raises(UsageError, match="cite 7, which its corpus"):
        claim_pairs.published("scifact", write(tmp_path, files))
