"""Downloads one file, only if it was requested by URL and SHA-256."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx

MOST_REDIRECTS = 5
CHUNK_BYTES = 2**20
TIMEOUT_S = 60.0
REDIRECTS = (301, 302, 303, 307, 308)
OK = 200

MakeClient = Callable[[], httpx.Client]


class DownloadError(Exception):
    """Why nothing was kept; the message says it in one line."""


def client() -> httpx.Client:
    """A client that checks certificates, uses no proxy of the environment and follows nothing by itself."""
    return httpx.Client(timeout=TIMEOUT_S, trust_env=False, follow_redirects=False)


def fetch(url: str, path: Path, sha256: str, most_bytes: int, make_client: MakeClient = client) -> int:
    """Download a URL to a path; gives the number of bytes. Raises DownloadError and keeps nothing then.

    Only https, even if a server redirects. The file appears under its name when its SHA-256 is right.
    """
    part = path.with_name(path.name + ".part")
    try:
        with make_client() as session, part.open("wb") as file:
            digest, size = hashlib.sha256(), 0
            with _opened(session, url) as response:
                for chunk in response.iter_bytes(CHUNK_BYTES):
                    size += len(chunk)
                    if size > most_bytes:
                        raise DownloadError(f"{url} gives more than {most_bytes} bytes, the most that are taken")
                    digest.update(chunk)
                    file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        if digest.hexdigest() != sha256.lower():
            raise DownloadError(f"{url} has the SHA-256 {digest.hexdigest()}, not {sha256.lower()}: nothing is kept")
        part.replace(path)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise DownloadError(f"{url} cannot be fetched: {type(error).__name__}: {error}") from None
    except OSError as error:
        raise DownloadError(f"{part} cannot be written: {error.strerror or error}") from None
    finally:
        part.unlink(missing_ok=True)
    return size


@contextmanager
def _opened(session: httpx.Client, url: str) -> Iterator[httpx.Response]:
    """The answer behind a URL and its redirects."""
    for _ in range(MOST_REDIRECTS + 1):
        require_https(url)
        with session.stream("GET", url) as response:
            if response.status_code == OK:
                yield response
                return
            if response.status_code not in REDIRECTS or "location" not in response.headers:
                raise DownloadError(f"{url} gives {response.status_code}")
            url = urljoin(url, response.headers["location"])
    raise DownloadError(f"more than {MOST_REDIRECTS} redirects, the last to {url}")


def require_https(url: str) -> None:
    """Raises DownloadError for a URL without https, or with a password that would end up in a log."""
    try:
        parts = urlsplit(url)
        is_sound = parts.scheme == "https" and bool(parts.hostname) and not parts.password and not parts.username
    except ValueError:
        is_sound = False
    if not is_sound:
        raise DownloadError(f"{url!r} is not an https URL without name and password: nothing is fetched from it")
