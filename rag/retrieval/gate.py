"""Decides, before any model is asked, whether the abstracts found can answer at all, and names what is missing.

A question is refused when what it names is in no abstract, when nothing comes near it, and, for a reader that cannot tell
by itself, when the detail it asks for is not in the papers it is about. Thresholds were set on the dev half of evals/cases.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.index.lexical import LexicalIndex
from rag.interfaces import Embedder
from rag.questions import analysis, followup
from rag.questions.analysis import Analysis, Detail
from rag.storage.library import Library
from rag.text import names, quantities, sentences
from rag.text.words import content_words, method_names
from rag.types import Hit

_NUMBERED = re.compile(r"[^\W\d_]+-?\d+(?:\.\d+)*")  # one of a series, which is not told by what is said of another one
LEAST_COSINE = 0.25  # best chunk; far-off questions stay under 0.18, answerable ones are mostly over 0.33
LEAST_SHARE = 0.65  # of a question's words that one paper has, which makes up for a low cosine
ANCHORED = 10.0  # fused score of a paper that is meant, whatever name of the question is unknown
FAR = ((5.5, 0.40, 0.45), (7.2, 0.41, 0.40))  # fused score, cosine, share: all three under those of a line, nothing is near
_NEAR = 0.72  # a further paper is about the question too when its fused score is this share of the best one's
_PHRASE = 2  # words of meaning that stand together in too many sentences by chance
_ABOUT = 3  # papers that a question may be about

# What a detail may be called in an abstract that gives it.
_CALLED = (
    "dataset benchmark corpu corpora data collection suit imagenet cifar",
    "hardwar gpu gpus tpu tpus chip accelerator devic cpu cuda rtx a100 v100 h100",
    "loss objectiv criterion entropi",
    "licenc licens mit apach open-sourc opensourc",
    "cod repositori github http",
    "language english german french chines multilingual",
    "hour day minut week month second",
    "example sampl shot instanc",
    "parameter weight size",
)
_SAME = {word: frozenset(line.split()) for line in _CALLED for word in line.split()}
# Details whose answer nearly always repeats a word of theirs: if the abstract has none, it does not say.
_TELLING = frozenset(
    "licenc licens simulator epoch rat threshold length kernel seed temperatur optimizer hardwar gpu dropout language "
    "annotator patient participant worker criterion layer head cost pric valu siz budget decay schedul".split()
)
_VAGUE = frozenset("shar amount fraction fast faster bett good gain speedup number percent function model type part".split())


@dataclass(frozen=True, slots=True)
class Decision:
    """`reason` is None when the question may be answered; `missing` names what no abstract has, in any case."""

    reason: str | None
    missing: tuple[str, ...] = ()


def on_scale(asked: str, hits: Sequence[Hit], library: Library, reader: Embedder) -> list[Hit]:
    """Return `hits` with the cosines of `reader`, the embedder that the thresholds here were set with."""
    chunks = library.chunks([hit.paper.id for hit in hits])
    vectors = library.found_vectors(reader.name, [chunk.text for chunk in chunks])
    missing = [chunk.text for chunk in chunks if chunk.text not in vectors]
    [question, *made] = reader.embed([asked, *missing])
    vectors |= dict(zip(missing, made, strict=True))
    cosines: dict[str, float] = {}
    for chunk in chunks:
        cosines[chunk.paper_id] = max(cosines.get(chunk.paper_id, -1.0), float(vectors[chunk.text] @ question))
    return [replace(hit, dense=cosines.get(hit.paper.id, 0.0)) for hit in hits]


def judge(asked: str, hits: Sequence[Hit], lexical: LexicalIndex, *, details: bool = False, selected: bool = False) -> Decision:
    """Return whether `hits`, best first, can answer the question `asked`; with `details`, whether they give its details.

    `selected` papers are those that whoever asks has chosen: then how near they come says nothing.
    """
    if not hits:
        return Decision("No paper passes the filters, or the library is empty.")
    understood = analysis.analyse(followup.without_context(asked))
    named = names.mentioned(asked)
    near = names.KnownNames(f"{hit.paper.title}\n{hit.paper.abstract}" for hit in hits[:_ABOUT])
    missing = tuple(name for name in named if name not in near and not _mentioned(name, lexical))
    anchored = hits[0].score >= ANCHORED or _titled(hits, [name for name in named if name not in missing])
    unknown = tuple(s for s in understood.subjects if not any(_tells_of(hit, s, lexical) for hit in hits))
    if missing and not anchored:
        return Decision(f"No abstract mentions {_either(missing)}.", missing)
    if unknown and len(unknown) == len(understood.subjects):
        told = "tells of" if any(_mentioned(s, lexical) for s in unknown) else "mentions"
        return Decision(f"No abstract {told} {_either(unknown)}.", tuple(dict.fromkeys([*missing, *unknown])))
    missing = tuple(dict.fromkeys([*missing, *(s for s in unknown if not _mentioned(s, lexical))]))
    if not selected and _far(asked, hits, anchored=any(name in near for name in method_names(asked))):
        return Decision("Nothing in the collection comes near this question.", missing)
    lacking = _lacking(understood, hits) if details else ()
    if lacking:
        return Decision(f"The abstracts it is about do not say: {', '.join(d.shown for d in lacking)}.", missing)
    return Decision(None, missing)


def _mentioned(name: str, lexical: LexicalIndex) -> bool:
    """Whether an abstract has the name, or one of its parts that is a name: CLIP of "CLIP-style", but not GPT of "GPT-9"."""
    if _NUMBERED.fullmatch(name):
        return lexical.mentions(name)
    parts = [p for p in name.replace("-", " ").split() if any(c.isupper() for c in p) and p != name]
    return any(lexical.mentions(n) for n in (name, name.removesuffix("s"))) or any(lexical.mentions(p) for p in parts)


def _titled(hits: Sequence[Hit], named: Sequence[str]) -> bool:
    """Whether one of the names stands in the title of the best paper."""
    title = names.KnownNames([hits[0].paper.title])
    return any(name in title for name in named)


def _tells_of(hit: Hit, subject: str, lexical: LexicalIndex) -> bool:
    """Whether a paper has all words of `subject`, two only as they stand, in one sentence or its title, or names it."""
    paper, words = hit.paper, content_words(subject)
    if len(words) <= _PHRASE and len(subject.split()) > 1 and not lexical.mentions(subject):
        return subject in names.KnownNames([paper.title, paper.abstract])
    told = [paper.title, *(paper.abstract[start:end] for start, end in sentences.split(paper.abstract))]
    return any(words <= content_words(sentence) for sentence in told) or subject in names.KnownNames(told)


def _far(asked: str, hits: Sequence[Hit], *, anchored: bool) -> bool:
    cosine, share = max(hit.dense for hit in hits), _share(asked, hits)
    if cosine < LEAST_COSINE and not anchored and share < LEAST_SHARE:
        return True
    lines = FAR[:1] if anchored else FAR
    return any(hits[0].score < score and cosine < near and share < most for score, near, most in lines)


def _share(asked: str, hits: Sequence[Hit]) -> float:
    """Return the largest share of the question's words, if it has two or more, that a single paper has."""
    words = content_words(asked)
    told = (content_words(f"{hit.paper.title} {hit.paper.abstract}") for hit in hits)
    return max(len(words & said) for said in told) / len(words) if len(words) > 1 else 0.0


def _lacking(understood: Analysis, hits: Sequence[Hit]) -> tuple[Detail, ...]:
    """Return the details asked for when none of them is in the papers that the question is about."""
    about = [hit for hit in hits[:_ABOUT] if hit.score >= _NEAR * hits[0].score]
    told = [[hit.paper.abstract[a:b] for a, b in sentences.split(hit.paper.abstract)] + [hit.paper.title] for hit in about]
    lacking = tuple(d for d in understood.details if not any(_gives(paper, d) for paper in told))
    return lacking if understood.kind != "comparison" and len(lacking) == len(understood.details) else ()


def _gives(told: Sequence[str], detail: Detail) -> bool:
    """Whether a sentence has the detail: its head, by any of its names, and for an amount a figure beside it."""
    heads = [stem for stem in detail.stems if stem not in _VAGUE]
    if not heads or not (detail.amount or heads[-1] in _TELLING):
        return True
    called = _SAME.get(heads[-1], frozenset()) | {heads[-1]}
    having = [sentence for sentence in told if called & content_words(sentence)]
    return any(quantities.find(sentence) for sentence in having) if detail.amount else bool(having)


def _either(said: Sequence[str]) -> str:
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} or {said[-1]}"
