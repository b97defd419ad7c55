from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text import words
from rag.text.names import KnownNames, mentioned


@pytest.mark.parametrize(
    ("sentence", "names"),
    [
        ("We use GPT-4 and BERT.", ["GPT-4", "BERT"]),
        ("The Whisper model of OpenAI works.", ["OpenAI", "Whisper"]),
        ("GraphSAINT samples graphs, Reddit and Flickr.", ["GraphSAINT", "Reddit", "Flickr"]),
        ("Energy used in Ghent fell.", ["Ghent"]),
        ("It uses LoRA+ at W4A4 on 512x512 pictures.", ["LoRA+", "W4A4", "512x512"]),
        ("A Monte-Carlo tree of 3D maps", ["3D", "Monte-Carlo"]),
        ("BERT beats BERT.", ["BERT"]),
        ("Whisper is good. Lamps are too.", []),  # the first word of a sentence has a capital anyway
        ("It is dim, and I know it.", []),
        ("It dims 340 lamps.", []),
        ("", []),
    ],
)
def test_names_have_capitals_inside_or_digits_or_stand_inside_a_sentence(sentence: str, names: list[str]) -> None:
    assert sorted(mentioned(sentence)) == sorted(names)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("GPT-4", "GPT-4 was asked."),
        ("GPT-4", "We ask GPT4."),
        ("GPT-4", "We ask GPT 4."),
        ("GPT4", "We ask GPT-4."),
        ("GPT-4V", "We ask GPT-4 V."),
        ("GraphSAINT", "graph saint"),
        ("GraphSAINT", "Graph-SAINT"),
        ("OpenAI", "Open AI"),
        ("X-ray", "an x ray"),
    ],
)
def test_hyphens_and_spaces_make_no_other_name(name: str, told: str) -> None:
    assert name in KnownNames([told])


@pytest.mark.parametrize(("name", "told"), [("GPT-4", "gpt-4"), ("SQuAD", "squad"), ("Résumé", "résumé"), ("ghent", "GHENT")])
def test_case_makes_no_other_name(name: str, told: str) -> None:
    assert name in KnownNames([f"We use {told} here."])


@pytest.mark.parametrize(
    ("name", "told"), [("LLMs", "an LLM"), ("LLM", "two LLMs"), ("Whisper", "Whispers"), ("Transformers", "a transformer")]
)
def test_a_plural_makes_no_other_name(name: str, told: str) -> None:
    assert name in KnownNames([told])


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("LLM", "a large language model"),
        ("LLMs", "large language models"),
        ("CNN", "Convolutional Neural Networks"),
        ("MoE", "a mixture-of-experts layer"),
        ("AI", "artificial intelligence"),
    ],
)
def test_an_abbreviation_stands_for_words_with_its_initials(name: str, told: str) -> None:
    assert name in KnownNames([told])


def test_initials_are_of_neighbouring_words_of_one_text() -> None:
    assert "LLM" not in KnownNames(["a large model of a language"])
    assert "LLM" not in KnownNames(["It is large", "language model"])


@pytest.mark.parametrize(("name", "told"), [("GPT", "GPT-4"), ("GPTs", "GPT-4"), ("ResNet", "ResNet-50"), ("BRCA", "BRCA1")])
def test_the_name_of_a_family_is_known_from_its_members(name: str, told: str) -> None:
    assert name in KnownNames([f"We use {told} here."])


def test_two_letters_are_no_family() -> None:
    assert "GP" not in KnownNames(["We use GPT-4."])


@pytest.mark.parametrize(
    ("name", "told"),
    [("ImageNet-BERT", "BERT on ImageNet"), ("COVID-19", "covid 19")],
)
def test_a_name_is_known_when_all_its_parts_are(name: str, told: str) -> None:
    assert name in KnownNames([told])


def test_a_number_makes_another_name_of_its_parts() -> None:
    assert "BabyLlama-2" not in KnownNames(["Baby Llama has 2 teachers."])


def test_the_parts_of_a_name_may_stand_in_title_and_abstract() -> None:
    assert "Llama-BERT" in KnownNames(["Llama sings", "BERT hums"])


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("GPT-4", "GPT-3"),
        ("GPT-4", "GPT"),
        ("BERT", "BART"),
        ("BERT", "RoBERTa"),
        ("RoBERTa", "BERT"),
        ("ResNet-18", "ResNet-50"),
        ("ResNet-50", "ResNets"),
        ("BRCA2", "BRCA1"),
        ("GraphSAINT", "GraphSAGE"),
        ("LoRA", "QLoRA"),
        ("Llama-3", "Llama 2"),
        ("ViT-B", "ViT-L"),
        ("Mistral", "Mixtral"),
        ("W4A4", "W4A8"),
        ("AdamW", "Adam"),
        ("RNN", "convolutional neural networks"),
        ("Bruges", "Ghent"),
        ("4-bit", "8-bit"),
    ],
)
def test_a_different_name_is_not_known(name: str, told: str) -> None:
    assert name not in KnownNames([f"We use {told} here."])


def test_nothing_is_known_from_no_text() -> None:
    assert "BERT" not in KnownNames([])
    assert "BERT" not in KnownNames([""])


@given(st.text(max_size=80))
def test_a_text_knows_the_names_it_mentions(said: str) -> None:
    known = KnownNames([said])
    assert [name for name in mentioned(said) if name not in known] == []


@given(st.lists(st.sampled_from("GPT-4 ResNet-50 LoRA+ the Whisper of Ghent, LLMs and 3D maps. It".split())).map(" ".join))
def test_names_are_words_of_the_sentence_told_once(said: str) -> None:
    found = mentioned(said)
    assert len(found) == len(set(found))
    assert all(name in said for name in found)
    assert set(words.method_names(said)) <= set(found)


def test_figures_and_abbreviations_that_the_sentence_spells_out_are_no_names() -> None:
    assert mentioned("It took 20k steps at 4-bit, 75x or 1.5M of them.") == []
    assert mentioned("It counts extracellular vesicles (EVs) in MVP.") == ["MVP"]
