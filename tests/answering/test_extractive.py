from __future__ import annotations

import re

import pytest
from support.factories import hit, paper, sources

from rag import prompting
from rag.answering.extractive import ExtractiveReader
from rag.assistant import Assistant
from rag.events import Finish
from rag.index.minilm import MiniLM
from rag.text import tables
from rag.text.statements import title_of
from rag.types import Answer, Prompt, Source

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
    titles = {f"**{title_of(s.paper)}**": s.n for s in answer.sources}
    current, found = 0, []
    for line in answer.answer.splitlines():
        if not line:
            continue
        if line in titles:
            current = titles[line]
            continue
        match = re.fullmatch(r"- (?:(\*\*.+?\*\*): )?(.+) \[(\d+)\]", line)
        assert match, line
        current = titles[match[1]] if match[1] else current  # a list has a line a paper
        assert int(match[3]) == current, "a quote stands under the title of the paper it cites"
        found.append((current, match[2]))
    return found


def by_number(answer: Answer) -> dict[int, Source]:
    return {s.n: s for s in answer.sources}


@pytest.mark.parametrize("question", [*ONE_THING, *SEVERAL])
def test_an_answer_is_verbatim_sentences_each_cited_under_its_title(assistant: Assistant, question: str) -> None:
    answer = assistant.ask(question)
    assert not answer.refused
    quoted = quotes(answer)
    assert 1 <= len(quoted) <= (len(answer.sources) if question in SEVERAL else 5)
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
        made = prompting.answer(question, [hit(paper("Sway", SENSOR))], None)
        assert read(embedder, question, list(made.sources))[0].startswith("**Sway**\n- ")


# -- the kind of question ------------------------------------------------------------------------------------------------

LANTERN = paper(
    "LanternNet: Dimming Street Lamps",
    "However, street lamps waste power when nobody walks below them. LanternNet is a network that dims street lamps by "
    "learning from footsteps. LanternNet cut the energy used in Ghent by 27.5% over 12 weeks.",
)
GLOW = paper(
    "GlowWorm: Lamps That Share",
    "Recent street lamps cannot talk to each other. GlowWorm is a protocol by which street lamps share what they see. "
    "GlowWorm needs 4 bytes a second.",
)
DUSK = paper(
    "DuskMeter: When to Light Lamps",
    "DuskMeter finds the minute at which street lamps should be lit. It was tried on 12 street lamps in Oslo.",
)
STREETS = sources(LANTERN, GLOW, DUSK)


def quoted(pieces: list[str]) -> dict[str, list[str]]:
    """The sentences quoted, by the title they stand under or beside."""
    found: dict[str, list[str]] = {}
    title = ""
    for line in "".join(pieces).splitlines():
        match = re.fullmatch(r"(?:- )?\*\*(.+?)\*\*(?:: (.+))?", line)
        if match:
            title = match[1]
        told = match[2] if match else line.removeprefix("- ")
        if told:
            found.setdefault(title, []).append(re.sub(r" \[\d+\]$", "", told))
    return found


def compared(pieces: list[str]) -> dict[str, dict[str, str]]:
    """The cells of a comparison by the label of their row, by the title that heads their column."""
    lines = "".join(pieces).splitlines()
    head, _, *rows = ([line[a:b].strip().replace("\\|", "|") for a, b in tables.cells(line, 0, len(line))] for line in lines)
    titles = [re.sub(r"^\*\*(.+)\*\* \[\d+\]$", r"\1", cell) for cell in head[1:]]
    return {title: {row[0].strip("*"): row[n] for row in rows} for n, title in enumerate(titles, 1)}


@pytest.mark.parametrize(
    "question",
    [
        "Compare LanternNet and DuskMeter",
        "What is the difference between DuskMeter and LanternNet?",
        "LanternNet vs DuskMeter?",
    ],
)
def test_a_comparison_quotes_each_paper_that_it_names_and_no_other(question: str, embedder: MiniLM) -> None:
    assert set(compared(read(embedder, question, STREETS))) == {LANTERN.title, DUSK.title}


def test_a_comparison_takes_the_paper_that_has_a_thing_in_its_title(embedder: MiniLM) -> None:
    rival = paper("Rain on Glass", "Rain on glass is faster to clean than LanternNet and GlowWorm are. Glass dries.")
    given = sources(rival, LANTERN, GLOW)
    assert set(compared(read(embedder, "LanternNet versus GlowWorm?", given))) == {LANTERN.title, GLOW.title}


