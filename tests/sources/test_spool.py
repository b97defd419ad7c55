"""Papers that were read are kept in order, in memory or on the disk."""

from __future__ import annotations

import pytest
from support.factories import paper

from rag.sources import spool
from rag.sources.spool import Spool


@pytest.mark.parametrize("most_bytes", [0, 10_000, 10_000_000])
def test_papers_can_be_gone_through_more_than_once_wherever_they_are_kept(
    most_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "_MAX_BYTES_IN_MEMORY", most_bytes)
    papers = [paper(f"Kite {n}", "" if n % 5 == 0 else f"Kite {n} is red.") for n in range(950)]
    kept = Spool(iter(papers))
    assert (len(kept), kept.titles_only) == (950, 190)
    first = iter(kept)
    assert next(first) == papers[0]
    assert list(kept) == papers
    assert [*first] == papers[1:]


def test_no_papers_are_no_papers() -> None:
    assert (len(Spool(iter([]))), list(Spool(iter([])))) == (0, [])
