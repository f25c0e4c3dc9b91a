"""The tests cover the share of the code that the document asks for, by the report that coverage.py wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from signoff.acceptance.checks.files.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.errors import NotMeasurable
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring import named_file
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.acceptance.verdict import Measured, Verdict

REPORT = "coverage.json"
MOST_BYTES = 100_000_000
SLACK = 0.01
HINT = "write one with `coverage json` and name it under [files] of the deployment file"
_COUNTS = ("num_statements", "covered_lines", "num_branches", "covered_branches")


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Read the totals, the sums over all files, and the date of the report."""

    def take(recorder: Recorder) -> None:
        path = named_file.report(site.deployment, REPORT, "report of coverage.py")
        try:
            report = json.loads(named_file.read(path, MOST_BYTES, HINT))
        except (ValueError, RecursionError):
            report = None
        totals = report.get("totals") if isinstance(report, Mapping) else None
        if not isinstance(report, Mapping) or not isinstance(totals, Mapping):
            raise NotMeasurable(f"{path} is no JSON report of coverage.py: it has no totals", HINT)
        meta = report.get("meta")
        date = meta.get("timestamp") if isinstance(meta, Mapping) else None
        recorder.write(
            "coverage",
            {
                "path": str(path),
                "totals": {name: totals.get(name) for name in ("percent_covered", *_COUNTS)},
                "files": _summed(report.get("files")),
                "date": str(date)[:10] if date else named_file.changed(path),
            },
        )

    return site.measured("coverage", take)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if the share of covered statements (and branches) reaches the limit, and the report is consistent."""
    limit = criterion.threshold
    assert limit is not None
    found = next(evidence.of("coverage"))
    totals = {name: _number(value) for name, value in found["totals"].items()}
    percent, statements = totals["percent_covered"], totals["num_statements"]
    if percent is None or statements is None:
        return Verdict("fail", f"{found['path']} states no percent_covered of no num_statements", hint=HINT)
    if not statements > 0:
        return Verdict("fail", f"the report of {found['date']} measured no statement, so nothing was covered")
    counted = {name: value or 0.0 for name, value in totals.items() if name in _COUNTS}
    covered = counted["covered_lines"] + counted["covered_branches"]
    share = 100 * covered / (statements + counted["num_branches"])
    if totals["covered_lines"] is not None and abs(share - percent) > SLACK:
        return Verdict(
            "fail", f"the report of {found['date']} says {percent:.2f} %, and its own counts give {share:.2f} %"
        )
    files = found["files"]
    if files is not None and any(files[name] != counted[name] for name in ("num_statements", "covered_lines")):
        return Verdict(
            "fail",
            f"the report of {found['date']} has totals of {statements:g} statements, "
            f"and its files hold {files['num_statements']:g}, or cover other lines",
        )
    text = f"{percent:.2f} % of {statements:,.0f} statements, report of {found['date']}"
    figure = Measured(round(percent, 4), "%", samples=int(statements))
    if limit.holds(percent / 100):
        return Verdict("pass", text, figure)
    return Verdict("fail", f"{text}; {limit.comparator} {limit.value:g} {limit.unit} is asked for", figure)


def _summed(files: Any) -> dict[str, float] | None:
    """The counts of all files together; None if the report shows no files."""
    if not isinstance(files, Mapping) or not files:
        return None
    summaries = [entry.get("summary") for entry in files.values() if isinstance(entry, Mapping)]
    return {
        name: sum(_number(each.get(name)) or 0.0 for each in summaries if isinstance(each, Mapping)) for name in _COUNTS
    }


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


CHECK = Check(KINDS["coverage"], measure, judge)
