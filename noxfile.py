"""Everything that is run on this project; `nox -l` lists it."""

from __future__ import annotations

import nox

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["lint", "tests", "acceptance"]
nox.options.default_venv_backend = "uv|virtualenv"

TASK = "fixtures/tasks/1.3-hermes-2.md"
DEPLOYMENT = "fixtures/deployments/1.3-hermes-2.toml"


@nox.session
def acceptance(session: nox.Session) -> None:
    """Judge task 1.3 (Hermes-2) against the reference service and write its result document."""
    session.install("-e", ".[services]")
    session.run("signoff", "run", TASK, "--deployment", DEPLOYMENT, *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Test Signoff itself; arguments go to pytest."""
    session.install("-e", ".[services]", *nox.project.dependency_groups(PYPROJECT, "test"))
    # By file, so that the long fault runs (mostly waiting) go on beside everything else.
    session.run("python", "-m", "pytest", "-n", "2", "--dist", "loadfile", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure how fast documents are read; arguments go to pytest."""
    session.install("-e", ".", *nox.project.dependency_groups(PYPROJECT, "bench"))
    session.run(
        "python",
        "-m",
        "pytest",
        "tests/reading/bench_reading.py",
        "--benchmark-columns=min,median,max,rounds",
        *session.posargs,
    )


@nox.session
def lint(session: nox.Session) -> None:
    """Check style (ruff) and types (mypy, strict)."""
    session.install("-e", ".[services]", *nox.project.dependency_groups(PYPROJECT, "test", "lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")


PYPROJECT = nox.project.load_toml("pyproject.toml")
