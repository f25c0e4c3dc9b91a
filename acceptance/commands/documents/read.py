"""`signoff read`: the demands of task documents, assumptions, problems and conflicts."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from signoff.acceptance.checks import KINDS
from signoff.acceptance.commands.console.colour import CHOICES, Palette, takes_colour
from signoff.acceptance.commands.console.complaint import complain
from signoff.acceptance.commands.documents.difference_text import check_text
from signoff.acceptance.commands.documents.lock_writing import accept, role_of
from signoff.acceptance.commands.documents.max_bytes import add_max_bytes
from signoff.acceptance.commands.documents.reading_text import diagnostics_text, reading_text
from signoff.acceptance.commands.documents.watching import watch
from signoff.acceptance.errors import LockUnreadable, UsageError
from signoff.acceptance.reading import Diagnostic, Document, Reading, read_all
from signoff.acceptance.reading.accepting.lock_file import lock_path
from signoff.acceptance.reading.binding.binding import binding_path
from signoff.acceptance.reading.binding.binding_text import binding_draft
from signoff.acceptance.reading.source.files import files_of
from signoff.acceptance.reading_page import reading_page
from signoff.reports.errors import NotWritten
from signoff.reports.plain_text import json_text
from signoff.reports.stored.run_folder import write
from signoff.reports.terminal import show, silence, stream

NAME = "read"
HELP = "show the demands of task documents, assumptions and conflicts"
EXAMPLE = "signoff read fixtures/tasks/1.3-hermes-2.md"
WITHOUT_CRITERIA = 3
NOT_ACCEPTED = 2
REFUSED = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `signoff read`."""
    parser.add_argument("documents", nargs="+", type=Path, metavar="PATH", help="task documents, or folders of them")
    parser.add_argument("--json", metavar="FILE", help="write the reading as JSON; - is standard output")
    parser.add_argument("--html", metavar="FILE", help="write the reading as one page that needs no network")
    parser.add_argument(
        "--binding", action="store_true", help="print binding entries for open statements and conflicts"
    )
    parser.add_argument(
        "--accept", metavar="ROLE", help="write the reading beside each document, as accepted by this role"
    )
    parser.add_argument(
        "--check", action="store_true", help="show what differs from the accepted reading; 2 if anything does"
    )
    parser.add_argument("--watch", action="store_true", help="read again whenever a document or its binding changes")
    add_max_bytes(parser)
    parser.add_argument(
        "--color", choices=CHOICES, default="auto", help="auto: in a terminal, unless NO_COLOR is set (FORCE_COLOR too)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Read and show; 0 even if conflicts stand, 3 where a document has no criteria, 4 if one is unreadable.

    With `--check`, 2 where a reading is not the accepted one; with `--accept`, 1 where one cannot be accepted.
    """
    if arguments.accept is not None and (arguments.check or arguments.watch or arguments.binding):
        raise UsageError("--accept writes what was looked at before", "leave out --check, --watch and --binding")
    if arguments.binding and arguments.check:
        raise UsageError("--binding prints to standard output alone", "leave out --check")
    if arguments.watch and "-" in (arguments.json, arguments.html):
        raise UsageError("--watch shows the reading on standard output", "name a file instead of -")
    if arguments.json == arguments.html == "-":
        raise UsageError("--json - and --html - both want standard output", "name a file for one of them")
    if arguments.binding and (arguments.watch or "-" in (arguments.json, arguments.html)):
        raise UsageError("--binding prints to standard output alone", "leave out --watch, and name files instead of -")
    _refuse_to_overwrite(arguments)
    if arguments.accept is not None:
        return _accept(arguments, role_of(arguments.accept))
    if arguments.watch:
        return watch(arguments.documents, lambda: _read_and_show(arguments))
    return _read_and_show(arguments)


def _read_and_show(arguments: argparse.Namespace) -> int:
    reading, unreadable = read_all(arguments.documents, KINDS, most_bytes=arguments.max_bytes, suggests=True)
    if arguments.json:
        _write(_as_json(reading, unreadable), arguments.json)
    if arguments.html:
        _write(reading_page(reading, unreadable), arguments.html)
    if arguments.binding:
        _write(binding_draft(reading, KINDS, datetime.now(UTC).date()), "-")
    elif "-" not in (arguments.json, arguments.html) and (reading.documents or not unreadable):
        palette = Palette(takes_colour(arguments.color, stream("out")))
        text = check_text(reading, KINDS, palette) if arguments.check else reading_text(reading, palette)
        _write(text, "-", coloured=palette.is_coloured)
    for error in unreadable:
        complain(error, arguments.color)
    if unreadable:
        return unreadable[0].exit_code
    if not all(document.criteria for document in reading.documents):
        return WITHOUT_CRITERIA
    is_accepted = all(document.acceptance.is_accepted for document in reading.documents)
    return NOT_ACCEPTED if arguments.check and not is_accepted else 0


def _accept(arguments: argparse.Namespace, role: str) -> int:
    """Write the locks, unless one of the documents cannot be accepted: then none, and the exit code says why."""
    reading, unreadable = read_all(arguments.documents, KINDS, most_bytes=arguments.max_bytes)
    errors = [error for error in unreadable if not isinstance(error, LockUnreadable)]  # what is replaced
    for error in errors:
        complain(error, arguments.color)
    if errors:
        return errors[0].exit_code
    faulty = [document for document in reading.documents if _errors(document)]
    palette = Palette(takes_colour(arguments.color, stream("err")))
    for document in faulty:
        text = "\n".join(diagnostics_text(_errors(document), palette))
        show(text, on="err", coloured=palette.is_coloured)
        why = f"{document.path}: its reading is not accepted while there are errors in it"
        complain(UsageError(why, "correct them, then accept the reading"), arguments.color)
    if faulty:
        return WITHOUT_CRITERIA if any(not document.criteria for document in faulty) else REFUSED
    done = accept(reading.documents, role, datetime.now(UTC).date())
    if arguments.json or arguments.html:
        return _read_and_show(arguments)
    _write("".join(f"{line}\n" for line in done), "-")
    return 0


def _errors(document: Document) -> list[Diagnostic]:
    return [found for found in document.diagnostics if found.severity == "error"]


def _refuse_to_overwrite(arguments: argparse.Namespace) -> None:
    """A file name in the wrong place must not cost a team its document, nor one output the other."""
    files, _ = files_of(arguments.documents)
    read = (kept for file in files for kept in (file, binding_path(file), lock_path(file)))
    kept = {os.path.realpath(each): "what is read" for each in read}
    for option, name in (("--json", arguments.json), ("--html", arguments.html)):
        if name is None or name == "-":
            continue
        if not name:
            raise UsageError(f"{option} names no file", "name one, or - for standard output")
        place = os.path.realpath(name)
        if place in kept:
            raise UsageError(f"{option} {name} would overwrite {kept[place]}", "name another file")
        kept[place] = f"what {option} writes"


def _as_json(reading: Reading, unreadable: Sequence[UsageError]) -> str:
    value = reading.as_json()
    if unreadable:
        value |= {"error": str(unreadable[0]), "errors": [str(error) for error in unreadable]}
    # A lone surrogate came from a file name, and other programs refuse its escape.
    text = json.dumps(value, ensure_ascii=False, indent=1).encode("utf-8", "replace").decode("utf-8")
    return json_text(text) + "\n"


def _write(text: str, name: str, *, coloured: bool = False) -> None:
    if name == "-":
        try:
            show(text, end="", coloured=coloured)
        except BrokenPipeError:
            silence()  # whoever read the pipe has seen enough; what was found still decides the exit code
        except OSError as error:
            silence()
            raise UsageError(f"standard output: {error.strerror}", "make room, or name a file elsewhere") from None
        return
    try:
        write(Path(name), text.encode("utf-8", "replace").decode())
    except NotWritten as error:
        raise error if error.is_full else UsageError(str(error), error.hint) from None
