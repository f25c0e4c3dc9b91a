"""PostgreSQL, at the path that the task template names."""

from signoff.reference_services.connectors.postgresql import PostgreSQLConnector

__all__ = ["PostgreSQLConnector"]
