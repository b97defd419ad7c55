from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.factories import LAMPS, answer, hit, paper, sources

from rag.assistant import Assistant
from rag.output import findings, render
from rag.output.signs import MARK
from rag.output.terminal import plain
from rag.types import Answer, Hit, Passage, Verdict

# The contract of an answer as JSON; what stands here is what programs rely on.
TOP = set(
    "id question standalone_question answer refused refusal_reason missing claims sources invalid_citations mode model "
    "base_url_host complete usage timings index warnings filters records reasoning incomplete_reason".split()
)
CLAIM = {"text", "start", "end", "citations", "verdict", "problems", "evidence", "added", "judged", "differs", "by"}
EVIDENCE = {"n", "paper_id", "sentence", "start", "end", "score"}
SOURCE = {"n", "paper_id", "title", "url", "doi", "arxiv", "pmid", "published", "authors", "score", "cited"}
REFUSED = answer(
    "The abstracts do not answer this question. No abstract mentions Zorble.",
    refused=True,
    refusal_reason="No abstract mentions Zorble.",
    missing=("Zorble",),
    claims=(),
    sources=tuple(LAMPS),
)


def questions() -> list[str]:
    return ["How does GraphSAINT work?", "How long should I boil an egg?", "What does ZorbleNet-7 do?"]


@pytest.mark.parametrize("question", questions())
def test_json_has_exactly_the_keys_of_the_contract_at_every_level(assistant: Assistant, question: str) -> None:
    told = json.loads(render.to_json(assistant.ask(question)))
    assert set(told) == TOP
    assert told["refused"] or told["claims"]
    for claim in told["claims"]:
        assert set(claim) == CLAIM
        assert claim["verdict"] in get_args(Verdict)
        assert all(set(e) == EVIDENCE for e in claim["evidence"])
    assert told["sources"]
    assert all(set(s) == SOURCE for s in told["sources"])
    assert set(told["usage"]) == {"prompt_tokens", "completion_tokens"}
    assert set(told["timings"]) == {"retrieve_s", "first_token_s", "total_s"}
    assert set(told["index"]) == {"fingerprint", "generation", "papers"}
    assert set(told["filters"]) == {
        "year",
        "since",
        "until",
        "source",
        "title",
        "author",
        "organisation",
        "min_authors",
        "max_authors",
        "identifier",
        "papers",
    }
    assert told["mode"] in ("model", "extractive", "corpus")


def test_json_has_the_types_of_the_contract() -> None:
    told = json.loads(render.to_json(answer(of=sources(paper(authors=("A. B.",), published="2024"), paper("F")))))
    claim, source = told["claims"][0], told["sources"][0]
    assert (claim["citations"], claim["problems"]) == ([1], [])
    assert (source["authors"], source["published"], source["url"], source["cited"]) == (["A. B."], "2024", None, True)
    assert (told["missing"], told["invalid_citations"], told["refusal_reason"]) == ([], [], None)
    assert told["answer"][claim["start"] : claim["end"]] == claim["text"]


def test_json_round_trips() -> None:
    for made in (answer(), REFUSED, answer(question='Say "é\u2028\n😀"?', complete=False, incomplete_reason="cut")):
        line = render.to_json(made)
        assert "\n" not in line
        assert json.dumps(json.loads(line), ensure_ascii=False) == line
        assert json.loads(line) == json.loads(json.dumps(render.to_dict(made)))


@given(st.text(), st.text())
def test_any_text_survives_json(question: str, said: str) -> None:
    told = json.loads(render.to_json(answer(said, question=question)))
    assert (told["question"], told["answer"]) == (question, said)


def test_a_hit_has_what_a_source_has_and_its_abstract() -> None:
    told = render.hit_to_dict(3, hit(paper()))
    assert set(told) == (SOURCE - {"cited"}) | {"abstract", "passages"}
    assert (told["n"], told["title"], told["abstract"]) == (3, "LanternNet", paper().abstract)
    passages = render.hit_to_dict(1, Hit(paper=paper(), score=1.0, dense=0.5, lexical=0.0, passages=(Passage(0, 5, 0.5),)))[
        "passages"
    ]
    assert passages == [{"start": 0, "end": 5, "score": 0.5}]


# -- text ----------------------------------------------------------------------------------------------------------------


def test_text_lists_the_cited_papers_by_title() -> None:
    told = render.text(answer())
    assert told.startswith("LanternNet dims 340 lamps [1].")
    assert "Sources:\n[1] LanternNet" in told
    assert "Frost Watch" not in told


