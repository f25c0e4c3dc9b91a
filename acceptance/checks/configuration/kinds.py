"""The kinds about configuration values in force."""

from __future__ import annotations

import json

from signoff.acceptance.asked import Asked, listed, shown
from signoff.acceptance.kind import Kind, by_name


def _config_value(asked: Asked) -> str:
    name, spelling = asked.shown("name"), asked.parameters.get("spelling")
    as_spelled = f", which the document spells {shown(spelling)}" if spelling and spelling != name else ""
    also = "".join(f" or {shown(json.dumps(value))}" for value in asked.parameters.get("also") or ())
    stated = shown(json.dumps(asked.parameters.get("value"), ensure_ascii=False))
    return f"GET /config reports {stated}{also} for {name}{as_spelled}"


def _engine_settings(asked: Asked) -> str:
    settings = asked.parameters.get("settings") or {}
    stated = [f"{shown(name)} {shown(json.dumps(value, ensure_ascii=False))}" for name, value in settings.items()]
    return f"GET /config reports each of {listed(stated)}"


KINDS = by_name(
    Kind(
        name="config_value",
        summary="The running service reports the configuration value that the document states.",
        asks=_config_value,
        sample=Asked(parameters={"name": "max_model_len", "value": 8192, "spelling": "HERMES_2_MAX_MODEL_LEN"}),
        failure="http://127.0.0.1:11401/config reports 11400, the document says 11401",
        part="Configuration",
    ),
    Kind(
        name="engine_settings",
        summary="The running service uses every engine setting of the document.",
        asks=_engine_settings,
        sample=Asked(parameters={"settings": {"max_model_len": 8192, "enforce_eager": False}}),
        failure="http://127.0.0.1:11401/config: max_model_len is 4096, not 8192",
        part="Configuration",
    ),
)
