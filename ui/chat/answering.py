"""Answers one question on the page. The answer shows as it grows, and one that is stopped is kept as far as it came."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import Thread

from markupsafe import Markup

from rag.assistant import Assistant
from rag.errors import RagError
from rag.events import Checking, Event, Found, Thought, Waiting, Withdrawn
from rag.types import Answer, Claim, Filters, Source
from ui.chat import cards, exchanges, suggestions
from ui.chat.conversation import Conversation, Exchanges
from ui.chat.stopping import Stoppable, Stopped
from ui.rendering import counted

Update = tuple[Exchanges, str, Conversation]
Keep = Callable[[Conversation, Answer], Conversation]  # stores an answer and returns the conversation with it
_MIN_SECONDS_BETWEEN_UPDATES = 0.1  # of the page: an update costs about as much as checking a sentence
_WAIT_PER_UPDATE = 2  # times as long as an update took, the next one waits: a busy server gets fewer updates


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with the filters and the number of papers set when it was sent. With `listing` it only lists papers."""

    question: str
    filters: Filters
    k: int
    listing: bool = False


@dataclass(slots=True)
class Live:
    """The answer that is being written. `writing` is its question, from the moment that it is taken until the answer is there.

    Stop, or closing the page, sets `stopped`; only the thread that writes the answer ends it.
    """

    question: str = ""
    found: Found | None = None
    text: str = ""
    thoughts: str = ""
    claims: list[Claim] = field(default_factory=list)
    checking: int = 0  # statements that the judging model has been given
    waited: float = 0.0  # seconds since the last event of the model
    writing: Asked | None = None
    failed: bool = False
    stopped: bool = False

    def begin(self, question: str) -> None:
        self.question = question
        self.found, self.text, self.thoughts, self.claims, self.stopped = None, "", "", [], False
        self.checking, self.waited, self.failed = 0, 0.0, False

    def end(self, asked: Asked | None) -> None:
        """Let another question be asked, unless that has happened since `asked` was answered."""
        if self.writing is asked:
            self.writing = None

    def add(self, event: Found | str | Claim | Thought | Withdrawn | Waiting | Checking) -> None:
        """Add an event of the assistant to the answer."""
        self.waited = event.seconds if isinstance(event, Waiting) else 0.0
        if isinstance(event, Found):
            self.found = event
        elif isinstance(event, Claim):
            self.claims.append(event)
        elif isinstance(event, Checking):
            self.checking = event.statements
        elif isinstance(event, Thought):
            self.thoughts += event.text
        elif isinstance(event, Withdrawn):
            self.thoughts, self.text, self.claims = self.thoughts + self.text, "", []
        elif isinstance(event, str):
            self.text += event


@dataclass(slots=True)
class Pace:
    """When the page may be updated next, in seconds of the monotonic clock."""

    due: float = 0.0

    def take(self, began: float) -> None:
        """Set the time of the next update after one that began at `began` and has just ended."""
        now = time.monotonic()
        self.due = max(began + _MIN_SECONDS_BETWEEN_UPDATES, now + _WAIT_PER_UPDATE * (now - began))


def respond(assistant: Assistant, asked: Asked | None, conversation: Conversation, live: Live, keep: Keep) -> Iterator[Update]:
    """Answer one question: yield the messages, the sources and the conversation as they grow.

    `asked` is None when there is no question. A generator that is closed early keeps the answer as far as it came.
    """
    if asked is None:
        yield conversation.exchanges(), conversation.panel(), conversation
        return
    live.begin(asked.question)
    before, n = conversation.exchanges(), len(conversation.answers)

    def shown(exchange: str) -> Exchanges:
        return [*before, str(exchange)]

    yield shown(exchanges.unfinished(n, asked.question, status="Searching…")), conversation.panel(), conversation
    try:
        if asked.listing:
            update = _listed(assistant, asked, conversation, shown)
            live.end(asked)
            yield update
        else:
            yield from _answered(assistant, asked, conversation, live, keep, shown)
    except RagError as error:
        live.failed = True
        live.end(asked)
        yield shown(exchanges.failed(n, asked.question, live.text, str(error))), conversation.panel(), conversation
    except GeneratorExit:
        _keep_rest(assistant, asked, conversation, live, keep)
        raise


