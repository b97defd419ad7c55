"""Decides, before a model is asked, whether the retrieved abstracts can answer a question, and names what is missing.

A question is refused when no abstract has the names in it, and when no paper is close to it. For the extractive reader, it
is also refused when the papers on its subject lack the detail asked for. Thresholds were set on the dev half of evals/cases.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.index.lexical import LexicalIndex
from rag.interfaces import Embedder
from rag.questions import analysis, asking, followup
from rag.questions.analysis import Analysis, Detail
from rag.storage.library import Library
from rag.text import language, names, quantities, sentences
from rag.text.words import WORD, content_words, method_names
from rag.types import Hit

_NUMBERED = re.compile(r"[^\W\d_]+-?\d+(?:\.\d+)*")  # one of a series: an abstract on GPT-3 does not answer a question on GPT-4
MIN_COSINE_OF_BEST_CHUNK = 0.25  # far-off questions stay below 0.18, answerable ones are mostly above 0.33
MIN_SHARE_OF_QUESTION_WORDS = 0.65  # in one paper; then a low cosine does not matter
MIN_SCORE_OF_NAMED_PAPER = 10.0  # fused score; then an unknown name in the question does not matter
# Fused score, cosine, share of words. No paper is close when all three are below those of one line.
FAR_LIMITS = ((5.5, 0.40, 0.45), (7.2, 0.41, 0.40))
_MIN_SCORE_SHARE_OF_SUBJECT_PAPER = 0.72  # of the best fused score, for a further paper to be on the subject too
_MAX_EXACT_WORDS = 2  # content words of a subject that must stand together: two often share a sentence by chance
_MAX_SUBJECT_PAPERS = 3

# Each line: stems by which abstracts give the same detail.
_SYNONYM_LINES = (
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
_SYNONYMS = {word: frozenset(line.split()) for line in _SYNONYM_LINES for word in line.split()}
# Details whose answer nearly always repeats their word. An abstract without the word does not give the detail.
_REPEATED_WORDS = frozenset(
    "licenc licens simulator epoch rat threshold length kernel seed temperatur optimizer hardwar gpu dropout language "
    "annotator patient participant worker criterion layer head cost pric valu siz budget decay schedul".split()
)
_VAGUE_WORDS = frozenset(
    "shar amount fraction fast faster bett good gain speedup number percent function model type part".split()
)


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a question may be answered.

    `reason` says why not, and is None when it may. `missing` are the names that no abstract has, in both cases.
    """

    reason: str | None
    missing: tuple[str, ...] = ()


def on_scale(question: str, hits: Sequence[Hit], library: Library, reader: Embedder) -> list[Hit]:
    """Return `hits` with the cosines of `reader`, the embedder for which the thresholds of this module were set."""
    chunks = library.chunks([hit.paper.id for hit in hits])
    vectors = library.found_vectors(reader.name, [chunk.text for chunk in chunks])
    missing = [chunk.text for chunk in chunks if chunk.text not in vectors]
    [question_vector, *embedded] = reader.embed([question, *missing])
    vectors |= dict(zip(missing, embedded, strict=True))
    cosines: dict[str, float] = {}
    for chunk in chunks:
        cosines[chunk.paper_id] = max(cosines.get(chunk.paper_id, -1.0), float(vectors[chunk.text] @ question_vector))
    return [replace(hit, dense=cosines.get(hit.paper.id, 0.0)) for hit in hits]


def judge(
    question: str, hits: Sequence[Hit], lexical: LexicalIndex, *, details: bool = False, selected: bool = False
) -> Decision:
    """Return whether `hits`, best first, can answer `question`; with `details`, whether they also give its details.

    `selected` says that the user chose the papers. Then they need not be close to the question.
    """
    if not hits:
        return Decision("No paper passes the filters, or the library is empty.")
    analysed = analysis.analyse(asking.asking(followup.without_context(question)))
    named = _named(question)
    in_best = names.KnownNames(f"{hit.paper.title}\n{hit.paper.abstract}" for hit in hits[:_MAX_SUBJECT_PAPERS])
    authors = _authors(hits)
    missing = tuple(n for n in named if n not in in_best and n.casefold() not in authors and not _mentioned(n, lexical))
    anchored = hits[0].score >= MIN_SCORE_OF_NAMED_PAPER or _titled(hits, [name for name in named if name not in missing])
    unknown = tuple(s for s in analysed.subjects if not any(_describes(hit, s, lexical) for hit in hits))
    if missing and not anchored:
        return Decision(f"No abstract mentions {_either(missing)}.", missing)
    if unknown and len(unknown) == len(analysed.subjects):
        verb = "describes" if any(_mentioned(s, lexical) for s in unknown) else "mentions"
        return Decision(f"No abstract {verb} {_either(unknown)}.", tuple(dict.fromkeys([*missing, *unknown])))
    missing = tuple(dict.fromkeys([*missing, *(s for s in unknown if not _mentioned(s, lexical))]))
    by_author = any(name.casefold() in authors for name in named)
    if not selected and _far(question, hits, anchored=by_author or any(name in in_best for name in method_names(question))):
        return Decision("No paper is close enough to this question.", missing)
    lacking = _lacking(analysed, hits) if details else ()
    if lacking:
        return Decision(f"The abstracts on this subject do not give: {', '.join(d.shown for d in lacking)}.", missing)
    return Decision(None, missing)


