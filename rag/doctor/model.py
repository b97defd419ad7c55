"""Tries the model in force: whether it is reached, answers, streams, cites as it must, and how much it takes how fast.

The first request's error decides which stage failed. Earlier stages passed, and later ones are skipped.
"""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

from rag import prompting
from rag.answering.refusal import is_refusal
from rag.doctor.machine import Check, Skipped, attempt
from rag.endpoints import address, explain, faults, server
from rag.endpoints.connection import OPENAI
from rag.errors import EndpointError, PromptTooLong, RagError
from rag.interfaces import ChatModel
from rag.settings.settings import Endpoint, Settings
from rag.sources import formats
from rag.text import citations, tokens
from rag.types import Finish, Hit, Paper, Prompt, Source, Thought, Usage

_STAGES = ("reachable", "path", "key", "model", "answer")
_COUNTING = Prompt("", (), "Answer in a few words.", "Count from one to ten, in words.")
_CITING = {  # of the starter corpus
    "GraphSAINT: Graph Sampling Based Inductive Learning Method": "How does GraphSAINT keep the neighbors of a node few?",
    "WebWISE: Web Interface Control and Sequential Exploration with Large Language Models": "What does WebWISE see of a page?",
    "Robust Active Distillation": "Which points does Robust Active Distillation query the teacher for?",
}
_ENOUGH = 2  # replies of the three that must cite as told
_FULL = 0.9  # of the window that the long prompt takes
_LONGEST = 16_000  # tokens of it: more than the abstracts of any usual question, and what a paid model asks little for
_LEAST = 1024  # tokens that RAG_CONTEXT_WINDOW may say
_SHOWN = 60  # characters of a reply


@dataclass(frozen=True, slots=True)
class Heard:
    """A reply: its text and in how many pieces; seconds until anything came, until text did, until the last, until the end."""

    text: str
    pieces: int
    begun_s: float
    first_s: float
    last_s: float
    total_s: float
    finish: Finish


def hear(model: ChatModel, asked: Prompt) -> Heard:
    """Return the whole reply of `model`. Raises EndpointError."""
    began = time.perf_counter()
    begun = first = last = None
    text, pieces, finish = "", 0, Finish(complete=False)
    for item in model.stream(asked):
        now = time.perf_counter() - began
        if isinstance(item, str | Thought):
            begun = now if begun is None else begun
        if isinstance(item, str):
            first, last, text, pieces = now if first is None else first, now, text + item, pieces + 1
        elif isinstance(item, Finish):
            finish = item
    total = time.perf_counter() - began
    return Heard(text.strip(), pieces, begun or total, first or total, last or total, total, finish)


