"""A configuration value of the document is the one that the running service uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from signoff.acceptance.checks.configuration.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.errors import NotMeasurable
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.acceptance.verdict import Verdict

ABSENT = object()


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Read the redacted `/config` once; without it, the configuration is not visible."""

    def take(recorder: Recorder) -> None:
        answer = site.ask("GET", "/config")
        if answer["status"] != 200 or not isinstance(answer.get("json"), Mapping) or not answer["json"]:
            raise NotMeasurable(
                f"{answer['url']} gives {answer['status'] or answer['error']} and no configuration",
                "let the service show its redacted configuration at GET /config",
            )
        recorder.write("config", answer)
        files = {name: str(root.resolve()) for name, root in site.deployment.files.items()}
        recorder.write("addresses", {"known": dict(site.deployment.addresses), "files": files})

    return site.measured("config", take)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if the service reports the value; a value that it does not report is not measurable."""
    name, expected = criterion.parameters["name"], criterion.parameters["value"]
    found, url = reported(evidence, name), next(evidence.of("config"))["url"]
    if found is ABSENT:
        return Verdict(
            "not_measurable",
            f"{url} reports no {name}",
            hint=f"let GET /config report {name}",
        )
    named = next(evidence.of("addresses"))
    known = named["known"]
    # A folder of the document, where the deployment says which one stands for it.
    if isinstance(expected, str) and expected in (files := named.get("files", {})) and files[expected] == found:
        assumption = f"{found} replaces {expected}, as the deployment file says"
        return Verdict("pass", f"uses {found}, which the deployment gives for {expected}", assumptions=(assumption,))
    if name == "host" and not same_value(expected, found):
        if same_value(known.get(str(expected)), found):
            return Verdict(
                "pass",
                f"listens on {found}, which the deployment gives for {expected}",
                assumptions=(f"{found} replaces {expected}, as the deployment file says",),
            )
        return Verdict(
            "not_measurable",
            f"the service listens on {found}, and the deployment does not say what replaces {expected}",
            hint=f'add "{expected}" = "{found}" under [addresses] of the deployment file',
        )
    if same_value(expected, found):
        return Verdict("pass", f"{url} reports {found!r}")
    if any(same_value(other, found) for other in criterion.parameters.get("also", ())):
        return Verdict("pass", f"{url} reports {found!r}, which the document allows beside {expected!r}")
    return Verdict("fail", f"{url} reports {found!r}, the document says {expected!r}")


def reported(evidence: Evidence, name: str) -> Any:
    """The value under this canonical name, at any depth of `/config`; ABSENT if there is none."""
    return _find(next(evidence.of("config"))["json"], name)


def _find(table: Mapping[str, Any], name: str) -> Any:
    if name in table:
        return table[name]
    for value in table.values():
        if isinstance(value, Mapping) and (found := _find(value, name)) is not ABSENT:
            return found
    return ABSENT


def same_value(expected: Any, found: Any) -> bool:
    """Whether two spellings mean one value: `0` and `false`, `"15"` and `15.0`, texts by letter."""
    left, right = _plain(expected), _plain(found)
    return type(left) is type(right) and left == right


def _plain(value: Any) -> float | str | None:
    if isinstance(value, bool | int | float):
        return float(value)
    text = str(value).strip()
    if text.lower() in {"true", "false"}:
        return float(text.lower() == "true")
    try:
        return float(text)
    except ValueError:
        return None if value is None else text


CHECK = Check(KINDS["config_value"], measure, judge)
