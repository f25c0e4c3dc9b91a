"""A service on Redis or PostgreSQL: what is acknowledged stays, what the server does is told, nobody waits for ever."""

from __future__ import annotations

import asyncio
import json
import signal
import threading
import time
from pathlib import Path

import httpx
import pytest

from signoff.reference_services.chat.sessions.sessions import SessionManager
from signoff.reference_services.chat.settings.services import Hermes2Config
from signoff.reference_services.chat.stores.open_store import open_store
from signoff.reference_services.chat.stores.redis_store import RedisStore
from signoff.reference_services.chat.stores.store import StoreError
from tests.prepared import prepared_process
from tests.reference_services.chat.stores.store_servers import PASSWORD, Server, start_server
from tests.reference_services.chat.stores.test_durability import write_until_gone
from tests.reference_services.chat.stores.test_stores import _server_store
from tests.reference_services.running import HOST, Running, environment, free_ports

KINDS = ("redis", "postgresql")
SECRETS = (PASSWORD, Server.quoted_password, "wrong-word")


@pytest.mark.parametrize("kind", KINDS)
def test_every_acknowledged_turn_outlives_kill_9_once_and_in_order(kind: str, start, store_servers) -> None:
    url = store_servers(kind).url()
    session = f"killed-{kind}"
    acknowledged: list[tuple[str, str]] = []
    for life in range(2):
        hermes = start(variables={"HERMES_2_STORE": url})
        writer = threading.Thread(target=write_until_gone, args=(hermes, session, acknowledged, f"life {life}"))
        writer.start()
        while len(acknowledged) < 20 * (life + 1):
            assert writer.is_alive()
            time.sleep(0.005)
        hermes.process.send_signal(signal.SIGKILL)
        writer.join(60)
        hermes.process.wait()
    hermes = start(variables={"HERMES_2_STORE": url})
    kept = [turn["content"] for turn in hermes.get(f"/sessions/{session}")["turns"][::2]]
    promised = [text for _, text in acknowledged]
    assert len(set(kept)) == len(kept)
    assert [text for text in kept if text in set(promised)] == promised
    assert len(kept) - len(promised) <= 2


