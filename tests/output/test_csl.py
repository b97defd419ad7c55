"""CSL-JSON: the fields that other programs read, under the keys of the BibTeX export."""

from __future__ import annotations

import json

import bibtexparser
from support.factories import paper

from rag.output import references
from rag.output.csl import csl_json

LAMP = paper("Lamps", authors=("Berg, Ada", "Lamp Society"), published="2024-05", url="https://arxiv.org/abs/2405.01234v2")


def test_an_item_has_what_is_known() -> None:
    [item] = json.loads(csl_json([LAMP]))
    assert item == {
        "id": "berg-2024-lamps",
        "type": "article",
        "title": "Lamps",
        "author": [{"family": "Berg", "given": "Ada"}, {"literal": "Lamp Society"}],
        "issued": {"date-parts": [[2024, 5]]},
        "abstract": LAMP.abstract,
        "number": "arXiv:2405.01234",
        "URL": "https://arxiv.org/abs/2405.01234v2",
    }


def test_what_is_not_known_is_left_out() -> None:
    [item] = json.loads(csl_json([paper("Lamps", "")]))
    assert item == {"id": "anon-nd-lamps", "type": "article", "title": "Lamps"}
    assert csl_json([]) == "[]\n"


def test_the_ids_are_the_keys_of_bibtex() -> None:
    papers = [LAMP, paper("Kites", doi="10.5555/kite"), paper("Kites", "Another one.")]
    ids = [item["id"] for item in json.loads(csl_json(papers))]
    assert ids == [entry.key for entry in bibtexparser.parse_string(references.bibtex(papers)).entries]
