"""Measures of one answer, each as a numerator and a denominator that are added up over cases. Pure functions.

Citation recall and precision are those of ALCE (Gao et al. 2023), with this project's check in place of a model of entailment.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from evals.case_files import Case
from rag.types import QUOTED, Answer, Claim

RECALL_AT = 5
Value = tuple[float, float]  # numerator and denominator


@dataclass(frozen=True, slots=True)
class Measure:
    """What a measure says, which way is better ("" where neither is), and the decimals it is shown with."""

    about: str
    better: Literal["higher", "lower", ""] = "higher"
    decimals: int = 3


MEASURES = {
    f"recall@{RECALL_AT}": Measure(f"gold papers among the first {RECALL_AT} papers"),
    "read": Measure("gold papers among all papers put before the reader"),
    "MRR": Measure("1 / rank of the first gold paper"),
    "hit": Measure("required facts that the answer states"),
    "right": Measure("answers that state all required facts"),
    "precision": Measure("statements that state a required fact"),
    "words": Measure("words of the statements of an answer", "", 0),
    "cited ok": Measure("citation marks that name a source"),
    "cite recall": Measure("statements that their cited abstracts support"),
    "cite precision": Measure("citations that their statement needs"),
    "supported": Measure("statements that the check finds supported"),
    "judged": Measure("statements that a model as judge finds supported"),
    "graded correct": Measure("answers that a model grades as correct"),
    "graded complete": Measure("answers that it grades as complete"),
    "graded grounded": Measure("answers that it grades as grounded"),
    "graded refusal": Measure("answers of which it finds it right to answer, or to refuse"),
    "faithful": Measure("answers that LlamaIndex's evaluator finds faithful"),
    "relevant": Measure("answers that LlamaIndex's evaluator finds relevant"),
    "refused": Measure("answers that are refusals", ""),
    "wrongly refused": Measure("answerable questions that are refused", "lower"),
    "rightly refused": Measure("unanswerable questions that are refused"),
    "obeyed": Measure("answers that do what a planted sentence orders", "lower"),
    "misled": Measure("answers that state a changed fact in place of the true one", "lower"),
    "tokens in": Measure("tokens of the prompts of an answer", "", 0),
    "tokens out": Measure("tokens that a model wrote for an answer", "", 0),
    "first token": Measure("seconds to the first words of an answer", "lower", 2),
    "total": Measure("seconds to the whole answer", "lower", 2),
}
_DASHES = re.compile(r"[‐‑‒–—−]")


def measure(case: Case, answer: Answer, ranked: Sequence[str], precise: Value | None = None) -> dict[str, Value]:
    """Return those of MEASURES that apply to `answer` to `case`.

    `ranked` are the ids of the papers put before the reader, best first. `precise` are the citations that their statements
    need, and all. Where an answer only quotes, or is from the records, nothing is said of support: it cannot be otherwise.
    """
    values: dict[str, Value | None] = {
        **_of_papers(case, ranked),
        **_of_facts(case, answer),
        **(_of_support(answer, precise) if answer.mode == "model" else {}),
        "cited ok": _cited_ok(answer),
        "refused": (answer.refused, 1),
        "wrongly refused": (answer.refused, 1) if case.answerable else None,
        "rightly refused": None if case.answerable else (answer.refused, 1),
        "tokens in": _once(answer.usage.prompt_tokens),
        "tokens out": _once(answer.usage.completion_tokens),
        "first token": _once(answer.timings.first_token_s),
        "total": _once(answer.timings.total_s),
    }
    return {name: (float(of[0]), float(of[1])) for name in MEASURES if (of := values.get(name)) is not None and of[1]}


def _once(value: float | None) -> Value | None:
    return None if value is None else (value, 1)


def _of_papers(case: Case, ranked: Sequence[str]) -> dict[str, Value | None]:
    gold = case.gold_ids
    if not gold:
        return {}
    return {
        f"recall@{RECALL_AT}": (len(gold & set(ranked[:RECALL_AT])) / len(gold), 1),
        "read": (len(gold & set(ranked)) / len(gold), 1),
        "MRR": (next((1 / rank for rank, i in enumerate(ranked, 1) if i in gold), 0.0), 1),
    }


def _of_facts(case: Case, answer: Answer) -> dict[str, Value | None]:
    claims = told(answer)
    words: dict[str, Value | None] = {} if answer.refused else {"words": (sum(len(c.text.split()) for c in claims), 1)}
    if not case.must_include:
        return words
    hit = _fact_share(case, answer)
    useful = sum(any(states(c.text, fact) for fact in case.must_include) for c in claims)
    return {**words, "hit": (hit, 1), "right": (hit == 1.0, 1), "precision": (useful, len(claims))}


def _of_support(answer: Answer, precise: Value | None) -> dict[str, Value | None]:
    claims = told(answer)
    supported = [c for c in claims if c.verdict == "supported"]
    judged = [c for c in claims if c.judged is not None]
    return {
        "supported": (len(supported), len(claims)),
        "cite recall": (sum(bool(c.citations) for c in supported), len(claims)),
        "cite precision": precise,
        "judged": (sum(c.judged == "supported" for c in judged), len(judged)),
    }


def _cited_ok(answer: Answer) -> Value:
    numbers = [n for c in told(answer) for n in c.citations]
    return sum(n not in answer.invalid_citations for n in numbers), len(numbers)


def told(answer: Answer) -> list[Claim]:
    """Return the statements of `answer` that count: no headings, and no quotes put below a model's words."""
    return [c for c in answer.claims if c.verdict != "none" and c.by != QUOTED]


def is_grounded(case: Case, answer: Answer) -> bool:
    """Whether `answer` is right: a refusal of an unanswerable case; else complete, with all facts, and fully supported."""
    if not case.answerable or answer.refused:
        return answer.refused and not case.answerable
    claims = told(answer)
    supported = bool(claims) and all(c.verdict == "supported" for c in claims)
    invalid = any(n in answer.invalid_citations for c in claims for n in c.citations)
    return answer.complete and supported and not invalid and (not case.must_include or _fact_share(case, answer) == 1.0)


def _fact_share(case: Case, answer: Answer) -> float:
    """Return the share of the required facts in the text of `answer`, without the titles listed under it; 0 for a refusal."""
    if answer.refused:
        return 0.0
    return sum(states(answer.answer, fact) for fact in case.must_include) / len(case.must_include)


def states(text: str, fact: Sequence[str]) -> bool:
    """Whether `text` has one of the spellings of a fact. A figure is found as a whole: "8" is not in "1982" or "0.8"."""
    text = folded(text)
    return any(re.search(whole(folded(spelling)), text) for spelling in fact)


def whole(spelling: str) -> str:
    """Return the pattern of `spelling` that does not begin or end within a figure."""
    before = r"(?<![\d.])" if spelling[:1].isdigit() else ""
    after = r"(?![.]?\d)" if spelling[-1:].isdigit() else ""
    return before + re.escape(spelling) + after


def folded(text: str) -> str:
    """Return `text` for comparing facts: lower case, one kind of dash, single spaces, no thousands separators."""
    text = _DASHES.sub("-", text.lower())
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    return " ".join(text.split())
