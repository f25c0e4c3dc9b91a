"""Redis and PostgreSQL servers of a test's own: on free ports, in folders of their own, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

HOST = "127.0.0.1"
PASSWORD = "willow/0417 é"  # noqa: S105 - the password of a server that lives as long as a test
START_TIMEOUT_S = 30


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind((HOST, 0))
        return int(sock.getsockname()[1])


class Server:
    """A server that can be stopped and started again with what it keeps."""

    kind: str
    quoted_password = "willow%2F0417%20%C3%A9"  # noqa: S105

    def __init__(self) -> None:
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix=f"signoff-{self.kind}-"))
        self.process: subprocess.Popen[bytes] | None = None
        try:
            self.prepare()
            self.start()
        except BaseException:
            self.remove()
            raise

    def prepare(self) -> None:
        """What is done once."""

    def command(self) -> list[str]:
        raise NotImplementedError

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder
        )
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self.answers():
            assert self.process.poll() is None, f"{self.kind} ended with {self.process.returncode}"
            assert time.monotonic() < deadline, f"{self.kind} did not start"
            time.sleep(0.02)

    def answers(self) -> bool:
        raise NotImplementedError

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self) -> None:
        if self.process is not None:
            if self.process.poll() is None:
                self.process.send_signal(signal.SIGINT)
            self.process.wait(30)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class RedisServer(Server):
    kind = "redis"
    settings: tuple[str, ...] = ("--appendonly", "yes", "--appendfsync", "always")

    def url(self, password: str = Server.quoted_password) -> str:
        return f"redis://:{password}@{HOST}:{self.port}/0"

    def command(self) -> list[str]:
        return [
            "redis-server",
            "--bind",
            HOST,
            "--port",
            str(self.port),
            "--dir",
            str(self.folder),
            "--save",
            "",
            "--requirepass",
            PASSWORD,
            *self.settings,
        ]

    def answers(self) -> bool:
        import redis

        try:
            with redis.Redis.from_url(self.url(), retry=None) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False


class PostgresqlServer(Server):
    kind = "postgresql"
    programs: Path

    def url(self, password: str = Server.quoted_password) -> str:
        return f"postgresql://keeper:{password}@{HOST}:{self.port}/postgres"

    def prepare(self) -> None:
        secret = self.folder / "password"
        secret.write_text(PASSWORD, encoding="utf-8")
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            for path in (self.folder, secret):
                os.chown(path, user.pw_uid, user.pw_gid)
        self.run(
            str(self.programs / "initdb"),
            "--no-sync",
            "-U",
            "keeper",
            "-A",
            "scram-sha-256",
            "-E",
            "UTF8",
            "--locale=C",
            f"--pwfile={secret}",
            "-D",
            str(self.folder / "data"),
        )

    def command(self) -> list[str]:
        return [
            *_as_user(),
            str(self.programs / "postgres"),
            "-D",
            str(self.folder / "data"),
            "-p",
            str(self.port),
            "-c",
            f"listen_addresses={HOST}",
            "-c",
            "unix_socket_directories=",
        ]

    def answers(self) -> bool:
        import psycopg

        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def run(self, *command: str) -> None:
        done = subprocess.run([*_as_user(), *command], capture_output=True, text=True, cwd=self.folder, check=False)
        assert done.returncode == 0, done.stderr


def _as_user() -> list[str]:
    """PostgreSQL refuses to run as root."""
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []


def start_server(kind: str) -> RedisServer | PostgresqlServer:
    """The server, or a test that is skipped with the reason."""
    if kind == "redis":
        pytest.importorskip("redis", reason="the driver redis is not installed")
        if shutil.which("redis-server") is None:
            pytest.skip("redis-server is not installed")
        return RedisServer()
    pytest.importorskip("psycopg", reason="the driver psycopg is not installed")
    found = shutil.which("postgres")
    folders = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not folders:
        pytest.skip("postgresql is not installed")
    if os.geteuid() == 0 and not _has_user("postgres"):
        pytest.skip("PostgreSQL refuses to run as root, and there is no user postgres")
    PostgresqlServer.programs = folders[-1]
    return PostgresqlServer()


def _has_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return shutil.which("setpriv") is not None
