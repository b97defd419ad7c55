"""Asks a model whether the cited abstracts say what an answer claims: a second judge beside the check by code.

A request holds one source and up to _CLAIMS_PER_REQUEST claims that cite it. A claim is sent once for each abstract.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rag import prompting
from rag.interfaces import ChatModel
from rag.text import citations
from rag.types import Claim, Source, Verdict

_CLAIMS_PER_REQUEST = 10
_VERDICT_LINE = re.compile(r"^\W*(\d+)\W+(yes|partly|no)\b", re.IGNORECASE | re.MULTILINE)
_VERDICTS: dict[str, Verdict] = {"yes": "supported", "partly": "partial", "no": "unsupported"}
Judged = dict[tuple[str | None, str, str], Verdict]  # key: name of the model, claim, abstract
_BEST_FIRST: tuple[Verdict, ...] = ("supported", "partial", "unsupported")


class Verifier:
    """Asks `model` for verdicts and keeps them in `verdicts`, which threads may share: at worst two ask the same."""

    def __init__(self, model: ChatModel, verdicts: Judged | None = None) -> None:
        self._model = model
        self._verdicts: Judged = {} if verdicts is None else verdicts

    def judge(self, claims: Sequence[Claim], sources: Sequence[Source]) -> list[Claim]:
        """Return `claims`, each with the model's verdict in `judged`: the best verdict among the sources it cites.

        A claim without a citation, or without a verdict in the reply, keeps None. Raises EndpointError when the model
        cannot be asked.
        """
        cited = {source.n: [c for c in claims if source.n in (*c.citations, *c.added)] for source in sources}
        for source in sources:
            self._ask(list(dict.fromkeys(citations.without_marks(c.text) for c in cited[source.n])), source)
        judged = []
        for claim in claims:
            text = citations.without_marks(claim.text)
            keys = [(self._model.name, text, s.paper.abstract) for s in sources if claim in cited[s.n]]
            verdicts = {self._verdicts[key] for key in keys if key in self._verdicts}
            judged.append(replace(claim, judged=next((v for v in _BEST_FIRST if v in verdicts), None)))
        return judged

    def _ask(self, statements: Sequence[str], source: Source) -> None:
        new = [s for s in statements if (self._model.name, s, source.paper.abstract) not in self._verdicts]
        for first in range(0, len(new), _CLAIMS_PER_REQUEST):
            batch = new[first : first + _CLAIMS_PER_REQUEST]
            reply = "".join(p for p in self._model.stream(prompting.verify(batch, source)) if isinstance(p, str))
            for number, word in _VERDICT_LINE.findall(reply):
                if 0 < int(number) <= len(batch):
                    self._verdicts[(self._model.name, batch[int(number) - 1], source.paper.abstract)] = _VERDICTS[word.lower()]
