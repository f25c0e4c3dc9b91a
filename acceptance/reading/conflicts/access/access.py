"""Requests that do not bring what a document demands of every request: a key, a token, an encrypted connection."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import islice
from urllib.parse import urlsplit

from signoff.acceptance.reading.conflicts.evidence.corpus import Corpus, Owned
from signoff.acceptance.reading.conflicts.evidence.page import Page, Pair, Place, conflict
from signoff.acceptance.reading.settings.setting_values import number
from signoff.acceptance.reading.source.document import Command, Statement
from signoff.reports.stored.conflict import Conflict

KIND = "access"
_HEADER = re.compile(
    r"\b(?P<name>X-[A-Za-z0-9-]{1,60}|Authorization)\b[^\n]{0,20}\bheader\b|\bheader\s+`?(?P<late>X-[A-Za-z0-9-]{1,60})"
)
_ROUTE = re.compile(r"(?<![\w.])(?:[\w.-]+:\d+)?(?P<path>/[a-z][\w-]*(?:/[\w{}-]+)+)")
_SAID = re.compile(r"\becho\b[^\n]*\bcurl\b[^\n]*")
# Probes and scrapes are customarily let in without a key.
_OPEN = re.compile(r"/(?:health\w*|ready\w*|live\w*|metrics|ping|status)(?:[/?]|$)")
_AUTH = ("authentication_required", "auth_required", "require_auth", "auth_enabled", "authentication_enabled")
_TLS = ("ssl_enabled", "tls_enabled", "ssl", "tls", "https_only", "require_tls", "require_ssl")
# A sentence that demands a key of every route, and the routes that it lets out.
_EVERYWHERE = re.compile(
    r"\b(?:every|all|each)\s+(?:other\s+|http\s+|api\s+|the\s+)?(?:routes?|requests?|endpoints?|calls?|paths?)\b"
    r"(?P<but>[^.\n]{0,80}?)"
    r"\b(?:needs?|requires?|demands?|carr(?:y|ies)|brings?|must\s+(?:carry|bring|have|send|present|contain))\b"
    r"(?P<what>[^.\n]{0,40}?)\b(?:Authorization|Bearer|API[- ]?keys?|X-[A-Za-z-]*(?:Key|Token)|keys?|access tokens?"
    r"|valid tokens?)\b(?P<also>[^\n]{0,80})",
    re.IGNORECASE,
)
# How many such sentences, and how many switches, are looked at.
_MOST = 20
_PARTIAL = re.compile(r"\b(?:under|below|with|that|which|of|in|on|for|to|from)\b", re.IGNORECASE)
_SOMETIMES = re.compile(
    r"\b(?:if|when|where|unless|once|after|in production|optional\w*|budget|store)\b", re.IGNORECASE
)
_EXCEPT = re.compile(r"\b(?:except|but|other than|apart from|besides|outside)\b", re.IGNORECASE)
_NAMED_PATH = re.compile(r"(?<![\w.])/[\w./-]*\w")
_NOT = re.compile(r"\b(?:no|not|never|without)\b", re.IGNORECASE)
_REFUSED = re.compile(r"\b40[13]\b|unauthori[sz]ed|forbidden|denied|refused|invalid", re.IGNORECASE)
_CARRIES = ("authorization", "x-api-key", "api-key", "x-auth-token", "cookie")


def find(corpus: Corpus) -> Iterator[Conflict]:
    """Headers that a route demands, and switches for keys and encryption, against the requests that are shown."""
    for page in corpus.pages:
        yield from _headers(page)
        yield from _everywhere(page)
    yield from _switched(corpus)


def _everywhere(page: Page) -> Iterator[Conflict]:
    """`Every route except /a requires a key`, and a command that is to be answered without one."""
    for match, line in islice(page.find(_EVERYWHERE), _MOST):
        block = page.block(line)
        if block is None or block.kind == "fence" or _NOT.search(match["what"]):
            continue
        is_let_out = _EXCEPT.search(match["but"]) or _EXCEPT.search(match["also"])
        free = {path.rstrip("/") for path in _NAMED_PATH.findall(match["but"] + match["also"])}
        # An exception without a path, or routes that are only some of all, leave open which are meant.
        if _SOMETIMES.search(match["what"] + match["also"]):
            continue
        if (is_let_out and not free) or (not is_let_out and (free or _PARTIAL.search(match["but"]))):
            continue
        bare = [
            (command, statement)
            for statement in page.document.statements
            if (command := statement.command) is not None
            and command.request is not None
            and statement.type == "expected"
            and not _has_key(command)
            and not _REFUSED.search(statement.text)
            and not _OPEN.search(path := urlsplit(str(command.request["path"])).path)
            and not any(path == other or path.startswith(f"{other}/") for other in free)
        ]
        if bare:
            places = [page.side(line, match[0].strip()), *(page.side(command.line, "no key") for command, _ in bare)]
            pairs = [pair for _, statement in bare for pair in page.criteria(statement.line)]
            message = "a key is demanded of every route, and a command asks without: it is refused as it is"
            yield conflict(KIND, "authentication", places, message, pairs)
            return


def _headers(page: Page) -> Iterator[Conflict]:
    """`Route: /a/b`, `Auth: X-Token header`, and a command that asks /a/b without it."""
    if "header" not in page.lower:
        return
    asked = _requests(page)
    for block in page.blocks:
        if block.kind not in ("paragraph", "item") or (match := _HEADER.search(block.text)) is None:
            continue
        routes = [route["path"] for route in _ROUTE.finditer(block.text)]
        name = match["name"] or match["late"]
        for path in routes[:1]:
            lines = [line for line, has in asked.get(path, ()) if not has(name.lower())]
            if lines:
                line = block.line + block.text[: match.start()].count("\n")
                yield conflict(
                    KIND,
                    f"{name} of {path}",
                    [page.side(line, f"{name} demanded"), *(page.side(number, f"no {name}") for number in lines)],
                    f"{path} demands the header {name}, and a command asks it without: it is refused as it is",
                )


def _requests(page: Page) -> dict[str, list[tuple[int, Callable[[str], bool]]]]:
    """By path: line and whether a header is there, of every request and of those that a script prints."""
    asked: dict[str, list[tuple[int, Callable[[str], bool]]]] = {}
    for command in page.document.commands:
        if command.request is not None:
            headers = frozenset(name.lower() for name in command.request["headers"])
            path = str(command.request["path"]).split("?", 1)[0]
            asked.setdefault(path, []).append((command.line, headers.__contains__))
    for match, line in page.find(_SAID, "echo", "curl"):
        found = re.search(r"https?://[^\s'\"\\]+", match[0])
        if found is not None:
            asked.setdefault(urlsplit(found[0]).path, []).append((line, match[0].lower().__contains__))
    return asked


def _switched(corpus: Corpus) -> Iterator[Conflict]:
    asked = cache(partial(_asked, corpus))
    count: Counter[int] = Counter()
    for owned in corpus.settings:
        if owned.name not in (*_AUTH, *_TLS) or (owned.value is not True and str(owned.value).lower() != "true"):
            continue
        count[owned.page.number] += 1
        if count[owned.page.number] > _MOST:
            continue
        if owned.name in _AUTH:
            bare = [item for item in asked(owned.page) if _wants_key(item[1])]
            yield from _one(
                owned, "authentication", bare, "no key", "a service that demands a key refuses these requests"
            )
        elif owned.name in _TLS:
            bare = [item for item in asked(owned.page) if f"http://{_address(item[1])}" in item[1].text]
            yield from _one(
                owned, "encryption", bare, "http://", "a service that encrypts does not answer these addresses"
            )


_Asked = tuple[Page, Command, Statement]


def _wants_key(command: Command) -> bool:
    return not _OPEN.search(str((command.request or {})["path"])) and not _has_key(command)


def _asked(corpus: Corpus, switch: Page) -> list[_Asked]:
    """The requests with an expectation that go to a service which a switch of this document speaks for."""
    ports = {
        (int(port), other.owner)
        for other in corpus.named("port", page=switch)
        if (port := number(other.value)) is not None
    }
    found = []
    for page in corpus.pages:
        for statement in page.document.statements:
            command = statement.command
            if command is None or command.request is None or statement.type != "expected":
                continue
            asked = _address(command).rpartition(":")[2]
            known = asked.isdigit() and (page is switch or (int(asked), corpus.owner(page)) in ports)
            if known or (page is switch and not ports):
                found.append((page, command, statement))
    return found


def _one(owned: Owned, subject: str, bare: list[_Asked], value: str, message: str) -> Iterator[Conflict]:
    if bare:
        places: list[Place] = [owned.page.side(owned.setting.line, owned.setting.spelling, owned.setting.spelling)]
        places += [page.side(command.line, value) for page, command, _ in bare]
        pairs: list[Pair] = [*owned.page.criteria_of(owned.setting)]
        pairs += [pair for page, _, statement in bare for pair in page.criteria(statement.line)]
        yield conflict(
            KIND, subject, places, f"{owned.setting.spelling.rsplit('.', 1)[-1]} is on, and {message}", pairs
        )


def _has_key(command: Command) -> bool:
    headers = {name.lower() for name in command.request["headers"]} if command.request is not None else set()
    return bool(headers & set(_CARRIES)) or any("token" in name for name in headers) or "-u " in command.text


def _address(command: Command) -> str:
    return str(command.request["address"]) if command.request is not None else ""
