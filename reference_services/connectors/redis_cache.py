"""A Redis server: CACHE_HOST, CACHE_PORT, CACHE_DB, CACHE_USER and CACHE_PASSWORD."""

from __future__ import annotations

from signoff.reference_services.connectors.connection import Connection, failed, given, worked

TIMEOUT_S = 5


class RedisConnector:
    """Where the server is: arguments, then the environment, then Redis' usual values."""

    def __init__(
        self,
        host: str | None = None,
        port: int | str | None = None,
        database: int | str | None = None,
        user: str | None = None,
        password: str | None = None,
    ) -> None:
        self.host = given(host, "CACHE_HOST", "127.0.0.1")
        self.port = given(port, "CACHE_PORT", "6379")
        self.database = given(database, "CACHE_DB", "0")
        self.user = given(user, "CACHE_USER")
        self._password = given(password, "CACHE_PASSWORD")

    def __repr__(self) -> str:
        return f"RedisConnector({self.address})"

    @property
    def address(self) -> str:
        """Where the server is, without the password."""
        return f"redis://{self.user + '@' if self.user else ''}{self.host}:{self.port}/{self.database}"

    def test_connection(self) -> Connection:
        """Log in and ask for the version. Never raises for a server that is away or refuses."""
        try:
            import redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry
        except ImportError:
            return failed(self.address, 'redis is needed: pip install "signoff[redis]"', ())
        try:
            with redis.Redis(
                host=self.host,
                port=int(self.port),
                db=int(self.database),
                username=self.user or None,
                password=self._password or None,
                socket_connect_timeout=TIMEOUT_S,
                socket_timeout=TIMEOUT_S,
                retry=Retry(NoBackoff(), 0),
            ) as client:
                version = client.info("server")["redis_version"]
        except (redis.RedisError, OSError, ValueError) as error:
            return failed(self.address, error, [self._password])
        return worked(self.address, f"Redis {version}")
