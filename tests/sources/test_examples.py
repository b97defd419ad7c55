"""Small exports of the usual tools, each with a trap, through the whole way into a library. They are beside the checkout."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.factories import SHARED, HashEmbedder, silent

from rag import ingestion
from rag.storage.library import Library
from rag.types import Paper

FOLDER = SHARED / "ingest"

pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="the examples are not beside this checkout (../shared/ingest)")


def stored(home: Path, start: str) -> list[Paper]:
    """Return the papers of the example whose name starts so, by title. All its records must be read."""
    [file] = FOLDER.glob(f"{start}_*")
    [report] = ingestion.ingest(home, [str(file)], HashEmbedder(), silent)
    assert (report.error, report.bad) == (None, ())
    library = Library(home)
    try:
        return sorted(library.papers().values(), key=lambda p: p.title)
    finally:
        library.close()


def test_two_papers_of_one_title(tmp_path: Path) -> None:
    assert [(p.title, p.published, p.doi) for p in stored(tmp_path, "01")] in (
        [("Summary", "2001", "10.9999/a.1"), ("Summary", "2019", "10.9999/b.2")],
        [("Summary", "2019", "10.9999/b.2"), ("Summary", "2001", "10.9999/a.1")],
    )


def test_one_doi_with_two_titles(tmp_path: Path) -> None:
    [paper] = stored(tmp_path, "02")
    assert (paper.doi, paper.published) == ("10.9999/boat.7", "2024-01-03")


def test_two_versions_on_arxiv(tmp_path: Path) -> None:
    [paper] = stored(tmp_path, "03")
    assert (paper.arxiv, paper.title) == ("2401.99999v2", "Paper Boats Drift Under Three Sails and a Kite")
    assert paper.abstract.endswith("We add a kite.")


def test_a_bad_byte(tmp_path: Path) -> None:
    good, bad = stored(tmp_path, "04")
    assert (good.title, good.abstract) == ("Boat “one” by Ángel", "We time “fast” boats, said Íñigo Ádám of the 李 canal.")
    assert bad.abstract == "We sink."


@pytest.mark.parametrize(
    ("start", "papers"),
    [
        ("05", [("BOAT-RAG: Drifting Boats for Faithful Answers", "05-29"), ("Kite Radar: A Living Map of Kites", "08-30")]),
        ("06", [("Better than Your Boat: Kites that learn", "10-07"), ("InterBoat: Standardizing Boats", "06-26")]),
        ("07", [("Kite 1.5: Flying across millions of canals", "03-08"), ("MURMEL: An Efficient Boat", "05-30")]),
    ],
)
def test_saved_pages(tmp_path: Path, start: str, papers: list[tuple[str, str]]) -> None:
    found = stored(tmp_path, start)
    assert [(p.title, (p.published or "")[5:]) for p in found] == papers
    assert all(len(p.abstract) > 80 and "http" not in p.abstract and "\n" not in p.abstract for p in found)


def test_bibtex_of_three_tools(tmp_path: Path) -> None:
    found = {p.title: p for p in stored(tmp_path, "08")}
    assert set(found) == {
        "Drift of Paper Boats on HMS Canals in Salix Ponds",
        "Small Sails",
        "KITES: Sail-level Learning",
        "A key with a comma and a space",
        "A field twice",
        "An empty key",
    }
    drift, kites = found["Drift of Paper Boats on HMS Canals in Salix Ponds"], found["KITES: Sail-level Learning"]
    assert (drift.authors, drift.published, drift.doi) == (("Ann Alder", "Bo Bïrch"), "2024-09", "10.9999/boat.7")
    assert drift.abstract == "We reach 5 % less drag, p < 0.05, with öl on $H_2$O."
    assert (kites.authors, kites.published) == (("Bea Elm", "Ada Oak"), "2020-07")
    assert "at 50% of the drag of a hull; a nested brace stays." in kites.abstract
    assert found["Small Sails"].arxiv == "2401.99999v2"


def test_two_dialects_of_ris(tmp_path: Path) -> None:
    lines, ovid = stored(tmp_path, "09")
    assert (ovid.title, ovid.abstract) == ("Ovid style: title in T1, abstract in N2", "We time boats.")
    assert (ovid.authors, ovid.published, ovid.doi) == (("Ann Alder",), "2019", "10.9999/boat.8")
    assert (lines.title, lines.abstract) == ("Abstract over two lines", "We time boats in still air.")
    assert (lines.authors, lines.published, lines.doi) == (("Bo Birch",), "2020", "10.9999/boat.7")


def test_json_of_four_services(tmp_path: Path) -> None:
    found = {p.title: p for p in stored(tmp_path, "10")}
    assert set(found) == {"Boats in situ", "Boats", "CSL item"}
    assert found["Boats in situ"].abstract == "We time boats, p < 0.05."
    assert found["Boats"].abstract == "We time boats. We sink."
    assert (found["Boats"].authors, found["Boats"].published, found["Boats"].doi) == (
        ("Ann Alder",),
        "2024-01-03",
        "10.9999/boat.7",
    )
    assert (found["CSL item"].published, found["CSL item"].doi) == ("2024-01-03", "10.9999/boat.9")


def test_a_table_with_semicolons(tmp_path: Path) -> None:
    [paper] = stored(tmp_path, "11")
    assert (paper.title, paper.abstract) == ("Boats; small ones", 'We time boats, in "still" air.')
    assert (paper.authors, paper.published, paper.doi) == (("Ann Alder", "Bo Birch"), "2024-01-03", "10.9999/boat.7")


def test_an_export_of_pubmed(tmp_path: Path) -> None:
    long, short = sorted(stored(tmp_path, "12"), key=lambda p: -len(p.abstract))
    assert long.title == "Boats on a canal: a long title that goes on here"
    assert (long.pmid, long.doi, long.authors, long.published) == ("99999999", "10.9999/boat.7", ("Ann Alder",), "2019-01")
    assert (short.pmid, short.abstract, short.published) == ("99999998", "", "2020")
