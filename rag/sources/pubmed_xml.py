"""PubMed's XML: articles, and chapters of books, in a PubmedArticleSet or a MedlineCitationSet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from rag.sources import xml_records
from rag.sources.medline import untranslated
from rag.sources.record import Record, paper
from rag.sources.xml_records import text_of
from rag.text import dates
from rag.types import BadRecord, Paper

NAME = "PubMed XML"
_ARTICLES, _CITATIONS = "PubmedArticle|PubmedBookArticle", "MedlineCitation"
_ROOTS = re.compile(r"<(?:PubmedArticleSet|PubmedArticle|PubmedBookArticle|MedlineCitationSet|MedlineCitation)[\s>]")
_ARTICLE = re.compile(rf"<(?:{_ARTICLES})[\s>]")
_UNNAMED_SECTIONS = ("", "UNLABELLED", "UNLABELED")


def recognises(text: str) -> bool:
    """Whether `text` is XML with elements of PubMed."""
    return _ROOTS.search(xml_records.head(text)) is not None


def parse(text: str) -> Iterator[Paper | BadRecord]:
    """Yield the papers in order; a record that cannot be read is a BadRecord at its first line."""
    names = _ARTICLES if _ARTICLE.search(text) else _CITATIONS
    for line, record in xml_records.records(text, names):
        yield record if isinstance(record, BadRecord) else _paper(record, line)


def _paper(record: Element, line: int) -> Paper | BadRecord:
    document = record.find("BookDocument")
    citation = record if record.tag == "MedlineCitation" else record.find("MedlineCitation")
    article = document if document is not None else citation.find("Article") if citation is not None else None
    numbers = [*record.findall("PubmedData/ArticleIdList/ArticleId"), *record.findall("BookDocument/ArticleIdList/ArticleId")]
    locations = article.findall("ELocationID") if article is not None else []
    dois = [n for n in numbers if n.get("IdType") == "doi"] + [n for n in locations if n.get("EIdType") == "doi"]
    return paper(
        Record(
            title=_title(article),
            abstract=_abstract(article),
            authors=_authors(article),
            published=_published(article),
            ids=tuple(text_of(doi) for doi in dois),
            pmid=text_of(document if document is not None else citation, "PMID"),
        ),
        line,
    )


def _title(article: Element | None) -> str:
    written = (text_of(article, path) for path in ("ArticleTitle", "VernacularTitle", "Book/BookTitle"))
    return next((title for raw in written if (title := untranslated(raw))), "")


def _abstract(article: Element | None) -> str:
    """Return the sections of an abstract, each after its label: "METHODS: We time boats."."""
    parts = article.findall("Abstract/AbstractText") if article is not None else []
    sections = [(part.get("Label", "").strip().rstrip(":"), text_of(part)) for part in parts]
    return "\n".join(text if label in _UNNAMED_SECTIONS else f"{label}: {text}" for label, text in sections if text)


def _authors(article: Element | None) -> tuple[str, ...]:
    lists = article.findall("AuthorList") if article is not None else []
    people = [person for names in lists if names.get("Type") != "editors" for person in names.findall("Author")]
    return tuple(_name(person) for person in people)


def _name(person: Element) -> str:
    given = text_of(person, "ForeName") or text_of(person, "FirstName") or text_of(person, "Initials")
    parts = (text_of(person, "LastName"), given, text_of(person, "Suffix"))
    return text_of(person, "CollectiveName") or ", ".join(part for part in parts if part)


def _published(article: Element | None) -> str:
    """Return the day of publication online, else that of the journal's issue or of the book."""
    paths = ("ArticleDate", "Journal/JournalIssue/PubDate", "ContributionDate", "Book/PubDate")
    written = (_date(article.find(path)) for path in paths) if article is not None else ()
    return next((value for value in written if dates.read(value)), "")


def _date(element: Element | None) -> str:
    parts = (text_of(element, name) for name in ("Year", "Month", "Day"))
    return " ".join(part for part in parts if part) or text_of(element, "MedlineDate")
