"""Headers to a replica and back to a client: end-to-end ones, and those that the gateway sets."""

from __future__ import annotations

from collections.abc import Iterable

Headers = list[tuple[bytes, bytes]]
HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""RFC 9110, section 7.6.1; with these goes whatever `Connection` names."""
_OWN_TO_REPLICA = frozenset(
    {
        b"host",
        b"content-length",
        b"expect",
        b"x-request-id",
        b"x-priority",
        # What tells a replica who calls is said by the gateway alone: a client could write anything there.
        b"forwarded",
        b"x-real-ip",
        b"x-client-ip",
        b"x-cluster-client-ip",
        b"true-client-ip",
        b"cf-connecting-ip",
        # The gateway has judged which web page asks; a replica would compare it with a host that is not the page's.
        b"origin",
    }
)
_OWN_TO_REPLICA_BEGIN = (b"x-forwarded-", b"sec-fetch-")
_OWN_TO_CLIENT = frozenset({b"date", b"server", b"x-served-by", b"x-request-id", b"x-degraded", b"x-fallback"})
_OWN_TO_CLIENT_BEGIN = b"access-control-"
"""Which web pages may read an answer is said by the gateway, which they ask."""


def to_replica(raw: Headers, client: tuple[str, int] | None, request_id: str, left_out: Iterable[str] = ()) -> Headers:
    """The headers of a request for a replica; `Authorization` is among them, and goes nowhere else."""
    not_sent = _OWN_TO_REPLICA | {name.lower().encode("ascii") for name in left_out}
    kept = [
        (name, value)
        for name, value in end_to_end(raw)
        # Some servers take an underscore for a hyphen.
        if (hyphened := name.replace(b"_", b"-")) not in not_sent and not hyphened.startswith(_OWN_TO_REPLICA_BEGIN)
    ]
    if client is not None:
        kept.append((b"x-forwarded-for", client[0].encode("ascii", "replace")))
    return [*kept, (b"x-request-id", request_id.encode("ascii"))]


def to_client(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    """The headers of an answer, without those that the gateway gives itself."""
    return [
        (name, value)
        for name, value in end_to_end(list(raw))
        if name not in _OWN_TO_CLIENT and not name.startswith(_OWN_TO_CLIENT_BEGIN)
    ]


def end_to_end(raw: Headers) -> Headers:
    """All but those that are about one connection; names in lower case."""
    named = {
        token.strip().lower() for name, value in raw if name.lower() == b"connection" for token in value.split(b",")
    }
    return [(name.lower(), value) for name, value in raw if name.lower() not in HOP_BY_HOP | named]
