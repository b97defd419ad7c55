"""The only reader of the environment and of rag.toml: flags > environment > profile > rag.toml > defaults, frozen.

A model is asked only when RAG_MODEL or RAG_BASE_URL (or their flags, or rag.toml) names one: an OPENAI_API_KEY lying in
the environment spends nothing by itself. OPENAI_API_KEY and OPENAI_BASE_URL are honoured once a model is named, but that
key is never sent to a host named by RAG_BASE_URL or --base-url unless --api-key-env or RAG_API_KEY_ENV says so. Which other
key goes to which host is the business of `places`, what of all this may be shown that of `mask`.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from platformdirs import user_data_path
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, SecretStr, ValidationError

from rag.errors import UsageError
from rag.settings import precedence
from rag.settings.mask import Options, shown_address, shown_options, shown_variable


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model is: `base_url` None is the openai package's own default; `model` None asks the server."""

    base_url: str | None
    model: str | None
    api_key: SecretStr | None

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).hostname or "" if self.base_url else "api.openai.com"

    def __repr__(self) -> str:
        return f"Endpoint({shown_address(self.base_url or '')!r}, {self.model!r}, {self.api_key!r})"


@dataclass(frozen=True, slots=True)
class Profile:
    """A table [models.NAME]: the model as named there, and the host it would be asked at; `told` is where it stands."""

    name: str
    model: str | None
    host: str | None
    told: str


_ROUND_A_KEY = re.compile(r"""\A\s*["']?\s*(?:bearer\s+)?|\s*["']?\s*\Z""", re.IGNORECASE)


