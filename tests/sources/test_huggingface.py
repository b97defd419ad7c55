"""Daily Papers pages: text without links, Markdown, links on lines of their own, numbered links, and HTML."""

from __future__ import annotations

import html
import json
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rag.sources import formats, huggingface, repair
from rag.sources.paper_ids import paper_id
from rag.storage.library import Library
from rag.types import BadRecord, Paper

BANNER = "Get trending papers in your email inbox"
ONE = "Made-up birds are counted by a made-up network, which is right about nine of ten of them in the first of our tests."
TWO = "Made-up fish are harder than made-up birds, so a second network looks at them twice and is right more often than not."
THREE = "Made-up stones neither fly nor swim; a third network needs no training at all to say where they are to be found."

GLUED = f"{BANNER} once a day!\n{BANNER}!\nSubscribeCounting Birds\n{ONE}\nCounting Fish: A Second Look\n{TWO}\n"
SPACED = (
    f"new\n\n{BANNER}!\n\nSubscribe\n\nbyAK and the research community\n\nMar 14\n\nCounting Birds\n\n{ONE}\n\n"
    f"Counting Fish: A Second Look\n\n{TWO}\n"
)
DATED = (
    f"new\n\n{BANNER}!\n\nSubscribe\n\nDaily Papers\n\nbyAK and the research community\n\nNov 20\n\n"
    f"Counting Birds\n\n{ONE}\n\n  • 3 authors\n·\nFeb 5, 2024\n\n"
    f"Counting Fish: A Second Look\n\n{TWO}\n\nacmelabs Acme Labs\n·\nSep 28 2\n\n"
    f"Finding Stones\n\n{THREE}\n\n  • 1 author\n·\nMar 1, 2021 7\n"
)


def read(text: str) -> list[Paper | BadRecord]:
    return list(formats.parse(text, "a place"))


def papers(text: str) -> list[Paper]:
    found = read(text)
    assert all(isinstance(p, Paper) for p in found), found
    return [p for p in found if isinstance(p, Paper)]


# -- saved pages --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [GLUED, SPACED, "\ufeff" + SPACED, GLUED.replace("\n", "\r\n")])
def test_layouts_without_dates_give_titles_and_abstracts(page: str) -> None:
    assert papers(page) == [
        Paper(paper_id("Counting Birds"), "Counting Birds", ONE),
        Paper(paper_id("Counting Fish: A Second Look"), "Counting Fish: A Second Look", TWO),
    ]


def test_the_dated_layout_gives_authors_organisation_and_dates() -> None:
    birds, fish, stones = papers(DATED)
    assert (birds.published, birds.author_count, birds.organisation) == ("2024-02-05", 3, None)
    assert (fish.published, fish.author_count, fish.organisation) == ("2025-09-28", None, "Acme Labs")
    assert (stones.published, stones.author_count, stones.organisation) == ("2021-03-01", 1, None)
    assert [p.abstract for p in (birds, fish, stones)] == [ONE, TWO, THREE]


def test_a_page_that_names_no_year_is_of_this_year() -> None:
    page = DATED.replace(", 2024", "").replace(", 2021", "")
    dates = [p.published for p in huggingface.parse(page, date(2031, 1, 2)) if isinstance(p, Paper)]
    assert dates == ["2031-02-05", "2031-09-28", "2031-03-01"]


def test_a_date_that_does_not_exist_is_left_out() -> None:
    assert [p.published for p in papers(DATED.replace("Feb 5, 2024", "Feb 30, 2024"))] == [None, "2025-09-28", "2021-03-01"]


def test_a_title_that_begins_with_a_word_of_the_header_keeps_it() -> None:
    page = f"{BANNER}!\nSubscribeSubscribe to Birds\n{ONE}\nnew Fish\n{TWO}\n"
    assert [p.title for p in papers(page)] == ["Subscribe to Birds", "new Fish"]


def test_a_title_without_abstract_is_bad_at_its_line_and_the_rest_is_read() -> None:
    page = f"{BANNER}!\nSubscribeCounting Birds\n{ONE}\nLonely Title\nFinding Stones\n{THREE}\n"
    first, bad, last = read(page)
    assert isinstance(bad, BadRecord)
    assert (bad.line, "without an abstract" in bad.reason, "Lonely Title" in bad.reason) == (4, True, True)
    assert [p.title for p in (first, last) if isinstance(p, Paper)] == ["Counting Birds", "Finding Stones"]