def test_text_of_a_refusal_lists_the_nearest_papers() -> None:
    told = render.text(REFUSED)
    assert told.startswith(REFUSED.answer)
    assert told.endswith(
        "\n\nNearest papers:\n[1] LanternNet\n    Street lamps waste power when nobody walks below them.\n"
        "[2] Frost Watch\n    Orchards lose fruit to frost in spring."
    )


def test_text_of_an_answer_that_cites_nothing_lists_what_was_found() -> None:
    made = answer(sources=tuple(LAMPS), claims=())
    assert "[1] LanternNet\n[2] Frost Watch" in render.text(made)


def test_titles_lose_their_marks_on_a_terminal_and_other_stars_stay() -> None:
    assert plain("**Lamps**\n- a **bold** word [1]\n2**3") == "Lamps\n- a **bold** word [1]\n2**3"


def test_a_reference_gives_what_is_known() -> None:
    full = paper(authors=("A", "B", "C", "D"), published="2024-05", url="https://x.example/1")
    assert render.reference(2, full) == "[2] LanternNet · A, B, C et al. · 2024-05 · https://x.example/1"
    assert render.reference(1, paper()) == "[1] LanternNet"


def test_a_warning_is_told_wherever_an_answer_is_read() -> None:
    warned = answer(warnings=("The server read only 9 of about 99 tokens.",))
    assert findings.text(warned) == f"{MARK} The server read only 9 of about 99 tokens."
    for told in (render.text(warned), render.markdown(warned), render.text(replace(REFUSED, warnings=warned.warnings))):
        assert warned.warnings[0] in told
    assert json.loads(render.to_json(warned))["warnings"] == list(warned.warnings)
    assert json.loads(render.to_json(answer()))["warnings"] == []


def test_a_ranking_is_told_with_titles_and_scores() -> None:
    told = render.hits([s.hit for s in LAMPS])
    assert "[1] LanternNet\n" in told
    assert "[2] Frost Watch\n" in told
    assert "3.90" in told


def test_markdown_has_question_answer_and_cited_papers() -> None:
    told = render.markdown(answer())
    assert told == "## How many lamps?\n\nLanternNet dims 340 lamps [1].\n\n- [1] LanternNet"
    assert "- [2] Frost Watch" in render.markdown(REFUSED)


# -- BibTeX --------------------------------------------------------------------------------------------------------------


def bibtex(of: object) -> str:
    return render.bibtex(answer(of=sources(of)))  # type: ignore[arg-type]


def test_bibtex_has_an_entry_for_each_cited_paper() -> None:
    told = render.bibtex(
        answer(of=sources(paper(authors=("Ada B.", "C. D."), published="2024-05", url="https://x.example/1"), paper("F")))
    )
    assert told == (
        "@misc{ada-2024-lanternnet,\n  title = {{LanternNet}},\n  author = {Ada B. and C. D.},\n  year = {2024},\n"
        "  url = {https://x.example/1}\n}"
    )
    assert render.bibtex(REFUSED).count("@misc{") == 2


@pytest.mark.parametrize(
    ("title", "written"),
    [("A & B", "A \\& B"), ("50% off", "50\\% off"), ("a_b #1 $x", "a\\_b \\#1 \\$x"), ("{a} \\b", "(a) b")],
)
def test_bibtex_escapes_signs_of_tex(title: str, written: str) -> None:
    assert f"title = {{{{{written}}}}}" in bibtex(paper(title))


def test_bibtex_leaves_no_sign_that_tex_would_stumble_over() -> None:
    assert not re.search(r"(?<!\\)[~^]", bibtex(paper("O(n^2) ~ fast")).partition("title")[2])


@given(st.text(min_size=1), st.lists(st.text(min_size=1), max_size=3), st.text(min_size=1))
def test_braces_of_bibtex_balance_for_any_paper(title: str, authors: list[str], paper_id: str) -> None:
    made = replace(paper(), id=paper_id, title=title, authors=tuple(authors), url="https://x.example/{a}}")
    told = bibtex(made)
    depth = 0
    for sign in re.sub(r"\\.", "", told):
        depth += (sign == "{") - (sign == "}")
        assert depth >= 0
    assert depth == 0
    key = told.removeprefix("@misc{").partition(",\n  title")[0]
    assert re.fullmatch(r"[^\s,{}\"#%'()=\\~]+", key)


def test_answers_are_rendered_without_change(assistant: Assistant) -> None:
    made: Answer = assistant.ask("How does GraphSAINT work?")
    assert plain(made.answer) in render.text(made)
    assert made.answer in render.markdown(made)
