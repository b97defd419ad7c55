"""Questions in other words, without a model: common words are exchanged, and the question is put into a frame.

Names, figures and whatever stands in quotation marks stay as they are.
"""

from __future__ import annotations

import re
from random import Random

from rag.text import names

# Words that mean the same in a question about research, whatever it is about; each may stand for the others.
_SAME = (
    ("paper", "work", "study"),
    ("papers", "works", "studies"),
    ("method", "approach", "technique"),
    ("methods", "approaches", "techniques"),
    ("use", "employ", "rely on"),
    ("uses", "employs", "relies on"),
    ("improve", "enhance", "raise"),
    ("improves", "enhances", "raises"),
    ("reduce", "lower", "cut"),
    ("reduces", "lowers", "cuts"),
    ("propose", "introduce", "present"),
    ("proposes", "introduces", "presents"),
    ("compare", "contrast"),
    ("need", "require"),
    ("needs", "requires"),
    ("big", "large"),
    ("fast", "quick"),
    ("faster", "quicker"),
    ("why", "for what reason"),
    ("problem", "issue"),
    ("problems", "issues"),
    ("results", "findings"),
    ("helps", "aids"),
    ("difference", "distinction"),
    ("differ", "diverge"),
    ("main", "principal"),
    ("happens", "occurs"),
    ("say", "state"),
)
_OTHERS = {word: tuple(other for other in group if other != word) for group in _SAME for word in group if " " not in word}
_WORD = re.compile(r"(?<![\w-])[A-Za-z]+(?![\w-])")
_QUOTED = re.compile(r"[\"“][^\"”]*[\"”]|'[^']{12,}'")
_FRAMES = (
    "I would like to know: {}",
    "For a talk that I am preparing: {}",
    "{} Please answer from the papers.",
    "A colleague asked me this: {}",
    "{} I could not find it myself.",
    "One thing is unclear to me. {}",
)


def paraphrased(question: str, rng: Random) -> str:
    """Return `question` in other words."""
    kept = {word for name in names.mentioned(question) for word in re.findall(r"\w+", name)}
    quoted = [found.span() for found in _QUOTED.finditer(question)]

    def other(found: re.Match[str]) -> str:
        word = found[0]
        within = any(start <= found.start() < end for start, end in quoted)
        choices = () if within or word in kept else _OTHERS.get(word.lower(), ())
        chosen = rng.choice(choices) if choices else word
        return chosen[:1].upper() + chosen[1:] if word[:1].isupper() and choices else chosen

    return rng.choice(_FRAMES).format(_WORD.sub(other, question))
