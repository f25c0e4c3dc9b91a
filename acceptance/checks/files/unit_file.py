"""The systemd unit that the document names exists, is sound, and carries the document's limits."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from signoff.acceptance.checks.files.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.errors import NotMeasurable
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring import named_file
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.acceptance.verdict import Verdict
from signoff.perf.redaction import known_secrets

UNIT_FOLDER = "/etc/systemd/system"
VERIFY_TIMEOUT_S = 30
MOST_BYTES = 1 << 20
SI_GB, BINARY_GB = 10**9, 2**30
_SUFFIX = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Read the unit and its drop-ins in the deployment's folder; run systemd-analyze verify if available."""
    unit = criterion.parameters["unit"]
    if "/" in unit:
        raise NotMeasurable(f"{unit} is a path and no name of a unit", "name the unit as systemctl does")

    def take(recorder: Recorder) -> None:
        folder = site.deployment.file(UNIT_FOLDER)
        files = _unit_files(folder, unit)
        if not files:
            recorder.write("unit", {"unit": unit, "folder": str(folder), "files": [], "settings": {}})
            return
        settings: dict[str, str] = {}
        for file in files:
            settings.update(_settings(named_file.text(file, MOST_BYTES)))
        limits = {
            kind: limits[0].base()[0] for kind in ("memory", "cpu") if (limits := site.limits(kind, criterion.document))
        }
        recorder.write(
            "unit",
            {
                "unit": unit,
                "folder": str(folder),
                "files": [file.name for file in files],
                "settings": settings,
                "limits": limits,
            },
        )
        recorder.write("verify", _verify(folder, unit))

    return site.measured("unit", take, key=[unit, criterion.document])


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if the unit has a start command, systemd finds no error, and its limits equal the document's."""
    found = next(evidence.of("unit"))
    if not found["files"]:
        return Verdict("fail", f"{found['folder']} has no file for {found['unit']}")
    settings = found["settings"]
    if not settings.get("ExecStart"):
        return Verdict("fail", f"{found['unit']} starts nothing: it has no ExecStart")
    problems = [
        problem
        for problem in (
            _memory_problem(settings, found["limits"].get("memory")),
            _cpu_problem(settings, found["limits"].get("cpu")),
        )
        if problem
    ]
    verified = next(evidence.of("verify"))
    if verified["status"] not in (0, None):
        problems.append(f"systemd-analyze verify: {verified['text'].strip().splitlines()[0]}")
    if problems:
        return Verdict("fail", "; ".join(problems))
    how = "systemd-analyze finds no fault" if verified["status"] == 0 else "not verified: no systemd-analyze"
    return Verdict("pass", f"{found['unit']} from {', '.join(found['files'])}; limits as stated; {how}")


def _unit_files(folder: Path, unit: str) -> list[Path]:
    template = re.sub(r"@[^.]*\.", "@.", unit)
    main = next((folder / name for name in (unit, template) if (folder / name).is_file()), None)
    if main is None:
        return []
    drop_ins = [folder / f"{name}.d" for name in dict.fromkeys((template, unit))]
    return [main, *(file for drop_in in drop_ins for file in sorted(drop_in.glob("*.conf")))]


def _settings(text: str) -> dict[str, str]:
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line and line[:1] not in "#;")
    return {name.strip(): value.strip() for name, value in pairs}


def _verify(folder: Path, unit: str) -> dict[str, object]:
    program = shutil.which("systemd-analyze")
    if program is None:
        return {"status": None, "text": "systemd-analyze is not installed"}
    try:
        done = subprocess.run(
            [program, "verify", "--man=no", str(folder / unit)],
            capture_output=True,
            text=True,
            timeout=VERIFY_TIMEOUT_S,
            env=known_secrets.environment(bare=True),
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"status": None, "text": f"systemd-analyze did not end within {VERIFY_TIMEOUT_S} s"}
    return {"status": done.returncode, "text": (done.stderr + done.stdout)[:2000]}


def _memory_problem(settings: dict[str, str], limit_bytes: float | None) -> str:
    if limit_bytes is None:
        return ""
    stated = settings.get("MemoryMax", "")
    match = re.fullmatch(r"(\d+)([KMGT]?)", stated)
    if match is None:
        return f"MemoryMax is {stated or 'not set'}, the document allows {limit_bytes:g} bytes"
    size = int(match[1]) * _SUFFIX[match[2]]
    # 15G in a unit is binary; a document's 15 GB may be meant so, and is no fault of the unit.
    if size in (round(limit_bytes), round(limit_bytes / SI_GB * BINARY_GB)):
        return ""
    return f"MemoryMax is {stated} ({size} bytes), the document allows {limit_bytes:g} bytes"


def _cpu_problem(settings: dict[str, str], limit_cores: float | None) -> str:
    if limit_cores is None:
        return ""
    stated = settings.get("CPUQuota", "")
    match = re.fullmatch(r"(\d+(?:\.\d+)?)%", stated)
    if match is None or float(match[1]) != limit_cores * 100:
        return f"CPUQuota is {stated or 'not set'}, the document allows {limit_cores:g} cores"
    return ""


CHECK = Check(KINDS["unit_file"], measure, judge, seconds=2)
