"""`signoff report`: the result documents again, from a stored run; no server is needed."""

from __future__ import annotations

import argparse
from pathlib import Path

from acceptance.commands.json_output import write_json
from acceptance.errors import UsageError
from perf.errors import InputMissing, InputUnreadable
from perf.input_file import read_input
from reports.errors import StoredRunUnreadable
from reports.headline import headline, outcome
from reports.result_files import write_results
from reports.stored_run import FILE_NAME, load
from reports.terminal import show

NAME = "report"
HELP = "Make the result documents (HTML and Markdown) again from a stored run."
MOST_BYTES = 2**30
EXAMPLE = "signoff report out/20250120-140322 --out /tmp/result"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("run_folder", type=Path, metavar="RUN", help=f"a run's folder, or its {FILE_NAME}")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to write (default: the run's folder)")
    parser.add_argument("--json", metavar="FILE", help="write outcome and file names as JSON (- for standard output)")


def run(arguments: argparse.Namespace) -> int:
    """Exit 0 once the documents are written, whatever they say. Raises UsageError for an unreadable run."""
    given: Path = arguments.run_folder
    stored_at = given / FILE_NAME if given.is_dir() else given
    try:
        stored = load(stored_at, _read)
    except (InputUnreadable, StoredRunUnreadable) as error:
        raise UsageError(str(error), error.mend) from None
    folder: Path = arguments.out or stored_at.parent
    try:
        written = write_results(stored, folder, stored_at.parent)
    except OSError as error:
        raise UsageError(f"{folder}: {error.strerror}", "name a folder that can be written with --out") from None
    said = {
        "schema": 1,
        "outcome": outcome(stored)[0],
        "headline": headline(stored),
        "files": [str(path) for path in written],
    }
    if write_json(said, arguments.json):
        return 0
    show(headline(stored))
    for path in written:
        show(f"  {path}")
    return 0


def _read(path: Path) -> bytes:
    try:
        return read_input(path, MOST_BYTES)
    except InputMissing:
        raise FileNotFoundError from None
