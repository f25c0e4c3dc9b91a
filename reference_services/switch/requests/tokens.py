"""The token of X-VX11-Token: read from a variable or a file, compared in constant time, never shown."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from signoff.reference_services.switch.requests.refusals import Refused
from signoff.reference_services.switch.requests.settings import SwitchSettings
from signoff.reference_services.web.access.authority import is_loopback
from signoff.reference_services.web.settings.settings_problems import SettingsError

HEADER = "X-VX11-Token"
SHORTEST = 8
TEST_TOKEN = "vx11-test-token"  # noqa: S105 - the document shows it to everybody, which is why it has to be asked for
_TOKEN = re.compile(r"[!-~]+")

Guard = Callable[[Iterable[tuple[bytes, bytes]]], None]
"""Lets a request's headers pass or raises Refused."""


def read_token(settings: SwitchSettings) -> str:
    """The token. Raises SettingsError if there is none, more than one, or one that can be guessed."""
    places: dict[str, str] = {}
    if settings.vx11_token.get_secret_value():
        places["variable VX11_TOKEN"] = settings.vx11_token.get_secret_value().strip()
    if settings.vx11_token_file:
        places[f"file {settings.vx11_token_file}"] = _of_file(Path(settings.vx11_token_file))
    if settings.vx11_test_token:
        if not is_loopback(settings.switch_host):
            host = f"switch_host = {settings.switch_host!r}"
            raise SettingsError([f"{host}: the test token is public and is accepted on loopback only"])
        places["the test token"] = TEST_TOKEN
    if not places:
        raise SettingsError(
            [f"no token for {HEADER}: set VX11_TOKEN or VX11_TOKEN_FILE, or on loopback give --test-token"]
        )
    if len(places) > 1:
        raise SettingsError([f"there is one token, and several places name one: {', '.join(places)}"])
    ((place, token),) = places.items()
    if len(token) < SHORTEST or not _TOKEN.fullmatch(token):
        raise SettingsError([f"{place}: the token is not {SHORTEST} or more visible ASCII characters"])
    if token == TEST_TOKEN and not settings.vx11_test_token:
        raise SettingsError(
            [f"{place}: this is the token that the document shows; give --test-token where it is meant"]
        )
    return token


def guard(token: str) -> Guard:
    """What lets pass who sends the token. Digests of one length are compared, so that the time reveals nothing."""
    known = hashlib.sha256(token.encode("ascii")).digest()
    name = HEADER.lower().encode("ascii")

    def check(headers: Iterable[tuple[bytes, bytes]]) -> None:
        sent = [value.strip() for key, value in headers if key.lower() == name]
        if not sent or not all(sent):
            raise _unauthorized(f"A token is needed: send it in the header {HEADER}.")
        if len(sent) > 1 or not hmac.compare_digest(hashlib.sha256(sent[0]).digest(), known):
            raise _unauthorized("This token is not the one of this service.")

    return check


def _unauthorized(message: str) -> Refused:
    return Refused(401, message, {"WWW-Authenticate": HEADER})


def _of_file(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise SettingsError([f"vx11_token_file = {str(path)!r}: cannot be read: {reason}"]) from None
