"""Questions through a real llama.cpp server. The model is small and often wrong: what is tested is what is made of it."""

from __future__ import annotations

import json
import time
from pathlib import Path

import httpx2 as httpx
from support.commands import TOKENS, WINDOW, run

from rag.assistant import Assistant
from rag.endpoints.chat import EndpointModel
from rag.endpoints.server import Window
from rag.index.minilm import MiniLM
from rag.settings.settings import load
from rag.types import Answer

GRAPH = "How does GraphSAINT build its minibatches?"
NAME = "SmolLM2-135M-Instruct"


def busy(url: str) -> bool:
    """Whether the server is writing; it has one slot."""
    return any(slot["is_processing"] for slot in httpx.get(f"{url.removesuffix('/v1')}/slots", timeout=30).json())


def test_an_answer_has_model_usage_sources_and_checked_claims(short: str) -> None:
    done = run("rag.ask", "--base-url", short, "--json", GRAPH)
    answer = json.loads(done.stdout)
    assert answer["mode"] == "model"
    assert answer["model"].startswith(NAME)
    assert answer["base_url_host"] == "127.0.0.1"
    assert 100 < answer["usage"]["prompt_tokens"] < WINDOW
    assert 0 < answer["usage"]["completion_tokens"] <= TOKENS
    assert answer["sources"][0]["title"].startswith("GraphSAINT")
    assert 0 < answer["timings"]["first_token_s"] <= answer["timings"]["total_s"]
    if answer["refused"]:
        assert done.returncode == 3
        return
    assert done.returncode == (0 if answer["complete"] else 1), done.stderr
    assert answer["complete"] or answer["incomplete_reason"] == "the reply reached its length limit"
    assert answer["claims"]
    for claim in answer["claims"]:
        assert answer["answer"][claim["start"] : claim["end"]] == claim["text"]
        assert claim["verdict"] in ("supported", "partial", "unsupported", "miscited", "uncited", "none")
        assert all(evidence["n"] <= len(answer["sources"]) for evidence in claim["evidence"])


def test_the_text_of_an_answer_has_its_papers_and_says_when_it_is_cut_short(endless: str) -> None:
    done = run("rag.ask", "--base-url", endless, GRAPH, RAG_MAX_ANSWER_TOKENS="12")
    assert "Traceback" not in done.stderr
    assert "GraphSAINT: Graph Sampling Based Inductive Learning Method" in done.stdout
    assert done.returncode == 1
    assert "the reply reached its length limit" in done.stdout


def test_pieces_come_before_the_reply_is_whole(endless: str, embedder: MiniLM) -> None:
    assistant = Assistant(load(base_url=endless), embedder=embedder)
    came = [(event, time.perf_counter()) for event in assistant.stream(GRAPH)]
    pieces = [when for event, when in came if isinstance(event, str)]
    answer, ended = came[-1]
    assert isinstance(answer, Answer)
    assert len(pieces) > 5
    assert ended - pieces[0] > 0.1  # seconds; forty words take longer on any machine
    assert "".join(event for event, _ in came if isinstance(event, str)).strip() == answer.answer


def test_stopping_midway_frees_the_server_for_the_next_question(endless: str, embedder: MiniLM) -> None:
    assistant = Assistant(load(base_url=endless, max_answer_tokens=400, k=1), embedder=embedder)
    stream = assistant.stream("What do graph networks learn? Explain at length, in ten paragraphs.")
    pieces = 0
    for event in stream:
        pieces += isinstance(event, str)
        if pieces == 2:
            break
    assert busy(endless), "a reply that is not over yet holds the slot"
    stopped = time.perf_counter()
    stream.close()
    while busy(endless):
        assert time.perf_counter() - stopped < 20, "the server goes on with a reply that nobody reads"
        time.sleep(0.1)
    again = Assistant(load(base_url=endless, max_answer_tokens=5, k=1), embedder=embedder).ask(GRAPH)
    assert again.usage.completion_tokens is not None
    assert again.usage.completion_tokens <= 5


def test_the_window_is_learned_from_the_server_and_the_prompt_fits(short: str, embedder: MiniLM) -> None:
    assistant = Assistant(load(base_url=short, k=12), embedder=embedder)
    assert assistant.model.context_tokens == WINDOW - TOKENS
    answer = assistant.ask(GRAPH)
    assert answer.usage.prompt_tokens is not None
    assert answer.usage.prompt_tokens <= WINDOW - TOKENS
    assert len(answer.sources) < 12


def test_a_server_set_larger_than_it_is_still_answers_from_fewer_papers_or_says_so(short: str) -> None:
    done = run("rag.ask", "--base-url", short, "--json", "--k", "12", GRAPH, RAG_CONTEXT_WINDOW="8192")
    if done.returncode == 1 and not done.stdout:
        lines = done.stderr.strip().splitlines()
        assert len(lines) == 1
        assert lines[0].startswith("error: ")
        assert "RAG_CONTEXT_WINDOW" in lines[0]
        return
    answer = json.loads(done.stdout)
    assert answer["mode"] == "model"
    assert answer["answer"]
    assert answer["usage"]["prompt_tokens"] < WINDOW
    assert 0 < len(answer["sources"]) < 12


def test_a_prompt_that_the_server_finds_too_long_is_asked_again_with_fewer_papers(short: str, embedder: MiniLM) -> None:
    settings = load(base_url=short, k=12, context_window=8192)
    assert settings.endpoint is not None
    model = EndpointModel(settings.endpoint, settings)
    model._window = Window()  # as of a server that does not tell; this one would
    answer = Assistant(settings, embedder=embedder, model=model).ask(GRAPH)
    assert answer.answer
    assert answer.usage.prompt_tokens is not None
    assert answer.usage.prompt_tokens < WINDOW
    assert 0 < len(answer.sources) < 12


def test_evals_of_the_local_model_have_figures_of_grounding(short: str, tmp_path: Path) -> None:
    case = {
        "id": "graph",
        "kind": "single",
        "split": "dev",
        "question": GRAPH,
        "history": [],
        "gold": ["GraphSAINT: Graph Sampling Based Inductive Learning Method"],
        "must_include": [["subgraph"]],
    }
    paper = {"title": case["gold"][0], "abstract": "GraphSAINT builds minibatches by sampling the training graph."}
    cases, papers = tmp_path / "cases.jsonl", tmp_path / "papers.jsonl"
    cases.write_text(json.dumps(case), "utf-8")
    papers.write_text(json.dumps(paper), "utf-8")
    out = tmp_path / "results"
    done = run("evals", "run", "--base-url", short, "--cases", str(cases), "--papers", str(papers), "--out", str(out))
    assert done.returncode == 0, done.stderr
    header, *rows = [json.loads(line) for line in next(out.glob("run-*.jsonl")).read_text().splitlines()]
    assert header["run"]["mode"] == "model"
    assert [row["case"]["id"] for row in rows] == ["graph"]
    assert all(row["answer"]["usage"]["completion_tokens"] for row in rows)
    assert all({"hit", "right", "refused", "tokens in", "tokens out", "total"} <= row["measures"].keys() for row in rows)
    assert "tokens out" in done.stdout
    assert f"1 answers, {NAME}" in done.stdout
