"""Answers of OAI-PMH: arXiv's two kinds of metadata, Dublin Core, deleted records and errors."""

from __future__ import annotations

import pytest

from rag.sources import arxiv_oai, formats
from rag.types import BadRecord, Paper

ARXIV = """<arXiv xmlns="http://arxiv.org/OAI/arXiv/"><id>2405.00001</id><created>2024-05-01</created><updated>2024-06-01</updated>
<authors><author><keyname>Alder</keyname><forenames>Ann</forenames><suffix>Jr</suffix></author>
<author><keyname>{\\O}rsted</keyname><forenames>S.</forenames><affiliation>Harbour Lab</affiliation></author></authors>
<title>Kites of $n$
  lines</title><categories>cs.LG</categories><doi>10.9999/KITE</doi><abstract>  We fly kites
over a harbour. </abstract></arXiv>"""
RAW = """<arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>math/0309136</id><submitter>Bo Birch</submitter>
<version version="v1"><date>Mon, 2 Apr 2007 19:18:42 GMT</date><size>9kb</size></version>
<version version="v2"><date>Tue, 24 Jul 2007 20:10:27 GMT</date></version>
<title>Boats</title>
<authors>Ann Alder, Bo N\\"{o}rd (Harbour Lab) and C. Elm</authors><abstract>They float.</abstract></arXivRaw>"""
CORE = """<oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:title>Lamps</dc:title><dc:creator>Alder, Ann</dc:creator><dc:creator>Birch, Bo</dc:creator><dc:subject>Optics</dc:subject>
<dc:description>Comment: 12 pages</dc:description><dc:description>Lamps shine.</dc:description>
<dc:date>2024-06-01</dc:date><dc:date>2024-05-02</dc:date><dc:type>text</dc:type>
<dc:identifier>http://arxiv.org/abs/2405.00002</dc:identifier><dc:identifier>doi:10.9999/lamp</dc:identifier></oai_dc:dc>"""
DELETED = '<record><header status="deleted"><identifier>oai:arXiv.org:2405.9</identifier></header></record>'


def answer(*metadata: str, more: str = "") -> str:
    records = "\n".join(
        f"<record>\n<header><identifier>oai:arXiv.org:1</identifier></header>\n<metadata>{one}</metadata>\n</record>"
        for one in metadata
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">\n'
        f"<responseDate>2024-07-01T00:00:00Z</responseDate>\n<ListRecords>\n{records}{more}\n"
        "<resumptionToken>1|2</resumptionToken></ListRecords></OAI-PMH>"
    )


def only(metadata: str) -> Paper:
    text = answer(metadata)
    assert formats.find(text, "the answer") is arxiv_oai
    [paper] = arxiv_oai.parse(text)
    assert isinstance(paper, Paper)
    return paper


def test_the_metadata_of_arxiv_give_all_fields() -> None:
    paper = only(ARXIV)
    assert (paper.title, paper.abstract) == ("Kites of $n$ lines", "We fly kites over a harbour.")
    assert (paper.authors, paper.published) == (("Ann Alder Jr", "S. Ørsted"), "2024-05-01")
    assert (paper.arxiv, paper.doi) == ("2405.00001", "10.9999/kite")


def test_the_raw_metadata_have_all_authors_in_one_text_and_a_date_for_each_version() -> None:
    paper = only(RAW)
    assert (paper.title, paper.abstract, paper.arxiv) == ("Boats", "They float.", "math/0309136")
    assert (paper.authors, paper.published) == (("Ann Alder", "Bo Nörd", "C. Elm"), "2007-04-02")


def test_dublin_core_has_the_first_date_and_no_comment_for_an_abstract() -> None:
    paper = only(CORE)
    assert (paper.title, paper.abstract, paper.authors) == ("Lamps", "Lamps shine.", ("Ann Alder", "Bo Birch"))
    assert (paper.published, paper.arxiv, paper.doi) == ("2024-05-02", "2405.00002", "10.9999/lamp")
    assert paper.url == "http://arxiv.org/abs/2405.00002"


def test_a_deleted_record_and_a_broken_one_are_bad_and_cost_only_themselves() -> None:
    found = list(arxiv_oai.parse(answer(ARXIV, "<arXiv><title>Torn</arXiv>", RAW, more=DELETED)))
    assert [paper.title for paper in found if isinstance(paper, Paper)] == ["Kites of $n$ lines", "Boats"]
    reasons = [bad.reason for bad in found if isinstance(bad, BadRecord)]
    assert reasons == ["not valid XML", "a deleted record, oai:arXiv.org:2405.9"]


@pytest.mark.parametrize(
    "text", ["<OAI-PMH><error code='noRecordsMatch'/></OAI-PMH>", "<feed>arXiv</feed>", "<arXiv >", "arXiv"]
)
def test_other_texts_are_not(text: str) -> None:
    assert not arxiv_oai.recognises(text)
