"""Load on one route of the document that completes nothing: `GET /health` at a constant rate, for its latency.

It is a separate run, so that neither its requests nor its limits move the figures of completions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from signoff.acceptance.criterion import Criterion, Threshold
from signoff.acceptance.errors import NotMeasurable, RunInvalid
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring import embeddings, generation, load_conditions
from signoff.acceptance.measuring.site import Recorder, Site, headers_of
from signoff.perf.client.exchange import Exchange
from signoff.perf.errors import LoadProcessDied, PerfError
from signoff.perf.load.gathered import SILENCE_S
from signoff.perf.load.load import LoadPlan, run_load_in_process
from signoff.perf.load.time_limit import CHARGED_AT_LIMITS

COMPLETION_PATHS = ("/v1/chat/completions", "/v1/completions")
KINDS = frozenset({"latency", "throughput", "error_rate"})
RATE_PER_SECOND = 10.0
HEADROOM = 1.25
LEAST_TIMEOUT_S = 60.0
NAME = "route-load"


def is_of_another_route(criterion: Criterion) -> bool:
    """Whether a figure is about a route that completes nothing."""
    request = criterion.parameters.get("request")
    return isinstance(request, Mapping) and str(request.get("path", "")).partition("?")[0] not in COMPLETION_PATHS


def of_completions(site: Site) -> list[Criterion]:
    """The criteria of a run but those on other routes, which plan nothing of the load on completions."""
    return [criterion for criterion in site.criteria if not is_of_another_route(criterion)]


def limits(site: Site, kind: str) -> list[Threshold]:
    """The limits of a kind on completions."""
    return [
        criterion.threshold
        for criterion in of_completions(site)
        if criterion.kind == kind and criterion.judge == "machine" and criterion.threshold is not None
    ]


def timeout_s(thresholds: Iterable[Threshold]) -> float:
    """The time-out of a request that serves all these limits: long enough for the loosest, never shortened by one.

    So a request that is slow and allowed to be is no failure for a criterion that says nothing of times.
    """
    loosest_s = max((threshold.base()[0] for threshold in thresholds), default=0.0)
    return max(LEAST_TIMEOUT_S, loosest_s * CHARGED_AT_LIMITS)


def throughput_asked(site: Site) -> float | None:
    """The largest throughput of completions that a document demands, per second."""
    return max((threshold.value for threshold in limits(site, "throughput")), default=None)


def rate_of_completions(site: Site) -> float:
    """The rate of the load on completions: above the demanded throughput, else the highest that a limit states."""
    asked = throughput_asked(site)
    if asked:
        return asked * HEADROOM
    stated = [
        criterion.load["rate_per_s"]
        for criterion in of_completions(site)
        if criterion.load is not None and "rate_per_s" in criterion.load and criterion.judge == "machine"
    ]
    return max(stated, default=RATE_PER_SECOND)


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Send the route's request at a constant rate for the profile's time.

    Raises NotMeasurable where the document shows no body for a route that needs one, or for another tool's run.
    """
    request = criterion.parameters["request"]
    assert request is not None
    if site.foreign is not None:
        raise NotMeasurable(
            f"the load of this run is {site.foreign.tool}'s, which did not ask {request['path']}",
            "run without --evidence",
        )
    asked = {name: request.get(name) for name in ("method", "address", "path", "headers", "body")}
    return site.measured(NAME, lambda recorder: _take(recorder, site, request), key=asked)


def _take(recorder: Recorder, site: Site, request: Mapping[str, Any]) -> None:
    method, path = str(request["method"]), str(request["path"])
    if method not in ("GET", "POST"):
        raise NotMeasurable(f"a load of {method} requests is never sent", "name a route that is asked with GET or POST")
    body = _body(site, request)
    origin = site.deployment.url(request.get("address"), site.primary_address)[0]
    url = site.deployment.request_url(origin, path)
    site.still_waits(method, url)
    own = [each for each in site.criteria if _is_same(each, request)]
    asked = max((each.threshold.value for each in own if each.threshold is not None and _is_rate(each)), default=None)
    rate_per_second = RATE_PER_SECOND if asked is None else asked * HEADROOM
    limits = [each.threshold for each in own if each.kind == "latency" and each.threshold is not None]
    recorder.write("load", {**load_conditions.planned_by(load_conditions.stated(own, ()), asked), "route": path})
    try:
        plan = LoadPlan(
            url=url,
            body=body or {},
            rate_per_second=rate_per_second,
            duration_s=max(site.profile.load_s, site.profile.requests_each / rate_per_second),
            timeout_s=timeout_s(limits),
            headers={**headers_of(request), **site.deployment.headers(url)},
            seed=site.seed,
            # The same prompt each time would measure a cache.
            vary=body is not None and ("messages" in body or "prompt" in body),
            method=method,
            any_answer=True,
            judged_apart=True,
        )
    except PerfError as error:
        raise NotMeasurable(str(error), error.hint) from None
    for attempt in range(2):
        # One repeat: a client that was held up says nothing about the server.
        run = _offer(recorder, site, plan, attempt)
        held_up = run.reason or load_conditions.held_up(run, own, (), site.profile.alpha)
        if not held_up or run.interrupted:
            break
        if attempt == 0:
            site.retries.append(f"the load on {path} was repeated: {held_up}")
    for record in run.as_records():
        if record["record"] != "exchange":
            recorder.write("run", record)
    if run.interrupted:
        raise KeyboardInterrupt


def _offer(recorder: Recorder, site: Site, plan: LoadPlan, attempt: int) -> Any:
    def keep(exchange: Exchange) -> None:
        recorder.write("exchange", {**exchange.as_record(), "attempt": attempt})

    def tell(progress: Any) -> None:
        site.on_progress(f"load on {plan.url}", min(1.0, progress.elapsed_s / plan.duration_s))

    try:
        return run_load_in_process(plan, keep, tell, silence_s=SILENCE_S)
    except LoadProcessDied as error:
        raise RunInvalid(str(error), error.hint) from None
    except PerfError as error:
        raise NotMeasurable(str(error), error.hint) from None


def _body(site: Site, request: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What is posted: the document's body, else one text for embeddings; nothing of a GET."""
    body = request.get("body")
    if request["method"] == "GET" or isinstance(body, Mapping):
        return body
    if request["path"] == embeddings.PATH:
        model = generation.served_model(site)
        return {**({"model": model} if model else {}), "input": embeddings.TEXTS[0]}
    raise NotMeasurable(
        f"the document shows no body for {request['method']} {request['path']}",
        "show a request to it as a curl command",
    )


def _is_same(criterion: Criterion, request: Mapping[str, Any]) -> bool:
    other = criterion.parameters.get("request")
    names = ("method", "path", "body")
    return isinstance(other, Mapping) and all(other.get(name) == request.get(name) for name in names)


def _is_rate(criterion: Criterion) -> bool:
    return criterion.kind == "throughput" and criterion.judge == "machine" and criterion.threshold is not None
