"""Questions about the collection, answered from a real library and a real lexical index."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from importlib import resources
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from evals import case_files
from evals.metrics import folded, measure
from rag.assistant import Assistant
from rag.collection import answers, one_paper, titles
from rag.collection.phrasing import CollectionAnswer
from rag.collection.query import Query, parse
from rag.events import Found
from rag.index.lexical import LexicalIndex
from rag.output import render
from rag.storage.library import Library
from rag.types import Answer, Filters, Paper, Turn
from ui.chat import cards, exchanges

PAPERS = [
    Paper("a", "LanternNet: Lamps that Learn", "Lamps waste power. LanternNet is a generative model in C++.", "2024-05-02"),
    Paper("b", "Frost Watch", "A drone looks at orchards. It carries general models, and lamps.", "2024-05"),
    Paper("c", "Deep Lamps", "Night lamps seen from planes. Lanterns are none.", "2023-11-30", ("Ada Bo", "Cy Dee"), 3),
    Paper("d", "Orchards and Bees", "Bees like orchards [1].", "2021", author_count=4),
    Paper("e", "Whales [1]", "Songs of whales in C, at night.", None),
    Paper("f", "Old Lamps", "The first lamp was made of stone.", None, ("Eve Fox",)),
]  # fmt: skip

Ask = Callable[..., CollectionAnswer]


def worded(folder: Path, papers: list[Paper]) -> Any:
    """The parts of an index that these questions need: a real lexical one, and which paper each of its rows is."""
    lexical = LexicalIndex(folder / "lexical")
    with lexical.writing() as words:
        words.add(0, papers)
    return SimpleNamespace(lexical=lexical, paper_at=lambda row: papers[row].id)


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """ask(question) gives what a collection of six papers from two sources answers."""
    library, live = Library(tmp_path / "lib", create=True), worded(tmp_path, PAPERS)
    library.put("pages", PAPERS[:4])
    library.put("zotero", PAPERS[3:])

    def asked(question: str, filters: Filters | None = None) -> CollectionAnswer | None:
        query = parse(question)
        assert query is not None, question
        return answers.answer(query, library, live, filters)

    return asked  # type: ignore[return-value]


def ids(result: CollectionAnswer) -> str:
    return "".join(sorted(result.records))


def test_all_papers_are_counted_with_their_dates(ask: Ask) -> None:
    result = ask("How many papers are there?")
    assert "There are 6 papers here." in result.text
    assert "4 of them are dated from 2021 to 2024-05-02; 2 have no date." in result.text
    assert result.text.endswith("\n\nSearched 6 papers, considered 6.")
    assert (ids(result), result.papers, result.reason) == ("abcdef", (), None)


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("how many papers mention lamp", "abcf"),  # singular and plural, whatever the case
        ("how many papers mention LAMPS", "abcf"),
        ("how many papers mention lantern", "c"),  # a whole word, and not LanternNet
        ("how many papers mention generative models", "a"),
        ("how many papers mention generative", "a"),  # its stem is that of "general"
        ("how many papers mention C++", "a"),  # not the C of another
        ("how many papers mention night lamps", "c"),
        ("how many papers mention lamps and orchards", "b"),  # not together, but both
        ("how many papers mention lamps orchards", ""),
        ("how many papers are about orchards lamps", "b"),
        ("how many papers mention whales", "e"),
        ("how many papers mention gondolas", ""),
        ("how many papers have lamp in the title", "acf"),
        ("how many papers have LanternNet in the title", "a"),
        ("how many papers are listed by zotero", "def"),
        ("how many papers are from the source PAGES", "abcd"),
        ("how many papers are from 2024", "ab"),
        ("how many papers are from May 2024", "ab"),
        ("how many papers were published since 2024-05-03", "b"),  # some day of May could be
        ("how many papers were published before 2024", "cd"),
        ("how many papers between 2021 and 2023 mention lamps", "c"),
        ("which papers mention lamps from 2024", "ab"),
        ("list all papers on orchards listed by zotero", "d"),
    ],
)
def test_the_record_set_is_what_the_question_says(ask: Ask, question: str, found: str) -> None:
    result = ask(question)
    n = len(found)
    assert ids(result) == found
    assert (f"There {'are' if n > 1 else 'is'} {n or 'no'} paper{'s' * (n > 1)} here") in result.text
    assert result.text.endswith(f"Searched 6 papers, considered {n}.")
    assert sorted(p.id for p in result.papers) == list(found)
    assert result.reason is None


def test_a_count_says_what_was_counted_and_names_the_papers_with_the_sentence_that_mentions_it(ask: Ask) -> None:
    result = ask("how many papers mention lamps?")
    assert "4 papers here that mention “lamps”. Titles and abstracts were searched for whole words" in result.text
    assert [p.id for p in result.papers] == ["a", "b", "c", "f"]  # newest first, then those without a date
    assert (
        "They are, newest first, those without a date last:\n\n- LanternNet: Lamps that Learn (2024-05-02) [1]" in result.text
    )
    assert "- Old Lamps (no date) [4]" in result.text
    named = [c for c in result.claims if c.citations]
    assert [(c.citations, c.verdict) for c in named] == [((n,), "supported") for n in (1, 2, 3, 4)]
    told = {p.id: p.abstract for p in result.papers}
    for claim in result.claims:
        assert result.text[claim.start : claim.end] == claim.text
        assert claim.verdict == ("supported" if claim.evidence else "none")
        for e in claim.evidence:
            assert told[e.paper_id][e.start : e.end] == e.sentence
    assert [c.evidence[0].sentence for c in named][:2] == ["Lamps waste power.", "It carries general models, and lamps."]


def test_what_only_a_title_mentions_has_no_sentence(ask: Ask) -> None:
    [claim] = [c for c in ask("how many papers mention bees").claims if c.citations]
    assert claim.verdict == "supported"
    [claim] = [c for c in ask("how many papers mention frost watch").claims if c.citations]
    assert (claim.verdict, claim.evidence) == ("none", ())


def test_a_number_in_a_title_is_no_citation(ask: Ask) -> None:
    result = ask("which papers mention whales")
    assert "- Whales (1) (no date) [1]" in result.text


def test_papers_without_a_date_are_left_out_of_a_range_and_said(ask: Ask) -> None:
    result = ask("how many papers since 2023 mention lamps?")
    assert "3 papers here from 2023 on that mention “lamps”" in result.text
    assert "1 more paper that mentions “lamps” has no date and is left out." in result.text


def test_recent_is_counted_back_from_the_latest_date_of_the_collection(ask: Ask) -> None:
    result = ask("recent papers on lamps")
    assert "dated from 2021 to 2024-05-02. “Recent” means the last 3 months up to that date: from 2024-03 on." in result.text
    assert ids(result) == "ab"
    assert ids(ask("papers on lamps from the last 7 months")) == "abc"
    assert ids(ask("papers on lamps from the last 6 months")) == "ab"
    assert ids(ask("recent papers on lamps", Filters(until="2023"))) == "c"


@pytest.mark.parametrize(
    ("question", "order"),
    [
        ("what is the newest paper?", "a"),
        ("what are the newest papers", "abcd"),
        ("the two oldest papers", "dc"),
        ("which is the oldest paper here?", "d"),
        ("what is the oldest paper on lamps?", "c"),
        ("what are the newest papers from 2023", "c"),
    ],
)
def test_the_newest_and_oldest_come_in_order(ask: Ask, question: str, order: str) -> None:
    result = ask(question)
    assert "".join(p.id for p in result.papers) == "".join(result.records) == order


@pytest.mark.parametrize(
    ("question", "records"),
    [
        ("how many papers mention drone and lamps?", "b"),  # each somewhere, not the phrase
        ("how many papers mention lamps and night?", "c"),
        ("how many papers mention lamp?", "abcf"),
        ("recent papers from 2021", "d"),
        ("papers between 2024 and 2021", "abcd"),
        ("papers published on 2024-05-02", "ab"),
        ("what is the date range of the papers on lamps?", "abcf"),
    ],
)
def test_what_is_counted_is_what_was_asked_for(ask: Ask, question: str, records: str) -> None:
    assert "".join(sorted(ask(question).records)) == records


def test_a_question_that_the_records_answer_only_in_part_goes_to_the_abstracts(ask: Ask) -> None:
    assert ask("How many lamp papers mention drones?") is None


@pytest.mark.parametrize(
    ("question", "records", "said"),
    [
        ("Which paper has the most authors?", "d", "The most authors of a paper here: 4."),
        ("Which paper on lamps has the most authors?", "c", "Ada Bo, Cy Dee"),
        ("Who wrote the most papers?", "abcdef", "- Ada Bo: 1"),
        ("What is the newest paper on lamps or bees?", "a", "2024-05-02"),
        ("Which paper about lamps was written by one person alone, and by whom?", "f", "by Eve Fox"),
        ("What is the oldest paper on orchards, and who wrote it?", "d", "by 4 authors, whom the records do not name"),
        ('is there a paper titled "Deep Lamps" and who wrote it?', "c", "by Ada Bo, Cy Dee"),
        ("How has the number of papers on lamps changed over the years?", "abcf", "- 2024: 2"),
        ("what is there on lamps from the year 2023", "c", "There is 1 paper here from 2023"),
    ],
)
def test_wishes_of_records_and_two_at_once(ask: Ask, question: str, records: str, said: str) -> None:
    result = ask(question)
    assert ids(result) == records
    assert said in result.text


def test_papers_near_in_meaning_stand_for_words_that_none_has_and_beside_those_that_have_them(tmp_path: Path) -> None:
    library, live = Library(tmp_path / "lib", create=True), worded(tmp_path, PAPERS)
    library.put("pages", PAPERS)

    def asked(question: str) -> CollectionAnswer:
        query = parse(question)
        assert query is not None
        found = answers.answer(query, library, live, None, lambda topic: ["d", "c"])
        assert found is not None
        return found

    none = asked("What is the newest paper on apiculture?")
    assert (ids(none), "comes near to “apiculture”" in none.text) == ("c", False)
    assert "come near to “apiculture”" in none.text
    beside = asked("papers on lamps since 2021")
    assert ids(beside) == "abc", "what has the words is counted, what is near is only named"
    assert beside.text.index("near in meaning") < beside.text.index("Orchards and Bees")
    assert asked("How many papers on apiculture are there?").text.startswith("There is no paper here")


def test_papers_of_the_same_day_are_all_the_newest(tmp_path: Path) -> None:
    library, live = Library(tmp_path / "lib", create=True), worded(tmp_path, [])
    library.put("x", [Paper(i, f"Title {i}", "Text.", day) for i, day in (("p", "2024"), ("q", "2024"), ("r", "2023"))])
    query = parse("which is the newest paper?")
    assert query is not None
    result = answers.answer(query, library, live)
    assert result is not None
    assert set(result.records) == {"p", "q"}


def test_years_and_sources_add_up(ask: Ask) -> None:
    by_year = ask("how many papers are there per year?").text
    assert "- 2021: 1\n- 2023: 1\n- 2024: 2\n- no date: 2\n" in by_year
    assert "- pages: 4\n- zotero: 3\n" in ask("which sources are there?").text
    assert "- 2023: 1\n- 2024: 2\n- no date: 1\n" in ask("how many papers on lamps per year").text
    assert (
        "4 of the 6 papers here are dated from 2021 to 2024-05-02; 2 have no date."
        in ask("what years does the collection cover?").text
    )


def test_filters_narrow_what_is_searched_and_the_answer_says_so(ask: Ask) -> None:
    result = ask("how many papers mention lamps?", Filters(year=2024))
    assert "2 papers within the filters that mention" in result.text
    assert result.text.endswith("Searched 2 papers, considered 2.")
    assert ask("how many papers are there?", Filters(year=1804)) is None  # retrieval says which filter left nothing


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("who wrote Deep Lamps?", "“Deep Lamps” has 3 authors: Ada Bo, Cy Dee and others [1]."),
        ("how many authors does 'deep lamps' have?", "“Deep Lamps” has 3 authors: Ada Bo, Cy Dee and others [1]."),
        ("who are the authors of Orchards and Bees", "“Orchards and Bees” has 4 authors; the records do not name them [1]."),
        ("who wrote old lamps", "“Old Lamps” has 1 author: Eve Fox [1]."),
        ("Which papers were written by Bo?", "There is 1 paper here by Bo."),
        ("papers by Cy Dee", "There is 1 paper here by Cy Dee."),
        (
            "which papers have a single author?",
            "There is 1 paper here with a single author.\n\nIt is:\n\n- Old Lamps by Eve Fox (no date) [1]\n\n3 papers do not",
        ),
        ("when was LanternNet published?", "“LanternNet: Lamps that Learn” is dated 2024-05-02 [1]."),
        ("is there a paper called Frost Watch?", "The library has this paper:\n\n- Frost Watch (2024-05) [1]"),
        (
            "which paper is titled something like 'frost watches'",
            "No paper has exactly this title. The most similar titles:\n\n- Frost Watch",
        ),
    ],
)
def test_a_paper_that_is_named_is_looked_up(ask: Ask, question: str, said: str) -> None:
    result = ask(question)
    assert result.text.startswith(said)
    assert (result.reason, len(result.papers)) == (None, len(result.records))


@pytest.mark.parametrize(
    ("question", "reason", "offered"),
    [
        ("who wrote LanternNet?", "The records do not give the authors of “LanternNet: Lamps that Learn”.", 1),
        ("when was Old Lamps published", "The records do not give the date of “Old Lamps”.", 1),
        ("is there a paper called Bananas in Space", "No paper has a title like “Bananas in Space”.", 0),
        ("papers by Zorro", "The records name no author Zorro. 4 papers do not name their authors and were left out.", 0),
        ("how many papers are listed by mendeley", "No source is called mendeley. The sources are: pages, zotero.", 0),
    ],
)
def test_what_the_records_do_not_have_is_refused_with_what_there_is(ask: Ask, question: str, reason: str, offered: int) -> None:
    result = ask(question)
    assert (result.reason, len(result.papers), result.records, result.claims) == (reason, offered, (), ())
    assert result.text.startswith(reason)


def test_the_newest_of_papers_without_dates_is_not_known(ask: Ask) -> None:
    assert ask("what is the newest paper?", Filters(title="Old")).reason == "None of the papers searched has a date."
    assert "no paper here that mentions “whales”, with a date" in ask("what is the newest paper on whales?").text


@pytest.mark.parametrize(
    "question",
    [
        "who wrote the questions of the quiz",  # no title
        "who wrote night lamps in the dark",
        "how many authors does the average paper have",
        "what are the newest papers on lamps for gondolas in Venice",  # a description: for retrieval
    ],
)
def test_where_no_record_is_clearly_meant_it_is_a_question_like_any_other(ask: Ask, question: str) -> None:
    assert ask(question) is None


def test_where_the_records_have_no_authors_the_abstract_is_not_quoted_for_them(assistant: Assistant) -> None:
    answer = assistant.ask("Who is the first author of LoRA-Mini?")
    assert (answer.mode, answer.refused) == ("corpus", True)
    assert (answer.refusal_reason or "").startswith("The records do not give the authors of “LoRA-Mini")


def test_titles_are_found_by_their_names_and_nearly(tmp_path: Path) -> None:
    live = worded(tmp_path, PAPERS)
    known = {p.id: p.title for p in PAPERS}
    assert titles.find("lanternnet", known, live)[0] == ("a", 1.0)
    assert titles.find("lamps that learn", known, live)[0] == ("a", 0.9)
    assert titles.find("frost watch", {"x": "A Frost Watch for Bees"}, live) == [("x", 0.8)]  # not its name
    assert titles.find("Orchard and Bee", known, live)[0][1] >= titles.MIN_SAME_TITLE_SIMILARITY
    assert all(near < titles.MIN_LIKE_TITLE_SIMILARITY for _, near in titles.find("night", known, live))


# -- through the assistant -----------------------------------------------------------------------------------------------


def test_the_bundled_questions_get_the_answers_counted_by_hand(assistant: Assistant) -> None:
    for case in case_files.load(case_files.COLLECTION):
        answer = assistant.ask(case.question)
        measured = measure(case, answer, [s.paper.id for s in answer.sources])
        assert (answer.mode, answer.refused, measured["hit"]) == ("corpus", False, (1.0, 1.0)), case
        assert measured.get("recall@5") == ((1.0, 1.0) if case.gold else None), case


def test_a_count_agrees_with_a_plain_look_at_the_papers(assistant: Assistant) -> None:
    told = (resources.files("rag") / "data" / "starter.jsonl").read_text("utf-8")
    papers = [json.loads(line) for line in told.splitlines()]
    for term in ("reinforcement learning", "ImageNet", "LoRA", "catastrophic forgetting", "CIFAR-10", "contrastive learning"):
        words = folded(term).replace("-", " ")
        plain = [folded(f"{p['title']} {p['abstract']}").replace("-", " ") for p in papers]
        least = sum(f" {words} " in f" {text} ".replace(",", " ").replace(".", " ") for text in plain)
        most = sum(words in text for text in plain)
        assert least <= len(assistant.ask(f"how many papers mention {term}?").records) <= most, term
        assert least > 2


def test_an_answer_of_the_records_is_one_like_any_other(assistant: Assistant) -> None:
    found, text, answer = assistant.stream("how many papers mention LoRA?")
    assert isinstance(found, Found)
    assert isinstance(answer, Answer)
    assert text == answer.answer
    assert found.sources == answer.sources
    assert all(s.cited for s in answer.sources)
    assert [s.n for s in answer.sources] == list(range(1, 12))
    assert set(answer.records) == {s.paper.id for s in answer.sources}
    assert (answer.mode, answer.model, answer.invalid_citations, answer.complete) == ("corpus", None, (), True)
    assert answer.timings.total_s is not None
    record = json.loads(render.to_json(answer))
    assert record["records"] == list(answer.records)
    shown = render.text(answer)
    assert shown.count("LoRA-Mini") == 1  # the text is the list, which is not repeated
    assert "⚠" not in shown


def test_the_chat_links_each_paper_to_the_sentence_and_says_where_it_comes_from(assistant: Assistant) -> None:
    answer = assistant.ask("how many papers mention LoRA?")
    shown = exchanges.finished(0, answer)
    assert shown.count('class="cite"') == len(answer.sources) == 11
    assert "From the library&#39;s records" in shown
    shown_cards = cards.sources("0", answer.sources, answer.claims, question=answer.question)
    assert shown_cards.count("<mark ") == sum(len(c.evidence) for c in answer.claims) > 5


def test_at_most_twenty_papers_are_named_and_all_are_recorded(assistant: Assistant) -> None:
    answer = assistant.ask("which papers mention catastrophic forgetting?")
    assert (len(answer.sources), len(answer.records)) == (20, 22)
    assert "The first 20" in answer.answer


def test_a_question_about_the_collection_needs_none_before_it(assistant: Assistant) -> None:
    answer = assistant.ask("How many papers are there?", [Turn("user", "What is MacroHFT?")])
    assert answer.standalone_question == "How many papers are there?"
    assert answer.mode == "corpus"


def test_force_asks_the_abstracts_where_the_records_have_nothing(assistant: Assistant) -> None:
    question = "who wrote GraphSAINT?"
    assert assistant.ask(question).mode == "corpus"
    assert assistant.ask(question, force=True).mode == "extractive"


def test_papers_by_an_author_are_listed_with_their_authors(ask: Ask) -> None:
    assert "- Deep Lamps by Ada Bo, Cy Dee (" in ask("papers by Bo").text


def test_who_and_when_are_told_of_one_paper_as_far_as_the_records_have_them() -> None:
    known = Paper("p", "Kites", "Kites fly.", "2021-03", ("Ada Bo",))
    both = one_paper.of_papers(("authors", "date"), [known], 5)
    assert both.text.startswith("“Kites” has 1 author: Ada Bo [1].\n\n“Kites” is dated 2021-03 [1].")
    half = one_paper.of_papers(("authors", "date"), [replace(known, published=None)], 5)
    assert "The records do not give the date of “Kites”." in half.text
    assert half.reason is None
    assert one_paper.of_papers(("date",), [replace(known, published=None)], 5).reason is not None


HARBOUR = "Harbour University"
CREW = [
    Paper("g", "Lanterns at Sea", "Lanterns guide boats.", "2022-03-01", ("Ada Bo", "Tomás Dee"), organisation=HARBOUR),
    Paper("h", "Lanterns in Fog", "Fog dims lanterns.", "2023-05-04", ("Tomás Dee",), organisation=HARBOUR),
    Paper("i", "Trees along Roads", "Trees cool cities.", "2023-06-01", ("Ada Bo", "Eve Fox", "Gil Hay"), None, "Fen Lab"),
    Paper("j", "Bees in Winter", "Bees eat honey.", None, ("Ada Bo", "Gil Hay")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "records", "said"),
    [
        (Query("coauthors", author="Ada Bo"), "gij", "They wrote with:\n\n- Gil Hay: 2"),
        (Query("list", author="Ada Bo", co_author="Gil Hay"), "ij", "2 papers here by Ada Bo and by Gil Hay"),
        (Query("list", author="tomas dee"), "gh", "2 papers here by tomas dee"),  # whatever the accents
        (Query("by_organisation"), "ghij", "- Harbour University: 2\n- Fen Lab: 1\n- none named: 1"),
        (Query("by_month", organisation="harbour"), "gh", "- 2022-03: 1\n- 2023-05: 1"),
        (Query("list", author="Fen Lab"), "i", "1 paper here from Fen Lab"),  # read as a person
        (Query("count", about="harbour university"), "gh", "2 papers here from harbour university"),  # read as a topic
        (Query("fewest_authors"), "h", "The fewest authors of a paper here: 1."),
        (Query("most_authors", about="lanterns"), "g", "The most authors of a paper here that mentions “lanterns”: 2."),
        (Query("list", lacking="date"), "j", "1 paper here with no date in the records"),
        (Query("list", lacking="organisation"), "j", "1 paper here with no organisation in the records"),
        (Query("count", about="lanterns", also=("newest",)), "gh", "The 2 papers here with a date that mention “lanterns”"),
        (Query("authors", title="fog", also=("date", "organisation")), "h", "“Lanterns in Fog” is from Harbour University [1]"),
        (Query("list", about="lanterns", since="2019", until="2019"), "", "no paper here from 2019 that mentions “lanterns”"),
        (Query("newest", about="lanterns", most=1, name_organisations=True), "h", "Lanterns in Fog, from Harbour University ("),
        (Query("list", about="honey", name_organisations=True), "j", "Winter, from no organisation in the records (no date)"),
        (Query("authors", title="what the boats see"), "g", "“Lanterns at Sea” has 2 authors: Ada Bo, Tomás Dee [1]"),
    ],
)  # fmt: skip
def test_people_organisations_and_several_wishes_are_answered(tmp_path: Path, query: Query, records: str, said: str) -> None:
    library, live = Library(tmp_path / "lib", create=True), worded(tmp_path, CREW)
    library.put("crew", CREW)
    near = {"fog": ["h", "g"], "what the boats see": ["g", "h"], "lanterns": ["g", "j"]}
    result = answers.answer(query, library, live, near=lambda words: near.get(words, []))
    assert result is not None
    assert said in result.text
    assert ids(result) == records
    assert result.text.count("Searched 4 papers") == 1
    numbers = {n for claim in result.claims for n in claim.citations}
    assert numbers <= set(range(1, len(result.papers) + 1))


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        (Query("untold", title="fog"), "The records have titles, authors, dates and organisations, and cannot tell that."),
        (Query("list", author="Nobody Known"), "The records name no author Nobody Known."),
        (Query("newest", organisation="Moon Base"), "The records name no organisation and no author Moon Base."),
        (Query("organisation", title="Bees in Winter"), "The records do not give the organisation of “Bees in Winter”."),
    ],
)
def test_what_no_record_has_is_said(tmp_path: Path, query: Query, reason: str) -> None:
    library, live = Library(tmp_path / "lib", create=True), worded(tmp_path, CREW)
    library.put("crew", CREW)
    result = answers.answer(query, library, live, near=lambda words: ["h"])
    assert result is not None
    assert result.reason == reason
