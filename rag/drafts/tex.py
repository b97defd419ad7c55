"""The prose of a LaTeX file, with numbers in place of citations. Each word stays on its line."""

from __future__ import annotations

import re

from rag.drafts.marks import Numbers, as_subject, blanked
from rag.sources import latex

_RECOGNISED = re.compile(r"\\(?:documentclass|begin\{|section|chapter|[a-zA-Z]*cite[a-zA-Z]*\*?[\[{])")
_BALANCED = r"(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*"
_CITE = re.compile(r"~?\\(?P<command>[a-zA-Z]*cite[a-zA-Z]*)\*?(?:\s*\[[^\]]*\]){0,2}\s*\{(?P<keys>[^{}]*)\}")
_TEXTUAL = re.compile(r"(?:text|new|short)cite|cite(?:t|alt|author)p?\Z", re.IGNORECASE)  # the authors are part of the sentence
_COMMENT = re.compile(r"(?<!\\)%.*")
_BODY = re.compile(r"\\begin\{document\}(?P<body>.*?)(?:\\end\{document\}|\Z)", re.DOTALL)
_NEW_COMMAND = re.compile(
    rf"\\(?:(?:re)?newcommand\*?\s*\{{?\\(?P<new>[A-Za-z]+)\}}?|def\s*\\(?P<def>[A-Za-z]+))\s*\{{(?P<body>{_BALANCED})\}}"
)
# What has no prose, with what is in it.
_APART = re.compile(
    r"\\begin\{(?P<name>equation|align|gather|multline|figure|table|tabular|tikzpicture|verbatim|lstlisting|algorithm|thebibliography"
    r")\*?\}.*?\\end\{(?P=name)\*?\}|\\\[.*?\\\]|\$\$.*?\$\$",
    re.DOTALL,
)
_HEADING = re.compile(
    rf"\\(?:part|chapter|(?:sub)*section|(?:sub)?paragraph)\*?\s*(?:\[[^\]]*\])?\{{(?P<title>{_BALANCED})\}}(?P<rest>[^\n]*)"
)
_LABEL = re.compile(r"\\label\s*\{[^{}]*\}")
_FOOTNOTE = re.compile(rf"\\footnote\s*(?:\[[^\]]*\])?\{{(?P<text>{_BALANCED})\}}")
_ITEM = re.compile(r"\\item\b(?:\[[^\]]*\])?[ \t]*")
_COMMAND_LINE = re.compile(
    r"^[ \t]*\\(?:begin|end|usepackage|bibliography|bibliographystyle|maketitle|title|author|date|input|include)\b.*$",
    re.MULTILINE,
)
_PARAGRAPHS = re.compile(r"(\n[ \t]*\n|\n(?=[ \t]*(?:#|- )))")
_LINE_END = "\u2424"  # stands for a line end within a paragraph, while its commands are read


def recognises(text: str) -> bool:
    """Whether `text` has the commands of LaTeX."""
    return _RECOGNISED.search(text) is not None


def prose(text: str, numbers: Numbers) -> str:
    """Return `text` without commands, comments, maths of its own lines, tables and figures; headings as in Markdown.

    Footnotes stand behind the sentence that they follow, or in brackets. Commands that the file defines without arguments are
    written out.
    """
    text = _COMMENT.sub("", text)
    own = {found["new"] or found["def"]: found["body"] for found in _NEW_COMMAND.finditer(text)}
    if body := _BODY.search(text):
        text = "\n" * text.count("\n", 0, body.start("body")) + body["body"]
    text = _NEW_COMMAND.sub(blanked, text)
    text = _APART.sub(blanked, text)
    text = _LABEL.sub("", text)
    for name, written in own.items():
        text = re.sub(rf"\\{name}(?![A-Za-z])(?:\{{\}})?", lambda _, w=written: _on_one_line(w), text)  # type: ignore[misc]
    text = _FOOTNOTE.sub(_footnote, text)
    text = _HEADING.sub(_heading, text)
    text = _COMMAND_LINE.sub("", text)
    text = _CITE.sub(lambda found: _cited(found, numbers), text)
    text = _ITEM.sub("- ", text)
    return "".join(part if n % 2 else _plain(part) for n, part in enumerate(_PARAGRAPHS.split(text)))


def _on_one_line(written: str) -> str:
    return " ".join(written.replace("\\xspace", "").split())


def _footnote(found: re.Match[str]) -> str:
    before = found.string[: found.start()].rstrip()
    return f" {found['text']}" if before.endswith((".", "!", "?")) else f" ({found['text']})"


def _heading(found: re.Match[str]) -> str:
    """Return a heading on a line of its own; one that its paragraph follows on the line, without its title."""
    if found["rest"].strip():
        return found["rest"]
    return f"# {latex.plain(found['title'])}{blanked(found)}"


def _cited(found: re.Match[str], numbers: Numbers) -> str:
    marks = numbers.marks([key.strip() for key in found["keys"].split(",") if key.strip()])
    apart = "" if found.string[: found.start()][-1:].strip() == "" else " "
    textual = _TEXTUAL.search(found["command"])
    return f"{apart}{as_subject(found, marks) if textual else marks}{blanked(found)}"


def _plain(paragraph: str) -> str:
    """Return a paragraph of LaTeX as text, on as many lines. What begins a heading or an item stays."""
    start = paragraph[: len(paragraph) - len(paragraph.lstrip(" \t\n#-"))]
    rest = paragraph[len(start) :]
    if not rest.strip():
        return paragraph
    return start + latex.plain(rest.replace("\n", _LINE_END)).replace(_LINE_END, "\n")
