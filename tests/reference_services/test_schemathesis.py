"""Each OpenAPI document, judged by schemathesis: no server error, nothing but what the document says, no ignored key.

More examples: SIGNOFF_OPENAPI_EXAMPLES=1000 python -m pytest tests/reference_services/test_schemathesis.py
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.reference_services.gateway_process import configuration
from tests.reference_services.running import ROOT, Start
from tests.reference_services.switch.switch_process import TOKEN, switch

EXAMPLES = os.environ.get("SIGNOFF_OPENAPI_EXAMPLES", "5")
KEY = "sk-openapi-7713-hazel"
CONFIGURATION = Path(__file__).with_name("openapi_checks.toml")
EVERYTHING = {
    "HERMES_2_API_KEYS": KEY,
    "HERMES_2_API_KEY_HEADER": "X-API-Key",
    "HERMES_2_RATE_LIMIT": "1000000/second",
    "HERMES_2_RESPONSE_CACHE_SIZE": "100",
    "HERMES_2_RETRIEVAL": "embedded",
    "HERMES_2_THREADS": "1",
}
"""Every part that is off by default, but for moderation, which stands in the way of the others."""


def judged(url: str, folder: Path, *headers: str) -> None:
    """Passes where schemathesis finds nothing; its report is the failure otherwise.

    One worker: Python 3.11 parses sources wrongly in two threads at once, and Hypothesis parses some.
    """
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("st")),
            "--no-color",
            f"--config-file={CONFIGURATION}",
            "run",
            f"{url}/openapi.json",
            f"--max-examples={EXAMPLES}",
            "--workers=1",
            *(f"--header={each}" for each in headers),
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No checks were performed" not in done.stdout


def test_a_chat_service_with_every_part_keeps_to_its_document(start: Start, tmp_path: Path) -> None:
    service = start(variables=EVERYTHING)
    judged(service.url, tmp_path, f"Authorization: Bearer {KEY}")


def test_a_chat_service_as_it_is_by_default_keeps_to_its_document(start: Start, tmp_path: Path) -> None:
    service = start(service="phi-3-mini")
    judged(service.url, tmp_path)


def test_switch_keeps_to_its_document(tmp_path: Path) -> None:
    with switch() as service:
        judged(str(service.client.base_url).rstrip("/"), tmp_path, f"X-VX11-Token: {TOKEN}")


def test_a_gateway_keeps_to_its_document(start: Start, gateway: Callable[..., Any], tmp_path: Path) -> None:
    services = [start(service=name) for name in ("hermes-2", "phi-3-mini")]
    urls = {service.client.get("/v1/models").json()["data"][0]["id"]: service.url for service in services}
    entries = {name: {"replicas": [url]} for name, url in urls.items()}
    front = gateway({**configuration(), "services": entries})
    judged(front.url, tmp_path)
