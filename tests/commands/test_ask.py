from __future__ import annotations

import codecs
import fcntl
import io
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

import pytest
from rich.console import Console
from support.endpoint_server import Behaviour, Endpoint, Exchange, breaks_off, delta, fails, hangs, says
from support.factories import answer, paper, sources

from rag.ask import _print_tail, main
from rag.prompting import REFUSAL
from rag.types import Claim, Difference

ROOT = Path(__file__).resolve().parents[2]
GRAPH = "How does GraphSAINT get around neighbor explosion when training GCNs on big graphs?"
TITLE = "GraphSAINT: Graph Sampling Based Inductive Learning Method"
EGG = "How long should I boil an egg so the yolk stays soft?"
TOLD = "GraphSAINT samples the training graph itself and builds a complete GCN on the resulting subgraph at each iteration [1]."

Run = tuple[int, str, str]


@pytest.fixture
def ask(starter_home: Path, one_embedder: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    """ask(*arguments) runs the command over the starter corpus: (exit code, standard output, standard error)."""
    monkeypatch.setenv("RAG_HOME", str(starter_home))

    def asked(*arguments: str) -> Run:
        try:
            code = main(list(arguments))
        except SystemExit as end:  # argparse's own
            code = int(end.code or 0)
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return asked


def one_sentence(err: str) -> str:
    """The error, which must be one line and name a remedy."""
    lines = [line for line in err.splitlines() if line.strip()]
    assert len(lines) == 1, err
    assert lines[0].startswith("error: ")
    return lines[0]


def command(home: Path, *arguments: str, stdout: int = subprocess.PIPE, **more: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "RAG_HOME": str(home), "PYTHONPATH": str(ROOT), **more}
    return subprocess.Popen(
        [sys.executable, "-m", "rag.ask", *arguments],
        env=environment,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        # a run in the background starts with SIGINT ignored, and its children with it
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


# -- as a process --------------------------------------------------------------------------------------------------------


def test_the_answer_goes_to_standard_output_and_the_notice_to_standard_error(starter_home: Path) -> None:
    process = command(starter_home, GRAPH)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "samples the training graph itself" in out
    assert f"Sources:\n[1] {TITLE}" in out
    assert "No model is configured" in err
    assert "No model is configured" not in out


def test_an_answer_from_the_records_says_nothing_of_models(ask) -> None:  # type: ignore[no-untyped-def]
    code, out, err = ask("how many papers mention LoRA?", "--since", "2025")
    assert code == 0
    assert "1 paper within the filters that mentions “LoRA”" in out
    assert "Searched 15 papers, considered 1." in out
    assert "No model is configured" not in err
    assert ask("is there a paper called Bananas in Space?")[0] == 3


def test_ctrl_c_ends_with_130_and_no_traceback(starter_home: Path) -> None:
    with Endpoint(hangs) as server:
        process = command(starter_home, GRAPH, RAG_BASE_URL=server.url, RAG_MODEL="m")
        assert server.asked.wait(60)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert out == ""


def test_ctrl_c_while_it_starts_ends_cleanly_too(starter_home: Path) -> None:
    process = command(starter_home, GRAPH, PYTHONPROFILEIMPORTTIME="1")
    assert process.stderr is not None
    assert any("chromadb" in told for told in process.stderr)  # the first of its many modules has just been imported
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert out == ""


# -- what it prints and how it ends --------------------------------------------------------------------------------------


def test_a_refusal_ends_with_3_and_lists_the_nearest_papers(ask) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = ask(EGG)
    assert code == 3
    assert out.startswith(REFUSAL)
    told = out.partition("Nearest papers:\n")[2]
    assert re.findall(r"^\[(\d)\] .+\n    \S.+$", told, re.MULTILINE) == ["1", "2", "3"]  # each with a line of its abstract


def test_no_model_asks_for_quotes_and_gets_no_notice(ask) -> None:  # type: ignore[no-untyped-def]
    code, out, err = ask(GRAPH, "--no-model")
    assert (code, err) == (0, "")
    assert TITLE in out


def test_the_question_may_come_from_standard_input(ask, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(sys, "stdin", io.StringIO(GRAPH + "\n"))
    code, out, _ = ask("-")
    assert code == 0
    assert TITLE in out


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["two", "questions"],
        ["q", "--batch", "f.jsonl"],
        ["q", "--k", "0"],
        ["q", "--k", "-3"],
        ["q", "--k", "many"],
        ["q", "--year", "soon"],
        ["q", "--since", "May"],
        ["q", "--until", "2024-5"],
        ["q", "--since", "2024-13"],
        ["q", "--since", "2024-02-30"],
        ["q", "--min-authors", "0"],
        ["q", "--format", "pdf"],
        ["q", "--nonsense"],
        [""],
        ["  \n"],
        ["why " * 3_000],
        ["--batch", "nosuch.jsonl"],
        ["q", "--base-url", "localhost:8080"],
        ["q", "--model", "gpt-x"],
        ["q", "--base-url", "http://localhost:9/v1", "--api-key-env", "NOT_THERE"],
    ],
)
def test_wrong_usage_ends_with_2_and_prints_no_answer(arguments: list[str], ask) -> None:  # type: ignore[no-untyped-def]
    code, out, err = ask(*arguments)
    assert (code, out) == (2, "")
    assert "error: " in err


def test_bytes_that_are_no_text_do_not_crash_it(ask) -> None:  # type: ignore[no-untyped-def]
    """What a Latin-1 terminal sends arrives with lone surrogates."""
    code, out, _ = ask("How does GraphSAINT caf\udce9 train GCNs on big graphs?", "--json")
    assert code in (0, 2)
    out.encode("utf-8")


def test_json_is_one_line_of_the_contract(ask) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = ask(GRAPH, "--json")
    told = json.loads(out)
    assert (code, out.count("\n")) == (0, 1)
    assert (told["question"], told["refused"], told["mode"]) == (GRAPH, False, "extractive")
    assert told["sources"][0]["title"] == TITLE


def test_json_of_a_refusal_ends_with_3_too(ask) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = ask(EGG, "--format", "json")
    assert code == 3
    assert json.loads(out)["refused"] is True


def test_other_formats(ask) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = ask(GRAPH, "--format", "markdown")
    assert code == 0
    assert out.startswith(f"## {GRAPH}\n")
    assert f"- [1] {TITLE}" in out
    code, out, _ = ask(GRAPH, "--format", "bibtex")
    assert code == 0
    assert out.startswith("@misc{")
    assert f"title = {{{{{TITLE}}}}}" in out
    code, out, _ = ask(GRAPH, "--format", "ris")
    assert code == 0
    assert out.startswith("TY  - GEN\n")
    assert f"TI  - {TITLE}\n" in out


def test_search_lists_papers_without_answering(ask) -> None:  # type: ignore[no-untyped-def]
    code, out, err = ask(GRAPH, "--search", "--k", "3")
    assert (code, err) == (0, "")
    assert out.startswith(f"[1] {TITLE}")
    assert "[3] " in out
    assert "[4] " not in out
    code, out, _ = ask(GRAPH, "--search", "--k", "2", "--json")
    hits = json.loads(out)["hits"]
    assert [h["n"] for h in hits] == [1, 2]
    assert "samples the training graph itself" in hits[0]["abstract"]


def test_filters_restrict_what_is_found(ask) -> None:  # type: ignore[no-untyped-def]
    def found(*arguments: str) -> list[dict[str, str]]:
        code, out, _ = ask("neural networks for sequences", "--search", "--json", "--k", "8", *arguments)
        assert code == 0
        return json.loads(out)["hits"]  # type: ignore[no-any-return]

    assert {h["published"][:4] for h in found("--year", "2023")} == {"2023"}
    assert all("2015" <= h["published"] < "2018" for h in found("--since", "2015", "--until", "2017-12"))
    assert [h["title"] for h in found("--title", "pointer netw")] == ["Pointer Networks"]
    assert len(found("--source", "starter")) == 8
    assert len(found("--min-authors", "9")) == 3


def test_a_search_tells_on_standard_error_what_the_filters_could_not_judge(ask) -> None:  # type: ignore[no-untyped-def]
    code, out, err = ask("graphs", "--search", "--year", "2024", "--min-authors", "3")
    assert (code, out[:4]) == (0, "[1] ")
    assert err.splitlines() == [
        "500 papers have no date and were left out.",
        "500 papers do not tell how many authors they have and were left out.",
    ]
    assert ask("graphs", "--search", "--title", "graph")[2] == ""


def test_filters_that_leave_nothing_are_named(ask) -> None:  # type: ignore[no-untyped-def]
    code, out, err = ask("graphs", "--search", "--year", "2031")
    assert (code, out) == (3, "")
    nothing, undated = err.splitlines()
    assert nothing == "No paper of the 574 is from 2031; the dates run from 2015-06-09 to 2025-11-11."
    code, out, _ = ask("graphs", "--search", "--year", "2031", "--json")
    assert code == 3
    assert (json.loads(out)["hits"], json.loads(out)["warnings"]) == ([], [nothing, undated])
    code, out, _ = ask(GRAPH, "--year", "2031")
    assert code == 3
    assert nothing in out


def test_an_answer_says_what_it_was_restricted_to_and_what_that_left_out(ask) -> None:  # type: ignore[no-untyped-def]
    asked = ("How does Pard generate graphs block by block?", "--since", "2024", "--until", "2024-06", "--no-model")
    code, out, _ = ask(*asked)
    assert code == 0
    assert "Only papers from 2024 to 2024-06.\n⚠ 500 papers have no date and were left out.\n\nSources:" in out
    told = json.loads(ask(*asked, "--json")[1])
    assert told["filters"] == {
        "year": None,
        "since": "2024",
        "until": "2024-06",
        "source": None,
        "title": None,
        "author": None,
        "organisation": None,
        "min_authors": None,
        "max_authors": None,
        "identifier": None,
        "papers": [],
    }


def test_only_the_papers_named_by_id_are_asked(ask) -> None:  # type: ignore[no-untyped-def]
    hits = json.loads(ask("graph networks", "--search", "--json")[1])["hits"]
    first, second = (hit["paper_id"] for hit in hits[:2])
    told = json.loads(ask("graph networks", "--search", "--json", "--paper", second, "--paper", first)[1])
    assert [hit["paper_id"] for hit in told["hits"]] == [first, second]
    assert told["filters"]["papers"] == [second, first]
    code, out, _ = ask(GRAPH, "--paper", first, "--no-model")
    assert code == 0
    assert f"Only the paper “{hits[0]['title']}”." in out


def test_a_line_of_a_batch_may_select_papers(ask, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    selected = json.loads(ask(GRAPH, "--search", "--json")[1])["hits"][0]["paper_id"]
    lines = [{"question": GRAPH, "filters": {"papers": papers}} for papers in ([selected], ["nosuch"], selected)]
    (tmp_path / "batch.jsonl").write_text("\n".join(map(json.dumps, lines)), "utf-8")
    code, out, _ = ask("--batch", str(tmp_path / "batch.jsonl"), "--no-model")
    answered, missing, wrong = map(json.loads, out.splitlines())
    assert code == 1
    assert [source["paper_id"] for source in answered["sources"]] == [selected]
    assert missing["error"].startswith("The library has no paper with the id “nosuch”.")
    assert wrong["error"].endswith("Give a list of texts.")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--paper", "nosuch"], "The library has no paper with the id “nosuch”."),
        (["--since", "2025", "--until", "2024"], "The papers cannot be both from 2025 on and up to 2024."),
        (["--year", "2020", "--since", "2021-05"], "No paper from 2020 can be from 2021-05 on."),
        (["--source", "nosuch"], "No source has “nosuch” in its name; there is only starter."),
        (["--source", "nosuch", "--search"], "No source has “nosuch” in its name; there is only starter."),
        (["--until", "soon"], "“soon” is not a date."),
    ],
)
def test_filters_that_cannot_be_right_are_told_in_one_sentence(arguments: list[str], told: str, ask) -> None:  # type: ignore[no-untyped-def]
    code, out, err = ask(GRAPH, *arguments)
    assert (code, out) == (2, "")
    assert told in one_sentence(err)


