"""A gateway's configuration changes while it runs, or does not."""

from __future__ import annotations

import signal
import threading

from tests.reference_services.gateway_process import CHAT, Exchange, body, configuration, event, until


def test_a_new_configuration_takes_effect_while_a_stream_goes_on(gateway, replica) -> None:
    old, new = replica(), replica()
    go_on = threading.Event()

    def act(exchange: Exchange) -> None:
        exchange.stream()
        exchange.event("one")
        assert go_on.wait(60)
        exchange.event("two")
        exchange.connection.sendall(b"0\r\n\r\n")

    old.act = act
    front = gateway(configuration(old))
    with front.client.stream("POST", CHAT, json=body(stream=True)) as answer:
        pieces = answer.iter_raw()
        assert next(pieces) == event("one")
        front.write(configuration(new))
        until(lambda: front.get("/services")["services"][0]["address"] == new.url, "the new replica is listed")
        assert front.chat().headers["x-served-by"] == new.name
        go_on.set()
        assert b"".join(pieces) == event("two")
    assert front.moved("gateway_config_reloads_total", result="applied") >= 1
    # What is gone is gone from the metrics' states as well.
    assert front.figure("gateway_replica_up", replica=old.name) == 0
    assert front.figure("gateway_replica_up", replica=new.name) == 1


def test_a_bad_configuration_is_refused_and_the_old_one_stays(gateway, replica) -> None:
    tin = replica()
    front = gateway(configuration(tin))
    since = front.get("/health")["configuration"]["since"]
    front.write({**configuration(tin), "queue": {"lenght": 3}})
    state = until(lambda: (now := front.get("/health")["configuration"])["state"] == "refused" and now, "it is refused")
    assert state["since"] == since
    (problem,) = state["problems"]
    assert problem.startswith(f"{front.file.name}:1:")
    assert "queue.lenght: no such setting; did you mean length?" in problem
    assert front.get("/health")["status"] == "healthy"
    assert front.chat().status_code == 200
    assert "did you mean length?" in front.log.read_text(encoding="utf-8")
    front.write({**configuration(tin), "gateway": {"port": 1}})
    front.file.unlink()
    until(lambda: "No such file" in str(front.get("/health")["configuration"]), "the file is gone")
    assert front.chat().status_code == 200
    front.write(configuration(tin))
    until(lambda: front.get("/health")["configuration"]["state"] == "applied", "a good one is taken again")


def test_sighup_reads_the_file_at_once_changed_or_not(gateway, replica) -> None:
    front = gateway(configuration(replica()))
    front.process.send_signal(signal.SIGHUP)
    until(lambda: front.moved("gateway_config_reloads_total", result="applied") >= 1, "it was read again")
    assert front.chat().status_code == 200
