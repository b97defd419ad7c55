"""Where settings stand, and which of several holds: flags, the environment, a profile's table, rag.toml here and in RAG_HOME.

What belongs together is taken together: a key goes to the address it stands beside, the model of a server is not asked of
another one, and options are those of the class they were written for. A rag.toml in the working directory may be somebody
else's: it names neither a variable to send nor code to run, and a host that it names gets only a key from the same table.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from rag.errors import UsageError
from rag.settings.mask import is_secret, shown_address

FILE = "rag.toml"
CLASS = "llamaindex:"  # in front of the class that a model, embedder or reranker is
CLASS_PATTERN = re.compile(rf"(?:{CLASS})?\s*((?:[^\W\d]\w*\.)*[^\W\d]\w*):([^\W\d]\w*)")  # groups: module, class
_IN_PROFILE = frozenset(
    "model base_url api_key api_key_env context_window max_answer_tokens reasoning_effort timeout_s stall_s options "
    "judge".split()
)
_NAMED = {"model": "model_options", "embed_model": "embed_options", "reranker": "reranker_options"}
_VARIABLES = ("api_key_env", "embed_api_key_env")


def is_class(name: str) -> bool:
    """Whether a setting names a class, as in llamaindex:package.module:Class."""
    return name.startswith(CLASS) and CLASS_PATTERN.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class Place:
    """One place that sets something; `values` have the names of Settings. `here`: the working directory's rag.toml."""

    kind: Literal["flag", "environment", "profile", "file"]
    values: Mapping[str, Any] = field(repr=False)
    path: Path | None = None
    profile: str | None = None
    here: bool = False

    def origin(self, name: str) -> str:
        """Return where `name` is set, as a person would look for it."""
        if self.kind == "flag":
            return f"flag --{name.replace('_', '-')}"
        if self.kind == "environment":
            return f"environment RAG_{name.upper()}"
        return f"{self.path} [models.{self.profile}]" if self.profile is not None else str(self.path)


@dataclass(frozen=True, slots=True)
class File:
    """A rag.toml that was read: its top level, and a place for each table of [models]."""

    top: Place
    profiles: Mapping[str, Place]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What holds: (value, place) by setting; `unsent` are the places of keys that the address in force does not get."""

    held: Mapping[str, tuple[Any, Place]] = field(repr=False)
    unsent: tuple[str, ...]

    def origin(self, name: str) -> str:
        return self.held[name][1].origin(name) if name in self.held else "default"


def files(home: Path) -> list[File]:
    """Return the rag.toml of the working directory and that of `home`, those that are there, in this order.

    Raises UsageError for one that cannot be read, or that holds what may not stand there.
    """
    here, there = Path(FILE), home / FILE
    foreign = here.is_file() and not (there.is_file() and here.samefile(there))
    found = [_read(here.absolute(), here=True)] if foreign else []
    return [*found, _read(there, here=False)] if there.is_file() else found


def exposed(read: Sequence[File]) -> list[Path]:
    """Return the files that hold a key or a password and that other users of this machine can read."""
    if os.name == "nt":  # Windows keeps rights elsewhere than in the mode
        return []
    holding = {file.top.path for file in read if any(map(_has_secret, (file.top.values, *_tables(file))))}
    return sorted(path for path in holding if path and stat.S_IMODE(path.stat().st_mode) & 0o077)


def _tables(file: File) -> Iterator[Mapping[str, Any]]:
    return (profile.values for profile in file.profiles.values())


def _has_secret(values: Mapping[str, Any]) -> bool:
    """Whether a table, or one within it, holds a key or an address with a password; names of variables are neither."""
    return any(
        _has_secret(value)
        if isinstance(value, Mapping)
        else name not in _VARIABLES and isinstance(value, str) and (is_secret(name) or shown_address(value) != value)
        for name, value in values.items()
    )


def _read(path: Path, *, here: bool) -> File:
    try:
        values = tomllib.loads(path.read_text("utf-8-sig"))
    except (ValueError, OSError, RecursionError) as error:
        raise UsageError(f"{path} cannot be read ({error}).", "Correct the file or move it away.") from None
    tables = values.pop("models", {})
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise UsageError(f"models in {path} is no table of profiles.", "Write a profile as [models.NAME].")
    profiles = {name: _profile(path, name, table, here) for name, table in tables.items()}
    file = File(Place("file", values, path, here=here), profiles)
    for place in (file.top, *profiles.values()) if here else ():
        _check_foreign(place)
    return file


def _profile(path: Path, name: str, table: Mapping[str, Any], here: bool) -> Place:
    values = {"model_options" if key == "options" else key: value for key, value in table.items()}
    place = Place("profile", values, path, name, here)
    unknown = sorted(table.keys() - _IN_PROFILE)
    if unknown:
        may = ", ".join(sorted(_IN_PROFILE))
        raise UsageError(f"{place.origin('')} sets {unknown[0]}, which no profile has.", f"A profile may set {may}.")
    return place


def _check_foreign(place: Place) -> None:
    """Raise UsageError where the working directory's rag.toml names a variable to send, code to run, or options for it."""
    for name, value in place.values.items():
        if name in _VARIABLES:
            fix = "Move it to RAG_HOME, or use --api-key-env." if name == "api_key_env" else "Move it to RAG_HOME."
            raise UsageError(f"{name} stands in the {FILE} of the working directory.", fix)
        if name in _NAMED and isinstance(value, str) and value.startswith(CLASS):
            raise UsageError(
                f"{name} in the {FILE} of the working directory names code to run.",
                f"Move it to the {FILE} in RAG_HOME, or set RAG_{name.upper()}.",
            )
        if name in _NAMED.values():
            raise UsageError(
                f"Options for code stand in the {FILE} of the working directory.",
                f"Move them to the {FILE} in RAG_HOME, or set RAG_{name.upper()}.",
            )


