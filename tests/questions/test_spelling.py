"""Misspelt words of a question are read as words that the papers have; names and words that are right are left alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.factories import paper

from rag.index.lexical import LexicalIndex
from rag.questions import spelling

SAID = "Classifier guidance steers diffusion. RoseTTAFold is fast and Mistral is small. Hallucinations of the tokenizer."


@pytest.fixture(scope="module")
def lexical(tmp_path_factory: pytest.TempPathFactory) -> LexicalIndex:
    index = LexicalIndex(Path(tmp_path_factory.mktemp("lexical")))
    with index.writing() as writer:
        writer.add(0, [paper("Guidance", SAID)])
    return index


@pytest.mark.parametrize(
    ("wrote", "meant"),
    [
        ("what is clasifier guidence?", "what is classifier guidance?"),
        ("WHAT IS CLASIFIER GUIDENCE?", "what is classifier guidance?"),
        ("adn how fsat is rosetafold", "and how fast is RoseTTAFold"),
        ("How fast is Rosetafold?", "How fast is RoseTTAFold?"),
        ("How fast is RoseTAFold?", "How fast is RoseTTAFold?"),
        ("How fast is RoseTTAoFld?", "How fast is RoseTTAFold?"),
    ],
)
def test_slips_are_read_as_what_was_meant(wrote: str, meant: str, lexical: LexicalIndex) -> None:
    mended, read = spelling.mended(wrote, lexical)
    assert mended == meant
    assert all(one.lower() in wrote.lower() and other in mended for one, other in read)
    assert read


@pytest.mark.parametrize(
    "question",
    [
        "What is classifier guidance?",
        "Who proposed mixtral?",  # another model than Mistral
        "Is MisTRal-7 small?",
        "How fast is RoseTTAFoldX?",  # perhaps another model
        "What are eggs good for when baking bacon?",
        "What did Guidanze find?",  # perhaps a person
        "ppo dpo gpt",
        "",
    ],
)
def test_words_that_are_right_or_may_be_names_stay(question: str, lexical: LexicalIndex) -> None:
    assert spelling.mended(question, lexical) == (question, ())
