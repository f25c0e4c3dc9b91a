import pytest

from signoff.perf.server_side.cache_rate import cache_rate
from signoff.perf.server_side.exposition import reduced, samples

VLLM = """# TYPE vllm:prefix_cache_queries_total counter
vllm:prefix_cache_queries_total{{model_name="m",engine="0"}} {0}
vllm:prefix_cache_queries_total{{model_name="m",engine="1"}} 10
# TYPE vllm:prefix_cache_hits_total counter
vllm:prefix_cache_hits_total{{model_name="m",engine="0"}} {1}
vllm:prefix_cache_hits_total{{model_name="m",engine="1"}} 10
"""
OURS = """# TYPE hermes_2_response_cache_total counter
hermes_2_response_cache_total{{result="hit"}} {0}
hermes_2_response_cache_total{{result="miss"}} {1}
hermes_2_response_cache_total{{result="bypass"}} 9
"""


def rate(before, after):
    return cache_rate(*(samples(reduced(text.encode())) for text in (before, after)))


@pytest.mark.parametrize("name", ["vllm:prefix_cache", "vllm:gpu_prefix_cache"])
def test_the_rate_of_vllm_is_what_its_counters_moved_by_over_all_engines(name):
    text = VLLM.replace("vllm:prefix_cache", name)
    found = rate(text.format(100, 20), text.format(300, 170))
    assert (found.hit_rate, found.queries, found.unit, found.metric) == (0.75, 200, "tokens", name)


def test_the_gauge_of_older_servers_tells_a_rate_without_a_count():
    text = "vllm:gpu_prefix_cache_hit_rate 0.25\n"
    found = rate(text, text)
    assert (found.hit_rate, found.queries) == (0.25, None)


def test_the_reference_tells_the_answers_that_came_again():
    found = rate(OURS.format(1, 1), OURS.format(4, 2))
    assert (found.hit_rate, found.queries, found.unit) == (0.75, 4, "requests")


@pytest.mark.parametrize("text", ["", "up 1\n", "<html>\n", VLLM.format(1, 1)])
def test_nothing_looked_up_is_no_rate(text):
    assert rate(text, text) is None
