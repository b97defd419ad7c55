"""Papers as BibTeX and RIS for reference managers, and the links of a paper: arXiv, DOI, Hugging Face, its own address."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from urllib.parse import quote

from rag.output.citation_keys import keys
from rag.text import identifiers
from rag.text.identifiers import Identifiers
from rag.types import Paper

Escape = Callable[[str], str]

# Maths in a title: no space inside the dollar signs and no digit after the last, so that "$5 and $10" is two prices.
_CONTROL_CLASS = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
_TITLE_MATHS = re.compile(rf"(?<![\\$])\$(?![\s$])(?:[^$\\%&#{_CONTROL_CLASS}]|\\[^{_CONTROL_CLASS}])+(?<![\s\\])\$(?![\d$])")
_ESCAPE = re.compile(r"\\.")
_SPECIAL = re.compile(r"[\\{}^~&%$#_]")
_WRITTEN = {
    "\\": r"\textbackslash{}{}", "{": r"\textbraceleft{}{}", "}": r"\textbraceright{}{}", "^": r"\^{}", "~": r"\~{}",
}  # fmt: skip
_LIGATURE = re.compile(r"[-`'](?=[-`'])")
_SPACES_AND_CONTROL = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")


def links(paper: Paper) -> list[tuple[str, str]]:
    """Return (label, URL) for each link of `paper` that its address and its id give.

    The label is arXiv, DOI, PubMed, Hugging Face, or the host. Only http and https addresses are links.
    """
    ids = identifiers_of(paper)
    labelled = [("arXiv", f"https://arxiv.org/abs/{ids.arxiv}")] if ids.arxiv else []
    if ids.doi:
        labelled.append(("DOI", f"https://doi.org/{quote(ids.doi, safe='/:;()')}"))
    if ids.pmid:
        labelled.append(("PubMed", f"https://pubmed.ncbi.nlm.nih.gov/{ids.pmid}/"))
    if (
        ids.host
        and not ids.pmid
        and not (ids.arxiv and identifiers.is_arxiv_host(ids.host))
        and not (ids.doi and ids.host in identifiers.DOI_HOSTS)
    ):
        labelled.append(("Hugging Face" if ids.host == identifiers.HUGGINGFACE else ids.host, (paper.url or "").strip()))
    return labelled


def authors(paper: Paper, most: int, *, or_count: bool = False) -> str:
    """Return the first `most` authors, with "et al." for more. With `or_count`, return "3 authors" when none is named."""
    if paper.authors or not or_count or not paper.author_count:
        return ", ".join(paper.authors[:most]) + " et al." * (len(paper.authors) > most)
    return f"{paper.author_count} author{'s' * (paper.author_count != 1)}"


def identifiers_of(paper: Paper) -> Identifiers:
    """Return the identifiers of `paper` without the version of its arXiv number, and the host of its address."""
    of_url, of_id = identifiers.read_address(paper.url or ""), identifiers.read(paper.id)
    number = paper.arxiv or of_url.arxiv or of_id.arxiv
    return Identifiers(
        arxiv=identifiers.unversioned(number) if number else None,
        doi=paper.doi or of_url.doi or of_id.doi,
        pmid=paper.pmid or of_url.pmid,
        host=of_url.host,
    )


def bibtex(papers: Sequence[Paper], *, exact: bool = False) -> str:
    """Return a BibTeX entry for each paper, under its citation key.

    An `exact` entry keeps every sign and the version of an arXiv number, as rag.ingest reads it, and its key is the paper's id.
    """
    named = map(_id_key, papers) if exact else keys(papers)
    return "\n\n".join(_entry(paper, key, exact=exact) for paper, key in zip(papers, named, strict=True))


def _id_key(paper: Paper) -> str:
    return re.sub(r"[^A-Za-z0-9_.:-]", "", paper.id) or "paper"


def _entry(paper: Paper, key: str, *, exact: bool) -> str:
    ids = identifiers_of(paper)
    signs = escape_exactly if exact else escape
    fields = {
        "title": "{" + _title(paper.title, signs) + "}",
        "author": " and ".join(_name(author, signs) for author in paper.authors),
        "year": (paper.published or "")[:4],
        "eprint": (paper.arxiv if exact else None) or ids.arxiv or "",
        "archiveprefix": "arXiv" if ids.arxiv else "",
        "doi": _plain(ids.doi or ""),
        "pmid": ids.pmid or "",
        "url": _plain(paper.url or ""),
    }
    body = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items() if value)
    return f"@misc{{{key},\n{body}\n}}"


def _name(author: str, signs: Escape) -> str:
    """Return `author` escaped. A name with "and" in it, as of an organisation, is put in braces to stay one name."""
    escaped = signs(author)
    return f"{{{escaped}}}" if " and " in f" {escaped.lower()} " else escaped


def _title(title: str, signs: Escape) -> str:
    """Return `title` escaped. Maths ($...$ on one line, with balanced braces) is not changed."""
    pieces: list[str] = []
    position = 0
    for maths in _TITLE_MATHS.finditer(title):
        if _is_balanced(maths.group()) and _is_balanced(_ESCAPE.sub("", maths.group())):
            pieces += [signs(title[position : maths.start()]), maths.group()]
            position = maths.end()
    return "".join([*pieces, signs(title[position:])])


def _is_balanced(maths: str) -> bool:
    """Whether `maths` closes each brace that it opens. BibTeX also counts escaped braces, TeX does not."""
    depth = 0
    for sign in maths:
        depth += (sign == "{") - (sign == "}")
        if depth < 0:
            return False
    return depth == 0


def escape(value: str) -> str:
    """Return `value` as LaTeX in one line, for people to read: without backslashes, and with round brackets for braces."""
    plain = _SPACES_AND_CONTROL.sub(" ", value).replace("{", "(").replace("}", ")").replace("\\", "")
    return re.sub(r"([&%$#_])", r"\\\1", plain).replace("^", r"\^{}").replace("~", r"\~{}")


def escape_exactly(value: str) -> str:
    """Return `value` as LaTeX in one line that keeps every sign. Empty braces keep signs apart that would become another."""
    written = _SPECIAL.sub(lambda sign: _WRITTEN.get(sign[0], f"\\{sign[0]}"), _SPACES_AND_CONTROL.sub(" ", value))
    return _LIGATURE.sub(r"\g<0>{}", written)


def _plain(value: str) -> str:
    return _SPACES_AND_CONTROL.sub("", value).replace("{", "%7B").replace("}", "%7D")


def ris(papers: Iterable[Paper], *, exact: bool = False) -> str:
    """Return a RIS record for each paper, with its abstract; an `exact` one keeps the version of an arXiv number."""
    return "\n\n".join("\n".join(f"{tag}  - {value}" for tag, value in _record(paper, exact=exact)) for paper in papers)


def _record(paper: Paper, *, exact: bool) -> Iterator[tuple[str, str]]:
    """Yield the RIS tags of `paper` with their values, each on one line."""
    ids = identifiers_of(paper)
    fields: Sequence[tuple[str, str | None]] = (
        ("ID", paper.id),
        ("TI", paper.title),
        *(("AU", author) for author in paper.authors),
        ("PY", (paper.published or "")[:4]),
        ("DA", "/".join([*(paper.published or "").split("-"), "", "", ""][:3]) + "/" if paper.published else ""),
        ("AB", paper.abstract),
        ("AN", f"arXiv:{number}" if (number := (paper.arxiv if exact else None) or ids.arxiv) else ""),
        ("DO", ids.doi),
        ("UR", paper.url),
    )
    yield "TY", "GEN"
    for tag, value in fields:
        if line := _SPACES_AND_CONTROL.sub(" ", value or "").strip():
            yield tag, line
    yield "ER", ""
