"""Checks the model that is set: connection, answer, streaming, citations, context window and speed.

The first request's error decides which stage failed. Earlier stages passed, and later ones are skipped.
"""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from rag import prompting
from rag.answering.refusal import is_refusal
from rag.doctor.machine import Check, Skipped, attempt
from rag.endpoints import address, explain, faults, server
from rag.endpoints.connection import OPENAI
from rag.errors import EndpointError, PromptTooLong, RagError
from rag.events import Finish, Thought, Withdrawn
from rag.interfaces import ChatModel
from rag.settings.settings import Endpoint, Settings
from rag.sources import formats
from rag.text import statements, tokens
from rag.types import Hit, Paper, Prompt, Source, Usage

_STAGES = ("reachable", "path", "key", "model", "answer")
COUNTING_REQUEST = Prompt(question="", sources=(), system="Answer in a few words.", user="Count from one to ten, in words.")
_TITLES_AND_QUESTIONS = {  # of the starter corpus
    "GraphSAINT: Graph Sampling Based Inductive Learning Method": "How does GraphSAINT keep the neighbors of a node few?",
    "WebWISE: Web Interface Control and Sequential Exploration with Large Language Models": "What does WebWISE see of a page?",
    "Robust Active Distillation": "Which points does Robust Active Distillation query the teacher for?",
}
_MIN_CITING_REPLIES = 2  # of the three
_LONG_PROMPT_SHARE = 0.9  # of the context window
_MAX_LONG_PROMPT_TOKENS = 16_000  # more than a usual prompt has, and cheap with a paid model
_MIN_CONTEXT_WINDOW = 1024  # tokens; the smallest value of RAG_CONTEXT_WINDOW
_MAX_REPLY_CHARS_SHOWN = 60


@dataclass(frozen=True, slots=True)
class TimedReply:
    """A reply with its number of pieces and its times, in seconds from the request.

    `start_s` is the first thought or text, `first_s` and `last_s` are the first and the last text, `total_s` is the end.
    """

    text: str
    pieces: int
    start_s: float
    first_s: float
    last_s: float
    total_s: float
    finish: Finish


def timed_reply(model: ChatModel, request: Prompt) -> TimedReply:
    """Return the whole reply of `model` to `request`. Raises EndpointError when there is none."""
    began = time.perf_counter()
    start = first = last = None
    text, pieces, finish = "", 0, Finish(complete=False)
    for item in model.stream(request):
        now = time.perf_counter() - began
        if isinstance(item, str | Thought):
            start = now if start is None else start
        if isinstance(item, str):
            first, last, text, pieces = now if first is None else first, now, text + item, pieces + 1
        elif isinstance(item, Withdrawn):
            first, last, text, pieces = None, None, "", 0
        elif isinstance(item, Finish):
            finish = item
    total = time.perf_counter() - began
    return TimedReply(text.strip(), pieces, start or total, first or total, last or total, total, finish)


