"""How a statement that a rule recognised becomes a criterion: the parameters that its check needs."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from acceptance.criterion import Threshold
from acceptance.reading.document import Statement
from acceptance.reading.draft import Draft, Facts, Note, person
from acceptance.reading.expectation import any_values, shown_json
from acceptance.reading.library import read_library_call
from acceptance.reading.names import ENGINE

_ENGINE_GROUP = re.compile(r"\b(?:vllm|engine)\b", re.IGNORECASE)
_MODEL_CALL = re.compile(r"(?:model_info|get_info|describe)\w*$", re.IGNORECASE)
_SPECIFIC = re.compile(r"\b([A-Za-z][\w.-]*?)-specific\b")
_METRICS_OF = re.compile(r"\b([A-Za-z]+)\s+metrics\b", re.IGNORECASE)
_WITH = re.compile(r"\bwith\s+([^,.;()]+)", re.IGNORECASE)
_GENERIC = frozenset(
    {
        *("the", "a", "an", "all", "and", "or", "of", "for"),
        *("in", "its", "own", "full", "with", "under", "normal", "specific"),
        *("custom", "available", "active", "operational", "capabilities", "capability", "metrics", "memory"),
        *("history", "support", "features", "information", "details", "data", "resource", "resources"),
        *("dependencies", "usage", "proper", "prometheus", "format", "service", "model", "performance"),
        *("management", "collection", "health", "checks", "check", "monitoring", "status", "successful"),
        *("successfully", "targets", "target", "new", "every", "each", "standard", "figures", "about"),
    }
)
_METRIC_NOUNS = (
    *("coherence", "session", "memory", "error", "failure", "latency", "throughput", "queue", "cache", "gpu"),
    *("cpu", "user", "connection", "uptime", "disk", "network", "quality"),
)
# So common in names of metrics that they tell something only where nothing else does.
_COMMON_NOUNS = ("load", "token", "request", "response", "conversation")
_SESSION_HEADER = "x-session-id"
_CREATED = 200


def json_shape(statement: Statement, facts: Facts) -> Draft:
    """An answer to the command's own request, in the shape that the text shows."""
    expected, problem = shown_json(statement.text)
    if problem:
        return person(
            problem,
            notes=(Note("json-unreadable", "warning", problem, "write JSON, with ... where any value will do"),),
        )
    return _with_request(statement, "json_shape", {"expected": expected})


def response_example(statement: Statement, facts: Facts) -> Draft:
    """A body that the document shows as a response: its fields are promised, its values are examples."""
    expected, problem = shown_json(statement.text)
    if problem or expected is None:
        return person(problem or "the example holds no JSON")
    if int(statement.label) >= 300:
        return person(f"the document does not say how to make the server answer {statement.label}")
    draft = _with_request(statement, "json_shape", {"expected": any_values(expected)})
    return replace(draft, assumptions=("the values of a response example are examples; its fields are required",))


def _with_request(statement: Statement, kind: str, parameters: dict[str, Any]) -> Draft:
    command = statement.command
    if command is None or command.request is None:
        why = command.problem if command is not None and command.problem else "no request stands before it"
        note = Note(
            "request-missing", "warning", f"this expectation has no request: {why}", "put the curl command above it"
        )
        return person(f"nothing says which request this is the answer of: {why}", notes=(note,))
    return Draft(kind, parameters={"request": command.request, **parameters})


def health(statement: Statement, facts: Facts) -> Draft:
    """The health body; the words after `with`, or before `-specific`, have to be mentioned in it."""
    request = statement.command.request if statement.command is not None else None
    speaks_of_health = statement.type == "expected" or "health" in statement.text.lower()
    words = (mentions(statement.text) or _specific(statement.text, facts)) if speaks_of_health else []
    assumptions = () if request else ("no request is shown for the health check: GET /health is asked",)
    return Draft("health", assumptions=assumptions, parameters={"request": request, "mentions": words})


def metrics(statement: Statement, facts: Facts) -> Draft:
    """Metrics under the words that the command filters for, or that the text names."""
    command = statement.command
    words: list[str] = list(command.details.get("filters", ())) if command is not None else []
    if not words:
        words = _specific(statement.text, facts)
    if not words:
        found = (match.lower() for match in _METRICS_OF.findall(statement.text))
        words = [word for word in found if word not in _GENERIC]
    request = command.request if command is not None else None
    return Draft("metrics", parameters={"request": request, "contains": words})


def metric_named(statement: Statement, facts: Facts) -> Draft:
    """A bullet that names a metric; any of its words in the metric's name or help will do."""
    text = statement.text.lower()
    words = [noun for noun in _METRIC_NOUNS if re.search(rf"\b{noun}", text)]
    words = words or [noun for noun in _COMMON_NOUNS if re.search(rf"\b{noun}", text)]
    if not words:
        words = [word for word in re.findall(r"[a-z]{4,}", text) if word not in _GENERIC]
    if not words:
        return person("the bullet does not say which metric it means")
    return Draft("metric_named", parameters={"words": words})


def session_recall(statement: Statement, facts: Facts) -> Draft:
    """A reply that draws on an earlier turn; where the document never sends that turn, this is said."""
    command = statement.command
    if command is None or command.request is None:
        return Draft("session_recall")
    headers = {name.lower(): value for name, value in command.request["headers"].items()}
    session = headers.get(_SESSION_HEADER, "")
    draft = Draft("session_recall", parameters={"request": command.request})
    if session and facts.earlier_turn(statement, session):
        return draft
    where = f"in session {session}" if session else "before it"
    note = Note(
        *("session-never-spoken", "warning", f"no command sends an earlier turn {where}, so there is none to refer to"),
        "show the command that sends the earlier turn",
    )
    return replace(draft, assumptions=(f"no earlier turn is sent {where}: the check sends it first",), notes=(note,))


