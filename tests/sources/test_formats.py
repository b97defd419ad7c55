"""Sources: three layouts of saved pages, broken escapes, and everything that is not a source."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rag.errors import SourceError
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


def lines(*records: object) -> str:
    return "".join(json.dumps(r) + "\n" for r in records)


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
    for record in read(page):
        if isinstance(record, BadRecord):
            assert 1 <= record.line <= len(lines) + 1
        else:
            assert record.title
            assert len(record.abstract) > 50


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


# -- repair -------------------------------------------------------------------------------------------------------------

DAMAGED = (
    "\\ % $ x2013 x2019 s sim sim\u00a010^3 text{ mathcal{ } { times 3 &amp; &lt; < \\% â€™ approx\u00a05 amp; \u0301".split(
        " "
    )
)
DAMAGE = st.sampled_from([*DAMAGED, " ", "\n", "\xa0"])


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(), st.lists(st.one_of(DAMAGE, st.text(max_size=4)), max_size=12).map("".join)))
@example("\\\\%")
@example("\xa0Â\x80")
def test_repair_is_idempotent_and_its_result_can_be_stored(raw: str) -> None:
    once = repair.text(raw)
    assert repair.text(once) == once
    once.encode("utf-8")
    assert repair.line(once) == " ".join(once.split())


@pytest.mark.parametrize(
    ("raw", "repaired"),
    [
        ("2010 x2013 2020", "2010 – 2020"),
        ("the modelx2019s gain", "the model’s gain"),
        ("an open \\x2014 dash", "an open — dash"),
        ("in mathcal{O}(n log n) time", "in O(n log n) time"),
        ("\\textbf{bold \\emph{and} more}", "bold and more"),
        ("from sim 10^3 to \\sim10^5 steps", "from ~10^3 to ~10^5 steps"),
        ("at geq 90% and approx 3.5", "at ≥90% and ≈3.5"),
        ("3times faster, 2.5\\times smaller", "3× faster, 2.5× smaller"),
        ("a 5\\% gain at \\$3 \\& more", "a 5% gain at $3 & more"),
        ("R&amp;D with a &lt; b", "R&D with a < b"),
        ("donâ€™t", "don’t"),
        ("two  spaces\tand a tab ", "two spaces and a tab"),
    ],
)
def test_broken_escapes_are_repaired(raw: str, repaired: str) -> None:
    assert repair.text(raw) == repaired


@pytest.mark.parametrize(
    "ordinary",
    [
        "sim2real", "Linux2013", "$5 and $10", "a sim of 3 birds", "many times", "three times 4", "GPT-4 at 90% of $x^2$",
        "the simplest", "0x2013 and 10x2013", "Unix2020", "the text {in braces}", "context{1}", "“curly” quotes’ marks",
        "C++ and C#", "similarity 0.9", "snake_case", "approximately 5", "an approx of pm",
    ],
)  # fmt: skip
def test_ordinary_words_are_left_alone(ordinary: str) -> None:
    assert repair.text(ordinary) == ordinary


# -- identity -----------------------------------------------------------------------------------------------------------


def test_spellings_of_one_title_are_one_paper_and_other_titles_are_not() -> None:
    spellings = ["Café-Net: a Study", "CAFÉ NET — A Study!", "Cafe\u0301-Net: A study", "  cafe net a study "]
    assert len({paper_id(t) for t in spellings}) == 1
    others = ["Café-Net: a Study 2", "Café Network: a Study", "C", "C++", "C#", "你好", "世界", "!!", "??"]
    assert len({paper_id(t) for t in [*others, spellings[0]]}) == len(others) + 1
    assert paper_id("Counting Birds") == "7653e7621c8ba60c"  # libraries of earlier versions hold it


@given(st.text())
def test_an_id_is_the_same_for_any_case_and_can_name_a_paper(title: str) -> None:
    assert len(paper_id(title)) == 16
    assert paper_id(title) == paper_id(title)
    if title.isascii():
        assert paper_id(title.upper()) == paper_id(title.lower()) == paper_id(title)


# -- what is not a source -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "happened", "remedy"),
    [
        (b"", "is empty", "JSON Lines"),
        (b" \n\t\r\n", "is empty", "JSON Lines"),
        (b"\xef\xbb\xbf\n", "is empty", "JSON Lines"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0", "is not a text file", "JSON Lines"),
        (b"<!DOCTYPE html><HTML><body>Daily Papers</body></html>", "is an HTML page", "as text"),
        (b"Dear diary, today I read a paper.", "no papers in a known format", "JSON Lines"),
        (b"[]", "no papers in a known format", "JSON Lines"),
        (b"title,abstract\nBirds,about birds\n", "no papers in a known format", "JSON Lines"),
    ],
)
def test_a_file_that_is_no_source_is_refused_with_a_remedy(tmp_path: Path, content: bytes, happened: str, remedy: str) -> None:
    path = tmp_path / "page.txt"
    path.write_bytes(content)
    with pytest.raises(SourceError) as caught:
        list(formats.parse(formats.load(str(path))[1], str(path)))
    assert happened in caught.value.message
    assert str(path) in caught.value.message
    assert remedy in caught.value.fix


@pytest.mark.parametrize(
    ("place", "happened", "remedy"),
    [
        (".", "is a folder", "./*.txt"),
        ("nowhere.txt", "no file nowhere.txt", "Check the path"),
        ("x" * 5000, "cannot be read", "Check"),
        ("~nobody-of-this-name/page.txt", "~nobody-of-this-name", "Check"),
    ],
)
def test_a_place_that_cannot_be_read_is_refused_with_a_remedy(place: str, happened: str, remedy: str) -> None:
    with pytest.raises(SourceError) as caught:
        formats.load(place)
    assert happened in caught.value.message
    assert remedy in caught.value.fix


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_page_is_read_in_whatever_encoding_it_was_saved(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "page.txt"
    path.write_bytes(GLUED.replace("Counting Birds", "Café “Birds”").encode(encoding))
    name, text = formats.load(str(path))
    assert name == "page.txt"
    assert papers(text)[0].title == "Café “Birds”"


def test_the_content_decides_the_format_and_not_the_name(tmp_path: Path) -> None:
    path = tmp_path / "page.jsonl"
    path.write_text(GLUED, "utf-8")
    assert papers(formats.load(str(path))[1])[0].title == "Counting Birds"


def test_the_starter_corpus_is_whole_and_has_no_bad_record() -> None:
    name, text = formats.load(formats.STARTER)
    found = papers(text)
    assert name == "starter"
    assert len({p.id for p in found}) == len(found) == 574


def test_a_file_named_like_a_source_of_ours_is_kept_apart(tmp_path: Path) -> None:
    (tmp_path / "starter").write_text(lines({"title": "Birds", "abstract": ONE}))
    assert formats.load(str(tmp_path / "starter"))[0] == "./starter"
