"""Who answers is chosen on the page: profiles of rag.toml, the model the chat was started with, or none."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from support.chat_page import FIRST, SECOND, ask, serve
from support.endpoint_server import Endpoint, says
from support.homes import copy_home

from rag.assistant import Assistant
from rag.errors import UsageError
from rag.index.minilm import MiniLM
from rag.settings.settings import load
from rag.storage.history import History
from ui.chat.conversation import Conversation
from ui.chat.kept_conversations import keep, ratings
from ui.models.choices import QUOTES, STARTED, Models

REPLY = "GraphSAINT samples the training graph itself [1]."


@pytest.fixture
def home(starter_home: Path, tmp_path: Path) -> Path:
    copy_home(starter_home, tmp_path / "picked")
    return tmp_path / "picked"


def with_profiles(home: Path, near: str) -> None:
    (home / "rag.toml").write_text(
        f'[models.near]\nbase_url = "{near}"\nmodel = "small"\n'
        '[models.gone]\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "none"\n'
        '[models.wrong]\nmodel = "gpt"\n'
    )


def test_models_share_the_library_and_are_opened_once(home: Path, embedder: MiniLM) -> None:
    with Endpoint(says(REPLY)) as server:
        with_profiles(home, server.url)
        models = Models(Assistant(load(home=home, no_model=True), embedder=embedder))
        assert [name for _, name in models.choices()] == [STARTED, "gone", "near", "wrong"]
        assert models.choices()[2][0] == "near: small at 127.0.0.1"
        near = models.assistant("near")
        assert near is models.assistant("near")
        assert near.library is models.started.library
        assert near.ask(FIRST).mode == "model"
        assert models.started.ask(FIRST).mode == "extractive"
        assert "answers in" in models.health("near")
        assert "does not answer" in models.health("gone")
        assert models.health(STARTED) == ""
        with pytest.raises(UsageError):
            models.assistant("wrong")


def test_a_chat_with_a_model_can_quote_too_and_a_broken_rag_toml_leaves_profiles_out(home: Path, embedder: MiniLM) -> None:
    with Endpoint(says(REPLY)) as server:
        models = Models(Assistant(load(home=home, base_url=server.url, model="m"), embedder=embedder))
        assert models.assistant(QUOTES).ask(FIRST).mode == "extractive"
    (home / "rag.toml").write_text("models = 5")
    assert [name for _, name in models.choices()] == [STARTED, QUOTES]


def test_a_model_is_chosen_and_answers_in_the_browser(home: Path, embedder: MiniLM, browser: Browser) -> None:
    with Endpoint(says(REPLY), models=["small"]) as near:
        with_profiles(home, near.url)
        tab = browser.new_page(viewport={"width": 1440, "height": 900})
        for url in serve(Assistant(load(home=home, no_model=True), embedder=embedder)):
            tab.goto(url)
            picker = tab.get_by_label("Answers by").first
            picker.click()
            tab.get_by_role("option", name="near: small").click()
            expect(tab.locator("#picker .health.good")).to_contain_text("127.0.0.1 answers in")
            ask(tab, FIRST)
            expect(tab.locator("#thread .copy")).to_have_count(1)
            expect(tab.locator("#thread")).to_contain_text("samples the training graph itself")
            expect(tab.locator("#thread .facts").last).to_contain_text("small")
            picker.click()
            tab.get_by_role("option", name="gone: none").click()
            expect(tab.locator("#picker .health.bad")).to_contain_text("does not answer")
            ask(tab, SECOND)
            expect(tab.locator("#thread")).to_contain_text("Nothing listens at")
            picker.click()
            tab.get_by_role("option", name="near: small").click()
            tab.get_by_role("button", name="Ask again").last.click()
            expect(tab.locator("#thread .copy")).to_have_count(2)
        tab.close()


def test_ratings_are_there_again_with_their_conversation(home: Path, embedder: MiniLM) -> None:
    history = History(home)
    assistant = Assistant(load(home=home, no_model=True), embedder=embedder)
    talk = Conversation()
    for _ in range(2):
        talk = keep(history, talk, assistant.ask(FIRST), "me")
    history.rate(talk.answers[1].id, "me", up=False)
    assert ratings(history, talk, "me") == {talk.answers[1].id: False}
    assert ratings(history, Conversation(), "me") == {}
