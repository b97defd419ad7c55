from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text import quantities
from rag.text.figures import figures


def one(text: str) -> tuple[float, str | None]:
    [found] = quantities.find(text)
    return found.value, found.unit


def absent(claim: str, evidence: str) -> list[str]:
    return [f.quantity.shown for f in figures(claim, [evidence]) if not (f.places or f.spelled)]


# -- reading -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit", "spellings"),
    [
        ("%", ["3%", "3 %", "3 percent", "3 percentage points", "3 pp", "3\\%", "3\u00a0%", "3\\,%", "3 Percent"]),
        ("times", ["3x", "3 x", "3×", "3 ×", "3 times", "3-fold", "3fold", "threefold", "three-fold", "three times"]),
        ("ms", ["3ms", "3 ms", "3 milliseconds", "3-millisecond"]),
        ("seconds", ["3s", "3 s", "3 sec", "3 seconds", "3-second", "three seconds"]),
        ("minutes", ["3min", "3 min", "3 minutes", "3-minute"]),
        ("hours", ["3h", "3 h", "3 hrs", "3 hours", "3-hour"]),
        ("days", ["3 days", "3-day", "three days"]),
        ("weeks", ["3 weeks", "3-week"]),
        ("months", ["3 months", "3-month"]),
        ("years", ["3 years", "3-year"]),
        ("kB", ["3kB", "3 KB", "3 KiB", "3 kilobytes"]),
        ("MB", ["3MB", "3 MiB", "3 megabytes"]),
        ("GB", ["3GB", "3 GB", "3 gigabytes"]),
        ("TB", ["3TB", "3 TiB", "3 terabytes"]),
        ("bits", ["3-bit", "3 bits", "3bit"]),
        (None, ["3", "3 lamps", "3 minimal lamps", "3 history lessons", "3-layer", "(3)", "$3"]),
    ],
)
def test_a_unit_is_the_same_however_it_is_written(unit: str | None, spellings: list[str]) -> None:
    assert {text: one(text) for text in spellings} == dict.fromkeys(spellings, (3.0, unit))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10M", 1e7),
        ("10 million", 1e7),
        ("10\u00a0million", 1e7),
        ("10,000,000", 1e7),
        ("32K", 32_000),
        ("1.5 bn", 1.5e9),
        ("7B-parameter", 7e9),
        ("1T", 1e12),
        ("2 trillion", 2e12),
        ("1,234.5", 1234.5),
        ("27.50", 27.5),
        ("twelve", 12),
    ],
)
def test_magnitudes_and_separators_make_plain_numbers(text: str, value: float) -> None:
    assert one(f"{text} lamps")[0] == value


def test_a_quantity_is_shown_with_the_whole_of_its_unit() -> None:
    assert [q.shown for q in quantities.find("It rose 3 percentage points in 12 weeks.")] == ["3 percentage points", "12 weeks"]


def test_a_magnitude_and_a_unit_stand_together() -> None:
    assert one("2 million years") == (2e6, "years")


def test_a_range_has_two_numbers() -> None:
    assert [(q.value, q.unit) for q in quantities.find("12–15% of them")] == [(12.0, None), (15.0, "%")]


@pytest.mark.parametrize(
    "name",
    ["GPT-4", "ResNet-50", "512x512", "W4A4", "COVID-19", "H2O", "v2.0", "LLaMA-65B", "F1", "top-1", "10^6", "3D", "1st"],
)
def test_digits_in_names_and_formulas_are_no_quantities(name: str) -> None:
    assert quantities.find(f"It uses {name} here.") == []


def test_what_is_only_about_so_much_is_rounded_and_shown_without_the_word() -> None:
    [about] = quantities.find("about 80% of them")
    assert (about.shown, about.rounded) == ("80%", True)
    [exact] = quantities.find("exactly 80% of them")
    assert not exact.rounded


TEXTS = st.lists(
    st.sampled_from([*"0123456789.,-–x×%^ \\~≈\u00a0", "ten", "fold", "about ", "10", "K", " million", " ms", "GPT-"])
)


@given(st.text(max_size=60) | TEXTS.map("".join))
def test_any_text_is_read_and_offsets_slice_back(text: str) -> None:
    found = quantities.find(text)
    assert [q.start for q in found] == sorted({q.start for q in found})
    for quantity in found:
        assert text[quantity.start :].startswith(quantity.shown)
        assert quantity.shown
        assert quantity.value >= 0
    assert absent(text, text) == []


# -- comparing -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("27.5%", "27.5 percent"),
        ("27.5%", "27.5\\%"),
        ("27.5 %", "27.5\u00a0%"),
        ("27.50%", "27.5%"),
        ("3x faster", "3 times faster"),
        ("3x faster", "a threefold speed-up"),
        ("3-fold", "three times"),
        ("3 ×", "3.0x"),
        ("5 min", "5 minutes"),
        ("12 weeks", "a 12-week trial"),
        ("24 h", "24-hour"),
        ("5 GB", "5GiB"),
        ("16 bits", "16-bit"),
        ("10M", "10 million"),
        ("10M", "10,000,000"),
        ("10 million", "10M"),
        ("10,000,000", "10 million"),
        ("1T", "1,000B"),
        ("32K", "32,768"),
        ("64k", "65,536"),
        ("1.5 million", "1,499,987"),
        ("1250000", "1,250,000"),
        ("3 stages", "three stages"),
        ("12 hours", "twelve hours"),
        ("about 80%", "79.6%"),
        ("80%", "about 79.6%"),
        ("nearly 100", "98.2"),
        ("4 bits", "W4A4"),
        ("version 4", "GPT-4"),
        ("50 layers", "ResNet-50"),
        ("512 pixels", "512x512"),
        ("5 dollars", "$5"),
    ],
)
def test_a_figure_is_known_however_it_is_written(claim: str, evidence: str) -> None:
    assert absent(f"It was {claim} then.", f"It was {evidence} then.") == []


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("27.5%", "2.75%"),
        ("27.5%", "27.5 ms"),
        ("3x", "3%"),
        ("3x", "2x"),
        ("5 ms", "5 s"),
        ("5 hours", "5 days"),
        ("12 weeks", "12 months"),
        ("5 GB", "5 MB"),
        ("5 kB", "5 TB"),
        ("8-bit", "4-bit"),
        ("10M", "10"),
        ("10M", "10B"),
        ("10 million", "11 million"),
        ("1T", "1B"),
        ("32K", "30,000"),
        ("340", "350"),
        ("4 stages", "three stages"),
        ("80%", "0.8"),
        ("90", "190"),
        ("5", "0.5"),
    ],
)
def test_another_number_or_another_unit_is_absent(claim: str, evidence: str) -> None:
    assert absent(f"It was {claim} then.", f"It was {evidence} then.") == [claim.split(" stages")[0]]


def test_about_is_near_but_no_licence() -> None:
    assert absent("about 80%", "85%") == ["80%"]


def test_absent_figures_are_told_once_in_order_as_written() -> None:
    assert absent("It took 12 weeks, 7%, 340 lamps and 12 weeks.", "340 lamps.") == ["12 weeks", "7%"]


def test_spelled_numbers_of_a_claim_are_left_alone() -> None:
    assert absent("Lamps dim in two stages and seven streets.", "Lamps dim at dusk, then at night.") == []


def test_a_figure_may_come_from_any_of_the_evidence() -> None:
    read = figures("340 lamps in 90 seconds", ["340 lamps", "90 seconds"])
    assert [f.places for f in read] == [(0,), (1,)]
