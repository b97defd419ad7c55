from __future__ import annotations

import csv
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from support.commands import ROOT
from support.factories import LANTERN, ORCHARD, HashEmbedder, answer, silent

from rag import ingestion
from rag.index import generations
from rag.library import main
from rag.output import exports
from rag.sources.paper_ids import document_id, paper_id
from rag.sources.reading import Reading
from rag.storage import library_file
from rag.storage.history import History
from rag.storage.library import Library
from rag.storage.saved import SavedPapers
from rag.types import Paper

NAME = generations.fingerprint(HashEmbedder())
Run = Callable[..., tuple[int, str, str]]


def paper(title: str, abstract: str, **more: object) -> Paper:
    return replace(Paper(paper_id(title), title, abstract), **more)  # type: ignore[arg-type]


LAMP = paper(
    "LanternNet: Lamps & 5% of Power",
    LANTERN,
    published="2024-05-31",
    authors=("Ann Alder", "Bo Birch"),
    author_count=2,
    organisation="Ghent Lamps",
    url="https://lamps.example/1",
    doi="10.5555/lamp.1",
    arxiv="2405.12345v2",
    pmid="34567",
)
FROST = paper("Frost Watch", ORCHARD, published="2019")
KITE = paper("Kite Power", "Kites “pull” generators in steady wind; none fell.", published="2021-03")
TITLE_ONLY = paper("Only a Title", "")
PAPERS = (LAMP, FROST, KITE, TITLE_ONLY)


def store(home: Path, source: str, *papers: Paper) -> None:
    ingestion.store(home, [Reading(source, papers, format="JSON")], HashEmbedder(), silent)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("built") / "home"
    store(home, "lamps.jsonl", LAMP, TITLE_ONLY)
    store(home, "weather.ris", FROST, KITE)
    shutil.rmtree(home / "backups")
    return home


@pytest.fixture
def home(built: Path, tmp_path: Path) -> Path:
    """A home of one's own, the one of the settings, with four papers of two sources and their index."""
    return Path(shutil.copytree(built, tmp_path / "home"))


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """run(*arguments): (exit code, standard output, standard error)."""

    def ran(*arguments: str) -> tuple[int, str, str]:
        code = main(list(arguments))
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        assert "fault in this program" not in err
        return code, out, err

    return ran


def papers(home: Path) -> dict[str, Paper]:
    library = Library(home)
    try:
        return {p.id: replace(p, sources=()) for p in library.papers().values()}
    finally:
        library.close()


def execute(home: Path, *statements: str) -> None:
    with closing(sqlite3.connect(home / "library.sqlite", isolation_level=None)) as db:
        for statement in statements:
            db.execute(statement)


def damage(home: Path) -> None:
    with (home / "library.sqlite").open("r+b") as file:
        file.write(b"no database here" * 512)


# -- list, show, search, sources ----------------------------------------------------------------------------------------


def test_papers_are_listed_a_line_each_the_newest_first_and_those_without_a_date_last(run: Run, home: Path) -> None:
    code, out, err = run("list")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        f"{LAMP.id}  2024  {LAMP.title}",
        f"{KITE.id}  2021  Kite Power",
        f"{FROST.id}  2019  Frost Watch",
        f"{TITLE_ONLY.id}        Only a Title",
    ]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (("--source", "weather"), [KITE, FROST]),
        (("--year", "2019"), [FROST]),
        (("--title", "kite"), [KITE]),
        (("--since", "2020"), [LAMP, KITE]),
        (("--identifier", "10.5555/LAMP.1"), [LAMP]),
    ],
)
def test_a_list_takes_the_filters(run: Run, home: Path, options: tuple[str, ...], found: list[Paper]) -> None:
    assert [line.split()[0] for line in run("list", *options)[1].splitlines()] == [one.id for one in found]


def test_a_limit_cuts_the_list_and_says_so(run: Run, home: Path) -> None:
    _, out, err = run("list", "--limit", "1")
    assert (len(out.splitlines()), err) == (1, "These are 1 of 4 papers.\n")


