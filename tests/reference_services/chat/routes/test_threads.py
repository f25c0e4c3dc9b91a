from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from signoff.reference_services.chat.prompt.prompt import Message
from signoff.reference_services.chat.prompt.tokenizer import count_messages
from signoff.reference_services.chat.sessions.sessions import SessionManager
from signoff.reference_services.chat.sessions.threads import Threads, root_of, walked
from signoff.reference_services.chat.settings.services import Hermes2Config, OpenChatConfig
from signoff.reference_services.chat.stores.records import SessionRecord
from signoff.reference_services.web.access.failures import Refused
from tests.reference_services.running import Running, Start, start_service

NAMES = st.sampled_from(("ann", "bob", "cem", "dee"))
CALLERS = st.sampled_from(("", "1111", "2222"))
FIRST, SECOND = "sk-first-4471-maple", "sk-second-9920-birch"
MEMORY = 3


@dataclass
class Said:
    """What the model knows of a session: its turns, the system prompts that were sent with them, where it came from."""

    turns: list[tuple[str | None, str]] = field(default_factory=list)
    parent: Said | None = None
    title: str | None = None

    def system(self) -> str | None:
        sent = [system for system, _ in self.turns if system is not None]
        return sent[-1] if sent else None


class Branches(RuleBasedStateMachine):
    """Threads of three callers against plain lists: turns, branches, titles, deletions."""

    def __init__(self) -> None:
        super().__init__()
        self.time = 1_000_000.0
        self.manager = SessionManager(Hermes2Config(conversation_memory_size=MEMORY), clock=self.clock)
        self.model: dict[tuple[str, str], Said] = {}
        self.number = 0

    def clock(self) -> float:
        self.time += 1
        return self.time

    def stored(self, caller: str, name: str) -> str:
        return f"{caller}/{name}" if caller else name

    @rule(caller=CALLERS, name=NAMES, has_system=st.booleans())
    def say(self, caller: str, name: str, has_system: bool) -> None:
        self.number += 1
        text = f"message {self.number}"
        system = f"system {self.number}" if has_system else None
        said = self.model.setdefault((caller, name), Said())
        sent = [*([Message("system", system)] if system else []), Message("user", text)]

        async def turn() -> tuple[Message, ...]:
            async with await self.manager.begin(self.stored(caller, name)) as taken:
                prompt = taken.prompt(sent, 16, count_messages)
                await taken.commit(text, f"re {text}")
                return prompt

        prompt = asyncio.run(turn())
        said_before = [text for _, text in said.turns][-MEMORY:]
        assert [each.content for each in prompt if each.role == "user"] == [*said_before, text]
        expected = system or said.system()
        assert [each.content for each in prompt if each.role == "system"] == ([expected] if expected else [])
        said.turns.append((system, text))

    @rule(caller=CALLERS, source=NAMES, new=NAMES, turn=st.integers(0, 5) | st.none(), has_title=st.booleans())
    def branch(self, caller: str, source: str, new: str, turn: int | None, has_title: bool) -> None:
        threads = Threads(self.manager, caller)
        title = f"title of {new}" if has_title else None
        parent = self.model.get((caller, source))
        if parent is None or (turn or 0) > len(parent.turns) or (caller, new) in self.model:
            with pytest.raises(Refused) as refused:
                asyncio.run(threads.branch(source, turn, new, title))
            status = 404 if parent is None or (turn or 0) > len(parent.turns) else 409
            assert refused.value.status == status
            return
        record = asyncio.run(threads.branch(source, turn, new, title))
        upto = len(parent.turns) if turn is None else turn
        self.model[caller, new] = Said(parent.turns[:upto], parent, title)
        assert (threads.name(record.parent or ""), record.parent_turns, record.turns) == (source, upto, upto)

    @rule(caller=CALLERS, name=NAMES, title=st.sampled_from((None, "a", "b")))
    def rename(self, caller: str, name: str, title: str | None) -> None:
        threads = Threads(self.manager, caller)
        if (caller, name) not in self.model:
            with pytest.raises(Refused):
                asyncio.run(threads.rename(name, title))
        else:
            assert asyncio.run(threads.rename(name, title)).title == title
            self.model[caller, name].title = title

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        caller, name = data.draw(st.sampled_from(sorted(self.model)))
        assert asyncio.run(self.manager.delete(self.stored(caller, name)))
        del self.model[caller, name]

    @invariant()
    def each_session_holds_what_was_said_in_it_and_before_it_left_its_parent(self) -> None:
        for (caller, name), said in self.model.items():
            record = self.manager.get_session(self.stored(caller, name))
            assert record is not None
            texts = [each["content"] for each in record["turns"] if each["role"] == "user"]
            assert (texts, record["system"]) == ([text for _, text in said.turns], said.system())

    @invariant()
    def each_caller_sees_its_own_sessions_and_their_trees(self) -> None:
        for caller in ("", "1111", "2222"):
            threads = Threads(self.manager, caller)
            records = asyncio.run(threads.all())
            mine = {name: said for (who, name), said in self.model.items() if who == caller}
            assert {threads.name(each.session_id): each.title for each in records} == {
                name: said.title for name, said in mine.items()
            }
            assert [each.last_used for each in records] == sorted((each.last_used for each in records), reverse=True)
            for name, said in mine.items():
                tree = asyncio.run(threads.tree(name))
                alive = {id(each): each for each in mine.values()}
                shown = {threads.name(each.session_id): depth for each, depth in tree}
                family = {key for key, each in mine.items() if top(each, alive) is top(said, alive)}
                assert set(shown) == family
                assert shown == {key: depth_of(mine[key], alive) for key in family}
                assert tree[0][1] == 0

    def teardown(self) -> None:
        self.manager.close()