def _named(question: str) -> list[str]:
    """Return the names in the sentence that asks; in another language, in which nouns may have capitals, those of methods."""
    asked = asking.asking(question)
    return [name for name in names.mentioned(asked) if not language.is_foreign(question) or name in method_names(asked)]


def _authors(hits: Sequence[Hit]) -> set[str]:
    """Return the words of the names of the papers' authors, folded."""
    return {word.casefold() for hit in hits for author in hit.paper.authors for word in WORD.findall(author)}


def _mentioned(name: str, lexical: LexicalIndex) -> bool:
    """Whether an abstract has `name`, or a part of it that is a name: CLIP for "CLIP-style", but not GPT for "GPT-9"."""
    if _NUMBERED.fullmatch(name):
        return lexical.mentions(name)
    parts = [p for p in name.replace("-", " ").split() if any(c.isupper() for c in p) and p != name]
    return any(lexical.mentions(n) for n in (name, name.removesuffix("s"))) or any(lexical.mentions(p) for p in parts)


def _titled(hits: Sequence[Hit], named: Sequence[str]) -> bool:
    """Whether the title of the best paper has one of the names."""
    title = names.KnownNames([hits[0].paper.title])
    return any(name in title for name in named)


def _describes(hit: Hit, subject: str, lexical: LexicalIndex) -> bool:
    """Whether a paper has all words of `subject` in its title or in one sentence, or names it.

    A subject of two words must be in the index as a phrase.
    """
    paper, words = hit.paper, content_words(subject)
    if words <= content_words("; ".join(paper.authors)):
        return True
    if len(words) <= _MAX_EXACT_WORDS and len(subject.split()) > 1 and not lexical.mentions(subject):
        return subject in names.KnownNames([paper.title, paper.abstract])
    texts = [paper.title, *(paper.abstract[a:b] for a, b in sentences.split(paper.abstract))]
    return any(words <= content_words(text) for text in texts) or subject in names.KnownNames(texts)


def _far(question: str, hits: Sequence[Hit], *, anchored: bool) -> bool:
    """Whether no paper is close to `question`; `anchored` says that a good paper has a name of the question."""
    cosine, share = max(hit.dense for hit in hits), _word_share(question, hits)
    if cosine < MIN_COSINE_OF_BEST_CHUNK and not anchored and share < MIN_SHARE_OF_QUESTION_WORDS:
        return True
    limits = FAR_LIMITS[:1] if anchored else FAR_LIMITS
    return any(
        hits[0].score < max_score and cosine < max_cosine and share < max_share for max_score, max_cosine, max_share in limits
    )


def _word_share(question: str, hits: Sequence[Hit]) -> float:
    """Return the largest share of the question's words that one paper has; 0.0 for a question of one word."""
    words = content_words(question)
    papers = (content_words(f"{hit.paper.title} {hit.paper.abstract}") for hit in hits)
    return max(len(words & have) for have in papers) / len(words) if len(words) > 1 else 0.0


def _lacking(analysed: Analysis, hits: Sequence[Hit]) -> tuple[Detail, ...]:
    """Return the details asked for when the papers on the subject have none of them; nothing when they have one."""
    min_score = _MIN_SCORE_SHARE_OF_SUBJECT_PAPER * hits[0].score
    on_subject = [hit.paper for hit in hits[:_MAX_SUBJECT_PAPERS] if hit.score >= min_score]
    papers = [[paper.title, *(paper.abstract[a:b] for a, b in sentences.split(paper.abstract))] for paper in on_subject]
    lacking = tuple(d for d in analysed.details if not any(_gives(texts, d) for texts in papers))
    return lacking if analysed.kind != "comparison" and len(lacking) == len(analysed.details) else ()


def _gives(texts: Sequence[str], detail: Detail) -> bool:
    """Whether one of `texts` has the head of `detail` or a synonym of it, and for an amount a figure too."""
    heads = [stem for stem in detail.stems if stem not in _VAGUE_WORDS]
    if not heads or not (detail.amount or heads[-1] in _REPEATED_WORDS):
        return True
    synonyms = _SYNONYMS.get(heads[-1], frozenset()) | {heads[-1]}
    matches = [text for text in texts if synonyms & content_words(text)]
    return any(quantities.find(text) for text in matches) if detail.amount else bool(matches)


def _either(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} or {items[-1]}"
