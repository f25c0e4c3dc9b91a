"""The kinds about what surrounds the services: gateway, monitoring, rollback."""

from __future__ import annotations

from signoff.acceptance.asked import Asked, listed, request_words, shown
from signoff.acceptance.kind import Kind, by_name


def _port(asked: Asked) -> str:
    address = asked.parameters.get("address")
    at = f" of {shown(address)}" if address else ""
    happens = "is refused" if asked.parameters.get("closed") else "opens"
    return f"a TCP connection to port {asked.shown('port')}{at} {happens}, where the deployment puts the service"


def _gateway_routing(asked: Asked) -> str:
    services = listed(asked.words("services")) or "each listed model"
    return (
        f"the gateway's GET /v1/models lists a model of {services}, a completion for each is answered by that model, "
        "and one for a model that is not served is not answered in its name"
    )


def _discovery(asked: Asked) -> str:
    services = listed(asked.words("services")) or "at least one service"
    return (
        f"the deployment's discovery address, or the gateway's GET /v1/models, lists {services}, and calls none of "
        "them down"
    )


def _fallback_chain(asked: Asked) -> str:
    return (
        f"the answer to {asked.request} names its source and is not marked as degraded, and the same request to the "
        "deployment's degraded address gets an answer that is, or a 503 with a reason"
    )


def _prometheus_series(asked: Asked) -> str:
    request = request_words(asked.parameters.get("request")) or "a query that is no single request"
    return f"{request}, sent to Prometheus, gives at least one series with a number"


def _alert_rules(asked: Asked) -> str:
    words = asked.words("words")
    about = f", at least one about each of {listed(words)}" if len(words) > 1 else "".join(f" about {w}" for w in words)
    return f"Prometheus's GET /api/v1/rules has alerting rules{about}, and those evaluate without an error"


def _dashboard(asked: Asked) -> str:
    uid = asked.parameters.get("uid")
    which = "one of the first 10 dashboards" if uid is None else f"the dashboard with the uid {shown(uid)}"
    return f"{which} in Grafana has a panel that shows data"


def _service_gone(asked: Asked) -> str:
    unit = asked.parameters.get("unit")
    apart = f"; systemd is not asked about {shown(unit)}" if unit else ""
    return (
        f"once the run has stopped the service, none of its processes is left and nothing answers at its address{apart}"
    )


KINDS = by_name(
    Kind(
        name="port",
        summary="The port that the document names accepts connections.",
        asks=_port,
        sample=Asked(parameters={"port": 8080}),
        failure="no connection to 127.0.0.1:9: …",
        words=("The service listens on port 8080",),
        part="Service",
    ),
    Kind(
        name="gateway_routing",
        summary="The gateway lists each service's model, and a completion with its name comes from that model.",
        asks=_gateway_routing,
        sample=Asked(parameters={"services": ["mixtral", "hermes"]}),
        failure="asked for phi-3-mini, nous-hermes-2 answered",
        words=("The API gateway reaches all services",),
        part="Gateway",
        of_estate=True,
        faults=("hides_a_service",),
    ),
    Kind(
        name="discovery",
        summary="The gateway or registry lists every service of the document.",
        asks=_discovery,
        sample=Asked(parameters={"services": ["mixtral", "hermes"]}),
        failure="http://127.0.0.1:11401/v1/models does not list mixtral, but nous-hermes-2, phi-3-mini",
        words=("Discovery of the services is functional",),
        part="Gateway",
        of_estate=True,
        faults=("hides_a_service",),
    ),
    Kind(
        name="balancing",
        summary="At least two replicas answer requests through the gateway, identified by a header or the fingerprint.",
        asks=(
            "24 completions through the gateway are all answered, by at least 2 replicas that name themselves in a "
            "header or in system_fingerprint"
        ),
        failure="all 24 requests were answered by one replica, replica-a 24 (system_fingerprint)",
        words=("Load balancing is operational",),
        part="Gateway",
        units=("replicas",),
        of_estate=True,
        faults=("sticks_to_one_replica",),
    ),
    Kind(
        name="breaker",
        summary="A service without upstream gets a quick 503 after the first failures; other models still answer.",
        asks=(
            "completions for the model or address that the deployment names as broken are refused with 503 within "
            "1 s, three times in a row among 12 requests, and another model of the gateway still answers"
        ),
        failure="…/v1/chat/completions did not come to refuse at once: 3 answers of 503 in a row, …",
        words=("Break the circuit to what fails (circuit breaker)",),
        part="Gateway",
        units=("s",),
        of_estate=True,
        faults=("never_opens",),
    ),
    Kind(
        name="fallback_chain",
        summary="A degraded answer says that it is degraded or is a 503 with a reason; a normal one names its source.",
        asks=_fallback_chain,
        failure="http://127.0.0.1:11401/infer falls back and answers as if nothing were wrong",
        words=("Degrade gracefully by a strategy",),
        part="Gateway",
        faults=("hides_degradation",),
    ),
    Kind(
        name="prometheus_series",
        summary="The document's query finds series in Prometheus.",
        asks=_prometheus_series,
        sample=Asked(parameters={"request": {"method": "GET", "path": "/api/v1/query?query=requests_total"}}),
        failure="Prometheus knows no series for requests_total",
        part="Monitoring stack",
        units=("series",),
        of_estate=True,
    ),
    Kind(
        name="alert_rules",
        summary="Prometheus has alerting rules for the document's subjects, and they evaluate.",
        asks=_alert_rules,
        sample=Asked(parameters={"words": ["latency", "error"]}),
        failure="none of 1 alerting rules mentions latency: Rule",
        words=("Alert and notify on errors",),
        part="Monitoring stack",
        units=("rules",),
        of_estate=True,
    ),
    Kind(
        name="dashboard",
        summary="The dashboard is in Grafana and has panels that show data.",
        asks=_dashboard,
        sample=Asked(parameters={"uid": "hermes"}),
        failure="http://127.0.0.1:11401/api/dashboards/uid/hermes has no panel that shows data",
        words=("Show the metrics on dashboards",),
        part="Monitoring stack",
        units=("panels",),
        of_estate=True,
    ),
    Kind(
        name="port_free",
        summary="Nothing listens on the service's port after the service was stopped.",
        asks="once the run has stopped the service, nothing listens on port {port}, and the port can be taken",
        sample=Asked(parameters={"port": 8080}),
        failure="127.0.0.1:11401 still accepts connections after the service was stopped: by process 3984 (…)",
        part="Rollback",
        of_estate=True,
    ),
    Kind(
        name="service_gone",
        summary="After the service was stopped, no process of it is left, and nothing listens at its address.",
        asks=_service_gone,
        sample=Asked(parameters={"unit": "llm@hermes-2.service"}),
        failure="of the stopped service there is still process 4027 (…)",
        part="Rollback",
        of_estate=True,
    ),
)
