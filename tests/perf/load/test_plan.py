import json

import pytest

from signoff.perf.errors import PlanInvalid
from signoff.perf.load.plan import LoadPlan

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
        ({"prompt": "x"}, {"arrivals": "bursts"}, "constant, poisson, ramp, step, trace or closed_loop"),
        ({"prompt": "x"}, {"arrivals": "closed_loop"}, "at least one"),
        ({"prompt": "x"}, {"arrivals": "trace"}, "without a request"),
        ({"prompt": "x"}, {"prompt_tokens": -1}, "prompts of -1"),
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


def test_a_plan_of_a_trace_or_of_steps_reads_back_whole():
    for more in (
        {"arrivals": "trace", "trace": ((0.0, 5, 7), (0.5, None, None))},
        {"arrivals": "step", "steps_per_second": (1.0, 2.0)},
    ):
        whole = plan({"prompt": "x"}, **more)
        assert LoadPlan.from_record(json.loads(json.dumps(whole.as_message()))) == whole


def test_a_trace_gives_each_request_its_lengths_and_leaves_no_field_twice():
    trace = ((0.0, 5, 7), (0.5, None, None), (1.0, 0, 0))
    bodies = plan({"prompt": "Go", "max_tokens": 3}, arrivals="trace", trace=trace, prompt_tokens=2).bodies()
    sent = [bodies.of(number) for number in range(3)]
    assert all(each.count(b"max_tokens") == 1 for each in sent)
    assert [json.loads(each)["max_tokens"] for each in sent] == [7, 3, 1]
    assert [len(json.loads(each)["prompt"].split()) for each in sent] == [7, 4, 2]


def test_prompts_of_a_length_have_so_many_words_of_their_own():
    bodies = plan({"prompt": ""}, prompt_tokens=100_000).bodies()
    one, two = (json.loads(bodies.of(number))["prompt"].split() for number in (1, 2))
    assert len(one) == len(two) == 100_001
    assert one[1:9] != two[1:9]
    assert bodies.of(1) == bodies.of(1)
