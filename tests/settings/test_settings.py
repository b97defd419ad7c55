from __future__ import annotations

from pathlib import Path

import pytest

from rag.errors import UsageError
from rag.settings.settings import Endpoint, load

KEY = "sk-very-secret-0123456789"
SERVER = "http://models.example:8000/v1"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The folder that RAG_HOME names (conftest sets it), made."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def endpoint(**flags: object) -> Endpoint:
    found = load(**flags).endpoint
    assert found is not None
    return found


def secret(of: Endpoint) -> str | None:
    return of.api_key.get_secret_value() if of.api_key else None


def complaint(**flags: object) -> UsageError:
    with pytest.raises(UsageError) as caught:
        load(**flags)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")
    assert caught.value.exit_code == 2
    return caught.value


def test_each_place_gives_way_to_the_one_before_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set from the weakest to the strongest: each one must take over from what held before."""
    held = [load().k]
    (home / "rag.toml").write_text("k = 11\n")
    held.append(load().k)
    Path("rag.toml").write_text("k = 12\n")
    held.append(load().k)
    monkeypatch.setenv("RAG_K", "13")
    held.append(load().k)
    held.append(load(k=14).k)
    assert held == [6, 11, 12, 13, 14]


def test_places_are_merged_name_by_name(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "rag.toml").write_text('model = "from-home"\nk = 3\n')
    Path("rag.toml").write_text(f'base_url = "{SERVER}"\n')
    monkeypatch.setenv("RAG_TIMEOUT_S", "7")
    settings = load(max_answer_tokens=99)
    assert (settings.model, settings.k, settings.base_url) == ("from-home", 3, SERVER)
    assert (settings.timeout_s, settings.max_answer_tokens) == (7.0, 99)


def test_a_flag_that_was_not_given_does_not_hide_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_MODEL", "named")
    assert load(model=None, k=None).model == "named"


def test_an_empty_variable_counts_as_not_set(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "rag.toml").write_text('model = "from-file"\n')
    monkeypatch.setenv("RAG_MODEL", "")
    assert load().model == "from-file"


def test_the_home_is_named_by_the_environment_and_its_tilde_is_read(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load().home == home
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("RAG_HOME", "~/papers")
    assert load().home == home / "papers"


def test_rag_toml_is_read_from_the_home_given_as_a_flag(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "rag.toml").write_text("k = 21\n")
    assert load(home=other).k == 21


def test_settings_cannot_be_changed_afterwards() -> None:
    settings = load()
    with pytest.raises(ValueError, match="frozen"):
        settings.k = 3


# -- which endpoint, and which key goes there ----------------------------------------------------------------------------


def test_an_openai_key_alone_configures_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert load().endpoint is None
    monkeypatch.setenv("OPENAI_BASE_URL", SERVER)
    assert load().endpoint is None


def test_a_named_model_uses_the_openai_key_at_openai(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("RAG_MODEL", "gpt-x")
    found = endpoint()
    assert (found.model, found.host, secret(found)) == ("gpt-x", "api.openai.com", KEY)


def test_openai_base_url_is_honoured_once_a_model_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", SERVER)
    found = endpoint(model="m")
    assert (found.base_url, found.host, secret(found)) == (SERVER, "models.example", KEY)


@pytest.mark.parametrize("place", ["flag", "environment", "file"])
def test_the_openai_key_is_not_sent_to_a_host_of_ours(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    if place == "environment":
        monkeypatch.setenv("RAG_BASE_URL", SERVER)
    if place == "file":
        Path("rag.toml").write_text(f'base_url = "{SERVER}"\n')
    found = endpoint(model="m", base_url=SERVER if place == "flag" else None)
    assert found.base_url == SERVER
    assert secret(found) is None


def test_the_openai_key_is_sent_where_api_key_env_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert secret(endpoint(base_url=SERVER, api_key_env="OPENAI_API_KEY")) == KEY


def test_api_key_env_names_any_variable_and_goes_before_rag_api_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_API_KEY", "weaker")
    monkeypatch.setenv("GROQ_KEY", "stronger")
    assert secret(endpoint(base_url=SERVER)) == "weaker"
    assert secret(endpoint(base_url=SERVER, api_key_env="GROQ_KEY")) == "stronger"


def test_api_key_env_that_is_not_set_is_named() -> None:
    with pytest.raises(UsageError, match="NOT_THERE"):
        load(base_url=SERVER, api_key_env="NOT_THERE").endpoint  # noqa: B018


def test_a_local_server_needs_neither_key_nor_model() -> None:
    found = endpoint(base_url="http://localhost:8080")
    assert (found.model, found.host, secret(found)) == (None, "localhost", None)


def test_a_model_without_address_or_key_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="gpt-x"):
        load(model="gpt-x").endpoint  # noqa: B018


def test_no_model_switches_the_endpoint_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_BASE_URL", SERVER)
    assert load(no_model=True).endpoint is None


# -- mistakes ------------------------------------------------------------------------------------------------------------


def test_an_unknown_name_in_rag_toml_is_named() -> None:
    Path("rag.toml").write_text("modle = 'x'\n")
    assert "modle" in str(complaint())


@pytest.mark.parametrize(
    "line", ['k = "many"', "k = [1]", 'timeout_s = "soon"', "model = 5", "no_model = 'perhaps'", "[model]\nx = 1"]
)
def test_a_wrong_type_in_rag_toml_is_named(line: str) -> None:
    Path("rag.toml").write_text(line + "\n")
    error = complaint()
    assert line.strip("[").split("]")[0].split(" ")[0] in error.message
    assert "rag.toml" in error.fix


def test_a_wrong_type_in_the_environment_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_K", "six")
    assert "RAG_K" in str(complaint())


@pytest.mark.parametrize(
    "line", ["k = 0", "k = -1", "timeout_s = 0", "timeout_s = -5", "max_answer_tokens = 0", "context_window = 500"]
)
def test_a_number_that_cannot_work_is_refused(line: str) -> None:
    """A context window is never that small; what a server tells may be, and then the answer's share is lowered."""
    Path("rag.toml").write_text(line + "\n")
    assert line.split(" ")[0] in str(complaint())


