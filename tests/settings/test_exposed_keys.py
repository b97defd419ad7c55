"""A rag.toml that holds a key and that other users can read is warned about, with the command that closes it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rag.doctor.__main__ import Examination
from rag.settings.__main__ import main
from rag.settings.settings import exposed_keys

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows keeps rights elsewhere than in the mode of a file")

HOLDING = {
    "a key": 'api_key = "sk-0123456789"',
    "a key of a profile": '[models.own]\nbase_url = "http://localhost:1/v1"\napi_key = "sk-0123456789"',
    "an embedder's key": 'embed_api_key = "sk-0123456789"',
    "an option that is secret": '[model_options]\ncredentials = "sk-0123456789"',
    "a password in an address": 'base_url = "http://ada:lovelace@localhost:1/v1"\nmodel = "m"',
}
HARMLESS = {
    "no key": 'base_url = "http://localhost:1/v1"\nmodel = "m"',
    "the name of a variable": 'model = "m"\napi_key_env = "MY_KEY"',
    "a number of tokens": "max_answer_tokens = 400",
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    return home / "rag.toml"


@pytest.mark.parametrize("text", HOLDING.values(), ids=HOLDING)
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_key_that_others_can_read_is_warned_about_with_the_remedy(
    text: str, mode: int, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(text)
    file.chmod(mode)
    main([])
    err = capsys.readouterr().err
    warning = f"warning: {file} holds a key that other users of this machine can read. Run chmod 600 {file}.\n"
    assert warning in err
    assert "sk-0123456789" not in err
    file.chmod(0o600)
    main([])
    assert "chmod" not in capsys.readouterr().err


@pytest.mark.parametrize("text", HARMLESS.values(), ids=HARMLESS)
def test_a_file_without_a_key_is_left_alone(text: str, file: Path) -> None:
    file.write_text(text)
    file.chmod(0o644)
    assert exposed_keys() == ()


def test_the_file_of_the_working_directory_counts_too(file: Path) -> None:
    Path("rag.toml").write_text(HOLDING["a key"])
    Path("rag.toml").chmod(0o644)
    [error] = exposed_keys()
    assert str(Path("rag.toml").absolute()) in error.message


def test_the_doctor_fails_its_check_of_the_settings(file: Path) -> None:
    file.write_text(HOLDING["a key"])
    file.chmod(0o644)
    check = next(check for check in Examination({}, quick=True).checks() if check.name == "settings")
    assert (check.ok, check.fix) == (False, f"Run chmod 600 {file}.")
