from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from signoff.acceptance.reading.commands.commands import FenceCommands, read_commands
from signoff.acceptance.reading.commands.http_message import read_http
from signoff.acceptance.reading.commands.shell import assignments, expanded, read_shell
from signoff.acceptance.reading.source.block import Block


def read_fence(text: str, folder: Path = Path()) -> FenceCommands:
    lines = text.count("\n") + 2
    return read_commands(Block("fence", 1, lines, text=text, info="bash"), folder)


def test_curl_becomes_a_request() -> None:
    (command,) = read_fence(
        "curl -sS -X POST http://10.0.0.1:8000/v1/chat?x=1 \\\n"
        "  -H 'Content-Type: application/json' -H \"X-Session-ID: a\" \\\n"
        "  -d '{\"messages\": [1, 2]}' -o /dev/null --max-time 5\n"
    ).commands
    assert command.program == "curl"
    assert (command.line, command.last_line) == (2, 4)
    assert command.request == {
        "method": "POST",
        "address": "10.0.0.1:8000",
        "path": "/v1/chat?x=1",
        "headers": {"Content-Type": "application/json", "X-Session-ID": "a"},
        "body": {"messages": [1, 2]},
        "line": 2,
    }


@pytest.mark.parametrize(
    ("text", "method", "path", "body"),
    [
        ("curl localhost:8000/health", "GET", "/health", None),
        ("curl -d '{}' http://h", "POST", "/", {}),
        ("curl -XPUT http://h/x -d'[1]'", "PUT", "/x", [1]),
        ("curl --json '{\"a\": 1}' --url http://h/x", "POST", "/x", {"a": 1}),
        ("curl --request=DELETE http://user:word@h/x", "DELETE", "/x", None),
        ("sudo time curl -I http://h/x", "HEAD", "/x", None),
    ],
)
def test_spellings_of_curl(text: str, method: str, path: str, body: object) -> None:
    (command,) = read_fence(text + "\n").commands
    assert command.request is not None
    assert (command.request["method"], command.request["path"], command.request["body"]) == (method, path, body)
    assert "word" not in command.request["address"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("curl -X GET", "no URL"),
        ("curl http://a/x http://b/y", "several URLs"),
        ("curl -d 'not json' http://a/x", "not JSON"),
        ("curl http://[port]/x", "no URL"),
        ("curl -H 'T: $TOKEN' http://h:$PORT/x", "$PORT"),
        ("curl 'http://h/x", "broken"),
    ],
)
def test_a_command_without_a_native_form_says_why(text: str, said: str) -> None:
    (command,) = read_fence(text + "\n").commands
    assert command.request is None
    assert said in command.problem


def test_a_loop_is_one_command_with_its_repetitions() -> None:
    found = read_fence("for i in {1..10}; do\n  time curl http://h/x > /dev/null\ndone\n# Expected: under 2 s\n")
    (command,) = found.commands
    assert command.details["repeat"] == 10
    assert command.request is not None
    assert not command.destructive
    assert found.expected[0].command is command


def test_an_expectation_belongs_to_the_command_before_it() -> None:
    found = read_fence(
        "curl http://h/a\n# Expected: a\n\ncurl http://h/b\n# note\n# Expected output: b\n# EXPECTED: c\n"
    )
    assert [(e.text, e.command.request["path"]) for e in found.expected if e.command and e.command.request] == [
        ("a", "/a"),
        ("b", "/b"),
        ("c", "/b"),
    ]


def test_an_expectation_before_any_command_stands_alone() -> None:
    assert read_fence("# Expected: a\nls\n").expected[0].command is None


def test_json_may_go_on_in_the_comments_below() -> None:
    found = read_fence('curl http://h/x\n# Expected: {"a": 1,\n#   "b": {"c": 2}}\n# next\n')
    assert found.expected[0].text == '{"a": 1, "b": {"c": 2}}'
    assert found.expected[0].last_line == 4


