"""Documents over the wire: they answer questions while they are there, belong to their key, and stay gone."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.reference_services.running import HOST, Running, start_service
from tests.reference_services.web.test_security import FIRST, SECOND, bearer, ends

PUMPS = "The pump of hall three is restarted with the green lever."
QUESTION = "How is the pump of hall three restarted?"


@pytest.fixture(scope="module")
def library() -> Iterator[Running]:
    """A service with documents in memory, and no keys."""
    running = start_service("--retrieval=embedded", variables={"HERMES_2_RETRIEVAL_MAX_DOCUMENTS": "30"})
    yield running
    assert running.stop() == 0


def add(running: Running, text: str, name: str | None = None, **more: Any) -> dict[str, Any]:
    body = {"text": text, **({} if name is None else {"id": name}), **more.pop("fields", {})}
    answer = running.client.post("/documents", json=body, **more)
    assert answer.status_code == 201, answer.text
    return answer.json()


def remove(running: Running, name: str, **more: Any) -> int:
    return running.client.delete(f"/documents/{name}", **more).status_code


def test_a_document_answers_while_it_is_there_and_the_answer_names_it(library: Running) -> None:
    assert "green lever" not in library.say(QUESTION)
    added = add(library, PUMPS, "pumps", fields={"metadata": {"hall": 3, "new": True}})
    assert (added["id"], added["passages"], added["metadata"]) == ("pumps", 1, {"hall": 3, "new": True})
    answer = library.chat(QUESTION).json()
    assert answer["choices"][0]["message"]["content"] == PUMPS
    (found,) = answer["retrieval"]["documents"]
    assert (found["id"], found["passage"], found["text"]) == ("pumps", 0, PUMPS)
    assert 0.5 < found["score"] <= 1
    without = library.chat(QUESTION, retrieval=False).json()
    assert "retrieval" not in without
    assert answer["usage"]["prompt_tokens"] > without["usage"]["prompt_tokens"]
    assert remove(library, "pumps") == 204
    gone = library.chat(QUESTION).json()
    assert gone["retrieval"] == {"available": True, "documents": []}
    assert "green lever" not in json.dumps(gone)
    assert remove(library, "pumps") == library.client.get("/documents/pumps").status_code == 404


def test_a_stream_tells_its_documents_once_in_its_first_chunk(library: Running) -> None:
    add(library, PUMPS, "pumps")
    lines = [line for line in library.chat(QUESTION, stream=True).text.splitlines() if line.startswith("data: {")]
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines]
    assert [index for index, chunk in enumerate(chunks) if "retrieval" in chunk] == [0]
    assert chunks[0]["retrieval"]["documents"][0]["id"] == "pumps"
    assert remove(library, "pumps") == 204


def test_what_was_found_is_not_stored_in_the_session_and_does_not_outlive_its_document(library: Running) -> None:
    add(library, PUMPS, "pumps")
    library.say("Good morning.", "visit")
    # The question shares words with the document; the reply does not repeat it.
    library.say(QUESTION, "visit", max_tokens=1)
    assert "green lever" not in json.dumps(library.get("/sessions/visit"))
    assert remove(library, "pumps") == 204
    assert "green lever" not in library.say(QUESTION, "visit")


def test_a_document_of_the_same_name_takes_the_place_of_the_other(library: Running) -> None:
    add(library, PUMPS + " " + "Hall three has many pumps and valves. " * 60, "pumps")
    assert add(library, "The pump of hall three is restarted by hand.", "pumps")["passages"] == 1
    found = library.client.post("/documents/search", json={"query": QUESTION, "limit": 50, "min_score": 0}).json()
    assert [(each["id"], each["passage"]) for each in found["data"]] == [("pumps", 0)]
    assert library.say(QUESTION) == "The pump of hall three is restarted by hand."
    assert remove(library, "pumps") == 204


def test_a_long_document_is_found_by_the_passage_that_answers(library: Running) -> None:
    text = "The harbour has a crane. " * 100 + "\n\n" + PUMPS + "\n\n" + "The office closes at noon. " * 100
    assert add(library, text, "long")["passages"] > 5
    assert library.get("/documents/long")["text"] == text
    best = library.client.post("/documents/search", json={"query": QUESTION, "limit": 1}).json()["data"][0]
    assert PUMPS in best["text"]
    assert len(best["text"]) <= 600
    assert library.say(QUESTION) == PUMPS
    assert remove(library, "long") == 204


def test_passages_make_no_request_too_long_and_take_their_room_from_the_oldest_turns(start) -> None:
    phi = start("--retrieval=embedded", service="phi-3-mini", variables={"PHI_3_MINI_RETRIEVAL_CONTEXT_TOKENS": "9999"})
    for number in range(8):
        add(phi, f"Pump {number} of hall three is restarted. " * 14, f"pump-{number}")
    long = "and " * 1950 + QUESTION
    answer = phi.chat(long, max_tokens=20)
    assert answer.status_code == 200
    assert answer.json()["retrieval"]["documents"] == []
    for _ in range(8):
        answer = phi.chat(QUESTION + " Say so." * 40, "full", max_tokens=100)
        assert answer.status_code == 200, answer.text
        assert answer.json()["usage"]["total_tokens"] <= 2048
        passages = answer.json()["retrieval"]["documents"]
        assert passages
        assert sum(len(each["text"]) for each in passages) < 512 * 8


def test_each_key_has_documents_of_its_own(start) -> None:
    hermes = start("--retrieval=embedded", variables={"HERMES_2_API_KEYS": f"{FIRST},{SECOND}"})
    mine, theirs = {"headers": bearer(FIRST)}, {"headers": bearer(SECOND)}
    add(hermes, PUMPS, "pumps", **mine)
    assert hermes.client.get("/documents/pumps", **theirs).status_code == 404
    assert hermes.client.get("/documents", **theirs).json()["data"] == []
    assert hermes.client.post("/documents/search", json={"query": PUMPS}, **theirs).json()["data"] == []
    assert remove(hermes, "pumps", **theirs) == 404
    add(hermes, "The pump of hall three stays off.", "pumps", **theirs)
    body = {"messages": [{"role": "user", "content": QUESTION}], "temperature": 0}
    said = [
        hermes.client.post("/v1/chat/completions", json=body, **who).json()["choices"][0]["message"]["content"]
        for who in (mine, theirs)
    ]
    assert said == [PUMPS, "The pump of hall three stays off."]
    assert hermes.client.get("/documents").status_code == 401
    assert hermes.client.post("/documents", json={"text": "x"}).status_code == 401


def test_documents_in_a_folder_outlive_a_restart_and_deleted_ones_do_not(start, tmp_path: Path) -> None:
    place = f"--retrieval={tmp_path / 'documents'}"
    first = start(place)
    add(first, PUMPS, "kept")
    add(first, "The crane of the harbour is blue.", "dropped")
    assert remove(first, "dropped") == 204
    done = ends(place)
    assert (done.returncode, "already accessed" in done.stderr) == (4, True)
    assert first.stop() == 0
    second = start(place)
    assert [each["id"] for each in second.get("/documents")["data"]] == ["kept"]
    assert second.say(QUESTION) == PUMPS
    assert "blue" not in second.say("What colour is the crane of the harbour?")


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({"text": ""}, 400, "text"),
        ({"text": " \n "}, 400, "text"),
        ({"text": 7}, 400, "text"),
        ({}, 400, None),
        ({"id": "a/b", "text": "x"}, 400, "id"),
        ({"id": "x" * 129, "text": "x"}, 400, "id"),
        ({"text": "x", "colour": "red"}, 400, "colour"),
        ({"text": "x", "documents": [{"text": "y"}]}, 400, None),
        ({"documents": []}, 400, "documents"),
        ({"documents": [{"id": "a", "text": "x"}, {"id": "a", "text": "y"}]}, 400, None),
        ({"documents": [{"text": "x"}] * 101}, 400, "documents"),
        ({"text": "x", "metadata": {"list": [1]}}, 400, None),
        ({"text": "x", "metadata": {str(number): number for number in range(33)}}, 400, "metadata"),
        ({"text": "x" * 20_001}, 413, "text"),
        ({"documents": [{"text": "x"}, {"text": "x" * 20_001}]}, 413, "documents.1.text"),
    ],
)
def test_a_wrong_document_is_refused_and_nothing_is_added(
    library: Running, body: dict[str, Any], status: int, param: str | None
) -> None:
    answer = library.client.post("/documents", json=body)
    assert answer.status_code == status, answer.text
    if param is not None:
        assert answer.json()["error"]["param"] == param
    assert library.get("/documents")["data"] == []


@pytest.mark.parametrize("body", [{}, {"query": ""}, {"query": "x", "limit": 0}, {"query": "x", "min_score": 2}])
def test_a_wrong_search_is_refused(library: Running, body: dict[str, Any]) -> None:
    assert library.client.post("/documents/search", json=body).status_code == 400


def test_beyond_the_most_documents_nothing_is_added_until_one_is_deleted(library: Running) -> None:
    many = [{"id": f"d{number}", "text": f"Shelf {number}."} for number in range(29)]
    assert library.client.post("/documents", json={"documents": many}).status_code == 201
    two = {"documents": [{"id": "x", "text": "One more."}, {"id": "y", "text": "And another."}]}
    answer = library.client.post("/documents", json=two)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "store_full")
    assert library.client.get("/documents/x").status_code == 404
    # Another text for a document that is there needs no further place.
    add(library, "Shelf 5, moved.", "d5")
    add(library, "One more.", "x")
    assert library.client.post("/documents", json={"text": "Too much."}).status_code == 409
    for name in [f"d{number}" for number in range(29)] + ["x"]:
        assert remove(library, name) == 204
    assert library.get("/documents")["data"] == []


def test_without_a_store_there_are_no_documents_and_asking_for_them_is_an_error(hermes: Running) -> None:
    assert hermes.client.post("/documents", json={"text": "x"}).status_code == 404
    assert "retrieval" not in hermes.chat(QUESTION).json()
    assert "retrieval" not in hermes.get("/health")
    answer = hermes.chat(QUESTION, retrieval=True)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "no_documents")


class _BriefQdrant(BaseHTTPRequestHandler):
    """Says that it has no collections; what else is asked of it it does not know."""

    def do_GET(self) -> None:
        content = b'{"result": {"collections": []}, "status": "ok", "time": 0}'
        self.send_response(200 if self.path == "/collections" else 500)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments: Any) -> None:
        pass


def test_a_database_that_goes_away_costs_the_documents_and_not_the_conversation(start) -> None:
    with ThreadingHTTPServer((HOST, 0), _BriefQdrant) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        hermes = start(f"--retrieval=http://{HOST}:{server.server_port}")
        server.shutdown()
        thread.join()
    answer = hermes.chat("The boat is red. What colour is the boat?").json()
    assert answer["choices"][0]["message"]["content"] == "The boat is red."
    assert answer["retrieval"] == {"available": False, "documents": []}
    for method, path, body in (("POST", "/documents", {"text": PUMPS}), ("GET", "/documents", None)):
        refused = hermes.client.request(method, path, json=body)
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "no_database")
    assert hermes.get("/health")["retrieval"] == {"store": "server", "available": False}
    assert hermes.metrics()['hermes_2_retrievals_total{"result": "unavailable"}'] == 1


def test_a_database_that_never_was_ends_the_start_with_a_line() -> None:
    # Nothing listens at port 1 of the loopback.
    done = ends("--retrieval=http://127.0.0.1:1")
    assert done.returncode == 4
    assert "retrieval = 'http://127.0.0.1:1': cannot be opened" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("documents", "allowed is embedded, a folder such as ./documents, the URL of a Qdrant server, or nothing"),
        ("http://user:hunter2@127.0.0.1", "allowed is embedded, a folder"),
        ("/proc/none/documents", "cannot be opened"),
    ],
)
def test_a_place_that_cannot_be_is_told_before_anything_listens(place: str, message: str) -> None:
    done = ends(f"--retrieval={place}")
    assert done.returncode == 4
    assert message in done.stderr
    assert "hunter2" not in done.stderr
    assert "Traceback" not in done.stderr


def test_without_the_package_a_service_with_documents_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "qdrant_client.py").write_text("raise ImportError\n")
    (tmp_path / "strawberry.py").write_text("raise ImportError\n")
    path = f"{tmp_path}:{Path(__file__).parents[4] / 'src'}"
    for arguments, message in (
        (["--retrieval=embedded"], "retrieval needs qdrant-client, which is not installed: pip install"),
        ([], "graphql needs strawberry-graphql: pip install"),
    ):
        done = ends(*arguments, PYTHONPATH=path)
        assert (done.returncode, message in done.stderr, "Traceback" in done.stderr) == (4, True, False), done.stderr


def test_a_model_that_is_not_there_is_told_and_never_downloaded(tmp_path: Path) -> None:
    done = ends("--retrieval=embedded", HERMES_2_EMBEDDING_MODEL=str(tmp_path / "none"))
    assert (done.returncode, "no such folder" in done.stderr) == (4, True)