def test_a_context_window_is_not_set_unless_someone_sets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load().context_window is None
    assert load(max_answer_tokens=20_000).max_answer_tokens == 20_000  # the server may tell that it has room
    monkeypatch.setenv("RAG_CONTEXT_WINDOW", "2048")
    assert load().context_window == 2048
    error = complaint(max_answer_tokens=2048)
    assert "2048" in error.message
    assert "RAG_CONTEXT_WINDOW" in error.fix


@pytest.mark.parametrize("content", [b"k = = 3", b"[", b"k 3", b"\xff\xfe\x00", b'model = "a\nb"'])
def test_a_malformed_rag_toml_is_one_sentence_that_names_the_file(content: bytes) -> None:
    Path("rag.toml").write_bytes(content)
    assert "rag.toml" in str(complaint())


@pytest.mark.parametrize("url", ["localhost:8080", "models.example/v1", "ftp://models.example"])
def test_an_address_without_http_is_refused(url: str) -> None:
    assert url in str(complaint(base_url=url))


# -- secrets -------------------------------------------------------------------------------------------------------------


def test_secrets_are_masked_wherever_settings_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_API_KEY", KEY)
    settings = load(base_url=SERVER)
    shown = [repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json()]
    assert not any(KEY in text for text in [*shown, repr(settings.endpoint), str(settings.endpoint)])
    assert secret(endpoint(base_url=SERVER)) == KEY


def test_a_key_in_rag_toml_is_not_repeated_in_a_complaint() -> None:
    Path("rag.toml").write_text(f'api_key = "{KEY}"\nk = "x"\n')
    assert KEY not in str(complaint())
    Path("rag.toml").write_text(f'api_key = "{KEY}" oops\n')
    assert KEY not in str(complaint())


