"""Security checks, each for a weakness that is visible in an answer of the service."""

from __future__ import annotations

import re
import secrets
import socket
import ssl
import time
import warnings
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx

from signoff.reference_services.service_tests.endless_body import send_endless
from signoff.reference_services.service_tests.probe import CHAT, Finding, Outcome, Probe
from signoff.reference_services.web.access.authority import is_loopback

REFUSED = (401, 403)
LARGE_HEADER_BYTES = 256 * 1024
LARGE_BODY_BYTES = 64 * 2**20
ANSWER_S = 10.0
BURST = 300
LEAKS = re.compile(
    r'Traceback \(most recent call last\)|File "[^"]+", line \d+|site-packages|sqlite3?\.\w*Error|psycopg|'
    r"(?:^|[\s\"'(])/(?:home|root|usr/lib|opt|var)/\S+"
)
Answered = tuple[Outcome, str]


def authentication(probe: Probe) -> Answered:
    """Whether requests without a key, or with a wrong one, are answered."""
    for key, who in (("", "without a key"), ("wrong-key-000000", "with a wrong key")):
        status = probe.chat(key).status_code
        if status < httpx.codes.BAD_REQUEST:
            return "weak", f"a chat {who} is answered (HTTP {status})"
        if status not in REFUSED:
            return "not_checked", f"a chat {who} is answered with HTTP {status}, which shows nothing about keys"
    return "sound", "requests without a key or with a wrong one are refused"


def foreign_sessions(probe: Probe) -> Answered:
    """Whether one caller can read the session of another."""
    if not (probe.key and probe.other_key):
        return "not_checked", "two keys of the service are needed: give key and other_key"
    session = f"scan-{secrets.token_hex(8)}"
    made = probe.send("POST", CHAT, headers={"X-Session-ID": session}, json={
        "messages": [{"role": "user", "content": "Remember the lantern."}], "max_tokens": 1,
    })  # fmt: skip
    own = probe.send("GET", f"/sessions/{session}").status_code
    if made.status_code != httpx.codes.OK or own != httpx.codes.OK:
        return "not_checked", f"no session could be made and read (HTTP {made.status_code}, {own})"
    status = probe.send("GET", f"/sessions/{session}", probe.other_key).status_code
    probe.send("DELETE", f"/sessions/{session}")
    if status < httpx.codes.BAD_REQUEST:
        return "weak", f"another key reads the session (HTTP {status})"
    return "sound", f"another key is answered with HTTP {status}"


def secret_disclosure(probe: Probe) -> Answered:
    """Whether a page of the service shows its key."""
    if not probe.key:
        return "not_checked", "the service's key is needed to look for it: give key"
    paths = ("/config", "/health", "/metrics", "/openapi.json", "/v1/models", "/version")
    shown = [path for path in paths if probe.key in probe.send("GET", path).text]
    if shown:
        return "weak", f"the key is in {', '.join(shown)}"
    return "sound", f"the key is in none of {', '.join(paths)}"


def header_limit(probe: Probe) -> Answered:
    """Whether headers of any size are read."""
    try:
        answer = probe.send("GET", "/v1/models", headers={"X-Large": "x" * LARGE_HEADER_BYTES})
    except (httpx.RemoteProtocolError, httpx.WriteError, httpx.ReadError):
        return "sound", f"the connection is closed on a header of {LARGE_HEADER_BYTES} bytes"
    if answer.status_code in (400, 413, 431):
        return "sound", f"a header of {LARGE_HEADER_BYTES} bytes is refused (HTTP {answer.status_code})"
    if answer.status_code in (*REFUSED, 429):
        return "not_checked", f"answered with HTTP {answer.status_code}: give key"
    return "weak", f"a header of {LARGE_HEADER_BYTES} bytes is read (HTTP {answer.status_code})"


def body_limit(probe: Probe) -> Answered:
    """Whether a body without a stated length is taken without end."""
    taken, status = send_endless(probe, LARGE_BODY_BYTES)
    if status is None and taken >= LARGE_BODY_BYTES:
        return "weak", f"{taken} bytes of a body are taken, and still no answer"
    if status in (*REFUSED, 413, None):
        how = "the connection is closed" if status is None else f"it is refused (HTTP {status})"
        return "sound", f"after {taken} bytes of a body {how}"
    return "weak", f"a body of {taken} bytes is answered with HTTP {status}"


