"""Which kinds of criteria the words of a demand give, in the wordings of many teams, and which words give none."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from signoff.acceptance.criterion import Criterion
from signoff.acceptance.reading import Document

Read = Callable[[str], Document]

ASKED = {
    "streaming": [
        "Tokens are streamed to the client as they are generated",
        "Streaming responses work over server-sent events",
        "The chat endpoint supports SSE",
        "Output arrives token by token",
        "`stream: true` returns incremental tokens",
    ],
    "websocket": [
        "A WebSocket endpoint is available",
        "Clients may connect over web sockets",
        "Support wss:// clients",
    ],
    "graphql": ["GraphQL API is reachable", "Define a GraphQL schema for inference"],
    "openai_api": [
        "Exposes an OpenAI-compatible API",
        "The endpoints conform to the OpenAI API",
        "The official OpenAI client works against it unchanged: compatible with OpenAI",
        "/v1/models lists the loaded model",
        "Drop-in replacement for OpenAI",
        "GET /v1/models and POST /v1/chat/completions are available",
    ],
    "authentication": [
        "Requests without a valid key get 401",
        "API keys are required on every endpoint",
        "Bearer tokens are checked",
        "Endpoints are protected by authentication",
        "JWT authentication enabled",
        "Unauthorized clients are rejected",
        "Access needs an API key",
    ],
    "rate_limit": [
        "Clients are throttled when they send too much",
        "Rate limiting is active",
        "Too many requests are answered with 429",
        "Request quotas are enforced",
        "Limit the request rate of each client",
    ],
    "request_validation": [
        "Inputs are validated and sanitized",
        "All payloads are validated against the schema",
        "The server refuses malformed requests",
    ],
    "error_handling": [
        "Errors are handled gracefully",
        "Error handling is in place",
        "The server does not crash on bad prompts",
        "Clear error messages are returned",
        "Handles client disconnects",
        "No stack traces reach the client",
    ],
    "chat_roles": [
        "System, user and assistant messages are accepted",
        "Role-based messages are supported",
        "The roles system and assistant are honoured",
    ],
    "tokenization": ["The tokenizer endpoint works", "Token counting is available", "POST /tokenize returns tokens"],
    "queueing": [
        "Requests queue when all slots are busy",
        "Supports 32 concurrent users",
        "At least 50 simultaneous connections are served",
        "Handles concurrent requests",
        "Can serve up to 100 parallel requests",
    ],
    "concurrency_limit": [
        "No more than 4 requests at once",
        "At most 2 concurrent generations",
        "Concurrency limit: 8",
        "Maximum of 16 concurrent requests",
        "Max 1 concurrent",
    ],
    "context_truncation": [
        "Long conversations are truncated to the context",
        "The oldest messages are dropped when the history gets too long",
        "A sliding window trims the prompt",
    ],
    "retrieval": [
        "Qdrant is integrated",
        "RAG works with the vector store",
        "Answers draw on the knowledge base",
        "Retrieval-augmented generation is operational",
        "The vector index is searched for context",
        "Documents are stored in the vector database",
    ],
    "gateway_routing": [
        "The gateway routes requests to every model",
        "Traffic reaches the model through the API gateway",
        "Request routing works",
    ],
    "discovery": ["Service discovery works", "All services register in the registry", "Models are discoverable"],
    "balancing": [
        "Load is balanced across replicas",
        "Requests are distributed over the replicas",
        "A load balancer is in front",
        "Round-robin over two instances",
    ],
    "breaker": ["A circuit breaker opens when the upstream is down", "Circuit-breaking is configured"],
    "fallback_chain": [
        "Falls back to the smaller model when the large one is down",
        "A fallback model answers in degraded mode",
    ],
    "alert_rules": ["Alerts fire on high latency", "Alerting is configured for errors", "Alertmanager rules exist"],
    "dashboard": ["A Grafana dashboard shows the service", "Dashboards are available"],
    "coverage": [
        "Test coverage above 85%",
        "Code coverage of at least 90 percent",
        "Line coverage >= 80 %",
        "Coverage: > 75%",
    ],
    "test_report": [
        "All unit tests pass",
        "The integration test suite is green",
        "CI passes without failures",
        "Regression tests succeed",
        "pytest passes",
    ],
    "documentation": [
        "The REST API is documented",
        "An OpenAPI specification is published",
        "A deployment guide exists",
        "Runbook for incident handling available",
        "README explains installation",
    ],
    "library_class": [
        "`LlamaBackend` class extends `Backend`",
        "Implement class `TgiClient` inheriting from `BaseClient`",
        "Create `SglangRuntime` as a subclass of `BaseRuntime`",
        "`VllmEngine` is derived from the class `EngineBase`",
    ],
    "disk": ["At least 40 GB of free disk space", "Disk: 100 GB", "200 GB storage available"],
    "health": [
        "Readiness probe responds",
        "The health endpoint is up",
        "Liveness checks pass",
    ],
    "metrics": [
        "Prometheus metrics are exposed",
        "/metrics is scraped: metrics available",
        "Monitoring is set up",
        "Telemetry is collected",
    ],
    "session_recall": [
        "The bot remembers earlier messages",
        "Chat history is kept across turns",
        "Multi-turn conversations work",
        "Conversation state is tracked",
    ],
    "session_isolation": [
        "Sessions are isolated from each other",
        "One user's conversation never leaks into another's",
        "Session security is ensured",
    ],
    "session_record": [
        "Chat history is persisted and can be fetched",
        "GET /sessions/{id} returns the conversation history",
    ],
    "context_length": [
        "Context window of 4096 tokens",
        "n_ctx = 8192",
        "Supports 32k context",
        "context length: 16384",
    ],
    "latency": [
        "p95 latency below 800 ms",
        "99% of requests complete within 3 s",
        "Responses within 2 seconds on average",
        "Median response time < 400ms",
    ],
    "throughput": ["Sustains 25 req/s", "Handles 600 requests per minute", "At least 10 RPS"],
    "memory": ["Uses at most 12 GiB of memory", "RAM stays below 8GB", "Resident memory under 900 MB"],
    "cpu": ["No more than 4 cores", "CPU use stays within 2 cores", "~150-300% CPU"],
    "load_time": ["Ready within 60 seconds", "The model loads in under 2 minutes", "Cold start < 90s"],
    "service": [
        "The model server is up and running",
        "Text generation works",
        "The inference service is deployed",
        "All endpoints respond",
        "Chat completions work",
    ],
}
NOT_ASKED = {
    "streaming": ["Kafka data streams are archived", "A workstream lead is named", "CUDA streams are enabled"],
    "authentication": [
        "Download the weights with a Hugging Face access token",
        "No API keys in the logs",
        "Auth: none required",
    ],
    "rate_limit": ["CPU throttling is avoided", "Error rate is shown", "Rate limits are documented"],
    "request_validation": ["Validate performance targets", "Validate the deployment plan with stakeholders"],
    "error_handling": ["Error rate below 1%", "Disaster recovery is planned"],
    "chat_roles": ["Role-based access control for administrators", "Roles and responsibilities are clear"],
    "tokenization": ["An access token is issued", "Generates at least 30 tokens per second"],
    "queueing": ["Queue length metric is exported", "RabbitMQ queues are monitored", "Queue for the release train"],
    "concurrency_limit": ["Supports up to 64 concurrent users", "p95 below 2 s with 16 concurrent users"],
    "retrieval": [
        "Chat history retrieval works",
        "Vector database procedures are documented",
        "Storage is fast",
        "Vector database vendor selected",
    ],
    "gateway_routing": ["504 Gateway Timeout is not seen", "Expert routing of the MoE layers is inspected"],
    "fallback_chain": ["Performance degradation is analysed", "Rollback is rehearsed"],
    "alert_rules": ["Alerting thresholds discussed with the team", "No alert fatigue training for the team is planned"],
    "dashboard": ["Update the project status dashboard"],
    "coverage": ["API documentation coverage above 80%", "Alert coverage > 90 %", "Feature coverage 100%"],
    "test_report": ["Integration testing results documented", "Testing tools are chosen", "Health checks pass"],
    "documentation": ["Update architecture document", "Store documents in the vector database"],
    "library_class": ["World-class support", "First-class citizen", "Class diagrams are drawn"],
    "health": ["Team health survey", "Health data is protected"],
    "metrics": ["Success metrics are agreed with stakeholders", "Metrics are documented"],
    "session_recall": ["Session security reviewed", "Conversation analytics are shown", "Chat moderation"],
    "context_length": ["2048 output tokens at most", "Prompts of 512 tokens"],
    "latency": ["Rollback within 5 minutes", "Retention of 30 days", "Timeout of 30 s"],
    "memory": ["16 GB RAM available on the host", "GPU memory below 20 GB", "Model file of 4 GB"],
    "cpu": ["At least 8 cores installed"],
    "service": ["Client library for the service", "Services documentation", "The model supports German"],
    "disk": ["Disk usage below 20 GB"],
}


PEOPLE = [
    ("The code has been reviewed by two engineers", "review"),
    ("Team trained on the new runbook", "people do"),
    ("Decide whether to use WebSocket or SSE", "people do"),
    ("Streaming demo given to stakeholders", "people do"),
    ("Streaming is out of scope", "optional or left out"),
    ("Optional: gateway in front of the service", "optional or left out"),
    ("No authentication in phase 1", "optional or left out"),
    ("Is GraphQL worth it?", "optional or left out"),
    ("Session handling is robust and elegant", "robust and elegant"),
    ("The database is integrated seamlessly", "seamlessly"),
    ("Answers are helpful and polite", "read some of them"),
    ("Penetration test passed", "assess the security"),
    ("GPU driver 550 installed", "driver reports"),
    ("Logs are shipped to Loki", "logs are not looked at"),
    ("Backups are restored once a month", "restore a backup"),
    ("Helm chart published", "the deployment itself"),
    ("Scales horizontally", "change the load"),
    ("Prefix caching enabled", "a cache is not seen"),
    ("At least 60 tokens/s per request", "tokens per second"),
    ("Availability 99.9 % per month", "over months"),
    ("No request may take more than 20 seconds", "no finite run decides a maximum"),
    ("No memory growth over 48 hours", "growth over 2 days"),
    ("Memory usage never creeps up", "shows in a run of a day"),
    ("2x NVIDIA A100 80GB", "what the driver reports"),
    ("Prompts of more than 4096 tokens are refused", "an input of 4096 tokens and one of 4097"),
    ("Error rate above 3 %", "no demand"),
    ("Runs on vLLM", "which one runs behind the API"),
    ("All acceptance criteria are met", "sums up the other criteria"),
]


def of(read: Read, text: str) -> tuple[Criterion, ...]:
    return read(f"# Acceptance of a model server\n\n## Acceptance Criteria\n\n- [ ] {text}\n").criteria


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in ASKED.items() for text in texts])
def test_a_demand_is_typed_in_many_wordings(read: Read, kind: str, text: str) -> None:
    found = [criterion.kind for criterion in of(read, text) if criterion.judge == "machine"]
    assert kind in found


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in NOT_ASKED.items() for text in texts])
def test_a_near_miss_is_not_typed(read: Read, kind: str, text: str) -> None:
    found = of(read, text)
    assert kind not in [criterion.kind for criterion in found if criterion.judge == "machine"]
    assert found


@pytest.mark.parametrize(("text", "reason"), PEOPLE)
def test_what_only_people_can_judge_says_what_they_have_to_look_at(read: Read, text: str, reason: str) -> None:
    (criterion,) = of(read, text)
    assert (criterion.kind, criterion.judge) == ("human_judgement", "person")
    assert reason in criterion.reason


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("Malformed JSON is rejected with 400", [400]),
        ("Invalid parameters return a 422 error", [422]),
        ("Unknown routes get a 404", [404]),
        ("GET /healthz returns 200", [200]),
    ],
)
def test_a_code_that_is_stated_is_the_one_that_is_asked_for(read: Read, text: str, status: list[int]) -> None:
    (found,) = of(read, text)
    assert (found.kind, found.parameters["status"]) == ("json_shape", status)


@pytest.mark.parametrize("text", ["Degrades gracefully without the GPU node", "/health answers while the model loads"])
def test_what_holds_only_where_nobody_brings_it_about_is_a_persons(read: Read, text: str) -> None:
    assert {criterion.judge for criterion in of(read, text)} == {"person"}
