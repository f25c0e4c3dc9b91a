"""The tokenizer endpoint counts as the completions do."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from signoff.acceptance.checks.api.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence, Record
from signoff.acceptance.measuring import generation, role
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.refusal import status_of
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.acceptance.verdict import Verdict

ROLE, PATH = "tokenize", "/tokenize"
WORDS = (4, 40, 160)
FORMS = ("prompt", "content", "inputs", "text")
"""Under which field servers take the text: vLLM, llama.cpp, TGI, others."""
SLACK = 2
"""Tokens that may merge with the chat template's at the edges of the text."""


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Count three texts of growing length at the endpoint and with a completion."""

    def take(recorder: Recorder) -> None:
        for number, words in enumerate(WORDS):
            text = "Read this." + " and" * words
            answer = _count(site, text, FORMS if number == 0 else (recorder.records[-2]["form"],))
            recorder.write("count", {**answer, "words": words})
            completion = generation.generate(site, text, 1)
            recorder.write("completion", {**completion, "words": words})

    return site.measured("tokenization", take)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if longer texts have more tokens, and both counts grow equally."""
    answers, completions = list(evidence.of("count")), list(evidence.of("completion"))
    counts = [count for record in answers if (count := _counted(record)) is not None]
    if len(counts) < len(answers):
        bad = next(record for record in answers if _counted(record) is None)
        return Verdict("fail", f"{bad['url']} gives {status_of(bad)} and no count of tokens for {bad['words']} words")
    if listed := next((problem for record in answers if (problem := _list_problem(record))), ""):
        return Verdict("fail", listed)
    shown = ", ".join(f"{words} words {count}" for words, count in zip(WORDS, counts, strict=False))
    if any(later <= sooner for sooner, later in pairwise(counts)):
        return Verdict("fail", f"longer texts have no more tokens: {shown}")
    if came := next((came for record in completions if (came := generation.unanswered(record))), ""):
        return Verdict("fail", f"a completion of the same text gives {came}")
    used = [tokens for record in completions if (tokens := generation.usage(record, "prompt_tokens")) is not None]
    if len(used) < len(completions):
        return Verdict(
            "not_measurable",
            f"the endpoint counts ({shown}), and completions do not say how many tokens a prompt has",
            hint="let completions carry their usage",
        )
    extra = [tokens - count for tokens, count in zip(used, counts, strict=False)]
    if max(extra) - min(extra) > SLACK or min(extra) < -SLACK:
        pairs = ", ".join(f"{count} and {tokens}" for count, tokens in zip(counts, used, strict=False))
        return Verdict("fail", f"endpoint and usage.prompt_tokens count the same texts differently: {pairs}")
    return Verdict("pass", f"{shown} tokens; prompts have {extra[0]} more each, which is the chat template")


def _count(site: Site, text: str, forms: tuple[str, ...]) -> Record:
    """The answer to the first form of request that is understood."""
    model = generation.served_model(site)
    for form in forms:
        body = {**({} if model is None or form != "prompt" else {"model": model}), form: text}
        answer = role.ask(site, ROLE, "", default=PATH, method="POST", body=body)
        if _counted(answer):
            break
    return {**answer, "form": form}


def _counted(record: Record) -> int | None:
    return _tokens(record.get("json")) if record["status"] == 200 else None


def _tokens(body: Any) -> int | None:
    """How many tokens an answer reports; None if it reports none."""
    if isinstance(body, list):
        return len(body)
    if not isinstance(body, Mapping):
        return None
    for key in ("count", "token_count", "num_tokens", "length"):
        if isinstance(body.get(key), int) and not isinstance(body[key], bool):
            return int(body[key])
    return len(body["tokens"]) if isinstance(body.get("tokens"), list) else None


def _list_problem(record: Record) -> str:
    body = record.get("json")
    tokens = body.get("tokens") if isinstance(body, Mapping) else None
    if isinstance(tokens, list) and len(tokens) != _tokens(body):
        return f"{record['url']} lists {len(tokens)} tokens and counts {_tokens(body)}"
    return ""


CHECK = Check(KINDS["tokenization"], measure, judge, seconds=1)
