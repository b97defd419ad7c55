"""The lexical index: BM25 over titles and abstracts, by Tantivy, and the papers themselves. Only this module imports tantivy.

Tantivy never changes a file of documents once it is written, so the next generation links those of the one before and adds
its own. The papers are kept in it for the day on which the library is lost (rag.index.recovery).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import tantivy
from numpy.typing import NDArray

from rag.errors import LibraryError
from rag.index import writable
from rag.storage import merge
from rag.text.orthography import other_forms
from rag.text.words import WORD
from rag.types import Paper

_TITLE_BOOST = 0.5  # the abstract says most of it again
_WRITER_HEAP_BYTES = 64_000_000  # bytes
_CHANGED_IN_PLACE = (".json", ".lock")  # endings of Tantivy's files: all others are written once
_FIX = "Run: python -m rag.ingest --repair"
_READ_FOR_NEAR = 20  # papers that are read for a word near another
# Words that make a sentence a question and say nothing of its subject.
_ASKING = frozenset(
    "a about according all an and any are as at be been by can could did do does each for from give had has have how i if "
    "in into is it its list many me much of on or please say show tell than that the their them there these they this "
    "those to was we were what when where which who whose why will with would you your".split()
)

Matches = tuple[NDArray[np.int64], NDArray[np.float64]]  # rows, BM25
_NONE: Matches = (np.zeros(0, np.int64), np.zeros(0))


class Writer:
    """Puts papers into an index, and takes them out."""

    def __init__(self, writer: Any, schema: Any) -> None:
        self._writer = writer
        self._schema = schema

    def add(self, first: int, papers: Sequence[Paper]) -> None:
        """Put papers in, in the rows from `first` on, none of which must be there yet."""
        for row, paper in enumerate(papers, first):
            record = merge.dump(paper).encode("utf-8")
            document = tantivy.Document(row=row, title=paper.title, abstract=paper.abstract, record=record)
            with _explained():
                self._writer.add_document(document)

    def remove(self, rows: Sequence[int]) -> None:
        """Take out the papers in `rows`. BM25 goes on counting their words until Tantivy merges their files."""
        for row in rows:
            self._writer.delete_documents_by_term("row", row)


class LexicalIndex:
    """An open index of one document a paper."""

    def __init__(self, folder: Path) -> None:
        """Open the index in `folder`, creating it when the folder is empty. Raises LibraryError."""
        builder = tantivy.SchemaBuilder()
        builder.add_integer_field("row", fast=True, indexed=True)
        builder.add_text_field("title", tokenizer_name="en_stem")
        builder.add_text_field("abstract", tokenizer_name="en_stem")
        builder.add_bytes_field("record", stored=True)
        self._schema = builder.build()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            folder, self._copy = writable.of(folder)
            self._index = tantivy.Index(self._schema, path=str(folder))
        except (ValueError, OSError) as error:
            raise LibraryError(f"The lexical index cannot be opened ({error}).", _FIX) from error

    def count(self) -> int:
        return int(self._index.searcher().num_docs)

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """Give what puts papers in and takes them out; all of it is seen once the block has ended."""
        with _explained():
            writer = self._index.writer(_WRITER_HEAP_BYTES, 1)
        yield Writer(writer, self._schema)
        with _explained():
            writer.commit()
            writer.wait_merging_threads()
            self._index.reload()

    def papers(self) -> Iterator[Paper]:
        """Yield the papers as they were when they were put in, in no order. Raises LibraryError."""
        searcher = self._index.searcher()
        hits = searcher.search(tantivy.Query.all_query(), max(searcher.num_docs, 1), count=False).hits
        for _, address in hits:
            try:
                [record] = searcher.doc(address)["record"]
                yield merge.load(bytes(record).decode("utf-8"))
            except (ValueError, KeyError, TypeError) as error:
                raise LibraryError(f"The lexical index cannot be read ({error}).", _FIX) from error

    def search(self, question: str, n: int, among: NDArray[np.int64] | None = None) -> Matches:
        """Return the rows of up to `n` papers that share a word with `question`, best first, and their BM25.

        With `among`, only papers of those rows are considered.
        """
        words = [w for w in WORD.findall(question.lower()) if w not in _ASKING]
        words += [form for word in words for form in other_forms(word)]
        if not words or n == 0 or (among is not None and not len(among)):
            return _NONE
        fields = ["title", "abstract"]
        boosts = {"title": _TITLE_BOOST, "abstract": 1.0}
        query, _ = self._index.parse_query_lenient(" ".join(words), fields, boosts)
        if among is not None:
            rows = tantivy.Query.term_set_query(self._schema, "row", among.tolist())
            only = tantivy.Query.const_score_query(rows, 0.0)
            query = tantivy.Query.boolean_query([(tantivy.Occur.Must, only), (tantivy.Occur.Must, query)])
        searcher = self._index.searcher()
        hits = searcher.search(query, n, count=False).hits
        return self._rows(searcher, hits), np.array([score for score, _ in hits], np.float64)

    def mentions(self, term: str) -> bool:
        """Return whether any title or abstract has `term`, its parts next to each other, whatever the case or ending."""
        words = WORD.findall(term.lower())
        query, _ = self._index.parse_query_lenient(f'"{" ".join(words)}"', ["title", "abstract"])
        return not words or bool(self._index.searcher().search(query, 1, count=False).hits)

    def near(self, word: str) -> list[str]:
        """Return the words one edit away from `word` in titles and abstracts, as they are written there, in no order."""
        fields = ("title", "abstract")
        queries = [
            (tantivy.Occur.Should, tantivy.Query.fuzzy_term_query(self._schema, field, word.lower())) for field in fields
        ]
        searcher = self._index.searcher()
        found: set[str] = set()
        for _, address in searcher.search(tantivy.Query.boolean_query(queries), _READ_FOR_NEAR, count=False).hits:
            [record] = searcher.doc(address)["record"]
            paper = merge.load(bytes(record).decode("utf-8"))
            found.update(w for w in WORD.findall(f"{paper.title} {paper.abstract}") if abs(len(w) - len(word)) <= 1)
        return sorted(found)

    def having(self, phrase: str, *, together: bool = True) -> NDArray[np.int64]:
        """Return the rows of all papers with `phrase` in title or abstract, whatever the case or ending, in no order.

        Its words must stand next to each other, or, with `together` false, all be somewhere; small words then do not count.
        """
        words = WORD.findall(phrase.lower())
        if not words:
            return _NONE[0]
        apart = " ".join(f"+{w}" for w in words if w not in _ASKING) or " ".join(f"+{w}" for w in words)
        query, _ = self._index.parse_query_lenient(f'"{" ".join(words)}"' if together else apart, ["title", "abstract"])
        searcher = self._index.searcher()
        return self._rows(searcher, searcher.search(query, max(searcher.num_docs, 1), count=False).hits)

    def _rows(self, searcher: tantivy.Searcher, hits: Sequence[Any]) -> NDArray[np.int64]:
        return np.array(searcher.fast_field_values("row", [address for _, address in hits]), np.int64)


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what Tantivy raises where the disk takes no more into LibraryError."""
    try:
        yield
    except (ValueError, OSError) as error:
        raise LibraryError(f"The lexical index cannot be written ({error}).", "Check the space on the disk.") from error


def link(source: Path, target: Path) -> None:
    """Make in `target` an index of what that in `source` holds, with hard links where the file system has them."""
    target.mkdir(parents=True)
    for file in source.iterdir():
        if file.suffix == ".lock":
            continue
        if file.suffix not in _CHANGED_IN_PLACE:
            with suppress(OSError):
                os.link(file, target / file.name)
                continue
        shutil.copy2(file, target / file.name)
