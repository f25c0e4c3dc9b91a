"""`signoff run`: judge a deployment against task documents and write the result."""

from __future__ import annotations

import argparse
import contextlib
import sys
from pathlib import Path

from signoff.acceptance import deployment as deployments
from signoff.acceptance import keys
from signoff.acceptance.checks import KINDS
from signoff.acceptance.commands.console.complaint import show_warnings
from signoff.acceptance.commands.documents.max_bytes import add_max_bytes
from signoff.acceptance.errors import RunInvalid, UsageError
from signoff.acceptance.measuring.external_load import read_evidence
from signoff.acceptance.measuring.site import REQUEST_TIMEOUT_S
from signoff.acceptance.profile import PROFILES
from signoff.acceptance.reading import SUFFIXES, read_documents
from signoff.acceptance.running import handed_reading, runner, secrets_of_run, storing
from signoff.acceptance.services import service as own_service
from signoff.perf.redaction import known_secrets
from signoff.reports.errors import NotWritten
from signoff.reports.stored.run_folder import FULL, RunFolder, write
from signoff.reports.terminal import show, silence

NAME = "run"
HELP = "judge a deployment against task documents and write the result documents"
EXAMPLE = "signoff run fixtures/tasks/1.3-hermes-2.md --target http://127.0.0.1:11401"
EXIT = {"passed": 0, "failed": 1, "undecided": 2, "invalid": 3}
INI = Path(__file__).parents[2] / "running" / "signoff.ini"
LONGEST_TIMEOUT_S = 86_400.0
UNUSABLE_IN_PATHS = ("[", "]", "::")
REMOVED_VARIABLES = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `signoff run`."""
    parser.add_argument("documents", nargs="+", type=Path, metavar="DOCUMENT", help="task documents, or folders")
    parser.add_argument("--target", metavar="URL", help="the server to judge")
    parser.add_argument("--deployment", type=Path, metavar="FILE", help="a TOML file that describes what to judge")
    parser.add_argument("--api-key-env", metavar="NAME", default="", help="variable that holds the target's API key")
    parser.add_argument("--profile", choices=PROFILES, default="quick", help="how much is measured (default: quick)")
    parser.add_argument(
        "--evidence", type=Path, metavar="FILE", help="AIPerf's or GuideLLM's result, instead of a load run"
    )
    parser.add_argument("--out", type=Path, default=Path("out"), metavar="DIR", help="folder for runs (default: out)")
    add_max_bytes(parser)
    parser.add_argument("--json", metavar="FILE", help="write results.json there too; - is standard output")
    parser.add_argument(
        "--timeout", type=seconds, default=REQUEST_TIMEOUT_S, metavar="S",
        help="time-out of a functional request, in seconds (default: 60; half of it for a turn of a conversation)",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, metavar="N", help="seed of words and prompts, to repeat a run")
    parser.add_argument("-k", dest="select", metavar="EXPRESSION", help="judge only criteria that match (pytest's -k)")
    parser.add_argument("--lf", action="store_true", help="judge only what failed in the last run (pytest's --lf)")


def run(arguments: argparse.Namespace) -> int:
    """Judge; the exit code is the outcome's."""
    if bool(arguments.target) == bool(arguments.deployment):
        raise UsageError(
            "a run needs --target or --deployment, and one of them only",
            "name the server with --target http://HOST:PORT, or its deployment file with --deployment",
        )
    # All is read here first, so that a wrong path or key ends at once and with its own exit code.
    reading = read_documents(arguments.documents, KINDS, most_bytes=arguments.max_bytes)
    for document in reading.documents:
        if any(mark in document.path for mark in UNUSABLE_IN_PATHS):
            raise UsageError(f"{document.path}: pytest cannot run a path with [, ] or ::", "rename the file")
        if document.path.encode("utf-8", "replace").decode("utf-8") != document.path:
            raise UsageError(f"{document.path}: pytest cannot run a path that is no UTF-8", "rename the file")
        if Path(document.path).suffix.lower() not in SUFFIXES:
            raise UsageError(
                f"{document.path}: only a document whose name ends in {', '.join(sorted(SUFFIXES))} is judged",
                "rename the file",
            )
    deployment = (
        deployments.load(arguments.deployment, arguments.api_key_env)
        if arguments.deployment
        else deployments.from_target(arguments.target, arguments.api_key_env)
    )
    if arguments.evidence:
        read_evidence(arguments.evidence, deployment)
    own_service.give_key(deployment)
    secrets_of_run.remember(deployment, reading)
    deployment.headers(deployment.target)
    keys.withdraw()
    run_id = storing.new_run_id()
    folder = arguments.out / run_id
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        if error.errno in FULL:
            raise RunInvalid(
                f"{folder}: {error.strerror}", "free some space, or name another place with --out"
            ) from None
        raise UsageError(f"{folder}: {error.strerror}", "name a folder that can be written with --out") from None
    documents = [document.path for document in reading.documents]
    with keys.handed_on() as pipe, handed_reading.handed_on(reading) as read:
        show_warnings()
        ended = runner.follow(
            lambda junit: _command(arguments, documents, run_id, junit, pipe, read),
            _environment(),
            RunFolder(folder),
            (pipe, read),
        )
    results = folder / storing.RESULTS
    if not results.exists():
        raise RunInvalid(
            f"the runner {ended.text()} and wrote no result{f': {ended.said}' if ended.said else ''}",
            f"see {folder / runner.LOG}; `signoff report {folder}` writes down what was judged until then",
        )
    outcome = storing.outcome(results)
    with contextlib.suppress(BrokenPipeError):
        _show(arguments, results, folder)
        return EXIT[outcome]
    # The reader of a pipe left: that changes nothing of the outcome.
    silence()
    return EXIT[outcome]


