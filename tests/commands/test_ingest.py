from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.factories import ORCHARD, HashEmbedder, paper

from rag import factory, ingestion, terminal
from rag.errors import SourceError
from rag.index import generations
from rag.ingest import main
from rag.settings.settings import load
from rag.sources import services
from rag.storage import lock
from rag.storage.library import Library
from rag.types import Paper

LAMP = {"title": "LanternNet", "abstract": paper().abstract, "published": "2024-05-31"}
FROST = {"title": "Frost Watch", "abstract": ORCHARD}


def write(name: str, *records: object) -> str:
    lines = (r if isinstance(r, str) else json.dumps(r) for r in records)
    Path(name).write_text("".join(line + "\n" for line in lines), "utf-8")
    return name


@pytest.fixture
def home(model_home: Path, embedder: object, tmp_path: Path) -> Path:
    """An empty home that has the embedder's graph."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "models").symlink_to(model_home / "models")
    return folder


@pytest.fixture
def run(home: Path, one_embedder: None, capsys: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    """run(*arguments): (exit code, standard output, standard error)."""

    def ran(*arguments: str) -> tuple[int, str, str]:
        code = main(list(arguments))
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return ran


def titles(home: Path) -> set[str]:
    library = Library(home)
    try:
        return {p.title for p in library.papers().values()}
    finally:
        library.close()


def generation(home: Path) -> int:
    [folder] = (home / "index").iterdir()
    live = generations.live(home, folder.name)
    assert live is not None
    return live.generation


def test_a_second_run_finds_everything_unchanged_and_leaves_the_index(run, home: Path) -> None:  # type: ignore[no-untyped-def]
    write("lamps.jsonl", LAMP, FROST)
    code, out, _ = run("lamps.jsonl")
    assert (code, out.splitlines()[0]) == (0, "lamps.jsonl: read 2, added 2, updated 0, unchanged 0, bad 0")
    assert "holds 2 papers" in out
    before = generation(home)
    code, out, _ = run("lamps.jsonl")
    assert (code, out.splitlines()[0]) == (0, "lamps.jsonl: read 2, added 0, updated 0, unchanged 2, bad 0")
    assert generation(home) == before


def test_a_changed_abstract_is_an_update_and_a_new_paper_is_added(run, home: Path) -> None:  # type: ignore[no-untyped-def]
    run(write("lamps.jsonl", LAMP))
    changed = {**LAMP, "abstract": f"{LAMP['abstract']} Pedestrians liked it."}
    code, out, _ = run(write("lamps.jsonl", changed, FROST))
    assert (code, out.splitlines()[0]) == (0, "lamps.jsonl: read 2, added 1, updated 1, unchanged 0, bad 0")
    assert titles(home) == {"LanternNet", "Frost Watch"}


def test_bad_records_are_counted_and_named_by_line(run) -> None:  # type: ignore[no-untyped-def]
    code, out, err = run(write("mixed.jsonl", LAMP, "{oops", {"abstract": "Without a title."}, FROST))
    assert (code, out.splitlines()[0]) == (0, "mixed.jsonl: read 4, added 2, updated 0, unchanged 0, bad 2")
    assert "line 2: not valid JSON" in err
    assert "line 3: no title" in err


def test_papers_without_an_abstract_are_stored_by_title_and_counted(run, home: Path) -> None:  # type: ignore[no-untyped-def]
    code, out, err = run(write("mixed.jsonl", LAMP, {"title": "Only a Title"}, {"title": "Another", "abstract": "n/a"}))
    counts = "mixed.jsonl: read 3, added 3, updated 0, unchanged 0, bad 0, 2 without an abstract"
    assert (code, out.splitlines()[0], err) == (0, counts, "")
    assert titles(home) == {"LanternNet", "Only a Title", "Another"}


def test_many_bad_records_are_not_all_printed(run) -> None:  # type: ignore[no-untyped-def]
    _, _, err = run(write("mixed.jsonl", LAMP, *["{oops"] * 9))
    assert err.count("not valid JSON") == 5
    assert "4 more bad records" in err


def test_json_reports_every_source_and_every_bad_record(run) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = run("--json", write("mixed.jsonl", LAMP, *["{oops"] * 9), "nosuch.txt")
    told = json.loads(out)
    assert (code, out.count("\n")) == (1, 1)
    first, second = told["reports"]
    assert set(first) == {"source", "read", "added", "updated", "unchanged", "bad", "error", "merged"} | {
        "titles_only",
        "format",
    }
    assert (first["source"], first["read"], first["added"], first["error"]) == ("mixed.jsonl", 10, 1, None)
    assert [b["line"] for b in first["bad"]] == list(range(2, 11))
    assert "nosuch.txt" in second["error"]
    assert told["papers"] == 1


def test_a_dry_run_shows_what_would_be_read_and_stores_nothing(run, home: Path) -> None:  # type: ignore[no-untyped-def]
    code, out, err = run("--dry-run", write("mixed.jsonl", LAMP, FROST, "{oops", {"title": "Only a Title"}))
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "mixed.jsonl: JSON, 3 papers, 1 without an abstract, bad 1",
        "  LanternNet",
        "  Frost Watch",
        "  Only a Title",
        *[line for line in out.splitlines() if line.startswith("  line 3: not valid JSON")],
        "Nothing was stored.",
    ]
    assert not (home / "library.sqlite").exists()
    assert run("--dry-run", "nosuch.txt")[0] == 1


def test_a_format_can_be_named_and_must_exist(run) -> None:  # type: ignore[no-untyped-def]
    code, _, err = run("--format", "hugging face daily papers", write("lamps.jsonl", LAMP))
    assert code == 1
    assert "lamps.jsonl was read as Hugging Face Daily Papers and holds no papers" in err
    code, _, err = run("--format", "Boats", "lamps.jsonl")
    assert code != 0
    assert "There is no format named Boats. Name one of:" in err
    assert run("--format", "JSON", "lamps.jsonl")[0] == 0


def test_a_refusal_opens_no_embedder(run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(factory, "embedder", lambda settings: pytest.fail("the embedder was opened"))
    Path("prose.txt").write_text("Dear diary.")
    code, _, err = run("prose.txt")
    assert code == 1
    assert "prose.txt holds no papers in a known format" in err
    assert not (home / "library.sqlite").exists()


def test_a_service_that_breaks_off_leaves_the_papers_that_it_gave(run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    def records(place: str) -> Iterator[Paper]:
        yield paper("LanternNet", ORCHARD)
        raise SourceError("arXiv did not answer.", "Try again later.")

    monkeypatch.setattr(services, "records", records)
    code, out, err = run("arxiv:cat:cs.CL")
    assert (code, out.splitlines()[0]) == (0, "arxiv:cat:cs.CL: read 2, added 1, updated 0, unchanged 0, bad 1")
    assert err.strip() == "the rest was not read: arXiv did not answer. Try again later."
    assert titles(home) == {"LanternNet"}


def test_what_is_kept_after_ctrl_c_is_told_and_can_be_asked(run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(generations, "refresh", interrupted)
        code, _, err = run(write("lamps.jsonl", LAMP, FROST))
    assert code == 130
    assert err.splitlines() == [
        "The library has 2 papers, and none of them can be asked. The next question, or this command, brings the index up "
        "to the rest.",
        "Stopped.",
    ]
    assert run("lamps.jsonl")[1].startswith("lamps.jsonl: read 2, added 0, updated 0, unchanged 2")
    assert generation(home) == 1


def test_a_long_stage_is_told_in_lines_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = iter([0.0, 0.0, 5.0, 11.0, 12.0, 31.0])
    monkeypatch.setattr(terminal.time, "monotonic", lambda: next(now))
    with terminal.progress_bars() as progress:
        for done in (0, 500, 1100, 1200):
            progress("embedding", done, 12_000)
        progress("reading", 700, 0)
    assert capsys.readouterr().err.splitlines() == ["embedding: 1,100 of 12,000, 100 a second, 2 min left"]


def test_a_library_of_zotero_that_is_not_there_is_a_sentence(run) -> None:  # type: ignore[no-untyped-def]
    code, _, err = run("zotero:/nowhere/zotero.sqlite")
    assert code == 1
    assert "/nowhere/zotero.sqlite" in err


def test_the_files_of_a_folder_are_read_each_as_a_source(run, home: Path) -> None:  # type: ignore[no-untyped-def]
    Path("exports/older").mkdir(parents=True)
    write("exports/lamps.jsonl", LAMP)
    write("exports/older/lamps.jsonl", FROST)
    write("exports/.hidden.jsonl", {"title": "Hidden", "abstract": "Never read."})
    code, out, _ = run("exports")
    assert code == 0
    assert [line.partition(":")[0] for line in out.splitlines()[:2]] == ["lamps.jsonl", "older/lamps.jsonl"]
    assert titles(home) == {"LanternNet", "Frost Watch"}


NO_PAPERS = {
    "empty.txt": b"",
    "blank.txt": b" \n\n ",
    "prose.txt": b"Dear diary, nothing happened today.\n",
    "page.html": b"<!doctype html><html><body>Hello</body></html>",
    "binary.pdf": b"%PDF-1.7\0\0\x01\x02",
    "nothing.jsonl": b'{"a": 1}\n{"b": 2}\n',
}


def test_bad_files_are_named_and_the_good_ones_among_them_are_read(run, home: Path) -> None:  # type: ignore[no-untyped-def]
    for name, data in NO_PAPERS.items():
        Path(name).write_bytes(data)
    Path("folder").mkdir()
    os.mkfifo("pipe")
    write("good.jsonl", LAMP)
    write("last.jsonl", FROST)
    code, out, err = run("good.jsonl", *NO_PAPERS, "folder", "pipe", "nosuch.txt", "last.jsonl")
    assert code == 1
    assert [line.partition(":")[0] for line in out.splitlines()[:-1]] == ["good.jsonl", "last.jsonl"]
    for name in (*NO_PAPERS, "folder", "pipe", "nosuch.txt"):
        assert [line for line in err.splitlines() if name in line], name
    assert titles(home) == {"LanternNet", "Frost Watch"}


@pytest.mark.parametrize(("name", "why"), [("empty.txt", "is empty"), ("page.html", "HTML"), ("nothing.jsonl", "no papers")])
def test_a_file_without_papers_says_why(name: str, why: str, home: Path) -> None:
    Path(name).write_bytes(NO_PAPERS[name])
    [report] = ingestion.ingest(home, [name], HashEmbedder(), lambda *_: None)
    assert why in str(report.error)
    assert report.added == 0


def test_one_paper_in_two_files_is_one_paper_with_both_sources(run, home: Path) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = run(write("a.jsonl", LAMP), write("b.jsonl", {**LAMP, "authors": ["Ada"]}))
    assert code == 0
    assert "b.jsonl: read 1, added 0, updated 1, unchanged 0, bad 0" in out
    assert "holds 1 papers" in out
    library = Library(home)
    [stored] = library.papers().values()
    library.close()
    assert (stored.sources, stored.authors, stored.published) == (("a.jsonl", "b.jsonl"), ("Ada",), "2024-05-31")


def test_a_source_is_removed_with_the_papers_that_only_it_lists(run, home: Path) -> None:  # type: ignore[no-untyped-def]
    run(write("a.jsonl", LAMP, FROST), write("b.jsonl", LAMP))
    code, _, err = run("--remove", "a.jsonl")
    assert code == 0
    assert "Removed a.jsonl: 1 papers" in err
    assert titles(home) == {"LanternNet"}
    code, out, err = run("--remove", "a.jsonl")
    assert (code, out) == (1, "")
    assert "no source a.jsonl" in err
    assert "b.jsonl" in err


def test_removing_from_nothing_says_that_there_is_no_library(run) -> None:  # type: ignore[no-untyped-def]
    code, _, err = run("--remove", "a.jsonl")
    assert code == 1
    assert "There is no library" in err


def test_repair_builds_the_index_anew_and_reads_nothing(run, home: Path) -> None:  # type: ignore[no-untyped-def]
    run(write("a.jsonl", LAMP))
    before = generation(home)
    [folder] = (home / "index").iterdir()
    shutil.rmtree(folder / str(before) / "chroma")
    code, out, _ = run("--repair")
    assert code == 0
    assert "holds 1 papers" in out
    assert generation(home) > before
    opened = generations.open_live(home, folder.name)
    assert opened is not None
    assert opened.settled.vectors.count() == opened.manifest.chunks > 0
    assert titles(home) == {"LanternNet"}


def test_a_second_writer_is_refused_and_told_who_is_writing(run, home: Path) -> None:  # type: ignore[no-untyped-def]
    write("a.jsonl", LAMP)
    with lock.writer(home, "a long job"):
        code, out, err = run("a.jsonl")
    assert (code, out) == (1, "")
    assert "a long job" in err


def test_the_starter_corpus_beside_other_papers_is_mentioned_with_how_to_take_it_out(
    own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert load().home == own_home
    assert main([write("a.jsonl", LAMP)]) == 0
    out, err = capsys.readouterr()
    assert "holds 575 papers" in out
    assert "--remove starter" in err
    assert main(["--remove", "starter"]) == 0
    assert titles(own_home) == {"LanternNet"}


def test_without_arguments_the_starter_corpus_is_read(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert load().home == own_home
    assert main([]) == 0
    assert "starter: read 574, added 0, updated 0, unchanged 574, bad 0" in capsys.readouterr().out


def test_prepare_says_that_it_reads_the_starter_corpus(tmp_path: Path) -> None:
    told: list[str] = []
    ingestion.prepare(tmp_path / "new", HashEmbedder(), lambda *_: None, told.append)
    assert "reading the starter corpus" in told[0]
    assert len(titles(tmp_path / "new")) == 574
    ingestion.prepare(tmp_path / "new", HashEmbedder(), lambda *_: None, told.append)
    assert len(told) == 1
