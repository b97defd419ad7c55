"""The papers that an owner saved, and the questions that they had asked of each: in the file of the history.

    saved_papers   what is known of each saved paper but its abstract, so that it has a name when the library lost it
    saved_columns  questions that are asked of each saved paper
    saved_cells    the answer to such a question about one paper, whole (rag.storage.answers)

A paper that the library has under another id by now keeps its place: it is found by its identifiers and title, as when a
source is read. Answers about a paper outlive its removal, so that it has them when it is saved again.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rag.errors import UsageError
from rag.storage import merge
from rag.storage.answers import dump, load
from rag.storage.history_file import HistoryFile
from rag.storage.library import Library
from rag.terminal import say
from rag.text.words import clean
from rag.types import Answer, Paper

MAX_PAPERS = 500  # that an owner can save
MAX_COLUMNS = 8  # that an owner can add
MAX_COLUMN_CHARS = 300  # characters of a question

Cells = dict[tuple[str, str], Answer]  # by question and id of the paper


@dataclass(frozen=True, slots=True)
class SavedPaper:
    """A saved paper as the library has it. One that is `gone` from there is as it was when it was saved, without abstract."""

    paper: Paper
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Removed:
    """Rows that were taken out, for SavedPapers.put_back()."""

    papers: tuple[tuple[Any, ...], ...] = ()
    columns: tuple[tuple[Any, ...], ...] = ()
    cells: tuple[tuple[Any, ...], ...] = ()


class SavedPapers:
    """Open with SavedPapers(home). Every method may raise LibraryError for a file that cannot be used."""

    def __init__(self, home: Path, tell: Callable[[str], None] = say) -> None:
        """Open home/history.sqlite, or begin it. A damaged file is set aside, which `tell` is told, and a new one begun."""
        self._file = HistoryFile(home / "history.sqlite", tell)

    # -- papers ---------------------------------------------------------------------------------------------------------

    def save(self, owner: str, papers: Iterable[Paper]) -> None:
        """Save papers, after those that are saved. Raises UsageError for more than MAX_PAPERS in all."""
        now = time.time()
        rows = [(owner, paper.id, clean(merge.dump(replace(paper, abstract=""))), now) for paper in papers]
        with self._file.open() as db:
            db.executemany("INSERT OR IGNORE INTO saved_papers VALUES (?, ?, ?, ?)", rows)
            [count] = db.execute("SELECT count(*) FROM saved_papers WHERE owner = ?", (owner,)).fetchone()
            if count > MAX_PAPERS:
                raise UsageError(f"A collection holds at most {MAX_PAPERS} papers.", "Remove some papers first.")

    def papers(self, owner: str, library: Library) -> list[SavedPaper]:
        """Return an owner's papers, in the order in which they were saved."""
        with self._file.open() as db:
            kept = _kept(db, owner)
            known = library.papers(list(kept))
            moved = _moved(kept, known, library)
            for old, new in moved.items():
                _rename(db, owner, old, new)
            if moved:
                kept = _kept(db, owner)
                known = library.papers(list(kept))
        return [SavedPaper(known.get(i, paper), i not in known) for i, paper in kept.items()]

    def remove(self, owner: str, ids: Sequence[str] | None = None) -> Removed:
        """Take papers out, all of them for None; return what put_back() takes."""
        with self._file.open() as db:
            rows = db.execute("SELECT * FROM saved_papers WHERE owner = ? ORDER BY saved, rowid", (owner,)).fetchall()
            rows = [row for row in rows if ids is None or row[1] in ids]
            db.executemany("DELETE FROM saved_papers WHERE owner = ? AND paper = ?", [row[:2] for row in rows])
        return Removed(papers=tuple(rows))

    def put_back(self, owner: str, removed: Removed) -> None:
        """Save again what remove() or remove_column() took out, in its old place."""
        tables = {"saved_papers": removed.papers, "saved_columns": removed.columns, "saved_cells": removed.cells}
        with self._file.open() as db:
            for table, rows in tables.items():
                for row in rows:
                    marks = ", ".join("?" * len(row))
                    db.execute(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", (owner, *row[1:]))  # noqa: S608

    # -- columns --------------------------------------------------------------------------------------------------------

    def columns(self, owner: str) -> list[str]:
        """Return the questions that an owner asks of each paper, the oldest first."""
        with self._file.open() as db:
            rows = db.execute("SELECT question FROM saved_columns WHERE owner = ? ORDER BY added, rowid", (owner,)).fetchall()
        return [question for (question,) in rows]

    def add_column(self, owner: str, question: str) -> str:
        """Add a question; return it as it is kept, on one line. One that is there stays as it is.

        Raises UsageError for an empty or too long one, and for more than MAX_COLUMNS.
        """
        question = " ".join(clean(question).split())
        if not question:
            raise UsageError("There is no question.", "Write what to ask of each paper, such as: Dataset size?")
        if len(question) > MAX_COLUMN_CHARS:
            raise UsageError(f"The question has more than {MAX_COLUMN_CHARS} characters.", "Ask a shorter one.")
        with self._file.open() as db:
            db.execute("INSERT OR IGNORE INTO saved_columns VALUES (?, ?, ?)", (owner, question, time.time()))
            [count] = db.execute("SELECT count(*) FROM saved_columns WHERE owner = ?", (owner,)).fetchone()
            if count > MAX_COLUMNS:
                raise UsageError(f"A table holds at most {MAX_COLUMNS} columns of your own.", "Remove one first.")
        return question

    def remove_column(self, owner: str, question: str) -> Removed:
        """Take a question out with its answers; return what put_back() takes."""
        chosen = (owner, question)
        with self._file.open() as db:
            columns = db.execute("SELECT * FROM saved_columns WHERE owner = ? AND question = ?", chosen).fetchall()
            cells = db.execute("SELECT * FROM saved_cells WHERE owner = ? AND question = ?", chosen).fetchall()
            db.execute("DELETE FROM saved_columns WHERE owner = ? AND question = ?", chosen)
        return Removed(columns=tuple(columns), cells=tuple(cells))

    # -- cells ----------------------------------------------------------------------------------------------------------

    def keep_cell(self, owner: str, question: str, paper_id: str, answer: Answer) -> None:
        """Keep the answer to a column's question about one paper. It is dropped when the column was removed meanwhile."""
        record = json.dumps(dump(answer), ensure_ascii=False)
        sql = (
            "INSERT OR REPLACE INTO saved_cells SELECT ?1, ?2, ?3, ?4"
            " WHERE EXISTS (SELECT 1 FROM saved_columns WHERE owner = ?1 AND question = ?2)"
        )
        with self._file.open() as db:
            db.execute(sql, (owner, question, paper_id, record))

    def cells(self, owner: str) -> Cells:
        """Return the answers in the columns, also about removed papers. Raises LibraryError for one that cannot be read."""
        with self._file.open() as db:
            rows = db.execute("SELECT question, paper, record FROM saved_cells WHERE owner = ?", (owner,)).fetchall()
        return {(question, paper): load(json.loads(record)) for question, paper, record in rows}


def _kept(db: sqlite3.Connection, owner: str) -> dict[str, Paper]:
    """Return what was kept of each paper, by the id it is saved under."""
    rows = db.execute("SELECT paper, record FROM saved_papers WHERE owner = ? ORDER BY saved, rowid", (owner,))
    return {paper_id: merge.load(record) for paper_id, record in rows}


def _moved(kept: dict[str, Paper], known: dict[str, Paper], library: Library) -> dict[str, str]:
    """Return the present id of each paper that the library has under another id, by the id it is saved under."""
    found = {paper_id: library.same(paper) for paper_id, paper in kept.items() if paper_id not in known}
    return {old: new for old, new in found.items() if new is not None}


def _rename(db: sqlite3.Connection, owner: str, old: str, new: str) -> None:
    """Save a paper, and what was asked of it, under its new id. What is saved under that id already stays."""
    for table in ("saved_papers", "saved_cells"):
        db.execute(f"UPDATE OR IGNORE {table} SET paper = ? WHERE owner = ? AND paper = ?", (new, owner, old))  # noqa: S608
        db.execute(f"DELETE FROM {table} WHERE owner = ? AND paper = ?", (owner, old))  # noqa: S608
