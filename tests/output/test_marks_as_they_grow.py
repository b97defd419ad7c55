"""A mark of any form is streamed as it is shown whole, and becomes the same link as [1]."""

from __future__ import annotations

import re

import pytest
from support.citation_forms import FORMS
from support.factories import LANTERN, ORCHARD, HashEmbedder, QueueModel, answer, paper, sources

from rag.answering.streaming import AnswerStream
from rag.output import signs, terminal, transcript
from rag.output.growing import GrowingText
from rag.text.citations import citations
from rag.types import Answer, Claim, Prompt
from ui.reading import marks

THREE = sources(paper(), paper("Frost Watch", ORCHARD), paper("Depth", "The error decreases with depth by 12% on PPI."))
PLACES = [
    "LanternNet dims 340 lamps {}. Ghent lit 77 ships there {}.",
    "LanternNet dims 340 lamps.{} Ghent lit 77 ships there.{}",
    "LanternNet dims 340 lamps. {} Ghent lit 77 ships there. {}",
    "{} LanternNet dims 340 lamps.\n\n- {} Ghent lit 77 ships there.",
    "LanternNet dims 340 lamps{}. Ghent lit 77 ships there{}",
    "LanternNet sank 77 ships on the way {}, while a drone counts 55 blossoms in orchards {}. It hums.",
]


def streamed(reply: str, chars: int) -> tuple[str, Answer, GrowingText, list[Claim]]:
    growing, shown, claims, made = GrowingText(), "", [], None
    stream = AnswerStream(QueueModel(reply, piece_chars=chars), HashEmbedder(), None)
    for event in stream.read(Prompt("How?", tuple(THREE)), answer("", of=THREE, claims=()), 0.0):
        if isinstance(event, str):
            shown += "".join(part.text for part in growing.add(event))
        elif isinstance(event, Claim):
            claims.append(event)
            shown += "".join(part.text for part in growing.check(event))
        elif isinstance(event, Answer):
            made = event
    assert made is not None
    return shown + "".join(part.text for part in growing.finish(made)), made, growing, claims


@pytest.mark.parametrize("form", [*FORMS, "(Zeng et al., 2020) [1]", "(see [1])", "(Zeng and Li 2019; Hu 2021)"])
@pytest.mark.parametrize("chars", [1, 5])
def test_a_mark_of_any_form_grows_as_it_is_shown_whole(form: str, chars: int) -> None:
    for place in PLACES:
        shown, made, growing, claims = streamed(place.replace("{}", form), chars)
        assert shown == terminal.plain(signs.marked(made)), place
        assert growing.late == [], place
        assert claims == list(made.claims[: len(claims)]), place


def read(html: str) -> str:
    return re.sub(r"<[^>]*>", "", html)


@pytest.mark.parametrize("form", FORMS)
def test_a_mark_of_any_form_is_shown_as_the_links_of_its_numbers(form: str) -> None:
    plain = "".join(f"[{n}]" for n in FORMS[form])
    for place in (*PLACES[:3], "LanternNet dims 340 lamps {}"):
        marked = marks.marked("0", place.replace("{}", form), (), THREE)
        assert marked == marks.marked("0", place.replace("{}", plain), (), THREE)
        assert "example.org" not in marked
    listed = f"[{', '.join(map(str, FORMS[form]))}]"
    exported = [transcript.markdown([answer(f"LanternNet dims lamps {mark}.", of=THREE)]) for mark in (form, listed)]
    assert exported[0] == exported[1]


def test_a_link_of_a_model_leads_nowhere_else() -> None:
    shown = marks.marked("0", "See [the code](https://example.org/x) and [2](https://example.org/y).", (), THREE)
    assert re.findall(r'href="([^"]*)"', shown) == ["#src-0-2"]
    assert "[the code](https://example.org/x)" in shown


def test_an_author_and_year_that_one_source_has_is_linked_to_it() -> None:
    by = sources(
        paper(authors=("Qi Zeng", "Bo Li"), published="2020-03-01"), paper("Frost Watch", ORCHARD, authors=("Hu, A.",))
    )
    text = "LanternNet dims 340 lamps (Zeng and Li, 2020)."
    assert read(marks.marked("0", text, (), by)).strip() == text.replace(")", "1)")
    assert [mark.numbers for mark in citations(text, by)] == [(1,)]
    assert LANTERN in by[0].paper.abstract
