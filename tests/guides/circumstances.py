"""What a reader of a guide has before its commands are run: files, variables, and what stands for a placeholder."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from markdown_it import MarkdownIt

from tests.guides.shown_commands import ROOT


@dataclass(frozen=True)
class Before:
    """Files that were written, folders that are not there, and commands that were run."""

    files: dict[str, str] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()


ADMIN = "sk-admin-0417-willow"
TOKEN = "willow-0417-reader"  # noqa: S105 - the one that the guide shows
TASK = """# Task 9.1: Aurora Service

## Verification

```bash
curl -s http://127.0.0.1:11401/health
# Expected: {"status": "healthy", ...}
```
"""
DRAFT = """# Task 9.1: Aurora-7B Service

## Success Criteria
- [ ] Aurora-7B meets 1200ms latency and 40 RPS throughput
- [ ] Memory usage below 20 GB
- [ ] Memory below 24 GB
- [ ] Answers feel natural

## Verification
```bash
curl http://localhost:8001/health
# Expected: {"status": "healthy", "model": "aurora-7b", ...}
"""
DEPLOYMENT = 'target = "http://127.0.0.1:11401"\n'
BROKEN = """gateway: {port: 8000}
services:
  hermes:
    models: [hermes-2]
    fallbak: phi
    replicas: [http://127.0.0.12:11401]
"""
"""A gateway's configuration with a wrong name in it."""
TOUR = (
    "curl -s http://127.0.0.13:11402/v1/chat/completions -H 'X-Session-ID: tour' "
    """--json '{"messages": [{"role": "user", "content": "The lamp is green."}], "max_tokens": 4}'"""
)


def blocks_of(guide: str, first: str) -> str:
    """The text of a block of a guide, by its first line: what a guide shows of a file is that file."""
    for token in MarkdownIt().parse((ROOT / guide).read_text(encoding="utf-8")):
        if token.type in ("fence", "code_block") and token.content.startswith(first):
            return token.content
    raise AssertionError(f"{guide} has no block that begins with {first!r}")


def result(tool: str, name: str) -> str:
    """What a load tool wrote, as if it had asked the service of the guides."""
    text = (ROOT / "tests/perf/imported/results" / tool / name).read_text(encoding="utf-8")
    return re.sub(r"http://127\.0\.0\.1:\d+", "http://127.0.0.1:11401", text)


def files(guide: str) -> dict[str, str]:
    """What lies in the folder in which the commands of a guide are run."""
    found = {"TASK.md": TASK, "tasks/one.md": TASK, "DEPLOYMENT.toml": DEPLOYMENT}
    if guide == "README.md":
        found["draft.md"] = DRAFT
    if guide == "docs/reading.md":
        found["draft.md"] = blocks_of(guide, "# Task 9.1")
    if guide == "docs/accepting.md":
        found["limits.md"] = blocks_of(guide, "# Task 9.2")
    if guide == "docs/evidence.md":
        found["artifacts/profile_export_aiperf.json"] = result("aiperf", "profile_export_aiperf.json")
        found["artifacts/profile_export.jsonl"] = result("aiperf", "profile_export.jsonl")
        found["benchmarks.json"] = result("guidellm", "benchmarks.json")
    if guide == "docs/services/gateway.md":
        found["gateway.yaml"] = blocks_of(guide, "gateway: {port: 8000}")
    return found


def registry() -> str:
    """The registry that comes with Switch, with the frameworks that the guide shows."""
    found = json.loads((ROOT / "reference_services/switch/sources/models.json").read_text(encoding="utf-8"))
    for model, framework in zip(found["available_models"], ("llama-cpp", "ollama"), strict=True):
        first = {"name": model["name"], "path": model["path"], "framework": framework}
        rest = {name: value for name, value in model.items() if name not in first}
        model.clear()
        model.update(first | rest)
    found.pop("framework")
    return json.dumps(found)


BEFORE: dict[str, Before] = {
    "cat models/.config.json": Before(files={"models/.config.json": registry()}),
    "python -m signoff.reference_services.switch.prepare": Before(gone=("models",)),
    "curl -s http://127.0.0.13:11402/sessions/tour/branch": Before(commands=(TOUR,)),
    "curl -s http://127.0.0.15:8000/health": Before(files={"gateway.yaml": BROKEN}),
}
"""What has happened before a command, by how it begins."""
VARIABLES = {
    "docs/services/gateway.md": {"ADMIN": ADMIN, "GATEWAY_ADMIN_KEYS": ADMIN},
    "docs/services/switch.md": {"VX11_TOKEN": TOKEN},
}
WORDS = {
    "[--api-key-env NAME]": "",
    "http://HOST:11401": "http://127.0.0.1:11401",
    "http://HOST:PORT": "http://127.0.0.1:11401",
    "--target URL": "--target http://127.0.0.1:11401",
    "GATEWAY_ADMIN_KEYS=...": f"GATEWAY_ADMIN_KEYS={ADMIN}",
    "and and ...": "and " * 2090,
}
"""What a placeholder stands for."""
SHORTER = {
    "--rate 200 --duration 30": "--rate 20 --duration 1",
    "--rate 2000 --workers 4": "--rate 40 --workers 2 --duration 1",
    "--rate 20 --find": "--rate 200 --max-rate 200 --max-tokens 2 --duration 1 --find",
    "--rate 100 --max-rate 400 --duration 8 --max-tokens 20": "--rate 100 --max-rate 100 --duration 1 --max-tokens 2",
    "--users 20 --duration 120 --turns 3-6 --think 1-5": "--users 2 --duration 1 --turns 1-2 --think 0-1",
    "-u 20 -t 120s": "-u 2 -t 1s",
}
"""Loads, with less of it: what is shown of their figures is not compared."""
EXITS = {
    "HERMES_TIMEOUT=soon": (4,),
    "signoff read --check limits.md": (0, 2),
    "signoff read --check TASK.md": (0, 2),
    "signoff night --list": (4,),
    "signoff load": (0, 3),
}
"""Exit codes that are not 0, by how a command begins. There is no history of nights here, for none was measured. A load
may be called invalid, because the machine is busy with other tests: that is not the command's fault."""
COMPARED_NOT = ("signoff load", "locust")
"""Commands whose figures are not those that are shown, by how they begin."""
EVENTUALLY = ("curl -s http://127.0.0.15:8000/health",)
"""What is shown comes about by itself after a while."""
UNTIL_SAID = {
    "signoff read draft.md --watch": "Ctrl-C",
    "signoff read TASK.md --watch": "Ctrl-C",
    "GATEWAY_ADMIN_KEYS=": '"announced"',
}
"""Commands that go on until they are stopped, and what they say once they work."""
