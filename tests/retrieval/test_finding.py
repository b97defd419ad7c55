"""What words find in the library: papers that are about them, and nothing for words without meaning."""

from __future__ import annotations

import random

from evals import case_files
from rag.assistant import Assistant
from rag.retrieval import finding
from rag.types import Filters

_CONSONANTS, _VOWELS = "bcdfgklmnprstvz", "aeiou"


def invented(words: int, drawn: random.Random) -> str:
    """Words that can be spoken and mean nothing."""
    return " ".join(
        "".join(drawn.choice(_CONSONANTS) + drawn.choice(_VOWELS) for _ in range(drawn.randint(3, 4))) for _ in range(words)
    )


def test_questions_that_have_an_answer_find_papers_and_words_without_meaning_find_none(assistant: Assistant) -> None:
    cases = [case for case in case_files.load(split="dev") if case.answerable and case.gold][:30]
    found = [set(assistant.find(case.question)) for case in cases]
    assert sum(map(bool, found)) >= 29
    gold = [case.gold_ids & ids for case, ids in zip(cases, found, strict=True)]
    assert sum(map(bool, gold)) >= 27
    drawn = random.Random(3)
    nothing = [assistant.find(invented(n, drawn)) for n in (1, 2, 3) * 10]
    assert sum(map(bool, nothing)) <= 2


def test_what_has_no_words_finds_nothing(assistant: Assistant) -> None:
    assert assistant.find("!!! ???") == []
    assert assistant.find("asdf qwerty") == []


def test_all_papers_with_the_words_are_found_the_nearest_first_and_each_once(assistant: Assistant) -> None:
    found = assistant.find("models")
    having = {
        paper.id for paper in assistant.library.papers().values() if "models" in f"{paper.title} {paper.abstract}".lower()
    }
    assert len(having) > finding.MAX_RANKED_PAPERS
    assert having <= set(found)
    assert len(found) == len(set(found))
    assert assistant.library.papers(found[:1])[found[0]].title in {hit.paper.title for hit in assistant.search("models", 3)}


def test_filters_hold_for_what_is_found(assistant: Assistant) -> None:
    passing = set(assistant.library.matching(Filters(since="2024", until="2024")))
    found = assistant.find("networks", Filters(since="2024", until="2024"))
    assert found
    assert set(found) <= passing


def test_a_topic_that_no_paper_has_the_words_of_has_near_papers(assistant: Assistant) -> None:
    answer = assistant.ask("What is the newest paper on giant node networks?")
    assert answer.mode == "corpus"
    assert "papers nearest in meaning" in answer.answer
    assert answer.sources
