"""A Qdrant server: VECTOR_DB_HOST, VECTOR_DB_PORT, VECTOR_DB_API_KEY."""

from __future__ import annotations

import httpx

from signoff.reference_services.connectors.connection import Connection, failed, given, worked

TIMEOUT_S = 5


class QdrantClient:
    """Where the server is: arguments, then the environment, then Qdrant's usual values."""

    def __init__(
        self,
        host: str | None = None,
        port: int | str | None = None,
        api_key: str | None = None,
        https: bool = False,
    ) -> None:
        self.host = given(host, "VECTOR_DB_HOST", "127.0.0.1")
        self.port = given(port, "VECTOR_DB_PORT", "6333")
        self.https = https
        self._api_key = given(api_key, "VECTOR_DB_API_KEY")

    def __repr__(self) -> str:
        return f"QdrantClient({self.address})"

    @property
    def address(self) -> str:
        """Where the server is."""
        return f"{'https' if self.https else 'http'}://{self.host}:{self.port}"

    def test_connection(self) -> Connection:
        """Ask for the version, then for the collections, which needs the key where there is one. Never raises."""
        headers = {"api-key": self._api_key} if self._api_key else {}
        try:
            with httpx.Client(base_url=self.address, headers=headers, timeout=TIMEOUT_S, trust_env=False) as client:
                answer = client.get("/").raise_for_status().json()
                client.get("/collections").raise_for_status()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            return failed(self.address, error, [self._api_key])
        if not isinstance(answer, dict) or "qdrant" not in str(answer.get("title", "")).lower():
            return failed(self.address, "what answers there is no Qdrant", ())
        return worked(self.address, f"Qdrant {answer.get('version', '')}")