# -- with an endpoint ----------------------------------------------------------------------------------------------------


def test_an_answer_of_a_model_is_printed_with_its_sources(ask) -> None:  # type: ignore[no-untyped-def]
    with Endpoint(says(TOLD[:30], TOLD[30:])) as server:
        code, out, err = ask(GRAPH, "--base-url", server.url, "--model", "m")
    assert (code, err) == (0, "")
    assert out.startswith(TOLD)
    assert f"[1] {TITLE}" in out


def test_what_failed_the_check_is_shown(ask) -> None:  # type: ignore[no-untyped-def]
    with Endpoint(says(f"{TOLD} It also sings [77]. Everybody loves it.")) as server:
        code, out, _ = ask(GRAPH, "--base-url", server.url)
    assert code == 0
    assert "unsupported: “It also sings [77].”" in out
    assert "uncited: “Everybody loves it.”" in out
    assert "77" in out.rpartition("no source")[2]


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_a_prompt_that_the_server_cut_is_told_with_the_remedy(form: str, ask) -> None:  # type: ignore[no-untyped-def]
    with Endpoint(says(TOLD, prompt_tokens=400)) as server:
        code, out, _ = ask(GRAPH, "--base-url", server.url, "--format", form)
    assert code == 0
    assert "The server read only 400 of about" in out
    assert "RAG_CONTEXT_WINDOW" in out


