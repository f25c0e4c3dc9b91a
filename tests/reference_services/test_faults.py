"""Each fault does what it says, and the service is otherwise the sound one."""

from __future__ import annotations

import random
from pathlib import Path

import psutil
import pytest

from signoff.reference_services.chat.serving.app import create_app
from signoff.reference_services.chat.settings.services import Hermes2Config
from signoff.reference_services.faults import FAULTS
from signoff.reference_services.faults.leaks_memory import LEAK_BYTES
from signoff.reference_services.faults.slow import lognormal_pace

COUNT = 'hermes_2_requests_total{"endpoint": "/v1/chat/completions", "outcome": "ok"}'
DEFECT = {
    "forgets_session": "recall",
    "slow": "pace",
    "leaks_memory": "memory",
    "stale_metrics": "counter",
    "buffers_stream": "stream",
    "accepts_anything": "refusal",
    "forgets_when_full": "overflow",
}
REFUSED = {"messages": [{"role": "wizard", "content": "x"}]}


def test_every_fault_is_registered_under_its_own_name_with_a_file_of_its_own() -> None:
    folder = Path(__file__).parent.parent.parent / "reference_services" / "faults"
    files = {file.stem for file in folder.glob("*.py")} - {"__init__", "wrapped_engine"}
    assert set(FAULTS) == files == set(DEFECT)
    assert all(fault.name == name and fault.summary for name, fault in FAULTS.items())


def grown_bytes(hermes) -> float:
    """How much memory 200 more requests take, after as many that warm the service up."""
    process = psutil.Process(hermes.process.pid)
    sizes = []
    for _ in range(2):
        for _ in range(200):
            hermes.chat("x", max_tokens=1)
        sizes.append(process.memory_info().rss)
    return sizes[1] - sizes[0]


def reads_of_a_stream(hermes) -> int:
    """In how many pieces the parts of a stream come, each a chunk of HTTP."""
    body = {"messages": [{"role": "user", "content": "x"}], "max_tokens": 8, "stream": True}
    with hermes.client.stream("POST", "/v1/chat/completions", json=body) as answer:
        return sum(1 for _ in answer.iter_raw())


def overflown(hermes) -> bool:
    """Whether the last turn is known where the first ones no longer fit."""
    for _ in range(3):
        hermes.say("and " * 3000, "full", max_tokens=1)
    hermes.say("The trumpet lies in locker five.", "full", max_tokens=1)
    return "five" in hermes.say("In which locker does the trumpet lie?", "full")


def observed(hermes, is_slow: bool, is_forgetful: bool = False) -> dict[str, bool]:
    """What each criterion's subject looks like from outside; True is sound."""
    hermes.say("The trumpet lies in locker five.", "s")
    recall = "five" in hermes.say("In which locker does the trumpet lie?", "s")
    before = hermes.metrics(on_metrics_port=True)
    hermes.say("one")
    after = hermes.metrics(on_metrics_port=True)
    took = hermes.chat("x", max_tokens=1).elapsed.total_seconds()
    return {
        "recall": recall,
        "pace": took < 0.9,
        "counter": after[COUNT] == before[COUNT] + 1 and hermes.metrics()[COUNT] >= after[COUNT] + 1,
        "record": hermes.get("/sessions/s")["turns"][0]["content"].startswith("The trumpet"),
        "session metrics": hermes.get("/metrics/sessions")["turns_stored"] == 2,
        "health": hermes.get("/health")["status"] == "healthy",
        "context": hermes.chat("and " * 9000).status_code == 400,
        "isolation": "five" not in hermes.say("In which locker does the trumpet lie?", "t", max_tokens=20),
        "stream": reads_of_a_stream(hermes) > 1,
        "refusal": hermes.client.post("/v1/chat/completions", json=REFUSED).status_code == 400,
        "overflow": is_forgetful or overflown(hermes),
        "memory": is_slow or grown_bytes(hermes) < 100 * LEAK_BYTES,
    }


@pytest.mark.parametrize("fault", ["", *DEFECT])
def test_a_fault_breaks_its_own_subject_and_nothing_else(start, fault: str) -> None:
    hermes = start(*([f"--fault={fault}"] if fault else []))
    seen = observed(hermes, is_slow=fault == "slow", is_forgetful=fault == "forgets_session")
    assert [name for name, is_sound in seen.items() if not is_sound] == ([DEFECT[fault]] if fault else [])


def test_slow_completions_take_1800_ms_in_the_mean_whatever_their_length() -> None:
    pace = lognormal_pace()
    lengths = random.Random(1)
    totals = []
    for _ in range(4000):
        tokens = lengths.choice((1, 2, 50, 500))
        drawn = pace(tokens)
        totals.append(drawn.first_s + (tokens - 1) * drawn.step_s)
    mean = sum(totals) / len(totals)
    variation = (sum((total - mean) ** 2 for total in totals) / len(totals)) ** 0.5 / mean
    assert mean == pytest.approx(1.8, rel=0.01)
    assert variation == pytest.approx(0.15, rel=0.05)
    assert [lognormal_pace()(5) for _ in range(2)] == [lognormal_pace()(5) for _ in range(2)]


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_wraps_the_factory_and_serves_the_same_routes(name: str, tmp_path: Path) -> None:
    config = Hermes2Config()
    paths = []
    for number, create in enumerate((create_app, FAULTS[name].wrap(create_app))):
        app = create(config, tmp_path / f"{number}.sqlite3")
        paths.append(app.openapi()["paths"])
        app.state.parts.sessions.close()
    assert paths[0] == paths[1]
