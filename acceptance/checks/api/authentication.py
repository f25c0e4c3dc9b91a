"""Requests without a key or with a wrong one are refused; the request with the right key is answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from signoff.acceptance.checks.api.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring import generation
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.refusal import status_of
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.acceptance.verdict import Verdict

STANDARD = "Authorization"
WRONG = "signoff-wrong-key"
REFUSED = (401, 403)
OTHER_DOORS = ("/v1/completions", "/completion", "/generate", "/invocations")
"""Paths under which servers generate as well, and on which guards were forgotten before."""


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Send the document's request, else a small completion, without a key, with a wrong one, with the right one.

    A key that the deployment gives goes to the target's own origin, even if the document names another header.
    """
    header = str(criterion.parameters.get("header") or STANDARD)
    request = criterion.parameters.get("request") or _completion(site)
    bare = {
        **request,
        "headers": {
            name: value for name, value in (request.get("headers") or {}).items() if name.lower() != header.lower()
        },
    }

    def take(recorder: Recorder) -> None:
        recorder.write("without", site.send(bare, with_key=False))
        recorder.write("wrong", site.send(_with(bare, header, WRONG), with_key=False))
        origin = site.deployment.url(request.get("address"), site.primary_address)[0]
        key = site.deployment.key(origin)
        if key and header.lower() == site.deployment.api_key_header.lower():
            recorder.write("right", site.send(bare))
        elif key:
            recorder.write("right", site.send(_with(bare, header, key)))
        for path in OTHER_DOORS:
            body = {"prompt": "Name a colour.", "inputs": "Name a colour.", "max_tokens": 1}
            if model := generation.served_model(site):
                body["model"] = model
            recorder.write("door", site.ask("POST", path, address=request.get("address"), body=body, with_key=False))

    return site.measured("authentication", take, key=[header, request])


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if only requests with the key are answered; refusals alone do not prove that a key works."""
    header = str(criterion.parameters.get("header") or STANDARD)
    without, wrong = next(evidence.of("without")), next(evidence.of("wrong"))
    right = next(evidence.of("right"), None)
    for how, record in ((f"without {header}", without), (f"with a wrong key in {header}", wrong)):
        if record["status"] not in REFUSED:
            return Verdict(
                "fail", f"{record['method']} {record['url']} {how} gives {status_of(record)}, not 401 or 403"
            )
    if unguarded := [record for record in evidence.of("door") if record["status"] == 200]:
        return Verdict(
            "fail",
            f"{unguarded[0]['url']} answers without a key, where {without['url']} gives {without['status']}",
        )
    refused = f"without a key {without['status']}, with a wrong one {wrong['status']}"
    if right is None:
        return Verdict(
            "inconclusive",
            f"{refused}; whether the right key opens was not seen, because the deployment gives none for this address",
            hint='name the variable that holds the key: api_key_env = "NAME" in the deployment file, or --api-key-env',
        )
    if right["status"] is None or not 200 <= right["status"] < 300:
        return Verdict("fail", f"{refused}; and with the deployment's key {status_of(right)}, not 200")
    return Verdict("pass", f"{refused}, with the deployment's key {right['status']}")


def _completion(site: Site) -> Mapping[str, Any]:
    body = generation.chat_body(site, "Name a colour.", 1)
    return {"method": "POST", "address": None, "path": generation.CHAT_PATH, "headers": {}, "body": body}


def _with(request: Mapping[str, Any], header: str, key: str) -> Mapping[str, Any]:
    value = f"Bearer {key}" if header.lower() == STANDARD.lower() else key
    return {**request, "headers": {**request["headers"], header: value}}


CHECK = Check(KINDS["authentication"], measure, judge, seconds=1)
