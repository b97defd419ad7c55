"""Replies in the shapes that servers and models were reported to give them, with what is to be read in each."""

from __future__ import annotations

import json
from typing import Any

from support.endpoint_server import USAGE, Behaviour, Exchange, delta, events, fails, says, tells

TOLD = "GraphSAINT samples the training graph itself and builds a complete GCN on the resulting subgraph [1]."
SAID = "Source 1 is on sampling."
HARMONY = "<|channel|>analysis<|message|>{}<|end|><|start|>assistant<|channel|>final<|message|>{}"


def piecewise(text: str) -> list[str]:
    return [text[i : i + 7] for i in range(0, len(text), 7)]


def written(text: str, finish: str | None = "stop") -> Behaviour:
    return says(*piecewise(text), finish=finish)


def of(**parts: Any) -> dict[str, Any]:
    """An event whose delta has these parts."""
    event = delta(None)
    event["choices"][0]["delta"] = parts
    return event


def streamed(*values: Any, finish: str | None = "stop") -> Behaviour:
    return events(*values, delta(None, finish), USAGE, "[DONE]")


def whole(content_type: str = "application/json", **message: Any) -> Behaviour:
    body = {"choices": [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}]}
    return lambda to: to.reply(200, body, content_type)


def in_body(text: str, content_type: str) -> Behaviour:
    """Server-sent events under another content type."""
    lines = [delta(piece) for piece in piecewise(text)] + [delta(None, "stop")]
    body = "".join(f"data: {json.dumps(line)}\n\n" for line in lines) + "data: [DONE]\n\n"
    return lambda to: to.reply(200, body, content_type)


def with_room(needed: int, thought: dict[str, Any]) -> Behaviour:
    """A model that thinks away all that it may write, unless that is `needed` tokens."""

    def behave(to: Exchange) -> None:
        limit = to.request.body.get("max_tokens") or to.request.body.get("max_completion_tokens") or 0
        (streamed(of(**thought), finish="length") if limit < needed else written(TOLD))(to)

    return behave


def unless(refused: Any, reply: Behaviour) -> Behaviour:
    """A server that answers only if refused(body) is no error."""

    def behave(to: Exchange) -> None:
        error = refused(to.request.body)
        (fails(400, error) if error else reply)(to)

    return behave


def rules_refused(message: str) -> Behaviour:
    def refused(body: dict[str, Any]) -> str | None:
        return message if any(m["role"] in ("system", "developer") for m in body["messages"]) else None

    return unless(refused, written(TOLD))


CHOICES = [{"index": n, "delta": {"content": text}, "finish_reason": None} for n, text in ((1, "Other."), (0, TOLD))]

# Replies in which TOLD is the whole answer.
READ: dict[str, Behaviour] = {
    "think": written(f"<think>\n{SAID}\n</think>\n\n{TOLD}"),
    "empty think": written(f"<think>\n\n</think>\n\n{TOLD}"),
    "thinking": written(f"<thinking>\n{SAID}\n</thinking>\n{TOLD}"),
    "thought": written(f"<thought>{SAID}</thought>{TOLD}"),
    "reasoning in capitals": written(f"<REASONING>{SAID}</REASONING>\n{TOLD}"),
    "[THINK]": written(f"[THINK]{SAID}[/THINK]{TOLD}"),
    "seed:think": written(f"<seed:think>{SAID}</seed:think>{TOLD}"),
    "kimi": written(f"◁think▷{SAID}◁/think▷{TOLD}"),
    "begin_of_thought": written(
        f"<|begin_of_thought|>{SAID}<|end_of_thought|>\n<|begin_of_solution|>{TOLD}<|end_of_solution|>"
    ),
    "cohere": written(f"<|START_THINKING|>{SAID}<|END_THINKING|><|START_RESPONSE|>{TOLD}<|END_RESPONSE|>"),
    "harmony": written(HARMONY.format(SAID, TOLD) + "<|return|>"),
    "harmony without its beginning": written(HARMONY.format(SAID, TOLD).removeprefix("<|channel|>analysis<|message|>")),
    "harmony without signs": written(f"analysis{SAID}assistantfinal{TOLD}"),
    "gemma": written(f"<|channel>thought\n{SAID}\n<channel|>{TOLD}"),
    "a lone closing tag": written(f"{SAID} It is [1].\n</think>\n\n{TOLD}"),
    "reasoning_content": streamed(*(of(reasoning_content=p) for p in piecewise(SAID)), *map(delta, piecewise(TOLD))),
    "reasoning": streamed(*(of(reasoning=p) for p in piecewise(SAID)), *map(delta, piecewise(TOLD))),
    "reasoning_content and its copy": streamed(of(reasoning_content=SAID, reasoning=SAID), *map(delta, piecewise(TOLD))),
    "content in parts": streamed(
        of(content=[{"type": "thinking", "thinking": [{"type": "text", "text": SAID}]}]),
        of(content=[{"type": "text", "text": TOLD}]),
    ),
    "answer": written(f"<think>{SAID}</think>\n<answer>\n{TOLD}\n</answer>"),
    "a fence of Markdown": written(f"```markdown\n{TOLD}\n```"),
    "a bare fence": written(f"```\n{TOLD}\n```"),
    "a stop sign": written(f"{TOLD}<|im_end|>"),
    "another stop sign": written(f"{TOLD}</s>"),
    "a BOM": written(f"\ufeff{TOLD}"),
    "no finish reason": written(TOLD, finish=None),
    "an empty finish reason": written(TOLD, finish=""),
    "eos": written(TOLD, finish="eos"),
    "end_turn": written(TOLD, finish="end_turn"),
    "COMPLETE": written(TOLD, finish="COMPLETE"),
    "stop_sequence": written(TOLD, finish="stop_sequence"),
    "no [DONE]": says(TOLD, done=False),
    "several choices": events({**delta(None), "choices": CHOICES}, delta(None, "stop"), "[DONE]"),
    "a negative count": events(delta(TOLD), delta(None, "stop"), {**USAGE, "usage": {"prompt_tokens": -5}}, "[DONE]"),
    "events as JSON": in_body(TOLD, "application/json"),
    "events as text": in_body(TOLD, "text/plain"),
    "whole": whole(content=TOLD),
    "whole as events": whole("text/event-stream", content=TOLD),
    "whole with thoughts": whole(content=TOLD, reasoning_content=SAID),
    "room for thoughts": with_room(1500, {"reasoning": SAID}),
    "room for hidden thoughts": with_room(1500, {"content": ""}),
    "no system role": rules_refused("System role not supported"),
    "no developer instruction": rules_refused("Developer instruction is not enabled for models/gemma-3-27b-it"),
    "roles that alternate": rules_refused("Conversation roles must alternate user/assistant/user/assistant/..."),
    "no temperature": unless(
        lambda body: "temperature" in body and "`temperature` is deprecated for this model.", written(TOLD)
    ),
    "no stream": unless(lambda body: body.get("stream") and "stream is not supported", whole(content=TOLD)),
}

