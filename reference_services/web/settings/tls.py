"""TLS by the paths of a certificate and its key, checked before anything listens."""

from __future__ import annotations

import ssl
from typing import NoReturn

from signoff.reference_services.web.settings.settings_problems import SettingsError


def check(certificate: str, key: str) -> None:
    """Nothing where TLS is off. Raises SettingsError if certificate and key cannot be used together."""
    if not certificate:
        return

    def ask() -> NoReturn:
        raise ValueError("the key is locked by a passphrase")

    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key or None, ask)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        paths = f"tls_certificate = {certificate!r}, tls_key = {key!r}"
        hint = "both are PEM files, and the key is the certificate's"
        raise SettingsError([f"{paths}: cannot be used: {reason}; {hint}"]) from None
