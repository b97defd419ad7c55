"""Renders an answer's Markdown as HTML, with pieces put in and stretches enclosed at offsets of the answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup, escape

from ui.reading.markdown import Place, parsed, place
from ui.reading.maths import mathml

_NAME = re.compile(r"<(\w+)")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)  # what models write inside the cells of a table
_HEADING_BELOW = 2  # levels that a heading of an answer is lowered by: the question is the heading over it


@dataclass(frozen=True, slots=True)
class Inserted:
    """A piece of HTML that stands in place of answer[start:end]; with `start` equal to `end` it is put in there."""

    start: int
    end: int
    html: Markup


@dataclass(frozen=True, slots=True)
class Enclosed:
    """The tag that opens an element round answer[start:end]; there are several where formatting or a list divides it."""

    start: int
    end: int
    opening: Markup

    def round(self, shown: Markup) -> Markup:
        name = _NAME.match(self.opening)
        return self.opening + shown + Markup("</{}>").format(name[1] if name else "")


def html(answer: str, inserted: Sequence[Inserted] = (), enclosed: Sequence[Enclosed] = ()) -> Markup:
    """Return `answer` as HTML. What is inserted must not overlap; what is enclosed may, the longest is the outermost."""
    breaks = [Inserted(*found.span(), Markup("<br>")) for found in _BREAK.finditer(answer)]
    taken = [(one.start, one.end) for one in inserted]
    free = [one for one in breaks if not any(start < one.end and one.start < end for start, end in taken)]
    tokens = parsed(answer)
    marks = _Marks(sorted([*inserted, *free], key=lambda one: (one.start, one.end)), list(enclosed), _starts(tokens))
    return Markup(_RENDERER.render(tokens, _OPTIONS, {"marks": marks}))  # noqa: S704 - escaped by the renderer


def _starts(tokens: Sequence[Token]) -> list[int]:
    """Return where the pieces of text begin, in order."""
    every = (one for token in tokens for one in (token.children or [token]))
    return [found.start for one in every if (found := place(one))]


@dataclass(slots=True)
class _Marks:
    """What is still to be inserted, and what is enclosed. `starts` are the offsets at which the pieces of text begin."""

    inserted: list[Inserted]
    enclosed: list[Enclosed]
    starts: list[int]
    seen: int = 0  # pieces of text
    skipped_to: int = 0  # the end of what was replaced last

    def text(self, shown: str, at: Place) -> Markup:
        """Return a piece of text with its marks."""
        if not at.exact:
            return self.whole(escape(shown), at)
        end, position, made = at.end, max(at.start, self.skipped_to), Markup("")
        cuts = {one.start for one in self.inserted} | {n for one in self.enclosed for n in (one.start, one.end)}
        for cut in [*sorted(n for n in cuts if position < n < end), end]:
            made += self._due(position + 1)
            position = max(position, self.skipped_to)
            if position < cut:
                made += self._round(escape(shown[position - at.start : cut - at.start]), position, cut)
                position = cut
        return made + self._due(self._following())

    def whole(self, shown: Markup, at: Place | None) -> Markup:
        """Return what is shown for a piece that no mark can divide, such as a formula."""
        if at is None:
            return shown
        before = self._due(at.start + 1)
        if self.skipped_to < at.end:  # else it is a mark that looks like a formula
            before += self._round(shown, at.start, at.end)
        return before + self._due(self._following())

    def _following(self) -> int:
        """Return where the next piece of text begins: all that stands before it is inserted now."""
        self.seen += 1
        return self.starts[self.seen] if self.seen < len(self.starts) else 1 << 62

    def _due(self, before: int) -> Markup:
        made = Markup("")
        while self.inserted and self.inserted[0].start < before:
            one = self.inserted.pop(0)
            made += one.html
            self.skipped_to = max(self.skipped_to, one.end)
        return made

    def _round(self, shown: Markup, start: int, end: int) -> Markup:
        if not shown.strip():
            return shown
        for one in sorted(self.enclosed, key=lambda one: one.end - one.start):
            if one.start <= start and end <= one.end:
                shown = one.round(shown)
        return shown


def _marks(env: EnvType) -> _Marks:
    marks: _Marks = env["marks"]
    return marks


class _Renderer(RendererHTML):
    """Escapes all text. The names of the methods are those of the tokens."""

    def text(self, tokens: Sequence[Token], n: int, options: OptionsDict, env: EnvType) -> str:
        at = place(tokens[n])
        return _marks(env).text(tokens[n].content, at) if at else escape(tokens[n].content)

    text_special = text

    def code_inline(self, tokens: Sequence[Token], n: int, options: OptionsDict, env: EnvType) -> str:
        return _marks(env).whole(Markup("<code>{}</code>").format(tokens[n].content), place(tokens[n]))

    def maths(self, tokens: Sequence[Token], n: int, options: OptionsDict, env: EnvType) -> str:
        return _marks(env).whole(mathml(tokens[n].content, block=tokens[n].block), place(tokens[n]))

    def maths_block(self, tokens: Sequence[Token], n: int, options: OptionsDict, env: EnvType) -> str:
        shown = Markup('<p class="maths">{}{}</p>').format(mathml(tokens[n].content, block=True), tokens[n].info)
        return _marks(env).whole(shown, place(tokens[n]))

    def table_open(self, tokens: Sequence[Token], n: int, options: OptionsDict, env: EnvType) -> str:
        return '<div class="wide" role="region" aria-label="Table" tabindex="0"><table>'

    def table_close(self, tokens: Sequence[Token], n: int, options: OptionsDict, env: EnvType) -> str:
        return "</table></div>"

    def th_open(self, tokens: Sequence[Token], n: int, options: OptionsDict, env: EnvType) -> str:
        return str(self.renderToken(tokens, n, options, env)) if tokens[n + 1].content else "<td>"

    def th_close(self, tokens: Sequence[Token], n: int, options: OptionsDict, env: EnvType) -> str:
        return "</th>" if tokens[n - 1].content else "</td>"

    def heading_open(self, tokens: Sequence[Token], n: int, options: OptionsDict, env: EnvType) -> str:
        return f"<h{self._level(tokens[n])}>"

    def heading_close(self, tokens: Sequence[Token], n: int, options: OptionsDict, env: EnvType) -> str:
        return f"</h{self._level(tokens[n])}>"

    @staticmethod
    def _level(token: Token) -> int:
        return min(6, int(token.tag[1]) + _HEADING_BELOW)


_RENDERER = _Renderer()
_OPTIONS = OptionsDict(
    {
        "maxNesting": 20,
        "html": False,
        "linkify": False,
        "typographer": False,
        "quotes": "",
        "xhtmlOut": False,
        "breaks": False,
        "langPrefix": "language-",
        "highlight": None,
    }
)
