"""PostgreSQL, at the path that the task template names."""

from reference_services.connectors.postgresql import PostgreSQLConnector

__all__ = ["PostgreSQLConnector"]
