"""The collection as files: CSV, a Markdown table, BibTeX, RIS and CSL-JSON."""

from __future__ import annotations

from collections.abc import Callable

from rag.assistant import Assistant
from rag.output import exports, references
from rag.output.csl import csl_json
from ui.collection.table import Table, texts

_UTF8_MARK = "\ufeff"  # tells Excel that a CSV file is UTF-8


def _csv(table: Table, assistant: Assistant) -> str:
    return _UTF8_MARK + exports.csv_table(texts(table, assistant))


def _markdown(table: Table, assistant: Assistant) -> str:
    return exports.markdown_table(list(texts(table, assistant)))


def _bibtex(table: Table, assistant: Assistant) -> str:
    return references.bibtex([one.paper for one in table.papers]) + "\n"


def _ris(table: Table, assistant: Assistant) -> str:
    return references.ris([one.paper for one in table.papers]) + "\n"


def _csl(table: Table, assistant: Assistant) -> str:
    return csl_json([one.paper for one in table.papers])


# The text of the button, the name of the file, and what writes it.
FORMATS: dict[str, tuple[str, Callable[[Table, Assistant], str]]] = {
    "CSV": ("collection.csv", _csv),
    "Markdown": ("collection.md", _markdown),
    "BibTeX": ("collection.bib", _bibtex),
    "RIS": ("collection.ris", _ris),
    "CSL-JSON": ("collection.json", _csl),
}