class Trial:
    """The checks of one model, in their order; `endpoint` is where it is, None for a model that is asked in another way."""

    def __init__(self, model: ChatModel, endpoint: Endpoint | None, settings: Settings) -> None:
        self._model = model
        self._settings = settings
        self._key = endpoint.api_key.get_secret_value() if endpoint and endpoint.api_key else ""
        given = endpoint.base_url if endpoint else None
        self._urls = (address.candidates(given) if given else [OPENAI]) if endpoint else []
        self._url = self._urls[0] if self._urls else None
        self._listed: list[str] | None = None
        self._replies: list[tuple[Prompt, Heard]] = []
        self.answers = False
        """Whether the model has answered."""

    def checks(self, *, quick: bool) -> Iterator[Check]:
        """Ask the model five questions, one of them long, and yield what is found; four short ones with `quick`."""
        yield from self._first()
        yield attempt("streaming", self._streams)
        yield attempt("citations", self._cites)
        yield attempt("window", self._window)
        if not quick:
            yield attempt("long prompt", self._long)
            yield attempt("speed", self._speed)

    def _first(self) -> Iterator[Check]:
        """Ask a first, short question and yield a check for each thing that it takes to answer it."""
        failed: EndpointError | None = None
        heard: Heard | None = None
        try:
            heard = hear(self._model, _COUNTING)
            self._replies.append((_COUNTING, heard))
            self.answers = True
        except EndpointError as error:
            failed = error
        stage = _STAGES.index(self._stage(failed)) if failed else len(_STAGES)
        for n, name in enumerate(_STAGES):
            if failed and n == stage:
                yield Check(name, False, failed.message, failed.fix)
            elif n > stage:
                yield Check(name, None, f"not known, as “{_STAGES[stage]}” failed")
            elif name == "path" and heard and heard.finish.notes:
                said, _, fix = heard.finish.notes[0].partition(": set ")
                yield Check(name, True, said, fix and f"Set {fix}")
            else:
                yield Check(name, True, self._told(name, heard))

    def _stage(self, error: EndpointError) -> str:
        """Return at which of the stages the first question failed."""
        cause = error.__cause__
        if isinstance(cause, Exception) and faults.is_dead(cause):
            return "reachable"
        self._list()
        if not isinstance(cause, Exception):
            return "answer" if self._model.name else "model"
        if getattr(cause, "status_code", None) in (401, 403):
            return "key"
        if faults.is_unknown_model(cause) or (faults.is_elsewhere(cause) and self._listed):
            return "model"
        return "path" if faults.is_elsewhere(cause) else "answer"

    def _list(self) -> None:
        for url in self._urls:
            self._listed = server.listed(url, self._key)
            if self._listed is not None:
                self._url = url
                return

    def _told(self, stage: str, heard: Heard | None) -> str:
        """Return what is told of a stage that was passed."""
        if stage == "reachable":
            return f"{self._model.host or 'the model'} answers"
        if stage == "path":
            return f"the API is at {address.shown(self._url)}" if self._url else "it is asked in a way of its own"
        if stage == "key":
            return "accepted, or not asked for" if self._key else "none is set, and none was asked for"
        if stage == "model":
            if self._listed is None:
                self._list()
            others = (
                f"; the server lists {explain.listed(self._listed)}"
                if self._listed and self._listed != [self._model.name]
                else ""
            )
            return f"{self._model.name}{others}"
        assert heard is not None  # noqa: S101 - the last stage is passed by an answer only
        return f"“{heard.text[:_SHOWN]}{'…' if len(heard.text) > _SHOWN else ''}” in {heard.total_s:.1f} s"

    def _needed(self) -> None:
        if not self.answers:
            raise Skipped("not tried, as the first question was not answered")

    def _streams(self) -> str:
        self._needed()
        _, heard = self._replies[0]
        if heard.pieces < 2 or heard.first_s >= heard.last_s:
            raise RagError(
                "The reply came in one piece, so an answer is seen only when it is whole.",
                "Turn streaming on at the server, or buffering off at the proxy before it.",
            )
        return f"{heard.pieces} pieces between {heard.first_s:.2f} and {heard.last_s:.2f} s"

    def _cites(self) -> str:
        self._needed()
        cited = 0
        for asked in _cited_prompts(self._model):
            heard = hear(self._model, asked)
            self._replies.append((asked, heard))
            cited += cites(heard.text, asked.sources)
        told = f"{cited} of {len(_CITING)} replies cite a source in every sentence"
        if cited < _ENOUGH:
            raise RagError(f"Only {told}.", "Use a larger model, or one tuned for chat; the check still marks what has none.")
        return told

    def _window(self) -> str:
        self._needed()
        for asked, heard in self._replies:
            _whole(asked, heard.finish.usage, self._model.name)
        fits, setting = self._model.context_tokens, self._settings.context_window
        if fits is None:
            return "a prompt may be of any length"
        is_openai = self._url is None or self._url == OPENAI
        told = server.Window() if is_openai else server.ask(self._url or "", self._model.name, self._key)
        if setting and told.most and setting > told.most:
            raise RagError(
                f"RAG_CONTEXT_WINDOW is {setting:,} and the server takes {told.most:,} tokens.",
                f"Set RAG_CONTEXT_WINDOW={told.most}, or have the server take more.",
            )
        why = "as the server tells" if told.tokens else "as is usual; the server does not tell"
        return f"{fits:,} tokens for the prompt, {'as RAG_CONTEXT_WINDOW says' if setting else why}"

    def _long(self) -> str:
        self._needed()
        words = [f"{kind}-{secrets.token_hex(3)}" for kind in ("amber", "cobalt")]
        asked = long_prompt(words, min(int(_FULL * (self._model.context_tokens or _LONGEST)), _LONGEST), self._model.name)
        sent = prompting.tokens(asked, self._model.name)
        try:
            heard = hear(self._model, asked)
        except PromptTooLong as error:
            takes = faults.window_told(error.__cause__)
            fix = f"Set RAG_CONTEXT_WINDOW={max(takes, _LEAST)}, or have the server take more." if takes else error.fix
            raise RagError(f"A prompt of about {sent:,} tokens is longer than the server takes.", fix) from error
        read = heard.finish.usage.prompt_tokens
        _whole(asked, heard.finish.usage, self._model.name)
        came = ("neither", "one", "both")[sum(word in heard.text for word in words)]
        counted = f"{read:,} tokens read" if read else f"about {sent:,} tokens sent, and the server does not count"
        return f"{counted}; of the words at its two ends came back: {came}"

    def _speed(self) -> str:
        self._needed()
        heard = [h for _, h in self._replies[1:]]
        if not heard:
            raise Skipped("not measured, as no question about abstracts was answered")
        rates = [rate for h in heard if (rate := _rate(h, self._model.name))]
        told = f"first words after {median(h.first_s for h in heard):.1f} s"
        return f"{told}, then {median(rates):,.0f} tokens a second" if rates else told


