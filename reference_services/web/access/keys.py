"""API keys: read from a file and a variable, compared in constant time, and never shown.

A key is known here only by its SHA-256. The first 16 digits of it distinguish callers; they say nothing about
the key and stay the same over restarts, so that sessions stay with their key.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from signoff.reference_services.web.access.failures import Refused
from signoff.reference_services.web.settings.settings_problems import SettingsError

SHORTEST = 8
BEARER = b"bearer "
_KEY = re.compile(r"[!-~]+")


def read_keys(setting: str, file: str, variable: str) -> tuple[str, ...]:
    """The keys of a file, which `setting` names, and of a variable; none means that no key is asked for.

    Keys are parted by white space or commas; in the file `#` begins a comment. Raises SettingsError, which names the
    place of a wrong key and never the key.
    """
    found: list[str] = []
    problems: list[str] = []
    for place, text in _sources(setting, file, variable):
        keys = re.split(r"[\s,]+", text.strip())
        if keys == [""]:
            problems.append(f"{place}: holds no key; put one there, or do not name it")
            continue
        for number, key in enumerate(keys, 1):
            if len(key) < SHORTEST or not _KEY.fullmatch(key):
                problems.append(f"{place}: key {number} is not {SHORTEST} or more visible ASCII characters")
        found += keys
    if problems:
        raise SettingsError(problems)
    return tuple(dict.fromkeys(found))


def _sources(setting: str, file: str, variable: str) -> Iterable[tuple[str, str]]:
    if file:
        path = Path(file)
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
            raise SettingsError([f"{setting} = {str(path)!r}: cannot be read: {reason}"]) from None
        yield str(path), "\n".join(line.partition("#")[0] for line in lines)
    for name, value in os.environ.items():
        if name.upper() == variable:
            yield f"variable {name}", value


class Keys:
    """The accepted keys. Without keys, all requests are accepted and callers are not distinguished."""

    def __init__(self, keys: Sequence[str], header: str) -> None:
        self._digests = [hashlib.sha256(key.encode("ascii")).digest() for key in keys]
        self._header = header.lower().encode("ascii")

    @property
    def are_asked_for(self) -> bool:
        """Whether there are keys at all."""
        return bool(self._digests)

    def caller(self, headers: Iterable[tuple[bytes, bytes]]) -> str:
        """Who calls, "" if no keys are asked for. Raises Refused (401).

        A key may come as `Authorization: Bearer KEY` and, where another header is set, in that header.
        """
        if not self._digests:
            return ""
        shown = {key for name, value in headers if (key := self._key_in(name.lower(), value))}
        if not shown:
            raise _unauthorized("An API key is needed", "missing_api_key", self._header)
        digests = [hashlib.sha256(key).digest() for key in shown]
        # Every key is compared with every other, whatever is found: the time tells nothing.
        known = [digest for digest in digests for each in self._digests if hmac.compare_digest(digest, each)]
        if len(digests) > 1 or len(known) != 1:
            raise _unauthorized("This API key is not one of this service", "invalid_api_key", self._header)
        return known[0].hex()[:16]

    def _key_in(self, name: bytes, value: bytes) -> bytes:
        if name == b"authorization":
            return value[len(BEARER) :].strip() if value[: len(BEARER)].lower() == BEARER else b""
        return value.strip() if name == self._header else b""


def _unauthorized(what: str, code: str, header: bytes) -> Refused:
    own = "" if header == b"authorization" else f" or in the header {header.decode('ascii')}"
    message = f"{what}: send it as Authorization: Bearer KEY{own}."
    return Refused(401, message, code, headers={"WWW-Authenticate": "Bearer"})
