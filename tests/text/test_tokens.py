from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from support.factories import hit, paper

from rag import prompting
from rag.text.tokens import count, margin

ROOT = Path(__file__).resolve().parents[2]
# Each of the two encodings cuts this differently: tiktoken gives 24 tokens with cl100k_base and 10 with o200k_base.
MANY_TONGUES = "नमस्ते दुनिया, unglaublich 你好世界"
EXACT = {"gpt-4": 24, "gpt-3.5-turbo-0125": 24, "gpt-4o": 10, "gpt-5-mini": 10, "ft:gpt-4o:me::1": 10, "openai/gpt-4o": 10}
# Not OpenAI's, or OpenAI's with an encoding that is not there offline (gpt2, p50k_base, o200k_harmony).
GUESSED = [None, "", "qwen3:8b", "meta-llama/Llama-3.1-8B-Instruct", "gpt2", "text-davinci-003", "gpt-oss-20b"]
SCRIPT = """
import json, os, sys

def refuse(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname"):
        print("NETWORK", event, args)
        os._exit(9)

sys.addaudithook(refuse)
from rag.errors import RagError
from rag.text.tokens import count, margin
try:
    told = [[count(sys.argv[1], m), margin(m)] for m in json.loads(sys.argv[2])]
except RagError as error:
    told = str(error)
print(json.dumps([told, os.environ.get("TIKTOKEN_CACHE_DIR")]))
"""


def apart(models: list[str | None], **environment: str) -> list[object]:
    """Count in another process, which ends at once when it reaches for the network."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, MANY_TONGUES, json.dumps(models)],
        capture_output=True,
        text=True,
        env={**{k: v for k, v in os.environ.items() if k != "TIKTOKEN_CACHE_DIR"}, **environment},
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told: list[object] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize(("model", "expected"), EXACT.items())
def test_a_known_models_tokens_are_counted_with_its_own_encoding_and_no_margin(model: str, expected: int) -> None:
    assert (count(MANY_TONGUES, model), margin(model)) == (expected, 1)


@pytest.mark.parametrize("model", GUESSED)
def test_other_models_tokens_are_estimated_with_a_margin(model: str | None) -> None:
    assert (count(MANY_TONGUES, model), margin(model)) == (10, 1.15)


def test_a_prompt_for_a_known_model_has_more_room() -> None:
    """The same abstracts, the same budget: what is not given away as a margin holds another abstract."""
    hits = [hit(paper(f"Title {i}", "Lamps burn all night. " * 20), 9 - i) for i in range(30)]
    guessed, exact, other = (prompting.answer("Which?", hits, 2_500, model) for model in (None, "gpt-4o", "gpt-4"))
    assert len(guessed.sources) < len(exact.sources) < 30
    assert prompting.tokens(other, "gpt-4") <= 2_500
    assert prompting.tokens(exact, "gpt-4o") <= 2_500 < prompting.tokens(exact)
    assert prompting.tokens(exact, "gpt-4o") - (count(exact.system, "gpt-4o") + count(exact.user, "gpt-4o")) <= 16


@pytest.mark.parametrize("cache", [None, "elsewhere", ""])
def test_no_model_makes_it_download_whatever_the_environment_says(cache: str | None, tmp_path: Path) -> None:
    models = [*EXACT, *GUESSED]
    environment = {} if cache is None else {"TIKTOKEN_CACHE_DIR": str(tmp_path / cache) if cache else ""}
    told, after = apart(models, **environment)
    assert told == [[count(MANY_TONGUES, m), margin(m)] for m in models]
    assert after == environment.get("TIKTOKEN_CACHE_DIR")
    assert not (tmp_path / "elsewhere").exists()


def shadow(tmp_path: Path) -> Path:
    """A folder of encodings that is found in place of llama-index-core's, which is a namespace and so gives way."""
    found = find_spec("llama_index")
    assert found is not None
    [real] = found.submodule_search_locations or ()
    fake = tmp_path / "site" / "llama_index"
    shutil.copytree(Path(real) / "core" / "_static" / "tiktoken_cache", fake / "core" / "_static" / "tiktoken_cache")
    (fake / "__init__.py").touch()
    return fake


def test_an_encoding_whose_file_is_damaged_is_replaced_by_the_other_one_not_downloaded(tmp_path: Path) -> None:
    fake = shadow(tmp_path)
    damaged = fake / "core/_static/tiktoken_cache/9b5ad71b2ce5302211f9c61530b329a4922fc6a4"
    damaged.write_bytes(damaged.read_bytes()[:-100])
    told, _ = apart(["gpt-4", "gpt-4o"], PYTHONPATH=str(fake.parent))
    assert told == [[10, 1.15], [10, 1]]
    assert damaged.exists()


def test_without_any_encoding_the_error_says_what_to_install(tmp_path: Path) -> None:
    fake = shadow(tmp_path)
    shutil.rmtree(fake / "core")
    told, _ = apart(["gpt-4"], PYTHONPATH=str(fake.parent))
    assert "llama-index-core" in str(told)