def test_an_unknown_source_and_filters_that_leave_nothing_are_named(run: Run, home: Path) -> None:
    code, _, err = run("list", "--source", "boats")
    assert code == 2
    assert "No source has “boats” in its name; there are lamps.jsonl, weather.ris." in err
    code, out, err = run("list", "--title", "boat")
    assert (code, out) == (0, "")
    assert "No paper of the 4 is with" in err or "No paper of the 4" in err


def test_control_characters_of_a_title_do_not_reach_the_terminal(run: Run, home: Path) -> None:
    store(home, "bad.jsonl", paper("Red \x1b[31m Lamps", LANTERN))
    assert "\x1b" not in run("list")[1]
    assert "\x1b" not in run("show", paper_id("Red \x1b[31m Lamps"))[1]


@pytest.mark.parametrize(
    "name",
    [LAMP.id, "10.5555/LAMP.1", "https://doi.org/10.5555/lamp.1", "2405.12345", "arXiv:2405.12345v1", "34567", "PMID: 34567"],
)
def test_a_paper_is_shown_by_each_of_its_names_with_all_fields_and_sources(run: Run, home: Path, name: str) -> None:
    code, out, _ = run("show", name)
    assert code == 0
    assert out.splitlines() == [
        f"paper_id: {LAMP.id}",
        f"title: {LAMP.title}",
        f"abstract: {LANTERN}",
        "published: 2024-05-31",
        "authors: Ann Alder; Bo Birch",
        "author_count: 2",
        "organisation: Ghent Lamps",
        "url: https://lamps.example/1",
        "sources: lamps.jsonl",
        "doi: 10.5555/lamp.1",
        "arxiv: 2405.12345v2",
        "pmid: 34567",
    ]


def test_a_paper_with_the_number_of_a_data_set_is_found_by_its_identifiers_too(run: Run, home: Path) -> None:
    title = "A Boat of Reeds"
    store(home, "boats.jsonl", replace(paper(title, "Reeds float."), id=document_id(title, "d1"), doi="10.1234/reed"))
    assert f"title: {title}" in run("show", "doi:10.1234/REED")[1]
    assert run("show", "10.1234/ree")[0] == 2


def test_a_paper_that_is_not_there_is_one_sentence_with_a_remedy(run: Run, home: Path) -> None:
    code, out, err = run("show", "10.5555/none")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "The library has no paper “10.5555/none”. Give a paper_id, a DOI" in err


def test_a_search_finds_all_words_in_title_or_abstract_in_any_case_titles_first(run: Run, home: Path) -> None:
    assert [line.split()[0] for line in run("search", "POWER")[1].splitlines()] == [LAMP.id, KITE.id]
    assert [line.split()[0] for line in run("search", "power kites")[1].splitlines()] == [KITE.id]
    assert [line.split()[0] for line in run("search", "in", "spring")[1].splitlines()] == [FROST.id]
    store(home, "old.jsonl", paper("Footsteps", "Shoes.", published="1990"))
    assert [line.split()[0] for line in run("search", "footsteps")[1].splitlines()] == [paper_id("Footsteps"), LAMP.id]
    assert run("search", "power", "--source", "weather")[1].split()[0] == KITE.id


def test_a_search_that_finds_nothing_says_so_and_one_without_words_is_refused(run: Run, home: Path) -> None:
    code, out, err = run("search", "submarine")
    assert (code, out, err) == (0, "", "No paper has all these words in its title or abstract.\n")
    assert run("search", " ")[0] == 2


def test_sources_are_listed_with_the_number_of_their_papers(run: Run, home: Path) -> None:
    assert run("sources")[1].splitlines() == ["       2  lamps.jsonl", "       2  weather.ris"]


def test_without_a_library_each_command_is_one_sentence_with_a_remedy(run: Run, tmp_path: Path) -> None:
    for command in (
        ["list"], ["show", "x"], ["search", "x"], ["sources"], ["export", "x.jsonl"], ["backup"], ["verify"], ["compact"]
    ):  # fmt: skip
        code, out, err = run(*command)
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert f"There is no library in {tmp_path / 'home'}. Make one with: python -m rag.ingest FILE" in err
    assert not (tmp_path / "home").exists()


