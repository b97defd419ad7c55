"""XML of PubMed, EndNote and arXiv: fields with tags in them, broken records, and files that are none of theirs."""

from __future__ import annotations

import time
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.sources import arxiv_atom, endnote_xml, pubmed_xml
from rag.types import BadRecord, Paper

FORMATS = [pubmed_xml, endnote_xml, arxiv_atom]


def article(title: str = "Boats", inner: str = "", after: str = "") -> str:
    return (
        f"<PubmedArticle>\n<MedlineCitation><PMID Version='1'>99999999</PMID><Article>{inner}"
        f"<ArticleTitle>{title}</ArticleTitle></Article></MedlineCitation>{after}</PubmedArticle>\n"
    )


def pubmed(*articles: str) -> str:
    return f"<?xml version='1.0' ?>\n<PubmedArticleSet>\n{''.join(articles)}</PubmedArticleSet>\n"


def endnote(*records: str) -> str:
    inner = "".join(f"<record><ref-type>17</ref-type>{record}</record>" for record in records)
    return f'<?xml version="1.0" encoding="UTF-8" ?><xml><records>{inner}</records></xml>'


def feed(*entries: str) -> str:
    inner = "".join(f"<entry>\n{entry}\n</entry>\n" for entry in entries)
    return (
        '<?xml version="1.0"?>\n<feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom">\n'
        f"<title>a query</title>\n{inner}</feed>\n"
    )


def papers(form: ModuleType, text: str) -> list[Paper]:
    assert [other for other in FORMATS if other.recognises(text)] == [form]
    found = list(form.parse(text))
    assert all(isinstance(one, Paper) for one in found), found
    return [one for one in found if isinstance(one, Paper)]


def only(form: ModuleType, text: str) -> Paper:
    [paper] = papers(form, text)
    return paper


# -- PubMed -------------------------------------------------------------------------------------------------------------


def test_an_article_of_pubmed_gives_all_fields_of_a_paper() -> None:
    inner = (
        "<Abstract><AbstractText Label='BACKGROUND'>Boats drift.</AbstractText><AbstractText Label='METHODS'>We time H"
        "<sub>2</sub>O.</AbstractText><AbstractText Label='UNLABELLED'>All float.</AbstractText>"
        "<CopyrightInformation>Ours.</CopyrightInformation></Abstract><AuthorList><Author><LastName>Alder</LastName>"
        "<ForeName>Ann</ForeName><Initials>A</Initials><Suffix>Jr</Suffix></Author><Author><CollectiveName>Boat Group"
        "</CollectiveName></Author></AuthorList>"
    )
    after = (
        "<PubmedData><ArticleIdList><ArticleId IdType='pii'>7</ArticleId><ArticleId IdType='doi'>10.9999/BOAT.1</ArticleId>"
        "</ArticleIdList><ReferenceList><Reference><ArticleIdList><ArticleId IdType='doi'>10.9999/other</ArticleId>"
        "</ArticleIdList></Reference></ReferenceList></PubmedData>"
    )
    paper = only(pubmed_xml, pubmed(article("<i>Boats</i> &amp; canals.", inner, after)))
    assert paper.title == "Boats & canals."
    assert paper.abstract == "BACKGROUND: Boats drift. METHODS: We time H2O. All float."
    assert paper.authors == ("Ann Alder Jr", "Boat Group")
    assert (paper.doi, paper.pmid) == ("10.9999/boat.1", "99999999")


@pytest.mark.parametrize(
    ("inner", "published"),
    [
        ("<Journal><JournalIssue><PubDate><Year>2019</Year><Month>Mar</Month></PubDate></JournalIssue></Journal>", "2019-03"),
        (
            "<Journal><JournalIssue><PubDate><MedlineDate>2019 Jan-Feb</MedlineDate></PubDate></JournalIssue></Journal>",
            "2019-01",
        ),
        (
            "<Journal><JournalIssue><PubDate><Year>2019</Year></PubDate></JournalIssue></Journal>"
            "<ArticleDate><Year>2018</Year><Month>12</Month><Day>05</Day></ArticleDate>",
            "2018-12-05",
        ),
        ("", None),
    ],
)
def test_the_date_is_that_of_the_article_or_of_its_issue(inner: str, published: str | None) -> None:
    assert only(pubmed_xml, pubmed(article(inner=inner))).published == published


def test_a_translated_title_loses_its_brackets_and_one_that_is_missing_gives_way_to_the_original() -> None:
    assert only(pubmed_xml, pubmed(article("[Boats on a canal]."))).title == "Boats on a canal"
    missing = article("[Not Available].", "<VernacularTitle>Boote.</VernacularTitle>")
    assert only(pubmed_xml, pubmed(missing)).title == "Boote."


