"""A dashboard is in Grafana and has panels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from signoff.acceptance.checks.estate.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence, Record
from signoff.acceptance.measuring import role
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.acceptance.verdict import Measured, Verdict

ROLE = "grafana"
SEARCH_PATH = "/api/search?type=dash-db&limit=10"
SHOWS_NOTHING = {"row", "text", "news", "welcome"}


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Read the dashboard with the document's uid, else the first search results."""
    uid: str | None = criterion.parameters.get("uid")

    def take(recorder: Recorder) -> None:
        uids = [uid] if uid is not None else []
        if uid is None:
            found = role.ask(site, ROLE, SEARCH_PATH)
            recorder.write("search", found)
            listed = found.get("json")
            uids = [
                entry["uid"]
                for entry in (listed if isinstance(listed, list) else ())
                if isinstance(entry, Mapping) and isinstance(entry.get("uid"), str)
            ]
        for each in uids:
            recorder.write("dashboard", role.ask(site, ROLE, f"/api/dashboards/uid/{quote(each, safe='')}"))

    return site.measured("dashboard", take, key=uid)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if a dashboard has a panel that shows data."""
    search = next(evidence.of("search"), None)
    if search is not None and search["status"] != 200:
        return Verdict("fail", f"{search['url']} gives {search['status'] or search['error']}, not 200")
    dashboards = list(evidence.of("dashboard"))
    if search is not None and not dashboards:
        return Verdict("fail", f"{search['url']} finds no dashboard")
    panels = {answer["url"]: _panels(answer) for answer in dashboards}
    url = max(panels, key=lambda each: len(panels[each]))
    answer = next(each for each in dashboards if each["url"] == url)
    if answer["status"] != 200:
        return Verdict("fail", f"{url} gives {answer['status'] or answer['error']}, not 200")
    if not panels[url]:
        return Verdict("fail", f"{url} has no panel that shows data")
    shown = ", ".join(str(panel.get("title") or panel.get("type")) for panel in panels[url][:4])
    return Verdict(
        "pass",
        f"{_title(answer)!r} has {len(panels[url])} panels: {shown}",
        Measured(float(len(panels[url])), "panels"),
    )


def _dashboard(answer: Record) -> Mapping[str, Any]:
    body = answer.get("json")
    found = body.get("dashboard") if isinstance(body, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _title(answer: Record) -> str:
    return str(_dashboard(answer).get("title") or "the dashboard")


def _panels(answer: Record) -> list[Mapping[str, Any]]:
    return [panel for panel in _all(_dashboard(answer)) if panel.get("type") not in SHOWS_NOTHING]


def _all(holder: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The panels of a dashboard, those folded into its rows as well."""
    for key in ("panels", "rows"):
        for each in holder.get(key) or ():
            if isinstance(each, Mapping):
                if key == "panels":
                    yield each
                yield from _all(each)


CHECK = Check(KINDS["dashboard"], measure, judge)
