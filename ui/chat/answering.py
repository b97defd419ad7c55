"""Answers one question in the page: what shows while it is searched, asked and checked, and how it is stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import Thread

from rag.assistant import Assistant
from rag.errors import RagError
from rag.types import Answer, Checking, Claim, Event, Filters, Found, Source, Thought, Waiting
from ui.chat import cards, panel
from ui.chat.conversation import Messages, Talk, said
from ui.chat.stopping import Stoppable, Stopped

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
        return [*before, *said(asked.question, html)]

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
        yield shown(f"{panel.draft(live.text)}\n\n{panel.draft(str(error))}".strip()), talk.panel(), talk
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


def _growing(assistant: Assistant, live: Live) -> str:
    """Return what there is of an answer, or what is being done for it."""
    thoughts = panel.thoughts(live.thoughts)
    if live.found is None:
        return f"{thoughts}Searching…"
    if live.text:
        text = panel.linked("now", live.text, live.claims, live.found.sources)
        return thoughts + text + (panel.checking(live.checking) if live.checking else "")
    count = len(live.found.sources)
    doing = f"{count} paper{'s' * (count != 1)} found. {_doing(assistant)}"
    return thoughts + (f"{doing} {live.waited:.0f} s" if live.waited >= 1 else doing)


def _doing(assistant: Assistant) -> str:
    return f"Asking {panel.draft(assistant.model.name or 'the model')}…" if assistant.model.mode == "model" else "Reading…"
