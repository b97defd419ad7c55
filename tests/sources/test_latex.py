"""LaTeX of bibliographies as plain text: accents, quotes, signs, maths, and what is not LaTeX."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag.sources import latex

BACKSLASH = "\\"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"{\"o}l, \"ol, {\"{o}}l", "öl, öl, öl"),
        (r"\'{e} \'e {\'{e}} \`a \^{\i} {\~n}", "é é é à î ñ"),
        (r"Stra{\ss}e Stra\ss e {\o} {\O}re {\aa} {\ae} \c{c} \v{s} \k{a} {\l}", "Straße Straße ø Øre å æ ç š ą ł"),
        (r"\textit{Salix} \emph{a \textbf{b}} {\em c} {\bf d} \texttt{e} \textsc{F}", "Salix a b c d e F"),
        (r"``quotes'' {``}lift{''} `one'", "“quotes” “lift” `one'"),
        (r"\textquotedblleft a\textquotedblright", "“a”"),
        (r"1--2 a---b {--}", "1–2 a—b –"),
        (r"Fig.~3, {A}~b", "Fig. 3, A b"),
        (r"R\&D {\&} 5\% {\%} a\_b \# \$5", "R&D & 5% % a_b # $5"),
        (r"{The} {nested {Boat}} {{HMS}}", "The nested Boat HMS"),
        (r"\url{http://boats.example/a_b}, \href{http://x.example}{here}", "http://boats.example/a_b, here"),
        (r"\mbox{A} \ensuremath{\alpha} \dots", "A α …"),
    ],
)
def test_commands_become_the_signs_that_they_stand_for(written: str, meant: str) -> None:
    assert latex.plain(written) == meant


def test_quotes_and_dashes_are_read_where_there_is_no_command() -> None:
    assert latex.plain("``quotes'' -- x~y") == "“quotes” – x y"


@pytest.mark.parametrize(
    "maths",
    ["$H_2$O", r"$\alpha$-stable", r"$x^{a {b}}$", r"$$x$$", r"\(a \leq b\)", r"\[a\]", r"$\sim$50 $\%$", r"$a \$ b$"],
)
def test_maths_stays_as_it_is(maths: str) -> None:
    assert latex.plain(rf"{{\"O}}l {maths} {{x}}") == f"Öl {maths} x"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"at 50% of {the} drag", "at 50% of the drag"),
        (r"at 50% of \emph{R&D} for $5", "at 50% of R&D for $5"),
        (r"{AT}&T # 3 a_b a^b", "AT&T # 3 a_b a^b"),
        (r"$5 and {\%} or $7 of {it}", "$5 and % or $7 of it"),
        (r"only $5 of {it}", "only $5 of it"),
        (r"~50 {boats} (~3)", "~50 boats (~3)"),
    ],
)
def test_a_raw_sign_is_itself(written: str, meant: str) -> None:
    assert latex.plain(written) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"{\textless} 0.05 {\textgreater} \textbar{} {\textasciitilde}5 {\textasciicircum}2", "< 0.05 > | ~5 ^2"),
        (r"{\textless}em{\textgreater}p{\textless}/em{\textgreater}", "<em>p</em>"),
        (r"\${\textasciicircum}\{87\}\$Rb", "$^{87}$Rb"),  # Zotero
        (r"{\$}{\^{}}{\{}87{\}}{\$}Rb", "$^{87}$Rb"),  # Mendeley
        (r"{\$}$\backslash$alpha{\$}, {\~{}}5", r"$\alpha$, ~5"),
        (r"One.$\backslash$nTwo$\backslash$r$\backslash$nthree {\$}$\backslash$nu{\$}", r"One. Two three $\nu$"),
        (r"R{\textbackslash}''ossler \{\textbackslash em kite\}", "R”ossler kite"),
        (r"Sch{\textbackslash}{\textquotedbl}oner \{HMS\} Boats, \{a,b\}", "Schöner HMS Boats, a,b"),
        (r"\{HMS\} Boats, $S$ of \{a,b\}", "HMS Boats, $S$ of {a,b}"),
    ],
)
def test_what_programs_escape_is_read_as_it_was_before(written: str, meant: str) -> None:
    assert latex.plain(written) == meant


def test_a_raised_number_does_not_join_the_number_before() -> None:
    assert (
        latex.plain(r"10\textsuperscript{5} boats, the 1\textsuperscript{st}, H\textsubscript{2}O")
        == "10^5 boats, the 1st, H2O"
    )


def test_an_unknown_command_gives_its_argument_or_its_name() -> None:
    assert latex.plain(r"We show \ours, \kite{} and \new{drift}") == "We show ours, kite and drift"


def test_references_are_left_out() -> None:
    assert latex.plain(r"As known \cite{elm}, boats\footnote{a note} drift") == "As known , boats drift"


def test_an_address_is_cleared_of_escapes() -> None:
    assert latex.address(r"\url{http://b.example/{\~{}}c{\_}d\_e\%20f{\textasciitilde}") == "http://b.example/~c_d_e%20f~"
    assert latex.address(r"10.9999/978{\_}5\_6") == "10.9999/978_5_6"


def test_braces_too_deep_for_the_parser_are_taken_out() -> None:
    assert latex.plain(r"\emph{" * 5000 + "Boats drift" + "}" * 5000).split() == ["Boats", "drift"]


def test_a_long_text_takes_no_longer_for_each_character() -> None:
    start = time.process_time()
    for part in (r"\textit{a} ", r"{\"o}", "$ ", r"\( ", "{", BACKSLASH, "~", "boats drift slowly "):
        latex.plain(r"\x{} " + part * (50_000 // len(part)))
    assert time.process_time() - start < 20


@given(st.text(st.sampled_from(r"\{}[]$%&~^_'`-ab1 " + '"\n\ue000\ue010'), max_size=60) | st.text())
@example(r"\href{u}{")
@example(r"\verb")
@example("\ue0007\ue001 {x}")
def test_no_text_makes_it_raise(text: str) -> None:
    assert isinstance(latex.plain(text), str)
    assert isinstance(latex.address(text), str)


@given(st.text(st.characters(categories=["L", "N"]), max_size=60))
def test_words_stay_as_they_are(text: str) -> None:
    assert latex.plain(text) == text
    assert latex.plain(f"{{{text}}}") == text
