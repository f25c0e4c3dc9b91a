"""A PostgreSQL server: DATABASE_HOST, DATABASE_PORT, DATABASE_NAME, DATABASE_USER and DATABASE_PASSWORD."""

from __future__ import annotations

from signoff.reference_services.connectors.connection import Connection, failed, given, worked

TIMEOUT_S = 5


class PostgreSQLConnector:
    """Where the server is: arguments, then the environment, then PostgreSQL's usual values.

    Without a password libpq looks into PGPASSWORD and ~/.pgpass, as psql does.
    """

    def __init__(
        self,
        host: str | None = None,
        port: int | str | None = None,
        database: str | None = None,
        user: str | None = None,
        password: str | None = None,
    ) -> None:
        self.host = given(host, "DATABASE_HOST", "127.0.0.1")
        self.port = given(port, "DATABASE_PORT", "5432")
        self.database = given(database, "DATABASE_NAME", "postgres")
        self.user = given(user, "DATABASE_USER", "postgres")
        self._password = given(password, "DATABASE_PASSWORD")

    def __repr__(self) -> str:
        return f"PostgreSQLConnector({self.address})"

    @property
    def address(self) -> str:
        """Where the server is, without the password."""
        return f"postgresql://{self.user}@{self.host}:{self.port}/{self.database}"

    def test_connection(self) -> Connection:
        """Log in and ask for the version. Never raises for a server that is away or refuses."""
        try:
            import psycopg
        except ImportError:
            return failed(self.address, 'psycopg is needed: pip install "signoff[postgresql]"', ())
        try:
            with psycopg.connect(
                host=self.host,
                port=self.port,
                dbname=self.database,
                user=self.user,
                password=self._password or None,
                connect_timeout=TIMEOUT_S,
            ) as connection:
                row = connection.execute("SHOW server_version").fetchone()
        except (psycopg.Error, ValueError) as error:
            return failed(self.address, error, [self._password])
        return worked(self.address, f"PostgreSQL {row[0] if row else ''}")
