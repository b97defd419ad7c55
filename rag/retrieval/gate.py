"""Decides, before a model is asked, whether the retrieved abstracts can answer a question, and names what is missing.

A question is refused when no abstract has the names in it, and when no paper is close to it, unless the small ranker finds that
an abstract answers all the same. For the extractive reader, it is also refused when the ranker finds no answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.index.lexical import LexicalIndex
from rag.interfaces import Embedder
from rag.questions import analysis, asking, followup, ranker
from rag.questions.analysis import Analysis, Detail
from rag.storage.library import Library
from rag.text import language, names, quantities, sentences
from rag.text.words import WORD, content_words, method_names
from rag.types import Hit

_NUMBERED = re.compile(r"[^\W\d_]+-?\d+(?:\.\d+)*")  # one of a series: an abstract on GPT-3 does not answer a question on GPT-4
MIN_COSINE_OF_BEST_CHUNK = 0.25  # far-off questions stay below 0.18, answerable ones are mostly above 0.33
MIN_SHARE_OF_QUESTION_WORDS = 0.65  # in one paper; then a low cosine does not matter
# Fused score and cosine of the best paper; then an unknown name in the question does not matter. One rare word gives the score.
MIN_SCORE_OF_NAMED_PAPER, MIN_COSINE_OF_NAMED_PAPER = 10.0, 0.4
# Fused score, cosine, share of words. No paper is close when all three are below those of one line.
FAR_LIMITS = ((5.5, 0.40, 0.45), (7.2, 0.41, 0.40))
_MIN_SCORE_SHARE_OF_SUBJECT_PAPER = 0.72  # of the best fused score, for a further paper to be on the subject too
_DENIED = re.compile(r"\b(?:no|not|without|neither|nor|never)((?: [\w-]+){1,4})", re.IGNORECASE)  # the words after it
_MAX_EXACT_WORDS = 2  # content words of a subject that must stand together: two often share a sentence by chance
_MAX_SUBJECT_PAPERS = 3

_MIN_SURE_READING = 0.5  # then a low cosine does not matter, nor a missing name beside one that is known
# Log-odds that the abstracts give what a question asks for: by the best reading, by the share of the details asked for that no
# abstract on the subject has a word for, and by the largest share of the question's words in one paper. evals/fit_gate.py fits
# them on the dev halves of evals/cases and on questions about 257 papers that the ranker did not learn from.
WEIGHTS, BIAS = (0.23, -1.78, -2.35), 5.15
_OF_SEVERAL = ("comparison", "list")  # kinds that no abstract answers by itself, so that the ranker cannot judge them
_READING_RANGE = (-16.0, 8.0)  # beyond it, it says nothing more


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
    """Return whether `hits`, best first, can answer `question`; with `details`, whether they also give what it asks for.

    `selected` says that the user chose the papers. Then they need not be close to the question, and are quoted unless they lack
    the words of what it asks for. The ranker reads the question beside the best papers when `details` are wanted, or when there
    is another reason to refuse. Raises EmbedderError.
    """
    if not hits:
        return Decision("No paper passes the filters, or the library is empty.")
    analysed = analysis.analyse(asking.asking(followup.without_context(question)))
    absent, missing = _absent(question, analysed, hits, lexical)
    in_best, authors = _known(hits), _authors(hits)
    by_author = any(name.casefold() in authors for name in _named(question))
    far = not selected and _far(question, hits, anchored=by_author or any(name in in_best for name in method_names(question)))
    reason = absent or ("No paper is close enough to this question." if far else None)
    if analysed.kind in _OF_SEVERAL or language.is_foreign(question) or not (details or reason):
        return Decision(reason, missing)
    hits = _on_subject(question, hits)
    reading = _reading(question, hits)
    if reason:
        whole = [name for name in _named(question) if not any(name in one for one in missing)]  # of GPT-9, not GPT
        named_too = by_author or any(name in in_best for name in whole)
        sure = reading >= _MIN_SURE_READING and (named_too or not absent)
        return Decision(None if sure else reason, missing)
    lacking = _lacking(analysed, hits)
    odds = BIAS + sum(w * x for w, x in zip(WEIGHTS, _features(reading, lacking, analysed, question, hits), strict=True))
    if odds >= 0 or _denied(analysed, hits) or (selected and not lacking):
        return Decision(None, missing)
    given = f"do not give: {', '.join(d.shown for d in lacking)}" if lacking else "do not seem to answer it"
    return Decision(f"The abstracts on this subject {given}.", missing)


def features(question: str, hits: Sequence[Hit], lexical: LexicalIndex) -> tuple[float, float, float] | None:
    """Return what the details of `question` are judged by in `hits`, best first: reading, share lacking, share of words.

    None for a question that is not judged so: it is refused for another reason, no abstract answers it by itself, or it is in
    another language.
    """
    analysed = analysis.analyse(asking.asking(followup.without_context(question)))
    if judge(question, hits, lexical).reason or analysed.kind in _OF_SEVERAL or language.is_foreign(question):
        return None
    hits = _on_subject(question, hits)
    return _features(_reading(question, hits), _lacking(analysed, hits), analysed, question, hits)


def _features(
    reading: float, lacking: Sequence[Detail], analysed: Analysis, question: str, hits: Sequence[Hit]
) -> tuple[float, float, float]:
    low, high = _READING_RANGE
    return min(max(reading, low), high), len(lacking) / max(len(analysed.details), 1), _word_share(question, hits)


def _absent(
    question: str, analysed: Analysis, hits: Sequence[Hit], lexical: LexicalIndex
) -> tuple[str | None, tuple[str, ...]]:
    """Return a reason to refuse when no abstract has what the question names, and the names that none has in any case."""
    named, in_best, authors = _named(question), _known(hits), _authors(hits)
    missing = tuple(n for n in named if n not in in_best and n.casefold() not in authors and not _mentioned(n, lexical))
    meant = hits[0].score >= MIN_SCORE_OF_NAMED_PAPER and hits[0].dense >= MIN_COSINE_OF_NAMED_PAPER
    anchored = meant or _titled(hits, [name for name in named if name not in missing])
    unknown = tuple(s for s in analysed.subjects if not any(_describes(hit, s, lexical) for hit in hits))
    if missing and not anchored:
        return f"No abstract mentions {_either(missing)}.", missing
    if unknown and len(unknown) == len(analysed.subjects):
        verb = "describes" if any(_mentioned(s, lexical) for s in unknown) else "mentions"
        return f"No abstract {verb} {_either(unknown)}.", tuple(dict.fromkeys([*missing, *unknown]))
    return None, tuple(dict.fromkeys([*missing, *(s for s in unknown if not _mentioned(s, lexical))]))


def _on_subject(question: str, hits: Sequence[Hit]) -> list[Hit]:
    """Return the best papers: of those that have a method which `question` names, where there are any."""
    best = list(hits[:_MAX_SUBJECT_PAPERS])
    named = method_names(followup.asks(question))
    having = [hit for hit in best if any(name in _known([hit]) for name in named)]
    return having or best


def _reading(question: str, hits: Sequence[Hit]) -> float:
    """Return how well the best of the first papers answers: log-odds of the abstract and of its best sentence, added.

    A follow-up is read alone and behind the question that it refers to.
    """
    own = asking.asking(followup.asks(question))
    whole = f"{followup.context(question)} {followup.without_context(question)}"
    asked = (own, whole) if followup.context(question) else (own,)
    papers = [hit.paper for hit in hits if hit.paper.abstract.strip()]
    readings = [ranker.read_paper(one, paper) for one in asked for paper in papers]
    return max((r.answered + float(r.sentences.max()) for r in readings), default=_READING_RANGE[0])


def _named(question: str) -> list[str]:
    """Return the names in the sentence that asks; in another language, in which nouns may have capitals, those of methods."""
    asked = asking.asking(question)
    named = [name for name in names.mentioned(asked) if not followup.names_nothing(name)]
    return named if not language.is_foreign(question) else [name for name in named if name in method_names(asked)]


def _known(hits: Sequence[Hit]) -> names.KnownNames:
    """Return the names in the best papers."""
    return names.KnownNames(f"{hit.paper.title}\n{hit.paper.abstract}" for hit in hits[:_MAX_SUBJECT_PAPERS])


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
    """Return the details asked for, for whose last word no paper on the subject has a sentence, or for amounts, a figure."""
    min_score = _MIN_SCORE_SHARE_OF_SUBJECT_PAPER * hits[0].score
    on_subject = [hit.paper for hit in hits if hit.score >= min_score]
    texts = [text for p in on_subject for text in (p.title, *(p.abstract[a:b] for a, b in sentences.split(p.abstract)))]
    return tuple(d for d in analysed.details if not any(_gives(text, d) for text in texts))


def _denied(analysed: Analysis, hits: Sequence[Hit]) -> bool:
    """Whether a sentence of the best paper denies a detail that is asked for, as "without any reinforcement learning" does."""
    best = hits[0].paper.abstract
    texts = [best[start:end] for start, end in sentences.split(best)]
    stems = {stem for detail in analysed.details for stem in detail.stems}
    return any(stems & content_words(" ".join(_DENIED.findall(text))) for text in texts)


def _gives(text: str, detail: Detail) -> bool:
    return detail.stems[-1] in content_words(text) and (not detail.amount or bool(quantities.find(text)))


def _either(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} or {items[-1]}"