def test_a_list_does_not_wait_for_the_engines_of_the_index(home: Path) -> None:
    program = "import sys, rag.library; rag.library.main(['list']); print(sorted({'chromadb', 'tantivy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == "[]"


# -- export -------------------------------------------------------------------------------------------------------------


def test_jsonl_holds_every_field_and_reads_back_to_the_same_papers(run: Run, home: Path, tmp_path: Path) -> None:
    code, out, err = run("export", "all.jsonl")
    assert (code, out, err) == (0, "", "Wrote 4 papers to all.jsonl.\n")
    records = {record["paper_id"]: record for record in map(json.loads, Path("all.jsonl").read_text("utf-8").splitlines())}
    assert records[LAMP.id] == {
        "paper_id": LAMP.id,
        "title": LAMP.title,
        "abstract": LANTERN,
        "published": "2024-05-31",
        "authors": ["Ann Alder", "Bo Birch"],
        "author_count": 2,
        "organisation": "Ghent Lamps",
        "url": "https://lamps.example/1",
        "sources": ["lamps.jsonl"],
        "doi": "10.5555/lamp.1",
        "arxiv": "2405.12345v2",
        "pmid": "34567",
    }
    again = tmp_path / "again"
    ingestion.ingest(again, ["all.jsonl"], HashEmbedder(), silent)
    assert papers(again) == papers(home)


def test_of_papers_with_one_title_the_one_with_the_id_of_the_title_is_written_first(run: Run, home: Path) -> None:
    other = document_id("Frost Watch", "10.1234/other")
    store(home, "more.jsonl", replace(paper("Frost Watch", "Quite another thing, of glass."), id=other))
    ids = [json.loads(line)["paper_id"] for line in run("export", "-", "--format", "jsonl")[1].splitlines()]
    assert ids.index(FROST.id) < ids.index(other) == len(ids) - 1


def test_csv_has_a_head_and_a_row_for_each_paper_and_a_mark_for_excel(run: Run, home: Path) -> None:
    run("export", "all.csv")
    assert Path("all.csv").read_bytes().startswith(b"\xef\xbb\xbfpaper_id,title,abstract,")
    rows = {row["paper_id"]: row for row in csv.DictReader(io.StringIO(Path("all.csv").read_text("utf-8-sig")))}
    assert len(rows) == 4
    assert rows[KITE.id]["abstract"] == KITE.abstract
    assert (rows[LAMP.id]["authors"], rows[LAMP.id]["pmid"]) == ("Ann Alder; Bo Birch", "34567")
    assert (rows[LAMP.id]["sources"], rows[TITLE_ONLY.id]["doi"]) == ("lamps.jsonl", "")


def test_bibtex_and_ris_have_the_abstract_and_all_other_fields(run: Run, home: Path) -> None:
    run("export", "all.bib")
    entry = next(e for e in Path("all.bib").read_text("utf-8").split("\n\n") if "LanternNet" in e)
    for field in (
        f"@misc{{{LAMP.id},", "  title = {{LanternNet: Lamps \\& 5\\% of Power}}", "  author = {Ann Alder and Bo Birch}",
        "  date = {2024-05-31}", "27.5\\%", "  institution = {Ghent Lamps}", "  authorcount = {2}", "  doi = {10.5555/lamp.1}",
        "  eprint = {2405.12345v2}", "  pmid = {34567}", "  url = {https://lamps.example/1}", "  sources = {lamps.jsonl}",
    ):  # fmt: skip
        assert field in entry
    assert entry.endswith("\n}")
    run("export", "all.ris")
    record = next(r for r in Path("all.ris").read_text("utf-8").split("\n\n") if "LanternNet" in r).splitlines()
    assert (record[0], record[-1]) == ("TY  - GEN", "ER  - ")
    for line in (
        f"AB  - {LANTERN}", "AD  - Ghent Lamps", "C1  - Number of authors: 2", "C2  - PMID: 34567", "DB  - lamps.jsonl",
        "DA  - 2024/05/31/", "DO  - 10.5555/lamp.1", "AN  - arXiv:2405.12345v2",
    ):  # fmt: skip
        assert line in record


