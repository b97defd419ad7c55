"""What a reply says is told from how it is dressed, wherever the pieces of it end."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.events import Thought, Withdrawn
from rag.text.reply import Part, ReplyText

ANSWER = "Lamps dim at night [1]. They cost 3 < 5."
THOUGHT = "Source 1 is on lamps."
HARMONY = f"<|channel|>analysis<|message|>{THOUGHT}<|end|><|start|>assistant<|channel|>final<|message|>{ANSWER}"
# Replies with the answer and the thoughts in them.
DRESSED = {
    "nothing": (ANSWER, ANSWER, ""),
    "think": (f"<think>{THOUGHT}</think>{ANSWER}", ANSWER, THOUGHT),
    "thinking": (f"\n<thinking>\n{THOUGHT}\n</thinking>\n{ANSWER}", ANSWER, THOUGHT),
    "a name space": (f"<seed:think>{THOUGHT}</seed:think>{ANSWER}", ANSWER, THOUGHT),
    "square brackets": (f"[THINK]{THOUGHT}[/THINK]{ANSWER}", ANSWER, THOUGHT),
    "triangles": (f"◁think▷{THOUGHT}◁/think▷{ANSWER}", ANSWER, THOUGHT),
    "bars": (f"<|begin_of_thought|>{THOUGHT}<|end_of_thought|>{ANSWER}", ANSWER, THOUGHT),
    "harmony": (HARMONY, ANSWER, THOUGHT),
    "harmony from its middle": (HARMONY.removeprefix("<|channel|>analysis<|message|>"), ANSWER, THOUGHT),
    "harmony bare": (f"analysis{THOUGHT}assistantfinal{ANSWER}", ANSWER, THOUGHT),
    "gemma": (f"<|channel>thought\n{THOUGHT}\n<channel|>{ANSWER}", ANSWER, THOUGHT),
    "closed only": (f"{THOUGHT}\n</think>\n\n{ANSWER}", ANSWER, THOUGHT),
    "in the middle": (f"Sure.\n<think>\n{THOUGHT}\n</think>\n{ANSWER}", f"Sure.\n\n{ANSWER}", THOUGHT),
    "not closed": (f"<think>{THOUGHT}", "", THOUGHT),
    "answer": (f"<answer>\n{ANSWER}\n</answer>", ANSWER, ""),
    "answer after thoughts": (f"<think>{THOUGHT}</think>\n<answer>{ANSWER}</answer>", ANSWER, THOUGHT),
    "a fence": (f"```markdown\n{ANSWER}\n```", ANSWER, ""),
    "a fence and more": (f"```md\n{ANSWER}\n```\nThat is all.", f"{ANSWER}\nThat is all.", ""),
    "a fence round code": (f"```\n{ANSWER}\n\n```python\nx = 1\n```\n```\n", f"{ANSWER}\n\n```python\nx = 1\n```", ""),
    "thoughts in a fence": (f"<think>{THOUGHT}</think>\n```markdown\n{ANSWER}\n```", ANSWER, THOUGHT),
    "stop signs": (f"{ANSWER}<|im_end|></s>", ANSWER, ""),
    "a call": ('<tool_call>\n{"name": "s"}\n</tool_call>', "", ""),
}
# Texts that only look so.
PLAIN = [
    "Models write <think> and </think> round their thoughts [1].",
    "The tags are `<think>` and `</think>` [1].",
    "It begins so:\n<think> is the first word and is never closed [1].",
    "```python\nprint(1)\n```\nThat prints 1 [1].",
    "[Answer] is the name of a field, as [Action] is [2].",
    "<article>A tag of another name</article>",
    "Analysis shows that [1, 2] hold.",
    "analysis of lamps shows little [1].",
    '{"want": "count"}',
    "The answer is </answer>, they say [1].",
]


def read(parts: Iterable[Part]) -> tuple[str, str]:
    """The answer and the thoughts, as a reader has them at the end."""
    text = thoughts = ""
    for part in parts:
        if isinstance(part, Withdrawn):
            text, thoughts = "", thoughts + text
        elif isinstance(part, Thought):
            thoughts += part.text
        else:
            text += part
    return text.strip(), thoughts.strip()


def in_pieces(reply: str, cuts: Iterable[int], opened: bool = False) -> tuple[tuple[str, str], bool, bool]:
    said, parts, at = ReplyText(opened=opened), [], 0
    for cut in (*sorted({cut % (len(reply) + 1) for cut in cuts}), len(reply)):
        parts += said.next(reply[at:cut])
        at = cut
    parts += said.next("", last=True)
    return read(parts), said.called, said.closed


def bare(thoughts: str) -> str:
    return "".join(thoughts.replace("`", "").split())


@pytest.mark.parametrize(("reply", "answer", "thoughts"), DRESSED.values(), ids=DRESSED)
def test_the_answer_and_the_thoughts_are_told_apart(reply: str, answer: str, thoughts: str) -> None:
    assert in_pieces(reply, [])[0] == (answer, thoughts)
    assert in_pieces(reply, range(len(reply)))[0] == (answer, thoughts)


@pytest.mark.parametrize("reply", PLAIN)
def test_an_answer_may_be_about_tags(reply: str) -> None:
    assert in_pieces(reply, []) == ((reply, ""), False, False)
    assert in_pieces(reply, range(len(reply))) == ((reply, ""), False, False)


@given(
    st.one_of(
        st.sampled_from([reply for reply, _, _ in DRESSED.values()] + PLAIN),
        st.lists(
            st.sampled_from([*"<>|[]/`\n aA", "<think>", "</think>", "<|channel|>", "<|message|>", "final", "```"]), max_size=12
        ).map("".join),
    ),
    st.lists(st.integers(0, 300), max_size=30),
    st.booleans(),
)
def test_where_the_pieces_end_makes_no_difference(reply: str, cuts: list[int], opened: bool) -> None:
    (answer, thoughts), *marks = in_pieces(reply, cuts, opened)
    (same, alike), *same_marks = in_pieces(reply, [], opened)
    assert [answer, *marks] == [same, *same_marks]
    assert bare(thoughts) == bare(alike)  # space and a fence may be taken off before they are known to be thoughts


@pytest.mark.parametrize("name", ["closed only", "think", "harmony", "a call", "a fence", "nothing", "stop signs"])
def test_thoughts_that_the_prompt_opened_end_with_the_closing_tag_or_are_the_answer(name: str) -> None:
    reply, answer, _ = DRESSED[name]
    assert in_pieces(reply, range(len(reply)), opened=True)[0][0] == answer
    assert in_pieces(reply, [], opened=True)[2] == (name == "closed only")


def test_a_call_is_noticed() -> None:
    for reply in (DRESSED["a call"][0], "[TOOL_CALLS][{}]", "<function=s>{}</function>", "<|START_ACTION|>[]<|END_ACTION|>"):
        assert in_pieces(reply, range(len(reply))) == (("", ""), True, False)


def test_an_answer_comes_while_it_is_written() -> None:
    said = ReplyText()
    assert list(said.next("Lamps dim ")) == ["Lamps dim "]
    assert list(said.next("at night")) == ["at night"]


def test_a_long_reply_takes_linear_time() -> None:
    for text in (
        "<" * 200_000,
        "[" * 200_000,
        "`" * 200_000,
        "<think>" * 30_000,
        "a </think> b\n" * 20_000,
        "\n" * 200_000,
        "<|a|> " * 30_000,
    ):
        said = ReplyText()
        for at in range(0, len(text), 1000):
            for _ in said.next(text[at : at + 1000]):
                pass
        list(said.next("", last=True))
