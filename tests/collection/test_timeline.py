"""Papers by year and by month."""

from __future__ import annotations

from rag.collection import timeline


def test_years_have_no_gap_and_those_long_ago_are_one_bar() -> None:
    dates = ["2025-05-01"] * 8 + ["2023", "2012-01", "1990", "1990", None, ""]
    line = timeline.by_year(dates)
    assert [(bar.label, bar.papers) for bar in line.bars][:3] == [("to 2013", 3), ("2014", 0), ("2015", 0)]
    assert (line.bars[0].since, line.bars[0].until) == (None, "2013")
    assert [bar.label for bar in line.bars[1:]] == [str(year) for year in range(2014, 2026)]
    assert (line.most, line.undated) == (8, 2)
    assert timeline.by_year([None]) == timeline.Timeline((), 1)
    assert timeline.by_year([]).most == 1


def test_months_are_those_of_one_year_and_a_paper_without_a_month_is_counted_apart() -> None:
    line = timeline.by_month(["2024-02-05", "2024-02", "2024", "2023-02", None], "2024")
    assert len(line.bars) == 12
    assert (line.bars[1].label, line.bars[1].papers, line.bars[1].since, line.bars[1].until) == ("Feb", 2, "2024-02", "2024-02")
    assert line.undated == 1