def test_an_abstract_without_title_is_bad_at_its_line_and_the_rest_is_read() -> None:
    page = f"{BANNER}!\nSubscribeCounting Birds\n{ONE}\n{TWO * 4}\nFinding Stones\n{THREE}\n"
    first, bad, last = read(page)
    assert isinstance(bad, BadRecord)
    assert (bad.line, "without a title" in bad.reason) == (4, True)
    assert [p.title for p in (first, last) if isinstance(p, Paper)] == ["Counting Birds", "Finding Stones"]


@settings(max_examples=50)
@given(st.lists(st.sampled_from([*DATED.splitlines(), *GLUED.splitlines(), "Lonely Title"]), max_size=30))
def test_a_page_in_any_disorder_is_read_without_a_crash_and_bad_lines_are_its_own(lines: list[str]) -> None:
    page = "\n".join([f"{BANNER}!", *lines])
    for record in huggingface.parse(page):
        if isinstance(record, BadRecord):
            assert 1 <= record.line <= len(lines) + 1
        else:
            assert record.title
            assert len(record.abstract) > 50


# -- pages with links ---------------------------------------------------------------------------------------------------

TODAY = date(2031, 1, 2)
FIRST, _, SECOND = ONE.partition(" right ")
SECOND = f"right {SECOND}"
HOST = "https://huggingface.co"
MARKDOWN = f"""[Sign Up]({HOST}/join)

new

{BANNER} once a day!

[Subscribe]({HOST}/login?next=%2Fpapers)

# Daily Papers

## by [![]({HOST}/front/papers-by.png)AK]({HOST}/akhaliq) and the research community

- Daily
- Weekly

[Trending Papers]({HOST}/papers/trending)

Oct 2

[101]({HOST}/login?next=%2Fpapers%2F2606.00683)

### [Counting [Small] Birds:\\  A Look]({HOST}/papers/2606.00683)

[{FIRST}\\\\
{SECOND} Birds are in \\[0, 1) with *p*.]({HOST}/papers/2606.00683)

[![acmelabs](https://cdn.example/x.png)Acme Labs]({HOST}/acmelabs)

·

May 29[6]({HOST}/papers/2606.00683#community)

[-]({HOST}/login?next=%2Fpapers%2F2501.11115)

### [Counting Fish: A Second Look]({HOST}/papers/2501.11115)

[{TWO} Code: [here](https://fish.example/code).]({HOST}/papers/2501.11115)

[- ![](https://cdn.example/a.jpeg)\\\\
- ![](https://cdn.example/b.svg)\\\\
- 10 authors]({HOST}/papers/2501.11115)

·

Dec 30

Previous [Next]({HOST}/papers/date/2026-01-01)

### Company

[TOS]({HOST}/terms-of-service)
"""
LINES = f"""# Daily Papers - Hugging Face

Models

{HOST}/models

{BANNER} once a day!

Subscribe

{HOST}/login?next=%2Fpapers

Monthly

{HOST}/papers/trending

 [-] 1

{HOST}/login?next=%2Fpapers%2F2606.00683

Counting Birds

{HOST}/papers/2606.00683

{ONE}

{HOST}/papers/2606.00683

{"": ^1}

{HOST}/papers/2606.00683

 Acme Labs

{HOST}/acmelabs

·

{"Oct 7, 2024 "}

1

{HOST}/papers/2606.00683#community

 [-] -

{HOST}/login?next=%2Fpapers%2F2501.11115

Counting Fish: A Second Look

{HOST}/papers/2501.11115

{TWO}

{HOST}/papers/2501.11115

[

4 authors]({HOST}/papers/2501.11115)

·

Jan 3

System theme

TOS

{HOST}/terms-of-service
"""
BRACKETS = f"""[[logo] Hugging Face][1]
* [ Models ][2]
new

{BANNER} once a day!

[Subscribe][29]

# Daily Papers

## by[AK][30] and the research community
* Daily
* Weekly

Jun 29
[
-
][31]

### [Counting Birds][32]

[

{FIRST}
{SECOND}

][33]
[
* 3 authors
][34]
·
May 30
[
65
][35]

### [Counting Fish: A Second Look][36]

[

{TWO}

][37]
[[acme] Acme Labs][38]
·
Mar 8, 2024 [ 6][39]
"""
LYNX = f"""   {BANNER} once a day!

   [29]Subscribe

by [30]AK and the research community

   [31]101

[32]Counting
Birds

   [33]{FIRST}
   {SECOND}
   [34]Acme Labs
   ·
   May 29 [35]6

[36]Counting Fish: A Second Look

   [37]{TWO}
   [38]* 10 authors
   ·
   Aug 30

References

   29. {HOST}/login?next=%2Fpapers
   30. {HOST}/akhaliq
   31. {HOST}/login?next=%2Fpapers%2F2606.00683
   32. {HOST}/papers/2606.00683
   33. {HOST}/papers/2606.00683
   34. {HOST}/acmelabs
   35. {HOST}/papers/2606.00683#community
   36. {HOST}/papers/2609.11115
   37. {HOST}/papers/2609.11115
   38. {HOST}/papers/2609.11115
"""
TRENDING = f"""{BANNER}!

# Trending Papers

Submitted by

[image]

ann

### [Counting
Birds]({HOST}/papers/2606.00683)

{ONE}

[[image: acme] Acme Labs]({HOST}/acmelabs) · Published on Oct 4, 2026

[Upvote

117]({HOST}/login?next=%2Fpapers%2F2606.00683)

[[image]]({HOST}/papers/2309.06180)

### Counting Fish:
  A Second Look

{TWO}
- 8 authors
[GitHub 110k](https://fish.example/code)
"""


