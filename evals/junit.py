"""A run as JUnit XML, which build servers show: a test for each case, failed where it is not right."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from evals.outcomes import OUTCOMES, outcome
from evals.run_files import Result, Run
from rag.text.words import clean

_NO_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def of_run(done: Run) -> str:
    """Return the XML of a run."""
    suite = ElementTree.Element("testsuite", name=f"evals {done.name}", tests=str(len(done.results)))
    failures = errors = 0
    for result in done.results:
        test = ElementTree.SubElement(suite, "testcase", classname=result.case.kind, name=f"{result.case.id} {result.repeat}")
        if result.error:
            errors += 1
            ElementTree.SubElement(test, "error", message=_text(result.error))
        elif said := _wrong(result):
            failures += 1
            ElementTree.SubElement(test, "failure", message=said).text = _text(str((result.answer or {}).get("answer", "")))
    suite.set("failures", str(failures))
    suite.set("errors", str(errors))
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suite, "unicode") + "\n"


def _wrong(result: Result) -> str | None:
    """Return what is wrong with an answer; None when it is right."""
    ended = outcome(result)
    if ended in ("right", "rightly-refused", "unrated"):
        return None
    return f"{OUTCOMES[ended].label}: hit {result.measures['hit'][0]:.2f}" if ended == "partly" else OUTCOMES[ended].label


def _text(text: str) -> str:
    return _NO_XML.sub("", clean(text))
