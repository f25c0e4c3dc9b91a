"""The file system behind a path of the document is as large, or has as much room, as is asked for."""

from __future__ import annotations

import shutil
from pathlib import Path

from signoff.acceptance.checks.performance.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.deployment import Deployment
from signoff.acceptance.disk_room import room_of
from signoff.acceptance.errors import NotMeasurable
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.acceptance.verdict import Measured, Verdict

AT_LEAST = (">=", ">")


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Ask the operating system for the size and free space of the file system; only on the server's own machine."""
    asked = criterion.parameters["path"]
    if not site.deployment.is_local:
        raise NotMeasurable(
            f"{site.deployment.target} is another machine, whose file systems cannot be seen from here",
            "run Signoff on the server's own machine",
        )

    def take(recorder: Recorder) -> None:
        path = _existing(site.deployment.file(asked), site.deployment)
        try:
            usage = shutil.disk_usage(path)
        except OSError as error:
            raise NotMeasurable(
                f"{path} cannot be looked at: {error.strerror}", f"name its folder under [files] for {asked}"
            ) from None
        recorder.write("disk", {"path": str(path), "total": usage.total, "free": usage.free})

    return site.measured("disk", take, key=asked)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Free space if the document says free or available, else the size of the file system."""
    limit = criterion.threshold
    assert limit is not None
    found = next(evidence.of("disk"))
    if limit.comparator not in AT_LEAST:
        return Verdict(
            "not_measurable",
            f"{limit.text()} limits the used space, and a file system shows only the existing space",
            hint="state the room that has to be there, or ask for the size of a file",
        )
    room = limit.statistic or criterion.parameters.get("room") or room_of(criterion.text)
    is_free = room == "free"
    size = found["free"] if is_free else found["total"]
    word = "free" if is_free else "in all"
    text = f"the file system of {found['path']} has {_gigabytes(size)} {word}"
    figure = Measured(float(size), "bytes")
    assumptions = () if limit.statistic else (f"the demand is about the space {word}",)
    if limit.holds(size):
        return Verdict("pass", text, figure, assumptions=assumptions)
    return Verdict(
        "fail", f"{text}, {limit.comparator} {limit.value:g} {limit.unit} is asked for", figure, assumptions=assumptions
    )


def _existing(path: Path, deployment: Deployment) -> Path:
    """The path, or the existing folder above it; never above the deployment's folders."""
    roots = [root.resolve() for root in deployment.files.values()]
    while not path.exists() and any(path.parent.is_relative_to(root) for root in roots):
        path = path.parent
    return path


def _gigabytes(size: float) -> str:
    return f"{size / 1e9:,.1f} GB"


CHECK = Check(KINDS["disk"], measure, judge)
