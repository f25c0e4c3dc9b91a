"""`signoff report`: the result documents of a stored run, without a server."""

from __future__ import annotations

import argparse
from pathlib import Path

from signoff.acceptance.commands.console.json_output import write_json
from signoff.acceptance.errors import UsageError
from signoff.reports.document.cut_run import BEGUN, CUT, cut_run, is_cut
from signoff.reports.document.headline import headline, outcome
from signoff.reports.errors import NotWritten, StoredRunUnreadable
from signoff.reports.forms.result_files import write_results
from signoff.reports.stored.stored_run import FILE_NAME, load, save
from signoff.reports.terminal import show

NAME = "report"
HELP = "write the result documents (HTML and Markdown) of a stored run again, or those of an interrupted run"
EXAMPLE = "signoff report out/20250120-140322 --out /tmp/result"
CUT_OFF = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("run_folder", type=Path, metavar="RUN", help=f"a run's folder, or its {FILE_NAME}")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to write (default: the run's folder)")
    parser.add_argument("--json", metavar="FILE", help="write outcome and file names as JSON (- for standard output)")


def run(arguments: argparse.Namespace) -> int:
    """Exit 0 once the documents are written, whatever they say; 3 where the run was cut off.

    A cut run gets a results.json too, marked as such, which its own end replaces. Raises UsageError for an unreadable
    run, NotWritten if there is no room.
    """
    given: Path = arguments.run_folder
    stored_at = given / FILE_NAME if given.is_dir() else given
    folder: Path = arguments.out or stored_at.parent
    if given.is_dir() and not any((given / name).exists() for name in (FILE_NAME, BEGUN)):
        raise UsageError(
            f"{given} holds neither {FILE_NAME} nor {BEGUN}: no run, or one that was cut off before it began",
            "name a run's folder; where it was cut off so early, make the run again",
        )
    try:
        is_new = is_cut(stored_at.parent)
        stored = cut_run(stored_at.parent) if is_new else load(stored_at)
        written = write_results(stored, folder, stored_at.parent)
        if is_new:
            save(stored, folder / FILE_NAME)
            written.append(folder / FILE_NAME)
    except StoredRunUnreadable as error:
        raise UsageError(str(error), error.hint) from None
    except NotWritten as error:
        if error.is_full:
            raise
        raise UsageError(str(error), error.hint) from None
    said = {
        "schema": 1,
        "outcome": outcome(stored)[0],
        "headline": headline(stored),
        "files": [str(path) for path in written],
    }
    code = CUT_OFF if CUT in stored.extra else 0
    if write_json(said, arguments.json):
        return code
    show(headline(stored))
    for path in written:
        show(f"  {path}")
    return code
