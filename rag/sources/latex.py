"""Turns LaTeX, as bibliographies have it in their fields, into plain text. Maths between dollars stays as it is.

Bibliographies are not clean LaTeX: a raw percent sign or ampersand is itself, and so is a dollar of a price.
"""

from __future__ import annotations

import logging
import re
from functools import lru_cache
from typing import Any

from pylatexenc.latex2text import LatexNodes2Text, MacroTextSpec, get_default_latex_context_db
from pylatexenc.latexwalker import get_default_latex_context_db as get_default_grammar
from pylatexenc.macrospec import LatexContextDb, std_macro

logging.getLogger("pylatexenc").setLevel(logging.CRITICAL)  # it warns of every macro that it does not know

_LONGEST_PARSED = 200_000  # characters; in a longer text the macros are only taken out, because parsing takes seconds
# Signs that LaTeX reads as commands, and what stands for them until the text is read.
_SIGNS = "%&$#_{}\\^~"
_HIDDEN = {ord(sign): chr(0xE010 + n) for n, sign in enumerate(_SIGNS)}
_SHOWN = {0xE010 + n: sign for n, sign in enumerate(_SIGNS)}
_MATHS_OPEN, _MATHS_CLOSE = "\ue000", "\ue001"
_HELD_MATHS = re.compile(f"{_MATHS_OPEN}(\\d+){_MATHS_CLOSE}")
_WORDS_OPEN, _WORDS_CLOSE = "\ue002", "\ue003"
_HELD_WORDS = re.compile(f"{_WORDS_OPEN}(\\d+){_WORDS_CLOSE}")
_COMMAND_OR_WORDS = re.compile(
    r"\\(?:begin|end)\s*\{[^{}]*\}|\\(?:[A-Za-z]++\*?|.)\s*+[^\\{}\[\]]?|(?P<words>[^\\{}\[\]]{8,})", re.DOTALL
)
# Empty braces between signs that would become another one: "-{}-" is two hyphens.
_APART = re.compile(
    r"(?:(?<!\\[-`'])(?<=[-`'])|(?<=\\textbackslash\{\})|(?<=\\textbraceleft\{\})|(?<=\\textbraceright\{\}))\{\}"
)
_KEPT_APART = "\ue004"
_HIDDEN_SIGN = re.compile(f"[{''.join(_HIDDEN.values())}]")
_PRIVATE = re.compile("[\ue000-\ue0ff]")

_MATHS = re.compile(
    r"\$\\backslash\$"
    r"|(?P<maths>\$\$[^$]+\$\$|\$(?!\s)(?:[^$\\]++|\\.)++(?<!\s)\$|\\\((?:[^\\]++|\\[^()])*+\\\)|\\\[(?:[^\\]++|\\[^\[\]])*+\\\])"
    r"|\\.",
    re.DOTALL,
)
# Mendeley writes the end of a line as a backslash and an n; nu, nabla and others are commands.
_WRITTEN_LINE_END = re.compile(r"\$\\backslash\$(?:r\$\\backslash\$)?n(?!(?:u|abla|eq?|eg|ot|otin)\b)")
_BRACED_WORD = re.compile(r"(?<![^\s(-])\{([A-Za-z][\w-]+)\}")  # braces of BibTeX that a program took for text
_ESCAPED_SIGN = re.compile(r"\\(?:([%&$#_{}])|([\^~])\{\s*\}|(.))", re.DOTALL)
_TILDE = re.compile(r"(?<![^\s(\[])~")  # before a word, where it means "about"; between words it is a space
_RAW_SIGN = re.compile("[%&$#]")
_LETTER = r"(?:[A-Za-z]|\{[A-Za-z]\}|\{\\[ij]\})"
_SHORT = re.compile(rf"\{{\\[^{{}}\\]{{1,20}}(?:\{{[^{{}}\\]{{0,20}}\}})?\}}|\\['`^\"~=.]{_LETTER}|\\[cvukrHdb]\{{[A-Za-z]\}}")
# Styles of plain words, which need no parser. The parser makes one sign of a backquote with another sign.
_STYLED_WORDS = re.compile(r"\\(?:emph|text(?:it|bf|rm|sc|sf|sl|tt|up|md|normal))\{([^\\{}\[\]`\n]*)\}")
_ESCAPED_TWICE = re.compile(r"\\['`^\"~=.]\{?[A-Za-z]|\{\\")  # LaTeX that a program took for text, and wrote as LaTeX
_COMMAND = re.compile(r"\\(?:[A-Za-z]+\*?|.)?|[{}]", re.DOTALL)
_LIGATURES = (("---", "—"), ("--", "–"), ("``", "“"), ("''", "”"), ("~", " "), ("\xa0", " "))
_STYLES = "bf em it sl sc tt rm sf normalfont bfseries itshape scshape ttfamily small footnotesize large protect relax".split()
_DROPPED = "cite citep citet ref eqref label footnote natexlab".split()
_KEPT = "url href mbox hbox texttt text ensuremath".split()  # their last argument
_NAMED_SIGNS = {
    "textless": "<", "textgreater": ">", "textbar": "|", "textasciicircum": "^", "textasciigrave": "`", "textquotedbl": '"',
    "textbraceleft": "{", "textbraceright": "}", "textunderscore": "_", "-": "", "slash": "/",
}  # fmt: skip


def plain(text: str) -> str:
    """Return `text` with accents, quotes and signs in place of their commands, and without braces and styles."""
    once = _plain(text)
    twice = "\\" in once and _ESCAPED_TWICE.search(once)
    return (_plain(once) if twice else once).replace(_KEPT_APART, "")


