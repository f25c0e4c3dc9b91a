"""The context length is really accepted, to the token, and one token more is refused."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from signoff.acceptance.checks.api.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence, Record
from signoff.acceptance.measuring import generation
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.refusal import SHOWN
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.acceptance.verdict import Measured, Verdict

WORD = " and"
FIRST_WORDS = (16, 144)
MAX_STEPS = 12


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Find the prompt whose tokens and one generated token fill the limit; send it, then one token more.

    The server's own count (`usage.prompt_tokens`) is the scale, so no tokenizer has to be known. A server that
    silently truncates a long prompt counts fewer tokens than the added words, which reveals it.
    """
    assert criterion.threshold is not None
    limit = int(criterion.threshold.value)

    def take(recorder: Recorder) -> None:
        seen: dict[int, int] = {}
        words = FIRST_WORDS[0]
        for _ in range(MAX_STEPS):
            record = _send(site, words)
            tokens = generation.usage(record, "prompt_tokens") if record["status"] == 200 else None
            recorder.write("probe", {**_brief(record), "words": words, "prompt_tokens": tokens})
            if tokens is None:
                break
            seen[words] = tokens
            if tokens == limit - 1:
                break
            following = _next_words(seen, limit - 1)
            if following in seen:
                break
            words = following
        over = _send(site, words + 1)
        recorder.write(
            "over",
            {
                **_brief(over),
                "words": words + 1,
                "prompt_tokens": generation.usage(over, "prompt_tokens"),
                "text": over["text"][:1000],
            },
        )

    return site.measured(f"context-{limit}", take)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if limit - 1 prompt tokens and one generated are accepted and one word more gives a 400."""
    assert criterion.threshold is not None
    limit = int(criterion.threshold.value)
    probes = list(evidence.of("probe"))
    over = next(evidence.of("over"))
    accepted = max((record["prompt_tokens"] for record in probes if record["prompt_tokens"]), default=None)
    if accepted is None:
        first = probes[0]
        if first["status"] == 200:
            return Verdict(
                "not_measurable",
                "the server does not say how many tokens a prompt has (usage.prompt_tokens)",
                hint="let completions carry their usage",
            )
        return Verdict("fail", f"a prompt of {first['words']} words gives {first['status'] or first['error']}")
    measured = Measured(accepted + 1, "tokens", samples=len(probes))
    if cut := _silent_cut(probes):
        return Verdict("fail", cut, measured)
    refused = next((record for record in probes if record["status"] != 200), None)
    if accepted < limit - 1 and refused is not None:
        return Verdict(
            "fail",
            f"{accepted} prompt tokens are accepted, {refused['words']} words give {refused['status']}",
            measured,
        )
    if accepted < limit - 1:
        return Verdict(
            "inconclusive",
            f"no prompt of exactly {limit - 1} tokens was found; {accepted} are accepted",
            measured,
        )
    if over["status"] == 200 and over["prompt_tokens"] == accepted:
        return Verdict(
            "fail", f"one word more is not counted: the prompt is cut silently at {accepted} tokens", measured
        )
    if over["status"] == 200:
        return Verdict("fail", f"a prompt of more than {limit - 1} tokens is answered with 200", measured)
    if over["status"] != 400:
        return Verdict(
            "fail", f"one token too many gives {over['status'] or over['error']}, not a 400 that says so", measured
        )
    # Where the refusal begins shows what it is for: vLLM's does not name the limit for a prompt that just fills it.
    unnamed = "" if str(limit) in over["text"] else f" (which does not name {limit}: {over['text'][:SHOWN]})"
    return Verdict(
        "pass", f"{limit - 1} prompt tokens and one generated are accepted, one more gives a 400{unnamed}", measured
    )


def _send(site: Site, words: int) -> Record:
    return generation.generate(site, "Read this." + WORD * words, 1)


def _brief(record: Record) -> dict[str, Any]:
    return {key: record[key] for key in ("url", "status", "error")}


def _next_words(seen: dict[int, int], aim: int) -> int:
    """The number of words that a straight line through the last two counts puts at the aim."""
    if len(seen) < len(FIRST_WORDS):
        return FIRST_WORDS[len(seen)]
    points = list(seen.items())
    (words_0, tokens_0), (words_1, tokens_1) = points[-2:]
    slope = (tokens_1 - tokens_0) / (words_1 - words_0)
    if slope <= 0:
        return words_1
    return max(1, words_1 + round((aim - tokens_1) / slope))


def _silent_cut(probes: list[Record]) -> str:
    """Whether words were added that the server did not count."""
    counted = sorted((record["words"], record["prompt_tokens"]) for record in probes if record["prompt_tokens"])
    for (words_0, tokens_0), (words_1, tokens_1) in pairwise(counted):
        if words_1 > words_0 and tokens_1 <= tokens_0:
            return (
                f"{words_1 - words_0} words more are counted as {tokens_1 - tokens_0} tokens more: "
                f"the prompt is cut silently at about {tokens_1} tokens"
            )
    return ""


CHECK = Check(KINDS["context_length"], measure, judge, seconds=3)
