"""The commands of the guides that are not run as they are, each with the reason; a new one belongs here or is run."""

from __future__ import annotations

from tests.guides.shown_commands import Shown

GUIDES = {
    "docs/findings.md": "it reports results on servers that this project does not install",
    "docs/services/vllm.md": "vLLM is needed, which `nox -s vllm` installs and tests/vllm runs",
}
PROGRAMS = {
    "pip": "it installs: from an index, or anew what these tests run in",
    "pipx": "it installs",
    "uv": "it installs",
    "nox": "it runs these tests, among others",
}
COMMANDS = {
    "signoff serve --all": "it listens at the document's ports; test_estate.py runs it at others",
    "signoff night TASK.md": "it takes minutes; test_night.py has a short one",
    "signoff night fixtures/tasks/1.3-hermes-2.md": "it takes minutes; test_night.py has a short one",
    "signoff run fixtures/tasks/4b-switch-hermes.md": "it takes minutes; `nox -s acceptance -- --all` runs it",
    "signoff load http://server:8000 --rate 2000": "it takes machines; test_load_machines.py has one",
    "signoff load --worker": "it takes machines; test_load_machines.py has one",
    "HERMES_2_STORE=redis:": "a Redis is needed; test_store_servers.py starts some",
    "python -m pytest testing/": "test_document_commands.py runs what documents call there",
}
"""By how a command begins."""
BLOCKS = {
    ("docs/deployments.md", "[library]"): "a table of a deployment file",
    ("docs/reading.md", "# Task 9.1: Aurora-7B Service"): "a task document",
    ("docs/services/operations.md", "mixtral-8x7b     http://127.0.0.11:11400"): "what `signoff serve --all` shows",
}
"""Blocks that hold no commands, though a line of theirs begins like one: guide and first line."""


def reason(shown: Shown) -> tuple[str, str] | None:
    """The entry that says why a command is not run, with its reason; None where it is run."""
    if shown.guide in GUIDES:
        return shown.guide, GUIDES[shown.guide]
    if shown.program in PROGRAMS:
        return shown.program, PROGRAMS[shown.program]
    return next(((begin, why) for begin, why in COMMANDS.items() if shown.command.startswith(begin)), None)
