"""Which citations of an answer their statements need: what citation precision counts, as in ALCE (Gao et al. 2023).

A citation counts when its statement is supported, and either its abstract alone supports it or the others do not without it.
"""

from __future__ import annotations

from collections.abc import Sequence

from evals.metrics import Value, told
from rag.checking.checker import Checker
from rag.interfaces import Embedder
from rag.text import citations
from rag.types import Answer


def count(answer: Answer, embedder: Embedder) -> Value:
    """Return how many citations of `answer` are needed, and how many there are. Raises EmbedderError."""
    checker = Checker(answer.sources, embedder)
    needed = of = 0
    for claim in told(answer):
        numbers = tuple(dict.fromkeys(claim.citations))
        of += len(numbers)
        if claim.verdict == "supported":
            needed += len(numbers) if len(numbers) < 2 else sum(_is_needed(checker, claim.text, n, numbers) for n in numbers)
    return needed, of


def _is_needed(checker: Checker, text: str, n: int, numbers: Sequence[int]) -> bool:
    others = [other for other in numbers if other != n]
    return _supported(checker, text, [n]) or not _supported(checker, text, others)


def _supported(checker: Checker, text: str, numbers: Sequence[int]) -> bool:
    """Whether the abstracts of `numbers` support the statement `text`, whatever it cites itself."""
    bare = citations.without_marks(text).strip().rstrip(".")
    claims = checker.claims(f"{bare} {''.join(f'[{n}]' for n in numbers)}.")
    return bool(claims) and all(claim.verdict in ("supported", "none") for claim in claims)