def test_a_model_that_refuses_ends_with_3(ask) -> None:  # type: ignore[no-untyped-def]
    with Endpoint(says(REFUSAL)) as server:
        code, out, _ = ask(GRAPH, "--base-url", server.url)
    assert code == 3
    assert "Nearest papers:" in out


def test_a_cut_answer_is_kept_and_called_incomplete(ask) -> None:  # type: ignore[no-untyped-def]
    with Endpoint(breaks_off(f"{TOLD} And th")) as server:
        code, out, _ = ask(GRAPH, "--base-url", server.url, "--model", "m")
    assert code == 1
    assert f"{TOLD} And th" in out
    assert "incomplete" in out


def test_a_dead_endpoint_ends_with_1_and_one_sentence(ask) -> None:  # type: ignore[no-untyped-def]
    with Endpoint() as server:
        url = server.url
    code, out, err = ask(GRAPH, "--base-url", url, "--model", "m")
    assert (code, out) == (1, "")
    assert "--no-model" in one_sentence(err)


@pytest.mark.parametrize("behaviour", [fails(401), fails(500), says("")])
def test_a_failing_endpoint_ends_with_1_and_one_sentence(behaviour: Behaviour, ask) -> None:  # type: ignore[no-untyped-def]
    with Endpoint(behaviour) as server:
        code, out, err = ask(GRAPH, "--base-url", server.url, "--model", "m")
    assert (code, out) == (1, "")
    one_sentence(err)