def test_a_doi_is_read_from_the_location_of_an_article() -> None:
    inner = "<ELocationID EIdType='pii'>7</ELocationID><ELocationID EIdType='doi'>10.9999/boat.2</ELocationID>"
    assert only(pubmed_xml, pubmed(article(inner=inner))).doi == "10.9999/boat.2"


def test_a_chapter_of_a_book_and_a_bare_citation_are_read() -> None:
    book = (
        "<PubmedBookArticle><BookDocument><PMID>8</PMID><Book><BookTitle>All boats</BookTitle><PubDate><Year>2001</Year>"
        "</PubDate><AuthorList Type='editors'><Author><LastName>Elm</LastName></Author></AuthorList></Book>"
        "<ArticleTitle>Rafts</ArticleTitle><AuthorList Type='authors'><Author><LastName>Oak</LastName></Author></AuthorList>"
        "</BookDocument></PubmedBookArticle>"
    )
    paper = only(pubmed_xml, pubmed(book))
    assert (paper.title, paper.authors, paper.published, paper.pmid) == ("Rafts", ("Oak",), "2001", "8")
    bare = "<MedlineCitationSet><MedlineCitation><Article><ArticleTitle>Boats</ArticleTitle></Article></MedlineCitation>"
    assert only(pubmed_xml, bare + "</MedlineCitationSet>").title == "Boats"


# -- EndNote ------------------------------------------------------------------------------------------------------------


def test_a_record_of_endnote_gives_all_fields_of_a_paper() -> None:
    record = (
        '<contributors><authors><author><style face="normal">Alder, Ann</style></author><author>Birch, Bo</author></authors>'
        "<secondary-authors><author>Elm, E.</author></secondary-authors></contributors><titles><title>"
        '<style face="normal">Kites of </style><style face="italic">paper</style></title><secondary-title>J Kites'
        '</secondary-title></titles><dates><year><style face="normal">2019</style></year><pub-dates><date>Mar 5</date>'
        "</pub-dates></dates><abstract><style>We fly &lt; 9 kites.</style></abstract><urls><related-urls><url><style>"
        "https://kites.example/1</style></url></related-urls></urls><electronic-resource-num><style>doi: 10.9999/KITE.1"
        "</style></electronic-resource-num><accession-num>99999999</accession-num>"
        "<remote-database-provider>NLM</remote-database-provider>"
    )
    paper = only(endnote_xml, endnote(record))
    assert (paper.title, paper.abstract, paper.authors) == ("Kites of paper", "We fly < 9 kites.", ("Ann Alder", "Bo Birch"))
    assert (paper.published, paper.doi, paper.pmid) == ("2019-03-05", "10.9999/kite.1", "99999999")
    assert paper.url == "https://kites.example/1"


def test_editors_are_read_where_there_are_no_authors_and_other_numbers_are_not_of_pubmed() -> None:
    record = (
        "<titles><title>Kites</title></titles><contributors><secondary-authors><author>Elm, E.</author></secondary-authors>"
        "</contributors><accession-num>99999999</accession-num><dates><pub-dates><date>soon</date></pub-dates></dates>"
    )
    paper = only(endnote_xml, endnote(record))
    assert (paper.authors, paper.pmid, paper.published) == (("E. Elm",), None, None)


# -- arXiv --------------------------------------------------------------------------------------------------------------

ENTRY = """<id>http://arxiv.org/abs/1905.01234v2</id><updated>2020-01-01T00:00:00Z</updated>
<published>2019-05-03T00:00:00Z</published><title>Lamps
  at sea</title><summary>  We light
lamps.</summary><author><name>Ann Alder</name><arxiv:affiliation>Here</arxiv:affiliation></author>
<author><name>Bo Birch</name></author><arxiv:doi>10.9999/LAMP.1</arxiv:doi>
<link title="pdf" href="http://arxiv.org/pdf/1905.01234v2"/>"""


def test_an_entry_of_arxiv_gives_all_fields_of_a_paper() -> None:
    paper = only(arxiv_atom, feed(ENTRY))
    assert (paper.title, paper.abstract, paper.authors) == ("Lamps at sea", "We light lamps.", ("Ann Alder", "Bo Birch"))
    assert (paper.published, paper.arxiv, paper.doi) == ("2019-05-03", "1905.01234v2", "10.9999/lamp.1")
    assert paper.url == "http://arxiv.org/abs/1905.01234v2"


def test_an_announced_paper_loses_the_words_of_the_announcement() -> None:
    entry = (
        "<id>oai:arXiv.org:1905.01234v1</id><title>Lamps</title><summary>arXiv:1905.01234v1 Announce Type: new\nAbstract: We "
        'light.</summary><link href="https://arxiv.org/abs/1905.01234"/><dc:creator xmlns:dc="d">Ann Alder, Bo Birch'
        "</dc:creator>"
    )
    paper = only(arxiv_atom, feed(entry))
    assert (paper.abstract, paper.authors, paper.arxiv) == ("We light.", ("Ann Alder", "Bo Birch"), "1905.01234v1")
    assert paper.url == "https://arxiv.org/abs/1905.01234"


