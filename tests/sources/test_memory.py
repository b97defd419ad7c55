"""Reading holds the text and one record at a time, however many there are."""

from __future__ import annotations

import tracemalloc
from types import ModuleType

import pytest

from rag.sources import (
    arxiv_atom,
    arxiv_oai,
    endnote_tagged,
    endnote_xml,
    json_records,
    medline,
    pubmed_xml,
    ris,
    tables,
    text_lines,
    web_of_science,
)

RECORDS = 1_500
LONG = "A kite flies higher on a longer line. " * 20
FILES: dict[str, tuple[ModuleType, str, str, str]] = {  # what stands before, for each record, and after
    "JSON lines": (json_records, "", '{"title": "Kites NUMBER", "abstract": "ABSTRACT"}\n', ""),
    "a list of JSON": (json_records, "[", '{"title": "Kites NUMBER", "abstract": "ABSTRACT"},\n', "{}]"),
    "RIS": (ris, "", "TY  - JOUR\nTI  - Kites NUMBER\nAB  - ABSTRACT\nER  - \n", ""),
    "EndNote tagged": (endnote_tagged, "", "%0 Book\n%T Kites NUMBER\n%X ABSTRACT\n\n", ""),
    "nbib": (medline, "", "PMID- 1NUMBER\nTI  - Kites NUMBER\nAB  - ABSTRACT\n\n", ""),
    "Web of Science": (web_of_science, "FN x\nVR 1.0\n", "PT J\nTI Kites NUMBER\nAB ABSTRACT\nER\n", "EF"),
    "CSV": (tables, "Title,Abstract\n", "Kites NUMBER,ABSTRACT\n", ""),
    "EndNote XML": (
        endnote_xml,
        "<xml><records>",
        "<record><titles><title>Kites NUMBER</title></titles><abstract>ABSTRACT</abstract></record>",
        "</records></xml>",
    ),
    "PubMed XML": (
        pubmed_xml,
        "<MedlineCitationSet>",
        "<MedlineCitation><Article><ArticleTitle>Kites NUMBER</ArticleTitle><Abstract><AbstractText>ABSTRACT</AbstractText>"
        "</Abstract></Article></MedlineCitation>",
        "</MedlineCitationSet>",
    ),
    "arXiv OAI-PMH": (
        arxiv_oai,
        "<OAI-PMH>",
        "<record><metadata><arXiv ><title>Kites NUMBER</title><abstract>ABSTRACT</abstract></arXiv></metadata></record>",
        "</OAI-PMH>",
    ),
    "arXiv Atom": (
        arxiv_atom,
        '<feed xmlns="http://www.w3.org/2005/Atom"><id>http://arxiv.org/api</id>',
        "<entry><title>Kites NUMBER</title><summary>ABSTRACT</summary></entry>",
        "</feed>",
    ),
}


@pytest.mark.parametrize("kind", FILES)
def test_the_peak_is_far_below_the_length_of_the_text(kind: str) -> None:
    form, before, each, after = FILES[kind]
    each = each.replace("ABSTRACT", LONG)
    text = before + "".join(each.replace("NUMBER", str(n)) for n in range(RECORDS)) + after
    assert form.recognises(text)
    assert next(form.parse(text))  # what is loaded and kept once
    tracemalloc.start()
    try:
        count = sum(1 for _ in form.parse(text))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count >= RECORDS
    assert peak < len(text) / 4


@pytest.mark.parametrize("text", ["", "\n", "a", "a\n", "\na\n\nb"])
def test_the_lines_are_those_of_the_text(text: str) -> None:
    assert [line for _, line in text_lines.each(text)] == text.split("\n")
    assert all(text[:place].endswith("\n") for place, _ in text_lines.each(text) if place <= len(text))
