"""Command lines of load generators to the request that they repeat, and how often, how fast and how many at once.

`details` gets `requests`, `concurrency`, `rate` (requests a second) and `duration_s`, each None where the command
does not say it, `payload_file` and `payload_found` where a file is posted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from signoff.acceptance.reading.commands.curl import address_and_path
from signoff.acceptance.reading.commands.expectation import strict_json, why_no_json
from signoff.acceptance.reading.commands.load_flags import TOOLS, Tool
from signoff.acceptance.reading.commands.payload import read_payload

_Native = tuple[str, Mapping[str, Any] | None, str]
_SECONDS = {"ms": 0.001, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "": 1.0}


LOAD_TOOLS = frozenset(TOOLS)
STAGED = frozenset({"vegeta"})
"""Programs that read what they ask from the stage of the pipeline before them."""


def read_load(name: str, words: Sequence[str], line: int, details: dict[str, Any], folder: Path) -> _Native:
    """The request of a load generator; `words` begin after the program's name."""
    tool = TOOLS[name]
    options, plain = _options(tool, words)
    details["requests"] = _number(options.get("requests"))
    details["concurrency"] = _number(options.get("concurrency"))
    details["rate"] = _rate(options.get("rate"))
    details["duration_s"] = _seconds(options.get("duration"))
    kind = options.get("kind", "")
    if name == "guidellm" and kind == "concurrent":
        details["concurrency"], details["rate"] = _number(options.get("rate")), None
    if tool.script:
        return name, None, tool.script
    method, url = _asked(name, tool, options, plain, details.pop("targets", ()))
    if not url:
        return name, None, f"the {name} command names no URL"
    place = address_and_path(url)
    if place is None:
        return name, None, f"{url} is no URL"
    headers = {
        key.strip(): value.strip()
        for key, colon, value in (text.partition(":") for text in options.get("headers", "").split("\n"))
        if colon
    }
    if "type" in options:
        headers["Content-Type"] = options["type"]
    body = None
    payload = options.get("payload", "")
    if payload:
        details["payload_file"] = payload
        body, details["payload_found"] = read_payload(payload, folder)
    elif options.get("body", "").startswith("@"):
        details["payload_file"] = options["body"][1:]
        body, details["payload_found"] = read_payload(options["body"][1:], folder)
    elif "body" in options:
        try:
            body = strict_json(options["body"])
        except (ValueError, RecursionError) as error:
            return name, None, f"the body that {name} sends is not JSON: {why_no_json(error)}"
    sends = bool(payload or "body" in options or tool.path)
    method = options.get("method", method or ("POST" if sends else "GET")).upper()
    request = {"method": method, "address": place[0], "path": place[1], "headers": headers, "body": body, "line": line}
    return name, request, ""


def _options(tool: Tool, words: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """The options by their meaning (the last counts, headers are joined by lines), and what is no option."""
    options: dict[str, str] = {}
    plain: list[str] = []
    index = 0
    while index < len(words):
        word = words[index]
        index += 1
        name, equals, value = word.partition("=")
        if not word.startswith("-") or word == "-":
            plain.append(word)
            continue
        meaning = tool.flags.get(name)
        if meaning is None and not equals and len(word) > 2 and word[1] != "-" and word[:2] in tool.flags:
            meaning, value, equals = tool.flags[word[:2]], word[2:], "="
        if meaning is None:
            # A flag that nobody here knows: a value may follow it, and a URL is none.
            if not equals and name not in tool.bare and index + 1 < len(words) and not _is_flag(words[index]):
                index += 0 if "://" in words[index] else 1
            continue
        if not equals and index < len(words):
            value = words[index]
            index += 1
        if meaning == "header":
            options["headers"] = "\n".join(filter(None, (options.get("headers", ""), value)))
        else:
            options[meaning] = value
    return options, plain


def _is_flag(word: str) -> bool:
    return word.startswith("-")


def _asked(
    name: str, tool: Tool, options: Mapping[str, str], plain: Sequence[str], targets: Sequence[str]
) -> tuple[str, str]:
    """The method, where the command names one, and the URL."""
    if name == "vegeta":
        words = " ".join(targets).split()
        for position, word in enumerate(words[:-1]):
            if word.isupper() and ("://" in words[position + 1] or words[position + 1].startswith("/")):
                return word, words[position + 1]
        return "", ""
    if not tool.path:
        return "", next(
            (word for word in reversed(plain) if "://" in word or re.search(r"[.:\w]/|:\d", word)),
            plain[-1] if plain else "",
        )
    base = options.get("base", "")
    if not base and ("host" in options or "port" in options):
        base = f"http://{options.get('host', 'localhost')}:{options.get('port', '8000')}"
    if not base:
        return "", ""
    path = options.get("endpoint") or ("/v1/completions" if options.get("kind") == "completions" else tool.path)
    return "POST", f"{base.rstrip('/')}/{path.lstrip('/')}"


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() and len(text) < 10 else None


def _rate(text: str | None) -> float | None:
    """Requests a second: `20`, `20/s`, `1200/1m`."""
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)(?:/(\d{0,6})(ms|s|m|h))?", text or "")
    if match is None:
        return None
    return float(match[1]) / (float(match[2] or 1) * _SECONDS[match[3] or "s"] or 1.0)


def _seconds(text: str | None) -> float | None:
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)\s*(ms|sec|s|min|m|h|)", (text or "").lower())
    return float(match[1]) * _SECONDS[match[2]] if match is not None else None
