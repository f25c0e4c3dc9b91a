"""Command lines of wget, HTTPie and PowerShell to native requests."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from signoff.acceptance.reading.commands.curl import address_and_path
from signoff.acceptance.reading.commands.expectation import strict_json, why_no_json

_Found = tuple[dict[str, Any] | None, str]
_INVOKE = re.compile(r"\b(?:Invoke-(?:RestMethod|WebRequest)|irm|iwr)\b", re.IGNORECASE)
_URI = re.compile(r"(?:-Uri\s+)?[\"']?(?P<url>https?://[^\s\"']+)", re.IGNORECASE)
_METHOD = re.compile(r"-Method\s+[\"']?(?P<method>[A-Za-z]+)", re.IGNORECASE)
_HEADERS = re.compile(r"-Headers\s+@\{(?P<pairs>[^{}]*)\}", re.IGNORECASE)
_HEADER = re.compile(r"[\"']?(?<![\w-])(?P<name>[\w-]+)[\"']?\s*=\s*[\"'](?P<value>[^\"']*)[\"']")
_TYPE = re.compile(r"-ContentType\s+[\"']?(?P<type>[\w/+.-]+)", re.IGNORECASE)
_BODY = re.compile(
    r"-Body\s+(?:'(?P<single>[^']*)'|\"(?P<double>(?:[^\"`]|`.|\\.)*)\"|(?P<other>\S+))", re.IGNORECASE | re.DOTALL
)
_METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}
_WGET_VALUES = {"-O", "-o", "-T", "-t", "-P", "--output-document", "--timeout", "--tries", "--user", "--password"}


def wget_request(words: Sequence[str], line: int) -> _Found:
    """The request of `wget ...`."""
    options: dict[str, str] = {}
    headers: dict[str, str] = {}
    urls: list[str] = []
    index = 0
    while index < len(words):
        word = words[index]
        index += 1
        name, equals, value = word.partition("=")
        takes = name in ("--header", "--post-data", "--method", "--body-data") or name in _WGET_VALUES
        if takes and not equals and index < len(words):
            value = words[index]
            index += 1
        if name == "--header" and ":" in value:
            key, text = value.split(":", 1)
            headers[key.strip()] = text.strip()
        elif word.startswith("-") and word != "-":
            options[name] = value
        elif word != "-":
            urls.append(word)
    body = options.get("--post-data", options.get("--body-data", ""))
    method = options.get("--method", "POST" if body else "HEAD" if "--spider" in options else "GET")
    return _request(method, urls[0] if urls else "", headers, body, line, "wget")


def httpie_request(words: Sequence[str], line: int) -> _Found:
    """The request of HTTPie: `http POST :8000/path name=text figure:=1 Header:value query==1`."""
    plain = [word for word in words if not word.startswith("-")]
    method = plain.pop(0).upper() if plain and plain[0].upper() in _METHODS else ""
    if not plain:
        return None, "the http command names no URL"
    url = plain.pop(0)
    url = f"localhost{url}" if url.startswith(":") else url
    headers: dict[str, str] = {}
    body: dict[str, Any] = {}
    query: list[str] = []
    for word in plain:
        match = re.match(r"(?P<name>[\w.-]{1,200})(?P<sign>:=|==|=|:)", word)
        if match is None:
            return None, f"{word} is no part of a request that is known here"
        value = word[match.end() :]
        if match["sign"] == ":":
            headers[match["name"]] = value
        elif match["sign"] == "==":
            query.append(f"{match['name']}={value}")
        elif match["sign"] == "=":
            body[match["name"]] = value
        else:
            try:
                body[match["name"]] = strict_json(value)
            except (ValueError, RecursionError) as error:
                return None, f"{match['name']} is not JSON: {why_no_json(error)}"
    if query:
        url += ("&" if "?" in url else "?") + "&".join(query)
    return _request(method or ("POST" if body else "GET"), url, headers, json.dumps(body) if body else "", line, "http")


def is_powershell(text: str) -> bool:
    """Whether a command asks by PowerShell's own means."""
    return _INVOKE.search(text) is not None


def powershell_request(text: str, line: int) -> _Found:
    """The request of `Invoke-RestMethod ...`; its back ticks only join lines."""
    joined = re.sub(r"`[ \t]*\n", " ", text)
    url = _URI.search(joined)
    method = _METHOD.search(joined)
    headers = {match["name"]: match["value"] for match in _HEADER.finditer(_group(_HEADERS.search(joined), "pairs"))}
    kind = _TYPE.search(joined)
    if kind is not None:
        headers["Content-Type"] = kind["type"]
    found = _BODY.search(joined)
    if found is not None and found["other"]:
        return None, f"the fence does not show the body {found['other']}"
    body = "" if found is None else found["single"] or re.sub(r"[`\\]\"", '"', found["double"] or "")
    verb = method["method"] if method is not None else "POST" if body else "GET"
    return _request(verb, _group(url, "url"), headers, body, line, "PowerShell")


def _group(match: re.Match[str] | None, name: str) -> str:
    return match[name] if match is not None else ""


def _request(method: str, url: str, headers: dict[str, str], body: str, line: int, program: str) -> _Found:
    if not url:
        return None, f"the {program} command names no URL"
    place = address_and_path(url)
    if place is None:
        return None, f"{url} is no URL"
    parsed = None
    if body:
        try:
            parsed = strict_json(body)
        except (ValueError, RecursionError) as error:
            return None, f"the body that {program} sends is not JSON: {why_no_json(error)}"
    request = {"method": method.upper(), "address": place[0], "path": place[1], "headers": headers}
    return {**request, "body": parsed, "line": line}, ""