def top(said: Said, alive: dict[int, Said]) -> Said:
    while said.parent is not None and id(said.parent) in alive:
        said = said.parent
    return said


def depth_of(said: Said, alive: dict[int, Said]) -> int:
    depth = 0
    while said.parent is not None and id(said.parent) in alive:
        said, depth = said.parent, depth + 1
    return depth


Branches.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
TestBranches = Branches.TestCase


def test_a_long_line_of_branches_and_one_that_bites_its_tail_are_walked_to_their_end() -> None:
    line = {
        str(n): SessionRecord(str(n), n, n, None, 0, None, str(n - 1) if n else None, n - 1.0 if n else None, 0)
        for n in range(5000)
    }
    assert [depth for _, depth in walked(line, root_of(line, line["4999"]))] == list(range(5000))
    ring = {
        "a": SessionRecord("a", 1, 1, None, 0, None, "b", 1, 0),
        "b": SessionRecord("b", 1, 1, None, 0, None, "a", 1, 0),
    }
    assert len(list(walked(ring, root_of(ring, ring["a"])))) == 2


def test_openchat_has_threads_and_the_others_once_they_are_told_to() -> None:
    assert OpenChatConfig().threads
    assert not Hermes2Config().threads
    assert Hermes2Config(threads=True).threads


# Over the wire


@pytest.fixture(scope="module")
def openchat() -> Iterator[Running]:
    variables = {"OPENCHAT_3_5_API_KEYS": f"{FIRST} {SECOND}"}
    running = start_service(service="openchat-3.5", variables=variables, headers={"Authorization": f"Bearer {FIRST}"})
    yield running
    assert running.stop() == 0


