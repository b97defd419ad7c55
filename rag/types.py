"""The values that flow from a parsed paper to a checked answer. All frozen; none holds a connection.

Offsets are character offsets into Python strings: `start` inclusive, `end` exclusive. Scores are floats without a unit
unless a docstring says otherwise. Times are seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Annotated, Literal

from pydantic import Field, StrictInt, StrictStr

QUOTED = "quoted"
Verdict = Literal["supported", "partial", "contradicted", "unsupported", "miscited", "uncited", "unchecked", "none"]
Mode = Literal["model", "extractive", "corpus"]
Progress = Callable[[str, int, int], None]  # called with a stage, how much of it is done, and of how much; 0: not known


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper. `published` is an ISO date, perhaps only a year or a year and month; `sources` names where it was listed.

    `abstract` is empty when none is known. `doi` is in lower case, `arxiv` a number as 2305.14314, perhaps with its version.
    """

    id: str
    title: str
    abstract: str
    published: str | None = None
    authors: tuple[str, ...] = ()
    author_count: int | None = None
    organisation: str | None = None
    url: str | None = None
    sources: tuple[str, ...] = ()
    doi: str | None = None
    arxiv: str | None = None
    pmid: str | None = None


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that could not be read: `line` counts from 1 in the file it came from, 0 when the file has no lines."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of one abstract, as embedded: `text` is the title, a newline and abstract[start:end]."""

    id: str
    paper_id: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of the conversation so far."""

    role: Literal["user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A retrieved stretch of an abstract with its cosine similarity to the question, -1 to 1."""

    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A retrieved paper: `score` is the fused score (z-units), `dense` its best chunk's cosine, `lexical` its BM25."""

    paper: Paper
    score: float
    dense: float
    lexical: float
    passages: tuple[Passage, ...] = ()


