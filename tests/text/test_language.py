from __future__ import annotations

import pytest

from rag.text import language


@pytest.mark.parametrize(
    "asked",
    [
        "Was ist GraphSAINT?",
        "Wie funktioniert LoRA für Bilder?",
        "Welche Arbeiten handeln von Graphen?",
        "Comment fonctionne LoRA ?",
        "Quel est le but de l'étude?",
        "Quel est le but de l’étude ?",
        "¿Qué es LoRA?",
        "Como funciona o LoRA?",
        "Che cos'è LoRA?",
        "Hoe werkt het model?",
        "LoRAとは何ですか",
        "Что такое LoRA?",
        "GraphSAINTの学習方法を教えてください",
    ],
)
def test_a_question_in_another_language_is_known(asked: str) -> None:
    assert language.is_foreign(asked)


@pytest.mark.parametrize(
    "asked",
    [
        "What is LoRA?",
        "How does die casting work?",
        "GraphSAINT",
        "GraphSAINT minibatch sampling",
        "",
        "?!",
        "4.5 + 3",
        "Schrödinger bridge papers",
        "Explain the Nyström method",
        "what do α-divergence and β-VAE share?",
        "What is Der Spiegel?",
        "when was GPT-4 released?",
        "Who was first?",
        "Which papers are from La Jolla?",
    ],
)
def test_an_english_question_is_not_taken_for_another_language(asked: str) -> None:
    assert not language.is_foreign(asked)