def choose(flags: Mapping[str, Any], environment: Mapping[str, Any], read: Sequence[File]) -> Chosen:
    """Return what holds. Raises UsageError for a profile that there is none of."""
    flag, variables, tops = Place("flag", flags), Place("environment", environment), [file.top for file in read]
    asked = next(((p.values["profile"], p) for p in (flag, variables, *tops) if "profile" in p.values), None)
    by_flag = asked is not None and asked[1] is flag
    profile = [_named(asked[0], asked[1], read)] if asked else []
    places = [flag, *profile, variables, *tops] if by_flag else [flag, variables, *profile, *tops]
    held: dict[str, tuple[Any, Place]] = {}
    for place in places:
        for name, value in place.values.items():
            held.setdefault(name, (value, place))
    unsent = [*_keep_key(held, places, "", by_flag), *_keep_key(held, places, "embed_", by_flag)]
    _keep_model(held, places, by_flag)
    for name, options in _NAMED.items():
        if name in held and options in held and places.index(held[options][1]) > places.index(held[name][1]):
            del held[options]
    return Chosen(held, tuple(unsent))


def profiles(read: Sequence[File]) -> dict[str, Place]:
    """Return all profiles; the working directory's hides one of the same name in RAG_HOME, the whole of it."""
    return {name: place for file in reversed(read) for name, place in file.profiles.items()}


def _named(name: Any, place: Place, read: Sequence[File]) -> Place:
    there = profiles(read)
    if not isinstance(name, str) or name not in there:
        fix = f"There are {', '.join(sorted(there))}." if there else f"Write it in {FILE} as [models.NAME]."
        raise UsageError(f"There is no profile {name} ({place.origin('profile')}).", fix)
    return there[name]


def _keep_key(held: dict[str, tuple[Any, Place]], places: Sequence[Place], kind: str, by_flag: bool) -> Iterator[str]:
    """Leave the one key that may go to the address in force, and yield where the keys stand that it does not get."""
    names = (f"{kind}api_key_env", f"{kind}api_key")
    for name in names:
        held.pop(name, None)
    address = held[f"{kind}base_url"][1] if f"{kind}base_url" in held else None
    for place in places:
        here = [name for name in names if name in place.values]
        if here and not _may_go(place, address, by_flag):
            yield place.origin(here[0])
        elif here:
            held[here[0]] = (place.values[here[0]], place)
            return


def _may_go(key: Place, address: Place | None, by_flag: bool) -> bool:
    """Whether a key that stands in `key` may be sent to the address that stands in `address` (None: OpenAI's own)."""
    if address is None or key is address or key.kind == "flag":
        return True
    if key.kind == "profile":  # its own address is not in force; that of its file's top level may be meant for it
        return address.kind == "file" and address.path == key.path
    if address.kind == "profile":
        return key.kind == "environment" and not (by_flag or address.here)
    return not address.here


def _keep_model(held: dict[str, tuple[Any, Place]], places: Sequence[Place], by_flag: bool) -> None:
    """Take no model from elsewhere for the address of a profile: its server may well have another."""
    address = held["base_url"][1] if "base_url" in held else None
    if address is None or address.kind != "profile" or "model" not in held:
        return
    if held["model"][1].kind == "file" or (by_flag and held["model"][1].kind == "environment"):
        del held["model"]
