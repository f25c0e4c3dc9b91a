"""The URL of a store: which kind it is, and how it is shown."""

from __future__ import annotations

from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

SQLITE, REDIS, POSTGRESQL = ("sqlite",), ("redis", "rediss"), ("postgresql", "postgres")
_PASSWORDS = ("password", "sslpassword")
HIDDEN = "***"


def checked_url(value: str) -> str:
    """The URL. Raises ValueError if no store can be meant by it, and never says a password."""
    if not value:
        return value
    parts = _split(value)
    if parts.scheme in SQLITE:
        if parts.netloc or parts.path in ("", "/") or parts.query or parts.fragment:
            raise ValueError("a file: sqlite:///relative/path, or sqlite:////absolute/path")
    elif parts.scheme in REDIS:
        if not parts.hostname or (not parts.path.strip("/").isdecimal() and parts.path not in ("", "/")):
            raise ValueError("a host, and the number of a database")
    elif parts.scheme not in POSTGRESQL:
        raise ValueError("a kind of store that is not known")
    return value


def kind_of(url: str) -> str:
    """`sqlite`, even if no URL is given, `redis` or `postgresql`."""
    scheme = urlsplit(url).scheme
    return "redis" if scheme in REDIS else "postgresql" if scheme in POSTGRESQL else "sqlite"


def passwords(url: str) -> list[str]:
    """The secrets in a URL, as they are written there and as they are meant."""
    if not url:
        return []
    parts = urlsplit(url)
    found = [secret for name, secret in parse_qsl(parts.query) if name in _PASSWORDS]
    if parts.password:
        found += [parts.password, unquote(parts.password)]
    return [secret for secret in dict.fromkeys(found) if secret]


def without_password(url: str) -> str:
    """The URL as it may be shown."""
    if not passwords(url):
        return url
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    name, colon, _ = user.partition(":")
    netloc = f"{name}:{HIDDEN}@{host}" if colon else parts.netloc
    query = [(name, HIDDEN if name in _PASSWORDS else value) for name, value in parse_qsl(parts.query)]
    return parts._replace(netloc=netloc, query=urlencode(query, quote_via=quote, safe=HIDDEN)).geturl()


def file_of(url: str) -> str:
    """The path that a URL of SQLite names: three slashes for a relative one, four for an absolute one."""
    return unquote(urlsplit(url).path.removeprefix("/"))


def _split(value: str) -> SplitResult:
    parts = urlsplit(value)
    parts.port  # noqa: B018 - raises ValueError where it is no number
    return parts
