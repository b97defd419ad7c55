"""The pages of papers that each service on the network gives: what is asked of it, how, and how often."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from urllib.parse import quote

from rag.errors import SourceError
from rag.sources import arxiv_atom, json_records, pubmed_xml, service_requests
from rag.sources.service_requests import ServiceError
from rag.text import identifiers
from rag.types import BadRecord, Paper

Page = list[Paper | BadRecord]

ADDRESSES = {
    "arxiv": "https://export.arxiv.org/api/query",
    "crossref": "https://api.crossref.org/works",
    "openalex": "https://api.openalex.org/works",
    "pubmed": "https://eutils.ncbi.nlm.nih.gov/entrez/eutils/efetch.fcgi",
    "huggingface": "https://huggingface.co/api",
}
NO_ENTRY = (404, 410)  # the HTTP statuses of a service that does not have what is asked for
PAGE_PAPERS = 100
_USUAL_PAPERS = 2_000  # of a query that does not say how many
_MOST_ARXIV_PAPERS = 30_000  # that arXiv gives of one query
_MOST_OPENALEX_PAPERS = 2_000
_NEEDS_KEY = (401, 403)
_ARXIV_PAUSE_S = 3.0  # which arXiv asks for
_PUBMED_PAUSE_S = 1.0
_CROSSREF_PAUSE_S = 0.2  # between papers: Crossref takes 5 requests a second
_MAX = "&max="
_MAX_DIGITS = 9
_TOTAL = re.compile(r"<(?:\w{1,20}:)?totalResults[^<>]{0,200}>\s*(\d{1,12})\s*<")
_ONLY_NUMBERS = re.compile(r"[\d.,v\s]+")
_OLD_CLASS = re.compile(r"\.[a-z]{2}/")  # math.GT/0309136 and math/0309136 are one paper
_NEXT_DOI = re.compile(
    r"[\s,;]+(?=(?:doi:\s*|https?://(?:dx\.)?doi\.org/)?10\.\d{4,9}/)", re.IGNORECASE
)  # a DOI may have commas
_OPENALEX_VARIABLES = {"api_key": "OPENALEX_API_KEY", "mailto": "OPENALEX_MAILTO"}  # parameters, and where they stand
_DAILY = re.compile(r"daily(?:\?date=(?P<day>.*))?")


# -- arXiv --------------------------------------------------------------------------------------------------------------


def arxiv(asked: str) -> Iterator[Page]:
    """Yield papers by their numbers, or those that a query of arXiv finds."""
    parts = [part.strip() for part in asked.split(",") if part.strip()]
    numbers = [number for part in parts if (number := identifiers.arxiv(part))]
    if numbers and len(numbers) == len(parts):
        return _arxiv_numbers(numbers)
    if numbers or _ONLY_NUMBERS.fullmatch(asked):
        wrong = next((part for part in parts if not identifiers.arxiv(part)), asked)
        raise SourceError(f"{wrong} is no arXiv number.", "Write numbers as arxiv:2305.14314,2101.00001.")
    return _arxiv_query(asked)


def _arxiv_numbers(numbers: Sequence[str]) -> Iterator[Page]:
    for group in _groups(numbers, _ARXIV_PAUSE_S):
        text = _xml("arXiv", "arxiv", {"id_list": ",".join(group), "max_results": str(PAGE_PAPERS)})
        page = list(arxiv_atom.parse(text))
        there = {_without_class(paper.arxiv) for paper in page if isinstance(paper, Paper) and paper.arxiv}
        yield page + _missing("arXiv", (number for number in group if _without_class(number) not in there))


def _without_class(number: str) -> str:
    return _OLD_CLASS.sub("/", identifiers.unversioned(number.lower()))


def _arxiv_query(asked: str) -> Iterator[Page]:
    query, most = _limited(asked, "arXiv", _MOST_ARXIV_PAPERS)
    start, total = 0, most
    while start < min(most, total):
        if start:
            service_requests.sleep(_ARXIV_PAUSE_S)
        page, total = _arxiv_page(query, start, min(PAGE_PAPERS, most - start))
        yield page[: most - start]
        start += len(page)


def _arxiv_page(query: str, start: int, size: int) -> tuple[Page, int]:
    """Return one page, and how many papers there are. arXiv gives an empty page now and then where there are more papers."""
    parameters = {"search_query": query, "start": str(start), "max_results": str(size)}
    for wait in (*service_requests.WAITS_S, None):
        text = _xml("arXiv", "arxiv", parameters)
        page = list(arxiv_atom.parse(text))
        found = _TOTAL.search(text)
        total = int(found[1]) if found else start + len(page) + (len(page) == size)
        if page or total <= start:
            return page, total
        if wait is not None:
            service_requests.sleep(max(wait, _ARXIV_PAUSE_S))
    raise SourceError(f"arXiv stopped after {start:,} of {total:,} papers.", "Try again later, or ask for fewer papers.")


# -- DOI ----------------------------------------------------------------------------------------------------------------


def doi(asked: str) -> Iterator[Page]:
    """Yield papers by their DOIs, each in a page of its own."""
    parts = [part for part in _NEXT_DOI.split(asked.strip(" ,;")) if part]
    numbers = list(dict.fromkeys(number for part in parts if (number := identifiers.doi(part))))
    wrong = next((part for part in parts if not identifiers.doi(part)), None)
    if wrong or not numbers:
        raise SourceError(
            f"{wrong or asked} is no DOI.", "Write a DOI as doi:10.5555/12345678, and several with commas between them."
        )
    for place, number in enumerate(numbers):
        if place:
            service_requests.sleep(_CROSSREF_PAUSE_S)
        try:
            yield _of_doi(number)
        except ServiceError as error:
            if error.status not in NO_ENTRY:
                raise
            yield _missing("Crossref", [number])


def _of_doi(number: str) -> Page:
    """Return the paper as Crossref has it, with the abstract of OpenAlex when Crossref has none; else that of OpenAlex."""
    path = quote(number, safe="/")
    try:
        answer = _json("Crossref", f"{ADDRESSES['crossref']}/{path}")
        page = _page("Crossref", [answer.get("message")] if isinstance(answer, dict) else answer)
    except ServiceError as error:
        if error.status not in NO_ENTRY:
            raise
        page = []
    listed = next((paper for paper in page if isinstance(paper, Paper)), None)
    if listed is None or not listed.abstract:
        page = _from_openalex(path, listed)
    return page


def _from_openalex(path: str, listed: Paper | None) -> Page:
    """Return the paper of OpenAlex; its abstract alone for a paper that Crossref listed, which stands whatever happens."""
    try:
        page = _page("OpenAlex", [_json("OpenAlex", f"{ADDRESSES['openalex']}/https://doi.org/{path}", _openalex_account())])
    except ServiceError:
        if listed is None:
            raise
        return [listed]
    if listed is None:
        return page
    abstract = next((paper.abstract for paper in page if isinstance(paper, Paper)), "")
    return [replace(listed, abstract=abstract)]


# -- PubMed, Hugging Face, OpenAlex -------------------------------------------------------------------------------------


def pubmed(asked: str) -> Iterator[Page]:
    """Yield papers by their numbers."""
    parts = [part for part in re.split(r"[\s,]+", asked) if part]
    if wrong := next((part for part in parts if not identifiers.pmid(part)), None):
        raise SourceError(f"{wrong} is no PubMed number.", "Write numbers as pmid:31452104,31437182.")
    for group in _groups([number for part in parts if (number := identifiers.pmid(part))], _PUBMED_PAUSE_S):
        text = _xml("PubMed", "pubmed", {"db": "pubmed", "retmode": "xml", "id": ",".join(group)})
        page = list(pubmed_xml.parse(text))
        there = {paper.pmid for paper in page if isinstance(paper, Paper)}
        yield page + _missing("PubMed", (number for number in group if number not in there))


def huggingface(asked: str) -> Iterator[Page]:
    """Yield one paper by its arXiv number, or the Daily Papers: of a day, or the newest list."""
    base = ADDRESSES["huggingface"]
    if number := identifiers.arxiv(asked):
        yield _page("Hugging Face", [_json("Hugging Face", f"{base}/papers/{identifiers.unversioned(number)}")])
        return
    daily = _DAILY.fullmatch(asked)
    try:
        day = date.fromisoformat(daily["day"]).isoformat() if daily and daily["day"] is not None else None
    except ValueError:
        daily = None
    if daily is None:
        fix = "Write hf:daily, hf:daily?date=2024-05-31 or hf:2305.14314."
        raise SourceError(f"{asked} is neither a day of Daily Papers nor an arXiv number.", fix)
    parameters = {"date": day, "limit": str(PAGE_PAPERS)} if day else None
    yield _page("Hugging Face", _json("Hugging Face", f"{base}/daily_papers", parameters))


def openalex(asked: str) -> Iterator[Page]:
    """Follow the cursor. OpenAlex may refuse one without a key; then its pages are asked for by their numbers."""
    query, most = _limited(asked, "OpenAlex", _MOST_OPENALEX_PAPERS)
    read, cursor, numbered = 0, "*", False
    while cursor and read < most:
        place = {"page": str(read // PAGE_PAPERS + 1)} if numbered else {"cursor": cursor}
        try:
            asked_for = {"search": query, "per-page": str(PAGE_PAPERS), **place, **_openalex_account()}
            answer = _json("OpenAlex", ADDRESSES["openalex"], asked_for)
        except ServiceError as error:
            if numbered or error.status not in _NEEDS_KEY:
                raise
            numbered = True
            continue
        results, following = _results(answer)
        yield _page("OpenAlex", results)[: most - read]
        read += len(results)
        more = len(results) == PAGE_PAPERS if numbered else bool(results)
        cursor = (cursor if numbered else following) if more else ""


def _openalex_account() -> dict[str, str]:
    """Return the key and the address that the environment has for OpenAlex, as the parameters that OpenAlex documents."""
    named = {parameter: os.environ.get(variable, "").strip() for parameter, variable in _OPENALEX_VARIABLES.items()}
    return {parameter: value for parameter, value in named.items() if value}


def _results(answer: Any) -> tuple[list[Any], str]:
    """Return the list in an answer of OpenAlex, and the cursor of the next page, "" after the last."""
    results, meta = (answer.get("results"), answer.get("meta")) if isinstance(answer, dict) else (None, None)
    if not isinstance(results, list):
        raise service_requests.unreadable("OpenAlex")
    cursor = meta.get("next_cursor") if isinstance(meta, dict) else None
    return results, cursor if isinstance(cursor, str) else ""


# -- for all of them ----------------------------------------------------------------------------------------------------


def _limited(asked: str, service: str, highest: int) -> tuple[str, int]:
    """Return a query and how many papers of it are wanted."""
    query, given, number = asked.rpartition(_MAX)
    if not given:
        return asked, _USUAL_PAPERS
    if not query.strip():
        raise SourceError(f"{asked} holds no words to look for.", f"Write them before {_MAX}.")
    most = int(number) if number.isascii() and number.isdecimal() and len(number) <= _MAX_DIGITS else 0
    if not 0 < most <= highest:
        raise SourceError(f"{service} does not give {number} papers of a query.", f"Write a number from 1 to {highest:,}.")
    return query.strip(), most


def _groups(numbers: Sequence[str], pause_s: float) -> Iterator[Sequence[str]]:
    """Yield the numbers, each once, in groups of one page, with a pause between them."""
    once = list(dict.fromkeys(numbers))
    for start in range(0, len(once), PAGE_PAPERS):
        if start:
            service_requests.sleep(pause_s)
        yield once[start : start + PAGE_PAPERS]


def _missing(service: str, numbers: Iterable[str]) -> Page:
    return [BadRecord(0, f"{service} has no paper {number}") for number in numbers]


def _xml(service: str, key: str, parameters: dict[str, str]) -> str:
    text = service_requests.get(service, ADDRESSES[key], parameters)
    if not text.lstrip().startswith("<"):
        raise service_requests.unreadable(service)
    return text


def _json(service: str, address: str, parameters: dict[str, str] | None = None) -> Any:
    text = service_requests.get(service, address, parameters)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise service_requests.unreadable(service) from error


def _page(service: str, found: Any) -> Page:
    """Return the papers among `found`, a list of objects, each at the line of its place in the list."""
    if not isinstance(found, list) or not all(isinstance(record, dict) for record in found):
        raise service_requests.unreadable(service)
    return list(json_records.parse("\n".join(json.dumps(record) for record in found)))
