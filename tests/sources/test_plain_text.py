"""Papers as plain text: labels, blank lines, wrapped lines, lists and headings; and all the text that is no papers."""

from __future__ import annotations

from datetime import date
from time import monotonic

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rag.sources import plain_text, titles
from rag.sources.plain_text_lines import drafts
from rag.types import BadRecord, Paper

BOATS, KITES, LAMPS = "Drifting Boats on a Slow Canal", "Kites Above the Canal: A Second Look", "Why Do Lamps Flicker in Wind?"
DRIFT = (
    "We measure how fast a paper boat drifts down a slow canal, in still air and in wind, for three sizes of sail. "
    "The large sail is the fastest in wind and the slowest in still air."
)
FLIGHT = (
    "Twelve kites were flown above a canal on forty windy days, and their height was read twice an hour. "
    "Long tails keep a kite steady, at the cost of a tenth of its height."
)
GLOW = (
    "A lamp in a draught flickers at a rate that depends on the shape of its glass and hardly on its oil. "
    "Round glasses flicker least, and tall ones most, in all nine of our rooms."
)
WRAPPED_DRIFT = """We measure how fast a paper boat drifts down a slow canal, in still air and
in wind, for three sizes of sail. The large sail is the fastest in wind and
the slowest in still air."""
WRAPPED_FLIGHT = """Twelve kites were flown above a canal on forty windy days, and their height
was read twice an hour. Long tails keep a kite steady, at the cost of a tenth
of its height."""


def papers(text: str) -> list[Paper]:
    assert plain_text.recognises(text)
    found = list(plain_text.parse(text))
    assert all(isinstance(p, Paper) for p in found), found
    return [p for p in found if isinstance(p, Paper)]


def listed(text: str) -> list[tuple[str, str]]:
    return [(p.title, p.abstract) for p in papers(text)]


TWO = [(BOATS, DRIFT), (KITES, FLIGHT)]

# -- with labels --------------------------------------------------------------------------------------------------------


def test_labels_in_one_block_give_all_fields() -> None:
    boats, kites = papers(
        f"Title: {BOATS}\nAuthors: Ann Alder, Bo Birch and Cy Cedar\nYear: 2021\nDOI: 10.1234/Boats.1\nAbstract: {DRIFT}\n\n"
        f"Title: {KITES}\nAuthor: Dee Dogwood\nDate: May 3, 2022\narXiv: 2205.00001v2\n"
        f"Keywords: kites, wind\nAbstract: {FLIGHT}\n"
    )
    assert (boats.title, boats.abstract, boats.authors) == (BOATS, DRIFT, ("Ann Alder", "Bo Birch", "Cy Cedar"))
    assert (boats.published, boats.doi, boats.arxiv) == ("2021", "10.1234/boats.1", None)
    assert (kites.title, kites.abstract, kites.authors) == (KITES, FLIGHT, ("Dee Dogwood",))
    assert (kites.published, kites.arxiv) == ("2022-05-03", "2205.00001v2")


def test_labels_over_blocks_are_of_one_paper() -> None:
    text = "\n\n".join(f"Title: {t}\n\nAuthors: Ann Alder\n\nAbstract:\n\n{a}\n\nURL: https://boats.example/1" for t, a in TWO)
    assert listed(text) == TWO
    assert papers(text)[1].url == "https://boats.example/1"


def test_wrapped_values_of_labels_are_joined() -> None:
    text = (
        f"Title: Drifting Boats\n  on a Slow Canal\nAuthors: Ann Alder,\n  Bo Birch\nAbstract: {WRAPPED_DRIFT}\n\n"
        f"Title: Kites Above the Canal:\n  A Second Look\nAuthors: Ann Alder\nAbstract:\n{WRAPPED_FLIGHT}\n"
    )
    assert listed(text) == TWO
    assert papers(text)[0].authors == ("Ann Alder", "Bo Birch")


def test_the_label_that_begins_the_file_begins_each_paper() -> None:
    text = "\n\n".join(f"arXiv: 2101.0000{n}\nTitle: {t}\n\nAbstract: {a}" for n, (t, a) in enumerate(TWO))
    assert listed(text) == TWO
    assert [p.arxiv for p in papers(text)] == ["2101.00000", "2101.00001"]


