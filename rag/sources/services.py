"""Papers of services on the network, which are asked only when a person names one.

A place is a prefix and what to ask for: "arxiv:2305.14314", "arxiv:cat:cs.CL AND abs:kite", "doi:10.5555/1,10.5555/2",
"pmid:1,2", "hf:daily", "hf:daily?date=2024-05-31", "hf:2305.14314", "openalex:kites and wind". A query may end in "&max=50".
A text of nothing but numbers of papers is such places too: see places_in().
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from rag.errors import SourceError
from rag.sources import service_pages
from rag.sources.service_pages import NO_ENTRY, Page
from rag.sources.service_requests import ServiceError
from rag.text import identifiers
from rag.types import BadRecord, Paper

_SERVICES: dict[str, tuple[str, Callable[[str], Iterator[Page]]]] = {
    "arxiv": ("arXiv", service_pages.arxiv),
    "doi": ("Crossref", service_pages.doi),
    "pmid": ("PubMed", service_pages.pubmed),
    "hf": ("Hugging Face", service_pages.huggingface),
    "openalex": ("OpenAlex", service_pages.openalex),
}
PREFIXES: tuple[str, ...] = tuple(f"{prefix}:" for prefix in _SERVICES)
_MAX_SHOWN_CHARS = 200
_MAX_NUMBERS_CHARS = 20_000  # of a text that may be a list of numbers
_BETWEEN_NUMBERS = re.compile(r"[,;\n]")


def is_service(place: str) -> bool:
    """Whether `place` names a service on the network, in any case: "arXiv:2305.14314"."""
    return place.lower().startswith(PREFIXES)


def places_in(text: str) -> list[str]:
    """Return the places that `text` names, [] when it is anything else.

    It is one place, or a list of DOIs, arXiv numbers and PubMed numbers ("PMID: 31452104"), or their addresses, with commas,
    semicolons, spaces or line breaks between them.
    """
    text = text.strip()
    if is_service(text) and "\n" not in text and not _numbers(text):
        return [text]
    asked: dict[str, list[str]] = {}
    for prefix, number in _numbers(text):
        asked.setdefault(prefix, []).append(number)
    return [f"{prefix}:{','.join(dict.fromkeys(numbers))}" for prefix, numbers in asked.items()]


def _numbers(text: str) -> list[tuple[str, str]]:
    """Return the service and the number of each paper that `text` lists; [] when it has anything else."""
    if len(text) > _MAX_NUMBERS_CHARS:
        return []
    found = []
    for piece in filter(None, (piece.strip() for piece in _BETWEEN_NUMBERS.split(text))):
        number = _number(piece)
        several = [number] if number else [_number(word) for word in piece.split()]
        if None in several:
            return []
        found += [one for one in several if one is not None]
    return found


def _number(text: str) -> tuple[str, str] | None:
    read = identifiers.read(text)
    numbers = (("arxiv", read.arxiv), ("doi", read.doi), ("pmid", read.pmid))
    return next(((prefix, number) for prefix, number in numbers if number), None)


def name(place: str) -> str:
    """Return the name of the service at `place`, as people call it."""
    return _SERVICES[_prefix(place)][0]


def records(place: str) -> Iterator[Paper | BadRecord]:
    """Yield the papers at `place`, a page at a time.

    A number without a paper is a BadRecord. Raises SourceError when the place is none, when the service does not answer as it
    should, also after some papers, and when there is no paper at all.
    """
    service, pages = _SERVICES[_prefix(place)]
    asked = place.partition(":")[2].strip().encode("utf-8", "replace").decode()
    if not asked:
        raise SourceError(f"{place} names no paper.", f"Write what to ask {service} for after the colon.")
    read, held = 0, Page()
    try:
        for page in pages(asked):
            read += sum(isinstance(record, Paper) for record in page)
            held += page
            if read:
                yield from held
                held.clear()
    except ServiceError as error:
        if error.status not in NO_ENTRY or read:
            raise
        raise _nothing(service, asked, []) from error
    if not read:
        raise _nothing(service, asked, held)


def _prefix(place: str) -> str:
    return place.partition(":")[0].lower()


def _nothing(service: str, asked: str, bad: Page) -> SourceError:
    reason = next((f" ({record.reason})" for record in bad if isinstance(record, BadRecord) and record.line), "")
    shown = asked if len(asked) <= _MAX_SHOWN_CHARS else f"{asked[:_MAX_SHOWN_CHARS]}…"
    return SourceError(f"{service} has no paper for {shown}{reason}.", "Check the number, the date or the words.")
