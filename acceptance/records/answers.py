"""Records of requests and their answers."""

# Annotations are no texts here: `NotRequired` would not be seen in one.

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired

from signoff.acceptance.records.envelope import Envelope


class Answer(Envelope):
    """A request and its answer; without one `status` is null, and `error` says why."""

    method: str
    url: str
    assumption: str
    body: Any
    status: int | None
    error: str
    headers: Mapping[str, str]
    text: str
    content_type: NotRequired[str]
    json: NotRequired[Any]
    raw: NotRequired[str]
    named: NotRequired[bool]
    what: NotRequired[str]
    asked: NotRequired[str]
    endpoint: NotRequired[str]
    field: NotRequired[str]
    form: NotRequired[str]
    model: NotRequired[str | None]
    service: NotRequired[str]
    seconds: NotRequired[float]
    waited_s: NotRequired[float]
    words: NotRequired[int]


class Stream(Answer):
    """An answer that came in events, each with its time in ms since the send; `left` where the client left midway."""

    ended_ms: float
    events: Sequence[tuple[float, str]]
    rest: str
    left: bool


class Unlisted(Envelope):
    """A service of which a gateway lists no model, so that nothing was asked of it."""

    service: str
    model: None


class Served(Envelope):
    """The name of the model that the server lists, null where it lists none."""

    model: str | None


class Look(Envelope):
    """Health and a completion, before or after requests that are meant to fail."""

    health: Mapping[str, Any]
    completion: Mapping[str, Any]


class LongPrompt(Envelope):
    """A prompt of a number of words, and whether the server took it."""

    url: str
    status: int | None
    error: str
    prompt_tokens: int | None
    words: int


class Handshake(Envelope):
    """A WebSocket that was asked for."""

    url: str
    status: int | None
    error: str


class Message(Envelope):
    """A message that came over a WebSocket, and when."""

    ms: float
    text: str


class Closed(Envelope):
    """How a WebSocket was closed."""

    code: int | None
    reason: str


class Connection(Envelope):
    """A port that was tried."""

    host: str
    port: int
    asked: int
    assumption: str
    error: str
