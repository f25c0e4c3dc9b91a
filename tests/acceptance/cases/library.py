"""The failing cases of a document's Python library, called in the interpreter that the deployment names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from signoff.acceptance.criterion import Criterion
from signoff.acceptance.deployment import CalledLibrary
from signoff.acceptance.measuring.site import Site
from tests.acceptance.cases.case import NOWHERE, Case, Stage
from tests.acceptance.conftest import criterion

MODELS = """
class Service:
    def get_model_info(self):
        return {"loaded": %(loaded)s}
class Sessions:
    def create_session(self):
        return "s-1"
    def get_session(self, session_id):
        return %(session)s
class Base: ...
class Chat(%(base)s): ...
def check():
    return %(checked)s
"""
SOUND = {"loaded": "True", "session": "{'session_id': session_id}", "base": "Base", "checked": "'the store is well'"}
CALLS = tuple(
    f"house.models.{name}"
    for name in (
        "Service",
        "Service.get_model_info",
        "Sessions",
        "Sessions.create_session",
        "Sessions.get_session",
        "Chat",
        "check",
    )
)


def _call(function: str, *arguments: Any) -> dict[str, Any]:
    return {"call": function, "arguments": list(arguments), "keywords": {}}


def _imports(name: str) -> dict[str, Any]:
    return {"op": "import", "module": "house.models", "name": name, "as": name}


def _lets(target: str, function: str) -> dict[str, Any]:
    return {"op": "call", "target": target, "function": function, "arguments": [], "keywords": {}}


def _differs_in(part: str, kind: str, **parameters: Any) -> Any:
    """A library of which one part of the text is the twin's thing."""

    def built(stage: Stage, thing: str) -> tuple[Site, Criterion]:
        package = stage.folder / "library" / "house"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("", encoding="utf-8")
        (package / "models.py").write_text(MODELS % {**SOUND, part: thing}, encoding="utf-8")
        library = CalledLibrary(python="", paths=(package.parent,), calls=CALLS)
        return stage.site(NOWHERE, library=library), criterion(kind, **parameters)

    return built


LOADS = [_imports("Service"), _lets("s", "Service"), {"op": "print", "value": _call("s.get_model_info")}]
HOLDS_A_SESSION = [
    _imports("Sessions"),
    _lets("m", "Sessions"),
    _lets("i", "m.create_session"),
    {"op": "print", "value": _call("m.get_session", {"variable": "i"})},
]
CHECKS_A_STORE = [_imports("check"), {"op": "print", "value": _call("check")}]

CASES: Mapping[str, Case[Any]] = {
    "model_information": Case(
        _differs_in("loaded", "model_information", steps=LOADS, mentions=[]), sound="True", broken="False"
    ),
    "library_session": Case(
        _differs_in("session", "library_session", steps=HOLDS_A_SESSION, mentions=[]),
        sound=SOUND["session"],
        broken="None",
    ),
    "library_class": Case(
        _differs_in("base", "library_class", **{"class": "Chat", "base": "Base"}), sound="Base", broken="object"
    ),
    "library_result": Case(
        _differs_in("checked", "library_result", steps=CHECKS_A_STORE, mentions=["store"]),
        sound=SOUND["checked"],
        broken="'the store: connection failed'",
    ),
}
