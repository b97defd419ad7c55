"""What comes while an answer is made: from a model to its reader, and from the assistant to whoever shows the answer."""

from __future__ import annotations

from dataclasses import dataclass, field

from rag.types import Answer, Claim, Filters, Source, Usage


@dataclass(frozen=True, slots=True)
class Finish:
    """The last item of a model's stream: `complete` is False when the reply was cut short, `reason` says by what.

    `refused` is True when the server marks the reply as a refusal to answer. `notes` are sentences for the person who set the
    endpoint up: what had to be done otherwise than the settings say.
    """

    complete: bool = True
    reason: str | None = None
    usage: Usage = field(default_factory=Usage)
    notes: tuple[str, ...] = ()
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Thought:
    """A piece of what a model says to itself before it answers: no part of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The answer so far was what the model said to itself: only a closing tag after it tells that it was."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing has come from the model for `seconds`; comes about once a second, so that a reader can be told, or can stop."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Checking:
    """The answer is whole, and its `statements` are put to the model that judges them; comes once, where that is set."""

    statements: int


Reply = str | Thought | Withdrawn | Waiting | Finish


def text_after(text: str, item: Reply) -> str:
    """Return the answer after the next item of a reply, `text` being the answer before it."""
    return text + item if isinstance(item, str) else "" if isinstance(item, Withdrawn) else text


@dataclass(frozen=True, slots=True)
class Found:
    """The question as understood and the papers put before the reader; comes before the first piece of the answer."""

    standalone_question: str
    sources: tuple[Source, ...]
    filters: Filters = field(default_factory=Filters)


Event = Found | Waiting | Thought | Withdrawn | str | Claim | Checking | Answer
