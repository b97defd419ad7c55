"""Prints an answer as it comes: pieces of text, and a verdict as soon as a sentence ends.

uv run python examples/stream.py
"""

from rag import Answer, Assistant, load_settings
from rag.types import Claim

assistant = Assistant(load_settings(no_model=True))
verdicts = 0
for event in assistant.stream("What F1 score does GraphSAINT reach on Reddit?"):
    if isinstance(event, str):
        print(event, end="", flush=True)
    elif isinstance(event, Claim):
        verdicts += 1
        print(f" ({event.verdict})", end="", flush=True)
    elif isinstance(event, Answer):  # the whole answer comes last; the verdict on its last sentence is only in it
        for claim in event.claims[verdicts:]:
            print(f" ({claim.verdict})", end="")
        print(f"\n\n{event.timings.total_s:.2f} s, {len(event.sources)} papers read")
