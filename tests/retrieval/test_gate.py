from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.factories import hit, paper

from evals import case_files
from rag.assistant import Assistant
from rag.index import generations
from rag.index.lexical import LexicalIndex
from rag.index.minilm import MiniLM
from rag.retrieval import gate
from rag.retrieval.gate import Decision

Judge = Callable[[str], Decision]


@pytest.fixture(scope="module")
def lexical(starter_home: Path, embedder: MiniLM) -> LexicalIndex:
    opened = generations.open_live(starter_home, generations.fingerprint(embedder))
    assert opened is not None
    return opened.lexical


@pytest.fixture(scope="module")
def judge(assistant: Assistant, lexical: LexicalIndex) -> Judge:
    return lambda question: gate.judge(question, assistant.search(question), lexical, details=True)


@pytest.mark.parametrize("case", [c for c in case_files.load() if c.kind == "far_off"], ids=lambda c: c.id)
def test_far_off_questions_are_refused(case: case_files.Case, judge: Judge) -> None:
    assert judge(case.question).reason is not None


@pytest.mark.parametrize(
    ("question", "missing"),
    [
        ("What does ZorbleNet-7 do?", ("ZorbleNet-7",)),
        ("How do QuuxFormer and BlargBERT differ in the kitchen?", ("QuuxFormer", "BlargBERT")),
        ("When was the iPhone 4S sold?", ("iPhone", "4S")),
        ("What is Mamba-7?", ("Mamba-7",)),
        ("How does GPT-9 work?", ("GPT-9",)),
    ],
)
def test_names_that_no_abstract_has_are_named_in_the_refusal(question: str, missing: tuple[str, ...], judge: Judge) -> None:
    verdict = judge(question)
    assert verdict.missing == missing
    assert verdict.reason is not None
    assert all(name in verdict.reason for name in missing)


def test_a_name_that_is_missing_beside_one_that_is_known_does_not_refuse(judge: Judge) -> None:
    verdict = judge("Does GraphSAINT beat ZorbleNet on large graphs?")
    assert verdict == Decision(None, ("ZorbleNet",))


def test_hardly_an_answerable_question_is_refused(judge: Judge) -> None:
    asked = [c for c in case_files.load() if c.answerable and not c.history]
    refused = {c.id: v.reason for c in asked if (v := judge(c.question)).reason is not None}
    assert len(asked) > 140
    assert len(refused) <= 0.03 * len(asked), refused


def test_most_methods_that_no_abstract_tells_of_and_half_of_the_details_are_refused(judge: Judge) -> None:
    for kind, least in (("absent_method", 0.6), ("absent_detail", 0.45)):
        asked = [c for c in case_files.load() if c.kind == kind]
        assert sum(judge(c.question).reason is not None for c in asked) >= least * len(asked), kind


@pytest.mark.parametrize(
    ("question", "detail"),
    [
        ("How many parameters does GraphSAINT have?", "parameters"),
        ("under which licence was GraphSAINT released?", "licence"),
    ],
)
def test_a_detail_that_the_paper_does_not_give_is_named(
    question: str, detail: str, assistant: Assistant, lexical: LexicalIndex
) -> None:
    hits = assistant.search(question)
    verdict = gate.judge(question, hits, lexical, details=True)
    assert verdict.reason == f"The abstracts on this subject do not give: {detail}."
    assert gate.judge(question, hits, lexical).reason is None, "a model tells by itself"


def test_what_no_abstract_tells_of_is_not_defined(judge: Judge) -> None:
    assert judge("What is elastic weight consolidation?").reason == "No abstract mentions elastic weight consolidation."
    assert judge("What is Ghost Batch Normalization?").reason is None


def test_names_are_known_whatever_their_case_and_hyphens(lexical: LexicalIndex) -> None:
    verdict = gate.judge("Is GRAPHSAINT or cifar-10 there, or ResNet-50?", [hit(paper(), dense=0.6)], lexical)
    assert verdict == Decision(None)


def test_no_hits_are_refused_with_the_filters_named_as_the_likely_cause(lexical: LexicalIndex) -> None:
    verdict = gate.judge("How does GraphSAINT work?", [], lexical)
    assert verdict.reason == "No paper passes the filters, or the library is empty."


@pytest.mark.parametrize(
    ("cosine", "passes"), [(gate.MIN_COSINE_OF_BEST_CHUNK - 0.01, False), (gate.MIN_COSINE_OF_BEST_CHUNK, True)]
)
def test_the_nearest_chunk_decides(cosine: float, passes: bool, lexical: LexicalIndex) -> None:
    hits = [hit(paper("a"), dense=-0.2), hit(paper("b"), dense=cosine)]
    assert (gate.judge("why were the lamps sold?", hits, lexical).reason is None) is passes


