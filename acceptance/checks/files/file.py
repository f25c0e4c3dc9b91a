"""A file of the document is there, holds something, and has the size that is stated."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from signoff.acceptance.checks.files.kinds import KINDS
from signoff.acceptance.criterion import Criterion, Threshold
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring import named_file
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.acceptance.verdict import Measured, Verdict

MOST_FILES = 10_000


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Inspect the file, or all files of a folder, in the deployment's folder."""
    asked = criterion.parameters["path"]
    return site.measured("file", lambda recorder: _take(recorder, asked, site.deployment.file(asked)), key=asked)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if it exists, is not empty, and is within the limit, or between `low` and `high` bytes, if stated."""
    found = next(evidence.of("file"))
    name, size = found["asked"], found["bytes"]
    if found["files"] is None:
        return Verdict("fail", f"there is no {name}: {found['path']} does not exist")
    if not size:
        return Verdict("fail", f"{name} is empty")
    what = f"{name} holds {size:,} bytes" + (f" in {found['files']} files" if found["is_folder"] else "")
    figure = Measured(float(size), "bytes")
    limit = criterion.threshold
    low, high = (criterion.parameters.get(end) for end in ("low", "high"))
    if low is not None and high is not None:
        if not low <= size <= high:
            return Verdict("fail", f"{what}, from {low:,.0f} to {high:,.0f} are asked for", figure)
    elif limit is not None and not _keeps(size, limit):
        return Verdict("fail", f"{what}, {limit.comparator} {limit.value:g} {limit.unit} is asked for", figure)
    return Verdict("pass", f"{what}; last written {found['changed']}", figure)


def _take(recorder: Recorder, asked: str, path: Path) -> None:
    record = {"asked": asked, "path": str(path), "files": None, "bytes": 0, "is_folder": path.is_dir(), "changed": ""}
    if path.is_dir():
        files = list(islice(named_file.inside(path, "*"), MOST_FILES))
        record |= {"files": len(files), "bytes": sum(each.stat().st_size for each in files)}
    elif path.is_file():
        record |= {"files": 1, "bytes": path.stat().st_size}
    if record["files"] is not None:
        record["changed"] = named_file.changed(path)
    recorder.write("file", record)


def _keeps(size: int, limit: Threshold) -> bool:
    """An exact size is met where the figure, rounded as the document writes it, is the document's."""
    if limit.comparator != "==":
        return limit.holds(size)
    scale = limit.base()[0] / limit.value if limit.value else 1.0
    digits = len(f"{limit.value:g}".partition(".")[2])
    return round(size / scale, digits) == limit.value


CHECK = Check(KINDS["file"], measure, judge)
