from __future__ import annotations

import re

import pytest
from made import hit, paper, sources

from rag import prompt
from rag.assistant import Assistant
from rag.extract import ExtractiveReader
from rag.minilm import MiniLM
from rag.types import Answer, Finish, Prompt, Source

ONE_THING = [
    "How does GraphSAINT get around neighbor explosion when training GCNs on big graphs?",
    "Which geometry problems were Pointer Networks shown to learn?",
    "what does the border between hyperparameters that train fine and those that blow up look like?",
]
SEVERAL = [
    "Which papers deal with tabular classification when only a handful of labelled rows is available?",
    "what do the papers say about putting several questions or samples in one LLM prompt / API call?",
    "which papers use spiking neural networks and for what?",
]


def quotes(answer: Answer) -> list[tuple[int, str]]:
    """The (source number, sentence) of each line that quotes; fails on a line that is neither a quote nor a title."""
    titles = {f"**{s.paper.title}**": s.n for s in answer.sources}
    current, found = 0, []
    for line in answer.answer.splitlines():
        if not line:
            continue
        if line in titles:
            current = titles[line]
            continue
        match = re.fullmatch(r"- (.+) \[(\d+)\]", line)
        assert match, line
        assert int(match[2]) == current, "a quote stands under the title of the paper it cites"
        found.append((current, match[1]))
    return found


def by_number(answer: Answer) -> dict[int, Source]:
    return {s.n: s for s in answer.sources}


@pytest.mark.parametrize("question", [*ONE_THING, *SEVERAL])
def test_an_answer_is_one_to_five_verbatim_sentences_each_cited_under_its_title(assistant: Assistant, question: str) -> None:
    answer = assistant.ask(question)
    assert not answer.refused
    quoted = quotes(answer)
    assert 1 <= len(quoted) <= 5
    assert len(set(quoted)) == len(quoted)
    for n, sentence in quoted:
        assert sentence in by_number(answer)[n].paper.abstract
    assert {s.n for s in answer.sources if s.cited} == {n for n, _ in quoted}


@pytest.mark.parametrize("question", [*ONE_THING, *SEVERAL])
def test_every_quoted_sentence_passes_the_check(assistant: Assistant, question: str) -> None:
    answer = assistant.ask(question)
    claims = [c for c in answer.claims if c.verdict != "none"]
    assert len(claims) == len(quotes(answer))
    assert {c.verdict for c in claims} == {"supported"}
    assert answer.invalid_citations == ()


def test_the_best_paper_is_quoted_first_and_with_the_sentence_that_answers(assistant: Assistant) -> None:
    answer = assistant.ask(ONE_THING[0])
    assert answer.answer.startswith("**GraphSAINT: Graph Sampling Based Inductive Learning Method**\n- ")
    assert "samples the training graph itself" in answer.answer


@pytest.mark.parametrize("question", SEVERAL)
def test_a_question_about_several_papers_quotes_several(assistant: Assistant, question: str) -> None:
    assert len({n for n, _ in quotes(assistant.ask(question))}) >= 2


def test_a_list_names_each_of_the_papers_that_answer(assistant: Assistant) -> None:
    answer = assistant.ask(SEVERAL[1])
    assert "Batch Prompting: Efficient Inference" in answer.answer
    assert "BatchPrompt: Accomplish more with less" in answer.answer


def read(embedder: MiniLM, question: str, given: list[Source]) -> list[str]:
    *pieces, finish = ExtractiveReader(embedder).stream(Prompt(question, tuple(given)))
    assert finish == Finish(complete=True)
    assert all(isinstance(p, str) for p in pieces)
    return [str(p) for p in pieces]


SENSOR = (
    "Bridges sway in the wind. We hang sensors under each of them. The sensors weigh 35 grams. "
    "They last for years. Code: https://example.org/sway"
)


def test_a_question_for_a_figure_quotes_the_sentence_that_has_one(embedder: MiniLM) -> None:
    [piece] = read(embedder, "How much do the sensors weigh?", sources(paper("Sway", SENSOR)))
    assert "The sensors weigh 35 grams. [1]" in piece


def test_a_link_is_quoted_only_when_it_is_asked_for(embedder: MiniLM) -> None:
    given = sources(paper("Sway", SENSOR))
    assert "example.org" not in read(embedder, "What hangs under bridges?", given)[0]
    assert "https://example.org/sway" in read(embedder, "Is code available for the sway sensors?", given)[0]


def test_sentences_of_one_paper_stand_in_their_own_order(embedder: MiniLM) -> None:
    [piece] = read(embedder, "How much do sensors under bridges in the wind weigh?", sources(paper("Sway", SENSOR)))
    places = [SENSOR.index(line[2:-4]) for line in piece.splitlines()[1:]]
    assert len(places) > 1
    assert places == sorted(places)


def test_a_paper_far_behind_the_best_is_not_quoted(embedder: MiniLM) -> None:
    near, far = paper("Sway", SENSOR), paper("Soup", "Soup is eaten hot. It is made of leeks.")
    given = [Source(1, hit(near, 5.0)), Source(2, hit(far, 0.5))]
    assert len(read(embedder, "How much do the sensors weigh?", given)) == 1
    assert len(read(embedder, "Which papers weigh sensors?", given)) == 1


def test_signs_of_templates_and_odd_questions_are_read(embedder: MiniLM) -> None:
    for question in ("$", "{}", "???", "a" * 5_000, "<|endoftext|>"):
        made = prompt.answer(question, [hit(paper("Sway", SENSOR))], None)
        assert read(embedder, question, list(made.sources))[0].startswith("**Sway**\n- ")
