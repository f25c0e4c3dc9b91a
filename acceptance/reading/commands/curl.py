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


# Options by which curl sends what a reading never opens or cannot send again, and what is said of them.
_UNSENDABLE = {
    **dict.fromkeys(
        ("-T", "--upload-file", "-K", "--config"), "curl {} reads a file of this machine, which is never opened"
    ),
    **dict.fromkeys(("-F", "--form"), "the form that curl sends is not JSON"),
}


def _asked(options: Sequence[tuple[str, str]], addresses: list[str], line: int) -> Curl:
    addresses += _values(options, "--url")
    if problem := _problem(options, addresses):
        return Curl(None, problem=problem)
    address, path = address_and_path(addresses[0]) or ("", "")
    data = _values(options, *_DATA)
    fields = data + _values(options, "--data-urlencode")
    in_query = any(option in ("-G", "--get") for option, _ in options)
    method = "POST" if fields and not in_query else "HEAD" if ("-I", "") in options else "GET"
    if in_query and fields:
        path += ("&" if "?" in path else "?") + "&".join(quote(field, safe="=&") for field in fields)
        data = []
    request: dict[str, Any] = {
        "method": [method, *_values(options, "-X", "--request")][-1].upper(),
        "address": address,
        "path": path,
        "headers": _headers(options),
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


def _values(options: Sequence[tuple[str, str]], *names: str) -> list[str]:
    """The values of these options, in their order."""
    return [value for option, value in options if option in names]


def _problem(options: Sequence[tuple[str, str]], addresses: Sequence[str]) -> str:
    """Why the command cannot be sent as a request; "" where it can."""
    if not addresses:
        return "the curl command names no URL"
    if len(addresses) > 1:
        return f"the curl command names several URLs: {', '.join(addresses)}"
    if address_and_path(addresses[0]) is None:
        return f"{addresses[0]} is no URL"
    return next((_UNSENDABLE[option].format(option) for option, _ in options if option in _UNSENDABLE), "")


def _headers(options: Sequence[tuple[str, str]]) -> dict[str, str]:
    headers = {}
    for option, value in options:
        if option in ("-H", "--header") and ":" in value:
            name, text = value.split(":", 1)
            headers[name.strip()] = text.strip()
        if option == "--json":
            headers.setdefault("Content-Type", "application/json")
    return headers


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
