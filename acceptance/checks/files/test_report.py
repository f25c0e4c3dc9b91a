"""A test suite of the document passed, by the JUnit XML that it wrote."""

from __future__ import annotations

import re

from signoff.acceptance.checks.files.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring import junit, named_file
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.acceptance.verdict import Measured, Verdict

REPORT = "junit.xml"
MOST_BYTES = 50_000_000
SHOWN = 3
ALSO_KNOWN_AS = {"end-to-end": ("e2e",)}


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Read the deployment's report for the suite, else its report for all suites."""
    suite: str = criterion.parameters.get("suite") or ""
    named = next((name for name in (suite, f"{suite}.xml") if suite and name in site.deployment.files), REPORT)

    def take(recorder: Recorder) -> None:
        path = named_file.report(site.deployment, named, "JUnit XML of the tests")
        content = named_file.read(path, MOST_BYTES, "let the tests write it: pytest --junit-xml=FILE")
        report = junit.parse(content, str(path))
        date = report.date or named_file.changed(path)
        recorder.write("report", {"path": str(path), "named": named, "claimed": report.claimed, "date": date})
        for case in report.cases:
            recorder.write("case", case.as_record())

    return site.measured("test-report", take, key=named)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if tests of the suite ran and none failed or had an error; skipped tests are no evidence."""
    report = next(evidence.of("report"))
    suite = criterion.parameters.get("suite")
    cases = list(evidence.of("case"))
    if report["claimed"] > len(cases):
        return Verdict("fail", f"{report['path']} claims {report['claimed']} tests and holds {len(cases)}")
    if suite and report["named"] == REPORT:
        cases = [case for case in cases if _is_of(suite, f"{case['suite']} {case['name']}")]
        if not cases:
            return Verdict(
                "not_measurable",
                f"{report['path']} holds no test of a suite {suite!r}",
                hint=f'add "{suite}" = "FILE.xml" under [files] of the deployment file',
            )
    bad = [case for case in cases if case["outcome"] in {"failed", "error"}]
    ran = [case for case in cases if case["outcome"] != "skipped"]
    figure = Measured(float(len(ran) - len(bad)), "tests", samples=len(ran))
    if bad:
        shown = "; ".join(f"{case['name']}: {case['message'] or case['outcome']}"[:200] for case in bad[:SHOWN])
        return Verdict("fail", f"{len(bad)} of {len(ran)} tests failed, report of {report['date']}: {shown}", figure)
    skipped = f", {len(cases) - len(ran)} skipped" if len(cases) > len(ran) else ""
    if not ran:
        return Verdict("fail", f"no test ran{skipped}, report of {report['date']}", figure)
    return Verdict("pass", f"all {len(ran)} tests passed{skipped}, report of {report['date']}", figure)


def _is_of(suite: str, names: str) -> bool:
    """Whether a suite's name is a whole word of a case's names: `load` is in `tests.load`, not in `test_upload`."""
    spellings = [suite, *ALSO_KNOWN_AS.get(suite, ())]
    return any(re.search(rf"(?<![a-z]){_loose(each)}(?![a-z])", names.lower()) for each in spellings)


def _loose(name: str) -> str:
    return r"[\W_]*".join(map(re.escape, re.findall(r"[a-z0-9]+", name.lower())))


CHECK = Check(KINDS["test_report"], measure, judge)
