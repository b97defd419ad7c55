"""Maths as MathML, which browsers show without a script.

latex2mathml reads the TeX. What it makes is built again from known elements and attributes, because it escapes nothing.
"""

from __future__ import annotations

import html
import re
from xml.etree.ElementTree import Element

from latex2mathml.converter import convert_to_element
from markupsafe import Markup, escape

_MAX_CHARS = 2000  # of one formula; a longer one is shown as it is written
_MAX_INLINE_CHARS = 100  # a longer one has a line of its own, in which it can be scrolled
_MAX_SPACE = re.compile(r"-?\d(?:\.\d+)?em")  # widths that do not push a line out of the page
_ELEMENTS = frozenset(
    "math mi mn mo mover mpadded mphantom mroot mrow ms mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder "
    "munderover mfrac mmultiscripts mprescripts none menclose".split()
)
_ATTRIBUTES = frozenset(
    "accent accentunder columnalign columnspacing displaystyle fence form linethickness lspace mathvariant maxsize minsize "
    "movablelimits notation rowspacing rspace scriptlevel separator stretchy symmetric width".split()
)


def mathml(tex: str, *, block: bool = False) -> Markup:
    """Return `tex` as MathML, in a line of its own with `block`; what cannot be read is shown as it is written."""
    try:
        if len(tex) > _MAX_CHARS:
            raise ValueError(tex)
        inner = Markup("").join(_safe(child) for child in convert_to_element(tex))
    except Exception:  # noqa: BLE001 - latex2mathml raises its own errors, StopIteration, RecursionError and others
        return Markup('<code class="tex">{}</code>').format(tex.strip())
    # The source is an annotation, so that a copied formula can be pasted into a paper.
    return Markup(
        '<math display="{}"><semantics><mrow>{}</mrow><annotation encoding="application/x-tex">{}</annotation>'
    ).format("block" if block or len(tex) > _MAX_INLINE_CHARS else "inline", inner, tex.strip()) + Markup("</semantics></math>")


def _safe(element: Element) -> Markup:
    inner = escape(html.unescape(element.text or "")) + Markup("").join(_safe(child) for child in element)
    if element.tag not in _ELEMENTS:
        return inner
    attributes = (Markup(' {}="{}"').format(name, value) for name, value in element.items() if _is_safe(name, value))
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(element.tag), Markup("").join(attributes), inner)  # noqa: S704 - known


def _is_safe(name: str, value: str) -> bool:
    return name in _ATTRIBUTES and (name != "width" or _MAX_SPACE.fullmatch(value) is not None)
