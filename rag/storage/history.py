"""What was asked and answered, and what people thought of it: one SQLite file, RAG_HOME/history.sqlite.

    conversations   each with its owner: a token that a browser keeps; no owner sees what is another's
    answers         of a conversation, in order, whole (rag.storage.answers), with their words folded for searching
    ratings         what an owner thinks of an answer, with the answer: they outlive a retry, not their conversation

The file also holds the papers that an owner saved (rag.storage.saved). It is apart from the library, which can be made
again from its sources. Each call has a connection of its own, so that threads and processes may share a home
(rag.storage.history_file).
"""

from __future__ import annotations

import json
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rag.errors import Gone, LibraryError
from rag.storage.answers import dump, load
from rag.storage.history_file import HistoryFile
from rag.terminal import say
from rag.text.words import clean
from rag.types import Answer

_MAX_TITLE_CHARS = 60  # characters
_MAX_SEARCH_WORDS = 20  # looked for at once


@dataclass(frozen=True, slots=True)
class Conversation:
    """A line of the list: `title` is the name it was given, or its first question, cut; `changed` is its last answer's time."""

    id: str
    title: str
    changed: datetime
    answers: int


@dataclass(frozen=True, slots=True)
class Rated:
    """An answer as it was rated: `up` None is words without a thumb; `earlier` are the questions before it in its
    conversation, as they were understood."""

    answer: Answer
    up: bool | None
    words: str
    earlier: tuple[str, ...]


