"""Asks a model which claims of an answer the abstracts they cite say: a second judge beside the check by code.

One request for each cited source and up to _BATCH claims; the same claim of the same abstract is asked only once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rag import prompting
from rag.interfaces import ChatModel
from rag.text import citations as reading
from rag.types import Claim, Source, Verdict

_BATCH = 10
_LINE = re.compile(r"^\W*(\d+)\W+(yes|partly|no)\b", re.IGNORECASE | re.MULTILINE)
_WORDS: dict[str, Verdict] = {"yes": "supported", "partly": "partial", "no": "unsupported"}
Judged = dict[tuple[str | None, str, str], Verdict]  # by the model's name, a claim and an abstract
_BEST_FIRST: tuple[Verdict, ...] = ("supported", "partial", "unsupported")


class Verifier:
    """Keeps in `said` what models said of claims and abstracts. Safe to share: at worst two threads ask the same."""

    def __init__(self, model: ChatModel, said: Judged | None = None) -> None:
        self._model = model
        self._said: Judged = {} if said is None else said

    def judge(self, claims: Sequence[Claim], sources: Sequence[Source]) -> list[Claim]:
        """Return `claims` with the model's verdict on each that cites a source: the best of its sources'.

        A claim that the model passes over keeps None. Raises EndpointError when the model cannot be asked.
        """
        cited = {source.n: [c for c in claims if source.n in (*c.citations, *c.added)] for source in sources}
        for source in sources:
            self._ask(list(dict.fromkeys(reading.without_marks(c.text) for c in cited[source.n])), source)
        judged = []
        for claim in claims:
            said = reading.without_marks(claim.text)
            keys = [(self._model.name, said, s.paper.abstract) for s in sources if claim in cited[s.n]]
            verdicts = {self._said[key] for key in keys if key in self._said}
            judged.append(replace(claim, judged=next((v for v in _BEST_FIRST if v in verdicts), None)))
        return judged

    def _ask(self, statements: Sequence[str], source: Source) -> None:
        new = [s for s in statements if (self._model.name, s, source.paper.abstract) not in self._said]
        for first in range(0, len(new), _BATCH):
            batch = new[first : first + _BATCH]
            reply = "".join(p for p in self._model.stream(prompting.verify(batch, source)) if isinstance(p, str))
            for number, word in _LINE.findall(reply):
                if 0 < int(number) <= len(batch):
                    self._said[(self._model.name, batch[int(number) - 1], source.paper.abstract)] = _WORDS[word.lower()]