class Trial:
    """The checks of one model, in order. `endpoint` is None for a model without an OpenAI-compatible endpoint."""

    def __init__(self, model: ChatModel, endpoint: Endpoint | None, settings: Settings) -> None:
        self._model = model
        self._settings = settings
        self._key = endpoint.api_key.get_secret_value() if endpoint and endpoint.api_key else ""
        given = endpoint.base_url if endpoint else None
        self._urls = (address.candidates(given) if given else [OPENAI]) if endpoint else []
        self._url = self._urls[0] if self._urls else None
        self._listed: list[str] | None = None
        self._replies: list[tuple[Prompt, TimedReply]] = []
        self.answers = False
        """Whether the model has answered."""

    def checks(self, *, quick: bool) -> Iterator[Check]:
        """Yield the checks from four short requests and a long one; with `quick`, from the short ones only."""
        yield from self._first()
        yield attempt("streaming", self._streams)
        yield attempt("citations", self._cites)
        yield attempt("window", self._window)
        if not quick:
            yield attempt("long prompt", self._long)
            yield attempt("speed", self._speed)

    def _first(self) -> Iterator[Check]:
        """Send a first, short request and yield a check for each stage of answering it."""
        failure: EndpointError | None = None
        reply: TimedReply | None = None
        try:
            reply = timed_reply(self._model, COUNTING_REQUEST)
            self._replies.append((COUNTING_REQUEST, reply))
            self.answers = True
        except EndpointError as error:
            failure = error
        failed = _STAGES.index(self._stage(failure)) if failure else len(_STAGES)
        for n, name in enumerate(_STAGES):
            if failure and n == failed:
                yield Check(name=name, ok=False, message=failure.message, fix=failure.fix)
            elif n > failed:
                yield Check(name=name, ok=None, message=f"not checked: “{_STAGES[failed]}” failed")
            elif name == "path" and reply and reply.finish.notes:
                message, _, fix = reply.finish.notes[0].partition(": set ")
                yield Check(name=name, ok=True, message=message, fix=fix and f"Set {fix}")
            else:
                yield Check(name=name, ok=True, message=self._passed(name, reply))

    def _stage(self, error: EndpointError) -> str:
        """Return the stage at which the first request failed with `error`."""
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

    def _passed(self, stage: str, reply: TimedReply | None) -> str:
        """Return the message of a stage that passed."""
        if stage == "reachable":
            return f"{self._model.host or 'the model'} answers"
        if stage == "path":
            return f"the API is at {address.shown(self._url)}" if self._url else "the model class sends the requests"
        if stage == "key":
            return "the key is accepted, or not needed" if self._key else "no key is set, and none is needed"
        if stage == "model":
            if self._listed is None:
                self._list()
            others = (
                f"; the server lists {explain.listed(self._listed)}"
                if self._listed and self._listed != [self._model.name]
                else ""
            )
            return f"{self._model.name}{others}"
        assert reply is not None  # noqa: S101 - the last stage passes with a reply only
        more = "…" if len(reply.text) > _MAX_REPLY_CHARS_SHOWN else ""
        return f"“{reply.text[:_MAX_REPLY_CHARS_SHOWN]}{more}” in {reply.total_s:.1f} s"

    def _require_answer(self) -> None:
        if not self.answers:
            raise Skipped("not checked: the first question was not answered")

    def _streams(self) -> str:
        self._require_answer()
        _, reply = self._replies[0]
        if reply.pieces < 2 or reply.first_s >= reply.last_s:
            raise RagError(
                "The reply came in one piece, so an answer appears only when it is complete.",
                "Turn streaming on at the server, or buffering off at the proxy before it.",
            )
        return f"{reply.pieces} pieces between {reply.first_s:.2f} and {reply.last_s:.2f} s"

    def _cites(self) -> str:
        self._require_answer()
        citing = 0
        for request in _citation_requests(self._model):
            reply = timed_reply(self._model, request)
            self._replies.append((request, reply))
            citing += cites(reply.text, request.sources)
        message = f"{citing} of {len(_TITLES_AND_QUESTIONS)} replies cite a source in every sentence"
        if citing < _MIN_CITING_REPLIES:
            raise RagError(f"Only {message}.", "Use a larger model, or one tuned for chat.")
        return message

    def _window(self) -> str:
        self._require_answer()
        for request, reply in self._replies:
            _raise_if_cut(request, reply.finish.usage, self._model.name)
        fits, setting = self._model.context_tokens, self._settings.context_window
        if fits is None:
            return "a prompt may be of any length"
        is_openai = self._url is None or self._url == OPENAI
        window = server.Window() if is_openai else server.ask(self._url or "", self._model.name, self._key)
        if setting and window.most and setting > window.most:
            raise RagError(
                f"RAG_CONTEXT_WINDOW is {setting:,}, but the server takes only {window.most:,} tokens.",
                f"Set RAG_CONTEXT_WINDOW={window.most}, or give the server a larger window.",
            )
        origin = "from the server" if window.tokens else "the default, as the server gives no number"
        return f"{fits:,} tokens for the prompt, {'from RAG_CONTEXT_WINDOW' if setting else origin}"

    def _long(self) -> str:
        self._require_answer()
        words = [f"{kind}-{secrets.token_hex(3)}" for kind in ("amber", "cobalt")]
        share = int(_LONG_PROMPT_SHARE * (self._model.context_tokens or _MAX_LONG_PROMPT_TOKENS))
        request = long_prompt(words, min(share, _MAX_LONG_PROMPT_TOKENS), self._model.name)
        sent = prompting.tokens(request, self._model.name)
        try:
            reply = timed_reply(self._model, request)
        except PromptTooLong as error:
            window = faults.window_named(error.__cause__)
            setting = f"Set RAG_CONTEXT_WINDOW={max(window or 0, _MIN_CONTEXT_WINDOW)}, or give the server a larger window."
            fix = setting if window else error.fix
            raise RagError(f"The server refuses a prompt of about {sent:,} tokens as too long.", fix) from error
        read = reply.finish.usage.prompt_tokens
        _raise_if_cut(request, reply.finish.usage, self._model.name)
        repeated = ("neither", "one", "both")[sum(word in reply.text for word in words)]
        counted = f"{read:,} tokens read" if read else f"about {sent:,} tokens sent, and the server does not count"
        return f"{counted}; the model repeated {repeated} of the words at the two ends"

    def _speed(self) -> str:
        self._require_answer()
        replies = [reply for _, reply in self._replies[1:]]
        if not replies:
            raise Skipped("not measured: no question about abstracts was answered")
        rates = [rate for reply in replies if (rate := _tokens_per_s(reply, self._model.name))]
        message = f"first words after {median(reply.first_s for reply in replies):.1f} s"
        return f"{message}, then {median(rates):,.0f} tokens a second" if rates else message


