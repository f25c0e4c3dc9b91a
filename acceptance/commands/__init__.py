"""The command line: one command a file, listed here in the order in which they are used."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import IO, Any

from signoff.acceptance.commands.console.complaint import complain
from signoff.acceptance.errors import SignoffError
from signoff.reports.errors import ReportError
from signoff.reports.stored.run_folder import FULL
from signoff.reports.terminal import guarded, show, silence, stream

COMMANDS = {
    "new": "documents.new",
    "read": "documents.read",
    "run": "runs.run",
    "serve": "runs.serve",
    "load": "loading.load",
    "report": "runs.report",
    "night": "runs.night",
    "schema": "documents.schema",
}
"""The module of each, below this package."""
INTERRUPTED = 3
OUR_ERROR = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code: 0 passed, 1 failed, 2 undecided, 3 invalid, 4 usage."""
    _open_closed_streams()
    with guarded():
        return _run(arguments)


def _run(arguments: Sequence[str] | None) -> int:
    given = sys.argv[1:] if arguments is None else arguments
    # Only the command at hand is imported: a load run begins a second earlier without the reading of documents.
    parsed = _parser(given[:1] if given[:1] and given[0] in COMMANDS else list(COMMANDS)).parse_args(given)
    try:
        code = int(parsed.run(parsed))
        stream("out").flush()
        return code
    except (SignoffError, ReportError) as error:
        complain(error)
        return error.exit_code if isinstance(error, SignoffError) else OUR_ERROR
    except KeyboardInterrupt:
        show("signoff: interrupted; what was gathered is kept", on="err")
        return INTERRUPTED
    except BrokenPipeError:
        silence()
        return 0
    except Exception as error:
        if isinstance(error, OSError) and error.errno in FULL:
            silence()
            with contextlib.suppress(OSError):
                where = error.filename or "standard output or a temporary file"
                show(f"signoff: {where}: {error.strerror}", on="err")
                show("  hint: free some space, or write elsewhere; what was written before stays", on="err")
            return OUR_ERROR
        # Python would end with 1, and that is the verdict "failed": what breaks here says nothing about a server.
        with contextlib.suppress(OSError):
            show(traceback.format_exc(), on="err", end="")
            show(f"signoff: a fault of Signoff, not a verdict: {error!r}", on="err")
            show("  hint: report it with the lines above", on="err")
        silence()
        return OUR_ERROR


def _open_closed_streams() -> None:
    """Discards output to a standard stream that the caller has closed."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 (open to the end)


class _Parser(argparse.ArgumentParser):
    """argparse with this project's exit code for a usage error, and with its way of printing."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.color = False  # argparse has colours of its own since Python 3.14

    def _print_message(self, message: str, file: IO[str] | None = None) -> None:  # type: ignore[override]
        show(message, on="out" if file is sys.stdout else "err", end="")

    def error(self, message: str) -> None:  # type: ignore[override]
        self.exit(4, self.format_usage() + f"signoff: {message}\n  hint: see `{self.prog} --help`\n")


def _parser(names: Sequence[str]) -> _Parser:
    parser = _Parser(
        prog="signoff",
        description="Turns the task documents of LLM servers into acceptance runs and result documents.",
        epilog="Exit: 0 passed, 1 failed, 2 undecided, 3 invalid, 4 usage or unreadable document.",
    )
    parser.add_argument("--version", action="version", version=f"signoff {metadata.version('signoff')}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in names:
        command = importlib.import_module(f"signoff.acceptance.commands.{COMMANDS[name]}")
        sub = commands.add_parser(
            command.NAME,
            help=command.HELP,
            description=command.HELP,
            epilog=f"example: {command.EXAMPLE}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_arguments(sub)
        sub.set_defaults(run=command.run)
    return parser
