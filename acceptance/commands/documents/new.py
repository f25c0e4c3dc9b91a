"""`signoff new`: a complete task document for a service from a few figures."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from signoff.acceptance.checks import KINDS
from signoff.acceptance.commands.documents.new_document import NewDocument, filled
from signoff.acceptance.errors import UsageError
from signoff.acceptance.reading import Reading, read_documents
from signoff.reports.errors import NotWritten
from signoff.reports.stored.run_folder import write
from signoff.reports.terminal import show

NAME = "new"
HELP = "write a task document for a service, from a few figures"
EXAMPLE = "signoff new --service hermes-2 --port 11401 --memory-gb 15 --latency-ms 1500 --rate 20"
_LONGEST_NUMBER = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `signoff new`; their defaults are those of NewDocument."""
    add = parser.add_argument
    add("--service", required=True, metavar="NAME", help="name of the service, as in hermes-2")
    add("--port", required=True, type=_whole, metavar="N", help="port that it listens on")
    add("--model", metavar="NAME", help="model that it runs (default: the service's name)")
    add("--host", metavar="HOST", help="address of its server (default: 127.0.0.1)")
    add("--type", dest="service_type", metavar="NAME", help="package of its module (default: ai_models)")
    add("--metrics-port", type=_whole, metavar="N", help="port of its metrics (default: the service's own)")
    add("--memory-gb", type=_number, metavar="G", help="memory limit in GB (default: 16)")
    add("--cores", type=_number, metavar="N", help="CPU cores that it may use (default: 4)")
    add("--latency-ms", type=_number, metavar="MS", help="limit of the mean latency (default: 1500)")
    add("--rate", type=_number, metavar="R", help="requests/s to sustain (default: 20)")
    add("--context", type=_whole, metavar="N", help="tokens of context (default: 8192)")
    add("--load-s", type=_number, metavar="S", help="seconds within which the model is loaded (default: 120)")
    add("--number", metavar="N.N", help="number of the task (default: 1.1)")
    add("--assigned-to", metavar="ROLE", help="who does it: a team or a role (default: AI Model Team)")
    add("--priority", metavar="WORD", help="how urgent it is (default: High)")
    add("--date", dest="created", type=_date, metavar="YYYY-MM-DD", help="date of the document (default: today)")
    add("--out", type=Path, metavar="FILE", help="the document to write (default: NAME.md)")
    add("--deployment", type=Path, metavar="FILE", help="write a deployment file for it as well")
    add("--force", action="store_true", help="overwrite existing files")


def run(arguments: argparse.Namespace) -> int:
    """Write the document, read it back, and say what it asks for. Raises UsageError; nothing is written then."""
    names = set(NewDocument.__dataclass_fields__)
    given = {name: value for name, value in vars(arguments).items() if name in names and value is not None}
    given.setdefault("created", datetime.now(UTC).date())
    document = NewDocument(**given)
    path: Path = arguments.out or Path(f"{document.service}.md")
    texts = {path: filled(document)}
    if arguments.deployment is not None:
        texts[arguments.deployment] = filled(document, "deployment.toml.j2")
    if len(texts) == 1 and arguments.deployment is not None:
        raise UsageError(f"--out and --deployment are both {path}", "give two files")
    for file in texts:
        if file.exists() and not arguments.force:
            raise UsageError(f"{file} is there already", "choose another name with --out, or overwrite with --force")
    _write_all(texts)
    show(_summary(path, read_documents([path], KINDS)))
    for file in list(texts)[1:]:
        show(f"{file}: its deployment, with its addresses as the document gives them")
    return 0


def _write_all(texts: Mapping[Path, str]) -> None:
    """Each text into its file; where one cannot be written, the new files that were begun are taken back."""
    begun: list[Path] = []
    for path, text in texts.items():
        is_new = not path.exists()
        try:
            write(path, text)
        except NotWritten as error:
            for file in (*begun, *([path] if is_new else [])):
                file.unlink(missing_ok=True)
            raise error if error.is_full else UsageError(str(error), error.hint) from None
        if is_new:
            begun.append(path)


def _summary(path: Path, reading: Reading) -> str:
    """What the document asks for; and what reading it finds, which should be nothing."""
    (document,) = reading.documents
    machine = sum(criterion.judge == "machine" for criterion in document.criteria)
    lines = [f"{path}: {len(document.criteria)} criteria, {machine} for a machine to judge"]
    found = [diagnostic for diagnostic in document.diagnostics if diagnostic.severity != "note"]
    lines += [f"  {diagnostic.line}: {diagnostic.message}" for diagnostic in found]
    lines += [f"  {conflict.message}" for conflict in reading.conflicts if conflict.resolution is None]
    return "\n".join(lines)


def _whole(text: str) -> int:
    if not re.fullmatch(rf"\d{{1,{_LONGEST_NUMBER}}}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def _number(text: str) -> Decimal:
    if len(text) > _LONGEST_NUMBER or not re.fullmatch(r"\d+(?:\.\d+)?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a plain number such as 1500 or 7.5")
    return Decimal(text)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date such as 2025-01-18") from None