def test_ab_becomes_a_request_with_its_payload_file(tmp_path: Path) -> None:
    (tmp_path / "payload.json").write_text('{"prompt": "x"}', encoding="utf-8")
    (command,) = read_fence(
        "ab -n 100 -c 10 -T application/json -p payload.json \\\n  http://h:1/v1\n", tmp_path
    ).commands
    assert command.request is not None
    assert (command.request["method"], command.request["body"]) == ("POST", {"prompt": "x"})
    assert (command.details["requests"], command.details["concurrency"]) == (100, 10)


def test_a_payload_outside_of_the_documents_folder_is_never_opened(tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text('{"a": 1}', encoding="utf-8")
    folder = tmp_path / "documents"
    folder.mkdir()
    for name in ("../secret.json", str(tmp_path / "secret.json")):
        (command,) = read_fence(f"curl -d @{name} http://h/x\n", folder).commands
        assert command.request is None
        assert "no JSON file in the document's folder" in command.problem
        assert command.details["payload_found"] is False


def test_sums_are_checked_in_the_folder_that_the_line_changes_to() -> None:
    (command,) = read_fence("cd /srv/heron/ && sha256sum -c SHA256SUMS\n").commands
    assert command.program == "sha256sum"
    assert (command.details["sums_folder"], command.details["checksums"]) == ("/srv/heron/", "SHA256SUMS")


def test_units_folders_and_checksums_are_kept() -> None:
    show, status, listing, sums = read_fence(
        "systemctl show app@x.service --property=MemoryCurrent\nsystemctl status app.service\n"
        "ls -la /opt/models/x/\nsha256sum -c model.sha256\n"
    ).commands
    assert (show.program, show.details["unit"], show.details["properties"]) == (
        "systemctl show",
        "app@x.service",
        ["MemoryCurrent"],
    )
    assert status.program == "systemctl status"
    assert listing.details["folder"] == "/opt/models/x"
    assert sums.details["checksums"] == "model.sha256"


def test_a_filter_behind_a_pipe_is_kept() -> None:
    (command,) = read_fence("curl -s http://h/metrics | grep -i hermes | head -3\n").commands
    assert command.details["filters"] == ["hermes"]


def test_variables_expand_from_the_same_fence_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "from the environment")
    _, known, unknown = read_fence(
        'TOKEN="abc"\ncurl -H "T: ${TOKEN}" http://h/x\ncurl -H "T: $SECRET" http://h/x\n'
    ).commands
    assert known.request is not None
    assert known.request["headers"] == {"T": "abc"}
    assert unknown.request is None
    assert "$SECRET" in unknown.problem


def test_single_quotes_keep_a_dollar() -> None:
    assert expanded("a '$X' \"$X\" $X", {"X": "1"}) == ("a '$X' \"1\" 1", [])


def test_a_value_from_a_command_is_no_value() -> None:
    commands, _ = read_shell([(1, "TOKEN=$(cat /etc/passwd)"), (2, "A=b")])
    assert assignments(commands) == {"A": "b"}


def test_an_apostrophe_does_not_swallow_the_expectation() -> None:
    found = read_fence("echo don't\n# Expected: said\ncurl http://h/x\n# Expected: more\n")
    assert [expected.text for expected in found.expected] == ["said", "more"]
    assert found.open_quotes == (2,)


@pytest.mark.parametrize(
    "text",
    ["rm -rf /x", "sudo reboot", "systemctl stop a.service", "echo x > file", "pkill -f x", "docker restart x"],
)
def test_destructive_commands_are_marked(text: str) -> None:
    (command,) = read_fence(text + "\n").commands
    assert command.destructive


@pytest.mark.parametrize("text", ["curl http://h/x > /dev/null", "systemctl status a.service", "ls 2>&1", "uptime"])
def test_commands_that_only_look_are_not_marked(text: str) -> None:
    (command,) = read_fence(text + "\n").commands
    assert not command.destructive


