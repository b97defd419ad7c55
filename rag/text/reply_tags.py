"""Finds the tags by which models set thoughts, tool calls and answers apart in one text.

Names come with other signs round them from one family of models to the next: <think>, [THINK], <seed:think>, ◁think▷,
<|begin_of_thought|>, <tool_call>, <|START_ACTION|>. gpt-oss has channels (https://cookbook.openai.com/articles/openai-harmony):
<|channel|>analysis<|message|>...<|end|>, and Gemma has its own: <|channel>thought ... <channel|>.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["thought", "/thought", "call", "/call", "answer", "/answer", "channel", "message", "end"]

_NAMES = {
    "thought": r"(?:[\w-]+:)?(?:think(?:ing)?|thoughts?|reason(?:ing)?|reflection|analysis|scratchpad|monologue)",
    "call": r"(?:[\w-]+:)?(?:tool|function)s?[_▁ ]?(?:calls?)?(?:▁begin|▁end)?(?:=[\w.:-]+)?|action",
    "answer": r"(?:final_?)?(?:answer|response|solution|output)",
}
_NAMED = "|".join(f"(?P<{kind}>{name})" for kind, name in _NAMES.items())
_SIGNS: dict[str, Kind] = {
    "<|start|>": "channel",
    "<|channel|>": "channel",
    "<|message|>": "message",
    "<|end|>": "end",
    "<|return|>": "end",
    "<|call|>": "end",
    "<channel|>": "/thought",
}
_TAG = re.compile(
    rf"(?P<sign>{'|'.join(map(re.escape, _SIGNS))})|(?P<gemma><\|channel>\w+\s)"
    rf"|(?P<bracket>[<\[◁])[|｜]?(?P<closing>/|end_of_|end_)?(?:begin_of_|start_)?(?:{_NAMED})[|｜]?[>\]▷]",
    re.IGNORECASE,
)
_STOP_SIGN = r"(?:<\|\w+\|>|</s>|<end_of_turn>)\s*"  # left at the end of a reply by some servers
_STOP_SIGNS = re.compile(rf"(?:{_STOP_SIGN})+\Z")
_UNFINISHED = re.compile(rf"(?:{_STOP_SIGN})*(?:[<◁][/|｜]?[\w:.=|｜▁-]{{0,40}}(?:>\w{{0,12}})?|\[/?[A-Z_]{{0,20}}|\Z)\Z")


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag text[start:end]. A kind with a slash closes what the one without it opens."""

    kind: Kind
    start: int
    end: int


def tags(text: str) -> Iterator[Tag]:
    """Yield the tags of `text` in order. Names in square brackets are tags in capitals only."""
    for match in _TAG.finditer(text):
        if match["sign"]:
            yield Tag(_SIGNS[match["sign"].lower()], match.start(), match.end())
        elif match["gemma"]:
            yield Tag("thought", match.start(), match.end())
        elif match["bracket"] != "[" or match.group().isupper():
            kind = next(kind for kind in _NAMES if match[kind])
            yield Tag(f"/{kind}" if match["closing"] else kind, match.start(), match.end())  # type: ignore[arg-type]


def settled(text: str) -> int:
    """Return how much of `text` cannot become, or lead to, a tag by what comes after it."""
    unfinished = _UNFINISHED.search(text)
    return unfinished.start() if unfinished else len(text)


def without_stop_signs(text: str) -> str:
    """Return the end of a reply without the signs that some servers leave there, such as <|im_end|> and </s>."""
    return _STOP_SIGNS.sub("", text)
