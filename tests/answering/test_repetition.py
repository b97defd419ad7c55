"""An answer that says the same of each source is ended; one that only sounds alike is not."""

from __future__ import annotations

from support.factories import QueueModel

from rag.answering.repetition import ended_when_repeating
from rag.events import Finish, Withdrawn
from rag.types import Prompt

PROMPT = Prompt("How?", ())
TOLD = (
    "LanternNet dims 340 lamps when nobody walks by them. It was tried for a year in two large cities. "
    "It cut the energy that the lamps take by half."
)


def heard(*reply: str | Withdrawn | Finish) -> tuple[str, Finish]:
    items = list(ended_when_repeating(QueueModel(reply).stream(PROMPT)))
    assert isinstance(items[-1], Finish)
    return "".join(item for item in items if isinstance(item, str)), items[-1]


def test_what_is_said_again_of_each_source_ends_the_answer() -> None:
    reply = [f"[{n}] LanternNet, a plan for the lamps of a whole city [{n + 1}]. {TOLD}\n" for n in range(1, 9)]
    text, finish = heard(*"".join(reply), Finish())
    assert (finish.complete, finish.reason) == (False, "the model repeated itself")
    assert text.startswith(reply[0])
    assert len(text) < 2.5 * len(reply[0])


def test_sentences_that_differ_in_a_word_and_a_summary_are_no_repetition() -> None:
    alike = [f"In town {name} the lamps were dimmed by {n} percent on all nights of it. " for n, name in enumerate("ABCDEF")]
    assert heard(*"".join(alike), Finish())[1].complete
    assert heard(TOLD, "\n\nIn short: ", TOLD[:52], Finish())[1].complete


def test_what_was_thoughts_may_be_said_again() -> None:
    assert heard(f"{TOLD}\n", Withdrawn(), f"{TOLD}\n", Finish())[1].complete


def test_marks_that_only_count_end_the_answer() -> None:
    text, finish = heard("The lamps are dimmed: ", *(f"[{n}] " for n in range(1, 160)), Finish())
    assert (finish.complete, finish.reason) == (False, "the model repeated itself")
    assert text.endswith("[25] ")
    assert heard("All say so ", *(f"[{n}]" for n in range(1, 21)), ".", Finish())[1].complete


def test_lines_of_code_may_be_alike() -> None:
    lines = [f'assert lamps(town="{name}")["measured_energy"] == pytest.approx({n})\n' for n, name in enumerate("AAAAAA")]
    assert heard(*"".join(lines), Finish())[1].complete
