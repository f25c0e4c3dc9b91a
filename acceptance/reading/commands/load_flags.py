"""What the flags of load generators mean, one row a program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tool:
    """What each flag of a program means; a flag without a value is in `bare`.

    `path` is where a program that is given a server only sends its requests, `script` says where else they stand.
    """

    flags: Mapping[str, str]
    bare: frozenset[str] = frozenset()
    path: str = ""
    script: str = ""


def _flags(**meanings: str) -> dict[str, str]:
    return {flag: meaning for meaning, flags in meanings.items() for flag in flags.split()}


_BENCH = Tool(
    _flags(
        requests="--num-prompts --num-prompt",
        rate="--request-rate",
        concurrency="--max-concurrency",
        base="--base-url",
        host="--host",
        port="--port",
        endpoint="--endpoint",
    ),
    frozenset({"--save-result", "--ignore-eos", "--trust-remote-code", "--disable-tqdm", "--profile"}),
    path="/v1/completions",
)
_PERF = Tool(
    _flags(
        requests="--request-count --num-prompts --num-requests",
        rate="--request-rate",
        concurrency="--concurrency",
        base="-u --url",
        endpoint="--endpoint",
        kind="--endpoint-type",
    ),
    frozenset({"--streaming", "-v", "--verbose"}),
    path="/v1/chat/completions",
)
TOOLS: Mapping[str, Tool] = {
    "ab": Tool(
        _flags(
            requests="-n", concurrency="-c", duration="-t", type="-T", payload="-p", header="-H", other="-s -u -m -C -A"
        )
    ),
    "hey": Tool(
        _flags(
            requests="-n",
            concurrency="-c",
            rate="-q",
            duration="-z",
            method="-m",
            body="-d",
            payload="-D",
            header="-H",
            type="-T",
            other="-t -A -a -x -o -cpus -host",
        )
    ),
    "oha": Tool(
        _flags(
            requests="-n",
            concurrency="-c",
            rate="-q",
            duration="-z",
            method="-m",
            body="-d",
            payload="-D",
            header="-H",
            type="-T",
            other="-t --latency-correction -o",
        ),
        frozenset({"--no-tui", "-j", "--json"}),
    ),
    "wrk": Tool(
        _flags(
            concurrency="-c --connections",
            duration="-d --duration",
            header="-H --header",
            other="-t --threads -s --script --timeout",
        ),
        frozenset({"--latency"}),
    ),
    "wrk2": Tool(
        _flags(
            concurrency="-c --connections",
            duration="-d --duration",
            rate="-R --rate",
            header="-H --header",
            other="-t --threads -s --script --timeout",
        ),
        frozenset({"--latency", "-L"}),
    ),
    "bombardier": Tool(
        _flags(
            requests="-n --requests",
            concurrency="-c --connections",
            rate="-r --rate",
            duration="-d --duration",
            method="-m --method",
            body="-b --body",
            payload="-f --body-file",
            header="-H --header",
            other="-t --timeout -o --format",
        ),
        frozenset({"-l", "--latencies", "-k", "--insecure"}),
    ),
    "autocannon": Tool(
        _flags(
            requests="-a --amount",
            concurrency="-c --connections",
            rate="-R --overallRate",
            duration="-d --duration",
            method="-m --method",
            body="-b --body",
            payload="-i --input",
            header="-H --headers",
            other="-p --pipelining -t --timeout -w",
        )
    ),
    "siege": Tool(
        _flags(
            concurrency="-c --concurrent",
            requests="-r --reps",
            duration="-t --time",
            header="-H --header",
            type="-T",
            other="-d --delay -f --file",
        ),
        frozenset({"-b"}),
    ),
    "h2load": Tool(
        _flags(
            requests="-n --requests",
            concurrency="-c --clients",
            duration="-D --duration",
            rate="-r --rate",
            payload="-d --data",
            header="-H --header",
            other="-t --threads -m",
        )
    ),
    "vegeta": Tool(
        _flags(
            rate="-rate --rate",
            duration="-duration --duration",
            concurrency="-max-workers -workers",
            payload="-body --body",
            header="-header --header",
            other="-targets -name -timeout -output -format -max-connections -connections",
        )
    ),
    "k6": Tool(
        _flags(
            concurrency="-u --vus",
            requests="-i --iterations",
            duration="-d --duration",
            rate="--rps",
            other="-e --env -o --out -s --stage --summary-trend-stats",
        ),
        script="k6 takes its requests from a script",
    ),
    "locust": Tool(
        _flags(
            concurrency="-u --users",
            duration="-t --run-time",
            base="-H --host",
            other="-r --spawn-rate -f --locustfile",
        ),
        frozenset({"--headless"}),
        script="locust takes its requests from a program",
    ),
    "vllm bench serve": _BENCH,
    "benchmark_serving.py": _BENCH,
    "genai-perf": _PERF,
    "aiperf": _PERF,
    "guidellm": Tool(
        _flags(
            requests="--max-requests",
            rate="--rate",
            duration="--max-seconds",
            base="--target",
            kind="--rate-type --profile",
        ),
        path="/v1/completions",
    ),
}