CALL = '{"name": "search", "arguments": {"q": "GraphSAINT"}}'

# Replies without an answer, and what is said of them.
NONE: dict[str, tuple[Behaviour, str]] = {
    "a tool call": (
        streamed(of(tool_calls=[{"index": 0, "function": {"name": "search", "arguments": "{}"}}]), finish="tool_calls"),
        "called a tool",
    ),
    "a tool call as text": (written(f"<tool_call>\n{CALL}\n</tool_call>"), "called a tool"),
    "a tool call in a channel": (written("<|channel|>commentary to=functions.search<|message|>{}<|call|>"), "called a tool"),
    "a tool call of Mistral": (written(f"[TOOL_CALLS][{CALL}]"), "called a tool"),
    "nothing but thoughts": (written(f"<think>{SAID}", finish="stop"), "thought and came to no answer"),
    "thoughts up to the limit": (written(f"<think>{SAID}", finish="length"), "until it had no more tokens"),
    "hidden thoughts up to the limit": (with_room(10**9, {"content": ""}), "until it had no more tokens"),
    "nothing": (written(""), "empty reply"),
    "nothing, for the filter": (written("", finish="content_filter"), "empty reply (contentfilter)"),
    "deep JSON": (tells("[" * 100_000), "not that of an OpenAI-compatible API"),
    "long numbers": (tells('{"choices": ' + "9" * 5_000 + "}"), "not that of an OpenAI-compatible API"),
    "a filtered prompt": (
        lambda to: to.reply(400, json.dumps({"error": {"code": "content_filter", "message": "The prompt was filtered."}})),
        "content filter",
    ),
    "an error in a list": (
        lambda to: to.reply(400, json.dumps([{"error": {"code": 400, "message": "API key not valid."}}])),
        "key",
    ),
}

# Replies that break off, what came, and why they did.
BROKEN: dict[str, tuple[Behaviour, str]] = {
    **{
        finish: (written("GraphSAINT samples", finish=finish), why)
        for finish, why in {
            "length": "length limit",
            "model_length": "length limit",
            "max_tokens": "length limit",
            "MAX_TOKENS": "length limit",
            "error": "with an error",
            "SAFETY": "filter",
            "content_filter": "filter",
            "recitation": "ended the reply early (recitation)",
            "tool_calls": "called a tool",
        }.items()
    },
    "no end": (says("GraphSAINT samples", finish=None, done=False), "without a finish reason"),
    "an error": (events(delta("GraphSAINT samples"), {"error": {"message": "out of memory"}}), "out of memory"),
    "deep JSON": (events(delta("GraphSAINT samples"), "[" * 100_000), "broke off"),
    "long numbers": (events(delta("GraphSAINT samples"), '{"created": ' + "9" * 5_000 + "}"), "broke off"),
}
