"""Claims with the abstract that each of them cites, written and judged by others: published sets, and files of your own.

A published set is read from the files that its authors publish, as they are: none comes with this package. SciFact's training
claims are used to fit the check. Of the other sets nothing is, so they tell how it does on claims of a kind that it never met.

SciFact: Wadden et al. 2020 (arXiv 2004.14974). FEVER-symmetric: Schuster et al. 2019 (arXiv 1908.05267). Check-COVID: Wang et
al. 2023 (arXiv 2305.18265). SummEdits: Laban et al. 2023 (arXiv 2305.14540). AttributionBench: Li et al. 2024 (arXiv
2402.15089). HealthVer: Sarrouti et al. 2021 (Findings of EMNLP).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import UsageError
from rag.types import Paper

TRUE = "true"
_TRUE_LABELS = ("SUPPORT", "SUPPORTS", "SUPPORTED", "ATTRIBUTABLE", "TRUE", "1")


@dataclass(frozen=True, slots=True)
class Pair:
    """A claim that cites the first of `papers`. `kind` is TRUE, or says what is wrong with the claim."""

    claim: str
    papers: tuple[Paper, ...]
    kind: str
    held_back: bool = True
    origin: str = ""  # of the true claim and of the false ones made from it, to count them together


Sets = dict[str, list[Pair]]  # by the name of the split or part


def published(name: str, folder: Path) -> Sets:
    """Return the parts of the published set `name`, one of PUBLISHED, whose files are in `folder`. Raises UsageError."""
    try:
        sets = PUBLISHED[name](folder)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{name} cannot be read from {folder} ({error!r}).", "Give the folder that holds its files."
        ) from error
    for pairs in sets.values():
        _require_both(pairs, folder)
    return sets


def from_file(path: Path) -> list[Pair]:
    """Return the claims of JSON Lines with claim, evidence, label and maybe title. Raises UsageError."""
    try:
        pairs = [_pair(r["claim"], r["evidence"], r["label"], str(r.get("title", ""))) for r in _lines(path)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"The pairs in {path} cannot be read ({error!r}).", "Give JSONL of claim, evidence and label."
        ) from error
    _require_both(pairs, path)
    return pairs


def _scifact(folder: Path) -> Sets:
    corpus = {r["_id"]: r for r in _lines(folder / "corpus.jsonl")}
    return {split: _of_scifact(_lines(folder / f"claims_{split}.jsonl"), corpus, folder) for split in ("train", "dev")}


def _of_scifact(claims: Iterator[Any], corpus: dict[int, Any], folder: Path) -> list[Pair]:
    pairs = []
    for record in claims:
        judged = {doc: rationales[0]["label"] for doc, rationales in record["evidence"].items()}
        for doc, label in (judged or {str(d): "no evidence" for d in record["cited_doc_ids"]}).items():
            if doc not in corpus:
                raise UsageError(
                    f"The claims of {folder} cite {doc}, which its corpus.jsonl lacks.", "Take both from one release."
                )
            pairs.append(_pair(record["claim"], corpus[doc]["text"], label, corpus[doc]["title"]))
    return pairs


def _fever_symmetric(folder: Path) -> Sets:
    records = _lines(folder / "fever_symmetric_test.jsonl")
    return {"test": [_pair(_untokenised(r["claim"]), _untokenised(r["evidence"]), r["label"]) for r in records]}


def _check_covid(folder: Path) -> Sets:
    corpus = {r["cord_id"]: r for r in _lines(folder / "corpus.json")}
    files = sorted((folder / "test").glob("covidCheck_test_*ed.json"))  # composed and extracted
    records = [(r, corpus[r["cord_id"]]) for file in files for r in _lines(file)]
    return {"test": [_pair(r["claim"], " ".join(paper["abstract"]), r["label"], paper["title"]) for r, paper in records]}


def _summedits(folder: Path) -> Sets:
    records = json.loads((folder / "summedits_scitldr.json").read_text("utf-8"))
    return {"SciTLDR": [_pair(r["summary"], r["doc"], "true" if r["label"] else "edited") for r in records]}


def _attribution_bench(folder: Path) -> Sets:
    records = [r for r in _lines(folder / "test_ood_all_subset_balanced.jsonl") if r["references"]]
    return {"out of domain": [_pair(r["claim"], "\n".join(r["references"]), r["attribution_label"]) for r in records]}


def _healthver(folder: Path) -> Sets:
    with (folder / "healthver_test.csv").open(encoding="utf-8", newline="") as file:
        return {"test": [_pair(r["claim"], r["evidence"], r["label"]) for r in csv.DictReader(file)]}


PUBLISHED: dict[str, Callable[[Path], Sets]] = {
    "scifact": _scifact,
    "fever-symmetric": _fever_symmetric,
    "check-covid": _check_covid,
    "summedits": _summedits,
    "attributionbench": _attribution_bench,
    "healthver": _healthver,
}


def _pair(claim: str, abstract: str, label: object, title: str = "") -> Pair:
    true = str(label).upper() in _TRUE_LABELS
    return Pair(str(claim), (Paper(id="", title=title, abstract=str(abstract)),), TRUE if true else str(label).lower())


def _lines(path: Path) -> Iterator[Any]:
    return (json.loads(line) for line in path.read_text("utf-8").split("\n") if line.strip())


def _untokenised(text: str) -> str:
    """Return `text` as it is printed: "`` Wonder '' , which -LRB- 2017 -RRB- ." has the tokens of a parser."""
    for token, printed in (
        ("-LRB-", "("),
        ("-RRB-", ")"),
        ("``", '"'),
        ("''", '"'),
        ("( ", "("),
        (" )", ")"),
        (" ,", ","),
        (" .", "."),
        (" 's", "'s"),
    ):
        text = text.replace(token, printed)
    return text


def _require_both(pairs: Sequence[Pair], where: Path) -> None:
    if {p.kind == TRUE for p in pairs} != {True, False}:
        raise UsageError(f"{where} must have true and false claims.", "Label some claims SUPPORT and others not.")
