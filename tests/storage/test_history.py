"""Conversations are kept in order, by owner, between threads and processes; a damaged file is set aside."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from support.factories import answer, paper, sources

from rag.errors import LibraryError
from rag.storage.history import History, Rated
from rag.types import Answer

ME, YOU = "token-of-mine", "token-of-yours"
TESTS = Path(__file__).parents[1]


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "home")


def asked(question: str, said: str = "LanternNet dims 340 lamps [1].", **more: object) -> Answer:
    made = answer(said, id=f"id {question}", question=question, standalone_question=question)
    return replace(made, **more)  # type: ignore[arg-type]


def filled(history: History, *questions: str, owner: str = ME) -> str:
    conversation = history.new(owner)
    for question in questions:
        history.append(conversation, owner, asked(question))
    return conversation


def titles(history: History, owner: str = ME, words: str = "") -> list[str]:
    return [c.title for c in history.conversations(owner, words)]


# -- conversations -------------------------------------------------------------------------------------------------------


def test_answers_come_back_whole_and_in_order_also_to_who_opens_the_file_later(history: History) -> None:
    conversation = filled(history, "First?", "Second?")
    assert history.read(conversation, ME) == [asked("First?"), asked("Second?")]
    assert History(history.path.parent).read(conversation, ME) == [asked("First?"), asked("Second?")]


def test_the_list_has_the_newest_first_with_title_time_and_count(history: History) -> None:
    before = time.time()
    first, second = filled(history, "Lamps?"), filled(history, "Fruit?", "Frost?")
    history.new(ME)  # nothing was asked in it
    assert [(c.id, c.title, c.answers) for c in history.conversations(ME)] == [(second, "Fruit?", 2), (first, "Lamps?", 1)]
    history.append(first, ME, asked("More lamps?"))
    listed = history.conversations(ME)
    assert [(c.title, c.answers) for c in listed] == [("Lamps?", 2), ("Fruit?", 2)]
    assert before <= listed[1].changed.timestamp() <= listed[0].changed.timestamp() <= time.time()


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("How\n many  lamps?", "How many lamps?"),
        ("How many lamps does LanternNet dim in Ghent, by night, notwithstanding rain?",
         "How many lamps does LanternNet dim in Ghent, by night…"),
        ("x" * 100, "x" * 60 + "…"),
    ],
)  # fmt: skip
def test_a_title_is_the_first_question_cut_at_a_word(history: History, question: str, title: str) -> None:
    filled(history, question, "And then?")
    assert titles(history) == [title]


def test_a_conversation_can_be_named_and_be_unnamed_again(history: History) -> None:
    conversation = filled(history, "Lamps?")
    history.rename(conversation, ME, "  Street \n lighting ")
    assert titles(history) == ["Street lighting"]
    history.rename(conversation, ME, " ")
    assert titles(history) == ["Lamps?"]


def test_a_deleted_conversation_is_gone_with_its_ratings_and_no_other(history: History) -> None:
    gone, kept = filled(history, "Lamps?"), filled(history, "Fruit?")
    history.rate("id Lamps?", ME, True)
    history.rate("id Fruit?", ME, True)
    history.delete(gone, ME)
    assert titles(history) == ["Fruit?"]
    assert history.read(kept, ME)
    assert [rated.answer.question for rated in history.feedback()] == ["Fruit?"]
    with pytest.raises(LibraryError, match="not there"):
        history.append(gone, ME, asked("More?"))


def test_what_comes_after_an_answer_can_be_taken_back_and_asked_again(history: History) -> None:
    conversation = filled(history, "One?", "Two?", "Three?")
    history.take_back(conversation, ME, ["id Two?", "id Three?", "id of none"])
    history.append(conversation, ME, asked("Other?"))
    assert [a.question for a in history.read(conversation, ME)] == ["One?", "Other?"]
    history.take_back(conversation, ME, ["id One?"])
    history.append(conversation, ME, asked("Last?"))
    assert [a.question for a in history.read(conversation, ME)] == ["Other?", "Last?"]
    history.take_back(conversation, ME, ["id Other?", "id Last?"])
    assert history.conversations(ME) == []
    history.append(conversation, ME, asked("New?"))
    assert titles(history) == ["New?"]


def test_one_owner_sees_and_touches_nothing_of_another(history: History) -> None:
    mine = filled(history, "Lamps?")
    filled(history, "Fruit?", owner=YOU)
    history.rate("id Lamps?", ME, True, "good")
    assert (titles(history), titles(history, YOU), titles(history, YOU, "lamps?")) == (["Lamps?"], ["Fruit?"], [])
    attempts: list[Callable[[], object]] = [
        lambda: history.read(mine, YOU),
        lambda: history.append(mine, YOU, asked("Mine?")),
        lambda: history.rename(mine, YOU, "Yours"),
        lambda: history.delete(mine, YOU),
        lambda: history.take_back(mine, YOU, ["id Lamps?"]),
        lambda: history.ratings(mine, YOU),
        lambda: history.rate("id Lamps?", YOU, False),
        lambda: history.read("nosuch", ME),
    ]
    for attempt in attempts:
        with pytest.raises(LibraryError, match=r"is not (there|in your)"):
            attempt()
    assert history.read(mine, ME) == [asked("Lamps?")]
    assert history.ratings(mine, ME) == {"id Lamps?": (True, "good")}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("LAMPS", True),
        ("340 how", True),  # in any order, in question or answer
        ("lamps frost", True),  # in two answers of the conversation
        ("lightning", True),  # in its name
        ("tern", True),
        ("lamps whales", False),
        ("STRASSE", True),
        ("100%", True),
        ("%", True),
        ("_", False),
        ("'", False),
        ("  ", True),
        ("lamps " * 3000, True),
        (" ".join(f"word{n}" for n in range(3000)), False),
        ("\ud83d", True),  # a question mark
    ],
)
def test_words_are_searched_in_questions_answers_and_titles(history: History, words: str, found: bool) -> None:
    conversation = filled(history, "How many lamps in the Straße?")
    history.append(conversation, ME, asked("And frost?", "It dims 100% of them."))
    history.rename(conversation, ME, "Lightning")
    assert bool(history.conversations(ME, words)) is found


# -- ratings -------------------------------------------------------------------------------------------------------------


def test_a_rating_is_kept_with_the_answer_and_the_questions_before_it(history: History) -> None:
    conversation = history.new(ME)
    history.append(conversation, ME, asked("And how?", standalone_question="How does LanternNet work?"))
    history.append(conversation, ME, asked("How many?"))
    history.rate("id How many?", ME, False, " it is\n 350 ")
    assert history.ratings(conversation, ME) == {"id How many?": (False, "it is\n 350")}
    assert list(history.feedback()) == [Rated(asked("How many?"), False, "it is\n 350", ("How does LanternNet work?",))]


def test_the_last_rating_counts_and_none_takes_it_back(history: History) -> None:
    filled(history, "Lamps?")
    history.rate("id Lamps?", ME, False, "wrong")
    history.rate("id Lamps?", ME, True)
    assert [(rated.up, rated.words) for rated in history.feedback()] == [(True, "")]
    history.rate("id Lamps?", ME, None, "so so")
    assert [(rated.up, rated.words) for rated in history.feedback()] == [(None, "so so")]
    history.rate("id Lamps?", ME, None)
    assert list(history.feedback()) == []


def test_a_rating_outlives_the_answer_that_was_asked_for_again(history: History) -> None:
    conversation = filled(history, "One?", "Two?")
    history.rate("id Two?", ME, False)
    history.take_back(conversation, ME, ["id Two?"])
    history.rate("id Two?", ME, False, "not what I asked")
    assert [(r.answer.question, r.words, r.earlier) for r in history.feedback()] == [("Two?", "not what I asked", ("One?",))]


# -- the file ------------------------------------------------------------------------------------------------------------


def test_opening_five_hundred_answers_takes_a_few_times_what_their_json_does(history: History) -> None:
    papers = [paper(f"Paper {n}", f"{n} abstracts " * 100, authors=("Ada B.",) * 6) for n in range(12)]
    made = asked("Lamps?", "LanternNet dims 340 lamps [1]. " * 20, sources=tuple(sources(*papers)))
    conversation = filled(history, "Lamps?")
    record = json.dumps({"version": 1, "answer": asdict(made)})
    with closing(sqlite3.connect(history.path)) as db, db:
        rows = [(conversation, n, f"a{n}", "Lamps?", "lamps?", record) for n in range(1, 500)]
        db.executemany("INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?)", rows)
    history.read(filled(history, "Warm?"), ME)
    parsed, opened, searched = [], [], []
    for _ in range(3):
        start = time.process_time()
        assert [json.loads(record)["version"] for _ in range(500)]
        parsed.append(time.process_time() - start)
        start = time.process_time()
        assert len(history.read(conversation, ME)) == 500
        opened.append(time.process_time() - start)
        start = time.process_time()
        history.conversations(ME, "nosuch word")
        searched.append(time.process_time() - start)
    print(f"{min(parsed):.3f} s parsed, {min(opened):.3f} opened, {min(searched):.3f} searched; {len(record)} characters each")
    assert min(opened) < 8 * min(parsed)
    assert min(searched) < min(parsed)


def test_threads_lose_no_answer(history: History) -> None:
    conversation = history.new(ME)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: history.append(conversation, ME, asked(f"{n}?")), range(40)))
    assert {a.question for a in history.read(conversation, ME)} == {f"{n}?" for n in range(40)}


def test_two_processes_that_begin_one_file_lose_no_answer(tmp_path: Path) -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(TESTS)!r})\n"
        "from pathlib import Path\nfrom storage.test_history import *\n"
        "history = History(Path(sys.argv[1]))\nfor n in range(20): filled(history, f'{sys.argv[2]} {n}?')\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path), name], stderr=subprocess.PIPE) for name in "ab"]
    told = [process.communicate()[1] for process in running]
    assert told == [b"", b""]
    assert len(History(tmp_path).conversations(ME)) == 40


def spoil(path: Path, first: int = 0) -> bytes:
    """Overwrite a file from the page after `first` bytes on, as a bad disk does; return what it is then."""
    content = bytearray(path.read_bytes())
    content[first : first + 4096] = b"\xa5" * 4096
    path.write_bytes(content)
    return bytes(content)


@pytest.mark.parametrize("first", [0, 4096, 12288])
def test_a_damaged_file_is_set_aside_and_a_new_one_begun(history: History, first: int) -> None:
    filled(history, *(f"{n}?" for n in range(20)))
    spoiled = spoil(history.path, first)
    told: list[str] = []
    opened = History(history.path.parent, told.append)
    [kept] = history.path.parent.glob("history-damaged-*.sqlite")
    assert kept.read_bytes() == spoiled
    assert len(told) == 1
    assert kept.name in told[0]
    filled(opened, "New?")
    assert titles(opened) == ["New?"]
    assert History(history.path.parent, told.append).conversations(ME) == opened.conversations(ME)
    assert len(told) == 1


def test_damage_while_it_is_in_use_is_told_once_and_the_next_call_works(tmp_path: Path) -> None:
    told: list[str] = []
    history = History(tmp_path, told.append)
    filled(history, "Lamps?")
    spoil(history.path)
    with pytest.raises(LibraryError, match=r"damaged.*Begin a new conversation"):
        history.conversations(ME)
    assert len(told) == 1
    assert list(tmp_path.glob("history-damaged-*.sqlite"))
    filled(history, "New?")
    assert titles(history) == ["New?"]


def test_a_file_that_was_deleted_while_in_use_is_begun_again(history: History) -> None:
    filled(history, "Lamps?")
    history.path.unlink()
    assert history.conversations(ME) == []


def test_a_file_of_a_newer_version_is_left_alone(history: History) -> None:
    with closing(sqlite3.connect(history.path)) as db, db:
        db.execute("PRAGMA user_version = 99")
    before = history.path.read_bytes()
    with pytest.raises(LibraryError, match="newer version"):
        History(history.path.parent)
    assert history.path.read_bytes() == before


def test_a_home_that_cannot_be_written_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    with pytest.raises(LibraryError, match="RAG_HOME"):
        History(tmp_path / "home")


def test_nobody_else_on_the_machine_can_read_it(history: History) -> None:
    filled(history, "Lamps?")
    assert history.path.stat().st_mode & 0o077 == 0


def test_what_a_failed_call_began_is_taken_back(history: History) -> None:
    conversation = filled(history, "Lamps?")
    with closing(sqlite3.connect(history.path)) as db:
        db.execute("CREATE TRIGGER full BEFORE UPDATE ON conversations BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    with pytest.raises(LibraryError, match=r"disk full.*RAG_HOME"):
        history.append(conversation, ME, asked("More?"))
    assert history.read(conversation, ME) == [asked("Lamps?")]
