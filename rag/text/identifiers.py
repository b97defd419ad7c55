"""Identifiers of papers: DOI, arXiv and PubMed numbers, as texts and web addresses write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

HUGGINGFACE = "huggingface.co"
_ARXIV = r"(?P<arxiv>(?:\d{2}(?:0[1-9]|1[0-2])\.\d{4,5}|[a-z-]+(?:\.[a-z]{2})?/\d{7})(?:v\d+)?)"
_DOI = r"(?P<doi>10\.\d{4,9}/[^\s\"<>]+)"
_PMID = r"(?P<pmid>[1-9]\d{0,8})"
_ARXIV_ID = re.compile(rf"(?:arxiv:\s*)?{_ARXIV}(?:\s*\[[^\]]*\])?", re.IGNORECASE)  # "2305.14314v1 [cs.LG]"
_DOI_ID = re.compile(rf"(?:doi:?\s*)?{_DOI}", re.IGNORECASE)
_PMID_ID = re.compile(rf"(?:pmid:?\s*)?{_PMID}", re.IGNORECASE)
_ARXIV_PATH = re.compile(rf"/(?:abs|pdf|html)/{_ARXIV}(?:\.pdf)?/?", re.IGNORECASE)
_HUGGINGFACE_PATH = re.compile(rf"/papers/{_ARXIV}/?", re.IGNORECASE)
_PUBLISHER_PATH = re.compile(rf"/doi/(?:[a-z]+/)?{_DOI}", re.IGNORECASE)  # as of ACM, Wiley, SAGE
_PUBMED_PATH = re.compile(rf"(?:/pubmed)?/{_PMID}/?")
_PUBMED_HOSTS = ("pubmed.ncbi.nlm.nih.gov", "ncbi.nlm.nih.gov")
_ARXIV_DOI = "10.48550/arxiv."
_VERSION = re.compile(r"v(\d+)$")
DOI_HOSTS = ("doi.org", "dx.doi.org")


@dataclass(frozen=True, slots=True)
class Identifiers:
    """`arxiv` is a number, perhaps with its version, as 2305.14314v2. `doi` is in lower case. `host` is that of an address."""

    arxiv: str | None = None
    doi: str | None = None
    pmid: str | None = None
    host: str | None = None


def read(text: str) -> Identifiers:
    """Return the identifier that `text` is, alone or in a web address; one without any when it is none.

    A DOI that arXiv gave is its arXiv number too. A bare number is no PubMed number.
    """
    found = read_address(text)
    if found.host:
        return found
    value = text.strip()
    pubmed = _PMID_ID.fullmatch(value) if value[:4].lower() == "pmid" else None
    return _identifiers(_ARXIV_ID.fullmatch(value) or _DOI_ID.fullmatch(value) or pubmed, None)


def read_address(url: str) -> Identifiers:
    """Return the host of a web address and the identifier in its path; one without any for other texts."""
    host, path = _host_and_path(url)
    if not host:
        return Identifiers()
    if is_arxiv_host(host):
        match = _ARXIV_PATH.fullmatch(path)
    elif host == HUGGINGFACE:
        match = _HUGGINGFACE_PATH.fullmatch(path)
    elif host in DOI_HOSTS:
        match = _DOI_ID.fullmatch(path[1:])
    elif host in _PUBMED_HOSTS:
        match = _PUBMED_PATH.fullmatch(path)
    else:
        match = _PUBLISHER_PATH.fullmatch(path)
    return _identifiers(match, host)


def doi(text: str) -> str | None:
    """Return the DOI that `text` is, as itself, after "doi:" or as an address, in lower case."""
    return read(text).doi


def arxiv(text: str) -> str | None:
    """Return the arXiv number that `text` is, as itself, after "arXiv:" or as an address, with its version if it has one."""
    return read(text).arxiv


def pmid(text: str) -> str | None:
    """Return the PubMed number that `text` is: digits, alone, after "PMID:" or as an address."""
    match = _PMID_ID.fullmatch(text.strip())
    return match["pmid"] if match else read(text).pmid


def unversioned(number: str) -> str:
    """Return an arXiv number without its version."""
    return _VERSION.sub("", number)


def version(number: str | None) -> int:
    """Return the version of an arXiv number, 0 when it names none."""
    match = _VERSION.search(number or "")
    return int(match[1]) if match else 0


def is_arxiv_host(host: str) -> bool:
    return host == "arxiv.org" or host.endswith(".arxiv.org")


def _identifiers(match: re.Match[str] | None, host: str | None) -> Identifiers:
    found = match.groupdict() if match else {}
    name, number = (found.get("doi") or "").lower().rstrip(".,;"), found.get("arxiv")
    if name.startswith(_ARXIV_DOI):
        number = number or name[len(_ARXIV_DOI) :]
    return Identifiers(arxiv=number, doi=name or None, pmid=found.get("pmid"), host=host)


def _host_and_path(url: str) -> tuple[str, str]:
    """Return the host, without "www.", and the path of a web address; ("", "") for any other text."""
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname
    except ValueError:
        return "", ""
    if parts.scheme not in ("http", "https") or not host:
        return "", ""
    return host.removeprefix("www."), unquote(parts.path)
