"""HTTP as it crosses the wire, shown in a fence: a request with its headers and body, and the answer to it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from signoff.acceptance.reading.commands.curl import address_and_path
from signoff.acceptance.reading.commands.expectation import strict_json, why_no_json
from signoff.acceptance.reading.source.block import Block
from signoff.acceptance.reading.source.document import Command

_REQUEST_LINE = re.compile(r"^\s*(?P<method>GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\s+(?P<target>\S+)")
_STATUS_LINE = re.compile(r"^\s*(?:<\s*)?HTTP/[\d.]+\s+(?P<status>[1-5]\d\d)\b")


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request as it crosses the wire, and the answer below it: its status ("" where none is shown) and body."""

    command: Command | None
    status: str = ""
    body: str = ""
    line: int = 0
    last_line: int = 0


def read_http(fence: Block) -> Exchange:
    """A fence that holds an HTTP message: a request line, headers, a body; or a status line and what follows it."""
    content = fence.content()
    begin = next((index for index, (_, line) in enumerate(content) if _REQUEST_LINE.match(line)), None)
    end = next((index for index, (_, line) in enumerate(content) if _STATUS_LINE.match(line)), len(content))
    command = None
    if begin is not None and begin < end:
        match = _REQUEST_LINE.match(content[begin][1])
        assert match is not None
        headers, body = _message([line for _, line in content[begin + 1 : end]])
        target = match["target"]
        place = address_and_path(target)
        text = "\n".join(line for _, line in content[begin:end]).strip()
        command = Command(content[begin][0], content[end - 1][0], text, "http")
        if not target.startswith("/") and "://" not in target:
            problem = f"{target} is no path of a request: it begins with /, or is a whole URL"
            command = replace(command, problem=problem)
        elif place is not None:
            address, path = place if "://" in target else (headers.pop("Host", ""), place[1])
            parsed, problem = _json_of(body)
            request = {"method": match["method"], "address": address, "path": path, "headers": headers}
            request |= {"body": parsed, "line": content[begin][0]}
            command = replace(command, request=None if problem else request, problem=problem)
    if end == len(content):
        return Exchange(command)
    status = _STATUS_LINE.match(content[end][1])
    assert status is not None
    _, body = _message([line for _, line in content[end + 1 :]])
    return Exchange(command, status["status"], " ".join(body.split()), content[end][0], content[-1][0])


def _message(lines: Sequence[str]) -> tuple[dict[str, str], str]:
    """The headers of a message, and its body behind the empty line."""
    headers: dict[str, str] = {}
    for index, line in enumerate(lines):
        name, colon, value = line.partition(":")
        if not line.strip() or not colon or not re.fullmatch(r"[\w-]+", name.strip()):
            return headers, "\n".join(lines[index:]).strip()
        headers[name.strip()] = value.strip()
    return headers, ""


def _json_of(body: str) -> tuple[Any, str]:
    if not body:
        return None, ""
    try:
        return strict_json(body), ""
    except (ValueError, RecursionError) as error:
        return None, f"the body of the request is not JSON: {why_no_json(error)}"
