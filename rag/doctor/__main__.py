"""Checks whether everything is set up right, and says what to do where it is not: python -m rag.doctor.

Exit codes: 0 all is well, 1 a check failed, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from rag.doctor.machine import Check, Home, Skipped, attempt, kept, of_machine
from rag.endpoints.redact import Redactor
from rag.errors import RagError
from rag.terminal import add_verbose, fail_in_one_sentence, progress_bars, say
from rag.text.words import clean
from rag.types import Progress

if TYPE_CHECKING:
    from rag.doctor.score import Score
    from rag.settings.settings import Settings

_SIGNS = {True: "ok", False: "!!", None: "--"}
_CASES = 20
_PASSED = 0.5  # of the cases of the score card
_MORE = "See each answer with: python -m evals run. A larger model is what helps most."
_NO_MODEL = (
    'Written answers take a model: RAG_BASE_URL=http://localhost:11434/v1 RAG_MODEL=qwen3:8b python -m rag.ask "…"',
    "any OpenAI-compatible server will do.",
)


def arguments() -> argparse.ArgumentParser:
    """Return the parser of the command line. The reference pages are made from it."""
    parser = argparse.ArgumentParser(prog="python -m rag.doctor", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--profile", metavar="NAME", help="the profile of rag.toml to look at")
    parser.add_argument("--model", help="the model's name at the endpoint")
    parser.add_argument("--base-url", metavar="URL", help="the address of an OpenAI-compatible endpoint")
    parser.add_argument("--api-key-env", metavar="NAME", help="the variable that holds the endpoint's key")
    parser.add_argument("--no-model", action="store_true", help="leave the model alone, whatever is configured")
    parser.add_argument("--quick", action="store_true", help="no score card, no long prompt, no speed")
    parser.add_argument("--json", action="store_true", help="the same for programs")
    add_verbose(parser)
    return parser


@fail_in_one_sentence
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    args = arguments().parse_args(argv)
    chosen = {name: getattr(args, name) for name in ("profile", "model", "base_url", "api_key_env")}
    flags = {**chosen, "no_model": args.no_model or None}
    with progress_bars() as progress:
        return report(Examination(flags, quick=args.quick, progress=progress), as_json=args.json)


class Examination:
    """All checks, in their order, none of which can end the others."""

    def __init__(
        self,
        flags: Mapping[str, Any],
        *,
        quick: bool,
        progress: Progress = lambda stage, done, total: None,
        ports: Mapping[int, str] | None = None,
        most: int = _CASES,
    ) -> None:
        """`ports` are where model servers are looked for (None: the usual ones), `most` how many cases the score card has."""
        self._flags = flags
        self._quick = quick
        self._progress = progress
        self._ports = ports
        self._most = most
        self._settings: Settings | None = None
        self._answers = False  # whether whoever is to answer does
        self.score: Score | None = None

    def checks(self) -> Iterator[Check]:
        """Yield each check as soon as it is made."""
        yield from of_machine()
        yield attempt("settings", self._load)
        settings = self._settings
        if settings is None:
            yield Check("the rest", None, "not looked at, as the settings are wrong")
            return
        home = Home(settings)
        yield from home.checks()
        yield from kept("model", self._model(settings))
        if not self._quick:
            yield attempt("grounding", lambda: self._grounding(settings, reuse=home.starter_only))

    def redactor(self) -> Redactor:
        """Return what takes every key that is set out of a text."""
        variables = ["OPENAI_API_KEY", "RAG_API_KEY", "RAG_EMBED_API_KEY", self._flags.get("api_key_env")]
        secrets: list[str | None] = []
        if self._settings is not None:
            from rag.endpoints import address

            held = self._settings
            variables += [held.api_key_env, held.embed_api_key_env]
            secrets += [key.get_secret_value() for key in (held.api_key, held.embed_api_key) if key]
            secrets += [address.password(url) for url in (held.base_url, held.embed_base_url) if url]
        secrets += [os.environ.get(name) for name in variables if name]
        return Redactor([secret.strip() for secret in secrets if secret])

    def _load(self) -> str:
        from rag.settings.settings import exposed_keys, load

        self._settings = load(**self._flags)
        for error in exposed_keys(self._settings.home):
            raise error
        return "no mistake in the environment or in rag.toml"

    def _model(self, settings: Settings) -> Iterator[Check]:
        """Try the model if there is one; where none answers, look for servers that could."""
        from rag import factory
        from rag.doctor import hosts
        from rag.doctor.model import Trial

        yield from hosts.sent(settings)
        endpoint = model = None
        with suppress(RagError):  # which the check before has told
            endpoint, model = settings.endpoint, factory.model(settings)
        self._answers = model is not None or settings.no_model or not (settings.model or settings.base_url)
        if model is not None:
            tried = Trial(model, endpoint, settings)
            say(f"Asking the model {f'at {endpoint.host}' if endpoint else model.name}; that may take a while.")
            yield from tried.checks(quick=self._quick)
            self._answers = tried.answers
        if model is not None and self._answers:
            return
        found = hosts.servers(self._ports if self._ports is not None else hosts.PORTS, endpoint.base_url if endpoint else None)
        if model is None and self._answers:
            fix = "" if found or settings.no_model else "; ".join(_NO_MODEL)
            yield Check("model", True, "no model configured: answers are quoted from the abstracts", fix)
        yield from found

    def _grounding(self, settings: Settings, *, reuse: bool) -> str:
        from rag.doctor import score

        if not self._answers:
            raise Skipped("not measured, as the model does not answer")
        card = score.installed()
        if card is None:
            raise Skipped("not measured, as the bundled questions are not installed")
        self.score = found = card(settings, self._progress, reuse, self._most)
        told = f"{found.grounded} of {found.of} bundled cases, by {found.by}"
        if found.problem:
            raise RagError(f"{told}; some had no answer: {found.problem}", "Mend that, then run this again.")
        if found.grounded < _PASSED * found.of:
            raise RagError(f"Only {told}.", _MORE)
        return told


def report(examination: Examination, *, as_json: bool) -> int:
    """Print the checks as they are made, or all as JSON; return 0, or 1 when one failed."""
    made: list[Check] = []
    for check in examination.checks():
        redactor = examination.redactor()
        shown = replace(check, told=_shown(check.told, redactor), fix=_shown(check.fix, redactor))
        made.append(shown)
        if not as_json:
            print(f"{_SIGNS[shown.ok]}  {shown.name:14}  {shown.told}", flush=True)
            if shown.fix:
                print(f"{'':20}{shown.fix}", flush=True)
    failed = sum(check.ok is False for check in made)
    if as_json:
        score = asdict(examination.score) if examination.score else None
        whole = {"ok": not failed, "checks": [asdict(check) for check in made], "score": score}
        print(_shown(json.dumps(whole, ensure_ascii=False), examination.redactor()))
    else:
        print(f"\n{failed} of {len(made)} checks failed." if failed else "\nAll is well.")
    return 1 if failed else 0


def _shown(text: str, redactor: Redactor) -> str:
    """Return `text` in one line without keys: what a server says may hold anything."""
    line = "".join(c if c.isprintable() else " " for c in clean(text))
    return redactor.text(line)


if __name__ == "__main__":
    sys.exit(main())
