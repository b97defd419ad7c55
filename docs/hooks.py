"""Fills in what the pages take from the code, while MkDocs builds them: `<!-- generated: NAME -->` becomes that part."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import reference

_MARK = re.compile(r"<!-- generated: (\S+) -->")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Return a page with its marks filled in. Raises KeyError for a part that there is not."""
    return _MARK.sub(lambda mark: reference.part(mark.group(1)), markdown)
