"""A question as it was understood, on its way from the person who asked to the answer."""

from __future__ import annotations

from dataclasses import dataclass, field

from rag.collection.query import Query
from rag.questions import followup
from rag.types import Filters


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it was understood.

    `searched` is `standalone` in English, `queries` are the ways to read it as one about the collection, and `by_rules` says
    whether the first of them is by strict rules. `notes` are warnings for the person who asked.
    """

    standalone: str
    searched: str
    queries: tuple[Query, ...] = ()
    by_rules: bool = False
    filters: Filters = field(default_factory=Filters)
    notes: tuple[str, ...] = ()

    @property
    def joined(self) -> bool:
        """Whether it is a follow-up that was joined to an earlier question, and not rewritten by a model."""
        return self.standalone == self.searched and bool(followup.context(self.standalone))
