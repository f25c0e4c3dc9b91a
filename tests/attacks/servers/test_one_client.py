"""Signoff reads what a server sends in one place: nothing goes round the bounds of the client."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = ("acceptance", "coherence", "perf", "reports")
CLIENTS = {"httpx", "requests", "aiohttp", "urllib3", "urllib.request", "http.client", "telnetlib", "ftplib", "smtplib"}
SOCKETS = {
    "acceptance/checks/estate/port.py": "connects and reads nothing",
    "acceptance/checks/performance/load_time.py": "binds, to find a free port",
    "acceptance/checks/api/websocket.py": "gives the websockets library, which has bounds, a connected socket",
    "acceptance/services/service.py": "binds, to see whether a port is free",
    "acceptance/measuring/stopped.py": "connects and reads nothing",
    "perf/client/connection.py": "the client's own",
    "perf/client/endpoint.py": "resolves names",
    "perf/distributed/joining.py": "between Signoff's own machines",
    "perf/processes/process_tree.py": "names of constants",
    "perf/client/receiving.py": "the client's own",
    "perf/client/receive_stamps.py": "the client's own",
}
OF_SERVERS = (
    "acceptance/measuring/streamed.py",
    "acceptance/measuring/generation.py",
    "acceptance/checks/api/websocket.py",
    "acceptance/commands/loading/load.py",
    "coherence/sender.py",
    "coherence/session_endpoints.py",
    "perf/server_side/scrape.py",
)
"""Modules that have JSON of servers in their hands."""


@cache
def modules() -> tuple[tuple[str, ast.Module], ...]:
    files = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    return tuple((str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))) for path in files)


def imports(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_no_module_has_a_client_of_its_own():
    assert {path: found for path, tree in modules() if (found := imports(tree) & CLIENTS)} == {}


def test_who_opens_sockets_is_known():
    assert {path for path, tree in modules() if "socket" in imports(tree)} == set(SOCKETS)


def test_only_one_check_speaks_websocket():
    speaking = {path for path, tree in modules() if any(each.startswith("websockets") for each in imports(tree))}
    assert speaking == {"acceptance/checks/api/websocket.py"}


def test_no_asyncio_stream_is_opened():
    opened = {
        path
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in {"open_connection", "create_connection"}
    }
    assert opened <= set(SOCKETS)


@pytest.mark.parametrize("path", OF_SERVERS)
def test_json_of_a_server_is_read_with_bounds(path):
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    calls = [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert "json.loads" not in calls