class History:
    """Open with History(home). Every method may raise LibraryError: for a conversation or an answer that is not there or is
    another owner's, and for a file that cannot be used."""

    def __init__(self, home: Path, tell: Callable[[str], None] = say) -> None:
        """Open home/history.sqlite, or begin it. A damaged file is set aside, which `tell` is told, and a new one begun."""
        self.path = home / "history.sqlite"
        self._file = HistoryFile(self.path, tell)

    # -- conversations --------------------------------------------------------------------------------------------------

    def new(self, owner: str) -> str:
        """Begin a conversation and return its id. It is listed once it has an answer."""
        conversation = uuid.uuid4().hex
        with self._file.open() as db:
            db.execute("INSERT INTO conversations VALUES (?, ?, NULL, ?)", (conversation, owner, time.time()))
        return conversation

    def conversations(self, owner: str, words: str = "") -> list[Conversation]:
        """Return an owner's conversations, the newest first: those that have every one of `words`, or parts of words, in
        their title, questions and answers."""
        wanted = list(dict.fromkeys(clean(words).casefold().split()))[:_MAX_SEARCH_WORDS]
        has = (
            " AND (instr(casefold(coalesce(title, '')), ?) OR EXISTS"
            " (SELECT 1 FROM answers WHERE conversation = conversations.id AND instr(words, ?)))"
        )
        sql = (
            "SELECT conversations.id, title, changed, count(*), (SELECT question FROM answers"  # noqa: S608 - fixed text
            " WHERE conversation = conversations.id AND place = 0)"
            " FROM conversations JOIN answers ON conversation = conversations.id"
            f" WHERE owner = ?{has * len(wanted)} GROUP BY conversations.id ORDER BY changed DESC, conversations.rowid DESC"
        )
        with self._file.open() as db:
            rows = db.execute(sql, (owner, *(word for word in wanted for _ in range(2)))).fetchall()
        return [Conversation(i, title or _cut(first), datetime.fromtimestamp(at, UTC), n) for i, title, at, n, first in rows]

    def rename(self, conversation: str, owner: str, title: str) -> None:
        """Give a conversation a name; an empty one gives it back its first question."""
        with self._file.open() as db:
            _check(db, conversation, owner)
            db.execute("UPDATE conversations SET title = ? WHERE id = ?", (_cut(clean(title)) or None, conversation))

    def delete(self, conversation: str, owner: str) -> None:
        """Forget a conversation, its answers and their ratings."""
        with self._file.open() as db:
            _check(db, conversation, owner)
            db.execute("DELETE FROM conversations WHERE id = ?", (conversation,))

    # -- answers --------------------------------------------------------------------------------------------------------

    def append(self, conversation: str, owner: str, answer: Answer) -> None:
        """Add an answer, with its question, to the end of a conversation."""
        record = json.dumps(dump(answer), ensure_ascii=False)
        question = clean(answer.question)
        words = f"{question}\n{clean(answer.answer)}".casefold()
        with self._file.open() as db:
            _check(db, conversation, owner)
            [place] = db.execute(
                "SELECT coalesce(max(place) + 1, 0) FROM answers WHERE conversation = ?", (conversation,)
            ).fetchone()
            values = (conversation, place, answer.id, question, words, record)
            db.execute("INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?)", values)
            db.execute("UPDATE conversations SET changed = ? WHERE id = ?", (time.time(), conversation))

    def read(self, conversation: str, owner: str) -> list[Answer]:
        """Return the answers of a conversation in order."""
        with self._file.open() as db:
            _check(db, conversation, owner)
            rows = db.execute("SELECT record FROM answers WHERE conversation = ? ORDER BY place", (conversation,)).fetchall()
        return [_answer(record) for (record,) in rows]

    def take_back(self, conversation: str, owner: str, answers: Iterable[str]) -> None:
        """Take answers out of a conversation, by their ids; their ratings stay, and so does what another page has added."""
        with self._file.open() as db:
            _check(db, conversation, owner)
            gone = [(conversation, answer) for answer in answers]
            db.executemany("DELETE FROM answers WHERE conversation = ? AND id = ?", gone)

    # -- ratings --------------------------------------------------------------------------------------------------------

    def rate(self, answer_id: str, owner: str, up: bool | None, words: str = "") -> None:
        """Keep what an owner thinks of one of their answers, in place of what they thought before; None and no words take
        it back."""
        words = clean(words).strip()
        with self._file.open() as db:
            row = db.execute(
                "SELECT conversation, place, record FROM answers JOIN conversations ON conversation = conversations.id"
                " WHERE answers.id = ? AND owner = ? ORDER BY changed DESC",
                (answer_id, owner),
            ).fetchone()
            kept = db.execute(
                "SELECT conversation, earlier, record FROM ratings WHERE answer = ? AND owner = ?", (answer_id, owner)
            ).fetchone()
            if row is not None:
                conversation, place, record = row
                kept = conversation, _earlier(db, conversation, place), record
            if kept is None:
                raise LibraryError("This answer is not in your conversations.", "Open the conversation again, or ask again.")
            db.execute("DELETE FROM ratings WHERE answer = ? AND owner = ?", (answer_id, owner))
            if up is not None or words:
                conversation, earlier, record = kept
                values = (answer_id, owner, conversation, up, words, earlier, record, time.time())
                db.execute("INSERT INTO ratings VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)

    def ratings(self, conversation: str, owner: str) -> dict[str, tuple[bool | None, str]]:
        """Return the thumb and the words that answers of a conversation were given, by the answers' ids."""
        with self._file.open() as db:
            _check(db, conversation, owner)
            rows = db.execute("SELECT answer, up, words FROM ratings WHERE conversation = ?", (conversation,)).fetchall()
        return {answer: (_thumb(up), words) for answer, up, words in rows}

    def feedback(self) -> Iterator[Rated]:
        """Yield what all owners rated, the oldest rating first."""
        with self._file.open() as db:
            rows = db.execute("SELECT record, up, words, earlier FROM ratings ORDER BY rated, answer").fetchall()
        for record, up, words, earlier in rows:
            yield Rated(_answer(record), _thumb(up), words, tuple(json.loads(earlier)))


def _check(db: sqlite3.Connection, conversation: str, owner: str) -> None:
    if not db.execute("SELECT 1 FROM conversations WHERE id = ? AND owner = ?", (conversation, owner)).fetchone():
        raise Gone("This conversation is not there.", "It may have been deleted; begin a new one.")


def _earlier(db: sqlite3.Connection, conversation: str, place: int) -> str:
    """Return the questions before an answer as a JSON list."""
    asked = "json_extract(record, '$.answer.standalone_question')"
    sql = f"SELECT {asked} FROM answers WHERE conversation = ? AND place < ? ORDER BY place"  # noqa: S608 - fixed text
    return json.dumps([question for (question,) in db.execute(sql, (conversation, place))])


def _answer(record: str) -> Answer:
    try:
        values = json.loads(record)
    except ValueError as error:
        raise LibraryError(f"A stored answer is no JSON ({error}).", "Restore the history from a copy.") from error
    return load(values)


def _thumb(up: int | None) -> bool | None:
    return None if up is None else bool(up)


def _cut(title: str) -> str:
    """Return a title as one line, cut at a word."""
    line = " ".join(title.split())
    return line if len(line) <= _MAX_TITLE_CHARS else line[:_MAX_TITLE_CHARS].rsplit(" ", 1)[0].rstrip(" ,;:.") + "…"
