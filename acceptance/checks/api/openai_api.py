"""The endpoints have the shapes of OpenAI's API: names, ids, choices, finish reasons, and a usage that adds up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from signoff.acceptance.checks.api.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence, Record
from signoff.acceptance.measuring import embeddings, generation
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.refusal import status_of
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.acceptance.verdict import Verdict

ENDPOINTS = ("models", "chat", "completions")
"""The requests if no endpoint is named; `embeddings` only if it is named."""
PROMPT = "Count from one to one hundred in words."
LIMITS = (1, 12)
FINISHES = {"stop", "length", "content_filter", "tool_calls", "function_call"}
OBJECTS = {"chat": ("chat.completion", "chatcmpl"), "completions": ("text_completion", "cmpl")}


def measure(criterion: Criterion, site: Site) -> Evidence:
    """List the models and read one of them; call each endpoint twice, for one token and for a dozen."""
    named = criterion.parameters.get("endpoints") or ENDPOINTS
    endpoints = [each for each in (*ENDPOINTS, "embeddings") if each in named]

    def take(recorder: Recorder) -> None:
        if "models" in endpoints:
            recorder.write("models", site.ask("GET", "/v1/models"))
            if model := generation.served_model(site):
                recorder.write("model", {**site.ask("GET", f"/v1/models/{quote(model)}"), "asked": model})
        for endpoint, path in (("chat", generation.CHAT_PATH), ("completions", "/v1/completions")):
            if endpoint not in endpoints:
                continue
            for limit in LIMITS:
                body = generation.chat_body(site, PROMPT, limit)
                if endpoint == "completions":
                    del body["messages"]
                    body["prompt"] = PROMPT
                recorder.write("completion", {**site.ask("POST", path, body=body), "endpoint": endpoint})
        if "embeddings" in endpoints:
            model = generation.served_model(site)
            body = {"input": list(embeddings.TEXTS), **({"model": model} if model else {})}
            recorder.write("embeddings", site.ask("POST", embeddings.PATH, body=body))

    return site.measured("openai-api", take, key=endpoints)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if no demanded endpoint differs; every difference is reported."""
    problems: list[str] = []
    seen: list[str] = []
    for listing in evidence.of("models"):
        problems += _list_problems(listing)
        seen.append("models")
    for record in evidence.of("model"):
        problems += _model_problems(record)
    completions = list(evidence.of("completion"))
    for record in completions:
        problems += [f"{_where(record)}: {problem}" for problem in _completion_problems(record)]
    for endpoint in dict.fromkeys(record["endpoint"] for record in completions):
        problems += _pair_problems(*(record for record in completions if record["endpoint"] == endpoint))
        seen.append(endpoint)
    for record in evidence.of("embeddings"):
        problems += [f"POST {embeddings.PATH}: {problem}" for problem in embeddings.problems(record)]
        seen.append("embeddings")
    if problems:
        return Verdict("fail", "; ".join(dict.fromkeys(problems[:4])), detail={"problems": problems})
    return Verdict("pass", f"{', '.join(seen)}: names, ids, contents and usage as in OpenAI's API")


def _list_problems(record: Record) -> list[str]:
    body = record.get("json")
    if record["status"] != 200 or not isinstance(body, Mapping):
        return [f"GET /v1/models gives {status_of(record)} and no JSON object"]
    entries = body.get("data")
    problems = [] if body.get("object") == "list" else [f"/v1/models has object {body.get('object')!r}, not 'list'"]
    if not isinstance(entries, list) or not entries:
        return [*problems, "/v1/models lists no model under data"]
    return problems + [f"/v1/models: {problem}" for entry in entries for problem in _entry_problems(entry)]


def _entry_problems(entry: Any) -> list[str]:
    if not isinstance(entry, Mapping):
        return ["an entry is no object"]
    problems = [] if isinstance(entry.get("id"), str) and entry["id"] else ["an entry has no id"]
    if entry.get("object") != "model":
        problems.append(f"{entry.get('id')} has object {entry.get('object')!r}, not 'model'")
    return problems + ([] if _is_count(entry.get("created")) else [f"{entry.get('id')} has no time in created"])


