"""The names that exports give to the fields of a paper, as columns of tables and as keys of JSON: one list for both.

Names are compared without case, accents, spaces and punctuation: "Abstract Note", "abstract_note" and "abstractNote" are one.
"""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from rag.sources import record
from rag.text import dates

Value = TypeVar("Value")

# Of two names of one field that a file has, the earlier one here is read first.
_NAMES = {
    "title": """
        title articletitle documenttitle papertitle itemtitle primarytitle titles fulltitle worktitle publicationname ti
        titel titre titulo titolo tytuł název название заголовок başlık
        标题 题名 篇名 文章标题 論文題名 標題 題名 篇名 タイトル 論題 論文名 제목 논문제목 논문명 title题名
    """,
    "abstract": """
        abstract abstractnote abstracttext abstracts descriptionabstract abstractinvertedindex ab
        notesabstract paperabstract summary descriptions description text
        zusammenfassung kurzfassung resume resumen resumo riassunto sommario samenvatting streszczenie abstrakt аннотация
        реферат ozet 摘要 文摘 抄録 要旨 要約 概要 アブストラクト 초록 요약 summary摘要
    """,
    "authors": """
        authorsparsed authorfullnames authorships authorshipsauthordisplayname authorsfullnames authors author authorlist
        authornames authorname authorstring creators creator firstauthors primaryauthors contributorauthor af au contributors
        autor autoren verfasser auteur auteurs autores autore autori autorzy автор авторы yazar yazarlar
        作者 责任者 著者 著者名 저자 저자명 author作者
    """,
    "author_count": "authorcount authorscount numberofauthors numauthors nauthors",
    "published": """
        publicationdate publisheddate datepublished dateissued published publishedat publishedonline publishedprint publishtime
        publicationdatetime firstpublicationdate issued date pubdate coverdate submitteddate submitted dp dateofpublication
        created updatedate
        datum erscheinungsdatum datedepublication fechadepublicacion fecha datadepublicacao data datadipubblicazione дата
        tarih 发表时间 出版日期 发表日期 日期 発行日 出版日 発行日付 발행일 pubtime发表时间
    """,
    "year": """
        year publicationyear pubyear publishedyear yearpublished yearofpublication yearofpub py
        jahr erscheinungsjahr annee anneedepublication ano anodepublicacion anodepublicacao anno jaar rok год yıl
        年份 年 出版年 发表年份 年代 発行年 出版年度 연도 발행연도 createdate
    """,
    "month": "month publicationmonth pubmonth monat mois mes 月",
    "day": "day publicationday pubday tag jour dia 日",
    "organisation": "organisation organization organisationname organizationname institution",
    "url": """
        url link articleurl weburl landingpageurl entryid fulltexturl externalurl documenturl paperurl absurl pdflink pdfurl
        urls links sourceurl scopuslink plink identifieruri
    """,
    "ids": """
        doi digitalobjectidentifier articledoi itemdoi doilink dois identifierdoi externalids ids articleids arxivid arxiv
        eprint archiveid archivelocation arxivnumber di id paperid identifier identifiers extra note
    """,
    "pmid": "pmid pubmedid pubmed medlinepmid pubmedpmid pm pmids",
    "number": "_id",
}
_AROUND_NAME = re.compile(r"\A(?:dc|dcterms)[.:]|\[[^\[\]]*\]\Z", re.IGNORECASE)  # DSpace: "dc.title[en]"
_IN_BRACKETS_ID = re.compile(r"\s*\(\d{5,}\)")  # Scopus: "Alder, Ann (57211234567)"
_LISTS_OF_NAMES = re.compile(r"[\[(].*[\])]", re.DOTALL)
_MAX_LIST_CHARS = 100_000
_EXPORTED = {"paper_id", "sources", "author_count", "organisation"}  # names that only exports of this program have together
_PAPER_ID = re.compile("[0-9a-f]{16}")


def normal(name: str) -> str:
    """Return `name` without case, accents, spaces and punctuation. A name such as "_id" keeps its leading underscore."""
    folded = unicodedata.normalize("NFKD", _AROUND_NAME.sub("", name.strip()).casefold())
    letters = "".join(c for c in folded if c.isalnum())
    return f"_{letters}" if name.startswith("_") else letters


_FIELDS = {
    normal(name): (field, place) for field, names in _NAMES.items() for place, name in reversed(list(enumerate(names.split())))
}


def field(name: str) -> str | None:
    """Return the field that a column or key of this name holds; None for another one."""
    found = _FIELDS.get(normal(name)) if len(name) <= 60 else None
    return found[0] if found else None


def exported_id(record: Mapping[str, object]) -> str | None:
    """Return the id that a paper has in the library from which this program exported it; None for records of others."""
    written = record.get("paper_id") if record.keys() >= _EXPORTED else None
    return written if isinstance(written, str) and _PAPER_ID.fullmatch(written) else None


def grouped(named: Iterable[tuple[str, Value]]) -> dict[str, list[Value]]:
    """Return the values of each field, those of the preferred names first."""
    ranked = [(*found, value) for name, value in named if len(name) <= 60 and (found := _FIELDS.get(normal(name)))]
    groups: dict[str, list[Value]] = {}
    for name, _, value in sorted(ranked, key=lambda entry: entry[1]):
        groups.setdefault(name, []).append(value)
    return groups


def published(written: Sequence[str], years: Sequence[str], months: Sequence[str] = (), days: Sequence[str] = ()) -> str:
    """Return the first text of a date that can be read. "MAR 15" is completed with the year."""
    year, month, day = (next((text for text in texts if text.strip()), "") for texts in (years, months, days))
    completed = [f"{text} {year}" for text in written if year and re.search(r"[^\W\d_]", text)]
    candidates = [*written, *completed, f"{year} {month} {day}", *years]
    return next((text for text in candidates if dates.read(text)), "")


def names(written: str) -> tuple[str, ...]:
    """Return the authors that one text names, in the forms of exports: "Alder, Ann (5721…); …", "A|B", "['A', 'B']"."""
    written = written.strip()
    if _LISTS_OF_NAMES.fullmatch(written) and len(written) <= _MAX_LIST_CHARS:
        try:
            listed = ast.literal_eval(written)
        except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
            listed = None
        if isinstance(listed, list | tuple):
            return tuple(name for name in listed if isinstance(name, str))
    return record.authors(_IN_BRACKETS_ID.sub("", written).replace("|", ";").replace("\n", "; "))