@pytest.mark.parametrize("kind", KINDS)
def test_two_services_on_one_store_take_turns_on_a_session_and_share_its_history(
    kind: str, start, store_servers
) -> None:
    variables = {"HERMES_2_STORE": store_servers(kind).url()}
    session = f"shared-{kind}"
    services = [start(variables=variables, pace=(20, 1)) for _ in range(2)]
    services[0].say("The ferry leaves from pier nine.", session)
    assert "nine" in services[1].say("From which pier does the ferry leave?", session)
    answered: list[int] = []

    def talk(service: Running) -> None:
        answered.extend(service.chat(f"Turn {n}.", session, max_tokens=8).status_code for n in range(10))

    threads = [threading.Thread(target=talk, args=(each,)) for each in services]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answered == [200] * 20
    turns = services[0].get(f"/sessions/{session}")["turns"]
    assert len(turns) == 44
    # Who is asked is not asked again before the answer: the times of the turns do not overlap.
    times = [turn["time"] for turn in turns]
    assert times == sorted(times)
    found = services[0].get("/health")["store"]
    assert (found["kind"], found["available"], found["warnings"]) == (kind, True, [])
    assert PASSWORD not in json.dumps(services[0].get("/config"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_store_that_goes_away_is_a_503_and_is_used_again_when_it_is_back(
    kind: str, start, store_servers, tmp_path: Path
) -> None:
    server = store_servers(kind)
    log = tmp_path / "log"
    visit, lost = f"visit-{kind}", f"lost-{kind}"
    hermes = start(variables={"HERMES_2_STORE": server.url()}, pace=(300, 0), log=log)
    hermes.say("The safe holds 771 coins.", visit)
    answers: list[httpx.Response] = []
    asking = threading.Thread(target=lambda: answers.append(hermes.chat("Lost.", lost)))
    asking.start()
    while hermes.metrics()['vllm:num_requests_running{"model_name": "hermes-2"}'] < 1 and asking.is_alive():
        time.sleep(0.01)
    server.stop()
    try:
        asking.join()
        answers.append(hermes.chat("How many coins does the safe hold?", visit))
        for answer in answers:
            assert answer.status_code == 503
            assert answer.json()["error"]["type"] == "server_error"
            assert answer.json()["error"]["code"] == "store_unavailable"
            assert answer.headers["Retry-After"] == "1"
        assert hermes.client.get(f"/sessions/{visit}").status_code == 503
        assert hermes.client.get("/metrics/sessions").status_code == 503
        # What belongs to no session is answered as ever.
        assert hermes.chat("The boat is red. What colour is the boat?").status_code == 200
        health = hermes.client.get("/health")
        assert (health.status_code, health.json()["status"]) == (200, "degraded")
        assert health.json()["store"]["available"] is False
        assert hermes.metrics()["hermes_2_session_store_available{}"] == 0
    finally:
        server.start()
    deadline = time.monotonic() + 30
    while hermes.get("/health")["status"] != "healthy":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert "771" in hermes.say("How many coins does the safe hold?", visit)
    assert hermes.get(f"/sessions/{visit}")["turn_count"] == 2
    assert hermes.client.get(f"/sessions/{lost}").status_code == 404
    assert hermes.stop() == 0
    assert not [secret for secret in SECRETS if secret in log.read_text(encoding="utf-8")]


@pytest.mark.parametrize("kind", KINDS)
def test_a_store_that_cannot_be_used_is_told_at_the_start(kind: str, store_servers, tmp_path: Path) -> None:
    def refusal(url: str) -> str:
        with pytest.raises(StoreError) as refused:
            open_store(Hermes2Config(store=url), tmp_path / "none")
        assert not [secret for secret in SECRETS if secret in str(refused.value)]
        return str(refused.value)

    wrong = refusal(store_servers(kind).url("wrong-word"))
    assert wrong.startswith(f"{kind}://")
    assert "***@" in wrong
    assert "give name and password in the URL" in wrong
    (port, _) = free_ports()
    assert "start the server, or name another store" in refusal(f"{kind}://:wrong-word@{HOST}:{port}/0")


def test_the_command_says_what_is_wrong_with_its_store_and_no_password(store_servers) -> None:
    def refused(*arguments: str) -> tuple[int, str]:
        done = prepared_process.run("signoff.reference_services.chat", *arguments, env=environment(), timeout=60)
        assert not [secret for secret in SECRETS if secret in done.stderr + done.stdout]
        assert "Traceback" not in done.stderr
        return done.returncode, done.stderr

    port, metrics_port = free_ports()
    url = store_servers("redis").url("wrong-word")
    code, message = refused(f"--host={HOST}", f"--port={port}", f"--metrics-port={metrics_port}", f"--store={url}")
    assert (code, message.partition("@")[0]) == (3, "hermes-2: redis://:***")
    code, message = refused("--store=mongodb://ann:wrong-word@host/db")
    assert code == 4
    assert "store = 'mongodb://...@host/db': allowed is sqlite:///path, redis://" in message
    code, message = refused("--store=redis://host", "--db=here.sqlite3")
    assert code == 4
    assert "--db and the setting store name two places" in message


def test_the_url_of_a_file_is_a_store_as_well(tmp_path: Path) -> None:
    store = open_store(Hermes2Config(store=f"sqlite:///{tmp_path}/s.sqlite3"), tmp_path / "other")
    assert (store.kind, store.address) == ("sqlite", f"{tmp_path}/s.sqlite3")
    store.create("a", 1.0).result()
    store.close()
    store = open_store(Hermes2Config(), tmp_path / "s.sqlite3")
    assert store.session_count().result() == 1
    store.close()


@pytest.mark.parametrize("kind", KINDS)
def test_what_another_process_did_is_seen_though_the_session_is_in_memory(kind: str, store_servers) -> None:
    first, second = (SessionManager(Hermes2Config(), _server_store(kind, store_servers, "memory")) for _ in range(2))

    async def say(manager: SessionManager, text: str) -> list[str]:
        async with await manager.begin("a") as turn:
            before = [message.content for message in manager.stored("a")][::2]
            await turn.commit(text, "ok")
            return before

    assert asyncio.run(say(first, "1")) == []
    assert asyncio.run(say(first, "2")) == ["1"]
    assert asyncio.run(say(second, "3")) == ["1", "2"]
    assert asyncio.run(say(first, "4")) == ["1", "2", "3"]
    assert asyncio.run(say(first, "5")) == ["1", "2", "3", "4"]
    assert (first.cache.hits, first.cache.misses) == (2, 1)
    assert asyncio.run(second.delete("a"))
    assert asyncio.run(say(first, "6")) == []
    first.close()
    second.close()


def test_a_server_that_does_not_answer_blocks_neither_the_event_loop_nor_stateless_requests() -> None:
    server = start_server("redis")
    try:
        manager = SessionManager(Hermes2Config(), RedisStore(server.url(), "stopped"))

        async def turns() -> tuple[int, int]:
            async with await manager.begin("a") as turn:
                server.signal(signal.SIGSTOP)
                committing = asyncio.create_task(turn.commit("u", "a"))
                beats = 0
                while beats < 20:
                    await asyncio.sleep(0.01)
                    beats += 1
                assert not committing.done()
                server.signal(signal.SIGCONT)
                return beats, await committing

        assert asyncio.run(turns()) == (20, 1)
        manager.close()
    finally:
        server.signal(signal.SIGCONT)
        server.remove()
