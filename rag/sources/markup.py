"""Takes the tags of HTML, JATS and MathML out of titles and abstracts, which publishers and their exports leave in."""

from __future__ import annotations

import re
from html import unescape

_INLINE = (
    "i b em strong sub sup u s tt small span a italic bold sc underline monospace styled-content xref named-content font q"
)
_MATHML = "math mi mn mo ms mrow msub msup msubsup mfrac msqrt mroot mtext mspace mover munder mstyle mfenced semantics"
_BLOCK = "p br div sec title abstract list list-item li ul ol h1 h2 h3 h4 section break table tr td"
_TAG = re.compile(
    r"</?(?:jats:|xhtml:|mml:|m:|ns\d:)?(?P<name>[A-Za-z][A-Za-z0-9-]*)(?:\s+[\w:-]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*\s*/?>",
)
_HEADING = re.compile(r"<(?P<tag>(?:jats:)?title)(?:\s[^<>]*)?>(?P<text>[^<>]*)</(?P=tag)>", re.IGNORECASE)
_FORMULA = re.compile(r"</?(?:jats:)?(?:tex-math|inline-formula|disp-formula|alternatives)(?:\s[^<>]*)?>", re.IGNORECASE)
_KNOWN_INLINE, _KNOWN_BLOCK = frozenset(f"{_INLINE} {_MATHML}".split()), frozenset(_BLOCK.split())
_ESCAPED_TAG = re.compile(r"&lt;(/?(?:jats:)?[A-Za-z][\w:-]*(?:\s[^&<>]*)?/?)&gt;")


def plain(text: str) -> str:
    """Return `text` without tags: those of blocks become spaces, a heading ends in a colon, entities become signs.

    Only tags of known names are taken out, so that "p < 0.05" and "a <b> of c" between quotes of code stay as they are.
    """
    if "<" not in text and "&" not in text:
        return text
    text = _ESCAPED_TAG.sub(r"<\1>", text)
    text = _HEADING.sub(_heading, text)
    text = _FORMULA.sub("", text)
    return unescape(_TAG.sub(_instead, text))


def _heading(heading: re.Match[str]) -> str:
    words = heading["text"].strip(" \n:.")
    return " " if words.casefold() in ("", "abstract") else f" {words}: "


def _instead(tag: re.Match[str]) -> str:
    name = tag["name"].casefold()
    return " " if name in _KNOWN_BLOCK else "" if name in _KNOWN_INLINE else tag.group()