def test_a_comparison_quotes_a_paper_behind_the_best_too(embedder: MiniLM) -> None:
    given = [Source(1, hit(LANTERN, 9.0)), Source(2, hit(GLOW, 8.9)), Source(3, hit(DUSK, 0.2))]
    assert set(compared(read(embedder, "Compare LanternNet and DuskMeter", given))) == {LANTERN.title, DUSK.title}


def test_a_comparison_is_a_table_with_a_column_a_paper(embedder: MiniLM) -> None:
    columns = compared(read(embedder, "How do LanternNet and GlowWorm differ?", STREETS))
    assert columns[LANTERN.title]["Method"] == "LanternNet is a network that dims street lamps by learning from footsteps."
    assert columns[LANTERN.title]["Result"] == "LanternNet cut the energy used in Ghent by 27.5% over 12 weeks."
    assert columns[GLOW.title]["Method"].startswith("GlowWorm is a protocol")
    assert "On the question" not in columns[GLOW.title]


def test_a_comparison_begins_with_what_it_asks_of_the_papers(embedder: MiniLM) -> None:
    columns = compared(read(embedder, "Compare LanternNet and GlowWorm: how much energy and how many bytes?", STREETS))
    assert "27.5%" in columns[LANTERN.title]["On the question"]
    assert "4 bytes a second" in columns[GLOW.title]["On the question"]
    for cells in columns.values():  # no sentence twice
        assert sum("27.5%" in text for text in cells.values()) <= 1
        assert sum("4 bytes" in text for text in cells.values()) <= 1


def test_a_comparison_without_names_is_of_all_papers(embedder: MiniLM) -> None:
    columns = compared(read(embedder, "How do these papers differ in problem, method, data and result?", STREETS))
    assert set(columns) == {LANTERN.title, GLOW.title, DUSK.title}


def test_titles_in_quotes_are_compared_whatever_words_they_have(embedder: MiniLM) -> None:
    rain = paper("Rain and Snow: How Lamps Differ", "Lamps differ in rain. Snow is brighter than rain.")
    columns = compared(read(embedder, f"How do “{rain.title}” and “{DUSK.title}” differ?", sources(DUSK, GLOW, rain)))
    assert set(columns) == {rain.title, DUSK.title}


def test_what_an_abstract_does_not_say_and_bars_keep_the_cells_of_a_comparison(embedder: MiniLM) -> None:
    bars = paper("BarNet: Bars", "Nobody reads |x| well. BarNet is a framework that reads P(y|x). It is fast.")
    columns = compared(read(embedder, "Compare BarNet and DuskMeter", sources(bars, DUSK)))
    assert columns[bars.title]["Method"] == "BarNet is a framework that reads P(y|x)."
    assert columns[DUSK.title]["Problem"] == "not said"


@pytest.mark.parametrize("question", ["What is LanternNet?", "define LanternNet", "Explain LanternNet to me"])
def test_a_definition_picks_the_sentence_that_defines(question: str, embedder: MiniLM) -> None:
    quotes = quoted(read(embedder, question, STREETS))
    assert set(quotes) == {LANTERN.title}
    assert "LanternNet is a network that dims street lamps by learning from footsteps." in quotes[LANTERN.title]


def test_a_definition_prefers_the_sentence_that_defines_to_one_that_only_names(embedder: MiniLM) -> None:
    given = sources(LANTERN)
    [piece] = read(embedder, "Which papers are about LanternNet?", given)
    assert "LanternNet is a network that dims" in piece


def test_a_list_has_one_line_a_paper_with_its_title_in_bold(embedder: MiniLM) -> None:
    pieces = read(embedder, "Which papers deal with street lamps?", STREETS)
    lines = "".join(pieces).splitlines()
    assert len(pieces) == len(lines) == 3
    for source, line in zip(STREETS, lines, strict=True):
        match = re.fullmatch(r"- \*\*(.+)\*\*: (.+) \[(\d)\]", line)
        assert match
        assert (match[1], int(match[3])) == (source.paper.title, source.n)
        assert match[2] in source.paper.abstract


def test_a_list_says_of_each_paper_what_it_proposes_and_not_the_background(embedder: MiniLM) -> None:
    told = "".join(read(embedder, "Which papers deal with street lamps?", STREETS))
    assert "GlowWorm is a protocol" in told
    assert "LanternNet is a network" in told
    assert "However" not in told
    assert "Recent street lamps" not in told


def test_stars_in_a_title_do_not_end_its_bold(embedder: MiniLM) -> None:
    [piece] = read(embedder, "How does A* search?", sources(paper("A* Search.", "A* search expands the best node first.")))
    assert piece.startswith("**A\\* Search**\n- ")


