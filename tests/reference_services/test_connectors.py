"""The connectors of the task template, at its import paths, against real servers; Qdrant is played by two answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from signoff.reference_services.connectors.postgresql import PostgreSQLConnector
from signoff.reference_services.connectors.qdrant import QdrantClient
from signoff.reference_services.connectors.redis_cache import RedisConnector
from tests.reference_services.chat.stores.store_servers import HOST, PASSWORD, free_port
from tests.reference_services.test_import_paths import IMPORT_PATHS, ROOT

WRONG = "wrong-word"
INTEGRATION = "hxp_enterprise_llm.services.integration"


class Answers(BaseHTTPRequestHandler):
    """What a Qdrant server with an API key answers to the two questions of the test."""

    key = "sk-willow"

    def do_GET(self) -> None:
        is_allowed = self.path == "/" or self.headers.get("api-key") == self.key
        body = {"title": "qdrant - vector search engine", "version": "1.15.0"} if self.path == "/" else {"result": {}}
        self.send_response(200 if is_allowed else 401)
        self.end_headers()
        self.wfile.write(json.dumps(body if is_allowed else {"status": {"error": "forbidden"}}).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def qdrant() -> Iterator[int]:
    server = HTTPServer((HOST, 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def printed(module: str, name: str, **variables: str) -> str:
    """What the template's command prints."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", f"from {module} import {name}\nconn = {name}()\nprint(conn.test_connection())"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (IMPORT_PATHS, ROOT / "src"))), **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def test_the_commands_of_the_template_say_that_the_connection_works(store_servers, qdrant: int) -> None:
    postgresql, redis = store_servers("postgresql"), store_servers("redis")
    output = printed(
        f"{INTEGRATION}.database.postgresql",
        "PostgreSQLConnector",
        DATABASE_HOST=HOST,
        DATABASE_PORT=str(postgresql.port),
        DATABASE_USER="keeper",
        DATABASE_PASSWORD=PASSWORD,
    )
    assert output.startswith("Connection successful: PostgreSQL 1")
    output = printed(
        f"{INTEGRATION}.database.redis",
        "RedisConnector",
        CACHE_HOST=HOST,
        CACHE_PORT=str(redis.port),
        CACHE_PASSWORD=PASSWORD,
    )
    assert output.startswith("Connection successful: Redis ")
    output = printed(
        f"{INTEGRATION}.vector_database.qdrant_client",
        "QdrantClient",
        VECTOR_DB_HOST=HOST,
        VECTOR_DB_PORT=str(qdrant),
        VECTOR_DB_API_KEY=Answers.key,
    )
    assert output == f"Connection successful: Qdrant 1.15.0 at http://{HOST}:{qdrant}"


@pytest.mark.parametrize("kind", ["postgresql", "redis"])
def test_a_wrong_password_is_told_without_it(kind: str, store_servers) -> None:
    server = store_servers(kind)
    connector = (
        PostgreSQLConnector(HOST, server.port, user="keeper", password=WRONG)
        if kind == "postgresql"
        else RedisConnector(HOST, server.port, password=WRONG)
    )
    found = connector.test_connection()
    assert not found
    assert str(found).startswith(f"Connection failed: {connector.address}: ")
    assert "password" in str(found)
    assert WRONG not in f"{found!r} {found} {connector!r}"


def test_a_wrong_key_and_what_is_no_qdrant_are_told(qdrant: int, store_servers) -> None:
    found = QdrantClient(HOST, qdrant, api_key="sk-wrong").test_connection()
    assert not found
    assert "401" in str(found)
    assert "sk-wrong" not in f"{found!r}"


@pytest.mark.parametrize("kind", [PostgreSQLConnector, RedisConnector, QdrantClient])
def test_a_server_that_is_away_is_told_and_nothing_is_raised(kind) -> None:
    assert not kind(HOST, free_port()).test_connection()
    assert not kind("no-such-host.invalid", 1).test_connection()
    assert not kind(HOST, "no port").test_connection()
