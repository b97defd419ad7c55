"""Where papers are read from, the repair of their texts, and everything that is not a source."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rag.errors import SourceError
from rag.sources import formats, repair
from rag.sources.paper_ids import paper_id
from rag.types import BadRecord, Paper

BANNER = "Get trending papers in your email inbox"
ONE = "Made-up birds are counted by a made-up network, which is right about nine of ten of them in the first of our tests."
TWO = "Made-up fish are harder than made-up birds, so a second network looks at them twice and is right more often than not."
THREE = "Made-up stones neither fly nor swim; a third network needs no training at all to say where they are to be found."

GLUED = f"{BANNER} once a day!\n{BANNER}!\nSubscribeCounting Birds\n{ONE}\nCounting Fish: A Second Look\n{TWO}\n"


def read(text: str) -> list[Paper | BadRecord]:
    return list(formats.parse(text, "a place"))


def lines(*records: object) -> str:
    return "".join(json.dumps(r) + "\n" for r in records)


def papers(text: str) -> list[Paper]:
    found = read(text)
    assert all(isinstance(p, Paper) for p in found), found
    return [p for p in found if isinstance(p, Paper)]


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
        (b"", "is empty", "BibTeX"),
        (b" \n\t\r\n", "is empty", "BibTeX"),
        (b"\xef\xbb\xbf\n", "is empty", "BibTeX"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0", "is a picture, not a text file", "BibTeX"),
        (b"<!DOCTYPE html><HTML><body>Daily Papers</body></html>", "is an HTML page", "as text"),
        (b"Dear diary, today I read a paper.", "no papers in a known format", "BibTeX"),
        (b"[]", "no papers in a known format", "BibTeX"),
        (b"title,weight,age\nBirds,12,3\nFish,2,1\n", "is a table without a column of abstracts", "abstract: title, weight"),
        (b"name,weight,age\nBirds,12,3\nFish,2,1\n", "is a table without a column of titles", "title: name, weight, age"),
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


def test_a_result_of_which_most_titles_are_addresses_or_dates_is_refused() -> None:
    wrong = [
        {"title": title, "abstract": ONE} for title in ("https://boats.example/1", "Sep 7, 2024", "[12](https://x.example)")
    ]
    with pytest.raises(SourceError, match=r"read as JSON, but most of its titles are addresses or dates"):
        list(formats.parse(lines(*wrong), "a place"))
    numbered = [{"title": f"Boats {n}", "abstract": ONE} for n in range(60)]
    assert len(papers(lines(*numbered, *wrong))) == 63