def _tokens_per_s(reply: TimedReply, model: str | None) -> float | None:
    seconds = reply.total_s - reply.start_s
    count = reply.finish.usage.completion_tokens or tokens.count(reply.text, model)
    return count / seconds if seconds > 0 else None


def _raise_if_cut(request: Prompt, usage: Usage, model: str | None) -> None:
    """Raise RagError when the server reports that it read less than `request`."""
    if not (warnings := prompting.warnings(request, usage, model)):
        return
    read = usage.prompt_tokens or 0
    larger = "give the server a larger window (Ollama: num_ctx or OLLAMA_CONTEXT_LENGTH)."
    smaller = f"Set RAG_CONTEXT_WINDOW={read}, or {larger}"
    fix = smaller if read >= _MIN_CONTEXT_WINDOW else larger[:1].upper() + larger[1:]
    raise RagError(f"{warnings[0].partition(', so ')[0]}.", fix)


def cites(reply: str, sources: Sequence[Source]) -> bool:
    """Whether `reply` makes claims, each claim cites a source, and all citations are of `sources`."""
    numbers = {source.n for source in sources}
    claims = [s for s in statements.statements(reply, sources) if s.is_claim]
    return bool(claims) and not is_refusal(reply) and all(c.citations and numbers.issuperset(c.citations) for c in claims)


def _papers() -> dict[str, Paper]:
    _, text = formats.load(formats.STARTER)
    return {paper.title: paper for paper in formats.parse(text, formats.STARTER) if isinstance(paper, Paper)}


def _citation_requests(model: ChatModel) -> Iterator[Prompt]:
    """Yield the prompts of the fixed questions, each with the paper that answers it first, then the other two."""
    by_title = _papers()
    for title, question in _TITLES_AND_QUESTIONS.items():
        papers = [by_title[title], *(by_title[other] for other in _TITLES_AND_QUESTIONS if other != title)]
        hits = [Hit(paper=paper, score=1.0, dense=1.0, lexical=0.0) for paper in papers]
        yield prompting.answer(question, hits, model.context_tokens, model.name)


def long_prompt(words: Sequence[str], max_tokens: int, model: str | None) -> Prompt:
    """Return a prompt of nearly `max_tokens` tokens: abstracts between two `words` that the model is to repeat."""
    abstracts = [paper.abstract for paper in _papers().values()]
    random.Random(words[0]).shuffle(abstracts)  # noqa: S311 - so that no server has the prompt in its cache
    spare = max_tokens - prompting.tokens(_words_around(words, []), model)
    fitting: list[str] = []
    for abstract in abstracts:
        spare -= int(tokens.margin(model) * tokens.count(abstract, model)) + 2
        if spare < 0:
            break
        fitting.append(abstract)
    return _words_around(words, fitting)


def _words_around(words: Sequence[str], abstracts: Sequence[str]) -> Prompt:
    ends = f"The first word is {words[0]}.", f"The last word is {words[1]}."
    request = "\n\n".join([ends[0], "\n\n".join(abstracts), ends[1], "Repeat the first word and the last word."])
    system = "You are told two words, one before and one after a long text."
    return Prompt(question="", sources=(), system=system, user=request)