@dataclass(frozen=True, slots=True)
class Wording:
    """How a filter is written: as an option `flag METAVAR`, and of a paper, as in "Only papers listed by “arxiv”".

    `phrase` takes the filter's value, or the number of its values; `phrase_of_one` stands in where that number is 1.
    """

    metavar: str | None = None
    flag: str | None = None
    phrase: str = ""
    phrase_of_one: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a question is restricted to. Dates are ISO prefixes (2024, 2024-05, 2024-05-31), both ends inclusive.

    A field here is a filter everywhere: its type and limits, its description and its Wording make the option of the command
    line, the field of a batch, the parameter over HTTP, the MCP schema and the table of the documentation.
    A new filter needs one field here and its condition in rag/storage/filters_sql.py.
    """

    year: Annotated[
        StrictInt | None,
        Field(ge=1, le=9_999, description="Only papers of this year, such as 2024; papers without a date are left out."),
    ] = None
    since: Annotated[
        StrictStr | None,
        Field(description="Only papers from this date on: 2024, 2024-05 or 2024-05-31; papers without a date are left out."),
        Wording("DATE"),
    ] = None
    until: Annotated[
        StrictStr | None,
        Field(description="Only papers up to this date, which is included; papers without a date are left out."),
        Wording("DATE"),
    ] = None
    source: Annotated[
        StrictStr | None,
        Field(description="Only papers of the source of this name, such as a file, or of all with this in their names."),
        Wording("NAME", phrase="listed by “{}”"),
    ] = None
    title: Annotated[
        StrictStr | None,
        Field(description="Only papers with these words in their title, in any case."),
        Wording("WORDS", phrase="with “{}” in the title"),
    ] = None
    author: Annotated[
        StrictStr | None,
        Field(description="Only papers by an author with this name or family name, as whole words in any case."),
        Wording("NAME", phrase="by {}"),
    ] = None
    organisation: Annotated[
        StrictStr | None,
        Field(description="Only papers of an organisation that has this in its name, in any case."),
        Wording("NAME", phrase="from {}"),
    ] = None
    min_authors: Annotated[
        StrictInt | None,
        Field(ge=1, le=99_999, description="Only papers known to have this many authors or more."),
        Wording("N", phrase="with {:,} authors or more", phrase_of_one="with 1 author or more"),
    ] = None
    max_authors: Annotated[
        StrictInt | None,
        Field(ge=1, le=99_999, description="Only papers known to have this many authors or fewer."),
        Wording("N", phrase="with {:,} authors or fewer", phrase_of_one="with a single author"),
    ] = None
    identifier: Annotated[
        StrictStr | None,
        Field(description="Only the paper with this DOI, arXiv number or PubMed number, as itself or as an address."),
        Wording("ID", phrase="with the identifier {}"),
    ] = None
    papers: Annotated[
        tuple[StrictStr, ...],
        Field(description="Only these papers, each by its paper_id from an earlier result."),
        Wording("ID", flag="--paper", phrase="among the {:,} selected", phrase_of_one="the one selected"),
    ] = ()

    @property
    def dated(self) -> bool:
        return any((self.year, self.since, self.until))

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) for field in fields(self))


@dataclass(frozen=True, slots=True)
class Unjudged:
    """How many papers a filter could not judge: those left out without a date, a known number of authors or their names, and
    those let in by a date known only to its year or month, of which not every day fits."""

    undated: int = 0
    unsure: int = 0
    authorless: int = 0
    nameless: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """A paper as shown with an answer: `n` is its number in this answer, `cited` whether the answer points at it."""

    n: int
    hit: Hit
    cited: bool = False

    @property
    def paper(self) -> Paper:
        return self.hit.paper


@dataclass(frozen=True, slots=True)
class Evidence:
    """The sentence abstract[start:end] of source `n` that best supports a claim; `score` is 0 to 1."""

    n: int
    paper_id: str
    sentence: str
    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Difference:
    """Words of a claim, claim.text[start:end], that the cited abstracts lack or say otherwise.

    `n` and abstract[abstract_start:abstract_end] are what source `n` says in their place; None where there is no such place.
    """

    kind: Literal["figure", "name", "word"]
    start: int
    end: int
    n: int | None = None
    abstract_start: int | None = None
    abstract_end: int | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence or clause of an answer, answer[start:end], with the numbers it cites and what the check found.

    `verdict` is the verdict shown, and `by` who found it: "words" for the check by code, else the name of a model; QUOTED for
    a sentence that code put below a model's answer, which tells nothing of the model.
    `judged` is the model's verdict, where one judged. `added` are sources that the check found to support a sentence
    that cites none. `differs` are the words that the evidence lacks or says otherwise.
    """

    text: str
    start: int
    end: int
    citations: tuple[int, ...]
    verdict: Verdict
    problems: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    added: tuple[int, ...] = ()
    judged: Verdict | None = None
    differs: tuple[Difference, ...] = ()
    by: str = "words"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the endpoint counted them; None where it did not say."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds from the moment the question was asked; None where the stage was not reached."""

    retrieve_s: float | None = None
    first_token_s: float | None = None
    total_s: float | None = None


@dataclass(frozen=True, slots=True)
class IndexInfo:
    """Which index answered."""

    fingerprint: str
    generation: int
    papers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer with everything that was checked about it; `sources` are all papers put before the reader, in order.

    `records` are the ids of all papers that an answer about the collection counts; empty in other modes. `reasoning` is what
    a model that thinks aloud said before it answered. `refusal_reason` says why an answer is refused, and
    `incomplete_reason` why one is not `complete`.
    """

    id: str
    question: str
    standalone_question: str
    answer: str
    refused: bool
    refusal_reason: str | None
    missing: tuple[str, ...]
    claims: tuple[Claim, ...]
    sources: tuple[Source, ...]
    invalid_citations: tuple[int, ...]
    mode: Mode
    model: str | None
    base_url_host: str | None
    complete: bool
    usage: Usage
    timings: Timings
    index: IndexInfo
    warnings: tuple[str, ...] = ()
    filters: Filters = Filters()
    records: tuple[str, ...] = ()
    reasoning: str = ""
    incomplete_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a ChatModel is given: the question and sources, and the two messages rendered from them."""

    question: str
    sources: tuple[Source, ...]
    system: str = ""
    user: str = ""
