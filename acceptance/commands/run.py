"""`signoff run`: judge a deployment against task documents and write the result."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType
from typing import IO

from acceptance import deployment as deployments
from acceptance import own_service
from acceptance.commands.max_bytes import add_max_bytes
from acceptance.errors import RunInvalid, UsageError
from acceptance.foreign import read_evidence
from acceptance.profile import PROFILES
from acceptance.reading import read_documents
from acceptance.running import storing
from reports.terminal import show, silence

NAME = "run"
HELP = "judge a deployment against task documents and write the result documents"
EXAMPLE = "signoff run fixtures/tasks/1.3-hermes-2.md --target http://127.0.0.1:11401"
EXIT = {"passed": 0, "failed": 1, "undecided": 2, "invalid": 3}
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
INI = Path(__file__).parent.parent / "running" / "signoff.ini"
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
    parser.add_argument("--out", type=Path, default=Path("out"), metavar="DIR", help="where runs are kept")
    add_max_bytes(parser)
    parser.add_argument("--json", metavar="FILE", help="write results.json there too; - is standard output")
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
    reading = read_documents(arguments.documents, most_bytes=arguments.max_bytes)
    for document in reading.documents:
        if any(mark in document.path for mark in UNUSABLE_IN_PATHS):
            raise UsageError(f"{document.path}: pytest cannot run a path with [, ] or ::", "rename the file")
        if document.path.encode("utf-8", "replace").decode("utf-8") != document.path:
            raise UsageError(f"{document.path}: pytest cannot run a path that is no UTF-8", "rename the file")
    deployment = (
        deployments.load(arguments.deployment, arguments.api_key_env)
        if arguments.deployment
        else deployments.from_target(arguments.target, arguments.api_key_env)
    )
    if arguments.evidence:
        read_evidence(arguments.evidence, deployment)
    own_service.give_key(deployment)
    deployment.headers(deployment.target)
    run_id = storing.new_run_id()
    folder = arguments.out / run_id
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise UsageError(f"{folder}: {error.strerror}", "name a folder that can be written with --out") from None
    status = _pytest(arguments, [document.path for document in reading.documents], run_id, folder)
    results = folder / storing.RESULTS
    if not results.exists():
        raise RunInvalid(f"the runner ended with status {status} and wrote no result", f"see {folder / 'pytest.log'}")
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
            shutil.copyfile(results, arguments.json)
        except OSError as error:
            show(f"signoff: {arguments.json}: {error.strerror}; the result is {results}", on="err")
    show(storing.closing_lines(folder), on="err" if arguments.json == "-" else "out")


def _pytest(arguments: argparse.Namespace, documents: list[str], run_id: str, folder: Path) -> int:
    """Run pytest in a process of its own, with its own settings and no plugin but ours."""
    environment = {name: value for name, value in os.environ.items() if name not in REMOVED_VARIABLES}
    environment |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PY_COLORS": "0"}
    command = [
        *(sys.executable, "-P", "-m", "acceptance.running.runner", "-c", str(INI), f"--rootdir={Path.cwd()}"),
        *(
            "-p",
            "acceptance.running.pytest_plugin",
            "-o",
            f"cache_dir={(arguments.out / '.pytest_cache').resolve()}",
        ),
        *(
            "--tb=short",
            "-rs",
            "--capture=no",
            "--noconftest",
            "--signoff-progress",
            f"--junitxml={folder / 'junit.xml'}",
        ),
        *(f"--signoff-out={arguments.out}", f"--signoff-run-id={run_id}"),
        f"--signoff-max-bytes={arguments.max_bytes}",
        *(f"--signoff-profile={arguments.profile}", f"--api-key-env={arguments.api_key_env}"),
        *([f"--target={arguments.target}"] if arguments.target else [f"--deployment={arguments.deployment}"]),
        *([f"--signoff-evidence={arguments.evidence}"] if arguments.evidence else []),
        *([f"--signoff-seed={arguments.seed}"] if arguments.seed is not None else []),
        *(["-k", arguments.select] if arguments.select else []),
        *(["--lf"] if arguments.lf else []),
        *("--", *documents),
    ]
    with (folder / "pytest.log").open("w", encoding="utf-8") as log:
        return _followed(command, log, environment)


def _followed(command: list[str], log: IO[str], environment: dict[str, str]) -> int:
    """Run it in a session of its own: a signal of the terminal comes through this process, once, as Ctrl-C.

    The handlers stand before it starts, so that it does not inherit the SIGINT that a shell ignores for jobs in
    the background.
    """
    started: list[subprocess.Popen[bytes]] = []
    early: list[int] = []

    def pass_on(number: int, frame: FrameType | None) -> None:
        if started:
            started[0].send_signal(signal.SIGINT)
        else:
            early.append(number)

    # nohup asks to go on after the terminal has gone.
    ending = [number for number in ENDING if signal.getsignal(number) is not signal.SIG_IGN or number != signal.SIGHUP]
    previous = {number: signal.signal(number, pass_on) for number in ending}
    try:
        started.append(
            subprocess.Popen(command, stdout=log, stdin=subprocess.DEVNULL, env=environment, start_new_session=True)
        )
        if early:
            started[0].send_signal(signal.SIGINT)
        return started[0].wait()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
