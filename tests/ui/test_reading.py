"""An answer's Markdown as HTML: what is shown, where marks stand in it, and that no text becomes an element."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from ui.reading.markdown import parsed, place
from ui.reading.marked import Enclosed, Inserted, html
from ui.reading.maths import mathml

ANSWER = """**Lamps** use `__init__` and **glow [1].** It costs $5 to $10 &amp; \\(x_i\\) watts. \\[1\\] <i>not</i> [a](http://x.test).

| | LanternNet | Dimmer |
|---|---|---:|
| Figures | 0.985 [1] | none |

```python
def dim(lamps):
    return lamps[1]

```

1. One
   - two [2]
     - three

\\[
a = b
=
c
\\]
"""
ELEMENT = re.compile(r"<[^>]*>")


def text_of(shown: str) -> str:
    return unescape(ELEMENT.sub("", re.sub(r"<annotation.*?</annotation>", "", shown, flags=re.DOTALL)))


def test_tables_code_lists_and_formulas_are_shown_as_such() -> None:
    shown = html(ANSWER)
    assert "<th>LanternNet</th>" in shown
    assert '<td style="text-align:right">none</td>' in shown
    assert "<td></td><th>LanternNet</th>" in shown  # no heading of nothing
    assert "    return lamps[1]\n\n</code></pre>" in shown
    assert "<code>__init__</code>" in shown
    assert re.search(r"<ol>\s*<li>One\s*<ul>\s*<li>two \[2\]\s*<ul>\s*<li>three</li>", shown)
    assert "<msub><mi>x</mi><mi>i</mi></msub>" in shown
    assert shown.count("<math") == 3
    assert "<h3>" not in shown  # the line of "=" belongs to the formula
    assert "costs $5 to $10 & x" in text_of(shown)


def test_links_images_and_elements_of_a_model_are_text() -> None:
    shown = html(
        "<img src=x onerror=go()> [a](http://x.test) ![b](http://x.test/b.png) <http://x.test> [r]\n\n[r]: http://x.test"
    )
    assert not re.search(r"<(?:img|a)\b", shown)
    assert text_of(shown).count("http://x.test") == 4
    assert "<br>" in html("| a |\n|---|\n| one<br/>two |")


def test_marks_stand_where_their_text_stands() -> None:
    marks = [Inserted(*found.span(), Markup("<sup>{}</sup>").format(found[1])) for found in re.finditer(r"\[(\d)\]", ANSWER)]
    marks = [mark for mark in marks if ANSWER[mark.start - 5 : mark.start] != "lamps"]  # code has none
    start = ANSWER.index("and **glow")
    around = [Enclosed(start, ANSWER.index(" It costs"), Markup("<u>")), Enclosed(start, start + 3, Markup("<i>"))]
    shown = html(ANSWER, marks, around)
    assert "<u><i>and</i></u> <strong>" in shown
    assert "<strong><u>glow </u><sup>1</sup><u>.</u></strong>" in shown
    assert "0.985 <sup>1</sup></td>" in shown
    assert "two <sup>2</sup>" in shown


def test_a_mark_written_as_a_formula_is_a_mark() -> None:
    assert html("Lamps hum \\[1\\].", [Inserted(10, 15, Markup("<sup>1</sup>"))]) == "<p>Lamps hum <sup>1</sup>.</p>\n"


@given(
    st.lists(
        st.sampled_from(["lamps", "*dim*", "**glow**", "`x`", "[1]", "\\(y\\)", "\n", "\n\n", "- ", "| ", "&amp;", "é", "  "])
    )
)
def test_each_piece_of_text_is_found_where_it_stands(parts: list[str]) -> None:
    answer = " ".join(parts)
    for token in parsed(answer):
        for child in token.children or ():
            at = place(child)
            if at is not None and at.exact:
                assert answer[at.start : at.end] == child.content


@given(st.text(alphabet="ab*_`[]()|#<>&$\\\n -1", max_size=80), st.data())
def test_any_mark_in_any_text_leaves_the_text(answer: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(answer)))
    end = data.draw(st.integers(start, len(answer)))
    plain, marked = html(answer), html(answer, [], [Enclosed(start, end, Markup('<span class="claim">'))])
    assert text_of(marked) == text_of(plain)
    assert text_of(html(answer, [Inserted(start, start, Markup("§"))])).count("§") <= 1


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        (r"\text{<script>alert(1)</script>}", "&lt;script&gt;"),
        (r"\href{javascript:alert(1)}{x}", "<mi>x</mi>"),
        (r"\style{position:fixed}{x}", "<mi>x</mi>"),
        (r"\color{red\"onclick=x}{y}", "<mi>y</mi>"),
        ("x_{", '<code class="tex">x_{</code>'),
        ("{" * 900 + "}" * 900, '<code class="tex">'),
        ("x" * 5_000, '<code class="tex">'),
    ],
)
def test_a_formula_has_known_elements_and_attributes_only(tex: str, shown: str) -> None:
    made = mathml(tex)
    assert shown in made
    without = re.sub(r"<annotation.*?</annotation>", "", made, flags=re.DOTALL)
    assert not re.search(r"<script|href|style=|onclick|javascript", without)