def _model_problems(record: Record) -> list[str]:
    body = record.get("json")
    if record["status"] in (404, 405):
        # Servers that only list models are many, and clients seldom ask for one.
        return []
    if record["status"] != 200 or not isinstance(body, Mapping):
        return [f"GET /v1/models/{record['asked']} gives {status_of(record)}, and the list has this model"]
    if body.get("id") != record["asked"]:
        return [f"/v1/models/{record['asked']} shows {body.get('id')!r}"]
    return []


def _completion_problems(record: Record) -> list[str]:
    body = record.get("json")
    if record["status"] != 200 or not isinstance(body, Mapping):
        return [f"gives {status_of(record)} and no completion"]
    name = OBJECTS[record["endpoint"]][0]
    problems = [] if body.get("object") == name else [f"object is {body.get('object')!r}, not {name!r}"]
    if not isinstance(body.get("id"), str) or not body["id"]:
        problems.append("id is missing")
    if not isinstance(body.get("model"), str) or not body["model"]:
        problems.append("model is missing")
    if not _is_count(body.get("created")):
        problems.append(f"created is {body.get('created')!r}, not a time in seconds")
    choices = body.get("choices")
    if not isinstance(choices, list) or len(choices) != 1 or not isinstance(choices[0], Mapping):
        return [*problems, "choices is not a list of one choice"]
    return problems + _choice_problems(record["endpoint"], choices[0]) + _usage_problems(record, choices[0])


def _choice_problems(endpoint: str, choice: Mapping[str, Any]) -> list[str]:
    problems = [] if choice.get("index") == 0 else [f"the only choice has index {choice.get('index')!r}, not 0"]
    if choice.get("finish_reason") not in FINISHES:
        problems.append(f"finish_reason is {choice.get('finish_reason')!r}")
    message = choice.get("message") if endpoint == "chat" else {"role": "assistant", "content": choice.get("text")}
    if not isinstance(message, Mapping) or not isinstance(message.get("content"), str):
        return [*problems, "the choice holds no text"]
    return (
        problems if message.get("role") == "assistant" else [*problems, f"the reply's role is {message.get('role')!r}"]
    )


def _usage_problems(record: Record, choice: Mapping[str, Any]) -> list[str]:
    prompt, made, total = (generation.usage(record, f"{name}_tokens") for name in ("prompt", "completion", "total"))
    if prompt is None or made is None or total is None:
        return ["usage lacks prompt_tokens, completion_tokens or total_tokens"]
    limit, reason = record["body"]["max_tokens"], choice.get("finish_reason")
    if prompt < 1 or prompt + made != total:
        return [f"usage does not add up: {prompt} + {made} tokens, {total} together"]
    if made > limit:
        return [f"{made} tokens were made where max_tokens is {limit}"]
    if made < limit and reason == "length":
        return [f"finish_reason is 'length' after {made} of {limit} tokens"]
    return []


def _pair_problems(short: Record, long: Record) -> list[str]:
    """What only two answers show: one id twice, and a cut answer that calls itself complete."""
    bodies: list[Any] = [record.get("json") for record in (short, long)]
    texts = [generation.completion_text(record) for record in (short, long)]
    if not all(isinstance(body, Mapping) for body in bodies) or None in texts:
        return []
    problems = []
    if bodies[0].get("id") == bodies[1].get("id"):
        problems.append(f"{_where(short)}: two answers carry the same id {bodies[0].get('id')!r}")
    cut, went_on = (str(text) for text in texts)
    reason = bodies[0]["choices"][0].get("finish_reason")
    if reason == "stop" and len(went_on) > len(cut) and went_on.startswith(cut):
        problems.append(
            f"{_where(short)}: finish_reason is 'stop' where max_tokens cut the answer after {len(cut)} characters"
        )
    return problems


def _where(record: Record) -> str:
    return f"POST {generation.CHAT_PATH if record['endpoint'] == 'chat' else '/v1/completions'}"


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


CHECK = Check(KINDS["openai_api"], measure, judge, seconds=2)
