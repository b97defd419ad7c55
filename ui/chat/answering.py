"""Answers one question in the page: what shows while it is searched, asked and checked, and how it is stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import Thread

from markupsafe import Markup

from rag.assistant import Assistant
from rag.errors import RagError
from rag.types import Answer, Checking, Claim, Event, Filters, Found, Source, Thought, Waiting
from ui.chat import cards, panel
from ui.chat.conversation import Messages, Talk, exchange
from ui.chat.stopping import Stoppable, Stopped
from ui.rendering import rendered

Update = tuple[Messages, str, Talk]
Keep = Callable[[Talk, Answer], Talk]  # stores an answer and returns the conversation with it
_UPDATE_S = 0.1  # at least, between two updates of the page: each costs about as much as checking a sentence
_SHARE = 2  # times as long as an update took, which on a busy server is long, the next one waits


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it was sent, with the filters and the number of papers that were set then; `listing`: only list them."""

    question: str
    filters: Filters
    k: int
    listing: bool = False


@dataclass(slots=True)
class Live:
    """The answer that is being written, from the moment its question is taken (`writing`). Stop, or a page that is closed, sets
    `stopped`, and whoever writes the answer ends it: nobody else may."""

    question: str = ""
    found: Found | None = None
    text: str = ""
    thoughts: str = ""
    claims: list[Claim] = field(default_factory=list)
    checking: int = 0  # statements that are put to the model that judges them
    waited: float = 0.0  # seconds since anything came
    writing: bool = False
    failed: bool = False
    stopped: bool = False

    def begin(self, question: str) -> None:
        self.question = question
        self.found, self.text, self.thoughts, self.claims, self.stopped = None, "", "", [], False
        self.checking, self.waited, self.failed = 0, 0.0, False


def respond(assistant: Assistant, asked: Asked | None, talk: Talk, live: Live, keep: Keep) -> Iterator[Update]:
    """Answer one question: yield the messages, the sources and the conversation as they grow; None is no question.

    Closed before its end, it keeps what was said until then.
    """
    before, sources = talk.messages(), talk.panel()
    if asked is None:
        yield before, sources, talk
        return
    live.begin(asked.question)

    def shown(html: str) -> Messages:
        return [*before, *exchange(asked.question, html)]

    yield shown("Searching…"), sources, talk
    due = 0.0
    try:
        if asked.listing:
            yield _listed(assistant, asked, talk, shown)
            return
        for event in _events(assistant, asked, talk, live):
            if isinstance(event, Answer):
                live.text, talk = "", keep(talk, event)  # nothing is left to keep
                yield talk.messages(), talk.panel(), talk
                continue
            _take_in(live, event)
            if isinstance(event, Found):
                sources = talk.panel(cards.sources("now", event.sources, title="Found", scope=panel.restriction(event)))
            if isinstance(event, Found | Waiting | Checking) or time.monotonic() >= due:
                began = time.monotonic()
                yield shown(_growing(assistant, live)), sources, talk
                now = time.monotonic()
                due = max(began + _UPDATE_S, now + _SHARE * (now - began))
    except RagError as error:
        live.failed = True
        yield shown(rendered("chat/failed.md", text=live.text, error=str(error))), talk.panel(), talk
    except GeneratorExit:
        _keep_rest(assistant, asked, talk, live, keep)
        raise


def _keep_rest(assistant: Assistant, asked: Asked, talk: Talk, live: Live, keep: Keep) -> None:
    """Keep what there is of an answer that nobody reads any more; not here, where Gradio answers all other requests too."""
    if live.text:
        Thread(target=lambda: keep(talk, _cut(assistant, asked, live))).start()


def _events(assistant: Assistant, asked: Asked, talk: Talk, live: Live) -> Iterator[Event]:
    """Yield what the assistant does, and the answer as far as it came once it is stopped."""
    stoppable = assistant.using(Stoppable(assistant.model, lambda: live.stopped))
    try:
        yield from stoppable.stream(asked.question, talk.turns(), asked.k, asked.filters)
    except Stopped:
        yield _cut(assistant, asked, live)


def _cut(assistant: Assistant, asked: Asked, live: Live) -> Answer:
    return assistant.cut(asked.question, live.found or Found(asked.question, ()), live.text, "stopped")


def _listed(assistant: Assistant, asked: Asked, talk: Talk, shown: Callable[[str], Messages]) -> Update:
    hits = assistant.search(asked.question, asked.k, asked.filters)
    sources = tuple(Source(n, hit) for n, hit in enumerate(hits, 1))
    found = Found(asked.question, sources, asked.filters)
    section = cards.sources("now", sources, title="Found", scope=panel.restriction(found))
    return shown(panel.listing("now", sources)), talk.panel(section), talk


def _take_in(live: Live, event: Found | str | Claim | Thought | Waiting | Checking) -> None:
    live.waited = event.seconds if isinstance(event, Waiting) else 0.0
    if isinstance(event, Found):
        live.found = event
    elif isinstance(event, Claim):
        live.claims.append(event)
    elif isinstance(event, Checking):
        live.checking = event.statements
    elif isinstance(event, Thought):
        live.thoughts += event.text
    elif isinstance(event, str):
        live.text += event


def _growing(assistant: Assistant, live: Live) -> Markup:
    """Return what there is of an answer, or what is being done for it."""
    sources = None if live.found is None else live.found.sources
    return rendered(
        "chat/unfinished.md",
        reasoning=live.thoughts,
        papers=None if sources is None else len(sources),
        text=panel.linked("now", live.text, live.claims, sources or ()) if live.text else "",
        checking=live.checking,
        model=(assistant.model.name or "the model") if assistant.model.mode == "model" else None,
        waited=live.waited,
    )