def _decoded(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError("it is no JSON") from None


def _shown(url: str | None) -> str | None:
    return url and shown_address(url)


_Options = Annotated[dict[str, Any], BeforeValidator(_decoded), AfterValidator(Options), PlainSerializer(shown_options)]
_Address = Annotated[str | None, PlainSerializer(_shown)]
_Variable = Annotated[str | None, PlainSerializer(lambda name: name and shown_variable(name))]


class Settings(BaseModel):
    """What is in force. Build it with load(), which turns mistakes into UsageError. Shown or dumped, it holds no secret."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    home: Path = user_data_path("abstract-rag", appauthor=False)
    profile: str | None = None
    model: str | None = None
    base_url: _Address = None
    api_key: SecretStr | None = None
    api_key_env: _Variable = None
    context_window: int | None = Field(None, ge=1024)  # None: what the server tells
    max_answer_tokens: int = Field(700, ge=1)
    timeout_s: float = Field(300.0, gt=0)  # until a reply begins
    stall_s: float = Field(60.0, gt=0)  # of silence in a reply that has begun
    reasoning_effort: str | None = Field(None, pattern="^[a-z]{1,20}$")  # as the server names it; None: its own default
    model_options: _Options = Options()
    k: int = Field(6, ge=1)
    no_model: bool = False
    verify: Literal["auto", "off", "model"] = "auto"
    judge: str | None = None  # the profile that judges; None: the model that answers
    embed_model: str | None = None
    embed_base_url: _Address = None
    embed_api_key: SecretStr | None = None
    embed_api_key_env: _Variable = None
    embed_options: _Options = Options()
    reranker: str | None = None
    reranker_options: _Options = Options()
    store: str | None = None  # a vector store of LlamaIndex, as a class; None: Chroma
    store_options: _Options = Options()
    chroma_url: _Address = None  # a Chroma server that holds the vectors; None: they are in the home
    chroma_token: SecretStr | None = None
    chroma_tenant: str = "default_tenant"
    chroma_database: str = "default_database"

    @property
    def endpoint(self) -> Endpoint | None:
        """The endpoint of the model, or None: answers are extractive, or `model_class` gives them.

        Raises UsageError for a missing key.
        """
        if self.no_model or self.model_class or not (self.model or self.base_url):
            return None
        return _endpoint(self.model, self.base_url, self.api_key, self.api_key_env, "")

    @property
    def embed_endpoint(self) -> Endpoint | None:
        """The endpoint that embeds, or None: the bundled MiniLM does, or `embed_class`. Raises UsageError for a missing key."""
        if self.embed_class or not (self.embed_model or self.embed_base_url):
            return None
        return _endpoint(self.embed_model, self.embed_base_url, self.embed_api_key, self.embed_api_key_env, "embed_")

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

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        return list(self.model_dump().items())


def load(**flags: Any) -> Settings:
    """Return the settings in force, `flags` (None means not given) first. Raises UsageError naming what is wrong."""
    return resolve(**flags)[0]


def resolve(**flags: Any) -> tuple[Settings, precedence.Chosen]:
    """Return the settings in force and where each is from. Raises UsageError as load() does."""
    given, environment, files = _read(flags)
    there = precedence.profiles(files)
    for profile in there.values():
        _valid(precedence.Chosen({name: (value, profile) for name, value in profile.values.items()}, ()))
    chosen = precedence.choose(given, environment, files)
    settings = _valid(chosen)
    if settings.judge is not None and settings.judge not in there:
        raise UsageError(
            f"There is no profile {settings.judge}, which is to judge ({chosen.origin('judge')}).",
            f"There are {', '.join(sorted(there))}." if there else f"Write it in {precedence.FILE} as [models.NAME].",
        )
    return settings.model_copy(update={"home": settings.home.expanduser().absolute()}), chosen


def profiles(home: Path | None = None) -> dict[str, Profile]:
    """Return the profiles of the working directory and of `home` (None: RAG_HOME) by name. Raises UsageError as load() does."""
    found = {}
    for name, place in sorted(precedence.profiles(_read({"home": home})[2]).items()):
        settings = load(home=home, profile=name)
        found[name] = Profile(name, settings.model, None if settings.model_class else _host(settings), place.origin(""))
    return found


def of_judge(settings: Settings) -> Settings | None:
    """Return the settings of the profile that judges the answers; None: the model in force judges, or none does.

    Raises UsageError as load() does.
    """
    if settings.judge is None or settings.no_model or settings.verify == "off":
        return None
    return load(home=settings.home, profile=settings.judge)


def exposed_keys(home: Path | None = None) -> tuple[UsageError, ...]:
    """Return an error, with its remedy, for each rag.toml that holds a key and that other users of this machine can read."""
    return tuple(
        UsageError(f"{path} holds a key that other users of this machine can read.", f"Run chmod 600 {shlex.quote(str(path))}.")
        for path in precedence.exposed(_read({"home": home})[2])
    )


def _host(settings: Settings) -> str | None:
    if not (settings.model or settings.base_url):
        return None
    return Endpoint(settings.base_url or os.environ.get("OPENAI_BASE_URL"), None, None).host


def _read(flags: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any], list[precedence.File]]:
    given = {name: value for name, value in flags.items() if value is not None}
    environment = {name: value for name in Settings.model_fields if (value := os.environ.get(f"RAG_{name.upper()}"))}
    home = given.get("home") or environment.get("home") or Settings.model_fields["home"].default
    return given, environment, precedence.files(Path(home).expanduser())


def _valid(chosen: precedence.Chosen) -> Settings:
    try:
        settings = Settings(**{name: value for name, (value, _) in chosen.held.items()})
    except ValidationError as error:
        problem = error.errors(include_input=False)[0]
        name = str(problem["loc"][0])
        reason = problem["msg"].removeprefix("Value error, ").lower()
        raise UsageError(f"The setting {name} is wrong ({reason}).", f"Correct {name} in {chosen.origin(name)}.") from None
    _check(settings)
    return settings


def _check(settings: Settings) -> None:
    for url in (settings.base_url, settings.embed_base_url):
        if url and not _is_address(url):
            raise UsageError(
                f"The base URL {shown_address(url)} is not an http:// or https:// address.",
                "Give it whole, for example http://localhost:11434/v1.",
            )
    for name, must in ((settings.model, False), (settings.embed_model, False), (settings.reranker, True)):
        if name and (must or name.startswith(precedence.CLASS)) and not precedence.is_class(name):
            raise UsageError(f"{name} names no class.", f"Write it as {precedence.CLASS}package.module:Class.")
    if settings.context_window is not None and settings.max_answer_tokens >= settings.context_window:
        raise UsageError(
            f"The context window of {settings.context_window} tokens has no room for an answer of "
            f"{settings.max_answer_tokens}.",
            "Lower RAG_MAX_ANSWER_TOKENS or raise RAG_CONTEXT_WINDOW.",
        )


def _class(name: str | None) -> str | None:
    return name.removeprefix(precedence.CLASS) if name and name.startswith(precedence.CLASS) else None


def _endpoint(model: str | None, base_url: str | None, key: SecretStr | None, key_env: str | None, kind: str) -> Endpoint:
    """Return the endpoint of the settings whose names begin with `kind`; without an address it is where openai's are."""
    address = base_url or os.environ.get("OPENAI_BASE_URL") or None
    if address and not _is_address(address):
        raise UsageError(f"OPENAI_BASE_URL is {shown_address(address)}, not an http:// or https:// address.", "Correct it.")
    endpoint = Endpoint(address, model, _key(key, key_env, kind, openai=base_url is None))
    if endpoint.api_key is None and address is None:
        raise UsageError(
            f"The model {model} is set but neither an address nor a key is.",
            f"Set RAG_{kind.upper()}BASE_URL to your model server's address, or RAG_{kind.upper()}API_KEY for OpenAI.",
        )
    return endpoint


def _key(key: SecretStr | None, variable: str | None, kind: str, *, openai: bool) -> SecretStr | None:
    if variable:
        if not os.environ.get(variable):
            raise UsageError(
                f"The variable {shown_variable(variable)} named by {kind}api_key_env is not set.",
                f"Set it, or name another; a key itself goes into RAG_{kind.upper()}API_KEY.",
            )
        key = SecretStr(os.environ[variable])
    elif key is None and openai and os.environ.get("OPENAI_API_KEY"):
        key = SecretStr(os.environ["OPENAI_API_KEY"])
    return None if key is None else checked_key(key.get_secret_value())


def checked_key(key: str) -> SecretStr:
    """Return a key without what gets round it on its way: space, the quotes of an env file, and the word Bearer.

    Raises UsageError for what no header can carry.
    """
    bare = _ROUND_A_KEY.sub("", key)
    if not (bare.isascii() and bare.isprintable()):
        raise UsageError("The API key has characters that no key has.", "Copy it again; nothing but plain letters and signs.")
    return SecretStr(bare)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