def test_what_two_papers_say_alike_is_said_once(embedder: MiniLM) -> None:
    same = "GlowWorm is a protocol by which street lamps share what they see."
    copy = paper("GlowWorm Again", f"{same} It runs on 900 street lamps.")
    given = sources(GLOW, copy)
    listed = "".join(read(embedder, "Which papers let street lamps share what they see?", given))
    assert listed.count(same) == 1
    only = paper("GlowWorm Copied", same)
    listed = "".join(read(embedder, "Which papers let street lamps share what they see?", sources(GLOW, only)))
    assert listed.count(same) == 1
    assert "GlowWorm Copied" not in listed


def test_a_question_that_names_one_paper_quotes_only_that(embedder: MiniLM) -> None:
    assert set(quoted(read(embedder, "How does LanternNet dim street lamps?", STREETS))) == {LANTERN.title}
    assert len(quoted(read(embedder, "How are street lamps dimmed?", STREETS))) > 1


def test_a_name_that_several_papers_have_singles_out_the_one_that_has_it_in_its_title(embedder: MiniLM) -> None:
    rival = paper("Rain on Lamps", "Street lamps in rain are dimmed by LanternNet as well. They flicker.")
    assert set(quoted(read(embedder, "How does LanternNet dim street lamps?", sources(LANTERN, rival)))) == {LANTERN.title}


def test_a_paper_whose_name_is_not_the_question_s_is_not_singled_out(embedder: MiniLM) -> None:
    assert len(quoted(read(embedder, "How does ZorbleNet dim street lamps?", STREETS))) > 1


def test_a_background_sentence_comes_last(embedder: MiniLM) -> None:
    given = [
        Source(1, hit(paper("A", "However, drones measure frost in orchards. Drones measure frost in orchards nightly."), 5.0)),
    ]
    [piece] = read(embedder, "Which papers measure frost in orchards with drones?", given)
    lines = piece.splitlines()[1:]
    assert any("nightly" in line for line in lines)
    [listed, _] = read(
        embedder,
        "Which papers measure frost in orchards with drones?",
        [*given, Source(2, hit(paper("B", "Kites measure frost in orchards."), 5.0))],
    )
    assert "nightly" in listed
    assert "However" not in listed


def test_a_follow_up_is_read_by_its_own_part(embedder: MiniLM) -> None:
    quotes = quoted(read(embedder, "and by how much did the energy fall? (about: What is LanternNet?)", STREETS))
    assert set(quotes) == {LANTERN.title}
    assert "LanternNet cut the energy used in Ghent by 27.5% over 12 weeks." in quotes[LANTERN.title]


def test_no_more_than_five_sentences_answer_a_question_about_one_thing(embedder: MiniLM) -> None:
    long = paper("Lamps", " ".join(f"Street lamp number {i} burns in the night of town {i}." for i in range(20)))
    for question in ("How do street lamps burn?", "What are street lamps?"):
        assert sum(len(q) for q in quoted(read(embedder, question, sources(long))).values()) <= 5


def test_a_definition_is_quoted_from_a_paper_that_has_the_term_not_from_a_nearer_one(assistant: Assistant) -> None:
    answer = assistant.ask("What is Ghost Batch Normalization?")
    assert "Ghost Batch Normalization, shrinks the gap" in answer.answer
    assert [s.paper.title.partition(":")[0] for s in answer.sources if s.cited] == ["Train longer, generalize better"]


def test_both_sides_are_quoted_where_papers_are_asked_to_agree(embedder: MiniLM) -> None:
    one = paper("GlowNet and sleep", "We tested GlowNet in homes. Bright lamps at night shorten sleep by 40 minutes.")
    other = paper("Lamps and rest", "We asked shift workers. Bright lamps at night did not change how long they slept.")
    given = [Source(1, hit(one, 9.0)), Source(2, hit(other, 6.5))]
    asked = "Does light as in GlowNet shorten sleep?"
    assert len(read(embedder, asked, given)) == 1
    assert len(read(embedder, f"{asked} The papers seem to contradict each other.", given)) == 2


def test_two_wishes_are_answered_by_the_paper_for_each(embedder: MiniLM) -> None:
    pieces = read(embedder, "What saves energy in street lamps, and how many bytes a second does GlowWorm send?", STREETS)
    said = quoted(pieces)
    assert any("27.5%" in line for line in said[LANTERN.title])
    assert any("4 bytes a second" in line for line in said[GLOW.title])
