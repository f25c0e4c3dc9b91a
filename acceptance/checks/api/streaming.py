"""The chat endpoint streams: events over time, one end, and the text of the answer that is not streamed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from signoff.acceptance.checks.api.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.errors import NotMeasurable
from signoff.acceptance.evidence import Evidence, Record
from signoff.acceptance.measuring import generation, streamed
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.refusal import status_of
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.acceptance.verdict import Verdict

TOKENS = 64
CHAT = {"method": "POST", "path": generation.CHAT_PATH}
TOO_QUICK_MS = 50.0
FINISHES = {"stop", "length", "content_filter", "tool_calls", "function_call"}


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Request one answer streamed and not streamed, at temperature 0; if the texts differ, repeat both."""
    request = criterion.parameters.get("request") or {}
    body, path = _body(site, request), request.get("path", generation.CHAT_PATH)
    if path not in (generation.CHAT_PATH, "/v1/completions"):
        raise NotMeasurable(
            f"{path} is no completion of OpenAI's API, so its stream has no form that could be judged",
            "state what a stream of this path looks like, or let a person judge it",
        )

    def take(recorder: Recorder) -> None:
        for _ in range(2):
            record = streamed.stream(
                site, {**body, "stream": True, "stream_options": {"include_usage": True}}, request=request
            )
            if record["status"] != 200:
                # Servers from before this option refuse it.
                record = streamed.stream(site, {**body, "stream": True}, request=request)
            whole = site.send({**(request or CHAT), "body": {**body, "stream": False}})
            recorder.write("stream", record)
            recorder.write("whole", whole)
            if _text(record) == _whole_text(whole):
                return

    return site.measured("streaming", take, key=request)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if the events are valid, arrived at several times, and contain the text of the other answer."""
    records, wholes = list(evidence.of("stream")), list(evidence.of("whole"))
    record = records[0]
    if record["status"] != 200:
        return Verdict("fail", f"{record['url']} gives {status_of(record)} for a stream, not 200")
    if not record["content_type"].startswith(streamed.EVENTS):
        return Verdict("fail", f"a stream was asked for, and {record['content_type'] or 'no type'} came")
    if problem := _form(record):
        return Verdict("fail", problem)
    pieces = streamed.pieces(record)
    times = [at_ms for at_ms, _ in pieces]
    count, groups = len(pieces), streamed.arrivals(times)
    if count < 2:
        return Verdict("fail", f"the whole text came in {count} piece after {record['ended_ms']:.0f} ms")
    if groups == 1 and times[-1] >= TOO_QUICK_MS:
        return Verdict("fail", f"all {count} pieces came at once, {times[0]:.0f} ms after the request: buffered")
    texts, whole_texts = {_text(each) for each in records}, {_whole_text(each) for each in wholes}
    if None in whole_texts:
        return Verdict("fail", f"the same request without a stream gives {generation.unanswered(wholes[0])}")
    if len(wholes) > 1 and len(texts) == len(whole_texts) == 1:
        return Verdict(
            "fail",
            f"the stream holds {len(_text(record))} characters and the whole answer {len(whole_texts.pop() or '')}, "
            "twice the same, and they differ",
        )
    if usage := _usage_problem(record, wholes[0]):
        return Verdict("fail", usage)
    if groups == 1:
        return Verdict(
            "inconclusive", f"{count} pieces within {times[-1]:.0f} ms: too quick to distinguish from buffered"
        )
    same = "the text of the whole answer" if len(wholes) == 1 else "texts differ from answer to answer, so not compared"
    counted = "its usage adds up" if _usage(record) else "no usage is reported"
    return Verdict(
        "pass",
        f"{count} pieces at {groups} times from {times[0]:.0f} to {times[-1]:.0f} ms, {streamed.DONE} last; "
        f"{same}; {counted}",
    )


def _body(site: Site, request: Mapping[str, Any]) -> Mapping[str, Any]:
    asked = request.get("body")
    body = generation.chat_body(site, "Describe a lighthouse in three sentences.", TOKENS)
    if not isinstance(asked, Mapping):
        return body
    if "prompt" in asked:
        del body["messages"]
    return {**body, **{key: value for key, value in asked.items() if key not in ("stream", "stream_options")}}


def _form(record: Record) -> str:
    """What is wrong with the events themselves; "" if nothing is."""
    if record["error"]:
        return f"the stream broke off after {record['ended_ms']:.0f} ms: {record['error']}"
    data = [text for _, text in record["events"]]
    chunks = [chunk for _, chunk in streamed.chunks(record)]
    ends = data.count(streamed.DONE)
    if failed := next((chunk for chunk in chunks if chunk.get("error")), None):
        return f"an error came within the stream: {str(failed['error'])[:200]}"
    if broken := next((text for text in data if text != streamed.DONE and not streamed.is_chunk(text)), None):
        return f"an event is no JSON object: {broken[:100]!r}"
    if record["rest"]:
        return f"the stream ends within an event: {record['rest'][:100]!r}"
    if ends != 1 or data[-1] != streamed.DONE:
        return f"{streamed.DONE} came {ends} times in {len(data)} events, not once and last"
    if len(found := {str(chunk.get("id")) for chunk in chunks}) != 1:
        return f"the {len(chunks)} chunks of one answer carry {len(found)} different ids"
    finishes = [reason for chunk in chunks if (reason := streamed.choice(chunk).get("finish_reason")) is not None]
    if len(finishes) != 1 or finishes[0] not in FINISHES:
        return f"a finish reason has to come once; there came {finishes or 'none'}"
    return ""


def _usage_problem(record: Record, whole: Record) -> str:
    usage = _usage(record)
    if not usage:
        return ""
    figures: list[Any] = [usage.get(f"{name}_tokens") for name in ("prompt", "completion", "total")]
    prompt, made, total = figures
    if not all(isinstance(each, int) and each > 0 for each in figures) or prompt + made != total:
        return f"the stream's usage does not add up: {prompt} + {made} tokens, {total} together"
    counted = generation.usage(whole, "prompt_tokens")
    if counted not in (None, prompt):
        return f"the same prompt is counted as {prompt} tokens in the stream and as {counted} in the whole answer"
    return ""


def _usage(record: Record) -> Mapping[str, Any]:
    found = [chunk["usage"] for _, chunk in streamed.chunks(record) if isinstance(chunk.get("usage"), Mapping)]
    return found[-1] if found else {}


def _text(record: Record) -> str:
    return "".join(piece for _, piece in streamed.pieces(record))


def _whole_text(record: Record) -> str | None:
    return generation.completion_text(record) if record["status"] == 200 else None


CHECK = Check(KINDS["streaming"], measure, judge, seconds=3)
