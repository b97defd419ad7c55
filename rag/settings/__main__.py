"""Prints the settings in force and where each is from: python -m rag.settings.

Nothing of a key is printed but its length. Exit codes: 0, or 2 when the settings are wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from pydantic import SecretStr

from rag.errors import UsageError
from rag.settings import judge_scores
from rag.settings.judge_scores import JudgeScore
from rag.settings.mask import shown_address, shown_key
from rag.settings.precedence import Chosen
from rag.settings.settings import Endpoint, Settings, exposed_keys, profiles, resolve
from rag.terminal import add_verbose, fail_in_one_sentence, say
from rag.text.words import clean

_Overview = dict[str, Any]


def arguments() -> argparse.ArgumentParser:
    """Return the parser of the command line. The reference pages are made from it."""
    parser = argparse.ArgumentParser(prog="python -m rag.settings", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="the same for programs")
    parser.add_argument("--profile", metavar="NAME", help="as if this table [models.NAME] of rag.toml were chosen")
    parser.add_argument("--model", help="as if this model were given")
    parser.add_argument("--base-url", metavar="URL", help="as if this address were given")
    parser.add_argument("--api-key-env", metavar="NAME", help="as if this variable were named")
    add_verbose(parser)
    return parser


@fail_in_one_sentence
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code. Raises UsageError when the settings cannot be read."""
    args = arguments().parse_args(argv)
    flags = {"profile": args.profile, "model": args.model, "base_url": args.base_url, "api_key_env": args.api_key_env}
    settings, chosen = resolve(**flags)
    overview = _overview(settings, chosen)
    if args.json:
        print(clean(json.dumps(overview, ensure_ascii=False, default=str)))
    else:
        print(clean("\n".join(_lines(overview))))
    for warning in overview["warnings"]:
        say(f"warning: {warning}")
    for problem in overview["problems"]:
        say(f"error: {problem}")
    return 2 if overview["problems"] else 0


def _overview(settings: Settings, chosen: Chosen) -> _Overview:
    values = settings.model_dump()
    rows = {name: {"value": _shown(value), "origin": chosen.origin(name)} for name, value in values.items()}
    problems: list[str] = []
    scores, unread = judge_scores.read(settings.home)
    model = _asked(lambda: settings.endpoint, rows, "", problems)
    embedder = _asked(lambda: settings.embed_endpoint, rows, "embed_", problems)
    return {
        "settings": rows,
        "model": {"class": settings.model_class} if settings.model_class else model,
        "embedder": {"class": settings.embed_class} if settings.embed_class else embedder,
        "reranker": {"class": settings.reranker_class} if settings.reranker_class else None,
        "judge": settings.judge,
        "judges": [_tested(score) for score in scores],
        "unsent": list(chosen.unsent),
        "profiles": {name: asdict(profile) for name, profile in profiles().items()},
        "warnings": [*map(str, exposed_keys(settings.home)), *filter(None, [unread])],
        "problems": problems,
    }


def _shown(value: Any) -> Any:
    return shown_key(value.get_secret_value()) if isinstance(value, SecretStr) else value


def _asked(endpoint: Callable[[], Endpoint | None], rows: _Overview, kind: str, problems: list[str]) -> _Overview | None:
    """Return who is asked and with which key, and put into `rows` what OPENAI_BASE_URL and OPENAI_API_KEY add to them."""
    try:
        found = endpoint()
    except UsageError as error:
        problems.append(str(error))
        return {"error": str(error)}
    if found is None:
        return None
    address, key, variable = rows[f"{kind}base_url"], rows[f"{kind}api_key"], rows[f"{kind}api_key_env"]["value"]
    if found.base_url and not address["value"]:
        address.update(value=shown_address(found.base_url), origin="OPENAI_BASE_URL")
    if found.api_key and not variable:
        if not key["value"]:
            key.update(value=shown_key(found.api_key.get_secret_value()), origin="OPENAI_API_KEY")
        variable = key["origin"].removeprefix("environment ")
    return {"model": found.model, "host": found.host, "key": variable}


def _lines(overview: _Overview) -> Iterator[str]:
    rows = [(name, _plain(row["value"]), row["origin"]) for name, row in overview["settings"].items()]
    wide = max(len(name) for name, _, _ in rows), max(len(value) for _, value, _ in rows if len(value) <= 60)
    for name, value, origin in rows:
        yield f"{name:{wide[0]}}  {value:{wide[1]}}  {origin}"
    yield ""
    yield _who("model", overview["model"]) or "no model: answers are quoted"
    yield _who("embedder", overview["embedder"]) or "embedder: the bundled MiniLM"
    yield _who("reranker", overview["reranker"]) or "no reranker"
    yield from _judges(overview) if overview["model"] else ()
    for place in overview["unsent"]:
        yield f"not sent: the key of {place}, which does not belong to the address in force"
    for name, profile in overview["profiles"].items():
        chosen = ", chosen" if name == overview["settings"]["profile"]["value"] else ""
        at = f" at {profile['host']}" if profile["host"] else ""
        yield f"profile {name}{chosen}: {profile['model'] or 'the only model'}{at} ({profile['told']})"
    if not overview["profiles"]:
        yield "no profiles"


def _tested(score: JudgeScore) -> _Overview:
    outdated = "" if score.is_current else "; not by the claims of today: test it again"
    return {**asdict(score), "may_judge": score.capable and score.is_current, "result": f"{score}{outdated}"}


def _judges(overview: _Overview) -> Iterator[str]:
    """Yield which model judges the answers, and what is known of those that were tested as judges."""
    when = {"model": "always", "auto": "once it has shown that it can"}.get(overview["settings"]["verify"]["value"])
    who = f"the profile {overview['judge']}" if overview["judge"] else "the model that answers"
    yield f"judge: {who}, {when}" if when else "judge: none"
    for score in overview["judges"]:
        may = "may judge" if score["may_judge"] else "may not judge"
        yield f"tested as a judge, and {may}: {score['model']} at {score['host'] or 'no host'}: {score['result']}"


def _plain(value: Any) -> str:
    if value is None or value == {}:
        return "-"
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict) else " ".join(str(value).split())


def _who(what: str, found: _Overview | None) -> str:
    if found is None:
        return ""
    if "error" in found:
        return f"{what}: cannot be asked, as told below"
    if "class" in found:
        return f"{what}: the class {found['class']}"
    key = f"with the key of {found['key']}" if found["key"] else "without a key"
    return f"{what}: {found['model'] or 'the only one'} at {found['host']}, {key}"


if __name__ == "__main__":
    sys.exit(main())
