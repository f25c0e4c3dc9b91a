"""vLLM's server as an engine: a child process with its HTTP API on a private socket.

Prompts are sent as tokens, so that token counts are exact. Answers come as streams, and a generation that
is closed closes its stream, at which vLLM ends the work.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path

import httpx
from prometheus_client import Metric

from signoff.reference_services.chat import LOGGER
from signoff.reference_services.chat.engine import structured
from signoff.reference_services.chat.engine.engine import Ask, EngineError, Step
from signoff.reference_services.chat.prompt.prompt import Prompt
from signoff.reference_services.chat.settings.extra_flags import Flag
from signoff.reference_services.chat.settings.settings import ChatSettings
from signoff.reference_services.chat.vllm import vllm_install
from signoff.reference_services.chat.vllm.model_tokenizer import ModelTokenizer
from signoff.reference_services.chat.vllm.vllm_answer import events, steps
from signoff.reference_services.chat.vllm.vllm_flags import flags, parted
from signoff.reference_services.chat.vllm.vllm_metrics import families_of
from signoff.reference_services.chat.vllm.vllm_process import VllmProcess
from signoff.reference_services.chat.vllm.vllm_request import body_of
from signoff.reference_services.web.access.failures import Refused

log = logging.getLogger(f"{LOGGER}.engine")
LOOK_S = 0.1
METRICS_TIMEOUT_S = 1.0
CONNECT_TIMEOUT_S = 5.0
WARM_UP = "The engine is warm."
NEEDED = ("--uds", "--served-model-name", "--disable-uvicorn-access-log")
_BASE = "http://vllm"


class VllmEngine:
    """vLLM on the model in `model_path`. Raises EngineError if there is no such model or no vLLM."""

    name = "vllm"

    def __init__(self, settings: ChatSettings) -> None:
        self._settings = settings
        self._folder = _folder(settings.model_path)
        self._tokens = ModelTokenizer(self._folder)
        self._install = vllm_install.find(settings.vllm_command)
        self.version = self._install.version
        self._known: list[Flag] = []
        self._unknown: list[Flag] = []
        self._process: VllmProcess | None = None
        self._client: httpx.AsyncClient | None = None
        self._is_loaded = False
        self._is_closed = False
        self._under_way = 0
        self._families: list[Metric] = []
        self.reason = "vLLM is starting"

    @property
    def facts(self) -> Mapping[str, list[str]]:
        """The flags that it runs with, and those that this vLLM does not know."""
        return {"flags": list(map(str, self._known)), "left_out": list(map(str, self._unknown))}

    @property
    def loaded(self) -> bool:
        """Whether vLLM is there and has generated."""
        return self._is_loaded

    @property
    def running(self) -> int:
        """Running generations that have a slot in vLLM."""
        return min(self._under_way, self._settings.max_num_seqs)

    @property
    def waiting(self) -> int:
        """Generations beyond its places."""
        return self._under_way - self.running

    def load(self) -> None:
        """Start vLLM and wait until it has generated. Raises EngineError, with what its log says."""
        there = self._install.known_flags()
        if missing := [name for name in NEEDED if name not in there]:
            raise EngineError(f"vLLM {self.version} has no {', '.join(missing)}; install a newer one")
        self._known, self._unknown = parted(flags(self._settings), there)
        for flag in self._unknown:
            fields = {"flag": str(flag), "setting": flag.setting, "engine": f"{self.name} {self.version}"}
            log.warning("a setting that this vLLM does not have is left out", extra={"fields": fields})
        if self._is_closed:
            raise EngineError("the service is stopping")
        self.reason = "vLLM is starting"
        self._process = process = VllmProcess(self._command, _environment(self._settings))
        try:
            self._wait(process)
        except BaseException:
            process.stop()
            raise
        self.reason = ""
        self._is_loaded = True

    def _command(self, socket: Path) -> list[str]:
        given = [word for flag in self._known for word in flag.words]
        names = ["--served-model-name", self._settings.name, "--uds", str(socket), "--disable-uvicorn-access-log"]
        return [str(self._install.command), "serve", str(self._folder), *names, *given]

    def _wait(self, process: VllmProcess) -> None:
        deadline = time.monotonic() + self._settings.engine_start_s
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(process.socket)), base_url=_BASE) as client:
            while True:
                if (code := process.exit_code) is not None:
                    raise EngineError(f"vLLM ended with exit code {code} before it was ready: {process.why()}")
                if self._is_closed:
                    raise EngineError("the service is stopping")
                if time.monotonic() > deadline:
                    process.stop()
                    limit = f"{self._settings.engine_start_s:g} s"
                    raise EngineError(
                        f"vLLM was not ready within {limit} (engine_start_s); the last of its log: {process.why()}"
                    )
                try:
                    if client.get("/health", timeout=CONNECT_TIMEOUT_S).status_code == httpx.codes.OK:
                        break
                except httpx.TransportError:
                    pass
                time.sleep(LOOK_S)
            ask = Ask(Prompt(text=WARM_UP), max_tokens=8, temperature=0)
            body = {**body_of(ask, self._settings.name, self.encode(ask.prompt)), "stream": False}
            del body["stream_options"]
            answer = client.post("/v1/completions", json=body, timeout=self._settings.engine_start_s)
        if answer.status_code != httpx.codes.OK:
            raise EngineError(f"vLLM is up and does not generate: {answer.status_code} {answer.text[:200]}")

    async def gone(self) -> str:
        """Wait until vLLM has ended by itself; why, as its log has it."""
        process = self._process
        assert process is not None
        code = await asyncio.wrap_future(process.ended)
        self._is_loaded = False
        self._families = []
        await self._leave()
        why = await asyncio.to_thread(process.why)
        self.reason = f"vLLM ended with exit code {code} and is started again: {why}"
        return f"vLLM ended with exit code {code}: {why}"

    async def close(self) -> None:
        """End vLLM and wait until all its processes are gone."""
        self._is_closed, self._is_loaded = True, False
        await self._leave()
        if self._process is not None:
            await asyncio.to_thread(self._process.stop)

    async def _leave(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def count(self, prompt: Prompt) -> int:
        """How many tokens a prompt has, by the model's own tokenizer and template."""
        return len(self._tokens.encode(prompt))

    def count_text(self, text: str) -> int:
        """How many tokens a bare text has."""
        return self._tokens.count_text(text)

    def at_least(self, text: str) -> int:
        """See `ModelTokenizer.at_least`."""
        return self._tokens.at_least(text)

    def encode(self, prompt: Prompt) -> Sequence[int]:
        """The ids of a prompt's tokens: those that vLLM gets."""
        return self._tokens.encode(prompt)

    def check(self, ask: Ask) -> None:
        """What the simulated engine can write an answer for, vLLM's grammar can hold an answer to."""
        if ask.json_schema is not None:
            structured.write(json.loads(ask.json_schema), b"schema", None)

    async def generate(self, ask: Ask) -> AsyncIterator[Step]:
        """The tokens as vLLM streams them. Raises Refused if it refuses the request, or goes away."""
        if ask.max_tokens == 0:
            yield Step("", "length", tokens=0)
            return
        self._under_way += 1
        try:
            async with self._http().stream(
                "POST", "/v1/completions", json=body_of(ask, self._settings.name, self.encode(ask.prompt))
            ) as answer:
                if answer.status_code != httpx.codes.OK:
                    raise _refused(answer.status_code, await answer.aread())
                async with aclosing(steps(events(answer.aiter_raw()), ask.top_logprobs)) as made:
                    async for step in made:
                        yield step
        except httpx.TransportError as error:
            fields = {"error": f"{type(error).__name__}: {error}"}
            log.warning("vLLM went away during a request", extra={"fields": fields})
            raise Refused(
                503, "The engine went away during this request; send it again.", "engine_unavailable"
            ) from None
        finally:
            self._under_way -= 1

    def _http(self) -> httpx.AsyncClient:
        """One client for each start of vLLM."""
        if self._client is None:
            if self._process is None or not self._is_loaded:
                raise Refused(503, "The engine is not there now; send the request again.", "engine_unavailable")
            self._client = httpx.AsyncClient(
                transport=httpx.AsyncHTTPTransport(
                    uds=str(self._process.socket),
                    limits=httpx.Limits(max_keepalive_connections=self._settings.max_num_seqs),
                ),
                base_url=_BASE,
                # An answer may wait for its place as long as its client does.
                timeout=httpx.Timeout(None, connect=CONNECT_TIMEOUT_S),
            )
        return self._client

    async def look(self) -> None:
        """Read vLLM's metrics again; if it does not answer in time, none are shown."""
        self._families = []
        if not self._is_loaded:
            return
        try:
            answer = await self._http().get("/metrics", timeout=METRICS_TIMEOUT_S)
        except httpx.HTTPError:
            return
        if answer.status_code == httpx.codes.OK:
            self._families = families_of(answer.text)

    def families(self) -> list[Metric]:
        """vLLM's own metrics, as they were at the last look."""
        return self._families