def test_a_title_needs_no_label_before_a_labelled_abstract() -> None:
    text = f"{BOATS}\nAnn Alder, Bo Birch\nAbstract: {DRIFT}\n\n{KITES}\nAbstract: {FLIGHT}\n"
    assert listed(text) == TWO
    assert [p.authors for p in papers(text)] == [("Ann Alder", "Bo Birch"), ()]


def test_lines_after_a_title_label_that_are_an_abstract_need_no_label() -> None:
    assert listed(f"Title: {BOATS}\n{WRAPPED_DRIFT}\n\nTitle: {KITES}\nAbstract: {FLIGHT}\n") == TWO


def test_labels_may_be_bold_under_numbered_headings() -> None:
    text = "\n\n".join(
        f"### {n}. {t}\n\n**Authors:** Ann Alder, Bo Birch\n**Year:** 2020\n\n**Abstract:** {a}"
        for n, (t, a) in enumerate(TWO, 1)
    )
    assert listed(text) == TWO
    assert {(p.authors, p.published) for p in papers(text)} == {(("Ann Alder", "Bo Birch"), "2020")}


def test_an_abstract_may_have_paragraphs_and_a_structure() -> None:
    [boats] = papers(f"Title: {BOATS}\nAbstract: Background: Boats drift.\nMethods: {DRIFT}\n\n{FLIGHT}\n")
    assert boats.abstract == f"Background: Boats drift. Methods: {DRIFT} {FLIGHT}"


def test_a_labelled_paper_without_abstract_has_a_title_only() -> None:
    text = f"Title: {BOATS}\nAbstract: {DRIFT}\n\nTitle: {KITES}\nYear: 2020\n\nTitle: {LAMPS}\nAbstract: {GLOW}\n"
    assert listed(text) == [(BOATS, DRIFT), (KITES, ""), (LAMPS, GLOW)]


# -- without labels -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        f"{BOATS}\n\n{DRIFT}\n\n{KITES}\n\n{FLIGHT}\n",
        f"\n\n{BOATS}\n\n\n{WRAPPED_DRIFT}\n\n\n{KITES}\n\n{WRAPPED_FLIGHT}",
        f"{BOATS}\n{DRIFT}\n\n{KITES}\n{FLIGHT}\n",
        f"{BOATS}\n{WRAPPED_DRIFT}\n\n{KITES}\n{WRAPPED_FLIGHT}\n",
        f"{BOATS}\n{DRIFT}\n---\n{KITES}\n{FLIGHT}\n---\n",
        f"{BOATS}\n{WRAPPED_DRIFT}\n=====\n{KITES}\n{WRAPPED_FLIGHT}\n",
        f"{BOATS}\n======\n\n{DRIFT}\n\n{KITES}\n======\n\n{FLIGHT}\n",
        f"1. {BOATS}\n   {DRIFT}\n2. {KITES}\n   {FLIGHT}\n".replace("\n2.", "\n\n2."),
        f"[1] {BOATS}\n\n{WRAPPED_DRIFT}\n\n[2] {KITES}\n\n{WRAPPED_FLIGHT}\n",
        f"## {BOATS}\n\n{DRIFT}\n\n## {KITES}\n{WRAPPED_FLIGHT}\n",
        f"# What I Read\n\n## {BOATS}\n\n{DRIFT}\n\n## {KITES}\n\n{FLIGHT}\n",
        f"{BOATS}\n\nAnn Alder, Bo Birch, and Cy Cedar\n\n{DRIFT}\n\n{KITES}\n\nAnn Alder\n\n{FLIGHT}\n",
        f"{BOATS}\nAnn Alder and Bo Birch\n{WRAPPED_DRIFT}\n\n{KITES}\nAnn Alder\n{WRAPPED_FLIGHT}\n",
    ],
)
def test_titles_and_abstracts_that_alternate_are_papers(text: str) -> None:
    assert listed(text) == TWO


def test_names_between_title_and_abstract_are_authors() -> None:
    boats, kites = papers(
        f"{BOATS}\n\n*Ann Alder, Bo Birch and Cy Cedar*\n\n{DRIFT}\n\n{KITES}\n\nAnn Alder1, J. de Boer2\n\n{FLIGHT}\n"
    )
    assert (boats.authors, kites.authors) == (("Ann Alder", "Bo Birch", "Cy Cedar"), ("Ann Alder", "J. de Boer"))


