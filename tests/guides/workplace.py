"""Where the commands of a guide are run: a folder, a shell, and services at free ports in place of its own."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.guides.circumstances import WORDS, Before, files
from tests.guides.shown_commands import ROOT
from tests.reference_services.running import free_ports

HOST = "127.0.0.43"
PATIENCE_S = 60
TIMEOUT_S = 120
FOREIGN = (
    "HERMES_",
    "MIXTRAL_8X7B_",
    "OPENCHAT_3_5_",
    "PHI_3_MINI_",
    "SWITCH_",
    "VX11_",
    "GATEWAY_",
    "HEALTH_",
    "SIGNOFF_",
    "PYTEST_",
)
PORTS = {
    "mixtral-8x7b": 11400,
    "hermes-2": 11401,
    "openchat-3.5": 11402,
    "phi-3-mini": 11403,
    "gateway": 8000,
    "switch": 8000,
    "health": 8080,
}
SERVE = re.compile(r"\bsignoff serve (?P<service>[a-z][\w.-]*)")
PROMETHEUS = re.compile(r"^prometheus .*--web\.listen-address=(?P<address>\S+)")
ADDRESS = re.compile(r"\b127\.0\.0\.\d+:\d{4,5}\b")
USUAL = {
    "127.0.0.1:11401": ("hermes-2", 1),
    "127.0.0.1:18401": ("hermes-2", 1),
    "127.0.0.17:11401": ("hermes-2", 1),
    "127.0.0.12:11401": ("hermes-2", 2),
    "127.0.0.16:11401": ("hermes-2", 3),
    "127.0.0.13:11402": ("openchat-3.5", 1),
    "127.0.0.14:11403": ("phi-3-mini", 1),
}
"""What answers at an address where a guide asks without having started it, and which of its kind: no guide needs those
apart that are one. All guides share them."""
PRELUDE = 'curl() { command curl --max-time 60 -w "\\n#%{http_code}" "$@"; }\n'


@dataclass(frozen=True)
class Done:
    """A command that has ended. `status` is what curl was answered with, 0 where it is not curl."""

    code: int
    text: str
    status: int


def environment(**more: str) -> dict[str, str]:
    """Of every command: the project as it lies here, and no setting of somebody's shell."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    paths = f"{ROOT / 'src'}{os.pathsep}{ROOT / 'reference_services' / 'import_paths'}"
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    # Where nothing listens, whatever runs on this machine.
    return {**kept, "PATH": programs, "PYTHONPATH": paths, "DATABASE_PORT": "9", "no_proxy": "*", **more}


class Services:
    """Processes by the address that the guides give them."""

    def __init__(self) -> None:
        self.addresses: dict[str, str] = {}
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def begin(self, address: str, real: str, command: str, folder: Path, variables: dict[str, str], look: str) -> None:
        """Start a service in the place of what was there, and wait until it answers."""
        self.end(address)
        log = folder / f"{re.sub('[: ]', '-', address)}.log"
        with log.open("wb") as errors:
            process = subprocess.Popen(
                ["bash", "-c", command],
                cwd=folder, env=variables, stdout=errors, stderr=errors, start_new_session=True,
            )  # fmt: skip
        self.addresses[address], self._running[address] = real, process
        deadline = time.monotonic() + PATIENCE_S
        with httpx.Client(trust_env=False) as client:
            while True:
                assert process.poll() is None, f"{command}\nended with {process.returncode}: {log.read_text()}"
                assert time.monotonic() < deadline, f"{command}\nwas not ready: {log.read_text()}"
                with contextlib.suppress(httpx.TransportError):
                    if client.get(f"http://{real}{look}").status_code < 500:
                        return
                time.sleep(0.05)

    def end(self, address: str) -> None:
        """Stop what runs at an address."""
        if process := self._running.pop(address, None):
            stop(process)

    def end_all(self) -> None:
        """Stop all."""
        for address in list(self._running):
            self.end(address)

    def runs(self, address: str) -> bool:
        """Whether something was started there, and still is."""
        return address in self._running and self._running[address].poll() is None