def session_isolation(statement: Statement, facts: Facts) -> Draft:
    """Sessions that are managed are kept apart."""
    return Draft(
        "session_isolation",
        assumptions=("session management is read so that one session never shows in another",),
    )


def session_record(statement: Statement, facts: Facts) -> Draft:
    """The turns of a session under its address."""
    assert statement.command is not None
    assert statement.command.request is not None
    path = str(statement.command.request["path"]).split("?", 1)[0]
    return Draft("session_record", parameters={"path": path.rsplit("/", 1)[0] + "/{id}"})


def session_metrics(statement: Statement, facts: Facts) -> Draft:
    """Figures about sessions under the address that the command asks."""
    assert statement.command is not None
    assert statement.command.request is not None
    return Draft("session_metrics", parameters={"path": statement.command.request["path"]})


def library(statement: Statement, facts: Facts) -> Draft:
    """A `python -c` of the document: about the model, or about a session."""
    assert statement.command is not None
    call = read_library_call(statement.command.details["code"], facts.variables)
    functions = " ".join(call.functions)
    if _MODEL_CALL.search(functions) or re.search(r"\bmodel\b.*\bloaded\b", statement.text, re.IGNORECASE):
        kind = "model_information"
    elif "session" in functions.lower():
        kind = "library_session"
    else:
        return person("no check knows what this library call should give")
    words = mentions(statement.text)
    return Draft(kind, assumptions=call.assumptions, parameters={**call.parameters(), "mentions": words})


def model_information(statement: Statement, facts: Facts) -> Draft:
    """A library module that works: it tells about its model, by the call that the document shows."""
    call = facts.library_call(_MODEL_CALL)
    if call is None:
        return person("the document shows no library call that tells about the model")
    assumptions = ("the module is judged by the document's own call that gives model information", *call.assumptions)
    return Draft("model_information", assumptions=assumptions, parameters={**call.parameters(), "mentions": []})


def model_files(statement: Statement, facts: Facts) -> Draft:
    """The model's folder and checksums, from the configuration and the commands."""
    setting = facts.setting("model_path")
    folder = str(setting.value) if setting is not None else facts.detail("folder")
    if folder is None:
        return person("the document names no folder for the model files")
    return Draft("model_files", parameters={"folder": folder.rstrip("/"), "checksums": facts.detail("checksums")})


def unit_file(statement: Statement, facts: Facts) -> Draft:
    """The systemd unit that the document's commands name."""
    unit = facts.detail("unit")
    if unit is None:
        return person("the document names no systemd unit")
    return Draft("unit_file", parameters={"unit": unit})


def engine_settings(statement: Statement, facts: Facts) -> Draft:
    """The settings under the heading that names the engine, else all that an engine has."""
    grouped = [setting for setting in facts.settings if setting.form == "env" and _ENGINE_GROUP.search(setting.group)]
    found = grouped or [setting for setting in facts.settings if setting.name in ENGINE and not setting.scope]
    if not found:
        return person("the document states no engine settings")
    values = {setting.name: setting.value for setting in reversed(found)}
    values = {setting.name: values[setting.name] for setting in found}
    where = f'"{grouped[0].group}"' if grouped else "the configuration"
    lines = f"lines {found[0].line} to {found[-1].line}"
    assumption = f"the engine's settings are those under {where}, {lines}"
    return Draft("engine_settings", assumptions=(assumption,), parameters={"settings": values})


def coherence(statement: Statement, facts: Facts) -> Draft:
    """Coherence without a figure: the configuration's threshold stands for it."""
    return _from_setting("coherence", "coherence_threshold", "ratio", ">=", "mean", facts)


def memory(statement: Statement, facts: Facts) -> Draft:
    """Memory within limits, without a figure: the configuration's limit stands for it."""
    return _from_setting("memory", "memory_gb", "GB", "<=", "max", facts)


def _from_setting(kind: str, name: str, unit: str, comparator: Any, statistic: str, facts: Facts) -> Draft:
    setting = facts.setting(name)
    if setting is None or isinstance(setting.value, bool) or not isinstance(setting.value, int | float):
        return person(f"no figure is stated, and no configuration of the document gives {name}")
    assumption = f"no figure is stated here: {setting.value:g} is taken from {setting.spelling} in line {setting.line}"
    limit = Threshold(float(setting.value), unit, comparator, statistic, kind)
    return Draft(kind, limit, (assumption,))


def service(statement: Statement, facts: Facts) -> Draft:
    """The service answers, is well, and generates."""
    return Draft("service")


def mentions(text: str) -> list[str]:
    """What an answer has to speak of: the telling words after `with`."""
    match = _WITH.search(text)
    words = re.findall(r"[a-z]{3,}", match[1].lower()) if match else []
    return [_singular(word) for word in dict.fromkeys(words) if word not in _GENERIC]


def _singular(word: str) -> str:
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _specific(text: str, facts: Facts) -> list[str]:
    """The words before `-specific`; `service-specific` means the service's own name."""
    stem = re.match(r"[a-z]*", facts.service_name.lower())
    own = stem[0] if stem else ""
    words = []
    for match in _SPECIFIC.findall(text):
        word = re.match(r"[A-Za-z]*", match)
        name = word[0].lower() if word else ""
        words.append(own if name in ("service", "model") else name)
    return [word for word in dict.fromkeys(words) if word]
