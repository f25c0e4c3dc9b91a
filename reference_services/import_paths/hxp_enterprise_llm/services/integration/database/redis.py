"""Redis, beside the connectors that the task template names."""

from signoff.reference_services.connectors.redis_cache import RedisConnector

__all__ = ["RedisConnector"]
