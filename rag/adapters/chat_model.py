"""A LlamaIndex language model as a ChatModel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llama_index.core.llms import LLM, ChatMessage, ChatResponse, LLMMetadata, MessageRole

from rag.endpoints.chat_reply import DONE, Piece
from rag.endpoints.redact import Redactor
from rag.endpoints.server import Window, answer_share
from rag.endpoints.written import Writer, finish
from rag.errors import EndpointError
from rag.events import Reply, Waiting
from rag.interfaces import ChatModel
from rag.listener import Listener, Silence
from rag.settings import classes
from rag.settings.settings import Settings
from rag.types import Mode, Prompt, Usage

_ENDED = ("finish_reason", "done_reason", "stop_reason")
_READ = ("prompt_tokens", "input_tokens", "prompt_token_count", "prompt_eval_count")
_WRITTEN = ("completion_tokens", "output_tokens", "candidates_token_count", "eval_count")


def chat_model(name: str, options: Mapping[str, Any], settings: Settings) -> ChatModel:
    """Return the language model `name`, made with `options`. Raises UsageError; asks nothing of a server."""
    llm: LLM = classes.make(name, options, LLM, "model")
    return LlamaIndexModel(llm, options, settings)


class LlamaIndexModel:
    """Asks a LlamaIndex LLM. How long an answer may be is its own option; it may also wait less than the settings."""

    mode: Mode = "model"
    host: str | None = None

    def __init__(self, llm: LLM, options: Mapping[str, Any], settings: Settings) -> None:
        self._llm = llm
        self._options = options
        self._setting = settings.context_window
        self._answer = settings.max_answer_tokens
        self._waits = (settings.timeout_s, settings.stall_s)
        self._known: LLMMetadata | None = None

    @property
    def name(self) -> str | None:
        """The model's own name, else its class's; never its metadata's, for which some classes ask their server."""
        names = (getattr(self._llm, attribute, None) for attribute in ("model", "model_name"))
        return next((name for name in names if name and isinstance(name, str)), type(self._llm).__name__)

    @property
    def context_tokens(self) -> int | None:
        """Tokens that the prompt may take, of what RAG_CONTEXT_WINDOW says or else the class. Raises EndpointError."""
        metadata = self._metadata()
        window = metadata.context_window if metadata.context_window > 0 else None  # -1 is what classes say that do not know
        tokens = Window(window).within(self._setting)
        answer = max(self._answer, metadata.num_output or 0)
        return tokens - answer_share(tokens, answer)

    def _metadata(self) -> LLMMetadata:
        if self._known is None:
            try:
                self._known = self._llm.metadata
            except Exception as error:
                raise self._explain(error) from error
        return self._known

    def stream(self, prompt: Prompt) -> Iterator[Reply]:
        """Yield the reply as it comes, or whole from a class that does not stream, a Waiting a silent second, and a Finish.

        Raises EndpointError when no text comes; after the first text, a reply that breaks off ends with Finish(False).
        """
        role = self._metadata().system_role
        messages = [ChatMessage(role=role, content=prompt.system), ChatMessage(role=MessageRole.USER, content=prompt.user)]
        writer, broken = Writer(Redactor(())), None
        try:
            for item in self._listened(messages):
                if isinstance(item, Waiting):
                    yield item
                else:
                    yield from writer.next(item)
        except Exception as error:
            if not writer.text:
                raise self._explain(error) from error
            broken = f"the reply broke off ({error if isinstance(error, Silence) else type(error).__name__})"
        yield from writer.end()
        if not writer.text.strip():
            raise EndpointError(f"The LlamaIndex model {self.name} gave an empty reply.", "Check the options of model.")
        yield finish(broken, writer, ())

    def _listened(self, messages: Sequence[ChatMessage]) -> Iterator[Piece | Waiting]:
        """Yield the pieces and the silent seconds. Raises Silence after too many of them.

        A LlamaIndex class cannot be hung up: its thread, when nobody listens any more, ends with the next piece or at the
        class's own timeout.
        """

        def read(listener: Listener[Piece]) -> None:
            for piece in self._pieces(messages):
                listener.put(piece)
                if listener.left.is_set():
                    return

        first_s, next_s = self._waits
        return Listener(read).patiently(lambda begun: next_s if begun else first_s)

    def _pieces(self, messages: Sequence[ChatMessage]) -> Iterator[Piece]:
        """Yield what comes of the reply; most classes do not tell that it ended in order."""
        text = ""
        for reply in self._replies(messages):
            piece = _piece(reply, text)
            text += piece
            thought = str(reply.additional_kwargs.get("thinking_delta") or "")
            yield Piece(piece, thought, _ended(reply) or None, _usage(reply))
        yield Piece(reason=DONE)

    def _replies(self, messages: Sequence[ChatMessage]) -> Iterator[ChatResponse]:
        """Yield what stream_chat does, or the one reply of chat where that is not there."""
        begun = False
        try:
            for reply in self._llm.stream_chat(messages):
                begun = True
                yield reply
        except NotImplementedError:
            if begun:
                raise
            yield self._llm.chat(messages)

    def _explain(self, error: Exception) -> EndpointError:
        if isinstance(error, TimeoutError):
            return EndpointError(
                f"No answer in time from the LlamaIndex model {self.name}.", "Check it, or raise RAG_TIMEOUT_S."
            )
        text = classes.error_text(error, self._options)
        return EndpointError(
            f"The LlamaIndex model {self.name} failed ({text}).",
            "Check its server and the options of model, or use --no-model for an answer without one.",
        )


def _piece(reply: ChatResponse, text: str) -> str:
    """Return what `reply` adds to what came so far, which is `text`: the delta, or the rest of the whole."""
    if reply.delta is not None:
        return reply.delta
    whole = reply.message.content or ""
    return whole[len(text) :] if whole.startswith(text) else whole


def _ended(reply: ChatResponse) -> str:
    """Return why the reply ended, in lower case and as its server called it; empty where it does not tell."""
    listed = (_part(reply.raw, name) for name in ("choices", "candidates"))
    first = (several[0] for several in listed if isinstance(several, Sequence) and several)
    reasons = (_part(place, name) for place in (reply.raw, *first, reply.additional_kwargs) for name in _ENDED)
    reason = next((reason for reason in reasons if reason), "")
    return str(getattr(reason, "name", reason)).lower()


def _usage(reply: ChatResponse) -> Usage | None:
    """Return the tokens that the server counted, wherever the class leaves them; None where it does not."""
    places = (reply.additional_kwargs, _part(reply.raw, "usage"), _part(reply.raw, "usage_metadata"), reply.raw)
    for place in places:
        read, written = (_count(place, names) for names in (_READ, _WRITTEN))
        if read or written:
            return Usage(read, written)
    return None


def _count(place: object, names: Sequence[str]) -> int | None:
    values = (_part(place, name) for name in names)
    return next((value for value in values if isinstance(value, int)), None)


def _part(place: object, name: str) -> Any:
    """Return a value of a dict or of an object; None where it is not there."""
    return place.get(name) if isinstance(place, Mapping) else getattr(place, name, None)
