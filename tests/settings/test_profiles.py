"""Profiles: which is chosen, what comes before what, and that a key goes only to the address it belongs to."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag import factory
from rag.errors import UsageError
from rag.settings.settings import load, of_judge, profiles

OWN = "http://own.example/v1"
OTHER = "http://other.example/v1"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The folder that RAG_HOME names (conftest sets it), made."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def write(folder: Path, text: str) -> None:
    (folder / "rag.toml").write_text(text)


def sent(**flags: object) -> tuple[str | None, str | None]:
    """Return the address that is asked, and the key it gets."""
    found = load(**flags).endpoint
    assert found is not None
    return found.base_url, found.api_key.get_secret_value() if found.api_key else None


def complaint(**flags: object) -> UsageError:
    with pytest.raises(UsageError) as caught:
        load(**flags)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")
    return caught.value


TWO = f"""
k = 3
[models.local]
model = "small"
base_url = "{OWN}"
max_answer_tokens = 111
[models.hosted]
model = "large"
base_url = "{OTHER}"
api_key = "hosted-key"
timeout_s = 9
"""


def test_a_profile_is_chosen_by_flag_before_environment_before_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home, TWO)
    assert (load().profile, load().model, load().k) == (None, None, 3)
    write(home, 'profile = "local"\n' + TWO)
    assert (load().profile, load().model, load().max_answer_tokens) == ("local", "small", 111)
    monkeypatch.setenv("RAG_PROFILE", "hosted")
    assert (load().profile, load().model, load().timeout_s, load().max_answer_tokens) == ("hosted", "large", 9.0, 700)
    assert load(profile="local").model == "small"


def test_the_working_directory_chooses_a_profile_of_the_home(home: Path) -> None:
    write(home, 'profile = "local"\n' + TWO)
    write(Path(), 'profile = "hosted"\n')
    assert sent() == (OTHER, "hosted-key")


def test_a_profile_comes_before_the_top_level_and_after_what_names_single_values(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(home, 'profile = "local"\nmax_answer_tokens = 5\ntimeout_s = 6\n' + TWO)
    assert (load().max_answer_tokens, load().timeout_s) == (111, 6.0)
    monkeypatch.setenv("RAG_MAX_ANSWER_TOKENS", "222")
    assert load().max_answer_tokens == 222
    assert load(profile="local").max_answer_tokens == 111  # a flag is more specific than the environment
    assert load(profile="local", max_answer_tokens=333).max_answer_tokens == 333


def test_an_unknown_profile_lists_those_there_are(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "[models.NAME]" in complaint(profile="nosuch").fix
    write(home, TWO)
    write(Path(), '[models.mine]\nmodel = "m"\n')
    error = complaint(profile="nosuch")
    assert "nosuch" in error.message
    assert "hosted, local, mine" in error.fix
    monkeypatch.setenv("RAG_PROFILE", "gone")
    assert "RAG_PROFILE" in complaint().message


def test_profiles_of_both_files_are_joined_and_one_of_the_same_name_hides_the_other_whole(home: Path) -> None:
    write(home, TWO)
    write(Path(), f'[models.hosted]\nbase_url = "{OWN}"\n[models.mine]\nmodel = "m"\n')
    assert {name: (p.model, p.host) for name, p in profiles().items()} == {
        "hosted": (None, "own.example"),
        "local": ("small", "own.example"),
        "mine": ("m", "api.openai.com"),
    }
    assert sent(profile="hosted") == (OWN, None)
    assert load(profile="hosted").timeout_s == 300.0


def test_the_profiles_of_a_home_are_told_with_where_they_stand(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    write(other, '[models.agent]\nmodel = "llamaindex:a.b:C"\n[models.empty]\n')
    found = profiles(other)
    assert (found["agent"].model, found["agent"].host) == ("llamaindex:a.b:C", None)
    assert (found["empty"].model, found["empty"].host) == (None, None)
    assert found["agent"].told == f"{other / 'rag.toml'} [models.agent]"
    assert profiles() == {}


# -- what belongs together -----------------------------------------------------------------------------------------------


def test_with_the_flag_nothing_of_the_environments_endpoint_is_mixed_in(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home, f'[models.local]\nbase_url = "{OWN}"\n')
    monkeypatch.setenv("RAG_BASE_URL", OTHER)
    monkeypatch.setenv("RAG_MODEL", "theirs")
    monkeypatch.setenv("RAG_API_KEY", "their-key")
    monkeypatch.setenv("RAG_API_KEY_ENV", "RAG_API_KEY")
    monkeypatch.setenv("OPENAI_API_KEY", "openai-key")
    assert sent(profile="local") == (OWN, None)
    assert load(profile="local").model is None
    assert sent(profile="local", api_key_env="RAG_API_KEY") == (OWN, "their-key")
    assert load(profile="local", model="named").model == "named"


def test_chosen_by_the_environment_a_profile_gives_way_to_single_variables(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home, f'[models.local]\nbase_url = "{OWN}"\nmodel = "small"\napi_key = "own-key"\n')
    monkeypatch.setenv("RAG_PROFILE", "local")
    assert sent() == (OWN, "own-key")
    monkeypatch.setenv("RAG_MODEL", "other-model")
    monkeypatch.setenv("RAG_API_KEY", "variable-key")
    assert sent() == (OWN, "variable-key")
    assert load().model == "other-model"


@pytest.mark.parametrize("how", ["flag", "environment", "file"])
def test_the_top_level_gives_the_address_of_a_profile_neither_key_nor_model(
    how: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = 'profile = "local"\n' if how == "file" else ""
    write(home, f'{chosen}model = "m"\nbase_url = "{OTHER}"\napi_key = "top"\n[models.local]\nbase_url = "{OWN}"\n')
    if how == "environment":
        monkeypatch.setenv("RAG_PROFILE", "local")
    flags = {"profile": "local"} if how == "flag" else {}
    assert sent(**flags) == (OWN, None)
    assert load(**flags).model is None


@pytest.mark.parametrize("place", ["flag", "environment"])
def test_the_key_of_a_profile_is_not_sent_to_another_address(place: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home, f'profile = "p"\n[models.p]\nbase_url = "{OWN}"\napi_key_env = "SECRET"\n')
    monkeypatch.setenv("SECRET", "own-key")
    assert sent() == (OWN, "own-key")
    if place == "environment":
        monkeypatch.setenv("RAG_BASE_URL", OTHER)
    assert sent(base_url=OTHER if place == "flag" else None) == (OTHER, None)


def test_a_profile_without_an_address_has_its_key_sent_to_that_of_its_own_file_only(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(home, f'base_url = "{OWN}"\n[models.p]\nmodel = "m"\napi_key = "own-key"\n')
    assert sent(profile="p") == (OWN, "own-key")
    write(Path(), f'base_url = "{OTHER}"\n')
    assert sent(profile="p") == (OTHER, None)
    Path("rag.toml").unlink()
    monkeypatch.setenv("RAG_BASE_URL", OTHER)
    assert sent(profile="p") == (OTHER, None)


def test_a_profile_without_an_address_is_one_of_openai(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home, '[models.p]\nmodel = "m"\n')
    monkeypatch.setenv("OPENAI_API_KEY", "openai-key")
    assert sent(profile="p") == (None, "openai-key")


def test_a_key_and_the_variable_of_a_key_are_one_choice(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The place that comes first decides, whichever of the two it names."""
    write(home, f'base_url = "{OWN}"\napi_key_env = "WEAK"\n')
    monkeypatch.setenv("WEAK", "weak")
    assert sent() == (OWN, "weak")
    monkeypatch.setenv("RAG_API_KEY", "strong")
    assert sent() == (OWN, "strong")