@given(st.lists(st.text(alphabet="ab '\"\\|&;<>$(){}\t#=", max_size=12), max_size=6))
@example(["$ '"])
def test_no_shell_text_breaks_the_reading_or_hides_an_expectation(lines: list[str]) -> None:
    text = "\n".join([*lines, "# Expected: fine"]) + "\n"
    assert [expected.text for expected in read_fence(text).expected][-1:] == ["fine"]


@pytest.mark.parametrize(
    ("text", "details"),
    [
        ("hey -n 200 -c 20 -q 5 http://h:1/x", {"requests": 200, "concurrency": 20, "rate": 5.0, "duration_s": None}),
        ("wrk -t4 -c64 -d2m http://h:1/x", {"requests": None, "concurrency": 64, "rate": None, "duration_s": 120.0}),
        ("wrk2 -c8 -d30s -R100 http://h:1/x", {"concurrency": 8, "rate": 100.0, "duration_s": 30.0}),
        ("oha -z 1m -c 4 --no-tui http://h:1/x", {"requests": None, "concurrency": 4, "duration_s": 60.0}),
        ("bombardier -c 5 -r 10 -d 10s http://h:1/x", {"concurrency": 5, "rate": 10.0, "duration_s": 10.0}),
        ("autocannon -c 5 -d 10 http://h:1/x", {"concurrency": 5, "duration_s": 10.0}),
        ('echo "GET http://h:1/x" | vegeta attack -rate=30/m -duration=9s', {"rate": 0.5, "duration_s": 9.0}),
    ],
)
def test_load_tools_become_requests_with_how_often_and_how_fast(text: str, details: dict[str, object]) -> None:
    (command,) = read_fence(text + "\n").commands
    assert command.request is not None
    assert (command.request["method"], command.request["address"], command.request["path"]) == ("GET", "h:1", "/x")
    assert details.items() <= command.details.items()


@pytest.mark.parametrize(
    ("text", "path", "details"),
    [
        (
            "vllm bench serve --base-url http://h:1 --num-prompts 50 --request-rate 4 --max-concurrency 16",
            "/v1/completions",
            {"requests": 50, "rate": 4.0, "concurrency": 16},
        ),
        ("python benchmark_serving.py --host h --port 1 --num-prompts 5", "/v1/completions", {"requests": 5}),
        (
            "aiperf profile -m m --url http://h:1 --endpoint-type chat --concurrency 8",
            "/v1/chat/completions",
            {"concurrency": 8},
        ),
        ("guidellm benchmark --target http://h:1 --rate-type constant --rate 6", "/v1/completions", {"rate": 6.0}),
        (
            "guidellm benchmark --target http://h:1 --rate-type concurrent --rate 6",
            "/v1/completions",
            {"concurrency": 6},
        ),
    ],
)
def test_benchmarks_of_models_post_to_the_endpoint_that_they_name(
    text: str, path: str, details: dict[str, object]
) -> None:
    (command,) = read_fence(text + "\n").commands
    assert command.request is not None
    assert (command.request["method"], command.request["address"], command.request["path"]) == ("POST", "h:1", path)
    assert details.items() <= command.details.items()


def test_a_load_tool_that_takes_its_requests_from_a_script_says_so() -> None:
    (command,) = read_fence("k6 run --vus 10 --duration 30s chat.js\n").commands
    assert (command.program, command.request, command.details["concurrency"]) == ("k6", None, 10)
    assert "script" in command.problem


