"""python -m rag.verify: a draft against the abstracts that it cites."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag import ingestion, verify
from rag.index.minilm import MiniLM
from rag.output import citation_keys
from rag.sources.reading import Reading
from rag.storage.library import Library
from rag.types import Paper

BIB = """@inproceedings{gs, title={GraphSAINT: Graph Sampling Based Inductive Learning Method}, year=2020}
@article{lamps, title={LanternNet}, abstract={LanternNet dims 340 lamps by learning from footsteps.}}
@misc{bare, title={A Work of Which Nobody Knows the Abstract}}
"""
DRAFT = r"""\section{Related work}
GraphSAINT samples the training graph to make minibatches \cite{gs}.
It reaches an F1 score of
0.895 on PPI \cite{gs}. LanternNet dims 340 lamps \cite{lamps}. Nobody believes it \cite{bare,nosuch}.
"""


@pytest.fixture
def home(starter_home: Path, monkeypatch: pytest.MonkeyPatch, one_embedder: None) -> Path:
    monkeypatch.setenv("RAG_HOME", str(starter_home))
    Path("refs.bib").write_text(BIB, "utf-8")
    Path("draft.tex").write_text(DRAFT, "utf-8")
    return starter_home


def test_what_the_cited_abstract_contradicts_is_named_with_its_line(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify.main(["draft.tex", "--bib", "refs.bib"]) == 1
    first, says, counts, unknown = capsys.readouterr().out.splitlines()
    assert first.startswith("draft.tex:3: ≠ contradicted: “It reaches an F1 score of")
    assert "[gs]" in first
    assert says.startswith("    [gs] says: “")
    assert "0.995" in says
    assert counts == "4 statements with citations: 2 supported, 1 contradicted."
    assert unknown == "1 of them cite only works without a known abstract, and were not checked: bare; nosuch."


def test_json_has_every_statement_with_citations(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify.main(["draft.tex", "--bib", "refs.bib", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["file"] == "draft.tex"
    assert [(c["line"], c["verdict"], c["keys"]) for c in told["claims"]] == [
        (2, "supported", ["gs"]),
        (3, "contradicted", ["gs"]),
        (4, "supported", ["lamps"]),
    ]
    assert [c["keys"] for c in told["not_checked"]] == [["bare", "nosuch"]]
    assert [s["key"] for s in told["sources"]] == ["gs", "lamps"]
    assert told["claims"][1]["evidence"][0]["sentence"] in told["sources"][0]["abstract"]


def test_a_draft_in_which_nothing_is_in_doubt(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("fine.md").write_text("LanternNet dims 340 lamps [@lamps].\n", "utf-8")
    assert verify.main(["fine.md", "--bib", "refs.bib"]) == 0
    assert capsys.readouterr().out == "1 statement with a citation: 1 supported.\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("The third is x[3]. LanternNet dims 340 lamps [@lamps].", "1 statement with a citation: 1 supported.\n"),
        (
            "LanternNet dims 340 lamps [1]. Bees hum in [7].\n\n# References\n[1] LanternNet. 2024.\n",
            "2 statements with citations: none could be checked.\n2 of them cite only works without a known abstract, "
            "and were not checked: LanternNet. 2024.; [7].\n",
        ),
    ],
)
def test_numbers_that_stand_for_nothing_are_told_where_there_is_a_list(
    home: Path, text: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("odd.md").write_text(text, "utf-8")
    assert verify.main(["odd.md", "--bib", "refs.bib"]) == 0
    assert capsys.readouterr().out == told


def test_papers_are_found_by_their_exported_keys_their_numbers_and_their_titles(
    own_home: Path, embedder: MiniLM, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    paper = Paper("p", "LanternNet: Street Lamps", "LanternNet dims 340 lamps.", "2024", ("Ada Lovelace",), arxiv="2305.14314")
    ingestion.store(own_home, [Reading("own", (paper,), format="JSON")], embedder, lambda *_: None)
    monkeypatch.setenv("RAG_HOME", str(own_home))
    [stored] = [one for one in Library(own_home).papers().values() if one.title == paper.title]
    drafts = {
        "key.md": f"LanternNet dims 340 lamps [@{citation_keys.keys([stored])[0]}].",
        "number.tex": r"LanternNet dims 340 lamps \cite{2305.14314}.",
        "listed.md": "LanternNet dims 340 lamps [1].\n\n## References\n\n[1] A. Lovelace: LanternNet, Street Lamps. 2024.",
    }
    for name, text in drafts.items():
        Path(name).write_text(text, "utf-8")
        assert verify.main([name]) == 0, name
        assert capsys.readouterr().out == "1 statement with a citation: 1 supported.\n", name


@pytest.mark.parametrize(
    ("name", "text", "options", "told"),
    [
        ("plain.md", "Lamps dim.", [], "plain.md cites nothing that is read."),
        ("nosuch.md", None, [], "nosuch.md"),
        ("draft.tex", DRAFT, ["--bib", "nosuch.bib"], "nosuch.bib"),
        ("draft.tex", DRAFT, ["--bib", "draft.tex"], "draft.tex has no entry of BibTeX."),
    ],
)
def test_wrong_files_are_one_sentence(
    home: Path, name: str, text: str | None, options: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if text is not None:
        Path(name).write_text(text, "utf-8")
    assert verify.main([name, *options]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert told in err
