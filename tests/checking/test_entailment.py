"""The small model that reads a claim beside the sentences of its abstracts: what it is given, and that it tells meaning."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib import resources
from random import Random

import numpy as np
import pytest
from support.factories import LAMPS

from evals.training import examples
from evals.training.examples import Example
from rag import weights
from rag.checking import entailment
from rag.checking.abstract import Abstract
from rag.checking.entailment import CLAIMED, ELSEWHERE, MAX_CLAIM_PIECES, MAX_PIECES, NOWHERE, SHARED, UNCLAIMED
from rag.errors import EmbedderError
from rag.index.embedder_cache import CachedEmbedder
from rag.index.minilm import MiniLM
from rag.types import Paper, Source

SUPPORTED = entailment.CLASSES.index("supported")


def flagged(claim: str, sentence: str, paper: str) -> tuple[list[int], list[int]]:
    """The flags of the claim, and those of the sentence, without the marks between them."""
    ids, flags = entailment.pieces(claim, [sentence], [paper])
    middle = ids.index(ids[-1])
    return flags[1:middle], flags[middle + 1 : -1]


def test_each_word_has_a_flag_that_says_where_it_stands() -> None:
    of_claim, of_sentence = flagged("red lamps hum", "lamps shine", "lamps shine in red rooms")
    assert of_claim == [ELSEWHERE, SHARED, NOWHERE]
    assert of_sentence == [CLAIMED, UNCLAIMED]


def test_a_long_claim_and_long_sentences_are_cut() -> None:
    ids, flags = entailment.pieces("lamp " * 900, ["room " * 900], ["lamp room"])
    assert len(ids) == len(flags) == MAX_PIECES
    assert flags.count(SHARED) + flags.count(ELSEWHERE) == MAX_CLAIM_PIECES + 2


def test_nothing_is_read_without_an_error(embedder: MiniLM) -> None:
    abstracts = [Abstract(LAMPS[0], embedder)]
    for claim in ("", " ", "[1]", "灯"):
        assert -5 <= entailment.log_odds(claim, embedder.embed([claim])[0], abstracts) <= 5


def test_the_sentences_nearest_to_the_claim_are_read_in_their_order(embedder: MiniLM) -> None:
    aside = f"Rooms are large{' and people walk through them' * 12}."
    paper = replace(LAMPS[0].paper, abstract=f"It hums. {aside} Lamps dim at dusk.")
    abstract = Abstract(Source(1, replace(LAMPS[0].hit, paper=paper)), embedder)
    claim = "At dusk the lamps dim and hum."
    assert entailment.nearest(claim, embedder.embed([claim])[0], [abstract]) == ["It hums.", "Lamps dim at dusk."]


def test_threads_get_the_same_as_one_alone(embedder: MiniLM) -> None:
    abstracts = [Abstract(LAMPS[0], embedder)]
    claims = [f"LanternNet dims {n} lamps." for n in range(8)]
    vectors = embedder.embed(claims)
    alone = [entailment.log_odds(c, v, abstracts) for c, v in zip(claims, vectors, strict=True)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda cv: entailment.log_odds(cv[0], cv[1], abstracts), zip(claims, vectors, strict=True)))
    assert np.allclose(alone, together, atol=1e-4)


@pytest.mark.parametrize("name", ["checker", "ranker"])
def test_the_package_holds_small_files(name: str) -> None:
    assert len(resources.files("rag.data").joinpath(f"{name}.onnx.gz").read_bytes()) < 6.5e6


def test_a_model_that_cannot_be_opened_is_told_in_one_sentence() -> None:
    with pytest.raises(EmbedderError, match="small teller of the package cannot be opened"):
        weights.bundled("teller")


@pytest.fixture(scope="module")
def kept_back(embedder: MiniLM, tmp_path_factory: pytest.TempPathFactory) -> list[Example]:
    """Some of the written claims whose papers the model was not trained on, with one other paper, which load() demands."""
    lines = sorted(examples.WRITTEN.glob("*.jsonl"))[0].read_text("utf-8").splitlines()
    held = {line: examples.is_kept_back(Paper("", json.loads(line)["title"], "")) for line in lines}
    other = next(line for line, kept in held.items() if not kept)
    file = tmp_path_factory.mktemp("claims") / "claims.jsonl"
    file.write_text("\n".join([other, *(line for line, kept in held.items() if kept)]), "utf-8")
    return examples.load([file], CachedEmbedder(embedder), Random(1), lambda done, of: None).kept_back


def test_the_true_one_of_a_pair_is_ahead_in_most_pairs_of_papers_that_it_never_read(kept_back: list[Example]) -> None:
    odds: dict[str, list[tuple[bool, float]]] = {}
    for e in kept_back:
        odds.setdefault(e.pair, []).append((e.label == SUPPORTED, entailment.log_odds_of(e.ids, e.flags)))
    leads = [t > f for pair in odds.values() for true, t in pair for false, f in pair if true and not false]
    assert len(leads) > 100
    assert np.mean(leads) > 0.65  # of chance 0.5
