"""The library's model service describes a model that it has loaded."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from signoff.acceptance.checks.library.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.library import library_call
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.verdict import Verdict

LOADED_KEYS = {"loaded", "model_loaded", "is_loaded", "ready"}
LOADED_WORDS = {"loaded", "ready", "healthy", "ok", "operational"}


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if the call returns a mapping that says that the model is loaded and mentions every demanded word."""
    value, problem = printed_mapping(evidence)
    if problem:
        return Verdict("fail", problem)
    if not any(_says_loaded(key, item) for key, item in _pairs(value)):
        return Verdict("fail", f"the model information does not say that the model is loaded: {_short(value)}")
    missing = missing_words(criterion, value)
    if missing:
        return Verdict("fail", f"the model information says nothing about {', '.join(missing)}")
    return Verdict("pass", f"the model is loaded{_engine(value)}; {len(value)} fields")


def _engine(value: Mapping[str, Any]) -> str:
    """On which engine, where the call reports it: it need not be that of the service at the target."""
    engine = value.get("engine")
    name = engine.get("name") if isinstance(engine, Mapping) else engine
    return f" on the engine {name} in the library's own process" if isinstance(name, str) and name else ""


def printed_mapping(evidence: Evidence) -> tuple[Mapping[str, Any], str]:
    """The mapping that the command printed last, or the sentence that says why there is none."""
    call = next(evidence.of("call"))
    if call["error"]:
        return {}, f"the call ended with {call['error'].strip().splitlines()[-1]}"
    value = call["printed"][-1]["value"] if call["printed"] else None
    if not isinstance(value, Mapping) or not value:
        return {}, "the call printed nothing that can be read as fields"
    return value, ""


def missing_words(criterion: Criterion, value: Mapping[str, Any]) -> list[str]:
    """The words that the document asks for and the value does not hold, in names or values that are not false."""
    text = json.dumps([[key, item] for key, item in _pairs(value) if item not in (False, None, "")]).lower()
    return [word for word in criterion.parameters.get("mentions", ()) if word.lower() not in text]


def _pairs(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield str(key), item
            yield from _pairs(item)


def _says_loaded(key: str, item: Any) -> bool:
    if key.lower() in LOADED_KEYS:
        return item is True
    return key.lower() in {"status", "state"} and str(item).lower() in LOADED_WORDS


def _short(value: Mapping[str, Any]) -> str:
    return json.dumps(value)[:200]


CHECK = Check(KINDS["model_information"], library_call.measure, judge, seconds=3)