def page(text: str) -> list[Paper]:
    assert huggingface.recognises(text)
    found = list(huggingface.parse(text, TODAY))
    assert all(isinstance(p, Paper) for p in found), found
    return [p for p in found if isinstance(p, Paper)]


def facts(text: str) -> list[tuple[str, str | None, str | None, int | None, str | None]]:
    return [(p.title, p.arxiv, p.published, p.author_count, p.organisation) for p in page(text)]


def test_markdown_gives_titles_numbers_dates_counts_and_organisations() -> None:
    assert facts(MARKDOWN) == [
        ("Counting [Small] Birds: A Look", "2606.00683", "2026-05-29", None, "Acme Labs"),
        ("Counting Fish: A Second Look", "2501.11115", "2024-12-30", 10, None),
    ]
    birds, fish = page(MARKDOWN)
    assert (birds.abstract, fish.abstract) == (f"{ONE} Birds are in [0, 1) with *p*.", f"{TWO} Code: here.")
    assert [p.url for p in (birds, fish)] == [f"{HOST}/papers/2606.00683", f"{HOST}/papers/2501.11115"]


def test_relative_addresses_are_those_of_the_host() -> None:
    assert page(MARKDOWN.replace(HOST, "")) == page(MARKDOWN)


def test_addresses_on_lines_of_their_own_belong_to_the_line_before() -> None:
    assert facts(LINES) == [
        ("Counting Birds", "2606.00683", "2024-10-07", None, "Acme Labs"),
        ("Counting Fish: A Second Look", "2501.11115", "2025-01-03", 4, None),
    ]
    assert [p.abstract for p in page(LINES)] == [ONE, TWO]


def test_links_in_brackets_without_addresses_are_read_and_wrapped_abstracts_joined() -> None:
    assert facts(BRACKETS) == [
        ("Counting Birds", None, "2025-05-30", 3, None),
        ("Counting Fish: A Second Look", None, "2024-03-08", None, "Acme Labs"),
    ]
    assert [p.abstract for p in page(BRACKETS)] == [ONE, TWO]


def test_a_list_of_references_gives_the_addresses_of_links_in_brackets() -> None:
    numbered = BRACKETS + f"\n[32]: {HOST}/papers/2605.00001\n[33]: {HOST}/papers/2605.00001\n"
    assert [p.arxiv for p in page(numbered)] == ["2605.00001", None]


def test_a_dump_with_numbers_before_links_is_read() -> None:
    assert facts(LYNX) == [
        ("Counting Birds", "2606.00683", "2026-05-29", None, "Acme Labs"),
        ("Counting Fish: A Second Look", "2609.11115", "2026-08-30", 10, None),
    ]
    assert [p.abstract for p in page(LYNX)] == [ONE, TWO]


def test_trending_papers_are_read_and_a_title_may_be_wrapped() -> None:
    assert facts(TRENDING) == [
        ("Counting Birds", "2606.00683", "2026-10-04", None, "Acme Labs"),
        ("Counting Fish: A Second Look", None, None, 8, None),
    ]
    assert [p.abstract for p in page(TRENDING)] == [ONE, TWO]