def _answered(
    assistant: Assistant,
    asked: Asked,
    conversation: Conversation,
    live: Live,
    keep: Keep,
    shown: Callable[[str], Exchanges],
) -> Iterator[Update]:
    """Yield the answer as it grows. Important events show at once, the others at the pace that the server can keep."""
    sources, pace, n = conversation.panel(), Pace(), len(conversation.answers)
    for event in _events(assistant, asked, conversation, live):
        if isinstance(event, Answer):
            live.text, conversation = "", keep(conversation, event)  # nothing is left to keep
            update = shown(exchanges.finished(n, event, suggested=suggestions.after(assistant, event))), conversation.panel()
            live.end(asked)
            yield *update, conversation
            continue
        live.add(event)
        if isinstance(event, Found):
            sources = conversation.panel(_section(n, event))
        if isinstance(event, Found | Waiting | Checking) or time.monotonic() >= pace.due:
            began = time.monotonic()
            yield shown(unfinished(assistant, live, n)), sources, conversation
            pace.take(began)


def _keep_rest(assistant: Assistant, asked: Asked, conversation: Conversation, live: Live, keep: Keep) -> None:
    """Keep the answer of a page that was closed. A thread does it: this one serves all other requests too."""
    if live.text:
        Thread(target=lambda: keep(conversation, _cut(assistant, asked, live))).start()


def _events(assistant: Assistant, asked: Asked, conversation: Conversation, live: Live) -> Iterator[Event]:
    """Yield the assistant's events. When it is stopped, yield the answer as far as it came."""
    stoppable = assistant.using(Stoppable(assistant.model, lambda: live.stopped))
    try:
        yield from stoppable.stream(asked.question, conversation.turns(), asked.k, asked.filters)
    except Stopped:
        yield _cut(assistant, asked, live)


def _cut(assistant: Assistant, asked: Asked, live: Live) -> Answer:
    return assistant.cut(asked.question, live.found or Found(asked.question, ()), live.text, "stopped")


def _listed(assistant: Assistant, asked: Asked, conversation: Conversation, shown: Callable[[str], Exchanges]) -> Update:
    hits = assistant.search(asked.question, asked.k, asked.filters)
    sources = tuple(Source(n, hit) for n, hit in enumerate(hits, 1))
    n = len(conversation.answers)
    section = _section(n, Found(asked.question, sources, asked.filters))
    listed = exchanges.other(n, asked.question, exchanges.listing(str(n), sources))
    return shown(listed), conversation.panel(section), conversation


def _section(n: int, found: Found) -> Markup:
    scope = exchanges.restriction(found)
    return cards.sources(str(n), found.sources, question=found.standalone_question, title="Found", scope=scope)


def unfinished(assistant: Assistant, live: Live, n: int) -> Markup:
    """Return exchange `n` with the answer as far as it came, and the step that is being done for it."""
    found, model = live.found, assistant.model.mode == "model"
    return exchanges.unfinished(
        n,
        live.question,
        status=_status(live, (assistant.model.name or "the model") if model else None),
        thoughts=live.thoughts,
        text=live.text,
        claims=live.claims,
        sources=found.sources if found else (),
        restricted=exchanges.restriction(found) if found else "",
        checked=model,
    )


def _status(live: Live, model: str | None) -> str:
    if live.found is None:
        return "Searching…"
    if live.checking:
        return f"Checking {counted(live.checking, 'statement')}…"
    step = "Writing…" if live.text else f"Asking {model}…" if model else "Reading…"
    waited = f" {live.waited:.0f} s" if live.waited >= 1 else ""
    return f"{counted(len(live.found.sources), 'paper')} found. {step}{waited}"
