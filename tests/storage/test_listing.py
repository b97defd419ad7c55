"""What a source says, stored batch by batch, and what changed since a state of the library."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.factories import LANTERN, ORCHARD, paper

from rag.storage import leftovers
from rag.storage.library import Changes, Library, Listing

LAMPS, FROST, KITES = paper(), paper("Frost Watch", ORCHARD), paper("Kites", "A kite lifts 3 sensors above the sea.")


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path, create=True)


def read(library: Library, *batches: list[object]) -> list[str]:
    """Store the batches as what one source says; return what changed."""
    listing = Listing(library, "page")
    results = [result for batch in batches for result in listing.put(batch)]  # type: ignore[arg-type]
    return [change for _, change in results + listing.finish()]


def test_a_batch_is_kept_before_the_next_one_comes(library: Library) -> None:
    listing = Listing(library, "page")
    listing.put([LAMPS])
    assert [p.title for p in library.papers().values()] == ["LanternNet"]


def test_a_paper_in_two_batches_is_the_union_of_what_they_say(library: Library) -> None:
    dated, signed = paper(published="2024-05-01"), paper(authors=("Ada Oak",))
    assert read(library, [dated], [FROST, signed]) == ["added", "added"]
    stored = library.papers()[LAMPS.id]
    assert (stored.published, stored.authors) == ("2024-05-01", ("Ada Oak",))


def test_reading_again_changes_nothing_also_where_a_paper_comes_in_two_batches(library: Library) -> None:
    batches: tuple[list[object], ...] = ([paper(published="2024-05-01")], [FROST, paper(authors=("Ada Oak",))])
    read(library, *batches)
    state = library.state
    assert read(library, *batches) == ["unchanged", "unchanged"]
    assert library.state == state


def test_a_source_that_says_less_than_the_last_time_is_believed_at_its_end(library: Library) -> None:
    read(library, [paper(published="2024-05-01"), FROST])
    listing = Listing(library, "page")
    assert [change for _, change in listing.put([LAMPS, FROST])] == ["unchanged"]
    assert [change for _, change in listing.finish()] == ["updated"]
    assert library.papers()[LAMPS.id].published is None


def test_what_changed_since_a_state_is_told(library: Library) -> None:
    library.put("page", [LAMPS, FROST])
    state = library.state
    assert library.changes_since(state) == Changes([], [])
    library.put("other", [KITES, paper(abstract=f"{LANTERN} It also hums.")])
    assert library.changes_since(state) == Changes([KITES.id, LAMPS.id], [])
    library.remove_source("other")
    assert library.changes_since(state) == Changes([LAMPS.id], [KITES.id])
    library.put("other", [KITES])
    assert library.changes_since(state) == Changes([KITES.id, LAMPS.id], [])


def test_a_date_is_no_change_of_the_text(library: Library) -> None:
    library.put("page", [LAMPS])
    state = library.state
    library.put("page", [paper(published="2024-05-01")])
    assert library.state != state
    assert library.changes_since(state) == Changes([], [])


def test_a_state_of_another_library_is_not_known(library: Library, tmp_path: Path) -> None:
    other = Library(tmp_path / "other", create=True)
    other.put("page", [LAMPS])
    assert library.changes_since(other.state) is None


def test_compacting_forgets_which_papers_are_gone(library: Library) -> None:
    library.put("page", [LAMPS])
    state = library.state
    library.remove_source("page")
    leftovers.delete(library.path)
    assert library.changes_since(state) is None
    assert library.changes_since(library.state) == Changes([], [])
