from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.sync.client import connect

from signoff.reference_services.chat.engine.engine import Step
from signoff.reference_services.chat.moderation.judgement import Judgement, ModeratorAway
from signoff.reference_services.chat.moderation.moderation import Moderation
from signoff.reference_services.chat.moderation.moderation_endpoint import EndpointScreen, ModerationEndpoint
from signoff.reference_services.chat.moderation.moderator import opened
from signoff.reference_services.chat.moderation.word_list import WordList, phrases, words
from signoff.reference_services.chat.settings.services import Hermes2Config
from signoff.reference_services.web.access.failures import Refused
from signoff.reference_services.web.settings.settings_problems import SettingsError
from tests.reference_services.running import HOST, Running, Start, start_service

TOLD = "The colour of the boat is turquoise today."
QUESTION = "What is the colour of the boat?"
"""The answer is drawn from the service's own system prompt, so that the request holds no listed word."""
SHOWN = "The colour of the boat"
"""The word before the listed one waits too, because a listed phrase has two words."""
PIECES = st.lists(st.text("ab \u0301\u200b-B", min_size=1, max_size=4), max_size=10)
LISTS = st.lists(st.lists(st.text("ab", min_size=1, max_size=2), min_size=1, max_size=3).map(tuple), min_size=1).map(
    frozenset
)


class Scripted:
    """A moderator that flags what holds a letter, and that is away from its n-th question on."""

    kind = "scripted"
    is_available = True
    window_tokens = 3

    def __init__(self, flags: str = "", answers: int = 1000) -> None:
        self.flags = flags
        self.answers = answers
        self.asked: list[str] = []

    async def judge(self, texts: Sequence[str]) -> list[Judgement]:
        self.asked += texts
        if len(self.asked) > self.answers:
            raise ModeratorAway("scripted")
        return [Judgement(bool(self.flags) and self.flags in text, {"scripted": True}) for text in texts]

    def screen(self) -> EndpointScreen:
        return EndpointScreen(self)  # type: ignore[arg-type]

    async def close(self) -> None: ...


def screened(moderation: Moderation, texts: Sequence[str]) -> tuple[list[Step], list[str]]:
    """What comes of an answer in these pieces, and what is told of it."""
    results: list[str] = []

    async def steps() -> Any:
        for number, text in enumerate(texts):
            yield Step(text, "stop" if number == len(texts) - 1 else None)

    async def all_of_it() -> list[Step]:
        return [step async for step in moderation.screened(steps(), results.append)]

    return asyncio.run(all_of_it()), results


def text_of(steps: Sequence[Step]) -> str:
    return "".join(step.text for step in steps)


@pytest.mark.parametrize(
    ("text", "is_flagged"),
    [
        ("a Turquoise sea", True),
        ("TURQUOISE", True),
        ("turquoise-blue", True),
        ("turquoises", False),
        ("ｔｕｒｑｕｏｉｓｅ", True),
        ("tur\u00adquoise and tur\u200bquoise", True),
        ("ⓣurquoise", True),
        ("the red\n herring", True),
        ("red, herring", True),
        ("red and herring", False),
        ("infrared herring", False),
    ],
)
def test_listed_words_and_phrases_are_found_whole_whatever_their_form(text: str, is_flagged: bool) -> None:
    listed = WordList(phrases("turquoise  # a colour\n\n# nothing\nred HERRING\n"))
    (judgement,) = asyncio.run(listed.judge([text]))
    assert judgement.is_flagged is is_flagged
    assert judgement.categories == {"listed": is_flagged}


@given(LISTS, PIECES)
def test_an_answer_is_flagged_as_its_whole_text_is_however_it_is_cut(listed: frozenset[Any], pieces: list[str]) -> None:
    moderator = WordList(listed)
    steps, results = screened(Moderation(moderator, is_open=False), pieces)
    is_flagged = moderator.holds(words("".join(pieces)))
    assert results == (["flagged"] if is_flagged else ["passed"])
    assert (steps[-1].finish_reason if steps else "stop") == ("content_filter" if is_flagged else "stop")
    assert sum(step.tokens for step in steps) <= len(pieces)
    if not is_flagged:
        assert [step.text for step in steps] == pieces


