from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acceptance.reading.blocks import Block
from acceptance.reading.commands import FenceCommands, read_commands
from acceptance.reading.shell import assignments, expanded, read_shell


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
def test_no_shell_text_breaks_the_reading_or_hides_an_expectation(lines: list[str]) -> None:
    text = "\n".join([*lines, "# Expected: fine"]) + "\n"
    assert [expected.text for expected in read_fence(text).expected][-1:] == ["fine"]
