"""What the tests of README, docs and the other pages share: the pages, their code blocks, the commands named in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
PAGES = sorted((ROOT / "docs").rglob("*.md"))
ALL = [README, *(ROOT / name for name in ("CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")), *PAGES]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PYTHON = re.compile(r"((?:RAG_\w+=\S+ )*)(?:uv run )?python -m ((?:rag|ui|evals)\b[\w.]*)(.*)")
_SCRIPT = re.compile(r"^rag-([a-z-]+)(.*)")


@dataclass(frozen=True, slots=True)
class Command:
    """A command line as a page shows it: `module` is rag.ask, ui, ...; `variables` are set before it."""

    page: str
    module: str
    arguments: tuple[str, ...]
    variables: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page}: {self.module} {' '.join(self.arguments)}"[:70]


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path, *languages: str) -> list[str]:
    """Return the code blocks of a page in these languages (none named: in all)."""
    found = _FENCE.findall(page.read_text("utf-8"))
    return [code for language, code in found if not languages or language in languages]


def prose(page: Path) -> str:
    """Return a page without its code blocks."""
    return _FENCE.sub("", page.read_text("utf-8"))


def commands(page: Path) -> Iterator[Command]:
    """Yield the commands of ours in the shell blocks of a page."""
    for block in blocks(page, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            bare = re.sub(r"\s{2,}#.*$|^#.*$", "", line)
            for part in bare.split(" && "):
                if found := _PYTHON.fullmatch(part.strip()):
                    variables = tuple(v.partition("=")[0] for v in found[1].split())
                    yield Command(name(page), found[2], tuple(shlex.split(found[3])), variables)


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as MkDocs and GitHub make them."""
    titles = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", re.sub(r"[`*]", "", title)).strip().lower()) for title in titles}
