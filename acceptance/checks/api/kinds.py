"""The kinds of one service's HTTP interface."""

from __future__ import annotations

from signoff.acceptance.asked import COMPLETIONS, Asked, listed, number, request_words, shown
from signoff.acceptance.asked_answer import answer_question
from signoff.acceptance.kind import Kind, by_name
from signoff.reports.stored.threshold import Threshold

_ENDPOINTS = {
    "models": "GET /v1/models",
    "chat": COMPLETIONS,
    "completions": "POST /v1/completions",
    "embeddings": "POST /v1/embeddings",
}


def _health(asked: Asked) -> str:
    request = request_words(asked.parameters.get("request")) or "GET /health"
    words = asked.words("mentions")
    mentions = f", and the body mentions {listed(words)}" if words else ""
    return f"{request} answers 200 with a JSON body whose status is a healthy one{mentions}"


def _metrics(asked: Asked) -> str:
    request = request_words(asked.parameters.get("request")) or "GET /metrics"
    words = asked.words("contains")
    names = f" that have {listed(words)} in their names" if words else ""
    return f"{request} shows metrics in Prometheus' text format{names}, and 3 completions move a request counter by 3"


def _metric_named(asked: Asked) -> str:
    words = listed(asked.words("words"), "or")
    return f"GET /metrics shows a metric with samples whose name, help or label is about {words}"


def _context_length(asked: Asked) -> str:
    room = "the limit less one" if asked.threshold is None else number(int(asked.threshold.value) - 1)
    return (
        f"context length, {asked.limit}: a prompt of {room} tokens with one generated token is accepted, and a prompt "
        "of one token more is refused with 400"
    )


def _openai_api(asked: Asked) -> str:
    named = asked.words("endpoints") or ["models", "chat", "completions"]
    routes = [route for name, route in _ENDPOINTS.items() if name in named]
    return f"the answers of {listed(routes)} have the names, ids and contents of OpenAI's API, and a usage that adds up"


def _authentication(asked: Asked) -> str:
    header = str(asked.parameters.get("header") or "Authorization")
    request = asked.parameters.get("request") or {}
    others = {name: text for name, text in (request.get("headers") or {}).items() if name.lower() != header.lower()}
    bare = request_words(request and {**request, "headers": others}) or COMPLETIONS
    return (
        f"{bare}, sent without {shown(header)} and with a wrong key in it, gets 401 or 403, and with the deployment's "
        "key 2xx; /v1/completions, /completion, /generate and /invocations do not answer 200 without a key either"
    )


def _rate_limit(asked: Asked) -> str:
    window = asked.parameters.get("window_s")
    counted = "" if window is None else f" (counted over {number(window)} s)"
    burst = (
        "of 40 short completions at once, or of 200 where all of those are answered, some are refused with 429"
        if asked.threshold is None
        else f"rate that is let in, {asked.limit}{counted}: of twice as many short completions at once no more than "
        "allowed are answered, and the rest is refused with 429"
    )
    return f"{burst}, nothing else comes back, and later the service answers again"