def error_leakage(probe: Probe) -> Answered:
    """Whether an error shows the inside of the service, or a wrong request breaks it."""
    asked: list[tuple[str, Callable[[], httpx.Response]]] = [
        ("broken JSON", lambda: probe.send("POST", CHAT, content=b'{"messages": [', headers=_JSON)),
        ("bytes that are no text", lambda: probe.send("POST", CHAT, content=b"\xff\xfe\x00", headers=_JSON)),
        ("a wrong type", lambda: probe.chat(max_tokens={"a": []})),
        ("deep JSON", lambda: probe.send("POST", CHAT, content=b"[" * 100_000, headers=_JSON)),
        ("an unknown model", lambda: probe.chat(model="../../etc/passwd")),
        ("an unknown path", lambda: probe.send("GET", "/v1/%00/..%2f..%2fetc/passwd")),
        ("a wrong method", lambda: probe.send("PUT", CHAT, json={})),
    ]
    for what, ask in asked:
        answer = ask()
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            return "weak", f"{what} is answered with HTTP {answer.status_code}"
        if leaked := LEAKS.search(answer.text):
            return "weak", f"{what} is answered with {leaked.group().strip()!r} in its text"
    return "sound", f"{len(asked)} wrong requests are refused, and no answer shows the inside"


def software_version(probe: Probe) -> Answered:
    """Whether a header shows the version of the server software."""
    server = probe.send("GET", "/health").headers.get("server", "")
    if re.search(r"\d", server):
        return "weak", f"the header Server says {server!r}"
    return "sound", "no header shows a version of the server software"


def transport(probe: Probe) -> Answered:
    """Whether traffic can be read in transit: no TLS, or TLS older than 1.2."""
    parts = urlsplit(probe.url)
    host, port = parts.hostname or "", parts.port or 443
    if parts.scheme != "https":
        if is_loopback(host):
            return "not_checked", "it speaks HTTP and listens on loopback only, where no one can intercept it"
        return "weak", "it speaks HTTP without TLS beyond this machine"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with warnings.catch_warnings():
        # Python warns of what is asked for here on purpose.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    try:
        with socket.create_connection((host, port), ANSWER_S) as plain, context.wrap_socket(plain) as secured:
            return "weak", f"it agrees to {secured.version()}"
    except ssl.SSLError:
        return "sound", "TLS below 1.2 is refused"


def rate_limit(probe: Probe) -> Answered:
    """Whether one caller may ask as fast as it likes."""
    begin = time.monotonic()
    headers = {"Authorization": f"Bearer {probe.key}"} if probe.key else {}
    with httpx.Client(timeout=ANSWER_S, trust_env=False, verify=False, headers=headers) as client:  # noqa: S501
        for number in range(1, BURST + 1):
            status = client.get(f"{probe.url}/v1/models").status_code
            if status == httpx.codes.TOO_MANY_REQUESTS:
                return "sound", f"request {number} of a burst is refused (HTTP 429)"
            if status in REFUSED:
                return "not_checked", f"answered with HTTP {status}: give key"
    return "weak", f"{BURST} requests in {time.monotonic() - begin:.1f} s are all answered"


CHECKS: dict[str, Callable[[Probe], Answered]] = {
    check.__name__: check
    for check in (
        authentication, foreign_sessions, secret_disclosure, header_limit, body_limit, error_leakage,
        software_version, transport, rate_limit,
    )
}  # fmt: skip
"""In this order: the burst comes last, for it uses up what the others need."""
NEVER = {
    "known_vulnerabilities": "advisories are not checked: run pip-audit on the installed packages",
    "fuzzing": "let schemathesis ask at the service's /openapi.json",
    "model_behaviour": "what a model can be talked into is no property of the service",
    "penetration": "this takes a person",
}
"""Checks that are not made here, and the tools for them."""
_JSON = {"Content-Type": "application/json"}


def look(check: str, probe: Probe) -> Finding:
    """Make one check. A service that cannot be asked was not checked."""
    try:
        outcome, detail = CHECKS[check](probe)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        outcome, detail = "not_checked", f"{probe.url} could not be asked ({type(error).__name__})"
    return Finding(check, outcome, detail)