@pytest.mark.parametrize("form", ["bibtex", "ris"])
def test_bibtex_and_ris_are_read_by_the_usual_libraries(run: Run, home: Path, form: str) -> None:
    out = run("export", "-", "--format", form)[1]
    if form == "bibtex":
        bibtexparser = pytest.importorskip("bibtexparser")
        assert len(bibtexparser.parse_string(out).entries) == 4
    else:
        rispy = pytest.importorskip("rispy")
        assert len(rispy.loads(out)) == 4


def test_an_export_takes_the_filters_and_the_format_that_is_named(run: Run, home: Path) -> None:
    run("export", "some.txt", "--format", "csv", "--source", "weather")
    assert len(Path("some.txt").read_text("utf-8-sig").splitlines()) == 3


def test_a_wrong_file_of_an_export_is_one_sentence_and_writes_nothing(run: Run, home: Path) -> None:
    for file, message in {
        "all.docx": "The format of all.docx is not known. End its name with one of .jsonl, .bib, .ris, .csv",
        "-": "or give --format",
        "nowhere/all.csv": "There is no folder nowhere.",
        str(home / "library.sqlite"): "The format of",
    }.items():
        code, _, err = run("export", file)
        assert (code, err.count("\n")) == (2, 1)
        assert message in err
    code, _, err = run("export", str(home / "library.sqlite"), "--format", "csv")
    assert (code, len(papers(home))) == (2, 4)
    assert "is the program's own" in err