def test_an_error_that_arxiv_reports_is_no_paper() -> None:
    error = "<id>http://arxiv.org/api/errors#x</id><title>Error</title><summary>bad query</summary>"
    assert list(arxiv_atom.parse(feed(error))) == [BadRecord(4, "an error that arXiv reports: bad query")]


# -- broken files -------------------------------------------------------------------------------------------------------


def titles(form: ModuleType, text: str) -> list[str | tuple[int, str]]:
    return [one.title if isinstance(one, Paper) else (one.line, one.reason) for one in form.parse(text)]


def test_a_broken_record_is_bad_at_its_line_and_the_rest_is_read() -> None:
    text = pubmed(article("Boats"), article("<i>Kites"), article("Lamps"))
    assert titles(pubmed_xml, text) == ["Boats", (5, "not valid XML"), "Lamps"]


def test_a_record_that_breaks_off_costs_only_itself() -> None:
    whole = pubmed(article("Boats"), article("Kites"))
    assert titles(pubmed_xml, whole[: whole.index("Kites")]) == ["Boats", (5, "a record that breaks off")]
    cut = pubmed(article("Boats").removesuffix("</PubmedArticle>\n"), article("Kites"))
    assert titles(pubmed_xml, cut) == [(3, "a record without an end"), "Kites"]


def test_a_record_without_a_title_is_bad_at_its_line() -> None:
    assert titles(arxiv_atom, feed("<summary>We light.</summary>")) == [(4, "no title")]


def test_bare_signs_entities_of_html_and_forbidden_characters_do_not_break_a_record() -> None:
    text = pubmed(article("R&D of &eacute;lan &unknown; boats\x0b at 5 &lt; 6"))
    assert titles(pubmed_xml, text) == ["R&D of élan &unknown; boats at 5 < 6"]


def test_namespaces_with_prefixes_are_read() -> None:
    text = feed(ENTRY).replace("<feed xmlns=", "<a:feed xmlns:a=").replace("</feed>", "</a:feed>")
    for name in ("entry", "title", "summary", "id"):
        text = text.replace(f"<{name}>", f"<a:{name}>").replace(f"</{name}>", f"</a:{name}>")
    assert only(arxiv_atom, text).title == "Lamps at sea"


def test_a_file_that_defines_entities_is_refused() -> None:
    bomb = '<!DOCTYPE x [\n<!ENTITY a "boats"><!ENTITY b "&a;&a;">]>\n' + pubmed(article("&b;")).partition("\n")[2]
    assert titles(pubmed_xml, bomb) == [(2, "an XML file that defines entities")]


def test_a_document_type_without_entities_is_read() -> None:
    text = pubmed(article()).replace(
        "\n<Pub", '\n<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM" "https://d.example/p.dtd">\n<Pub', 1
    )
    assert only(pubmed_xml, text).title == "Boats"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html><body><record>Boats</record></body></html>",
        "<OAI-PMH><record><metadata>Boats</metadata></record></OAI-PMH>",
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>A blog</title></entry></feed>',
        '{"xml": "<PubmedArticleSet>"}',
        "PubMed writes <PubmedArticleSet> and <records><record><titles>.",
        "# XML\n\n<PubmedArticle>\n",
        "TY  - JOUR\nTI  - Boats\n",
    ],
)
def test_other_texts_are_not_recognised(text: str) -> None:
    assert not any(form.recognises(text) for form in FORMATS)


_TAGS = (
    "<PubmedArticle> </PubmedArticle> <record> </record> <entry> </entry> <title> </title> <feed> & <record/> <a:entry".split()
)


@given(st.lists(st.sampled_from([*_TAGS, article(), "\n", " "]) | st.text(max_size=9), max_size=20))
def test_any_text_is_read_without_a_crash_and_bad_lines_are_of_the_text(pieces: list[str]) -> None:
    text = "".join(pieces)
    for form in FORMATS:
        form.recognises(text)
        for found in form.parse(text):
            if isinstance(found, BadRecord):
                assert 1 <= found.line <= text.count("\n") + 1


@pytest.mark.parametrize("piece", ["<record ", "<record>", "</record ", "<a:", "&", "<record><b>", "<b>", "a"])
def test_a_large_text_takes_no_more_than_linear_time(piece: str) -> None:
    began = time.process_time()
    text = f"<xml><record>{piece * 100_000}</record>"
    endnote_xml.recognises(text)
    list(endnote_xml.parse(text))
    assert time.process_time() - began < 10
