import pytest

from signoff.perf.errors import PlanInvalid
from signoff.perf.load.trace import fit, read_trace

FORMS = {
    "times.txt": "# seconds\n2.0\n1.0\n\n4.5\n",
    "mooncake.jsonl": (
        '{"timestamp": 1000, "input_length": 6755, "output_length": 500, "hash_ids": [0, 1]}\n'
        '{"timestamp": 2000, "input_length": 10, "output_length": 1}\n'
        '{"timestamp": 4500, "input_length": 20, "output_length": 2}\n'
    ),
    "burstgpt.csv": (
        "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n"
        "1,ChatGPT,6755,500,7255,Conversation log\n"
        "2,ChatGPT,10,1,11,Conversation log\n4.5,GPT-4,20,2,22,API log\n"
    ),
    "azure.csv": (
        "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.0000000,6755,500\n"
        "2023-11-16 18:15:47.0000000,10,1\n2023-11-16 18:15:49.5000000,20,2\n"
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_each_form_of_a_trace_gives_the_same_times_and_its_lengths(tmp_path, name):
    file = tmp_path / name
    file.write_text(FORMS[name])
    trace = read_trace(file)
    assert [at_s for at_s, _, _ in trace] == pytest.approx([0.0, 1.0, 3.5])
    expected = [(None, None)] * 3 if name == "times.txt" else [(6755, 500), (10, 1), (20, 2)]
    assert [lengths for _, *lengths in trace] == [list(each) for each in expected]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no request in it"),
        ("a,b\n1,2\n", ":2: not a request of a trace: no timestamp"),
        ("1.0\nsoon\n", ":2: not a request"),
        ('{"timestamp": 1}\n{"timestamp"\n', ":2: not a request"),
        ("Timestamp,Request tokens\n1,-4\n", "-4 tokens"),
        ("nan\n", ":1: not a request"),
    ],
)
def test_what_is_no_trace_is_refused_with_file_and_line(tmp_path, text, says):
    file = tmp_path / "trace.txt"
    file.write_text(text)
    with pytest.raises(PlanInvalid, match=says):
        read_trace(file)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(PlanInvalid, match="No such file"):
        read_trace(tmp_path / "none")


def test_a_trace_is_stretched_to_a_rate_and_cut_at_a_duration():
    trace = tuple((float(each), None, None) for each in range(11))
    faster = fit(trace, 5.0, None)
    assert faster[-1][0] == pytest.approx(2.0)
    assert len(fit(trace, None, 4.0)) == 4
    assert len(fit(trace, 5.0, 1.0)) == 5
    with pytest.raises(PlanInvalid, match="one time"):
        fit(trace[:1], 2.0, None)
    with pytest.raises(PlanInvalid, match="duration of 0"):
        fit(trace, None, 0.0)
