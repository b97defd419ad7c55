"""The only reader of the environment and of rag.toml: flags > environment > rag.toml > defaults, frozen.

A model is asked only when RAG_MODEL or RAG_BASE_URL (or their flags, or rag.toml) names one: an OPENAI_API_KEY lying in
the environment spends nothing by itself. OPENAI_API_KEY and OPENAI_BASE_URL are honoured once a model is named, but that
key is never sent to a host named by RAG_BASE_URL or --base-url unless --api-key-env or RAG_API_KEY_ENV says so. A host
named by a rag.toml in the working directory, which may be somebody else's, gets only a key from that same file.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from platformdirs import user_data_path
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from rag.errors import UsageError

_FILE = "rag.toml"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the model is: `base_url` None is the openai package's own default; `model` None asks the server."""

    base_url: str | None
    model: str | None
    api_key: SecretStr | None

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).hostname or "" if self.base_url else "api.openai.com"


class Settings(BaseSettings):
    """What is in force. Build it with load(), which turns mistakes into UsageError."""

    model_config = SettingsConfigDict(env_prefix="RAG_", frozen=True, env_ignore_empty=True, extra="forbid")

    home: Path = user_data_path("abstract-rag", appauthor=False)
    model: str | None = None
    base_url: str | None = None
    api_key: SecretStr | None = None
    api_key_env: str | None = None
    context_window: int | None = Field(None, ge=1024)  # None: what the server tells
    max_answer_tokens: int = Field(700, ge=1)
    timeout_s: float = Field(300.0, gt=0)  # until a reply begins
    stall_s: float = Field(60.0, gt=0)  # of silence in a reply that has begun
    model_options: dict[str, Any] = Field(default_factory=dict)
    k: int = Field(6, ge=1)
    no_model: bool = False
    verify: Literal["off", "model"] = "off"
    embed_model: str | None = None
    embed_base_url: str | None = None
    embed_api_key: SecretStr | None = None
    embed_api_key_env: str | None = None
    embed_options: dict[str, Any] = Field(default_factory=dict)
    reranker: str | None = None
    reranker_options: dict[str, Any] = Field(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        home = init_settings().get("home") or env_settings().get("home") or cls.model_fields["home"].default
        here = TomlConfigSettingsSource(settings_cls, Path(_FILE))
        there = TomlConfigSettingsSource(settings_cls, Path(home).expanduser() / _FILE)
        return init_settings, env_settings, here, there

    @property
    def model_class(self) -> str | None:
        """The class that answers, as "package.module:Class", made with `model_options`; None when there is no such."""
        return None if self.no_model else _class(self.model)

    @property
    def embed_class(self) -> str | None:
        """The class that embeds, made with `embed_options`."""
        return _class(self.embed_model)

    @property
    def reranker_class(self) -> str | None:
        """The class that reorders the papers found, made with `reranker_options`."""
        return _class(self.reranker)

    @property
    def endpoint(self) -> Endpoint | None:
        """The model endpoint in force, or None when answers are extractive. Raises UsageError for a missing key."""
        if self.no_model or self.model_class or not (self.model or self.base_url):
            return None
        base_url = self.base_url or os.environ.get("OPENAI_BASE_URL") or None
        if base_url and not _is_address(base_url):
            raise UsageError(f"OPENAI_BASE_URL is {base_url}, not an http:// or https:// address.", "Correct it.")
        endpoint = Endpoint(base_url, self.model, self._key())
        if endpoint.api_key is None and self.base_url is None and base_url is None:
            raise UsageError(
                f"The model {self.model} is set but neither an address nor a key is.",
                "Set RAG_BASE_URL to your model server's address, or RAG_API_KEY for OpenAI.",
            )
        return endpoint

    def _key(self) -> SecretStr | None:
        key = self.api_key
        if self.api_key_env:
            if not os.environ.get(self.api_key_env):
                raise UsageError(
                    f"The variable {self.api_key_env} named by --api-key-env is not set.", "Set it, or name another."
                )
            key = SecretStr(os.environ[self.api_key_env])
        elif key is None and self.base_url is None and os.environ.get("OPENAI_API_KEY"):
            key = SecretStr(os.environ["OPENAI_API_KEY"])
        if key is None:
            return None
        bare = key.get_secret_value().strip()
        if not (bare.isascii() and bare.isprintable()):
            raise UsageError(
                "The API key has characters that no key has.", "Copy it again; nothing but plain letters and signs."
            )
        return SecretStr(bare)


def load(**flags: Any) -> Settings:
    """Return the settings in force, `flags` (None means not given) first. Raises UsageError naming what is wrong."""
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        settings = Settings(**given)
        here = TomlConfigSettingsSource(Settings, Path(_FILE))()
    except ValidationError as error:
        problem = error.errors()[0]
        name = str(problem["loc"][0]) if problem["loc"] else "?"
        raise UsageError(
            f"The setting {name} is wrong ({problem['msg'].lower()}).",
            f"Correct RAG_{name.upper()} in the environment or {name} in {_FILE}.",
        ) from error
    except (ValueError, OSError) as error:
        raise UsageError(f"{_FILE} cannot be read ({error}).", "Correct the file or move it away.") from error
    if "api_key_env" in here:
        raise UsageError(
            f"api_key_env stands in the {_FILE} of the working directory.", "Move it to RAG_HOME, or use --api-key-env."
        )
    changes: dict[str, Any] = {"home": settings.home.expanduser().absolute()}
    if "base_url" in here and not (given.get("base_url") or os.environ.get("RAG_BASE_URL")):
        changes["api_key"] = SecretStr(here["api_key"]) if "api_key" in here else None
        changes["api_key_env"] = given.get("api_key_env")
    _check(settings)
    return settings.model_copy(update=changes)


def _check(settings: Settings) -> None:
    if settings.base_url and not _is_address(settings.base_url):
        raise UsageError(
            f"The base URL {settings.base_url} is not an http:// or https:// address.",
            "Give it whole, for example http://localhost:11434/v1.",
        )
    if settings.context_window is not None and settings.max_answer_tokens >= settings.context_window:
        raise UsageError(
            f"The context window of {settings.context_window} tokens has no room for an answer of "
            f"{settings.max_answer_tokens}.",
            "Lower RAG_MAX_ANSWER_TOKENS or raise RAG_CONTEXT_WINDOW.",
        )


def _class(name: str | None) -> str | None:
    return name.removeprefix("llamaindex:") if name and name.startswith("llamaindex:") else None


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
