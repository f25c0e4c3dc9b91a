"""The pytest plugin: a task document is a test file, a criterion an item.

It does nothing unless `--target` or `--deployment` is given, so that it costs other test suites only its options.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of a run; the long names keep clear of other plugins (locust owns `--host`)."""
    group = parser.getgroup("signoff", "judge task documents of LLM servers")
    group.addoption("--target", metavar="URL", help="judge the server at this address")
    group.addoption("--deployment", metavar="FILE", help="judge the deployment that this TOML file describes")
    group.addoption("--api-key-env", metavar="NAME", default="", help="variable that holds the target's API key")
    group.addoption("--signoff-profile", metavar="NAME", default="quick", help="quick or signoff")
    group.addoption("--signoff-out", metavar="DIR", default="out", help="where runs are kept (default: out)")
    group.addoption("--signoff-seed", metavar="N", type=int, help="seed of words and prompts (default: a fresh one)")
    group.addoption("--signoff-timeout", metavar="S", type=float, help="seconds for a functional request (default: 60)")
    group.addoption("--signoff-evidence", metavar="FILE", help="AIPerf's or GuideLLM's result, instead of a load run")
    group.addoption("--signoff-max-bytes", metavar="N", type=int, default=2**24, help="read no longer document")
    group.addoption("--signoff-reading", type=int, help=argparse.SUPPRESS)  # a descriptor, from `signoff run`
    group.addoption("--signoff-progress", action="store_true", help="a live line on standard error")
    group.addoption("--signoff-run-id", metavar="ID", default="", help="folder of this run below the out folder")


def pytest_configure(config: pytest.Config) -> None:
    """Take part only where a deployment was named."""
    if not (config.getoption("--target") or config.getoption("--deployment")):
        return
    from signoff.acceptance.errors import SignoffError
    from signoff.acceptance.running.judging import Judging
    from signoff.reports.terminal import harmless

    try:
        config.pluginmanager.register(Judging.of(config), "signoff-judging")
    except SignoffError as error:
        raise pytest.UsageError(harmless(f"{error} ({error.hint})" if error.hint else error)) from None


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Keep Python tests out of a run: documents alone are judged where a deployment was named."""
    if collection_path.suffix == ".py" and config.pluginmanager.hasplugin("signoff-judging"):
        return True
    return None