@pytest.mark.parametrize("line", ["", 'api_key = "file-key"\n'])
def test_an_address_of_the_working_directory_gets_no_key_of_the_environment(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_API_KEY", KEY)
    monkeypatch.setenv("RAG_API_KEY_ENV", "RAG_API_KEY")
    Path("rag.toml").write_text(f'base_url = "{SERVER}"\n{line}')
    assert secret(endpoint(model="m")) == ("file-key" if line else None)
    assert secret(endpoint(model="m", api_key_env="RAG_API_KEY")) == KEY


def test_the_working_directory_cannot_name_a_variable_to_send() -> None:
    Path("rag.toml").write_text('base_url = "http://localhost:1"\napi_key_env = "HOME"\n')
    assert "api_key_env" in complaint().message


@pytest.mark.parametrize("url", ["http://[::1", "http://host:port", "localhost:80", "http://"])
def test_an_address_that_is_none_is_named(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(base_url=url)
    assert url in caught.value.message


def test_a_key_with_letters_that_no_key_has_is_not_sent_nor_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_API_KEY", "sk-sécret")
    with pytest.raises(UsageError) as caught:
        _ = load(base_url=SERVER).endpoint
    assert "sécret" not in str(caught.value)


# -- embeddings, and classes that are named ------------------------------------------------------------------------------


def embed_endpoint(**flags: object) -> Endpoint:
    found = load(**flags).embed_endpoint
    assert found is not None
    return found


def test_the_bundled_embedder_is_no_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("RAG_BASE_URL", SERVER)
    monkeypatch.setenv("RAG_EMBED_API_KEY", KEY)
    assert load().embed_endpoint is None


def test_an_embedding_model_alone_is_asked_where_openai_is(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="RAG_EMBED_API_KEY"):
        load(embed_model="e").embed_endpoint  # noqa: B018
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("RAG_EMBED_MODEL", "e")
    found = embed_endpoint(no_model=True)  # which says nothing of embeddings
    assert (found.model, found.host, secret(found)) == ("e", "api.openai.com", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", SERVER)
    assert (embed_endpoint().base_url, secret(embed_endpoint())) == (SERVER, KEY)


def test_no_key_but_its_own_is_sent_to_an_embedding_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("RAG_API_KEY", KEY)
    monkeypatch.setenv("RAG_API_KEY_ENV", "OPENAI_API_KEY")
    monkeypatch.setenv("RAG_EMBED_BASE_URL", SERVER)
    found = embed_endpoint()
    assert (found.model, found.host, secret(found)) == (None, "models.example", None)
    monkeypatch.setenv("RAG_EMBED_API_KEY", "embed-key")
    assert secret(embed_endpoint()) == "embed-key"
    monkeypatch.setenv("RAG_EMBED_API_KEY_ENV", "OPENAI_API_KEY")
    assert secret(embed_endpoint()) == KEY
    assert load().endpoint is None


@pytest.mark.parametrize("line", ["", 'embed_api_key = "file-key"\n'])
def test_an_embedding_host_of_the_working_directory_gets_no_other_key(
    line: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "RAG_API_KEY", "RAG_EMBED_API_KEY"):
        monkeypatch.setenv(name, KEY)
    monkeypatch.setenv("RAG_EMBED_API_KEY_ENV", "OPENAI_API_KEY")
    (home / "rag.toml").write_text(f'embed_api_key = "{KEY}"\n')
    Path("rag.toml").write_text(f'embed_base_url = "{SERVER}"\napi_key = "{KEY}"\n{line}')
    assert secret(embed_endpoint()) == ("file-key" if line else None)


def test_a_variable_for_embeddings_that_is_not_set_is_named() -> None:
    with pytest.raises(UsageError, match="NOT_THERE named by embed_api_key_env"):
        load(embed_base_url=SERVER, embed_api_key_env="NOT_THERE").embed_endpoint  # noqa: B018


def test_a_class_is_no_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_MODEL", "llamaindex:a.b:Model")
    monkeypatch.setenv("RAG_MODEL_OPTIONS", '{"size": 3, "names": ["x"]}')
    monkeypatch.setenv("RAG_EMBED_MODEL", "llamaindex:a:Embedding")
    monkeypatch.setenv("RAG_RERANKER", "llamaindex:a.b.c:Reranker")
    settings = load(base_url=SERVER, embed_base_url=SERVER)
    assert (settings.endpoint, settings.embed_endpoint) == (None, None)
    assert (settings.model_class, settings.embed_class, settings.reranker_class) == (
        "a.b:Model",
        "a:Embedding",
        "a.b.c:Reranker",
    )
    assert settings.model_options == {"size": 3, "names": ["x"]}
    assert load(no_model=True).model_class is None
    assert load(model="plain").model_class is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model", "llamaindex:"),
        ("model", "llamaindex:a.b"),
        ("embed_model", "llamaindex:a.b:c()"),
        ("model", "llamaindex:a..b:C"),
        ("reranker", "a.b:C"),
        ("reranker", "cross-encoder/ms-marco"),
    ],
)
def test_a_name_that_is_no_class_is_refused(name: str, value: str) -> None:
    error = complaint(**{name: value})
    assert value in error.message
    assert "llamaindex:package.module:Class" in error.fix


@pytest.mark.parametrize("value", ["{", "[1]", "size=3", "5"])
def test_options_that_are_no_table_are_named(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_EMBED_OPTIONS", value)
    assert "RAG_EMBED_OPTIONS" in complaint().fix


def test_a_byte_order_mark_in_rag_toml_is_no_mistake() -> None:
    Path("rag.toml").write_bytes(b"\xef\xbb\xbfk = 9\n")
    assert load().k == 9


@pytest.mark.parametrize("kind", ["model", "embed_model"])
def test_an_openai_base_url_that_is_none_is_told_without_its_password(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://me:{KEY}@models.example:port")
    settings = load(**{kind: "m"})
    with pytest.raises(UsageError, match=r"OPENAI_BASE_URL is http://.*@models\.example:port") as caught:
        _ = settings.endpoint or settings.embed_endpoint
    assert KEY not in str(caught.value)