def _show(arguments: argparse.Namespace, results: Path, folder: Path) -> None:
    if arguments.json == "-":
        show(results.read_text(encoding="utf-8"), end="")
    elif arguments.json:
        try:
            write(Path(arguments.json), results.read_text(encoding="utf-8"))
        except NotWritten as error:
            if error.is_full:
                raise
            show(f"signoff: {error}; the result is {results}", on="err")
    show(storing.closing_lines(folder), on="err" if arguments.json == "-" else "out")


def seconds(text: str) -> float:
    """A time-out from the command line. Raises ValueError if it is invalid."""
    found = float(text)
    if not 0 < found < LONGEST_TIMEOUT_S:
        raise ValueError(text)
    return found


def _command(
    arguments: argparse.Namespace, documents: list[str], run_id: str, junit: str, pipe: int, read: int
) -> list[str]:
    """pytest with its own settings and no plugin but ours."""
    return [
        sys.executable,
        "-P",
        "-m",
        "signoff.acceptance.running.pytest_process",
        str(pipe),
        "-c",
        str(INI),
        f"--rootdir={Path.cwd()}",
        "-p",
        "signoff.acceptance.running.pytest_plugin",
        "-o",
        f"cache_dir={(arguments.out / '.pytest_cache').resolve()}",
        "--tb=short",
        "-rs",
        "--capture=no",
        "--noconftest",
        "-p",
        "no:python",  # it would run the __init__.py beside a document
        "--signoff-progress",
        f"--junitxml={junit}",
        f"--signoff-out={arguments.out}",
        f"--signoff-run-id={run_id}",
        f"--signoff-reading={read}",
        f"--signoff-profile={arguments.profile}",
        f"--api-key-env={arguments.api_key_env}",
        *([f"--target={arguments.target}"] if arguments.target else [f"--deployment={arguments.deployment}"]),
        *([f"--signoff-evidence={arguments.evidence}"] if arguments.evidence else []),
        f"--signoff-timeout={arguments.timeout}",
        *([f"--signoff-seed={arguments.seed}"] if arguments.seed is not None else []),
        *(["-k", arguments.select] if arguments.select else []),
        *(["--lf"] if arguments.lf else []),
        "--",
        *documents,
    ]


def _environment() -> dict[str, str]:
    environment = {name: value for name, value in known_secrets.environment().items() if name not in REMOVED_VARIABLES}
    return {**environment, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PY_COLORS": "0"}
