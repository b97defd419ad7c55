"""A finding says which words differ, what the abstract says instead, and who found it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.factories import LAMPS, answer, paper, sources

from rag.output import findings, render, signs
from rag.types import Answer, Claim, Difference, Evidence, Filters, Verdict

DEPTH = "We study depth. The error decreases with depth by 12% on PPI. It stays there."
DEEP = sources(paper("Depth", DEPTH), paper("Frost Watch"))
FAILED: tuple[Verdict, ...] = ("partial", "contradicted", "unsupported", "miscited", "uncited")


def claims(*verdicts: Verdict) -> tuple[Claim, ...]:
    return tuple(Claim(f"Sentence {v}.", 0, 9, (), v, (f"why {v}",) * (v != "supported")) for v in verdicts)


def differing(said: str, *pairs: tuple[str, str | None], of: str = DEPTH, **more: object) -> Claim:
    """A claim of source 1 whose words differ from those of its abstract; None: the abstract has no such words."""
    differs = []
    for word, there in pairs:
        start, place = said.index(word), None if there is None else of.index(there)
        where = (None, None, None) if place is None else (1, place, place + len(there or ""))
        differs.append(Difference("word", start, start + len(word), *where))
    return replace(Claim(said, 0, len(said), (1,), "contradicted", differs=tuple(differs)), **more)  # type: ignore[arg-type]


def told(*of: Claim) -> list[str]:
    """The lines of the findings, without the legend."""
    return findings.text(answer(of[0].text, DEEP, claims=of)).splitlines()[1:]


def test_what_failed_the_check_is_listed_and_nothing_else() -> None:
    legend, *lines = findings.text(answer(claims=claims("supported", "none", *FAILED))).splitlines()
    assert legend == "   ".join([*(" ".join(signs.SIGNS[v]) for v in FAILED), "no sign: found in the abstract"])
    assert lines == [f"{signs.SIGNS[v][0]} {v}: “Sentence {v}.” (why {v}; by words)" for v in FAILED]
    assert findings.text(answer(claims=claims("supported", "none"))) == ""


def test_a_finding_names_the_words_that_differ_and_quotes_what_the_abstract_says() -> None:
    claim = differing("The error increases with depth [1].", ("increases", "decreases"))
    assert told(claim) == [
        '≠ contradicted: “The error increases with depth [1].” ("increases" against "decreases" in [1]; by words)',
        "    [1] says: “The error decreases with depth by 12% on PPI.”",
    ]


def test_a_finding_of_a_model_names_the_model() -> None:
    claim = differing("The error increases with depth [1].", ("increases", "decreases"), by="qwen3:8b", judged="contradicted")
    assert told(claim)[0].endswith("in [1]; by qwen3:8b)")


def test_words_that_no_abstract_has_are_named_alone_and_words_that_a_problem_names_only_there() -> None:
    gone = differing("Depth helps in Berlin [1].", ("Berlin", None), verdict="unsupported")
    assert told(gone) == ['⚠ unsupported: “Depth helps in Berlin [1].” ("Berlin" is not in the cited abstract; by words)']
    known = replace(gone, problems=("not in the cited abstract: Berlin",))
    assert told(known) == ["⚠ unsupported: “Depth helps in Berlin [1].” (not in the cited abstract: Berlin; by words)"]
    other = differing("It falls by 15% [1].", ("15%", "12%"), problems=("not in the cited abstract: 15%",))
    assert '(not in the cited abstract: 15%; "15%" against "12%" in [1]; by words)' in told(other)[0]


def test_where_no_words_stand_against_it_the_closest_sentence_is_quoted() -> None:
    evidence = Evidence(1, "depth", "The error decreases with depth by 12% on PPI.", 16, 61, 0.4)
    claim = Claim("Depth costs a lot [1].", 0, 22, (1,), "unsupported", ("no sentence says this",), (evidence,))
    assert told(claim)[1:] == ["    closest in [1]: “The error decreases with depth by 12% on PPI.”"]
    assert told(replace(claim, verdict="miscited"))[1:] == ["    [1] says: “The error decreases with depth by 12% on PPI.”"]


def test_words_that_differ_are_apart_in_the_claim_the_reason_and_the_abstract() -> None:
    claim = differing("The error increases by 15% [1].", ("increases", "decreases"), ("15%", "12%"))
    lines = findings.lines(answer(claim.text, DEEP, claims=(claim,)))
    marked = [[words.text for words in line if words.differs] for line in lines]
    assert marked == [[], ["increases", "15%", "increases", "decreases", "15%", "12%"], ["decreases", "12%"]]


@pytest.mark.parametrize("at", [0, 60, 200, 420])
def test_a_long_sentence_is_cut_around_the_words_that_differ(at: int) -> None:
    filler = "graph networks train on many sampled subgraphs "
    said, there = (f"{filler * 9}"[:at] + f"{word} " + f"{filler * 9}"[at:] + "[1]." for word in ("grows", "shrinks"))
    claim = differing(said, ("grows", "shrinks"), of=there)
    made = answer(said, sources(paper("Long", there)), claims=(claim,))
    line, abstract = findings.text(made).splitlines()[1:]
    quoted = line.partition("“")[2].partition("”")[0]
    assert "grows" in quoted
    assert "shrinks" in abstract
    assert len(quoted) <= 80
    assert len(abstract) <= 180
    assert quoted.strip("…") in said


def test_offsets_that_fit_nothing_do_no_harm() -> None:
    claim = differing("It increases [1].", ("increases", "decreases"))
    wrong = (
        Difference("word", 90, 99, 1, 0, 3),
        Difference("word", 3, 12, 9, 0, 3),
        Difference("word", 3, 12, 1, 900, 903),
        Difference("word", 5, 2),
        Difference("word", 2, 6, 1, 0, 2),
    )
    assert told(replace(claim, differs=wrong))[0].startswith("≠ contradicted: “It increases [1].” (")


@pytest.mark.parametrize(
    ("count", "line"),
    [
        (1, "1 statement in another language was not checked"),
        (2, "2 statements in another language were not checked"),
    ],
)
def test_statements_in_another_language_are_counted_and_have_no_sign(count: int, line: str) -> None:
    made = answer("Les lampes.", claims=(Claim("Les lampes.", 0, 11, (), "unchecked"),) * count)
    assert findings.text(made) == line
    assert signs.marked(made) == "Les lampes."
    assert line in render.markdown(made)
    doubted = replace(made, claims=(*made.claims, *claims("partial")))
    assert findings.text(doubted).splitlines()[0].endswith("   no sign: found in the abstract or not checked")


def test_invalid_citations_filters_and_a_cut_answer_are_told() -> None:
    made = answer(invalid_citations=(7, 0), complete=False, incomplete_reason="stopped", filters=Filters(since="2024"))
    assert findings.text(made).splitlines() == [
        "⚠ cites numbers of no source: 7, 0",
        "Only papers from 2024 on.",
        "⚠ incomplete: stopped",
    ]
    assert findings.text(answer()) == ""


def test_a_finding_cannot_control_the_terminal() -> None:
    claim = Claim("It\x1b[2J sings [1].", 0, 16, (1,), "contradicted", ("\x1b[31mwhy",), by="m\x07")
    made: Answer = answer("It sings.", LAMPS, claims=(claim,))
    assert not {"\x1b", "\x07"} & set(render.text(made))