@pytest.mark.parametrize(
    ("text", "method", "path", "body"),
    [
        ("http POST :8000/v1 prompt=hi n:=5 X-Key:abc", "POST", "/v1", {"prompt": "hi", "n": 5}),
        ("http localhost:8000/v1 page==2", "GET", "/v1?page=2", None),
        ("wget -qO- http://h/x", "GET", "/x", None),
        ("wget --post-data '{\"a\": 1}' http://h/x", "POST", "/x", {"a": 1}),
        ("wget --spider http://h/x", "HEAD", "/x", None),
        ("Invoke-RestMethod -Uri http://h/x", "GET", "/x", None),
        ("irm http://h/x -Method Post -Body '{\"a\": 1}'", "POST", "/x", {"a": 1}),
        ("curl -G --data-urlencode 'q=a b' http://h/x", "GET", "/x?q=a%20b", None),
        ("timeout 5 curl -s http://h/x", "GET", "/x", None),
        ("HOST=h curl http://h/x", "GET", "/x", None),
        ("curl.exe http://h/x", "GET", "/x", None),
    ],
)
def test_other_clients_ask_the_same(text: str, method: str, path: str, body: object) -> None:
    (command,) = read_fence(text + "\n").commands
    assert command.request is not None
    assert (command.request["method"], command.request["path"], command.request["body"]) == (method, path, body)


def test_what_curl_prints_besides_the_answer_is_kept_and_its_password_is_not() -> None:
    (command,) = read_fence("curl -sS -o /dev/null -w '%{http_code}' -u user:word http://h/x\n").commands
    assert command.details["write_out"] == "%{http_code}"
    assert command.request is not None
    assert "word" not in str(command.request)


@pytest.mark.parametrize(
    "line",
    [
        "# expect: ok",
        "# => ok",
        "# should return ok",
        "// Expected: ok",
        "> Expected: ok",
        "REM Expected: ok",
        "# Expected status code: ok",
        "# **Expected:** ok",
        "Expected: ok",
        "# Output: ok",
    ],
)
def test_expectations_in_other_spellings(line: str) -> None:
    found = read_fence(f"curl http://h/x\n{line}\n")
    assert len(found.expected) == 1
    assert found.expected[0].text.endswith("ok")
    assert found.expected[0].command is not None
    assert [command.program for command in found.commands] == ["curl"]


@pytest.mark.parametrize("line", ["# note", "# the answer is expected soon", "# you may restart", "# -- section --"])
def test_remarks_are_no_expectations(line: str) -> None:
    assert read_fence(f"curl http://h/x\n{line}\n").expected == ()


def test_an_expectation_may_stand_behind_its_command() -> None:
    found = read_fence("curl http://h/x   # => 200\ncurl 'http://h/y#=>z'\n")
    assert [(e.line, e.text) for e in found.expected] == [(2, "200")]
    assert [c.request["path"] for c in found.commands if c.request] == ["/x", "/y"]


def test_a_session_is_commands_behind_prompts_with_what_they_printed() -> None:
    found = read_fence('user@host:~$ curl http://h/x\n{"a": 1}\nrm: refused\n$ ls\n')
    assert [command.text for command in found.commands] == ["curl http://h/x", "ls"]
    assert [line for shown in found.shown for line in shown.output] == [(3, '{"a": 1}'), (4, "rm: refused")]
    assert not any(command.destructive for command in found.commands)


def test_a_here_document_whose_end_never_comes_hides_nothing() -> None:
    found = read_fence("cat <<EOF\ncurl http://h/x\n# Expected: fine\n")
    assert [expected.text for expected in found.expected] == ["fine"]


def test_what_crosses_the_wire_is_read_as_a_request_and_its_answer() -> None:
    text = 'POST /v1/x HTTP/1.1\nHost: h:1\nX-Key: a\n\n{"a": 1}\n\nHTTP/1.1 201 Created\n\n{"b": 2}\n'
    exchange = read_http(Block("fence", 1, 12, text=text, info="http"))
    assert exchange.command is not None
    assert exchange.command.request == {
        "method": "POST",
        "address": "h:1",
        "path": "/v1/x",
        "headers": {"X-Key": "a"},
        "body": {"a": 1},
        "line": 2,
    }
    assert (exchange.status, exchange.body, exchange.line) == ("201", '{"b": 2}', 8)