def _plain(text: str) -> str:
    if "\\" not in text and "{" not in text and "}" not in text:
        return _show_signs(_ligatures(_TILDE.sub(_HIDDEN[ord("~")], text)))
    maths: list[str] = []
    text = _hide_maths(_WRITTEN_LINE_END.sub(" ", _PRIVATE.sub("", text)), maths)
    text = _hide_signs(_APART.sub(_KEPT_APART, text) if "{}" in text else text)
    text = _SHORT.sub(lambda command: _short(command.group()), text)
    text = _STYLED_WORDS.sub(r"{\1}", text)
    if "\\" in text:
        text = _parsed(text)
    text = _BRACED_WORD.sub(r"\1", _show_signs(_ligatures(text.replace("{", "").replace("}", ""))))
    return _HELD_MATHS.sub(lambda held: maths[int(held[1])], text)


def address(text: str) -> str:
    r"""Return a web address or an identifier without \url, braces and the backslashes before its signs."""
    text = re.sub(r"\\textasciitilde\b|\\[~^]\{\s*\}", "~", re.sub(r"\\url\b", "", text))
    return re.sub(r"\\textunderscore\b", "_", text).replace("{", "").replace("}", "").replace("\\", "").strip()


def _hide_maths(text: str, maths: list[str]) -> str:
    def hidden(match: re.Match[str]) -> str:
        if match["maths"]:
            maths.append(match["maths"])
            return f"{_MATHS_OPEN}{len(maths) - 1}{_MATHS_CLOSE}"
        return match.group() if match.group()[0] == "\\" else _HIDDEN[ord("\\")]

    return _MATHS.sub(hidden, text)


def _show_signs(text: str) -> str:
    return _HIDDEN_SIGN.sub(lambda sign: _SHOWN[ord(sign.group())], text)


def _hide_signs(text: str) -> str:
    def hidden(match: re.Match[str]) -> str:
        sign = match[1] or match[2]
        return _HIDDEN[ord(sign)] if sign else match.group()

    text = _TILDE.sub(_HIDDEN[ord("~")], _ESCAPED_SIGN.sub(hidden, text))
    return _RAW_SIGN.sub(lambda sign: _HIDDEN[ord(sign.group())], text)


@lru_cache(maxsize=10_000)
def _short(command: str) -> str:
    """Return the text of one short command, in braces if it has them. The few that there are come again and again."""
    return f"{{{_parsed(command)}}}" if command[0] == "{" else _parsed(command)


def _parsed(text: str) -> str:
    r"""Return the text of LaTeX. Its own signs, as of \textbackslash, are hidden again.

    The parser takes a long time for each character, so plain words are held back from it.
    """
    words: list[str] = []

    def held(match: re.Match[str]) -> str:
        if match["words"] is None:
            return match.group()
        words.append(match["words"])
        return f"{_WORDS_OPEN}{len(words) - 1}{_WORDS_CLOSE}"

    text = _COMMAND_OR_WORDS.sub(held, text)
    try:
        read = _COMMAND.sub(" ", text) if len(text) > _LONGEST_PARSED else _READER.latex_to_text(text, latex_context=_GRAMMAR)
    except Exception:  # noqa: BLE001 - text that only looks like LaTeX makes the parser raise all kinds of errors
        read = _COMMAND.sub(" ", text)
    return _HELD_WORDS.sub(lambda place: words[int(place[1])], read.translate(_HIDDEN))


def _ligatures(text: str) -> str:
    for written, meant in _LIGATURES:
        text = text.replace(written, meant)
    return text


def _argument(node: Any, l2tobj: Any) -> str:
    """Return the text of the last argument of a command."""
    arguments = [a for a in (node.nodeargd.argnlist if node.nodeargd else ()) or () if a is not None]
    return str(l2tobj.nodelist_to_text([arguments[-1]])) if arguments else ""


def _raised(node: Any, l2tobj: Any) -> str:
    """Return a raised text; a raised number keeps a sign, so that it is not read as digits of the number before."""
    text = _argument(node, l2tobj)
    return f"^{text}" if re.fullmatch(r"[-+−–]?\d+", text) else text


def _unknown(node: Any, l2tobj: Any) -> str:
    """Return the arguments of an unknown command, or its name if it has none, which may be that of a method."""
    if text := _argument(node, l2tobj):
        return text
    source, end = node.parsing_state.s, node.pos + node.len
    has_argument = source[end : end + 1] in ("{", "[") and source[end : end + 2] != "{}"
    return "" if has_argument else f"{node.macroname}{node.macro_post_space}"


def _grammar() -> LatexContextDb:
    """Return what the commands' arguments are."""
    context = get_default_grammar()
    arguments = {"textsuperscript": "{", "href": "{{", "ensuremath": "{", **dict.fromkeys(_DROPPED, "[{")}
    context.add_context_category("bibliography", prepend=True, macros=[std_macro(*command) for command in arguments.items()])
    return context


def _reader() -> LatexNodes2Text:
    commands = [MacroTextSpec(name, simplify_repl=sign, discard=True) for name, sign in _NAMED_SIGNS.items()]
    commands += [MacroTextSpec(name, simplify_repl=_argument) for name in _KEPT]
    commands += [MacroTextSpec(name, discard=True) for name in (*_STYLES, *_DROPPED)]
    commands.append(MacroTextSpec("textsuperscript", simplify_repl=_raised))
    context = get_default_latex_context_db()
    context.add_context_category("bibliography", prepend=True, macros=commands)
    context.set_unknown_macro_spec(MacroTextSpec("", simplify_repl=_unknown))
    return LatexNodes2Text(latex_context=context, math_mode="verbatim")


_GRAMMAR, _READER = _grammar(), _reader()
