"""Good replies with bytes flipped, cut and repeated: no exception but ours, text that came is kept, and it ends in time."""

from __future__ import annotations

import json
import random
import threading
import time

import pytest
from support.endpoint_server import Endpoint, Exchange, delta
from support.reply_shapes import HARMONY, SAID, TOLD, of, piecewise

from rag.endpoints.chat import EndpointModel
from rag.errors import EndpointError
from rag.events import Finish, Thought, Waiting, Withdrawn
from rag.settings import settings
from rag.types import Prompt

PROMPT = Prompt("Why?", (), "Be brief.", "Why do lamps dim?")
TIMEOUT_S, STALL_S = 4.0, 2.0
MOST_S = 2 * TIMEOUT_S + STALL_S + 4  # two attempts, where thinking took all tokens, and a busy machine
SEEDS, SEEDS_LONG, AT_ONCE = 60, 10_000, 8


def sse(*values: object) -> bytes:
    return b"".join(b"data: " + (v if isinstance(v, str) else json.dumps(v)).encode() + b"\n\n" for v in values)


def good_replies() -> list[bytes]:
    end = [delta(None, "stop"), {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 7}}, "[DONE]"]
    texts = [TOLD, f"<think>{SAID}</think>{TOLD}", f"{SAID}</think>\n{TOLD}", HARMONY.format(SAID, TOLD), f"```md\n{TOLD}\n```"]
    streams = [sse(*map(delta, piecewise(text)), *end) for text in texts]
    streams.append(sse(*(of(reasoning=p) for p in piecewise(SAID)), *map(delta, piecewise(TOLD)), *end))
    streams.append(json.dumps({"choices": [{"message": {"content": TOLD}, "finish_reason": "stop"}]}).encode())
    return streams


def damaged(body: bytes, chance: random.Random) -> bytes:
    """`body` with some of its bytes flipped, left out, repeated or put elsewhere."""
    data = bytearray(body)
    for _ in range(chance.choice([1, 1, 1, 2, 5, 40])):
        at = chance.randrange(len(data) + 1)
        length = chance.choice([1, 1, 3, 20, 200])
        kind = chance.randrange(5)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            del data[at : at + length]
        elif kind == 2:
            data[at:at] = data[at : at + length] * chance.choice([1, 2, 30])
        elif kind == 3:
            data[at:at] = chance.randbytes(length)
        else:
            del data[at:]
    return bytes(data)


def served(seed: int) -> tuple[bytes, random.Random]:
    chance = random.Random(seed)
    return damaged(chance.choice(good_replies()), chance), chance


def behave(to: Exchange) -> None:
    """Send the reply of the seed that is the model's name, in packets of any size, and end it well or not."""
    body, chance = served(int(to.request.body["model"]))
    to.handler.send_response(200)
    to.handler.send_header("Content-Type", chance.choice(["text/event-stream", "application/json", "text/html"]))
    to.handler.send_header("Transfer-Encoding", "chunked")
    to.handler.end_headers()
    at = 0
    while at < len(body):
        size = chance.choice([1, 7, 50, 400])
        to.raw(body[at : at + size])
        at += size
    if chance.random() < 0.9:
        to.end()
    else:
        to.drop()


def check(url: str, seed: int) -> None:
    """Hear the reply of `seed`. Raises whatever is not as it is to be."""
    asked = EndpointModel(settings.Endpoint(url, str(seed), None), settings.load(timeout_s=TIMEOUT_S, stall_s=STALL_S))
    began, text, last, refused = time.monotonic(), "", None, None
    try:
        for last in asked.stream(PROMPT):
            text = "" if isinstance(last, Withdrawn) else text + last if isinstance(last, str) else text
            assert isinstance(last, str | Thought | Waiting | Withdrawn | Finish)
    except EndpointError as error:
        refused = error
    assert time.monotonic() - began < MOST_S
    assert bool(text.strip()) == (refused is None), f"text and an error, or neither: {text!r}, {refused}"
    assert refused is not None or isinstance(last, Finish)
    text.encode()  # no halves of characters


def fuzz(seeds: range) -> None:
    failures: list[str] = []

    def work(own: range) -> None:
        for seed in own:
            try:
                check(server.url, seed)
            except BaseException as error:  # noqa: BLE001 - told with its seed
                failures.append(f"seed {seed}: {type(error).__name__} {error}")

    with Endpoint(
        behave, models=["m"], paths={f"/{p}": lambda to: to.reply(404, "{}") for p in ("props", "api/show")}
    ) as server:
        threads = [threading.Thread(target=work, args=(seeds[n::AT_ONCE],)) for n in range(AT_ONCE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []


def test_damaged_replies_do_no_harm() -> None:
    fuzz(range(SEEDS))


@pytest.mark.long
def test_ten_thousand_damaged_replies_do_no_harm() -> None:
    fuzz(range(SEEDS_LONG))


def test_the_damage_is_real() -> None:
    """Most of what is sent is not what was good, and some of it still reads."""
    bodies = [served(seed)[0] for seed in range(SEEDS)]
    assert sum(body in good_replies() for body in bodies) < SEEDS / 4
