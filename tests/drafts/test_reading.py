"""Drafts in Markdown and LaTeX: the prose that is left, and what each number stands for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.drafts.reading import read

LATEX = r"""\documentclass{article}
\title{Not prose \cite{no}}
\begin{document}
\section{Lamps \& more}
LanternNet dims \emph{340} lamps~\cite{ada2020,
bee} and saves 97\% % never \cite{no}
of the power \citep[see][p.~3]{ada2020}. \citet{kim} found $x^2$.
\begin{equation} a=b \label{no} \end{equation}
\begin{itemize}
\item One \parencite{kim}.
\end{itemize}
\end{document}
"""


def test_latex_leaves_its_prose_on_its_lines() -> None:
    draft = read(LATEX)
    assert draft.keys == {1: "ada2020", 2: "bee", 3: "kim"}
    assert [line.rstrip() for line in draft.text.split("\n") if line.strip()] == [
        "# Lamps & more",
        "LanternNet dims 340 lamps [1][2]  and saves 97%  of the power [1]. The paper [3] found $x^2$.",
        "- One [3].",
    ]
    assert [draft.line(draft.text.index(said)) for said in ("LanternNet", "of the power", "One")] == [5, 7, 10]


def test_own_commands_footnotes_and_headings_within_a_paragraph_are_prose() -> None:
    draft = read(
        r"""\newcommand{\net}{LanternNet\xspace}
\def\unit{lamps}
\paragraph{Results.} \net{} dims 340 \unit~\cite{ada}.\footnote{It also
counts \textbf{every
bee} \cite{bee}.} \net hums\footnote{As \citet{kim} says}.
"""
    )
    assert " ".join(draft.text.split()) == (
        "LanternNet dims 340 lamps [1]. It also counts every bee [2]. LanternNet hums (As the paper [3] says)."
    )
    assert draft.keys == {1: "ada", 2: "bee", 3: "kim"}
    assert [draft.line(draft.text.index(said)) for said in ("LanternNet dims", "counts", "LanternNet hums")] == [3, 4, 5]


def test_markdown_cites_as_pandoc_does() -> None:
    front, code = "---\ntitle: x\n---\n", "```\n[@no]\n```\n"
    draft = read(f"{front}# Lamps\nIt dims [@ada2020; see -@bee:20, p. 3].\nAs @kim says, write to a@b.org.\n\n{code}")
    assert draft.keys == {1: "ada2020", 2: "bee:20", 3: "kim"}
    assert draft.text.strip() == "# Lamps\nIt dims [1][2]. As the paper [3] says, write to a@b.org."
    assert draft.line(draft.text.index("As")) == 6


@pytest.mark.parametrize("head", ["## References\n", "", "# Bibliography\n\n"])
def test_numbers_stand_for_the_lines_of_a_list(head: str) -> None:
    draft = read(f"Lamps dim [1]. Bees do, too [1, 2].\n\n{head}[1] Ada. LanternNet. 2024.\n[2]: Bees. 2023.\n")
    assert draft.keys == {1: "Ada. LanternNet. 2024.", 2: "Bees. 2023."}
    assert draft.listed
    assert draft.text.strip() == "Lamps dim [1]. Bees do, too [1, 2]."


def test_a_text_without_citations_has_none() -> None:
    assert read("Lamps dim.\n\n1. One\n2. Two\n").keys == {}


@given(st.text(alphabet="\\cite{}[]@a1%$~ \n.-#", max_size=80))
def test_any_text_keeps_its_lines(text: str) -> None:
    draft = read(text)
    assert len(draft.text) >= 0
    assert draft.line(len(draft.text)) <= text.count("\n") + 1