def test_a_question_that_the_ranker_finds_answered_is_not_too_far(lexical: LexicalIndex) -> None:
    hits = [hit(paper(), dense=0.1)]
    assert gate.judge("how much did the energy used in Ghent fall?", hits, lexical, details=True).reason is None
    assert gate.judge("how much did the rent asked in Ghent fall?", hits, lexical, details=True).reason is not None


def test_a_missing_name_beside_a_known_one_passes_when_the_ranker_finds_an_answer(lexical: LexicalIndex) -> None:
    hits = [hit(paper(authors=("Ada Brown",)), dense=0.5)]
    assert gate.judge("What do the lamps of Brown and Zorbel learn from?", hits, lexical).reason is None
    refused = gate.judge("What do the lamps of Zorbel learn from?", hits, lexical)
    assert refused == Decision("No abstract mentions Zorbel.", ("Zorbel",))


def test_an_unknown_name_does_not_refuse_when_the_paper_is_clearly_meant(lexical: LexicalIndex) -> None:
    clear = gate.judge("How does ZorbleNet dim lamps?", [hit(paper(), gate.MIN_SCORE_OF_NAMED_PAPER)], lexical)
    less = gate.judge("How does ZorbleNet dim lamps?", [hit(paper(), gate.MIN_SCORE_OF_NAMED_PAPER - 0.1)], lexical)
    rare = gate.judge("How does ZorbleNet dim lamps?", [hit(paper(), gate.MIN_SCORE_OF_NAMED_PAPER, dense=0.35)], lexical)
    assert clear == Decision(None, ("ZorbleNet",))
    assert rare.reason == "No abstract mentions ZorbleNet.", "a rare word alone gives a high score"
    assert less.reason == "No abstract mentions ZorbleNet."


def test_the_questions_own_words_in_one_paper_make_up_for_a_low_cosine(lexical: LexicalIndex) -> None:
    hits = [hit(paper("Layer sampling", "The neighbor explosion of minibatches is avoided."), dense=0.2)]
    assert gate.judge("Why is neighbor explosion avoided?", hits, lexical).reason is None
    assert gate.judge("Why is nuclear explosion dreaded?", hits, lexical).reason is not None


def test_a_known_name_is_enough_in_any_language(judge: Judge) -> None:
    assert judge("GraphSAINT 如何构建小批量？").reason is None


SHOTS = paper(
    "The Hot Hand",
    "Players believe in streaks. Hits after hits are no likelier than after misses.",
    authors=("Thomas Gilovich",),
)


@pytest.mark.parametrize(
    "question",
    [
        "What do Gilovich and co-authors say of hits after hits?",
        "OK folks, the Lakers won with LeBron last night. Are hits after hits likelier?",
        "ARE HITS AFTER HITS LIKELIER THAN AFTER MISSES IN BASKETBALL BY LUCK OR SKILL?",
        "Sind Treffer nach Hits wahrscheinlicher, und was ist mit den Spielern und Misses?",
    ],
)
def test_authors_the_talk_round_a_question_shouting_and_german_nouns_are_no_missing_names(
    question: str, lexical: LexicalIndex
) -> None:
    assert gate.judge(question, [hit(SHOTS, 8.0)], lexical).missing == ()


def test_a_name_in_the_sentence_that_asks_is_missing_still(lexical: LexicalIndex) -> None:
    decision = gate.judge("Good morning. Does ZorbleNet-7 hit after hits?", [hit(SHOTS, 8.0)], lexical)
    assert decision.missing == ("ZorbleNet-7",)


DENYING = paper("LIMO", "LIMO tunes a large model on 1,000 prompts, without any reinforcement learning. It answers well.")


def test_an_abstract_that_denies_a_detail_answers(lexical: LexicalIndex) -> None:
    asked = "Which reinforcement learning algorithm did LIMO apply after it tuned a large model on prompts?"
    plain = paper("LIMO", "LIMO tunes a large model on 1,000 prompts. It answers well.")
    assert gate.judge(asked, [hit(DENYING, 9.0)], lexical, details=True).reason is None
    assert gate.judge(asked, [hit(plain, 9.0)], lexical, details=True).reason is not None


def test_another_paper_does_not_give_the_detail_of_the_one_that_is_named(judge: Judge) -> None:
    assert judge("Which learning rate does GraphSAINT use?").reason is not None
    assert judge("Which F1 score does GraphSAINT reach on PPI?").reason is None


def test_chosen_papers_are_quoted_where_found_ones_would_not_be(lexical: LexicalIndex) -> None:
    sized = hit(
        paper("Llama of the Andes", "It carries loads. It has 345 million parameters. It was grown in Lima."), dense=0.2
    )
    asked = "How many parameters does the model have?"
    assert gate.judge(asked, [sized], lexical, details=True, selected=True).reason is None
    assert gate.judge(asked, [sized], lexical, details=True).reason is not None


def test_a_list_is_not_judged_by_what_one_abstract_answers(judge: Judge) -> None:
    assert judge("Which papers train graph networks on sampled subgraphs?").reason is None
