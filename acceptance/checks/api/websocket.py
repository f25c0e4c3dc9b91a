"""A WebSocket carries a prompt to the model, and the answer back in several messages with an end."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from signoff.acceptance.checks.api.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.errors import NotMeasurable
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring import generation, role, streamed
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.site import LONGEST_KEY, Recorder, Site
from signoff.acceptance.verdict import Verdict
from signoff.perf.client import server_json
from signoff.perf.client.request_url import as_http, as_websocket
from signoff.perf.redaction import known_secrets
from signoff.perf.redaction.redactor import MARK

ROLE, PATH = "websocket", "/v1/chat/stream"
OPEN_S, LONGEST_S = 10.0, 30.0
MOST_MESSAGES, MOST_CHARACTERS, MOST_BYTES = 2000, 1000, 1_000_000
TOKENS = 32
UNKNOWN_PATH = (403, 404)
"""What servers answer to a handshake at a path that they do not have."""
NORMAL = (1000, 1001)
END_TYPES = {"done", "end", "complete", "completed", "finish", "finished", "stop", "message_stop", "response.completed"}


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Open the socket, send one chat request in OpenAI's format, and read until the end of the answer.

    The address is `[addresses] websocket`, else /v1/chat/stream of the target. The key goes to the target's own origin.
    """
    url, named = site.deployment.role_url(ROLE, PATH)
    if not url.startswith(("http://", "https://", "ws://", "wss://")):
        raise NotMeasurable(f"the deployment gives {url} for the {ROLE}, which is no URL", role.hint(ROLE))
    http_url = as_http(url)
    site.deployment.refuse_foreign(http_url)
    prompt = generation.chat_body(site, "Describe a lighthouse in three sentences.", TOKENS, stream=True)

    def take(recorder: Recorder) -> None:
        site.still_waits("GET", http_url)
        begin_s, began_s = time.perf_counter(), time.monotonic()

        def handshake(status: int | None, error: str) -> None:
            if status in UNKNOWN_PATH and not named:
                raise NotMeasurable(
                    f"a WebSocket handshake at {url} gives {status}, and the deployment names no other address",
                    f'add {ROLE} = "ws://HOST:PORT/PATH" under [addresses] of the deployment file',
                )
            if status in (401, 403) and not site.deployment.headers(http_url):
                raise NotMeasurable(
                    f"a WebSocket handshake at {url} gives {status}: it wants a key, and there is none for it",
                    "name the variable that holds the key, and let the socket be at the target's own origin",
                )
            recorder.write("handshake", {"url": url, "status": status, "error": error[:MOST_CHARACTERS]})

        try:
            with _connected(http_url, site.deployment.headers(http_url)) as opened:
                handshake(101, "")
                opened.send(text := json.dumps(prompt))
                recorder.write("sent", {"text": text})
                _receive(recorder, opened, begin_s)
        except InvalidStatus as error:
            handshake(error.response.status_code, "no upgrade")
        except (WebSocketException, OSError, TimeoutError, ValueError) as error:
            site.patience.ended("GET", http_url, began_s, timed_out=isinstance(error, TimeoutError))
            handshake(None, f"{type(error).__name__}: {error}")

    return site.measured("websocket", take)


