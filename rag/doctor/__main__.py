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

from rag.doctor.machine import Check, Home, Skipped, attempt, guarded, of_machine
from rag.endpoints.redact import Redactor
from rag.errors import RagError
from rag.terminal import add_verbose, fail_in_one_sentence, progress_bars, say
from rag.text.words import clean
from rag.types import Progress

if TYPE_CHECKING:
    from rag.doctor.score import Score
    from rag.settings.settings import Settings

_SIGN_OF_RESULT = {True: "ok", False: "!!", None: "--"}
_MAX_CASES = 20  # of the score card
_MIN_GROUNDED_SHARE = 0.5  # of those cases
_LOW_SCORE_FIX = "Use a larger model. To see each answer, run: python -m evals run"
_NO_MODEL_FIXES = (
    'For written answers, set a model: RAG_BASE_URL=http://localhost:11434/v1 RAG_MODEL=qwen3:8b python -m rag.ask "…"',
    "any OpenAI-compatible server works.",
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
    parser.add_argument("--judge", action="store_true", help="only test how well the model judges claims, in 4 requests")
    parser.add_argument("--json", action="store_true", help="the same for programs")
    add_verbose(parser)
    return parser


@fail_in_one_sentence
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    args = arguments().parse_args(argv)
    given = {name: getattr(args, name) for name in ("profile", "model", "base_url", "api_key_env")}
    flags = {**given, "no_model": args.no_model or None}
    with progress_bars() as progress:
        examination = Examination(flags, quick=args.quick, progress=progress)
        return report(examination, as_json=args.json, only_judge=args.judge)


class Examination:
    """All checks, in order. An error in one check does not stop the others."""

    def __init__(
        self,
        flags: Mapping[str, Any],
        *,
        quick: bool,
        progress: Progress = lambda stage, done, total: None,
        ports: Mapping[int, str] | None = None,
        max_cases: int = _MAX_CASES,
    ) -> None:
        """`ports` are searched for model servers (None: hosts.PORTS). `max_cases` is the size of the score card."""
        self._flags = flags
        self._quick = quick
        self._progress = progress
        self._ports = ports
        self._max_cases = max_cases
        self._settings: Settings | None = None
        self._of_judge: Settings | None = None
        self._answers = False  # whether the model, or the extractive reader, answers
        self.score: Score | None = None

    def checks(self) -> Iterator[Check]:
        """Yield the result of each check as soon as it is known."""
        yield from of_machine()
        yield attempt("settings", self._load)
        settings = self._settings
        if settings is None:
            yield Check(name="the rest", ok=None, message="not checked: the settings are wrong")
            return
        home = Home(settings)
        yield from home.checks()
        yield from guarded("model", self._model(settings))
        yield attempt("judge", lambda: self._known_judge(settings))
        if not self._quick:
            yield attempt("grounding", lambda: self._grounding(settings, reuse=home.starter_only))

    def judging(self) -> Iterator[Check]:
        """Yield what the settings say, where claims are sent, and the result of testing the model that judges."""
        yield attempt("settings", self._load)
        if (settings := self._settings) is not None:
            from rag.doctor import hosts, judge

            yield from hosts.sent(settings)
            yield attempt("judge", lambda: judge.tested(settings, self._progress))

    def redactor(self) -> Redactor:
        """Return a redactor that removes every key in the settings and the environment from a text."""
        variables = ["OPENAI_API_KEY", "RAG_API_KEY", "RAG_EMBED_API_KEY", self._flags.get("api_key_env")]
        secrets: list[str | None] = []
        if self._settings is not None:
            from rag.endpoints import address

            for settings in filter(None, (self._settings, self._of_judge)):
                variables += [settings.api_key_env, settings.embed_api_key_env]
                secrets += [key.get_secret_value() for key in (settings.api_key, settings.embed_api_key) if key]
                secrets += [address.password(url) for url in (settings.base_url, settings.embed_base_url) if url]
        secrets += [os.environ.get(name) for name in variables if name]
        return Redactor([secret.strip() for secret in secrets if secret])

    def _load(self) -> str:
        from rag.settings.settings import exposed_keys, load, of_judge

        self._settings = load(**self._flags)
        self._of_judge = of_judge(self._settings)
        for error in exposed_keys(self._settings.home):
            raise error
        return "no errors in the environment or in rag.toml"

    def _model(self, settings: Settings) -> Iterator[Check]:
        """Yield the checks of the model if one is set. When no model answers, yield the servers on this machine."""
        from rag import factory
        from rag.doctor import hosts
        from rag.doctor.model import Trial

        yield from hosts.sent(settings)
        endpoint = model = None
        with suppress(RagError):  # the check before has reported it
            endpoint, model = settings.endpoint, factory.model(settings)
        self._answers = model is not None or settings.no_model or not (settings.model or settings.base_url)
        if model is not None:
            trial = Trial(model, endpoint, settings)
            say(f"Asking the model {f'at {endpoint.host}' if endpoint else model.name}. This may take a while.")
            yield from trial.checks(quick=self._quick)
            self._answers = trial.answers
        if model is not None and self._answers:
            return
        ports = self._ports if self._ports is not None else hosts.PORTS
        servers = hosts.servers(ports, endpoint.base_url if endpoint else None)
        if model is None and self._answers:
            fix = "" if servers or settings.no_model else "; ".join(_NO_MODEL_FIXES)
            message = "no model configured: answers are quoted from the abstracts"
            yield Check(name="model", ok=True, message=message, fix=fix)
        yield from servers

    def _known_judge(self, settings: Settings) -> str:
        from rag.doctor import judge

        return judge.known(settings)

    def _grounding(self, settings: Settings, *, reuse: bool) -> str:
        from rag.doctor import score

        if not self._answers:
            raise Skipped("not measured: the model does not answer")
        card = score.installed()
        if card is None:
            raise Skipped("not measured: the bundled questions are not installed")
        self.score = result = card(settings, self._progress, reuse, self._max_cases)
        message = f"{result.grounded} of {result.of} bundled cases, by {result.by}"
        if result.problem:
            raise RagError(f"{message}; some had no answer: {result.problem}", "Solve this problem, then run the doctor again.")
        if result.grounded < _MIN_GROUNDED_SHARE * result.of:
            raise RagError(f"Only {message}.", _LOW_SCORE_FIX)
        return message


def report(examination: Examination, *, as_json: bool, only_judge: bool = False) -> int:
    """Print each check when it is made, or all of them as JSON. Return 0, or 1 when a check failed."""
    made: list[Check] = []
    for check in examination.judging() if only_judge else examination.checks():
        redactor = examination.redactor()
        shown = replace(check, message=_shown(check.message, redactor), fix=_shown(check.fix, redactor))
        made.append(shown)
        if not as_json:
            print(f"{_SIGN_OF_RESULT[shown.ok]}  {shown.name:14}  {shown.message}", flush=True)
            if shown.fix:
                print(f"{'':20}{shown.fix}", flush=True)
    failed = sum(check.ok is False for check in made)
    if as_json:
        score = asdict(examination.score) if examination.score else None
        whole = {"ok": not failed, "checks": [_to_dict(check) for check in made], "score": score}
        print(_shown(json.dumps(whole, ensure_ascii=False), examination.redactor()))
    else:
        print(f"\n{failed} of {len(made)} checks failed." if failed else "\nAll is well.")
    return 1 if failed else 0


def _to_dict(check: Check) -> dict[str, Any]:
    """Return the JSON form of `check`, as docs/doctor.md shows it."""
    return {"name": check.name, "ok": check.ok, "told": check.message, "fix": check.fix}


def _shown(text: str, redactor: Redactor) -> str:
    """Return `text` in one line, without keys: a server's message may have any content."""
    line = "".join(c if c.isprintable() else " " for c in clean(text))
    return redactor.text(line)


if __name__ == "__main__":
    sys.exit(main())
