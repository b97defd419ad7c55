"""The small ranker: what it reads, and that it tells the sentence that answers and the question that none answers."""

from __future__ import annotations

import json

import numpy as np
import pytest
from support.factories import paper

from evals.training import questions
from evals.training.examples import is_kept_back
from rag.questions import ranker
from rag.text import sentences

TURBINES = (
    "Tidal turbines wear out early because sand scours their blades. We coated the blades of three turbines in Orkney with a "
    "rubber that hardens under impact. After two winters the coated blades had lost 0.4 mm of their edge, bare ones 2.1 mm. "
    "Output fell by 3% because the rubber is rough. The coat came off where mussels had settled. "
    "Divers inspected the blades every six weeks. Whether fish are harmed was not studied."
)
TEXTS = [TURBINES[start:end] for start, end in sentences.split(TURBINES)]


def test_pieces_are_flagged_by_side_and_by_what_the_other_side_has() -> None:
    [part] = ranker.parts("Which lamps?", "Street lamps", ["Lamps dim.", "They rest."])
    tokens = [ranker.weights.tokenizer().id_to_token(i) for i in part.ids]
    flags = dict(zip(tokens, part.flags, strict=True))
    assert tokens == "[CLS] which lamps ? [SEP] street lamps [SEP] lamps dim . [SEP] they rest . [SEP]".split()
    assert flags["which"] == ranker.QUESTION
    assert flags["street"] == ranker.TITLE
    assert flags["dim"] == ranker.SENTENCE
    assert [f for t, f in zip(tokens, part.flags, strict=True) if t == "lamps"] == [
        ranker.QUESTION + 1,
        ranker.TITLE + 1,
        ranker.SENTENCE + 1,
    ]
    assert part.owners == [-1] * 8 + [0] * 4 + [1] * 4


def test_an_abstract_of_any_length_is_read_whole_in_parts() -> None:
    texts = ["Street lamps dim when nobody walks below them at night in the old town of Ghent."] * 60 + ["", "x" * 5000]
    parts = ranker.parts("Which lamps? " * 200, "Lamps " * 200, texts)
    assert len(parts) > 1
    assert all(len(part.ids) <= ranker.MAX_PIECES for part in parts)
    reading = ranker.read("Which lamps? " * 200, "Lamps " * 200, texts)
    assert reading.sentences.shape == (62,)
    assert np.isfinite(reading.sentences).all()


@pytest.mark.parametrize(
    ("question", "best"),
    [
        ("How much of their edge did coated blades lose?", 2),
        ("what makes underwater power plants fail so soon", 0),
        ("How often were the turbines looked at by people?", 5),
        ("Why did the coating lower the output?", 3),
        ("Did animals get hurt?", 6),
    ],
)
def test_the_sentence_that_answers_leads(question: str, best: int) -> None:
    assert int(np.argmax(ranker.read(question, "Rubber for tidal turbines", TEXTS).sentences)) == best


def test_an_author_whom_the_question_names_is_nothing_missing() -> None:
    asked = "What does the LanternNet of Brown dim?"
    assert ranker.read_paper(asked, paper(authors=("Ada Brown",))).answered > 2
    assert ranker.read_paper(asked, paper(authors=("Ada Green",))).answered < -2


def test_questions_about_papers_kept_back_are_told_from_near_misses() -> None:
    first, whole = [], {True: [], False: []}
    for paper_, asked in questions.records(sorted(questions.WRITTEN.glob("*.jsonl"))[0]):
        if not is_kept_back(paper_):
            continue
        for one in asked:
            reading = ranker.read_paper(one.question, paper_)
            whole[bool(one.sentences)].append(reading.answered)
            if one.sentences:
                first.append(int(np.argmax(reading.sentences)) in one.sentences)
    assert len(first) > 300
    assert np.mean(first) > 0.85
    assert np.mean([odds > np.array(whole[False]) for odds in whole[True]]) > 0.9


def test_the_bundled_questions_name_sentences_that_are_there() -> None:
    count = 0
    for file in questions.WRITTEN.glob("*.jsonl"):
        for paper_, asked in questions.records(file):
            there = range(len(sentences.split(paper_.abstract)))
            assert all(n in there for one in asked for n in one.sentences), paper_.title
            assert all((one.kind == "near") == (not one.sentences) for one in asked), paper_.title
            count += len(asked)
    assert count > 20_000


def test_questions_in_another_form_are_told_in_one_sentence(tmp_path) -> None:
    (tmp_path / "questions.jsonl").write_text(json.dumps({"title": "unknown", "questions": []}), "utf-8")
    with pytest.raises(questions.UsageError, match="cannot be read"):
        questions.records(tmp_path / "questions.jsonl")