@pytest.mark.parametrize(
    ("number", "written", "published"),
    [
        ("2606.00683", "May 29", "2026-05-29"),
        ("2606.00683", "Jun 1", "2026-06-01"),
        ("2601.00683", "Dec 31", "2025-12-31"),
        ("2606.00683", "Jul 1", "2031-07-01"),
        ("2606.00683", "May 29, 2019", "2019-05-29"),
        ("2602.00683", "Feb 30", None),
    ],
)
def test_a_date_without_a_year_is_of_the_year_of_the_number_when_the_month_fits(
    number: str, written: str, published: str | None
) -> None:
    text = f"{BANNER}!\n\n### [Birds]({HOST}/papers/{number})\n\n[{ONE}]({HOST}/papers/{number})\n\n·\n\n{written}\n"
    assert [p.published for p in page(text)] == [published]


def test_a_linked_title_without_abstract_or_the_reverse_is_bad_at_its_line() -> None:
    text = MARKDOWN + f"\n### [Lonely Title]({HOST}/papers/2501.00001)\n\n[{TWO * 4}]({HOST}/papers/2501.00002)\n"
    *_, lonely, lost = huggingface.parse(text)
    assert isinstance(lonely, BadRecord)
    assert isinstance(lost, BadRecord)
    end = MARKDOWN.count("\n")
    assert (lonely.line, "Lonely Title" in lonely.reason, lost.line) == (end + 2, True, end + 4)


def test_the_banner_is_found_after_a_long_menu_but_not_within_a_sentence() -> None:
    menu = f"[Models]({HOST}/models)\n" * 200
    assert len(page(menu + MARKDOWN)) == 2
    assert not huggingface.recognises(f"{menu}The page says: {BANNER} once a day.\n")


# -- HTML ---------------------------------------------------------------------------------------------------------------


def saved(properties: object) -> str:
    value = html.escape(json.dumps(properties))
    return (
        f"<!DOCTYPE html>\n<html><head><title>Daily Papers</title></head>\n<body><main>"
        f'<div class="SVELTE_HYDRATER contents" data-target="DailyPapers" data-props="{value}"><p>a &lt; b</p></div>'
        "</main></body></html>"
    )


BIRDS = {
    "paper": {
        "id": "2606.00683",
        "title": 'Counting "Small" Birds > 1',
        "summary": ONE.replace(" right ", "\n right "),
        "publishedAt": "2026-05-29T00:00:00.000Z",
        "authors": [{"name": "Ann Alder"}, {"name": "Bo Birch"}, {"name": None}, 3],
        "organization": {"name": "acmelabs", "fullname": "Acme Labs"},
    },
    "title": "Counting Birds",
}


def test_html_gives_the_papers_in_it() -> None:
    fish = {
        "paper": {"id": "x"},
        "title": "Counting Fish",
        "summary": TWO,
        "publishedAt": "soon",
        "organization": {"name": "acme"},
    }
    birds, other = page(saved({"dailyPapers": [BIRDS, fish]}))
    assert birds == Paper(
        paper_id('Counting "Small" Birds > 1'), 'Counting "Small" Birds > 1', ONE, "2026-05-29",
        ("Ann Alder", "Bo Birch"), 2, "Acme Labs", f"{HOST}/papers/2606.00683", arxiv="2606.00683",
    )  # fmt: skip
    assert other == Paper(paper_id("Counting Fish"), "Counting Fish", TWO, organisation="acme")


@pytest.mark.parametrize(
    "content",
    [
        saved(None),
        saved({"dailyPapers": [3]}),
        saved({"dailyPapers": [{"paper": {}}]}),
        saved({})[:150],
        saved([[]]).replace("[", ""),
    ],
)
def test_html_that_cannot_be_read_is_bad_at_its_line(content: str) -> None:
    [bad] = huggingface.parse(content)
    assert isinstance(bad, BadRecord)
    assert bad.line == 3


def test_other_html_is_not_recognised() -> None:
    assert not huggingface.recognises("<html><body><div data-target='Models' data-props='{}'></div></body></html>")
    assert not huggingface.recognises('print("<div data-target="DailyPapers">")')


