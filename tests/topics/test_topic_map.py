"""Topics of a collection, their names, and where papers stand on the map."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.factories import silent

from rag import ingestion
from rag.assistant import Assistant
from rag.index.minilm import MiniLM
from rag.settings.settings import load
from rag.topics import clusters, kept, labels, layout, topic_map


def groups(n: int, k: int, spread: float = 0.3) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """`n` unit vectors around `k` directions, and which direction each is around; the first has most."""
    drawn = np.random.default_rng(1)
    of = np.minimum(drawn.integers(0, k + 1, n), k - 1)
    vectors = drawn.standard_normal((k, 32))[of] + spread * drawn.standard_normal((n, 32))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), of


def test_vectors_around_the_same_direction_are_one_group_and_the_largest_is_first() -> None:
    vectors, of = groups(600, 5)
    found, centres = clusters.split(vectors, 5)
    assert centres.shape == (5, 32)
    assert [len(set(of[found == group])) for group in range(5)] == [1] * 5
    sizes = np.bincount(found)
    assert list(sizes) == sorted(sizes, reverse=True)
    again, _ = clusters.split(vectors, 5)
    assert np.array_equal(found, again)


@pytest.mark.parametrize("n", [1, 2, 3, 9])
def test_few_papers_and_papers_alike_are_grouped_and_placed(n: int) -> None:
    alike = np.tile(np.eye(4, dtype=np.float32)[:1], (n, 1))
    found, centres = clusters.split(alike, 3)
    assert len(np.unique(found)) == len(centres)
    sheet = layout.place(alike, found, centres)
    assert np.isfinite(sheet.papers).all()


def test_discs_lie_on_the_sheet_and_apart_with_their_papers_in_them() -> None:
    vectors, _ = groups(400, 8)
    found, centres = clusters.split(vectors, 8)
    sheet = layout.place(vectors, found, centres)
    edges = np.concatenate([sheet.centres - sheet.radii[:, None], sheet.centres + sheet.radii[:, None]])
    assert (edges >= 0).all()
    assert (edges <= [layout.WIDTH + 1e-9, layout.HEIGHT + 1e-9]).all()
    between = np.linalg.norm(sheet.centres[:, None] - sheet.centres, axis=2) + 9 * np.eye(len(centres))
    assert (between > 0.97 * (sheet.radii[:, None] + sheet.radii)).all()
    assert (np.linalg.norm(sheet.papers - sheet.centres[found], axis=1) <= sheet.radii[found]).all()


def test_a_topic_is_named_by_the_words_that_the_others_lack() -> None:
    lamps = [f"We study lamps in town {n}. Lamp light." for n in range(9)]
    kites = [f"We study kites in town {n}. GridWind." for n in range(9)]
    named = labels.name([lamps, kites])
    assert named[0][0] == "lamp"
    assert set(named[1]) >= {"kites", "GridWind"}
    assert not {"study", "town"} & {*named[0], *named[1]}
    shots = [f"Learning from few shots, with few shots. Town {n}." for n in range(9)]
    words = labels.name([shots, lamps])[0]
    assert words.index("few") + 1 == words.index("shots")
    same = labels.name([["one two three four five"], ["one two three four five"]])
    assert len(set(same)) == 2


def test_topics_of_the_starter_corpus_hold_each_paper_once_and_like_papers_together(assistant: Assistant) -> None:
    made = assistant.topic_map()
    papers = [paper for topic in made.topics for paper in topic.papers]
    assert len(papers) == len(set(papers)) == len(made.places) == assistant.count()
    assert len({topic.key for topic in made.topics}) == len(made.topics)
    [about] = [topic for topic in made.topics if "forgetting" in topic.words or "continual" in topic.words]
    titles = [paper.title.lower() for paper in assistant.library.papers(about.papers[:10]).values()]
    assert sum("continual" in title or "incremental" in title for title in titles) >= 7


def test_a_map_is_made_once_for_an_index_and_kept_and_a_damaged_file_is_made_anew(
    own_home: Path, embedder: MiniLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Assistant(load(home=own_home, no_model=True), embedder=embedder).topic_map()
    calls: list[int] = []
    make = topic_map.make
    monkeypatch.setattr(topic_map, "make", lambda *of: calls.append(1) or make(*of))  # type: ignore[func-returns-value]
    later = Assistant(load(home=own_home, no_model=True), embedder=embedder)
    assert later.topic_map() == made
    assert later.topic_map() is later.topic_map()
    assert calls == []
    [file] = (own_home / "topics").iterdir()
    file.write_text('{"key": 1', "utf-8")
    assert Assistant(load(home=own_home, no_model=True), embedder=embedder).topic_map() == made
    assert calls == [1]
    assert kept._read(file, [0]) is None


def test_a_paper_that_is_added_or_removed_is_on_the_map_or_off_it(own_home: Path, embedder: MiniLM, tmp_path: Path) -> None:
    own = Assistant(load(home=own_home, no_model=True), embedder=embedder)
    before = own.topic_map()
    file = tmp_path / "lamps.jsonl"
    file.write_text('{"title": "Lamps that forget", "abstract": "Continual learning without forgetting, by lamps."}', "utf-8")
    ingestion.ingest(own_home, [str(file)], embedder, silent)
    [added] = own.library.listed("lamps.jsonl")
    assert own.topic_map().place(added) is not None
    [about] = [topic for topic in own.topic_map().topics if added in topic.papers]
    assert {"continual", "forgetting"} & set(about.words)
    ingestion.remove(own_home, "lamps.jsonl", embedder, silent)
    assert own.topic_map().place(added) is None
    assert len(own.topic_map().places) == len(before.places)


def test_a_library_without_papers_has_an_empty_map() -> None:
    assert topic_map.TopicMap().topics == ()
    assert topic_map.TopicMap().topic("x") is None
    assert topic_map.TopicMap().place("x") is None