@pytest.mark.parametrize("how", ["flag", "environment", "file"])
def test_a_profile_of_the_working_directory_gets_no_key_from_elsewhere(
    how: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(home, f'api_key = "home-key"\n[models.p]\nbase_url = "{OWN}"\napi_key = "home-profile-key"\n')
    for name in ("RAG_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, "variable-key")
    monkeypatch.setenv("RAG_API_KEY_ENV", "RAG_API_KEY")
    chosen = 'profile = "p"\n' if how == "file" else ""
    if how == "environment":
        monkeypatch.setenv("RAG_PROFILE", "p")
    flags = {"profile": "p"} if how == "flag" else {}
    write(Path(), f'{chosen}api_key = "their-top-key"\n[models.p]\nbase_url = "{OTHER}"\n')
    assert sent(**flags) == (OTHER, None)
    assert sent(**flags, api_key_env="RAG_API_KEY") == (OTHER, "variable-key")
    write(Path(), f'{chosen}[models.p]\nbase_url = "{OTHER}"\napi_key = "their-own"\n')
    assert sent(**flags) == (OTHER, "their-own")


def test_options_stay_with_the_class_they_were_written_for(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(
        home,
        'model = "llamaindex:a.b:First"\n[model_options]\napi_key = "first"\n'
        '[models.other]\nmodel = "llamaindex:a.b:Second"\n'
        '[models.tuned]\nmodel = "llamaindex:a.b:Third"\noptions = { size = 3 }\n',
    )
    assert load().model_options == {"api_key": "first"}
    assert (load(profile="other").model_class, load(profile="other").model_options) == ("a.b:Second", {})
    assert load(profile="tuned").model_options == {"size": 3}
    monkeypatch.setenv("RAG_MODEL_OPTIONS", '{"size": 4}')
    assert load().model_options == {"size": 4}  # replaced, not mixed


# -- mistakes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["modle = 'x'", "k = 3", "profile = 'p'", "model_options = {}"])
def test_a_name_that_no_profile_has_is_told_with_its_table(line: str, home: Path) -> None:
    write(home, f"[models.p]\n{line}\n")
    error = complaint()
    assert line.split(" ")[0] in error.message
    assert "[models.p]" in error.message
    assert "context_window" in error.fix


@pytest.mark.parametrize("line", ["model = 5", "timeout_s = 'soon'", "context_window = 3", "stall_s = 0", "options = 5"])
def test_a_wrong_value_in_any_profile_is_told_with_its_table(line: str, home: Path) -> None:
    write(home, f"[models.p]\n{line}\n")
    error = complaint()
    assert line.split(" ")[0] in error.message
    assert f"{home / 'rag.toml'} [models.p]" in error.fix


@pytest.mark.parametrize("text", ["models = 5", "[models]\np = 5", "[[models]]\nmodel = 'x'"])
def test_models_that_are_no_tables_are_one_sentence(text: str, home: Path) -> None:
    write(home, text + "\n")
    assert "[models.NAME]" in complaint().fix


def test_an_address_of_a_profile_that_is_none_is_named(home: Path) -> None:
    write(home, '[models.p]\nbase_url = "localhost:80"\n')
    assert "localhost:80" in complaint().message


@pytest.mark.parametrize(
    "text",
    [
        '[models.p]\napi_key_env = "HOME"',
        'embed_api_key_env = "HOME"',
        'model = "llamaindex:os:system"',
        'embed_model = "llamaindex:os:system"',
        'reranker = "llamaindex:os:system"',
        '[models.p]\nmodel = "llamaindex:os:system"',
        '[models.p]\noptions = { api_base = "http://other.example" }',
        '[model_options]\napi_base = "http://other.example"',
        "[embed_options]\nx = 1",
        "[reranker_options]\nx = 1",
    ],
)
def test_the_working_directory_names_neither_a_variable_nor_code_nor_its_options(text: str, home: Path) -> None:
    write(Path(), text + "\n")
    error = complaint()
    assert "working directory" in error.message
    assert "RAG_HOME" in error.fix
    Path("rag.toml").rename(home / "rag.toml")
    assert load().home == home


def test_the_home_as_working_directory_keeps_its_rights(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home, f'base_url = "{OWN}"\napi_key_env = "SECRET"\n')
    monkeypatch.setenv("SECRET", "own-key")
    monkeypatch.chdir(home)
    assert sent() == (OWN, "own-key")


def test_a_profile_may_name_another_as_the_judge_with_its_own_address_and_key(home: Path) -> None:
    write(home, TWO.replace('model = "small"', 'model = "small"\njudge = "hosted"'))
    assert load().judge is None
    judging = of_judge(load(profile="local"))
    assert judging is not None
    assert judging.endpoint is not None
    assert (judging.endpoint.base_url, judging.endpoint.model, judging.timeout_s) == (OTHER, "large", 9.0)
    assert judging.endpoint.api_key is not None
    assert judging.endpoint.api_key.get_secret_value() == "hosted-key"
    for off in ({"verify": "off"}, {"no_model": True}):
        assert of_judge(load(profile="local", **off)) is None


def test_a_judge_that_is_no_profile_or_has_no_model_is_an_error(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home, TWO.replace('model = "small"', 'model = "small"\njudge = "nosuch"'))
    load()
    error = complaint(profile="local")
    assert "There is no profile nosuch, which is to judge" in error.message
    assert "[models.local]" in error.message
    assert error.fix == "There are hosted, local."
    monkeypatch.setenv("RAG_JUDGE", "hosted")
    assert load().judge == "hosted"
    monkeypatch.delenv("RAG_JUDGE")
    write(home, "[models.empty]\ntimeout_s = 3\n")
    with pytest.raises(UsageError, match="empty, which is to judge, names no model"):
        factory.judge(load(judge="empty", model="m", base_url=OWN))