def _folder(path: str) -> Path:
    folder = Path(path)
    if not folder.is_dir():
        raise EngineError(f"model_path = {path!r}: no such folder; name the folder of a model with --model")
    if not (folder / "config.json").is_file():
        raise EngineError(f"{folder}: no config.json, so this is no folder of a model; name one with --model")
    return folder.absolute()


def _environment(settings: ChatSettings) -> dict[str, str]:
    """Our environment, without our package paths and keys; existing values are kept."""
    prefix = settings.preset.prefix
    ours = {name: value for name, value in os.environ.items() if name != "PYTHONPATH" and not name.startswith(prefix)}
    offline = {"HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", "VLLM_LOGGING_COLOR": "0"}
    # Two engines on one machine would bind their threads to the same cores.
    threads = {"VLLM_CPU_OMP_THREADS_BIND": "nobind"}
    # oneDNN keeps what it compiled for each shape of a batch, a thousand of them: an hour of that looks like a leak.
    shapes = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "128"}
    # vLLM compiles a few functions even so, the first of them for log probabilities, and needs a C++ compiler there.
    eager = {"TORCHDYNAMO_DISABLE": "1"} if settings.enforce_eager else {}
    counted = {"OMP_NUM_THREADS": str(settings.cpu_threads)} if settings.cpu_threads else {}
    return {**offline, **threads, **shapes, **eager, **ours, **counted}


def _refused(status: int, body: bytes) -> Refused:
    """vLLM's refusal as ours: what it says of a request is reported, what it says of itself is logged."""
    try:
        answer = json.loads(body)
        message = str(answer.get("error", answer).get("message", ""))
    except (ValueError, AttributeError):
        message = body.decode("utf-8", "replace")
    if status == httpx.codes.BAD_REQUEST:
        return Refused(400, f"The engine refuses this request: {message[:500]}", "invalid_value")
    log.error("vLLM failed on a request", extra={"fields": {"status": status, "message": message[:500]}})
    return Refused(503, "The engine failed on this request; the service's log says why.", "engine_unavailable")