def stop(process: subprocess.Popen[bytes], number: int = signal.SIGTERM) -> int:
    """End a process with all that it started; its exit code."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
    try:
        return process.wait(60)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.wait()


def free_address() -> str:
    """Host and port of which nobody has the port."""
    return f"{HOST}:{free_ports(HOST)[0]}"


class Workplace:
    """Of one guide."""

    def __init__(self, guide: str, folder: Path, usual: Services, variables: dict[str, str]) -> None:
        self._folder = folder
        self._usual = usual
        self._own = Services()
        self._asked: dict[str, str] = {}
        """The addresses that this guide has asked, by where they really are."""
        self._variables = environment(**variables)
        for name in ("fixtures", "reference_services"):
            (folder / name).symlink_to(ROOT / name)
        self._contents = files(guide)
        for name, text in self._contents.items():
            self._write(name, text)

    def close(self) -> None:
        """Stop the services of this guide."""
        self._own.end_all()

    def prepare(self, before: Before) -> None:
        """Bring about what has happened before a command."""
        for name in before.gone:
            shutil.rmtree(self._folder / name, ignore_errors=True)
        for name, text in before.files.items():
            self._write(name, text)
        for command in before.commands:
            done = self.run(command)
            assert done.code == 0, done.text

    def serves(self, command: str) -> bool:
        """Whether a command starts a service."""
        return bool(SERVE.search(command) or PROMETHEUS.match(command))

    def serve(self, command: str) -> None:
        """Start a service as a command does, at a free port."""
        real = free_address()
        host, _, port = real.partition(":")
        if match := PROMETHEUS.match(command):
            address, look = match["address"], "/-/ready"
            text = command.replace(f"--web.listen-address={address}", f"--web.listen-address={real}")
        else:
            found = SERVE.search(command)
            assert found is not None
            service = found["service"]
            text = re.sub(r"\s+#.*", "", command)
            named = re.search(r"--host[ =](\S+)", text)
            address = f"{named[1] if named else '127.0.0.1'}:{PORTS[service]}"
            text = re.sub(r"--host[ =]\S+", "", text) + f" --host {host} --port {port}"
            text += " --metrics-port own" if service == "hermes-2" else ""
            look = "/ready" if service in PORTS and service not in ("gateway", "switch") else "/openapi.json"
        # Replicas of a configuration have to be there before the gateway looks for them.
        config = re.search(r"--config[ =](\S+)", text)
        if config and config[1] in self._contents:
            self._write(config[1], self._contents[config[1]])
        self._own.begin(address, real, self._filled(text), self._folder, self._variables, look)

    def run(self, command: str) -> Done:
        """A command, to its end."""
        try:
            done = subprocess.run(
                ["bash", "-c", PRELUDE + self._filled(command)],
                cwd=self._folder, env=self._variables, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=TIMEOUT_S, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as late:
            return Done(-1, f"did not end within {TIMEOUT_S} s: {late.output!r}", 0)
        text = done.stdout.decode("utf-8", "replace")
        found = re.search(r"\n#(\d{3})\s*$", text)
        return Done(
            done.returncode, self._named(text[: found.start()] if found else text), int(found[1]) if found else 0
        )

    def run_until(self, command: str, said: str) -> Done:
        """A command that goes on, until it says something; then it is stopped as by Ctrl-C."""
        log = self._folder / "until.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                ["bash", "-c", f"exec env {self._filled(command)}"],
                cwd=self._folder, env=self._variables, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + PATIENCE_S
        while said not in log.read_text(encoding="utf-8"):
            if process.poll() is not None or time.monotonic() > deadline:
                stop(process)
                return Done(-1, f"did not say {said!r}: {log.read_text(encoding='utf-8')}", 0)
            time.sleep(0.05)
        code = stop(process, signal.SIGINT)
        return Done(code, self._named(log.read_text(encoding="utf-8")), 0)

    def _write(self, name: str, text: str) -> None:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self._addressed(text), encoding="utf-8")

    def _filled(self, command: str) -> str:
        for word, meant in WORDS.items():
            command = command.replace(word, meant)
        return self._addressed(command)

    def _addressed(self, text: str) -> str:
        """With the addresses at which the services really are; what is asked and was not started is started."""

        def real(match: re.Match[str]) -> str:
            address = match.group()
            if self._own.runs(address):
                where = self._own.addresses[address]
            elif address in USUAL:
                where = self._usual_one(*USUAL[address])
            else:
                return address
            self._asked[where] = address
            return where

        return ADDRESS.sub(real, text)

    def _named(self, text: str) -> str:
        """With the addresses that the guide shows."""
        for real, address in self._asked.items():
            text = text.replace(real, address)
        return text

    def _usual_one(self, service: str, number: int) -> str:
        """Where a service is that guides share; it is started for the first of them."""
        name = f"{service} {number}"
        if not self._usual.runs(name):
            real = free_address()
            host, _, port = real.partition(":")
            command = f"signoff serve {service} --host {host} --port {port}"
            command += " --metrics-port own" if service == "hermes-2" else ""
            self._usual.begin(name, real, command, self._folder, environment(), "/ready")
        return self._usual.addresses[name]
