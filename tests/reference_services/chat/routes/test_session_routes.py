from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest


def test_a_reply_draws_on_the_last_ten_turns_and_on_no_more(hermes) -> None:
    for between, known in ((9, True), (10, False)):
        session = f"window-{between}"
        hermes.say("The submarine is painted turquoise.", session)
        for number in range(between):
            hermes.say(f"Note number {number}.", session, max_tokens=3)
        assert ("turquoise" in hermes.say("How is the submarine painted?", session)) is known


def test_the_prompt_stops_growing_at_the_window(hermes) -> None:
    tokens = [
        hermes.chat(f"Line {number:02}.", "plateau", max_tokens=5, ignore_eos=True).json()["usage"]["prompt_tokens"]
        for number in range(14)
    ]
    steps = {after - before for before, after in pairwise(tokens[:11])}
    assert len(steps) == 1
    assert len(set(tokens[10:])) == 1


def test_a_long_conversation_loses_its_oldest_turns_and_never_its_system_prompt(hermes) -> None:
    long = "The word" + " and" * 3000 + "."
    messages = [
        {"role": "system", "content": "The password of the tower is marzipan."},
        {"role": "user", "content": long},
    ]
    hermes.say(messages, "long", max_tokens=4)
    for _ in range(3):
        answer = hermes.chat(long, "long", max_tokens=100)
        assert answer.status_code == 200
        assert answer.json()["usage"]["total_tokens"] <= 8192
    assert "marzipan" in hermes.say("What is the password of the tower?", "long")
    assert hermes.get("/sessions/long")["turn_count"] == 5


def test_sessions_know_nothing_of_each_other(hermes) -> None:
    def tell(number: int) -> str:
        hermes.say(f"The locker holds item {number}77.", f"iso-{number}", max_tokens=2)
        return hermes.say("What does the locker hold?", f"iso-{number}")

    with ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(tell, range(48)))
    assert [f"item {number}77" in reply for number, reply in enumerate(replies)] == [True] * 48
    assert sum("77" in reply for reply in replies) == 48
    assert all(reply.count("77") == 1 for reply in replies)


def test_turns_sent_at_once_are_each_kept_once_as_whole_pairs(hermes) -> None:
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda number: hermes.say(f"At once {number}.", "busy"), range(24)))
    turns = hermes.get("/sessions/busy")["turns"]
    assert [turn["role"] for turn in turns] == ["user", "assistant"] * 24
    pairs = {(turns[at]["content"], turns[at + 1]["content"]) for at in range(0, 48, 2)}
    assert pairs == {(f"At once {number}.", reply) for number, reply in enumerate(replies)}


def test_a_streamed_turn_is_in_the_record_when_its_last_chunk_has_come(hermes) -> None:
    with hermes.client.stream(
        "POST",
        "/v1/chat/completions",
        json={"messages": [{"role": "user", "content": "Stream this."}], "stream": True},
        headers={"X-Session-ID": "streamed"},
    ) as answer:
        for line in answer.iter_lines():
            if '"finish_reason":"stop"' in line:
                assert hermes.get("/sessions/streamed")["turn_count"] == 1
                break
        else:
            pytest.fail("no finish reason came")


def test_who_sends_the_whole_history_too_repeats_nothing(hermes) -> None:
    messages: list[dict[str, str]] = []
    sizes = []
    for number in range(4):
        messages.append({"role": "user", "content": f"Part {number}."})
        with_history = hermes.chat(messages, "both", max_tokens=5).json()
        alone = hermes.chat(f"Part {number}.", "alone", max_tokens=5).json()
        messages.append(with_history["choices"][0]["message"] | {"refusal": None})
        messages[-1] = {"role": "assistant", "content": messages[-1]["content"]}
        sizes.append((with_history["usage"]["prompt_tokens"], alone["usage"]["prompt_tokens"]))
    assert all(both == alone for both, alone in sizes)
    assert [turn["content"] for turn in hermes.get("/sessions/both")["turns"]][::2] == [f"Part {n}." for n in range(4)]


@pytest.mark.parametrize("name", ["a b", "x" * 129, "../etc", "é", "a/b", ""])
def test_a_name_that_is_no_session_id_is_refused(hermes, name: str) -> None:
    answer = hermes.client.post(
        "/v1/chat/completions",
        json={"messages": [{"role": "user", "content": "x"}]},
        headers=[(b"X-Session-ID", name.encode())],
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_session_id")


def test_two_session_headers_are_refused(hermes) -> None:
    answer = hermes.client.post(
        "/v1/chat/completions",
        json={"messages": [{"role": "user", "content": "x"}]},
        headers=[("X-Session-ID", "a"), ("X-Session-ID", "b")],
    )
    assert answer.status_code == 400


def test_a_refused_turn_is_not_kept_and_does_not_hold_the_next_one_up(hermes) -> None:
    assert hermes.chat("x" * 40_000 + " y" * 9000, "refused").status_code == 400
    assert hermes.client.get("/sessions/refused").status_code == 404
    hermes.say("Fine.", "refused")
    assert hermes.get("/sessions/refused")["turn_count"] == 1


def test_a_record_shows_roles_contents_times_and_settings_and_goes_with_delete(hermes) -> None:
    reply = hermes.say("Keep this.", "kept")
    record = hermes.get("/sessions/kept")
    assert [(turn["role"], turn["content"]) for turn in record["turns"]] == [
        ("user", "Keep this."),
        ("assistant", reply),
    ]
    assert all(turn["time"].endswith("Z") for turn in record["turns"])
    assert record["settings"] == {
        "conversation_memory_size": 10,
        "context_window_size": 8192,
        "session_timeout_minutes": 30,
    }
    assert [hermes.client.delete("/sessions/kept").status_code for _ in range(2)] == [204, 404]
    assert hermes.client.get("/sessions/kept").status_code == 404
    assert "Keep" not in hermes.say("What did I just say?", "kept")
