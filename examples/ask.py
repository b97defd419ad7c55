"""Asks one question and shows what the check found: the verdict of each sentence, and the evidence for it.

uv run python examples/ask.py ["another question"]
"""

import sys

from rag import Assistant, load_settings

QUESTION = "How does GraphSAINT build its minibatches?"

assistant = Assistant(load_settings(no_model=True))  # without no_model=True, the model of the settings answers
answer = assistant.ask(sys.argv[1] if len(sys.argv) > 1 else QUESTION)

if answer.refused:
    print(answer.refusal_reason)
for claim in answer.claims:
    print(f"{claim.verdict}: {claim.text}")
    for evidence in claim.evidence:
        print(f"    [{evidence.n}] {evidence.sentence}")
for source in answer.sources:
    if source.cited:
        print(f"[{source.n}] {source.paper.title}")