def test_a_title_of_two_lines_is_one_title() -> None:
    title = "A Very Long Look at the Slow Drift of Small Paper Boats on a Canal in the\nnorth of the Country"
    assert listed(f"{title}\n{WRAPPED_DRIFT}\n\n{KITES}\n{WRAPPED_FLIGHT}\n")[0] == (title.replace("\n", " "), DRIFT)


def test_one_paper_alone_is_recognised() -> None:
    assert listed(f"{BOATS}\n\nAnn Alder\n\n{DRIFT} {FLIGHT}\n") == [(BOATS, f"{DRIFT} {FLIGHT}")]


def test_a_text_without_a_title_is_bad_at_its_line_and_the_rest_is_read() -> None:
    text = f"\n{DRIFT}\n\n{KITES}\n\n{FLIGHT}\n\n{LAMPS}\n\n{GLOW}\n"
    bad, *rest = plain_text.parse(text)
    assert bad == BadRecord(2, "no title")
    assert [p.title for p in rest if isinstance(p, Paper)] == [KITES, LAMPS]


# -- what is no list of papers ------------------------------------------------------------------------------------------

README = f"""# boats

[![tests](https://boats.example/badge.svg)](https://boats.example)

A small library that reads the logs of boats. {DRIFT}

## Installation

```
pip install boats
```

## Usage of the Command Line Program

Run `boats --help` first. It lists what can be done, and how the logs of your boat must be named.
"""
LICENCE = """The Boat License

Copyright (c) 2020 Ann Alder

Permission is hereby granted, free of charge, to any person obtaining a copy of this boat, to deal in the boat without
restriction, including without limitation the rights to use, copy, modify, merge, publish and sell it.

The above notice shall be included in all copies or substantial portions of the boat, whatever their size may be.
"""
NOVEL = """CHAPTER I. The Canal in the Morning

The boat had lain in the reeds since spring, and nobody in the village remembered whose it was, or how it had come there,
or why its sail was blue.

"It was here before the mill," said the miller.

Ann walked along the bank for an hour. The mist was thick that morning, and the lamps on the far side were all that she saw
of the town.

"And whose is it now?" she asked.

Nobody answered. The miller went back to his mill, and the geese went back to the water, and it grew slowly light.
"""
PROSE = """The boat had lain in the reeds since spring and nobody in the village
remembered whose it was, or how it had come there, or why its sail was
blue. It was there before the mill was built.

Ann walked along the bank for an hour. The mist was thick that morning
and the lamps on the far side were all that could be seen of the town
when the bells rang for the second time.
"""
HELP = "\n\n".join(
    f"How do I {what}?\n\nOpen the lamp and look at the wick first of all. If it is black, then take your knife and cut it, "
    "and close the glass again with care."
    for what in ("clean the glass of a lamp", "fill the lamp with oil", "trim the wick of a lamp")
)
GUIDE = "\n\n".join(
    f"{title}\n\nOpen the lamp and look at the wick first of all. If it is black, then take your knife and cut it, and close "
    "the glass again with care."
    for title in ("Cleaning the Glass of a Lamp", "Filling the Lamp with Oil", "Trimming the Wick of a Lamp")
)
CODE = '''def drift(boat, wind):
    """Return how far a boat drifts in the wind. The boat must have a sail, and the wind must not be negative at any time."""
    return boat.sail * wind
'''
LOG = "".join(f"2024-05-0{n} 10:00:00 INFO boats.drift: boat {n} left the canal and drifted.\n" for n in range(1, 9))
PACKAGE = f"Metadata-Version: 2.4\nName: boats\nVersion: 1.0\nSummary: {DRIFT}\nAuthor: Ann Alder\n\n{FLIGHT}\n"
PATCH = f"commit 1234\nAuthor: Ann Alder\nDate: Mon May 3 2022\n\n    Let boats drift\n\n    {DRIFT}\n"


