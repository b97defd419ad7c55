"""Makes an object of a class that the settings name. Nothing is called before it is known to be a class of the right kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from importlib import import_module
from inspect import Parameter, signature
from types import ModuleType
from typing import Any

from pydantic import ValidationError

from rag.errors import UsageError
from rag.settings.mask import is_secret
from rag.settings.precedence import CLASS, CLASS_PATTERN

_MAX_SHOWN_CHARS = 200  # characters of the text of an error
_MIN_SECRET_CHARS = 4  # characters; a shorter secret would hide parts of ordinary words
_STRICT = ("pydantic", "llama_index.core")  # whose constructors drop what they do not know without a word


def split(name: str, setting: str) -> tuple[str, str]:
    """Return the module and the class of `name`. Raises UsageError when it has another form."""
    form = CLASS_PATTERN.fullmatch(name.strip())
    if form is None:
        raise UsageError(
            f"The {setting} {name} is not of the form {CLASS}module:Class.",
            f"Give it whole, for example {CLASS}llama_index.llms.ollama:Ollama.",
        )
    return form[1], form[2]


def make(name: str, options: Mapping[str, Any], kind: type[Any], setting: str) -> Any:
    """Return an object of the class `name`, made with `options`, a subclass of `kind`. Raises UsageError naming `setting`."""
    module, attribute = split(name, setting)
    found = getattr(_imported(module, setting), attribute, None)
    if found is None:
        raise UsageError(f"The module {module} has no class {attribute}.", f"Correct {setting}.")
    if not (isinstance(found, type) and issubclass(found, kind)):
        raise UsageError(
            f"{module}:{attribute} is not a LlamaIndex {kind.__name__}.", f"Name a class derived from it in {setting}."
        )
    _check(found, options, setting)
    try:
        return found(**options)
    except ValidationError as error:  # its text would show the values
        problem = error.errors()[0]
        reason = f"{'.'.join(map(str, problem['loc']))}: {problem['msg'].lower()}".removeprefix(": ")
        raise _refused(attribute, reason, setting) from error
    except Exception as error:
        raise _refused(attribute, error_text(error, options), setting) from error


def error_text(error: Exception, options: Mapping[str, Any]) -> str:
    """Return an error's class and the start of its text, on one line, without the secrets among `options`."""
    text = str(error)
    for secret in _secrets(options):
        text = text.replace(secret, "***")
    text = " ".join(text.split())
    return f"{type(error).__name__}: {text[:_MAX_SHOWN_CHARS].rstrip('. ')}" if text else type(error).__name__


def harmless(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return `options` without those that hold secrets."""
    return {name: value for name, value in options.items() if not is_secret(name)}


def _secrets(options: Mapping[str, Any]) -> list[str]:
    """Return the secrets among `options` and in the tables within, the longest first: one may be part of another."""
    found = {text for name, value in options.items() for text in _strings(value, hidden=is_secret(name))}
    return sorted((text for text in found if len(text) >= _MIN_SECRET_CHARS), key=len, reverse=True)


def _strings(value: Any, *, hidden: bool) -> Iterator[str]:
    """Yield the strings of an option that are secret: all of them when its name is (`hidden`), else those of secret names."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _strings(inner, hidden=hidden or is_secret(str(name)))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _strings(inner, hidden=hidden)
    elif hidden and isinstance(value, str):
        yield value


def _imported(module: str, setting: str) -> ModuleType:
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        lacking = error.name or module
        if lacking != module and not module.startswith(f"{lacking}."):
            raise UsageError(f"{module} needs the module {lacking}, which is not installed.", _install(lacking)) from error
        remedy = f"Correct {setting}." if module.startswith("llama_index.core") else _install(module, setting)
        raise UsageError(f"There is no module {module}.", remedy) from error
    except Exception as error:
        raise UsageError(f"The module {module} cannot be imported ({error_text(error, {})}).", f"Correct {setting}.") from error


def _install(module: str, setting: str | None = None) -> str:
    """Return how to install `module`: LlamaIndex's packages are called as their modules are."""
    parts = module.split(".")
    package = "-".join(parts[:3] if parts[0] == "llama_index" else parts[:1]).replace("_", "-")
    otherwise = f", or correct {setting}" if setting else ""
    return f"Install it (pip install {package}, or uv pip install {package}){otherwise}."


def _check(found: type[Any], options: Mapping[str, Any], setting: str) -> None:
    """Raise UsageError for an option that the class would drop in silence, or that looks like another one misspelt."""
    fields = getattr(found, "model_fields", {})
    known = {*fields, *(f.alias for f in fields.values() if f.alias), *signature(found.__init__).parameters} - {"self"}
    takes_any = any(p.kind is Parameter.VAR_KEYWORD for p in signature(found.__init__).parameters.values())
    strict = not takes_any or str(found.__init__.__module__).startswith(_STRICT)
    for name in options:
        near = get_close_matches(name, known, 1, 0.8)
        if name not in known and (strict or near):
            remedy = f"Did you mean {near[0]}?" if near else f"Take it out of the options of {setting}."
            raise UsageError(f"{found.__name__} has no option {name}.", remedy)


def _refused(attribute: str, reason: str, setting: str) -> UsageError:
    return UsageError(f"{attribute} does not take its options ({reason}).", f"Correct the options of {setting}.")
