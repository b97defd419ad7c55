"""What a question asks, read from its words."""

from __future__ import annotations

import pytest

from rag.questions import analysis
from rag.questions.analysis import Analysis, Detail


@pytest.mark.parametrize(
    ("asked", "subject"),
    [
        ("What is GraphSAINT?", "GraphSAINT"),
        ("What's LanternNet?", "LanternNet"),
        ("Tell me about the Pile", "Pile"),
        ("define contrastive learning", "contrastive learning"),
        ("what does MoE stand for?", "MoE"),
        ("what does grokking mean?", "grokking"),
        ("explain speculative decoding to me", "speculative decoding"),
        ("so what are MX formats?", "MX formats"),
        ("What do you know about low-rank adapters?", "low-rank adapters"),
        ("Who is Ada?", "Ada"),
        ("What does LoRA do?", "LoRA"),
        ("What does RLHF stand for?", "RLHF"),
    ],
)
def test_a_definition_is_asked_of_its_subject(asked: str, subject: str) -> None:
    assert analysis.analyse(asked) == Analysis("definition", (subject,))


@pytest.mark.parametrize("asked", ["and what does it cost?", "What does Pard reach?", "what are they?", "What is this?"])
def test_a_pronoun_or_what_something_does_to_another_thing_is_no_definition(asked: str) -> None:
    assert analysis.analyse(asked).kind != "definition"


@pytest.mark.parametrize(
    "asked", ["What is the index of HNSW used for?", "What is a good way to train bees on very large maps?"]
)
def test_a_long_or_qualified_subject_is_no_definition(asked: str) -> None:
    understood = analysis.analyse(asked)
    assert (understood.kind, understood.subjects) == ("other", ())


@pytest.mark.parametrize(
    ("asked", "subjects"),
    [
        ("Compare LoRA and QLoRA", ("LoRA", "QLoRA")),
        ("please contrast LoRA with QLoRA", ("LoRA", "QLoRA")),
        ("LoRA vs. QLoRA", ("LoRA", "QLoRA")),
        ("the LoRA versus full fine-tuning: which is cheaper?", ("LoRA", "full fine-tuning")),
        ("LoRA compared to adapters?", ("LoRA", "adapters")),
        ("What is the difference between Mamba and RWKV?", ("Mamba", "RWKV")),
        ("What distinguishes Mamba from RWKV?", ("Mamba", "RWKV")),
        ("How do BERT and RoBERTa differ?", ("BERT", "RoBERTa")),
        ("How do BERT, RoBERTa and ELECTRA differ?", ("BERT", "RoBERTa", "ELECTRA")),
        ("Compare BERT, RoBERTa, and ELECTRA", ("BERT", "RoBERTa", "ELECTRA")),
        ("how does a lamp and a lantern compare in rain?", ("lamp", "lantern")),
        ("L2P vs DualPrompt - what is different about their prompts?", ("L2P", "DualPrompt")),
        ("Compare Llama 3.1 and Llama 2. Which is larger?", ("Llama 3.1", "Llama 2")),
        ("How do “Salt and Soup” and “A Lamp: How to Differ” differ?", ("Salt and Soup", "Lamp: How to Differ")),
        ("How do these papers differ in their method?", ()),
        ("How do these two papers on lamps compare?", ()),
        ("Compare Kaplan et al. 2020 and the Chinchilla paper with regard to compute", ("Kaplan", "Chinchilla")),
        ("Compare ViT and DeiT by the amount of data", ("ViT", "DeiT")),
        ("Compare the approaches", ()),
    ],
)
def test_a_comparison_has_both_subjects_without_their_articles(asked: str, subjects: tuple[str, ...]) -> None:
    understood = analysis.analyse(asked)
    assert (understood.kind, understood.subjects) == ("comparison", subjects)


@pytest.mark.parametrize(
    ("asked", "aspect"),
    [
        ("How do LoRA and QLoRA differ in their memory?", "in their memory"),
        ("LoRA vs QLoRA: which is cheaper?", "which is cheaper"),
        ("Compare LoRA and QLoRA", ""),
        ("How do these papers differ in speed", "in speed"),
    ],
)
def test_a_comparison_has_what_is_asked_of_the_compared(asked: str, aspect: str) -> None:
    assert analysis.analyse(asked).aspect == aspect