@pytest.mark.parametrize(
    "text",
    [
        "", " \n\n", "\0", "Dear diary, today I read a paper.", DRIFT, f"{DRIFT}\n\n{FLIGHT}\n", BOATS,
        f"{BOATS}\n\n{KITES}\n\n{LAMPS}\n",
        README, LICENCE, NOVEL, PROSE, HELP, GUIDE, CODE, LOG, PACKAGE, PATCH,
        f"<html><body><h1>{BOATS}</h1>\n<p>{DRIFT}</p></body></html>",
        f'{{"title": "{BOATS}",\n"abstract": "{DRIFT}"}}',
        f'title,abstract\n{BOATS},"{DRIFT}"\n{KITES},"{FLIGHT}"\n',
        f"Title of the Paper\tAbstract of the Paper\n{BOATS}\t{DRIFT}\n",
        f"@article{{boats,\n  title = {{{BOATS}}},\n  abstract = {{{DRIFT}}}\n}}\n",
        f"TY  - JOUR\nTI  - {BOATS}\nAB  - {DRIFT}\nER  - \n",
        f"PMID- 1\nTI  - {BOATS}\nAB  - {DRIFT}\n",
        f"---\ntitle: {BOATS}\nabstract: {DRIFT}\n---\n\n{FLIGHT}\n",
        f"Boats\n\n{DRIFT}\n\nKites\n\n{FLIGHT}\n\nLamps\n\n{GLOW}\n",
    ],
)  # fmt: skip
def test_other_text_is_not_recognised(text: str) -> None:
    assert not plain_text.recognises(text)


def test_a_labelled_text_with_a_whole_paper_in_it_is_not_recognised() -> None:
    assert not plain_text.recognises(f"Title: {BOATS}\nAbstract: {DRIFT}\n\n" + f"{FLIGHT}\n\n" * 60)


LINES = st.sampled_from(
    [
        f"Title: {BOATS}", f"Abstract: {DRIFT}", "Abstract", "Authors: Ann Alder", "DOI:", BOATS, DRIFT, "", "---", "# ",
        "## Boats", "1. ", "1. Boats", "Ann Alder, Bo Birch", "\x1f", "\u2028", "Title:", "Paper 3", "[1]", "*", "Year: 20",
    ]
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(st.one_of(st.text(), st.lists(st.one_of(LINES, st.text(max_size=6)), max_size=8).map("\n".join)))
@example("\x1f\n\x1f\nTitle:")
@example("#\u2003\u2003\n1.\u2003x")
def test_no_text_makes_it_raise_and_bad_lines_are_in_the_text(text: str) -> None:
    plain_text.recognises(text)
    for record in plain_text.parse(text):
        assert record.title if isinstance(record, Paper) else 1 <= record.line <= text.count("\n") + 1


# -- titles -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "https://boats.example/papers/1", "Oct 2", "May 29, 2024", "3 May 2024", "2024-05-03", "101", "[-]", "·", "10 authors",
        "[", "[101](https://boats.example/login)", "[Boats](/papers/1)", "[Boats][29]",
        "### [Boats](https://boats.example)", "][33]", "",
    ],
)  # fmt: skip
def test_addresses_dates_numbers_and_link_marks_are_no_titles(text: str) -> None:
    assert not titles.is_title(text)


@pytest.mark.parametrize(
    "text", [BOATS, "Boats", "[Boats in the wind]", "[Re] Boats (and Kites)", "May 29 Boats", "1984: A Boat", "船"]
)
def test_words_are_titles(text: str) -> None:
    assert titles.is_title(text)


def test_papers_are_plausible_when_at_most_half_of_the_titles_are_none() -> None:
    good, bad, unread = Paper("1", BOATS, DRIFT), Paper("2", "https://boats.example", DRIFT), BadRecord(1, "no title")
    assert titles.plausible([])
    assert titles.plausible([good, bad, unread, unread])
    assert not titles.plausible([good, bad, bad])


def test_dates_of_labels_are_read_in_usual_forms() -> None:
    [boats] = papers(f"Title: {BOATS}\nPublished: 3 May 2022\nAbstract: {DRIFT}\n")
    assert boats.published == date(2022, 5, 3).isoformat()


@pytest.mark.parametrize(
    "text",
    [
        "# " + "#" * 200_000 + "x",
        "Boats in it\n\n" + "ok so.\n\n" * 20_000,
        "Boats" + " " * 200_000 + "x",
        "Title: a\nAuthors: B\n" + "Ann Alder\n" * 20_000,
    ],
)
def test_cutting_takes_time_in_proportion_to_the_text(text: str) -> None:
    started = monotonic()
    assert len(list(drafts(text))) == 1
    assert monotonic() - started < 5