def test_keys_go_where_they_belong(ask, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("OPENAI_API_KEY", "sk-openai")
    monkeypatch.setenv("OTHER_KEY", "sk-other")
    with Endpoint(says(TOLD)) as server:
        ask(GRAPH, "--base-url", server.url, "--model", "m")
        ask(GRAPH, "--base-url", server.url, "--model", "m", "--api-key-env", "OTHER_KEY")
        ask(GRAPH, "--base-url", server.url, "--model", "m", "--api-key-env", "OPENAI_API_KEY")
    sent = [r.headers.get("authorization", "") for r in server.chats]
    assert "sk-openai" not in sent[0]
    assert sent[1:] == ["Bearer sk-other", "Bearer sk-openai"]


# -- force, the second judge, signs --------------------------------------------------------------------------------------

DOUBTFUL = f"{TOLD} Whales sing at sea [1]. Everybody loves it. {TOLD.replace('[1]', '[2]')}"


def test_force_asks_what_would_be_refused(ask) -> None:  # type: ignore[no-untyped-def]
    with Endpoint(says("Six minutes [1].")) as server:
        address = ("--base-url", server.url, "--model", "m")
        code, out, _ = ask(EGG, *address)
        assert (code, server.chats) == (3, [])
        code, out, _ = ask(EGG, *address, "--force")
        assert len(server.chats) == 1
    assert code == 0
    assert out.startswith("Six minutes [1] ⚠.\n")
    code, out, _ = ask(EGG, "--no-model", "--force", "--json")
    assert (code, json.loads(out)["refused"]) == (0, False)


def test_force_holds_for_batches(ask) -> None:  # type: ignore[no-untyped-def]
    Path("batch.jsonl").write_text(line(id="a", question=EGG))
    assert json.loads(ask("--batch", "batch.jsonl", "--no-model")[1])["refused"] is True
    assert json.loads(ask("--batch", "batch.jsonl", "--no-model", "--force")[1])["refused"] is False


def test_verify_has_the_model_judge_each_statement(ask, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    def asked(*arguments: str) -> tuple[int, Run]:
        with Endpoint(says(TOLD), says("1 | - | not said | itself")) as server:
            told = ask(GRAPH, "--base-url", server.url, "--model", "m", *arguments)
            return len(server.chats), told

    requests, (code, out, _) = asked("--verify", "model")
    assert (requests, code) == (2, 0)
    monkeypatch.setenv("RAG_VERIFY", "model")
    requests, (_, out, _) = asked("--json")
    claim = json.loads(out)["claims"][0]
    assert (requests, claim["judged"], claim["verdict"], claim["by"]) == (2, "unsupported", "unsupported", "m")
    assert asked("--verify", "off")[0] == 1


def test_an_endpoint_that_fails_at_judging_leaves_the_answer(ask) -> None:  # type: ignore[no-untyped-def]
    with Endpoint(says(TOLD), fails(400, "out of memory")) as server:
        code, out, err = ask(GRAPH, "--base-url", server.url, "--model", "m", "--verify", "model")
    assert (code, err) == (0, "")
    assert out.startswith(TOLD)
    assert "The model did not judge all statements" in out
    assert "out of memory" in out


@pytest.mark.parametrize("value", ["yes", "", "Model "])
def test_a_wrong_kind_of_judge_is_wrong_usage(value: str, ask, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    assert ask(GRAPH, "--verify", value)[0] == 2
    monkeypatch.setenv("RAG_VERIFY", "yes")
    code, _, err = ask(GRAPH)
    assert code == 2
    assert "RAG_VERIFY" in one_sentence(err)


def test_signs_follow_their_sentences_and_a_legend_explains_those_that_occur(ask) -> None:  # type: ignore[no-untyped-def]
    with Endpoint(says(DOUBTFUL)) as server:
        _, out, _ = ask(GRAPH, "--base-url", server.url, "--model", "m")
    text, findings, listed = out.split("\n\n")
    wrong = TOLD.replace("[1]", "[2]")
    assert text == f"{TOLD} Whales sing at sea [1] ⚠. Everybody loves it ○. {wrong[:-1]} ↪."
    legend, *lines = findings.splitlines()
    assert legend == (
        "⚠ not supported by the abstract it cites   ○ without a source   ↪ supported by another source than it cites   "
        "no sign: found in the abstract"
    )
    found = [told for told in lines if not told.startswith("    ")]
    assert [told.split("“")[0] for told in found[:3]] == ["⚠ unsupported: ", "○ uncited: ", "↪ miscited: "]
    assert all(told.endswith("by words)") for told in found[:3])
    assert "[1] supports this" in found[2]
    assert "    [1] says: “" in findings
    assert listed.startswith(f"Sources:\n[1] {TITLE}")
    assert "\x1b" not in out


def test_a_citation_that_the_check_adds_is_told_as_such(ask) -> None:  # type: ignore[no-untyped-def]
    bare = TOLD.replace(" [1]", "")
    with Endpoint(says(bare)) as server:
        _, out, _ = ask(GRAPH, "--base-url", server.url, "--model", "m")
    assert out.startswith(f"{bare[:-1]} [1, added by check].\n\n")
    assert f"Sources:\n[1] {TITLE}" in out


# -- on a terminal -------------------------------------------------------------------------------------------------------


class Terminal:
    """Runs the command with a terminal of 200 columns as its standard output, and reads what it shows."""

    def __init__(self, home: Path, *arguments: str) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
        self.process = command(home, *arguments, stdout=theirs, TERM="xterm-256color", COLORTERM="", NO_COLOR="")
        os.close(theirs)
        self.shown = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def until(self, mark: str | None, timeout: float = 60) -> str:
        """Read until `mark` is shown, or to the end; return all that was shown."""
        end = time.monotonic() + timeout
        while mark is None or mark not in self.shown:
            assert time.monotonic() < end, self.shown
            if not select.select([self._ours], [], [], 1)[0]:
                continue
            try:
                data = os.read(self._ours, 65_536)
            except OSError:  # the other side is closed
                data = b""
            if not data:
                assert mark is None, self.shown
                break
            self.shown += self._decoder.decode(data)
        return self.shown

    def close(self) -> int:
        """Read to the end and return the exit code."""
        self.until(None)
        os.close(self._ours)
        _, err = self.process.communicate(timeout=20)
        assert "Traceback" not in err + self.shown
        return self.process.returncode


def uncoloured(shown: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown).replace("\r\n", "\n")


def test_a_terminal_shows_signs_in_colour_right_after_their_sentences(starter_home: Path) -> None:
    with Endpoint(says(*(DOUBTFUL[i : i + 9] for i in range(0, len(DOUBTFUL), 9)))) as server:
        terminal = Terminal(starter_home, GRAPH, "--base-url", server.url, "--model", "m")
        assert terminal.close() == 0
    shown = uncoloured(terminal.shown)
    wrong = TOLD.replace("[1].", "[2]")
    assert f"{TOLD} Whales sing at sea [1] ⚠. Everybody loves it ○. {wrong} ↪.\n\n⚠ not supported" in shown
    assert f"Sources:\n[1] {TITLE}" in shown
    for colour, sign in (("1;31", "⚠"), ("36", "○"), ("35", "↪")):
        assert f"\x1b[{colour}m {sign}\x1b[0m" in terminal.shown


def test_a_terminal_shows_a_sentence_and_its_sign_before_the_model_has_ended(starter_home: Path) -> None:
    go_on = threading.Event()

    def slow(to: Exchange) -> None:
        to.start()
        to.event(delta(f"{TOLD} Whales sing at sea [1]. Then"))
        go_on.wait(60)
        to.event(delta(" it stops.", "stop"))
        to.event("[DONE]")
        to.end()

    with Endpoint(slow) as server:
        terminal = Terminal(starter_home, GRAPH, "--base-url", server.url, "--model", "m")
        shown = uncoloured(terminal.until("Then"))
        assert not go_on.is_set()
        assert f"{TOLD} Whales sing at sea [1] ⚠. Then" in shown
        go_on.set()
        assert terminal.close() == 0
    assert "Then it stops ○.\n" in uncoloured(terminal.shown)


def test_a_terminal_underlines_the_words_that_differ(capsys: pytest.CaptureFixture[str]) -> None:
    said, abstract = "The error increases [1].", "We find that the error decreases."
    differs = (Difference("word", 10, 19, 1, 23, 32),)
    claim = Claim(said, 0, len(said), (1,), "contradicted", differs=differs, by="qwen3:8b")
    made = answer(said, sources(paper("Depth", abstract)), claims=(claim,))
    late = [claim, Claim("Depth helps.", 0, 12, (), "supported", added=(1,))]
    _print_tail(Console(force_terminal=True, color_system="standard", width=200, highlight=False), made, late)
    shown = capsys.readouterr().out
    assert [re.findall(r"\x1b\[1;4m(.*?)\x1b\[0m", line) for line in shown.splitlines()] == [
        *([], [], [], [], [], []),
        ["increases", "increases", "decreases"],
        ["decreases"],
        *([], [], []),
    ]
    assert uncoloured(shown) == (
        "\n\nThe text lacks 2 marks of the check, which ended after the text was printed:\n"
        "    “The error increases [1].” ≠\n    “Depth helps.” [1, added by check]\n"
        "≠ the abstract says otherwise   no sign: found in the abstract\n"
        '≠ contradicted: “The error increases [1].” ("increases" against "decreases" in [1]; by qwen3:8b)\n'
        "    [1] says: “We find that the error decreases.”\n\nSources:\n[1] Depth\n"
    )


def test_ctrl_c_in_the_middle_keeps_what_there_is_and_marks_it(starter_home: Path) -> None:
    def half(to: Exchange) -> None:
        to.start()
        to.event(delta(f"{TOLD} Whales sing at sea [1]. And th"))
        to.stopped.wait(60)

    with Endpoint(half) as server:
        terminal = Terminal(starter_home, GRAPH, "--base-url", server.url, "--model", "m")
        terminal.until("And th")
        time.sleep(1)  # it waits for the model now, and no longer prints
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.close() == 1
    shown = uncoloured(terminal.shown)
    assert f"{TOLD} Whales sing at sea [1] ⚠. And th" in shown
    assert shown.count("And th") <= 2  # in the text, and where the check tells of it
    assert "⚠ incomplete: stopped" in shown
    assert f"Sources:\n[1] {TITLE}" in shown


def test_ctrl_c_on_a_terminal_before_the_first_word_ends_with_130(starter_home: Path) -> None:
    with Endpoint(hangs) as server:
        terminal = Terminal(starter_home, GRAPH, "--base-url", server.url, "--model", "m")
        assert server.asked.wait(60)
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.close() == 130
    assert "incomplete" not in terminal.shown


def test_a_refusal_on_a_terminal_lists_the_nearest_papers_with_a_line_each(starter_home: Path) -> None:
    terminal = Terminal(starter_home, EGG)
    assert terminal.close() == 3
    shown = uncoloured(terminal.shown)
    assert REFUSAL in shown
    assert len(re.findall(r"^\[\d\] .+\n    \S.+$", shown.partition("Nearest papers:\n")[2], re.MULTILINE)) == 3


# -- batches -------------------------------------------------------------------------------------------------------------


def batch(ask, lines: list[str] | bytes) -> tuple[int, list[dict[str, object]]]:  # type: ignore[no-untyped-def]
    data = lines if isinstance(lines, bytes) else "\n".join(lines).encode()
    Path("batch.jsonl").write_bytes(data)
    code, out, _ = ask("--batch", "batch.jsonl")
    return code, [json.loads(line) for line in out.split("\n") if line]


def line(**values: object) -> str:
    return json.dumps(values, ensure_ascii=False)


def test_a_batch_answers_each_line_under_its_id(ask) -> None:  # type: ignore[no-untyped-def]
    code, told = batch(ask, [line(id="a", question=GRAPH), "", line(id=7, question=EGG), line(question=GRAPH)])
    assert code == 0
    assert [t["id"] for t in told] == ["a", 7, 4]
    assert [t["refused"] for t in told] == [False, True, False]


BAD = {
    "no JSON": "{oops",
    "no object": "[1]",
    "no question": line(id="x", text="?"),
    "an empty question": line(id="x", question="  "),
    "a question that is a number": line(id="x", question=5),
    "a history that is a number": line(id="x", question=GRAPH, history=5),
    "a history that is a string": line(id="x", question=GRAPH, history="What?"),
    "a history of numbers": line(id="x", question=GRAPH, history=[1]),
    "an unknown filter": line(id="x", question=GRAPH, filters={"yaer": 2024}),
    "filters that are a list": line(id="x", question=GRAPH, filters=[2024]),
    "a year that is text": line(id="x", question=GRAPH, filters={"year": "2024"}),
    "filters that exclude each other": line(id="x", question=GRAPH, filters={"since": "2025", "until": "2024"}),
    "a source that is not there": line(id="x", question=GRAPH, filters={"source": "nosuch"}),
    "an unknown role": line(id="x", question=GRAPH, history=[{"role": "wizard", "content": "x"}]),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_bad_line_gets_an_error_and_the_rest_go_on(bad: str, ask) -> None:  # type: ignore[no-untyped-def]
    code, told = batch(ask, [bad, line(id="good", question=GRAPH)])
    assert code == 1
    assert set(told[0]) == {"id", "error"}
    assert told[0]["error"]
    assert (told[1]["id"], told[1]["refused"]) == ("good", False)


def test_a_line_has_filters_of_its_own_over_those_of_the_command(ask) -> None:  # type: ignore[no-untyped-def]
    years = [{"year": 2023}, None, {"year": None, "until": "2021"}]
    Path("batch.jsonl").write_text("\n".join(line(question="Tell me of graphs.", filters=f) for f in years))
    _, out, _ = ask("--batch", "batch.jsonl", "--no-model", "--force", "--year", "2024", "--k", "3")
    told = [json.loads(t) for t in out.splitlines()]
    assert [{s["published"][:4] for s in t["sources"]} for t in told[:2]] == [{"2023"}, {"2024"}]
    assert all(s["published"] < "2022" for s in told[2]["sources"])
    assert [t["filters"]["year"] for t in told] == [2023, 2024, None]


def test_wrong_filters_of_a_batch_command_are_wrong_usage(ask) -> None:  # type: ignore[no-untyped-def]
    Path("batch.jsonl").write_text(line(question=GRAPH))
    code, out, err = ask("--batch", "batch.jsonl", "--source", "nosuch")
    assert (code, out) == (2, "")
    assert "there is only starter" in one_sentence(err)


def test_a_bad_line_without_an_id_is_known_by_its_number(ask) -> None:  # type: ignore[no-untyped-def]
    _, told = batch(ask, [line(id="a", question=EGG), "{oops"])
    assert told[1]["id"] == 2
    assert "Line 2" in str(told[1]["error"])


@pytest.mark.parametrize(
    "history", [["What are Pointer Networks?"], [{"role": "user", "content": "What are Pointer Networks?"}]]
)
def test_a_history_is_taken_as_questions_or_as_messages(history: list[object], ask) -> None:  # type: ignore[no-untyped-def]
    _, told = batch(ask, [line(id=1, question="which geometry problems can they learn?", history=history)])
    assert told[0]["standalone_question"] == "which geometry problems can they learn? (about: What are Pointer Networks?)"
    assert told[0]["sources"][0]["title"] == "Pointer Networks"  # type: ignore[index]


def test_a_batch_comes_from_standard_input_too(ask, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(sys, "stdin", io.StringIO(line(id="a", question=GRAPH)))
    code, out, _ = ask("--batch", "-")
    assert (code, json.loads(out)["id"]) == (0, "a")


def test_odd_line_separators_inside_a_question_do_not_split_the_line(ask) -> None:  # type: ignore[no-untyped-def]
    question = GRAPH.replace("when", "\u2028when")
    code, told = batch(ask, [line(id="a", question=question)])
    assert (code, len(told)) == (0, 1)
    assert told[0]["question"] == question


def test_a_byte_order_mark_is_no_mistake(ask) -> None:  # type: ignore[no-untyped-def]
    code, told = batch(ask, b"\xef\xbb\xbf" + line(id="a", question=GRAPH).encode())
    assert (code, told[0]["id"]) == (0, "a")


def test_lone_surrogates_in_a_question_do_not_end_the_batch(ask) -> None:  # type: ignore[no-untyped-def]
    surrogate = '{"id": "odd", "question": "How does GraphSAINT \\ud800 train GCNs?"}'
    _, told = batch(ask, [surrogate, line(id="good", question=GRAPH)])
    assert [t["id"] for t in told] == ["odd", "good"]


def test_a_batch_that_is_no_text_is_a_usage_error(ask) -> None:  # type: ignore[no-untyped-def]
    Path("batch.jsonl").write_bytes(b"\xff\xfe\x00")
    code, out, err = ask("--batch", "batch.jsonl")
    assert (code, out) == (2, "")
    assert "batch.jsonl" in one_sentence(err)


def test_a_profile_names_the_model_that_is_asked(ask) -> None:  # type: ignore[no-untyped-def]
    with Endpoint(says(TOLD)) as server:
        Path("rag.toml").write_text(f'[models.mine]\nbase_url = "{server.url}"\nmodel = "m"\n')
        code, out, _ = ask(GRAPH, "--profile", "mine", "--json")
    assert code == 0
    assert (json.loads(out)["mode"], json.loads(out)["model"]) == ("model", "m")
    code, out, err = ask(GRAPH, "--profile", "nosuch")
    assert (code, out) == (2, "")
    assert "There are mine." in one_sentence(err)


def test_a_dead_endpoint_fails_each_line_of_a_batch(ask) -> None:  # type: ignore[no-untyped-def]
    with Endpoint() as server:
        url = server.url
    Path("rag.toml").write_text(f'base_url = "{url}"\nmodel = "m"\n')
    code, told = batch(ask, [line(id="a", question=GRAPH), line(id="b", question=EGG)])
    assert code == 1
    assert "Nothing listens at" in str(told[0]["error"])
    assert told[1]["refused"] is True  # refused before the model is asked


def test_a_line_without_a_question_keeps_its_id_and_odd_ids_do_no_harm(ask) -> None:  # type: ignore[no-untyped-def]
    code, told = batch(ask, ['{"id": "x"}', '{"id": "\\ud800", "question": "GraphSAINT"}', line(id=3, question=GRAPH)])
    assert code == 1
    assert told[0]["id"] == "x"
    assert "no question" in str(told[0]["error"])
    assert told[2]["id"] == 3


@pytest.mark.parametrize(
    "arguments",
    [["--json", "--format", "bibtex", "q"], ["--search", "--format", "ris", "q"], ["--batch", "x", "--search"]],
)
def test_options_that_contradict_each_other_are_refused(arguments: list[str], ask) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = ask(*arguments)
    assert (code, out) == (2, "")


def test_control_characters_of_a_model_do_not_reach_the_terminal(ask) -> None:  # type: ignore[no-untyped-def]
    with Endpoint(says("GraphSAINT \x1b[31msamples", " the training graph [1].\x07")) as server:
        _, out, _ = ask("--base-url", server.url, "--model", "m", GRAPH)
    assert "samples" in out
    assert "\x1b" not in out
    assert "\x07" not in out
