from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.output.terminal import TerminalText, plain

TABLE = """Look:

|  | **Lamps** [1] | **Bees: Where** [2] |
| --- | --- | --- |
| **Method** | They read \\|x\\|. Then they rest. | not said |
| Weight | 35 g | **2 mg** [2] |

The end.
"""
SHOWN = """Look:

Method
- Lamps [1]: They read |x|. Then they rest.
- Bees: Where [2]: not said

Weight
- Lamps [1]: 35 g
- Bees: Where [2]: 2 mg [2]

The end.
"""


def in_pieces(markdown: str, chars: int) -> str:
    text = TerminalText()
    return "".join(text.add(markdown[at : at + chars]) for at in range(0, len(markdown), chars)) + text.end()


def test_a_table_is_a_list_with_the_heads_of_its_columns() -> None:
    assert plain(TABLE) == SHOWN


@pytest.mark.parametrize("chars", range(1, 12))
def test_a_table_that_grows_is_printed_as_the_whole_one(chars: int) -> None:
    assert in_pieces(TABLE, chars) == SHOWN


@given(st.text("|-* \\\nab", max_size=60), st.integers(1, 5))
def test_any_text_that_grows_is_printed_as_the_whole_one_and_loses_no_letter(text: str, chars: int) -> None:
    text = text.replace("**", "*")  # a bold title is given whole
    assert in_pieces(text, chars) == plain(text)


@pytest.mark.parametrize("text", ["| no table", "| a | b |\nbut text", "| a | b |\n| c | d |\n", "x | y\n--- | ---\n"])
def test_bars_that_are_no_table_stay(text: str) -> None:
    assert plain(text) == text


def test_titles_lose_their_asterisks_and_control_characters_go() -> None:
    assert plain("**A \\* title**\n- \x1b[31mtext\n") == "A * title\n- [31mtext\n"
