"""What a question wants of the records is read whatever its wording, and a question about contents is left alone."""

from __future__ import annotations

from typing import Any

import pytest

from evals import case_files
from rag.collection import meaning, wording
from rag.collection.query import Query

# Written for this test, in other words than those that the reader learned from.
READ = [
    ("who's behind the tundra methane paper?", {"want": "authors", "title": "tundra methane"}),
    ("do you happen to know when the study on honeybee waggle dances appeared", {"want": "date"}),
    ("Which university does the gravel road erosion paper come from?", {"want": "organisation"}),
    ("what is the freshest paper on coral bleaching that you have", {"want": "newest", "about": "coral bleaching"}),
    ("Everything by Ingrid Solberg from 2021, please.", {"author": "Ingrid Solberg", "since": "2021", "until": "2021"}),
    ("with whom has Kwame Mensah published?", {"want": "coauthors", "author": "Kwame Mensah"}),
    ("who has the most papers in here", {"want": "by_author"}),
    ("Which institutions do the papers come from, and how many has each?", {"want": "by_organisation"}),
    ("how many papers per year on malaria vaccines, roughly", {"want": "by_year", "about": "malaria vaccines"}),
    ("the paper with the longest list of authors?", {"want": "most_authors"}),
    ("how often was the lantern fish paper cited", {"want": "untold"}),
]
CONTENT = [
    "How many participants did the sleep study have?",
    "who benefits most from remote work?",
    "Which papers propose a method that needs no labels?",
    "When does early stopping fail?",
    "What do the authors conclude about sugar taxes?",
    "papers on robust regression",
    "In which year did the cholera outbreak peak?",
    "How has maternal mortality changed since 2005?",
    "Where is beam search used?",
    "What licence does the code have?",
    "How many papers did the systematic review on yoga screen?",
]


@pytest.mark.parametrize(("question", "fields"), READ)
def test_what_is_wanted_and_of_which_papers_is_read(question: str, fields: dict[str, Any]) -> None:
    query = meaning.query(question)
    assert query is not None
    assert {name: getattr(query, name) for name in fields} == fields


@pytest.mark.parametrize("question", CONTENT)
def test_a_question_about_contents_is_left_to_retrieval(question: str) -> None:
    assert meaning.query(question) is None


def test_of_the_bundled_cases_about_contents_hardly_any_is_taken_for_one_about_records() -> None:
    cases = [*case_files.load(split="dev"), *case_files.load(case_files.FULL, "dev")]
    alone = [case for case in cases if case.kind != "collection" and case.answerable and not case.history]
    taken = [case.question for case in alone if meaning.query(case.question)]
    assert len(taken) <= 0.01 * len(alone), taken


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("since 2021", {"since": "2021"}),
        ("from March 2023 onwards", {"since": "2023-03"}),
        ("2023", {"since": "2023", "until": "2023"}),
        ("between 2019 and 2021", {"since": "2019", "until": "2021"}),
        ("after 2020", {"since": "2021"}),
        ("older than 2020", {"until": "2019"}),
        ("up to 2020-05", {"until": "2020-05"}),
        ("the first half of 2023", {"since": "2023-01", "until": "2023-06"}),
        ("the last two years", {"months": 24}),
        ("recent", {"months": 3}),
        ("spring 2023", None),  # which months are that?
        ("2023-13", None),
        ("a while ago", None),
    ],
)
def test_the_words_of_a_date_are_read_whole_or_not_at_all(text: str, fields: dict[str, Any] | None) -> None:
    assert meaning.when(text) == fields


def test_what_papers_must_not_have_leaves_a_question_to_retrieval() -> None:
    assert meaning.query("What is the overall number of papers that do not mention LoRA?") is None


def test_papers_are_chosen_by_what_their_records_lack() -> None:
    query = meaning.query("which papers have no date?")
    assert query is not None
    assert (query.want, query.lacking) == ("list", "date")


def test_slots_are_whole_words_of_the_question() -> None:
    question = "Did Aurélie Dupont-Moretti write anything on phytoplankton?"
    slots = wording.read(question).slots
    assert all(f" {text}" in question for texts in slots.values() for text in texts)
    assert slots["author"] == ("Aurélie Dupont-Moretti",)


def test_a_topic_alone_is_no_query() -> None:
    assert meaning.query("graph neural networks") is None
    assert meaning.query("") is None
    assert Query("list") != meaning.query("?")


@pytest.mark.parametrize(
    ("question", "wants"),
    [
        ("Who wrote it?", ("authors",)),
        ("ok, and who are the authors?", ("authors",)),
        ("When was the paper published?", ("date",)),
        ("Who wrote it, and when?", ("authors", "date")),
        ("when did it come out, and who wrote it?", ("authors", "date")),
        ("Who wrote GraphSAINT?", ()),
        ("when was it trained?", ()),
    ],
)
def test_what_is_asked_of_the_one_paper_before(question: str, wants: tuple[str, ...]) -> None:
    assert meaning.of_paper(question) == wants


def test_numbers_of_two_years_that_are_compared_are_told_by_year() -> None:
    query = meaning.query("compare the number of papers from 2020 and 2023")
    assert query is not None
    assert (query.want, query.since, query.until) == ("by_year", "2020", "2023")