KINDS = by_name(
    Kind(
        name="service",
        summary="The service generates a short text, and reports that it is healthy if it has /health.",
        asks=(
            "GET /health answers 200 with a healthy status where the service has that route, and a completion of a "
            "few tokens ("
            f"{COMPLETIONS}) comes back with text"
        ),
        failure="GET /health says 'degraded'",
        words=(
            "All model services are written and functional",
            "The API endpoints are accessible and functional",
        ),
        part="Service",
    ),
    Kind(
        name="json_shape",
        summary="An answer has the status, fields and values that the document states; an ellipsis matches anything.",
        asks=answer_question,
        sample=Asked(parameters={"request": {"method": "GET", "path": "/health"}, "expected": {"status": "healthy"}}),
        failure="status is 'ok', not 'healthy'",
        words=(
            "IF the requested model is not loaded, THEN THE API SHALL return HTTP 404",
            "GET /v1/models lists heron-7b",
        ),
        part="Health monitoring",
    ),
    Kind(
        name="health",
        summary="The health body says that the service is healthy and mentions the document's words.",
        asks=_health,
        sample=Asked(parameters={"mentions": ["conversation", "memory"]}),
        failure="the health body says nothing about conversation",
        words=("Answer health checks and readiness probes",),
        part="Health monitoring",
    ),
    Kind(
        name="context_length",
        summary="A prompt that fills the context length is accepted, and one token more is refused with a 400.",
        asks=_context_length,
        sample=Asked(Threshold(8192, "tokens", ">=")),
        failure="one token too many gives 500, not a 400 that says so",
        words=("Context length: 8192 tokens",),
        figure="Context length",
        units=("tokens",),
        needs_limit=True,
    ),
    Kind(
        name="metrics",
        summary="Metrics are exposed under the document's names, and a request moves a request counter by one.",
        asks=_metrics,
        sample=Asked(parameters={"contains": ["hermes"]}),
        failure="3 requests were sent and no request counter moved by 3 (hermes_requests by 0)",
        words=("Count the business metrics (requests, errors)",),
        part="Metrics integration",
        faults=("stale_metrics",),
    ),
    Kind(
        name="metric_named",
        summary="A metric that a bullet of the document names is exposed with samples.",
        asks=_metric_named,
        sample=Asked(parameters={"words": ["gpu", "memory"]}),
        failure="no metric of http://127.0.0.1:11401/metrics is about coherence",
        words=("Monitor GPU and memory",),
        part="Metrics integration",
    ),
    Kind(
        name="streaming",
        summary="A stream's events arrive over time, end once, and contain the complete answer (2 to 6 requests).",
        asks=(
            "{request} answers as a stream: events at several times, one end, and the text of the same request "
            "without a stream"
        ),
        failure="[DONE] came 0 times in 66 events, not once and last",
        words=("It SHOULD stream tokens as they are generated.",),
        near_misses=("Events are read from a Kafka stream",),
        part="API",
        faults=("buffers_stream",),
    ),
    Kind(
        name="openai_api",
        summary="Models, chats, completions and embeddings have the format of OpenAI's API (up to 7 requests).",
        asks=_openai_api,
        failure="POST /v1/chat/completions: usage does not add up: 12 + 1 tokens, 14 together…",
        words=("An OpenAI-compatible API endpoint",),
        part="API",
    ),
    Kind(
        name="authentication",
        summary="No key and a wrong key are refused with 401 or 403, the right one is accepted (7 requests).",
        asks=_authentication,
        failure="POST …/v1/chat/completions with a wrong key in Authorization gives 200, not 401 or 403",
        words=("Require authentication and authorization",),
        near_misses=("Authentication: none",),
        part="Security",
        faults=("accepts_any_token",),
    ),
    Kind(
        name="rate_limit",
        summary="A burst above the limit gets 429, and the service answers again afterwards (up to 240 requests).",
        asks=_rate_limit,
        sample=Asked(Threshold(10, "requests/s", "<="), {"window_s": 60.0}),
        failure="of 40 requests within 0.0 s 10 were answered, 30 got 429; 0.3 s later the service still gives 429",
        words=(
            "Rate limit: 10 requests per second",
            "Then at least one of them is refused with 429",
        ),
        part="Security",
        units=("ratio",),
    ),
    Kind(
        name="request_validation",
        summary="Wrong types, missing fields and incomplete bodies get a 4xx with a reason (13 requests).",
        asks=(
            f"11 wrong bodies of {COMPLETIONS} (torn, of the wrong type, with a missing or unknown field value) each "
            "get a 4xx with a reason in JSON, and right ones before and after are answered"
        ),
        failure="1 of 11 wrong requests are not refused clearly: max_tokens as a word gets 200, not a 4xx",
        words=("Every request is validated and sanitized",),
        part="Bad requests and errors",
        faults=("accepts_anything",),
    ),
    Kind(
        name="error_handling",
        summary="Errors get an error response, and the service works afterwards (9 requests).",
        asks=(
            "an unknown route, an unknown method, an unknown model and a torn body get a 4xx that shows nothing of "
            "the server's inside, a stream is left midway, and completions and GET /health are afterwards as before"
        ),
        failure="an unknown model gets 200, not a 4xx",
        words=("Every service handles errors gracefully",),
        part="Bad requests and errors",
        faults=("accepts_anything",),
    ),
    Kind(
        name="chat_roles",
        summary="System, user and assistant messages are accepted and used, another role is refused (5 requests).",
        asks=(
            f"{COMPLETIONS} accepts system, user and assistant messages, each adds tokens to the prompt, and a message "
            "of an unknown role gets a 4xx"
        ),
        failure="a system message is accepted and not read: the prompt has 7 tokens with it too",
        words=("Complete chats with responses that heed the roles",),
        part="API",
        faults=("accepts_anything",),
    ),
    Kind(
        name="tokenization",
        summary="The tokenizer endpoint and usage.prompt_tokens count three texts equally (6 to 9 requests).",
        asks=(
            "POST /tokenize, or the deployment's own address for it, counts more tokens for longer texts, and as many "
            "as usage.prompt_tokens of completions of the same texts, but for the chat template"
        ),
        failure="longer texts have no more tokens: 4 words 5, 40 words 5, 160 words 5",
        words=("Tokenize and process text as this model expects",),
        part="API",
    ),
    Kind(
        name="queueing",
        summary="All requests of a burst are answered, or refused with a retry time (1 request more).",
        asks=(
            "{concurrent} short completions sent at once are each answered, or refused with a time to come again, at "
            "least half are answered, and so is one afterwards"
        ),
        sample=Asked(parameters={"concurrent": 16}),
        failure="of 6 requests at once 4 were answered within 0.0 s, 2 were lost: …",
        words=("Batch requests, and queue what has to wait",),
        part="Load beyond the limit",
        units=("ratio",),
    ),
    Kind(
        name="concurrency_limit",
        summary="At most the permitted number of answers is generated at once, others wait or are refused (limit + 5).",
        asks=(
            "answers that are written at the same time, {limit}: of three more requests than that sent at once "
            "({request}) the rest waits or is refused with 429 or 503, and none is lost"
        ),
        sample=Asked(Threshold(20, "requests", "<=", "max")),
        failure="at most 3 answers were being written at once; 4 of 4 at once were served, 0 refused",
        words=("Clients may not open more than 20 connections at a time, since the pool is shared.",),
        figure="Concurrency",
        units=("requests",),
        needs_limit=True,
        faults=("answers_side_by_side",),
    ),
    Kind(
        name="retrieval",
        summary="An answer uses a made-up fact while it is in the store, not before or after (5 to 16 requests).",
        asks=(
            "a completion answers a made-up fact while its document is in the store (/documents, or the deployment's "
            "own address), not before it is added, and not after it is deleted"
        ),
        failure="the document was deleted (200), and the answer still knows '…'",
        words=("Context is retrieved from the vector database",),
        part="Vector database connectivity",
    ),
    Kind(
        name="websocket",
        summary="A prompt over a WebSocket gets several messages and an end (1 connection, 1 prompt).",
        asks=(
            "a WebSocket (/v1/chat/stream, or the deployment's own address) takes a chat prompt, and sends the "
            "answer's text in several messages with an end"
        ),
        failure="3 messages with 16 characters of text, and no end; the socket closed: received 1011…",
        words=("Stream responses over WebSocket as well",),
        part="API",
    ),
    Kind(
        name="graphql",
        summary="Introspection works, a valid query gives data, an invalid one errors and no data (3 requests).",
        asks=(
            "POST /graphql, or the deployment's own address, gives its schema, data for a valid query, and errors and "
            "no data for an unknown field"
        ),
        failure="a query for a field that does not exist gives 1 fields and 0 errors",
        words=("Define a GraphQL schema for the service",),
        part="API",
    ),
)
