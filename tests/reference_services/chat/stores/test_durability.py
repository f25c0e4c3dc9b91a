from __future__ import annotations

import random
import signal
import threading
import time
from pathlib import Path

import httpx

WRITERS = 4


def write_until_gone(hermes, name: str, acknowledged: list[tuple[str, str]], prefix: str) -> None:
    """Takes turns until the service is gone; a turn counts once its answer is complete."""
    number = 0
    with httpx.Client(base_url=hermes.url, timeout=60, trust_env=False) as client:
        while True:
            text = f"{prefix} {number}"
            body = {"messages": [{"role": "user", "content": text}], "max_tokens": 6, "stream": number % 2 == 1}
            try:
                answer = client.post("/v1/chat/completions", json=body, headers={"X-Session-ID": name})
            except httpx.TransportError:
                return
            if answer.status_code != 200:
                return
            if body["stream"] and b'"finish_reason":"length"' not in answer.content:
                return
            acknowledged.append((name, text))
            number += 1


def test_every_acknowledged_turn_outlives_kill_9_once_and_in_order(start, tmp_path: Path) -> None:
    database = tmp_path / "sessions.sqlite3"
    moments = random.Random(20)
    acknowledged: list[tuple[str, str]] = []
    for life in range(4):
        hermes = start(f"--db={database}")
        threads = [
            threading.Thread(target=write_until_gone, args=(hermes, f"s{writer}", acknowledged, f"life {life}"))
            for writer in range(WRITERS)
        ]
        for thread in threads:
            thread.start()
        enough = len(acknowledged) + moments.randrange(26, 60)
        while len(acknowledged) < enough:
            assert any(thread.is_alive() for thread in threads)
            time.sleep(0.001)
        hermes.process.send_signal(signal.SIGKILL)
        for thread in threads:
            thread.join(60)
        hermes.process.wait()
    hermes = start(f"--db={database}")
    assert len(acknowledged) > 100
    for writer in range(WRITERS):
        turns = hermes.get(f"/sessions/s{writer}")["turns"]
        assert [turn["role"] for turn in turns] == ["user", "assistant"] * (len(turns) // 2)
        kept = [turn["content"] for turn in turns[::2]]
        promised = [text for name, text in acknowledged if name == f"s{writer}"]
        assert len(set(kept)) == len(kept)
        # What was never acknowledged may be there too: the last turn of each life at most.
        assert [text for text in kept if text in set(promised)] == promised
        assert len(kept) - len(promised) <= 4


def test_a_session_goes_on_after_a_restart(start, tmp_path: Path) -> None:
    first = start(f"--db={tmp_path / 's.sqlite3'}")
    first.say("The ferry leaves from pier nine.", "voyage")
    assert first.stop() == 0
    second = start(f"--db={tmp_path / 's.sqlite3'}")
    assert "nine" in second.say("From which pier does the ferry leave?", "voyage")


def test_without_a_database_nothing_is_left_behind(start, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    hermes = start()
    hermes.say("x", "a")
    assert list(tmp_path.iterdir()) != []
    assert hermes.stop() == 0
    assert list(tmp_path.iterdir()) == []