PIECES = [
    *MARKDOWN.splitlines(),
    *LINES.splitlines(),
    *BRACKETS.splitlines(),
    *LYNX.splitlines(),
    "[",
    "](",
    "][1]",
    " 1. " + HOST,
]


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from([f"{BANNER}!\n", "<div data-target='DailyPapers' ", ""]),
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=6)), max_size=20).map("\n".join),
)
@example("", "<\x00 data-target='DailyPapers'")
def test_no_text_makes_a_page_raise(beginning: str, text: str) -> None:
    huggingface.recognises(text)
    for record in huggingface.parse(beginning + text, TODAY):
        assert record.title if isinstance(record, Paper) else 1 <= record.line <= text.count("\n") + 2


# -- the real pages -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pages(seeds: Path) -> list[tuple[str, list[Paper]]]:
    """(name, papers) of the five saved pages; none has a bad record."""
    loaded = [formats.load(str(path)) for path in sorted(seeds.glob("*.txt"))]
    return [(name, papers(text)) for name, text in loaded]


def test_every_paper_of_the_saved_pages_is_read(pages: list[tuple[str, list[Paper]]]) -> None:
    assert [len(found) for _, found in pages] == [237, 70, 176, 57, 74]
    listed = [p for _, found in pages for p in found]
    assert len(listed) == 614
    assert len({p.id for p in listed}) == 574


def test_the_saved_pages_give_whole_titles_and_abstracts(pages: list[tuple[str, list[Paper]]]) -> None:
    listed = [p for _, found in pages for p in found]
    assert not [p.title for p in listed if "subscribe" in p.title.lower()]
    assert all(5 < len(p.title) < 250 for p in listed)
    assert all(len(p.abstract) > 400 for p in listed)
    assert pages[0][1][0].title.startswith("CHASE: Learning Convex Hull")
    assert pages[4][1][0].title.startswith("Pard: Permutation-Invariant")
    assert not [p.title for p in listed if "authors" in p.abstract[-20:]]


def test_dates_of_the_fifth_page_without_a_year_are_of_2025(pages: list[tuple[str, list[Paper]]]) -> None:
    found = {p.title: p for p in pages[4][1]}
    assert Counter((p.published or "none")[:4] for p in found.values()) == {
        "2015": 2, "2017": 1, "2018": 1, "2020": 1, "2021": 4, "2022": 9, "2023": 13, "2024": 28, "2025": 15
    }  # fmt: skip
    assert found["Flow Equivariant Recurrent Neural Networks"].published == "2025-07-19"
    pard = found["Pard: Permutation-Invariant Autoregressive Diffusion for Graph Generation"]
    assert (pard.published, pard.author_count) == ("2024-02-05", 3)
    assert all(p.published is None for _, others in pages[:4] for p in others)


def test_authors_and_the_one_organisation_of_the_fifth_page_are_read(pages: list[tuple[str, list[Paper]]]) -> None:
    found = pages[4][1]
    assert [(p.title, p.organisation) for p in found if p.organisation or p.author_count is None] == [
        ("Extracting alignment data in open models", "Google")
    ]
    assert all(p.author_count is None and p.organisation is None for _, others in pages[:4] for p in others)


def test_escapes_of_the_saved_pages_are_repaired(pages: list[tuple[str, list[Paper]]]) -> None:
    listed = [text for _, found in pages for p in found for text in (p.title, p.abstract)]
    for broken in ("x2013", "mathcal{", "textbf{", "textit{", "emph{", "\\%", "&amp;", "&lt;", "â€", "\u200b\u200b", "sim 10^"):
        assert not [text[:60] for text in listed if broken in text], broken
    assert all(repair.text(text) == text for text in listed)


def test_a_listing_met_on_two_pages_keeps_the_union(pages: list[tuple[str, list[Paper]]], tmp_path: Path) -> None:
    library = Library(tmp_path, create=True)
    for name, found in pages:
        library.put(name, found)
    merged = library.papers()
    library.close()
    names: dict[str, set[str]] = {}
    for name, found in pages:
        for p in found:
            names.setdefault(p.id, set()).add(name)
    assert len(merged) == 574
    assert {i: set(p.sources) for i, p in merged.items()} == names
    assert sum(len(p.sources) > 1 for p in merged.values()) == 34
    dated = {p.id: p for p in pages[4][1]}
    shared = dated.keys() & {p.id for _, others in pages[:4] for p in others}
    for i in shared:
        assert (merged[i].published, merged[i].author_count) == (dated[i].published, dated[i].author_count)
    assert all(len(merged[p.id].abstract) >= len(p.abstract) for _, found in pages for p in found)