@given(LISTS, PIECES)
def test_what_is_shown_of_a_flagged_answer_begins_no_listed_phrase(listed: frozenset[Any], pieces: list[str]) -> None:
    moderator = WordList(listed)
    steps, results = screened(Moderation(moderator, is_open=False), pieces)
    shown, whole = text_of(steps), "".join(pieces)
    assert whole.startswith(shown)
    if results == ["flagged"]:
        # Whatever else followed, no listed phrase reaches back into what was shown.
        said = words(whole)
        first = next(
            start for start in range(len(said)) if any(tuple(said[start:][: len(each)]) == each for each in listed)
        )
        assert len(words(shown)) <= first


@given(PIECES.filter(bool), st.integers(0, 4), st.booleans())
def test_an_endpoint_that_goes_away_stops_a_closed_service_and_not_an_open_one(
    pieces: list[str], answers: int, is_open: bool
) -> None:
    counted: list[tuple[str, str]] = []
    moderator = Scripted(answers=answers)
    moderation = Moderation(moderator, is_open, lambda stage, result: counted.append((stage, result)))
    needed = -(-len(pieces) // moderator.window_tokens)
    if answers >= needed:
        steps, results = screened(moderation, pieces)
        assert ([step.text for step in steps], results, counted) == (pieces, ["passed"], [("output", "passed")])
    elif is_open:
        steps, results = screened(moderation, pieces)
        assert ([step.text for step in steps], results, counted) == (pieces, ["unchecked"], [("output", "unchecked")])
        assert len(moderator.asked) == answers + 1
    else:
        with pytest.raises(Refused) as refused:
            screened(moderation, pieces)
        assert (refused.value.status, refused.value.code) == (503, "moderation_unavailable")
        assert counted == [("output", "refused")]


@given(st.lists(st.sampled_from(["a", "b", "x"]), min_size=1, max_size=12))
def test_an_endpoint_sees_the_answer_before_anybody_else_does(pieces: list[str]) -> None:
    moderator = Scripted("x")
    steps, results = screened(Moderation(moderator, is_open=False), pieces)
    shown = text_of(steps)
    assert "x" not in shown
    assert shown == "" or any(asked.startswith(shown) for asked in moderator.asked)
    assert results == (["flagged"] if "x" in pieces else ["passed"])


@pytest.mark.parametrize("content", ["", "# only\n\n", b"\xff"])
def test_a_word_list_that_cannot_be_used_is_named_at_the_start(tmp_path: Path, content: str | bytes) -> None:
    file = tmp_path / "words"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    for place in (file, tmp_path / "none"):
        with pytest.raises(SettingsError, match=r"^moderation = "):
            opened(Hermes2Config(moderation=str(place)))


def test_without_a_moderator_nothing_is_judged_told_or_held_back() -> None:
    moderation = Moderation(None, is_open=False)
    assert asyncio.run(moderation.check(["anything"], "messages")) is None
    steps, results = screened(moderation, ["a", "b"])
    assert (text_of(steps), results, moderation.shown()) == ("ab", [], {})


# Over the wire


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service with a word list, and a system prompt of its own that holds a listed word."""
    file = tmp_path_factory.mktemp("moderation") / "words.txt"
    file.write_text("turquoise\nred herring\n")
    variables = {"HERMES_2_MODERATION": str(file), "HERMES_2_SYSTEM_PROMPT": TOLD}
    running = start_service(variables=variables)
    yield running
    assert running.stop() == 0


def count(running: Running, stage: str, result: str) -> float:
    labels = json.dumps({"result": result, "stage": stage})
    return running.metrics()[f"hermes_2_moderations_total{labels}"]


def events(running: Running, session: str | None = None, **fields: Any) -> list[dict[str, Any]]:
    """The chunks of a stream."""
    body = {"messages": [{"role": "user", "content": QUESTION}], "stream": True, "temperature": 0, **fields}
    headers = {} if session is None else {"X-Session-ID": session}
    with running.client.stream("POST", "/v1/chat/completions", json=body, headers=headers) as answer:
        assert answer.status_code == 200
        lines = [line.removeprefix("data: ") for line in answer.iter_lines() if line]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def text_in(chunks: list[dict[str, Any]]) -> str:
    return "".join(choice["delta"].get("content", "") for chunk in chunks for choice in chunk["choices"])


def test_flagged_input_is_refused_in_the_error_shape_and_leaves_no_turn(listed: Running) -> None:
    before = count(listed, "input", "flagged")
    answer = listed.chat("Paint it TURQUOISE, my friend.", "refused")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, "content_filter", "messages")
    assert error["type"] == "invalid_request_error"
    assert "turquoise" not in error["message"].lower()
    assert listed.client.get("/sessions/refused").status_code == 404
    text = listed.client.post("/v1/completions", json={"prompt": "a red  herring"})
    assert (text.status_code, text.json()["error"]["param"]) == (400, "prompt")
    assert count(listed, "input", "flagged") == before + 2


@pytest.mark.parametrize("streams", [False, True])
def test_a_flagged_answer_ends_before_the_word_and_the_record_has_what_was_shown(
    listed: Running, streams: bool
) -> None:
    session = f"flagged-{streams}"
    before = count(listed, "output", "flagged")
    if streams:
        chunks = events(listed, session, stream_options={"include_usage": True})
        shown, last, usage = text_in(chunks), chunks[-2], chunks[-1]["usage"]
        reason = last["choices"][0]["finish_reason"]
    else:
        last = listed.chat(QUESTION, session).json()
        choice, usage = last["choices"][0], last["usage"]
        shown, reason = choice["message"]["content"], choice["finish_reason"]
    assert shown == SHOWN
    assert reason == "content_filter"
    assert last["moderation"] == {"input": "passed", "output": ["flagged"]}
    # What was generated and not shown was generated all the same.
    assert usage["completion_tokens"] > len(shown.split())
    assert [turn["content"] for turn in listed.get(f"/sessions/{session}")["turns"]] == [QUESTION, shown]
    assert count(listed, "output", "flagged") == before + 1


def test_a_sound_answer_comes_whole_and_says_that_it_was_judged(listed: Running) -> None:
    whole = listed.chat("The mast is tall. How is the mast?").json()
    assert whole["choices"][0]["finish_reason"] == "stop"
    assert whole["moderation"] == {"input": "passed", "output": ["passed"]}
    chunks = events(listed, messages=[{"role": "user", "content": "The mast is tall. How is the mast?"}])
    assert text_in(chunks) == whole["choices"][0]["message"]["content"]
    assert [chunk["moderation"] for chunk in chunks if "moderation" in chunk] == [whole["moderation"]]


def test_each_of_several_answers_is_judged_on_its_own(listed: Running) -> None:
    answer = listed.chat(QUESTION, n=3, temperature=1, seed=1).json()
    results = answer["moderation"]["output"]
    reasons = [choice["finish_reason"] for choice in answer["choices"]]
    assert [each == "flagged" for each in results] == [reason == "content_filter" for reason in reasons]
    assert not any("turquoise" in choice["message"]["content"] for choice in answer["choices"])


def test_a_socket_shows_no_more_than_a_stream_does(listed: Running) -> None:
    with connect(listed.url.replace("http", "ws") + "/v1/chat/stream") as connection:
        connection.send(json.dumps({"messages": [{"role": "user", "content": QUESTION}], "temperature": 0}))
        chunks = []
        while (message := connection.recv(10)) != "[DONE]":
            chunks.append(json.loads(message))
    assert text_in(chunks) == SHOWN
    assert chunks[-1]["choices"][0]["finish_reason"] == "content_filter"


def test_the_moderator_can_be_asked_in_the_shape_of_openais_api(listed: Running) -> None:
    from openai import OpenAI

    client = OpenAI(base_url=f"{listed.url}/v1", api_key="none")
    found = client.moderations.create(input=["a turquoise sea", "a blue one"])
    assert [result.flagged for result in found.results] == [True, False]
    bad = listed.client.post("/v1/moderations", json={"input": []})
    assert (bad.status_code, bad.json()["error"]["code"]) == (400, "invalid_value")


def test_a_service_judges_by_an_endpoint_and_closes_or_opens_when_that_is_gone(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "words.txt"
    file.write_text("turquoise\n")
    endpoint = start(
        variables={
            "HERMES_2_MODERATION": str(file),
            "HERMES_2_API_KEYS": "sk-moderation-1",
        },
        headers={"Authorization": "Bearer sk-moderation-1"},
    )
    shared = {
        "HERMES_2_MODERATION": f"{endpoint.url}/v1/moderations",
        "HERMES_2_MODERATION_API_KEY": "sk-moderation-1",
        "HERMES_2_MODERATION_WINDOW_TOKENS": "2",
        "HERMES_2_SYSTEM_PROMPT": TOLD,
    }
    closed = start(variables=shared)
    open_ = start(variables={**shared, "HERMES_2_MODERATION_ON_FAILURE": "open"})
    for each in (closed, open_):
        assert each.chat("turquoise").json()["error"]["code"] == "content_filter"
        chunks = events(each)
        assert "turquoise" not in text_in(chunks)
        assert chunks[-1]["choices"][0]["finish_reason"] == "content_filter"
        assert "sk-moderation-1" not in each.client.get("/config").text
    assert endpoint.stop() == 0
    answer = closed.chat(QUESTION, "s")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "moderation_unavailable")
    assert "retry-after" in answer.headers
    assert closed.client.get("/sessions/s").status_code == 404
    assert closed.get("/health")["moderation"] == {"moderator": "endpoint", "available": False, "on_failure": "closed"}
    whole = open_.chat(QUESTION).json()
    assert "turquoise" in whole["choices"][0]["message"]["content"]
    assert whole["moderation"] == {"input": "unchecked", "output": ["unchecked"]}
    assert events(open_)[-1]["moderation"] == whole["moderation"]
    assert (count(closed, "input", "refused"), count(open_, "output", "unchecked")) == (1, 2)


class Endpoint(BaseHTTPRequestHandler):
    """Flags nothing; what the class of a test says is its status and its body."""

    asked: list[str]

    def do_POST(self) -> None:
        texts = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["input"]
        self.asked.extend(texts)
        status, body = self.answer(texts)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answer(self, texts: list[str]) -> tuple[int, bytes]:
        return 200, json.dumps({"results": [{"flagged": False}] * len(texts)}).encode()

    def log_message(self, *_: Any) -> None: ...


@contextlib.contextmanager
def serving(kind: type[Endpoint]) -> Iterator[str]:
    with ThreadingHTTPServer((HOST, 0), kind) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://{HOST}:{server.server_port}/v1/moderations"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (200, b"{}", "its answer is not one of /v1/moderations"),
        (200, b'{"results": []}', "it gives 0 results for 1 texts"),
        (200, b"<html>", "its answer is not one of /v1/moderations"),
        (302, b"", "it answers with status 302"),
        (429, b"{}", "it answers with status 429"),
    ],
)
def test_an_endpoint_that_does_not_judge_is_away_and_says_why(status: int, body: bytes, reason: str) -> None:
    class Wrong(Endpoint):
        asked: ClassVar[list[str]] = []

        def answer(self, texts: list[str]) -> tuple[int, bytes]:
            return status, body

    async def judge(url: str) -> bool | None:
        moderator = ModerationEndpoint(url, "", "", 10, 2)
        try:
            with pytest.raises(ModeratorAway, match=reason):
                await moderator.judge(["x"])
            return moderator.is_available
        finally:
            await moderator.close()

    with serving(Wrong) as url:
        assert asyncio.run(judge(url)) is False


def test_an_endpoint_that_never_answers_is_away_after_the_time_out() -> None:
    async def judge(url: str) -> None:
        moderator = ModerationEndpoint(url, "", "", 0.05, 2)
        try:
            with pytest.raises(ModeratorAway, match="it did not answer within 50 ms"):
                await moderator.judge(["x"])
        finally:
            await moderator.close()

    with socket.create_server((HOST, 0)) as silent:
        asyncio.run(judge(f"http://{HOST}:{silent.getsockname()[1]}/v1/moderations"))


def test_a_stream_whose_moderator_goes_away_ends_with_the_error_and_shows_nothing_unjudged(start: Start) -> None:
    class Fourth(Endpoint):
        asked: ClassVar[list[str]] = []

        def answer(self, texts: list[str]) -> tuple[int, bytes]:
            return super().answer(texts) if len(self.asked) < 4 else (500, b"")

    with serving(Fourth) as place:
        running = start(
            variables={
                "HERMES_2_MODERATION": place,
                "HERMES_2_MODERATION_WINDOW_TOKENS": "2",
                "HERMES_2_SYSTEM_PROMPT": TOLD,
            }
        )
        chunks = events(running, "broken")
    assert chunks[-1]["error"]["code"] == "moderation_unavailable"
    # The question, then the answer window by window; the last of them was asked for in vain.
    assert text_in(chunks[:-1]) == Fourth.asked[2]
    assert Fourth.asked[3].startswith(Fourth.asked[2])
    assert running.client.get("/sessions/broken").status_code == 404