def _rate(heard: Heard, model: str | None) -> float | None:
    took = heard.total_s - heard.begun_s
    said = heard.finish.usage.completion_tokens or tokens.count(heard.text, model)
    return said / took if took > 0 else None


def _whole(asked: Prompt, usage: Usage, model: str | None) -> None:
    """Raise RagError when the server says that it read less than it was sent."""
    if not (warnings := prompting.warnings(asked, usage, model)):
        return
    read = usage.prompt_tokens or 0
    have = "have the server take more (Ollama: num_ctx or OLLAMA_CONTEXT_LENGTH)."
    fix = f"Set RAG_CONTEXT_WINDOW={read}, or {have}" if read >= _LEAST else f"{have[:1].upper()}{have[1:]}"
    raise RagError(f"{warnings[0].partition(', so ')[0]}.", fix)


def cites(reply: str, given: Sequence[Source]) -> bool:
    """Whether `reply` claims something and each sentence that does cites sources, and none that was not `given`."""
    known = {source.n for source in given}
    said = [s for s in citations.statements(reply, given) if s.is_claim]
    return bool(said) and not is_refusal(reply) and all(s.citations and known.issuperset(s.citations) for s in said)


def _papers() -> dict[str, Paper]:
    _, text = formats.load(formats.STARTER)
    return {paper.title: paper for paper in formats.parse(text, formats.STARTER) if isinstance(paper, Paper)}


def _cited_prompts(model: ChatModel) -> Iterator[Prompt]:
    """Yield the prompts of the canned questions: the paper that answers first, then the other two."""
    held = _papers()
    for title, question in _CITING.items():
        papers = [held[title], *(held[other] for other in _CITING if other != title)]
        yield prompting.answer(
            question,
            [Hit(paper=paper, score=1.0, dense=1.0, lexical=0.0) for paper in papers],
            model.context_tokens,
            model.name,
        )


def long_prompt(words: Sequence[str], most: int, model: str | None) -> Prompt:
    """Return a prompt of nearly `most` tokens: two `words` to remember, one at each end, abstracts between them."""
    abstracts = [paper.abstract for paper in _papers().values()]
    random.Random(words[0]).shuffle(abstracts)  # noqa: S311 - so that no server has it from the last time
    made = partial(_long_prompt, words)
    room = most - prompting.tokens(made([]), model)
    kept: list[str] = []
    for abstract in abstracts:
        room -= int(tokens.margin(model) * tokens.count(abstract, model)) + 2
        if room < 0:
            break
        kept.append(abstract)
    return made(kept)


def _long_prompt(words: Sequence[str], abstracts: Sequence[str]) -> Prompt:
    first, last = words
    text = "\n\n".join(abstracts)
    asked = f"The first word is {first}.\n\n{text}\n\nThe last word is {last}.\n\nRepeat the first word and the last word."
    return Prompt("", (), "You are told two words, one before and one after a long text.", asked)
