"""British and American spelling compare as one, and each finds the other."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.factories import paper

from rag.index.lexical import LexicalIndex
from rag.text import orthography
from rag.text.words import content_words

PAIRS = [
    ("colour", "color"),
    ("behavioural", "behavioral"),
    ("neighbourhoods", "neighborhoods"),
    ("optimise", "optimize"),
    ("optimisation", "optimization"),
    ("tokeniser", "tokenizer"),
    ("analysed", "analyzed"),
    ("centre", "center"),
    ("fibres", "fibers"),
    ("labelled", "labeled"),
    ("modelling", "modeling"),
    ("catalogue", "catalog"),
    ("defence", "defense"),
    ("programme", "program"),
]


@pytest.mark.parametrize(("british", "american"), [*PAIRS, ("anaemia", "anemia"), ("oestrogen", "estrogen")])
def test_both_compare_as_one(british: str, american: str) -> None:
    assert orthography.american(british) == orthography.american(american) == american
    assert content_words(british) == content_words(american)


@pytest.mark.parametrize(("british", "american"), PAIRS)
def test_each_form_leads_to_the_other(british: str, american: str) -> None:
    assert american in orthography.other_forms(british)
    assert british in orthography.other_forms(american)


@pytest.mark.parametrize("word", ["four", "hours", "source", "course", "layer", "attention", "does", "cell", "size"])
def test_words_of_one_spelling_stay(word: str) -> None:
    assert orthography.american(word) == word


def test_a_search_finds_the_paper_in_the_other_spelling(tmp_path: Path) -> None:
    index = LexicalIndex(tmp_path)
    with index.writing() as writer:
        writer.add(0, [paper("Light", "The color of optimized programs."), paper("Dark", "The catalogue of a centre.")])
    for words, row in (("colour optimised", 0), ("catalog center", 1)):
        rows, _ = index.search(words, 5)
        assert rows.tolist() == [row]
