"""The store that the settings name; the driver of a server is imported only if one is named."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from signoff.reference_services.chat import LOGGER
from signoff.reference_services.chat.settings.settings import ChatSettings
from signoff.reference_services.chat.settings.store_url import file_of, kind_of, passwords
from signoff.reference_services.chat.stores.sqlite_store import SqliteStore
from signoff.reference_services.chat.stores.store import Store, StoreError
from signoff.reference_services.web.settings import logs

log = logging.getLogger(LOGGER)


def open_store(settings: ChatSettings, database: Path, on_commit: Callable[[float, int], None] | None = None) -> Store:
    """The store, ready for use; `database` is the file where the settings name no other. Raises StoreError."""
    logs.hide(passwords(settings.store))
    kind = kind_of(settings.store)
    if kind == "sqlite":
        return SqliteStore(Path(file_of(settings.store)) if settings.store else database, on_commit)
    store = _server(kind, settings.store, settings.preset.name, on_commit)
    for warning in store.warnings:
        log.warning("the store promises less", extra={"fields": {"store": store.address, "reason": warning}})
    return store


def _server(kind: str, url: str, service: str, on_commit: Callable[[float, int], None] | None) -> Store:
    try:
        if kind == "redis":
            from signoff.reference_services.chat.stores.redis_store import RedisStore

            return RedisStore(url, service, on_commit)
        from signoff.reference_services.chat.stores.postgresql_store import PostgresqlStore

        return PostgresqlStore(url, service, on_commit)
    except ImportError as error:
        raise StoreError(f'{kind}: {error.name} is needed: pip install "signoff[{kind}]"') from None
