import json

import pytest

from perf.errors import PlanInvalid
from perf.plan import LoadPlan

URL = "http://127.0.0.1:9/v1/completions"


def plan(body, **more):
    values = {"rate_per_second": 10.0, "duration_s": 1.0, "timeout_s": 5.0, **more}
    return LoadPlan(URL, body, **values)


def test_each_request_has_a_prompt_of_its_own_in_front_of_the_words():
    bodies = plan({"prompt": "Tell me"}).bodies()
    prompts = [json.loads(bodies.of(number))["prompt"] for number in range(100)]
    assert len(set(prompts)) == 100
    assert all(prompt.endswith("] Tell me") and prompt[0] == "[" for prompt in prompts)
    assert len({len(prompt) for prompt in prompts}) == 1


def test_the_marker_stands_in_the_last_user_message_and_nowhere_else():
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "One"},
        {"role": "assistant", "content": "Yes"},
        {"role": "user", "content": [{"type": "text", "text": "Two “quoted”"}]},
        {"role": "assistant", "content": "And"},
    ]
    body = {"messages": messages, "max_tokens": 5}
    sent = json.loads(plan(body, stream=True).bodies().of(3))
    text = sent["messages"][3]["content"][0].pop("text")
    assert text.endswith("] Two “quoted”")
    assert sent["stream"] is True
    assert sent["messages"][:3] == messages[:3]
    assert body["messages"][3]["content"][0]["text"] == "Two “quoted”"


def test_the_same_seed_gives_the_same_bodies_and_times():
    one, two, other = (plan({"prompt": "x"}, seed=seed, arrivals="poisson") for seed in (5, 5, 6))
    assert one.bodies().of(9) == two.bodies().of(9) != other.bodies().of(9)
    assert one.offsets_ns() == two.offsets_ns() != other.offsets_ns()


def test_without_variation_every_request_is_the_body_as_given():
    assert json.loads(plan({"input": "x"}, vary=False).bodies().of(4)) == {"input": "x"}


@pytest.mark.parametrize(
    ("body", "more", "says"),
    [
        ({"input": "x"}, {}, "neither a user message nor a prompt"),
        ({"messages": [{"role": "system", "content": "x"}]}, {}, "neither"),
        ({"prompt": "x", "stop": {1}}, {}, "not JSON"),
        ({"prompt": "x", "user": "\ud800"}, {}, "not JSON"),
        ({"prompt": "x"}, {"timeout_s": 0}, "time-out of 0"),
        ({"prompt": "x"}, {"limit_ms": -1}, "limit of -1"),
        ({"prompt": "x"}, {"arrivals": "bursts"}, "constant or poisson"),
        ({"prompt": "x"}, {"headers": {"a": "b\nc"}}, "header 'a'"),
    ],
)
def test_a_plan_that_cannot_be_run_is_refused_with_the_reason(body, more, says):
    with pytest.raises(PlanInvalid, match=says):
        plan(body, **more)


def test_a_stored_plan_holds_no_key_and_a_message_reads_back_whole():
    whole = plan({"prompt": "x"}, headers={"Authorization": "Bearer secret"}, limit_ms=100.0)
    assert "secret" not in json.dumps(whole.as_record())
    assert LoadPlan.from_record(json.loads(json.dumps(whole.as_message()))) == whole
    with pytest.raises(PlanInvalid, match="speed"):
        LoadPlan.from_record({**whole.as_message(), "speed": 1})


def test_further_bodies_take_turns_with_the_first():
    bodies = plan({"prompt": "a"}, more_bodies=({"prompt": "b"}, {"prompt": "c"})).bodies()
    assert [json.loads(bodies.of(number))["prompt"][-1] for number in range(5)] == ["a", "b", "c", "a", "b"]


def test_a_plan_with_further_bodies_comes_back_from_its_record():
    several = plan({"prompt": "a"}, more_bodies=({"prompt": "b"},))
    assert LoadPlan.from_record(json.loads(json.dumps(several.as_record()))) == several
