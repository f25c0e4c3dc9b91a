"""The secrets of this process: registered where they are read, looked up where text is written.

This state is global to the process. An exception, a log line or a file name may contain a key from anywhere, and
its writer knows no deployment. Before the first `remember`, nothing is changed.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from signoff.perf.redaction.redactor import Redactor
from signoff.perf.redaction.secret_forms import SHORTEST

_SECRET_NAME: Final = re.compile(r"auth|key|token|secret|cookie|passw(or)?d|pwd|credential|signature", re.IGNORECASE)
_SECRET_VARIABLE: Final = re.compile(r"(^|_)(API_?KEYS?|KEYS?|TOKENS?|SECRETS?|PASSW(OR)?D|CREDENTIALS?)(_|$)")
_SCHEMES: Final = ("bearer", "basic", "token")


class _Known:
    """The secrets of this process; a single instance."""

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {}
        self.public: list[str] = []
        self.names: set[str] = set()
        self.redactor = Redactor()

    def renew(self) -> None:
        self.redactor = Redactor(self.secrets, self.public, self.names)


_known = _Known()


def remember(secret: str, whose: str = "") -> None:
    """From now on this is removed from all output. `whose` names it for people: a variable, an option."""
    secret = secret.strip()
    if secret and secret not in _known.secrets:
        _known.secrets[secret] = whose
        _known.renew()


def remember_headers(headers: Mapping[str, str]) -> None:
    """The credentials among header fields that are sent: by their names, without the scheme, of Basic the password."""
    for name, value in headers.items():
        if not names_secret(name):
            continue
        scheme, _, rest = value.strip().partition(" ")
        secret = rest.strip() if scheme.lower() in _SCHEMES and rest.strip() else value.strip()
        remember(secret, name)
        if scheme.lower() == "basic":
            try:
                user_and_password = base64.b64decode(secret, validate=True).decode("utf-8")
            except (binascii.Error, ValueError):
                continue
            remember(user_and_password.partition(":")[2], name)


def remember_url(url: str, whose: str = "URL") -> None:
    """The password in a URL, and what its query calls a key."""
    try:
        parts = urlsplit(url)
        password = parts.password or ""
    except ValueError:
        return
    remember(password, whose)
    remember(unquote(password), whose)
    for name, value in parse_qsl(parts.query):
        if names_secret(name):
            remember(value, whose)


def spare(public: Iterable[str], names: Iterable[str] = ()) -> None:
    """Public texts, such as the documents of a run: a part of a key that they contain is not secret.

    A secret that is one of the `names`, such as that of a service, is as weak as a plain word.
    """
    _known.names.update(name.lower() for name in names if name)
    _known.public += [text for text in (*public, *_known.names) if text and text not in _known.public]
    _known.renew()


def names_secret(name: str) -> bool:
    """Whether a header field or a parameter of this name holds a credential."""
    return _SECRET_NAME.search(name) is not None


def redacted(text: str) -> str:
    """The text without the known secrets."""
    return _known.redactor.text(text)


def redacted_value(value: Any) -> Any:
    """Plain JSON without the known secrets."""
    return _known.redactor.value(value)


def counted(value: Any) -> tuple[Any, int]:
    """Plain JSON without the known secrets, and the number of removed ones."""
    return _known.redactor.counted(value)


def redacted_pieces(texts: list[str]) -> list[str]:
    """A sequence of texts without secrets, including secrets that span several of them."""
    return _known.redactor.pieces(texts)


def environment(*, bare: bool = False) -> dict[str, str]:
    """This process's environment for a child: variables that hold a known secret are left out.

    With `bare` those that are named as secrets are, too, such as the token of a model registry: for a child that
    starts no service.
    """
    named, weak = set(_known.secrets.values()), _known.redactor.weak
    strong = [secret for secret in _known.secrets if secret not in weak]
    return {
        name: value
        for name, value in os.environ.items()
        if name not in named
        and not any(secret in value for secret in strong)
        and not (bare and _SECRET_VARIABLE.search(name))
    }


def warnings() -> list[str]:
    """Warnings about secrets that are too short, or too common, to be removed everywhere."""
    return [
        f"the secret of {whose or 'this run'} has less than {SHORTEST} characters, or is a plain word or a name: it "
        'is removed from output only after words such as "Bearer" or "key:"; use a longer one'
        for secret, whose in _known.secrets.items()
        if secret in _known.redactor.weak
    ]


def forget() -> None:
    """Forget all secrets; for tests, which share a process."""
    _known.__init__()  # type: ignore[misc]
