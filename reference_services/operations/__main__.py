"""`python -m signoff.reference_services.operations`: Debian's Prometheus over an estate, in the foreground.

Exit: 3 Prometheus is not installed, 4 the estate file or the arguments are at fault, else Prometheus's own.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from signoff.reference_services.health.estate_file import EstateUnreadable, read
from signoff.reference_services.operations import NAME
from signoff.reference_services.operations.scraping import render, write
from signoff.reference_services.web.serving.command_line import UNAVAILABLE, USAGE, Parser, complain, show

PORT = 9090


def main(arguments: Sequence[str] | None = None) -> int:
    """Write its configuration and become Prometheus: that does not come back."""
    parsed = _parser().parse_args(arguments)
    if parsed.list:
        show(NAME, {})
        return 0
    if parsed.db is None:
        complain(NAME, "give --db FOLDER: there it keeps its configuration and what it scrapes")
        return USAGE
    program = shutil.which("prometheus")
    if program is None:
        complain(NAME, "the program is not installed; apt-get install prometheus")
        return UNAVAILABLE
    try:
        file = write(parsed.db, render(read(parsed.estate), parsed.health or "", parsed.interval_s))
    except EstateUnreadable as error:
        complain(NAME, error)
        return USAGE
    except OSError as error:
        complain(NAME, f"{parsed.db}: {error.strerror}")
        return USAGE
    command = [
        program,
        f"--config.file={file}",
        f"--storage.tsdb.path={parsed.db / 'data'}",
        f"--web.listen-address={parsed.host}:{parsed.port}",
        # By itself it would let every web page read what it has.
        f"--web.cors.origin=http://{re.escape(parsed.host)}:{parsed.port}",
    ]
    # Prometheus takes this process's place: signals and exit code are its own.
    return os.execv(program, command)  # noqa: S606


def _parser() -> Parser:
    parser = Parser(prog="python -m signoff.reference_services.operations", description="A Prometheus over an estate.")
    parser.add_argument("service", nargs="?", default=NAME, choices=[NAME], help=f"{NAME} (the only choice)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=PORT, help=f"port to listen on (default: {PORT})")
    parser.add_argument("--estate", type=Path, metavar="FILE", help="the estate (default: the shipped one)")
    parser.add_argument("--health", metavar="URL", help="URL of the estate's health")
    parser.add_argument("--db", type=Path, metavar="FOLDER", help="where it keeps its data")
    parser.add_argument("--interval-s", type=int, default=0, metavar="S", help="between two scrapes (default: 15)")
    parser.add_argument("--list", action="store_true", help="the service and its faults as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