def test_an_export_that_fails_leaves_the_file_that_was_there(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(papers: object) -> Iterator[str]:
        yield "{}"
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(exports.FORMATS, "jsonl", full)
    Path("all.jsonl").write_text("mine")
    code, _, err = run("export", "all.jsonl")
    assert (code, "No space left on device" in err) == (1, True)
    assert Path("all.jsonl").read_text() == "mine"
    assert list(Path().glob(".all*")) == []


# -- a home that cannot be written --------------------------------------------------------------------------------------


@pytest.fixture
def read_only_home(built: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home that this process may read and not write, also when root runs the tests."""
    folder = Path(tempfile.mkdtemp())
    home = folder / "home"
    shutil.copytree(built, home)
    for path in home.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    home.chmod(0o555)
    folder.chmod(0o755)
    monkeypatch.setenv("RAG_HOME", str(home))
    monkeypatch.chdir(folder)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65_534)
    yield home
    if user == 0:
        os.seteuid(0)
    home.chmod(0o755)
    for path in [path for path in home.rglob("*") if path.is_dir()]:
        path.chmod(0o755)
    shutil.rmtree(folder)


def test_a_home_that_cannot_be_written_is_listed_shown_searched_and_exported(run: Run, read_only_home: Path) -> None:
    with pytest.raises(PermissionError):
        (read_only_home / "probe").touch()
    assert run("list")[1].count("\n") == 4
    assert "title: Kite Power" in run("show", KITE.id)[1]
    assert run("search", "kites")[1].split()[0] == KITE.id
    assert run("sources")[1].count("\n") == 2
    assert run("export", "-", "--format", "jsonl")[1].count("\n") == 4


def test_what_writes_says_so_in_one_sentence_there(run: Run, read_only_home: Path) -> None:
    for command in (["backup"], ["compact"]):
        code, out, err = run(*command)
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert "Permission denied" in err


# -- backup and restore -------------------------------------------------------------------------------------------------


def test_a_backup_is_named_and_a_restored_one_says_what_was_kept_and_that_the_index_follows(run: Run, home: Path) -> None:
    code, out, _ = run("backup")
    assert code == 0
    [made] = (home / "backups").iterdir()
    assert out.startswith(f"{made} (")
    store(home, "boats.jsonl", paper("Boats", "They float."))
    code, out, err = run("restore", str(made))
    assert (code, out) == (0, f"Restored 4 papers from {made}.\n")
    assert "The library as it was is kept as" in err
    assert "The index is built at the next question, or by: python -m rag.ingest --repair" in err
    live = generations.live(home, NAME)
    library = Library(home)
    assert live is not None
    assert library.state != live.state
    library.close()


def test_restored_conversations_are_counted_and_the_command_says_where_the_others_are(run: Run, home: Path) -> None:
    chat = History(home)
    chat.append(chat.new("ann"), "ann", answer())
    SavedPapers(home).save("ann", [LAMP, paper("Boats", "They float.")])
    run("backup", "copy.sqlite")
    chat.append(chat.new("ann"), "ann", answer())
    _, out, err = run("restore", "copy.sqlite")
    restored = "Restored 1 conversation and 2 saved papers from history-copy.sqlite."
    assert out == f"Restored 4 papers from copy.sqlite.\n{restored}\n"
    assert f"The conversations as they were are kept as {home / 'backups' / 'history-'}" in err


def test_the_restored_library_is_indexed_at_the_next_start(run: Run, home: Path) -> None:
    run("backup", "copy.sqlite")
    store(home, "boats.jsonl", paper("Boats", "They float."))
    run("restore", "copy.sqlite")
    ingestion.prepare(home, HashEmbedder(), silent, lambda message: None)
    live = generations.live(home, NAME)
    assert live is not None
    assert live.papers == 4


# -- verify -------------------------------------------------------------------------------------------------------------


def test_a_whole_home_is_verified(run: Run, home: Path) -> None:
    code, out, err = run("verify")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "4 papers, 4 chunks, 4 vectors",
        f"the index {NAME} is whole and up to date",
        "All is well.",
    ]


@pytest.mark.parametrize(
    ("statements", "message"),
    [
        (["DELETE FROM vectors WHERE rowid_of"], "1 chunks have no vector of the embedder words. Run: python -m rag.ingest"),
        (["DELETE FROM vectors"], "No chunk has a vector. Run: python -m rag.ingest --repair"),
        ([f"DELETE FROM chunks WHERE paper_id = '{KITE.id}'"], "1 papers are not cut into chunks. Run: python -m rag.ingest"),
        ([f"DELETE FROM papers WHERE id = '{KITE.id}'"], "1 chunks are of papers that are gone. Run: python -m rag.library"),
        (["UPDATE meta SET value = value + 1"], "is not up to date with the library. Run: python -m rag.ingest --repair"),
    ],
)  # fmt: skip
def test_what_is_missing_is_a_sentence_with_its_remedy(run: Run, home: Path, statements: list[str], message: str) -> None:
    one = "hash = (SELECT hash FROM chunks LIMIT 1)"
    execute(home, *(statement.replace("rowid_of", one) for statement in statements))
    code, out, err = run("verify")
    assert code == 1
    assert message in err
    assert out.endswith("Something is wrong.\n")


def test_vectors_of_texts_that_are_gone_are_counted(run: Run, home: Path) -> None:
    execute(home, "INSERT INTO vectors VALUES (x'00', 'words', x'00')")
    code, out, _ = run("verify")
    assert (code, out.splitlines()[1]) == (0, "1 vectors of texts that are gone")


def test_damaged_files_and_indexes_are_found(run: Run, home: Path) -> None:
    live = home / "index" / NAME / (home / "index" / NAME / "CURRENT").read_text()
    (live / "manifest.json").rename(live / "away")
    assert f"The index {NAME} is not whole. Run: python -m rag.ingest --repair" in run("verify")[2]
    (live / "away").rename(live / "manifest.json")
    matrix = live / "matrix" / "rows.npz"
    whole = matrix.read_bytes()
    matrix.write_bytes(b"\0" * len(whole))
    assert f"The index {NAME} is not whole" in run("verify")[2]
    matrix.write_bytes(whole)
    chroma = live / "chroma" / "chroma.sqlite3"
    chroma.write_bytes(b"\0" * chroma.stat().st_size)
    assert f"The index {NAME} is damaged" in run("verify")[2]
    shutil.rmtree(home / "index")
    assert "There is no index. Run: python -m rag.ingest --repair" in run("verify")[2]
    (home / "history.sqlite").write_bytes(b"no history" * 100)
    assert f"The file {home / 'history.sqlite'} is damaged" in run("verify")[2]
    damage(home)
    code, _, err = run("verify")
    assert code == 1
    assert f"The file {home / 'library.sqlite'} is damaged" in err
    assert "python -m rag.library recover" in err


# -- compact ------------------------------------------------------------------------------------------------------------


def where(home: Path, text: bytes) -> list[str]:
    """Return the files of library and index in which `text` stands."""
    files = [*home.glob("library.sqlite*"), *(path for path in (home / "index").rglob("*") if path.is_file())]
    return [path.name for path in files if text in path.read_bytes()]


def test_of_a_removed_paper_no_text_stays_in_library_or_index(run: Run, home: Path) -> None:
    ingestion.remove(home, "weather.ris", HashEmbedder(), silent)
    assert where(home, b"blossom temperature")  # else this test shows nothing
    code, out, _ = run("compact")
    assert code == 0
    assert int(out.split()[0].replace(",", "")) > 0
    assert out.endswith(" bytes were freed.\n")
    assert where(home, b"blossom temperature") == where(home, b"Frost Watch") == []
    assert where(home, b"340 lamps")
    assert run("verify")[:2] == (0, f"2 papers, 2 chunks, 2 vectors\nthe index {NAME} is whole and up to date\nAll is well.\n")


def test_no_text_stays_in_the_log_while_a_chat_has_the_library_open(run: Run, home: Path) -> None:
    chat = Library(home)
    assert chat.count() == 4
    ingestion.remove(home, "weather.ris", HashEmbedder(), silent)
    assert run("compact")[0] == 0
    assert where(home, b"blossom temperature") == []
    assert chat.count() == 2
    chat.close()


def test_a_reader_that_keeps_the_text_in_the_file_is_told(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library_file, "_SQLITE_WAIT_S", 1)
    with closing(sqlite3.connect(home / "library.sqlite", isolation_level=None)) as reading:
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM papers").fetchone()
        code, out, err = run("compact")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "Another process reads the library" in err
    assert "Stop the chat and run: python -m rag.library compact" in err


def test_old_and_half_built_generations_and_indexes_without_vectors_are_deleted(run: Run, home: Path) -> None:
    folder = home / "index" / NAME
    half = folder / "17"
    (half / "chroma").mkdir(parents=True)
    (half / "DIRTY").touch()
    (folder / "CURRENT.123").write_text("16")
    (home / "index" / "former-embedder-9").mkdir()
    run("compact")
    live = generations.live(home, NAME)
    assert live is not None
    assert sorted(path.name for path in folder.iterdir()) == sorted([str(live.generation), "CURRENT"])
    assert [path.name for path in (home / "index").iterdir()] == [NAME]


def test_chunks_of_papers_that_are_gone_and_vectors_without_a_chunk_are_deleted(run: Run, home: Path) -> None:
    execute(home, f"DELETE FROM papers WHERE id = '{KITE.id}'", f"DELETE FROM listings WHERE paper_id = '{KITE.id}'")
    assert run("compact")[0] == 0
    code, out, _ = run("verify")
    assert (code, out.splitlines()[0]) == (0, "3 papers, 3 chunks, 3 vectors")


def test_an_index_whose_vectors_are_not_complete_is_deleted_and_nothing_is_embedded(run: Run, home: Path) -> None:
    execute(home, "DELETE FROM vectors WHERE hash = (SELECT hash FROM chunks LIMIT 1)")
    assert run("compact")[0] == 0
    assert list((home / "index").iterdir()) == []
    assert len(papers(home)) == 4


def test_an_empty_library_is_made_smaller_too_and_backups_are_named(run: Run, home: Path) -> None:
    run("backup")
    for source in ("weather.ris", "lamps.jsonl"):
        ingestion.remove(home, source, HashEmbedder(), silent)
    code, _, err = run("compact")
    assert (code, where(home, b"340 lamps")) == (0, [])
    assert f"The backups in {home / 'backups'} still hold what was removed" in err


# -- recover ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["lost", "damaged"])
def test_a_lost_or_damaged_library_is_made_again_from_the_index(run: Run, home: Path, state: str) -> None:
    long = paper("Long Boats", " ".join(f"Boat {n} is {n} metres long and made of the wood of oaks." for n in range(60)))
    store(home, "boats.jsonl", long)
    before = papers(home)
    damage(home) if state == "damaged" else (home / "library.sqlite").unlink()
    code, out, err = run("recover")
    assert (code, out) == (0, "Recovered 5 papers.\n")
    assert "title and abstract only" not in err
    assert "The index is built at the next question" in err
    assert papers(home) == before
    assert "boats.jsonl" in run("sources")[1]
    kept = list(home.glob("library.sqlite.damaged-*"))
    assert len(kept) == (state == "damaged")
    assert all(path.read_bytes().startswith(b"no database here") and str(path) in err for path in kept)
    live = generations.live(home, NAME)
    library = Library(home)
    assert live is not None
    assert library.state != live.state
    library.close()


def test_a_damaged_lexical_index_leaves_titles_and_abstracts(run: Run, home: Path) -> None:
    before = papers(home)
    for path in (home / "index").rglob("*.store"):
        path.write_bytes(b"")
    (home / "library.sqlite").unlink()
    code, out, err = run("recover")
    assert (code, out) == (0, "Recovered 4 papers.\n")
    assert "4 of them, of the source recovered, have title and abstract only: dates, authors" in err
    found = papers(home)
    assert {i: (p.title, p.abstract) for i, p in found.items()} == {i: (p.title, p.abstract) for i, p in before.items()}
    assert run("sources")[1].split() == ["4", "recovered"]


def test_papers_that_a_damaged_file_still_holds_keep_their_dates_and_sources(run: Run, home: Path) -> None:
    page = int(sqlite3.connect(home / "library.sqlite").execute("PRAGMA page_size").fetchone()[0])
    with closing(sqlite3.connect(home / "library.sqlite")) as db:
        [root] = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'papers'").fetchone()
    with (home / "library.sqlite").open("r+b") as file:
        file.seek((root - 1) * page)
        file.write(b"\xff" * page)
    before = {LAMP.id: LAMP, FROST.id: FROST, KITE.id: KITE, TITLE_ONLY.id: TITLE_ONLY}
    assert run("verify")[0] == 1
    code, out, err = run("recover")
    assert (code, out) == (0, "Recovered 4 papers.\n")
    assert "title and abstract only" not in err
    assert papers(home) == before
    assert run("sources")[1].split() == ["2", "lamps.jsonl", "2", "weather.ris"]


def test_papers_of_which_no_text_is_left_are_counted_and_a_backup_is_named(run: Run, home: Path) -> None:
    run("backup", str(home / "backups.sqlite"))
    (home / "backups").mkdir()
    made = (home / "backups.sqlite").rename(home / "backups" / "library-1.sqlite")
    live = home / "index" / NAME / (home / "index" / NAME / "CURRENT").read_text()
    listed = live / "matrix" / "papers.json"
    listed.write_text(json.dumps([*json.loads(listed.read_text()), "1111111111111111"]))
    (home / "library.sqlite").unlink()
    _, _, err = run("recover")
    assert "The index names 1 more papers whose text was not found." in err
    assert f"A backup may hold more: python -m rag.library restore {made}" in err


def test_a_library_that_is_whole_or_newer_is_not_recovered_and_nothing_left_is_said(run: Run, home: Path) -> None:
    code, _, err = run("recover")
    assert (code, len(papers(home))) == (1, 4)
    assert "is not damaged. There is nothing to recover." in err
    execute(home, "PRAGMA user_version = 99")
    code, _, err = run("recover")
    assert "newer version of this program" in err
    shutil.rmtree(home / "index")
    damage(home)
    code, _, err = run("recover")
    assert code == 1
    assert "Neither the library nor an index holds a paper." in err
    assert (home / "library.sqlite").read_bytes().startswith(b"no database here")
