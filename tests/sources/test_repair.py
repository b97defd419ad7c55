"""Texts that are sound are told from damaged ones at once, and no damage is overlooked."""

from __future__ import annotations

import ftfy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.sources import repair

# Plain text with signs of mojibake, of other scripts and of no script in between.
PIECES = st.one_of(
    st.sampled_from(
        ["kite", " ", "\n", "a", "à la", "é", "–", "’", "Ã", "Â ", "â€œ", "Ã©", "π", "ﬁ", "ｗ", "e\u0301", "&amp;"]
    ),
    st.text(max_size=4),
)


@given(st.lists(PIECES, max_size=12).map("".join))
@settings(deadline=None)
def test_what_counts_as_undamaged_is_what_the_full_repair_leaves_as_it_is(text: str) -> None:
    if repair.is_undamaged(text):
        assert ftfy.fix_text(text, uncurl_quotes=False) == text


@pytest.mark.parametrize(
    "text", ["A café’s 5 – 6 naïve boats", "R & D at 50°", "\\alpha & \\beta", "Łódź und Köln", "风筝 αβγ"]
)
def test_accents_dashes_and_other_scripts_need_no_repair(text: str) -> None:
    assert repair.is_undamaged(text)
    assert repair.text(text) == text


@pytest.mark.parametrize(
    ("damaged", "sound"),
    [
        ("A long line of plain words before a cafÃ© and a long line after it", "caf\u00e9"),
        ("Ã la carte", "à la carte"),
        ("first line\nÂ second line", "second line"),
        ("kites &amp;amp; boats", "kites & boats"),
        ("a de\ufb01nite e\u0301tude", "a definite \u00e9tude"),
        ("wide ｗｏｒｄｓ", "wide words"),
    ],
)
def test_damage_is_repaired_wherever_it_stands(damaged: str, sound: str) -> None:
    assert not repair.is_undamaged(damaged)
    assert sound in repair.text(damaged)