def branch(running: Running, session: str, **body: Any) -> dict[str, Any]:
    answer = running.client.post(f"/sessions/{session}/branch", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_two_branches_go_their_own_ways_from_what_they_share(openchat: Running) -> None:
    openchat.say("The door is green.", "trunk")
    openchat.say("The lantern stands in the cellar.", "trunk")
    before = openchat.get("/sessions/trunk")
    early = branch(openchat, "trunk", turn=1, session_id="early", title="Before the cellar")
    late = branch(openchat, "trunk")
    assert (early["turn_count"], early["title"], late["turn_count"], late["title"]) == (1, "Before the cellar", 2, None)
    openchat.say("The lantern stands in the attic.", "early")
    assert "attic" in openchat.say("Where does the lantern stand?", "early")
    assert "cellar" in openchat.say("Where does the lantern stand?", late["session_id"])
    assert "green" in openchat.say("How is the door?", "early")
    assert openchat.get("/sessions/trunk") == before
    tree = openchat.get(f"/sessions/{late['session_id']}/tree")
    assert tree["root"] == "trunk"
    assert [(node["session_id"], node["depth"]) for node in tree["data"]] == [
        ("trunk", 0),
        ("early", 1),
        (late["session_id"], 1),
    ]
    assert [node["parent"] and node["parent"]["turn"] for node in tree["data"]] == [None, 1, 2]
    record = openchat.get("/sessions/early")
    assert (record["title"], record["parent"]["session_id"]) == ("Before the cellar", "trunk")


def test_a_branch_outlives_its_parent_and_a_later_session_of_that_name_is_not_its_parent(openchat: Running) -> None:
    openchat.say("The moat is deep.", "old")
    branch(openchat, "old", session_id="heir")
    assert openchat.client.delete("/sessions/old").status_code == 204
    assert "deep" in openchat.say("How is the moat?", "heir")
    openchat.say("Another start.", "old")
    assert [node["session_id"] for node in openchat.get("/sessions/heir/tree")["data"]] == ["heir"]


def test_threads_are_listed_in_pages_last_used_first(openchat: Running) -> None:
    headers = {"Authorization": f"Bearer {SECOND}"}
    body = {"messages": [{"role": "user", "content": "Hello."}], "max_tokens": 2}
    for name in ("p1", "p2", "p3"):
        openchat.client.post("/v1/chat/completions", json=body, headers={**headers, "X-Session-ID": name})
    first = openchat.client.get("/sessions?limit=2", headers=headers).json()
    assert ([each["session_id"] for each in first["data"]], first["has_more"]) == (["p3", "p2"], True)
    rest = openchat.client.get(f"/sessions?limit=2&after={first['last_id']}", headers=headers).json()
    assert ([each["session_id"] for each in rest["data"]], rest["has_more"]) == (["p1"], False)
    assert openchat.client.get("/sessions?after=nobody", headers=headers).status_code == 404
    wrong = openchat.client.get("/sessions?limit=none", headers=headers)
    assert (wrong.status_code, wrong.json()["error"]["param"]) == (400, "limit")


def test_another_keys_session_is_not_there_whatever_is_asked_of_it(openchat: Running) -> None:
    openchat.say("Mine.", "private")
    headers = {"Authorization": f"Bearer {SECOND}"}
    asked = [
        ("POST", "/sessions/private/branch", {}),
        ("PATCH", "/sessions/private", {"title": "x"}),
        ("GET", "/sessions/private/tree", None),
        ("GET", "/sessions/private/analytics", None),
    ]
    for method, path, body in asked:
        answer = openchat.client.request(method, path, headers=headers, json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "session_not_found")
    # Names of one key say nothing of those of another.
    assert branch(openchat, "private", session_id="same")["session_id"] == "same"
    openchat.client.post(
        "/v1/chat/completions",
        json={"messages": [{"role": "user", "content": "x"}], "max_tokens": 1},
        headers={**headers, "X-Session-ID": "same2"},
    )
    assert branch(openchat, "private", session_id="same2")["turn_count"] == 1


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({"turn": 2}, 404, "turn"),
        ({"turn": -1}, 400, "turn"),
        ({"turn": "1"}, 400, "turn"),
        ({"session_id": "a b"}, 400, "session_id"),
        ({"session_id": "stem"}, 409, "session_id"),
        ({"title": " "}, 400, "title"),
        ({"at": 1}, 400, "at"),
    ],
)
def test_a_branch_that_cannot_be_is_refused_and_nothing_is_opened(
    openchat: Running, body: dict[str, Any], status: int, param: str
) -> None:
    openchat.say("Once.", "stem") if openchat.client.get("/sessions/stem").status_code == 404 else None
    before = openchat.get("/sessions?limit=100")
    answer = openchat.client.post("/sessions/stem/branch", json=body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (status, param)
    assert openchat.get("/sessions?limit=100") == before


def test_branches_taken_at_once_under_one_name_are_one(openchat: Running) -> None:
    openchat.say("Base.", "base")
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(
                lambda _: openchat.client.post("/sessions/base/branch", json={"session_id": "race"}).status_code,
                range(8),
            )
        )
    assert sorted(answers) == [201] + [409] * 7
    assert openchat.metrics()["openchat_3_5_sessions_branched_total{}"] >= 1


def test_branches_and_titles_outlive_a_restart(start: Start, tmp_path: Path) -> None:
    arguments = (f"--db={tmp_path / 'sessions'}",)
    first = start(*arguments, service="openchat-3.5")
    first.say("The gate is iron.", "a")
    branch(first, "a", session_id="b", title="B")
    assert first.stop() == 0
    second = start(*arguments, service="openchat-3.5")
    assert "iron" in second.say("How is the gate?", "b")
    assert [node["title"] for node in second.get("/sessions/b/tree")["data"]] == [None, "B"]


def test_where_threads_are_off_there_are_none(start: Start) -> None:
    hermes = start()
    hermes.say("x", "s")
    assert hermes.client.get("/sessions").status_code == 404
    assert hermes.client.post("/sessions/s/branch", json={}).status_code == 404
    assert "/sessions/{session_id}/branch" not in hermes.get("/openapi.json")["paths"]
