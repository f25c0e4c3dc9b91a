"""A `curl` command line to a native request."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlsplit

from signoff.acceptance.reading.commands.expectation import strict_json, why_no_json

_TAKES_VALUE = {
    "-X",
    "-H",
    "-d",
    "-o",
    "-w",
    "-u",
    "-m",
    "-A",
    "-e",
    "-b",
    "-c",
    "-F",
    "-T",
    "-x",
    "-K",
    "-E",
    "-r",
    "-y",
    "-Y",
    "-D",
    "--request",
    "--header",
    "--data",
    "--data-raw",
    "--data-binary",
    "--data-ascii",
    "--data-urlencode",
    "--json",
    "--output",
    "--write-out",
    "--user",
    "--max-time",
    "--connect-timeout",
    "--retry",
    "--url",
    "--upload-file",
    "--config",
    "--retry-delay",
    "--dump-header",
    "--form",
    "--cacert",
    "--cert",
    "--key",
    "--proxy",
    "--user-agent",
    "--resolve",
}
_DATA = {"-d", "--data", "--data-raw", "--data-binary", "--data-ascii", "--json"}


@dataclass(frozen=True, slots=True)
class Curl:
    """What a curl command asks: a request as checks take it, or the sentence that says why there is none.

    `write_out` is what it prints besides the answer: `%{http_code}`.
    """

    request: dict[str, Any] | None
    body_file: str = ""
    problem: str = ""
    write_out: str = ""


def read_curl(words: Sequence[str], line: int) -> Curl:
    """The request of `curl ...`; `words` begin after the program's name and hold no pipe or redirection."""
    options, addresses = _options(words)
    write_out = next((value for option, value in reversed(options) if option in ("-w", "--write-out")), "")
    return replace(_asked(options, addresses, line), write_out=write_out)


def _asked(options: Sequence[tuple[str, str]], addresses: list[str], line: int) -> Curl:
    data = [value for option, value in options if option in _DATA]
    headers = {}
    for option, value in options:
        if option in ("-H", "--header") and ":" in value:
            name, text = value.split(":", 1)
            headers[name.strip()] = text.strip()
        if option == "--json":
            headers.setdefault("Content-Type", "application/json")
    addresses += [value for option, value in options if option == "--url"]
    if not addresses:
        return Curl(None, problem="the curl command names no URL")
    if len(addresses) > 1:
        return Curl(None, problem=f"the curl command names several URLs: {', '.join(addresses)}")
    place = address_and_path(addresses[0])
    if place is None:
        return Curl(None, problem=f"{addresses[0]} is no URL")
    uploads = next((option for option, _ in options if option in ("-T", "--upload-file", "-K", "--config")), "")
    if uploads:
        return Curl(None, problem=f"curl {uploads} reads a file of this machine, which is never opened")
    if any(option in ("-F", "--form") for option, _ in options):
        return Curl(None, problem="the form that curl sends is not JSON")
    in_query = any(option in ("-G", "--get") for option, _ in options)
    fields = data + [value for option, value in options if option == "--data-urlencode"]
    path, method = place[1], "POST" if fields and not in_query else "HEAD" if ("-I", "") in options else "GET"
    if in_query and fields:
        path += ("&" if "?" in path else "?") + "&".join(quote(field, safe="=&") for field in fields)
        data = []
    named = [value for option, value in options if option in ("-X", "--request")]
    request: dict[str, Any] = {
        "method": named[-1].upper() if named else method,
        "address": place[0],
        "path": path,
        "headers": headers,
        "body": None,
        "line": line,
    }
    if not data:
        return Curl(request)
    if data[-1].startswith("@"):
        return Curl(request, body_file=data[-1][1:])
    try:
        request["body"] = strict_json("&".join(data))
    except (ValueError, RecursionError) as error:
        return Curl(None, problem=f"the body that curl sends is not JSON: {why_no_json(error)}")
    return Curl(request)


def address_and_path(url: str) -> tuple[str, str] | None:
    """The `host:port` of a URL as it is written, and its path with the query; None where it is none of HTTP."""
    try:
        parts = urlsplit(url if re.match(r"[a-z][a-z0-9+.-]*:(?!\d)", url, re.IGNORECASE) else "http://" + url)
        # Reading the port refuses one that no host has.
        is_http = parts.scheme in ("http", "https") and (bool(parts.netloc) or url.startswith("/")) and parts.port != 0
    except ValueError:
        return None
    if not is_http:
        return None
    return parts.netloc.rpartition("@")[2], (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _options(words: Sequence[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """The options with their values ("" where they take none), and what is no option."""
    options: list[tuple[str, str]] = []
    rest: list[str] = []
    index = 0
    while index < len(words):
        word = words[index]
        index += 1
        if word.startswith("--"):
            name, equals, value = word.partition("=")
            if not equals and name in _TAKES_VALUE and index < len(words):
                value, index = words[index], index + 1
            options.append((name, value))
        elif word.startswith("-") and len(word) > 1:
            # Short options may stand together, the last with its value: -sSX POST, -d@file.
            for position, letter in enumerate(word[1:], 2):
                name, value = f"-{letter}", ""
                if name in _TAKES_VALUE:
                    value = word[position:]
                    if not value and index < len(words):
                        value, index = words[index], index + 1
                    options.append((name, value))
                    break
                options.append((name, ""))
        else:
            rest.append(word)
    return options, rest
