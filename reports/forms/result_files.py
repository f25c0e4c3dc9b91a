"""The result documents as files beside the run that they describe."""

from __future__ import annotations

import os
import re
from pathlib import Path

from signoff.reports.document.result_document import documents, name_parts, result_document
from signoff.reports.forms.html import html
from signoff.reports.forms.markdown import markdown
from signoff.reports.stored.run_folder import RunFolder
from signoff.reports.stored.stored_run import StoredDocument, StoredRun

_UNFIT = re.compile(r"[^\w.+-]+", re.ASCII)
LONGEST_NAME = 120


def result_name(run: StoredRun, document: StoredDocument | str) -> str:
    """The file's name without its ending: `1.3_Hermes-2_Implementation_Results`; a text names a path."""
    if isinstance(document, str):
        known = {found.path: found for found in documents(run)}
        document = known.get(document, StoredDocument(path=document))
    words = [_UNFIT.sub("-", part).strip("-.") for part in name_parts(document)]
    return "_".join([*(word for word in words if word), "Implementation_Results"])[-LONGEST_NAME:].lstrip("-._")


def write_results(run: StoredRun, folder: Path, run_folder: Path | None = None) -> list[Path]:
    """Write HTML and Markdown for each document of the run, and give their paths.

    `run_folder` is the folder of the evidence, if it is not `folder`: links point there. Raises NotWritten.
    """
    prefix = "" if run_folder is None else Path(os.path.relpath(run_folder, folder)).as_posix()
    written: list[Path] = []
    for document in documents(run):
        content = result_document(run, document, "" if prefix == "." else prefix)
        name = _free(result_name(run, document), {path.stem for path in written})
        for ending, text in ((".html", html(content)), (".md", markdown(content))):
            written.append(RunFolder(folder).write(f"{name}{ending}", text))
    return written


def _free(name: str, taken: set[str]) -> str:
    number = 2
    candidate = name
    while candidate in taken:
        candidate = f"{name}_{number}"
        number += 1
    return candidate