@pytest.mark.parametrize(
    "asked",
    [
        "Which papers train on subgraphs?",
        "find research about bees",
        "show me work on frost",
        "what methods exist for pruning?",
        "list approaches to quantization",
        "are there any surveys of drones?",
        "what do the papers say about bees?",
        "What has been proposed against forgetting?",
        "which ones use spikes?",
    ],
)
def test_a_list_is_asked_for(asked: str) -> None:
    assert analysis.analyse(asked) == Analysis("list")


@pytest.mark.parametrize("asked", ["How does GraphSAINT work?", "why do bridges sway?", "GraphSAINT", "", "  ", "?!", "$1 {}"])
def test_other_questions_are_of_no_kind_and_have_no_subject(asked: str) -> None:
    assert analysis.analyse(asked) == Analysis("other")


@pytest.mark.parametrize(
    "asked",
    [
        "How many lamps does LanternNet dim?",
        "how fast is it?",
        "by how much did the energy fall?",
        "What accuracy did it reach on MNIST?",
        "what is the number of lamps?",
        "What was the speed-up on Reddit?",
    ],
)
def test_a_figure_is_wanted(asked: str) -> None:
    assert analysis.analyse(asked).amount


def test_no_figure_is_wanted_of_a_method() -> None:
    assert not analysis.analyse("How does LanternNet dim lamps?").amount


def test_a_definition_or_list_may_want_a_figure_too() -> None:
    assert analysis.analyse("Which papers report the accuracy on MNIST?") == Analysis("list", amount=True)
    assert analysis.analyse("What is LanternNet accuracy?") == Analysis("definition", ("LanternNet accuracy",), amount=True)


@pytest.mark.parametrize(
    ("asked", "details"),
    [
        ("How many parameters does GraphSAINT have?", [("parameters", ("parameter",), True)]),
        ("how much memory is saved?", [("memory", ("memori",), False)]),
        ("Which dataset and how many GPUs were used?", [("dataset", ("dataset",), False), ("GPUs", ("gpus",), True)]),
        ("what batch size, learning rate did they use", [("batch size", ("batch", "siz"), False)]),
        ("which licence was it released under?", [("licence", ("licens",), False)]),
        ("Which of them is best?", []),
        ("How does it work?", []),
    ],
)
def test_details_are_what_stands_behind_which_and_how_many(
    asked: str, details: list[tuple[str, tuple[str, ...], bool]]
) -> None:
    assert analysis.analyse(asked).details == tuple(Detail(*told) for told in details)


def test_what_is_compared_in_passing_is_no_subject() -> None:
    assert analysis.analyse("How deep must the stack be compared with wide ones?").subjects == ()


@pytest.mark.parametrize(
    ("question", "form"),
    [
        ("Do the abstracts disagree on the effect of dropout?", "agreement"),
        ("Is A better than B? The papers seem to contradict each other.", "agreement"),
        ("Compare A and B", "comparison"),
        ("How many lamps are there?", "amount"),
        ("Why do lamps dim?", "other"),
    ],
)
def test_the_form_of_an_answer(question: str, form: str) -> None:
    assert analysis.form(question) == form


@pytest.mark.parametrize(
    ("asked", "subjects", "aspect"),
    [
        ("Compare Zamba and Zamba2 in how much text they read.", ("Zamba", "Zamba2"), "in how much text they read"),
        (
            "LanternNet and GlowWorm: what does each of them measure?",
            ("LanternNet", "GlowWorm"),
            "what does each of them measure",
        ),
    ],
)
def test_a_comparison_by_an_aspect_names_its_subjects_and_the_aspect(
    asked: str, subjects: tuple[str, ...], aspect: str
) -> None:
    analysed = analysis.analyse(asked)
    assert (analysed.kind, analysed.subjects, analysed.aspect) == ("comparison", subjects, aspect)
