"""A query of the document finds series in Prometheus."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from signoff.acceptance.checks.estate.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.errors import NotMeasurable
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring import role
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.site import Site
from signoff.acceptance.verdict import Measured, Verdict

THROUGH_GRAFANA = "/api/datasources/"


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Send the document's query to the deployment's address for it, else to the named Prometheus."""
    request = criterion.parameters.get("request")
    if request is None:
        raise NotMeasurable("the query's command is no request that can be sent", "write it as curl with one URL")
    asked = "grafana" if request["path"].startswith(THROUGH_GRAFANA) else "prometheus"
    is_named = request.get("address") in site.deployment.addresses
    origin = None if is_named else role.named_url(site, asked)
    return site.measured(
        "prometheus-query", lambda recorder: recorder.write("answer", site.send(request, origin)), key=request
    )


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if the query returns a series with a number."""
    answer = next(evidence.of("answer"))
    body = answer.get("json")
    query = _query(answer["url"])
    if answer["status"] != 200:
        problem = f": {body['error']}" if isinstance(body, Mapping) and isinstance(body.get("error"), str) else ""
        return Verdict("fail", f"{answer['url']} gives {answer['status'] or answer['error']}, not 200{problem[:300]}")
    if not isinstance(body, Mapping) or body.get("status") != "success":
        return Verdict("fail", f"{answer['url']} does not answer as Prometheus does, with status 'success'")
    series = _series(body.get("data"))
    figure = Measured(float(len(series)), "series")
    if not series:
        return Verdict(
            "fail", f"Prometheus knows no series for {query}", figure, hint="see whether it scrapes the service"
        )
    if not any(_has_number(each) for each in series):
        return Verdict("inconclusive", f"the {len(series)} series of {query} hold no number, only NaN", figure)
    return Verdict("pass", f"{len(series)} series for {query}", figure)


def _query(url: str) -> str:
    return (parse_qs(urlsplit(url).query).get("query") or ["the query"])[0]


def _series(data: Any) -> list[Any]:
    """The series of a query's data; a scalar is one."""
    found = data.get("result") if isinstance(data, Mapping) else data
    if isinstance(data, Mapping) and data.get("resultType") in {"scalar", "string"}:
        return [{"value": found}]
    return found if isinstance(found, list) else []


def _has_number(series: Any) -> bool:
    if not isinstance(series, Mapping):
        return True
    points = [*(series.get("values") or []), *([series["value"]] if series.get("value") else [])]
    return not points or not all(_is_nan(point) for point in points)


def _is_nan(point: Any) -> bool:
    try:
        return math.isnan(float(point[1]))
    except (TypeError, ValueError, IndexError, KeyError):
        return False


CHECK = Check(KINDS["prometheus_series"], measure, judge)