def _connected(http_url: str, headers: Mapping[str, str]) -> ClientConnection:
    """An open socket, on a connection of our own: no proxy is used and no redirect is followed."""
    place = urlsplit(http_url)
    port = place.port or (443 if place.scheme == "https" else 80)
    try:
        return connect(
            as_websocket(http_url),
            sock=socket.create_connection((place.hostname, port), timeout=OPEN_S),
            additional_headers=headers,
            open_timeout=OPEN_S,
            close_timeout=1,
            max_size=MOST_BYTES,
            compression=None,
        )
    except AssertionError:
        # The library's two threads can meet at the end of a handshake that it refuses (a head without end).
        raise WebSocketException("the opening handshake broke off") from None


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if the text arrived in several messages, followed by an end event or an orderly close."""
    opened = list(evidence.of("handshake"))
    if opened[0]["status"] != 101:
        return Verdict("fail", f"the handshake at {opened[0]['url']} gives {opened[0]['status'] or opened[0]['error']}")
    messages = list(evidence.of("message"))
    if error := next((text for record in messages if (text := _error(record["text"]))), ""):
        return Verdict("fail", f"a prompt as the chat endpoint takes it gets an error: {error}")
    texts = [text for record in messages if not record.get("noise") and (text := _text(record["text"]))]
    sent = next(evidence.of("sent"), {"text": ""})["text"]
    closed = next(evidence.of("closed"), None)
    has_end = any(_is_end(record["text"]) for record in messages)
    came = f"{len(texts)} messages with {sum(map(len, texts))} characters of text"
    if not texts:
        return Verdict(
            "fail", f"{len(messages)} messages came in answer to a prompt, and none holds text{_why(closed)}"
        )
    whole = "".join(texts)
    if not any(sign.isprintable() and not sign.isspace() for sign in whole):
        return Verdict("fail", f"{came}, of which none can be seen")
    if whole in sent:
        return Verdict("fail", f"{came}: the prompt, as it was sent")
    if not has_end and (closed is None or closed["code"] not in NORMAL):
        return Verdict("fail", f"{came}, and no end{_why(closed) or f' within {LONGEST_S:g} s'}")
    if len(texts) < 2:
        return Verdict("fail", f"the whole answer of {len(texts[0])} characters came in one message")
    end = (
        "the last says that it is the end"
        if has_end
        else f"then the socket closed with {closed['code'] if closed else ''}"
    )
    return Verdict("pass", f"{came} within {messages[-1]['ms']:.0f} ms; {end}")


def _receive(recorder: Recorder, opened: ClientConnection, begin_s: float) -> None:
    deadline_s = time.monotonic() + LONGEST_S
    messages: list[tuple[float, str]] = []
    noise: set[int] = set()
    closed: ConnectionClosed | None = None
    try:
        for number in range(MOST_MESSAGES):
            message = opened.recv(timeout=max(0.0, deadline_s - time.monotonic()))
            text = message if isinstance(message, str) else message.decode("utf-8", errors="replace")
            if isinstance(message, bytes) and text.encode() != message:
                noise.add(number)
            begun = text[: MOST_CHARACTERS + LONGEST_KEY]  # a key that lies across the cut is still whole
            messages.append((round((time.perf_counter() - begin_s) * 1e3, 3), begun))
            if _is_end(text):
                break
    except TimeoutError:
        pass
    except ConnectionClosed as error:
        closed = error
    finally:
        # Together: a key may lie in pieces over several messages.
        texts = known_secrets.redacted_pieces([text for _, text in messages])
        for number, ((ms, came), text) in enumerate(zip(messages, texts, strict=True)):
            marks: dict[str, Any] = {} if text == came else {"redacted": text.count(MARK)}
            if number in noise:
                marks["noise"] = True  # bytes that are no text
            recorder.write("message", {"ms": ms, "text": text[:MOST_CHARACTERS], **marks})
    if closed is not None:
        received = closed.rcvd
        recorder.write("closed", {"code": received.code if received else None, "reason": str(closed)[:MOST_CHARACTERS]})


def _object(text: str) -> Mapping[str, Any]:
    found = server_json.found(text.removeprefix("data:"))
    return found if isinstance(found, Mapping) else {}


def _text(message: str) -> str:
    """The piece of the answer that a message holds; a message that is no JSON is text itself."""
    if streamed.DONE in message:
        return ""
    chunk = _object(message)
    if not chunk:
        return "" if message.lstrip()[:1] in ("{", "[") else message
    one = streamed.choice(chunk)
    for holder in (one.get("delta"), one.get("message"), one, chunk, chunk.get("data")):
        if isinstance(holder, Mapping):
            for key in ("content", "text", "token", "delta", "chunk"):
                if isinstance(holder.get(key), str) and holder[key]:
                    return str(holder[key])
    return ""


def _is_end(message: str) -> bool:
    chunk = _object(message)
    return bool(
        message.removeprefix("data:").strip() == streamed.DONE
        or streamed.choice(chunk).get("finish_reason")
        or chunk.get("finish_reason")
        or any(chunk.get(key) is True for key in ("done", "finished", "is_final", "final"))
        or any(str(chunk.get(key, "")).lower() in END_TYPES for key in ("type", "event", "status"))
    )


def _error(message: str) -> str:
    chunk = _object(message)
    said = chunk.get("error") or (chunk if str(chunk.get("type", "")).lower() == "error" else None)
    return str(said)[:200] if said else ""


def _why(closed: Mapping[str, Any] | None) -> str:
    return "" if closed is None else f"; the socket closed: {closed['reason']}"


CHECK = Check(KINDS["websocket"], measure, judge, seconds=2)
