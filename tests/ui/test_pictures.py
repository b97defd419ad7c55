"""Pictures as SVG with their text, and the addresses of the library page's views."""

from __future__ import annotations

import re

from rag.collection import timeline
from rag.collection.timeline import Bar, Timeline
from rag.topics.topic_map import Topic, TopicMap
from ui import pictures
from ui.library.address import View
from ui.pictures import timeline as bars
from ui.pictures import topic_map

EVIL = "<img src=x onerror=alert(1)>\"'"
MAP = TopicMap(
    (Topic(("lamps", "light"), 0.3, 0.3, 0.2, ("a", "b")), Topic((EVIL,), 0.7, 0.4, 0.1, ("c", "gone"))),
    {"a": (0.3, 0.3), "b": (0.35, 0.3), "c": (0.7, 0.4), "gone": (0.7, 0.45)},
)
TITLES = {"a": "Lamp A", "b": "Lamp B", "c": EVIL}


def link(bar: Bar) -> str:
    return f"library?until={bar.until}"


def test_bars_are_links_with_names_as_high_as_their_papers_and_a_table_too() -> None:
    html = bars.picture(timeline.by_year(["2023"] * 2 + ["2025"] * 4), "Papers by year", link, ("2025", "2025"))
    assert re.findall(r'<a href="library\?until=(\d+)" data-view aria-label="([^"]+)"', html) == [
        ("2023", "2023: 2 papers"),
        ("2025", "2025: 4 papers"),
    ]
    assert html.count('aria-current="true"') == 1
    assert '<tr><th scope="row">2024</th><td>0</td></tr>' in html
    low, _, high = bars.drawn(timeline.by_year(["2023"] * 2 + ["2025"] * 4), link, ("", ""))
    assert low.height * 2 == high.height
    assert bars.picture(Timeline((), 0), "x", link) == ""
    assert "1 paper without a date is not shown." in bars.picture(Timeline((), 1), "x", link)
    assert "12k" in bars.picture(timeline.by_year(["2023"] * 12_000), "x", link)


def test_the_map_shows_each_paper_of_the_library_and_marks_those_of_an_answer() -> None:
    html = topic_map.picture(
        MAP, TITLES, lambda topic: f"library?topic={topic.words[0][:5]}", "lamps-light", ["b", "gone", "new"]
    )
    assert html.count('class="dot"') == 3
    assert html.count('class="marked"') == 1
    assert "1 paper marked." in html
    assert 'aria-label="Topic 1, lamps, light: 2 papers, such as Lamp A; Lamp B" aria-current="true"' in html
    assert "<img" not in html
    assert topic_map.picture(TopicMap(), TITLES, lambda topic: "") == ""


def test_of_many_papers_an_even_share_is_drawn_and_all_of_the_marked_ones() -> None:
    ids = [str(n) for n in range(5_000)]
    many = TopicMap((Topic(("x",), 0.5, 0.3, 0.3, tuple(ids)),), dict.fromkeys(ids, (0.5, 0.3)))
    html = topic_map.picture(many, dict.fromkeys(ids, "T"), lambda topic: "", marked=ids[:7])
    assert 1_000 < html.count('class="dot"') <= 1_500
    assert html.count('class="marked"') == 7
    assert "A dot is one of about 4 papers." in html


def test_pictures_ask_nothing_of_other_servers_and_need_no_script() -> None:
    assert "SVG" in (pictures.__doc__ or "")
    both = bars.picture(timeline.by_year(["2023"]), "x", link) + topic_map.picture(MAP, TITLES, lambda topic: "library")
    assert "http" not in both
    assert "<script" not in both


def test_an_address_is_read_as_it_was_written_and_nonsense_is_the_first_page() -> None:
    view = View(q='graphs & "trees"', since="2024", until="2024-05", source="a b.bib", topic="x-y", page=3)
    assert View.read(view.address(page=3).partition("?")[2]) == view
    assert view.address(q="") == "library?since=2024&until=2024-05&source=a+b.bib&topic=x-y"
    assert View().address() == "library"
    for page in ("", "0", "-1", "x", "٣", "9" * 30):
        assert View.read({"page": page}).page == 1


def test_the_year_of_a_view_is_that_of_its_one_year_or_month() -> None:
    years = [
        View(since=a, until=b).year
        for a, b in [("2024", "2024"), ("2024-05", "2024-05"), ("2024", "2025"), ("", ""), ("soon", "soon")]
    ]
    assert years == ["2024", "2024", "", "", ""]
