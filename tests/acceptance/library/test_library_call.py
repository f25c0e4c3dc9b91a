"""Calls of a `python -c` command: carried out as steps in the named interpreter, never as text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from signoff.acceptance.checks.library import library_session, model_information
from signoff.acceptance.deployment import CalledLibrary
from signoff.acceptance.errors import NotMeasurable
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.library import library_call
from signoff.acceptance.measuring.site import Site
from tests.acceptance.conftest import criterion

LIBRARY = """
class Service:
    def __init__(self, config=None):
        self._config = config
    def get_model_info(self):
        return {"loaded": %s, "capabilities": {"conversation": %s}, "echo": self._config}
    def _secret(self):
        return {"loaded": True}
class Sessions:
    def create_session(self):
        return "s-1"
    def get_session(self, session_id):
        return {"session_id": session_id, "conversation_memory": True}
print("noise at import")
"""

LISTED = tuple(
    f"house.models.{name}"
    for name in (
        "Service",
        "Service.get_model_info",
        "Service.get_modle_info",
        "Sessions",
        "Sessions.create_session",
        "Sessions.get_session",
    )
)


def call(function: str, *arguments: Any) -> dict[str, Any]:
    return {"call": function, "arguments": list(arguments), "keywords": {}}


def steps(function: str = "service.get_model_info") -> list[dict[str, Any]]:
    return [
        {"op": "import", "module": "house.models", "name": "Service", "as": "Service"},
        {"op": "call", "target": "service", "function": "Service", "arguments": [{"literal": 8}], "keywords": {}},
        {"op": "print", "value": call(function)},
    ]


@pytest.fixture
def library_site(tmp_path: Path, site_at: Callable[..., Site]) -> Callable[..., Site]:
    def make(loaded: str = "True", conversation: str = "True", calls: tuple[str, ...] = LISTED) -> Site:
        package = tmp_path / "library" / "house"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("")
        (package / "models.py").write_text(LIBRARY % (loaded, conversation))
        site = site_at("http://127.0.0.1:9")
        library = CalledLibrary(python="", paths=(package.parent,), calls=calls)
        site.deployment = replace(site.deployment, library=library)
        return site

    return make


def judged(site: Site, check: Any, found_steps: Any, mentions: tuple[str, ...] = ()) -> tuple[str, str]:
    asked = criterion(check.CHECK.kind.name, steps=found_steps, mentions=list(mentions))
    verdict = check.judge(asked, library_call.measure(asked, site))
    return verdict.outcome, verdict.reason


def test_a_loaded_model_with_what_is_mentioned_passes(library_site: Callable[..., Site]) -> None:
    assert judged(library_site(), model_information, steps(), ("conversation",))[0] == "pass"


def test_the_verdict_names_the_engine_that_the_library_itself_loaded() -> None:
    def reason(engine: object) -> str:
        printed = [{"value": {"loaded": True, "engine": engine}}]
        call = Evidence("library", "l", ({"record": "call", "error": "", "printed": printed},))
        return model_information.judge(criterion("model_information"), call).reason

    assert "on the engine simulated in the library's own process" in reason({"name": "simulated", "version": "1"})
    assert reason(None) == "the model is loaded; 2 fields"


def test_a_model_that_is_not_loaded_fails(library_site: Callable[..., Site]) -> None:
    outcome, reason = judged(library_site(loaded="False"), model_information, steps())
    assert (outcome, "does not say that the model is loaded" in reason) == ("fail", True)


def test_a_capability_that_is_switched_off_is_not_a_mention(library_site: Callable[..., Site]) -> None:
    outcome, reason = judged(library_site(conversation="False"), model_information, steps(), ("conversation memory",))
    assert outcome == "fail"
    assert "conversation memory" in reason


def test_an_error_of_the_library_is_a_fail_with_its_message(library_site: Callable[..., Site], tmp_path: Path) -> None:
    site = library_site()
    models = tmp_path / "library" / "house" / "models.py"
    models.write_text(models.read_text().replace('return {"loaded"', 'raise ValueError("no such model") or {"loaded"'))
    outcome, reason = judged(site, model_information, steps())
    assert outcome == "fail"
    assert "ValueError: no such model" in reason


def test_a_method_that_the_class_lacks_is_not_called(library_site: Callable[..., Site]) -> None:
    with pytest.raises(NotMeasurable, match=r"get_modle_info of a house\.models\.Service"):
        judged(library_site(), model_information, steps("service.get_modle_info"))


def test_private_attributes_are_not_called(library_site: Callable[..., Site]) -> None:
    with pytest.raises(NotMeasurable, match="private attributes are not called"):
        judged(library_site(), model_information, steps("service._secret"))


def test_a_module_that_the_package_imported_is_not_reached(library_site: Callable[..., Site], tmp_path: Path) -> None:
    site = library_site()
    models = tmp_path / "library" / "house" / "models.py"
    models.write_text("import os\n" + models.read_text())
    reached = [
        {"op": "import", "module": "house.models", "name": "os", "as": "os"},
        {"op": "print", "value": call("os.system", {"literal": f"touch {tmp_path}/pwned"})},
    ]
    with pytest.raises(NotMeasurable, match=r"imports house\.models\.os, which the deployment does not list"):
        judged(site, model_information, reached)
    assert not (tmp_path / "pwned").exists()


def test_a_session_is_created_and_read_back(library_site: Callable[..., Site]) -> None:
    session_steps = [
        {"op": "import", "module": "house.models", "name": "Sessions", "as": "Sessions"},
        {"op": "call", "target": "m", "function": "Sessions", "arguments": [], "keywords": {}},
        {"op": "call", "target": "i", "function": "m.create_session", "arguments": [], "keywords": {}},
        {"op": "print", "value": call("m.get_session", {"variable": "i"})},
    ]
    assert judged(library_site(), library_session, session_steps, ("conversation",)) == (
        "pass",
        "session s-1 was created and read back with 2 fields",
    )


def test_a_package_that_the_deployment_does_not_name_is_not_imported(library_site: Callable[..., Site]) -> None:
    site = library_site(calls=("other.f",))
    with pytest.raises(NotMeasurable, match=r"imports house\.models"):
        library_call.measure(criterion("model_information", steps=steps()), site)


def test_a_command_that_is_more_than_literal_calls_is_not_measurable(library_site: Callable[..., Site]) -> None:
    with pytest.raises(NotMeasurable, match="a loop"):
        library_call.measure(criterion("model_information"), library_site())


def test_secrets_of_the_environment_do_not_reach_the_library(
    library_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUR_KEY", "k-123")
    found = [
        {"op": "import", "module": "os", "name": "environ", "as": "environ"},
        {"op": "print", "value": call("environ.copy")},
    ]
    site = library_site(calls=("os.environ.copy",))
    evidence = library_call.measure(criterion("model_information", steps=found), site)
    assert "k-123" not in str(evidence.records)
