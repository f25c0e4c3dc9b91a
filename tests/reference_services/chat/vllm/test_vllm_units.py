"""What stands between the settings and vLLM: flags, log lines, streams, metrics, and the model's own tokenizer."""

from __future__ import annotations

import asyncio
import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.reference_services.chat.engine.engine import EngineError, Step
from signoff.reference_services.chat.prompt.prompt import Message, Prompt
from signoff.reference_services.chat.settings.services import Hermes2Config
from signoff.reference_services.chat.vllm.model_tokenizer import ModelTokenizer
from signoff.reference_services.chat.vllm.vllm_answer import events, steps
from signoff.reference_services.chat.vllm.vllm_arguments import vllm_arguments
from signoff.reference_services.chat.vllm.vllm_flags import flags, parted
from signoff.reference_services.chat.vllm.vllm_install import flags_of
from signoff.reference_services.chat.vllm.vllm_metrics import families_of
from signoff.reference_services.chat.vllm.vllm_process import said
from signoff.reference_services.web.access.failures import Refused
from signoff.reference_services.web.settings.settings_problems import SettingsError
from tests.reference_services.chat.vllm.vllm_model import make_model

HELP = """
options:
  -h, --help            show this help message and exit
  --max-model-len MAX_MODEL_LEN
                        Model context length; see --tokenizer for more.
  --tensor-parallel-size TENSOR_PARALLEL_SIZE, -tp TENSOR_PARALLEL_SIZE
  -pp N, --pipeline-parallel-size N
  --enable-prefix-caching, --no-enable-prefix-caching
"""


def spelled(**settings: object) -> list[str]:
    return [str(flag) for flag in flags(Hermes2Config(**settings))]


def test_the_settings_of_the_document_become_the_flags_of_the_engine() -> None:
    found = spelled(enforce_eager=True, dtype="float32", kv_cache_gb=0.5)
    assert {"--max-model-len 8192", "--max-num-seqs 128", "--max-num-batched-tokens 4096"} <= set(found)
    assert {"--gpu-memory-utilization 0.8", "--tensor-parallel-size 1", "--swap-space 0"} <= set(found)
    assert {"--enforce-eager", "--enable-prefix-caching", "--enable-chunked-prefill", "--dtype float32"} <= set(found)
    assert "--kv-cache-memory-bytes 536870912" in found
    assert not {"--trust-remote-code", "--distributed-executor-backend"} & {flag.split()[0] for flag in found}


def test_what_is_turned_off_is_said_so_and_code_of_a_model_runs_only_where_a_setting_lets_it() -> None:
    found = spelled(enable_prefix_caching=False, enable_chunked_prefill=False, trust_remote_code=True)
    assert {"--no-enable-prefix-caching", "--no-enable-chunked-prefill", "--trust-remote-code"} <= set(found)


def test_the_shipped_settings_differ_from_those_of_the_task_in_the_model_and_in_what_a_processor_needs() -> None:
    services = Path(__file__).parents[4] / "reference_services"
    real, task = (Hermes2Config(services / name).public() for name in ("hermes-2-vllm.yaml", "hermes-2.yaml"))
    differing = {name for name in real if real[name] != task[name]}
    assert differing == {"engine", "model_path", "model_name", "dtype", "kv_cache_gb", "cpu_threads"}
    assert Path(real["model_path"]) == services.parent / "fixtures/models/recall"


def test_several_machines_are_passed_through() -> None:
    found = spelled(tensor_parallel_size=4, pipeline_parallel_size=2, distributed_executor_backend="ray")
    assert {"--tensor-parallel-size 4", "--pipeline-parallel-size 2", "--distributed-executor-backend ray"} <= set(
        found
    )


def test_further_flags_come_last_so_that_they_win() -> None:
    found = spelled(engine_arguments="--use_v2_block_manager --stream-interval 4 --dtype=bfloat16")
    assert found[-3:] == ["--use-v2-block-manager", "--stream-interval 4", "--dtype bfloat16"]


@pytest.mark.parametrize(
    ("given", "message"),
    [("--port 1", "--port"), ("--trust-remote-code", "--trust-remote-code"), ("4", "flags of vllm serve")],
)
def test_flags_that_the_service_gives_itself_or_that_are_none_are_refused(given: str, message: str) -> None:
    with pytest.raises(SettingsError, match="engine_arguments") as caught:
        Hermes2Config(engine_arguments=given)
    assert message in str(caught.value)


def test_a_flag_that_the_installed_engine_does_not_know_is_kept_apart() -> None:
    wanted = flags(Hermes2Config(engine_arguments="--use-v2-block-manager"))
    known, unknown = parted(wanted, {flag.name for flag in wanted} - {"--swap-space", "--use-v2-block-manager"})
    assert [str(flag) for flag in unknown] == ["--swap-space 0", "--use-v2-block-manager"]
    assert {flag.setting for flag in unknown} == {"swap_space", "engine_arguments"}
    assert len(known) == len(wanted) - 2


def test_a_nested_option_belongs_to_its_option() -> None:
    (flag,) = [
        each for each in flags(Hermes2Config(engine_arguments="--compilation-config.mode 0")) if "." in each.name
    ]
    assert parted([flag], {"--compilation-config"}) == ([flag], [])


def test_the_command_for_whoever_runs_it_without_the_service_has_the_same_flags() -> None:
    command = vllm_arguments(Hermes2Config(model_path="/models/x", host="127.0.0.9"))
    assert command[:3] == ["vllm", "serve", "/models/x"]
    assert "--host 127.0.0.9 --port 11401 --served-model-name hermes-2 --max-model-len 8192" in " ".join(command)


def test_flags_are_read_from_the_entries_of_a_help_text_and_not_from_its_descriptions() -> None:
    assert flags_of(HELP) == {
        "--help",
        "--max-model-len",
        "--tensor-parallel-size",
        "--pipeline-parallel-size",
        "--enable-prefix-caching",
        "--no-enable-prefix-caching",
    }


def test_of_a_log_the_cause_is_told_without_what_vllm_puts_before_its_lines() -> None:
    log = [
        "(APIServer pid=1) INFO 11-21 18:10:21 [api_utils.py:286] non-default args: {}",
        "(Worker pid=3) ERROR 11-21 18:11:14 [multiproc_executor.py:1063] Traceback (most recent call last):",
        '(Worker pid=3) ERROR 11-21 18:11:14 [multiproc_executor.py:1063]   File "cpu_worker.py", line 206, in run',
        "(Worker pid=3) ERROR 11-21 18:11:14 [multiproc_executor.py:1063] ValueError: Available memory is less.",
        "(APIServer pid=1) RuntimeError: Engine core initialization failed. See root cause above.",
    ]
    assert said(log) == "ValueError: Available memory is less."
    found = ["pydantic_core._pydantic_core.ValidationError: 1 validation error for ModelConfig", "  Value error, who?"]
    assert (
        said(found)
        == "pydantic_core._pydantic_core.ValidationError: 1 validation error for ModelConfig: Value error, who?"
    )
    assert said(log[:1]) == "non-default args: {}"
    assert said([]) == "it said nothing"


def stream(*parts: dict[str, object]) -> bytes:
    return b"".join(b"data: " + json.dumps(each).encode() + b"\n\n" for each in parts) + b"data: [DONE]\n\n"


def chunk(text: str, made: int, reason: str | None = None, tokens: tuple[str, ...] | None = None) -> dict[str, object]:
    logprobs = None
    if tokens is not None:
        top = [{token: -0.1, "~": -2.0} for token in tokens]
        logprobs = {"tokens": list(tokens), "token_logprobs": [-0.1] * len(tokens), "top_logprobs": top}
    choice = {"text": text, "logprobs": logprobs, "finish_reason": reason}
    return {"choices": [choice], "usage": {"completion_tokens": made}}


def read(raw: bytes, top: int | None = None, cuts: tuple[int, ...] = ()) -> list[Step]:
    async def parts():  # type: ignore[no-untyped-def]
        places = sorted({0, len(raw), *(cut % (len(raw) + 1) for cut in cuts)})
        for begin, end in pairwise(places):
            yield raw[begin:end]

    async def collect() -> list[Step]:
        return [step async for step in steps(events(parts()), top)]

    return asyncio.run(collect())


@given(st.lists(st.integers(min_value=0, max_value=2000), max_size=12))
def test_a_stream_is_the_same_however_it_is_cut(cuts: list[int]) -> None:
    raw = stream(chunk("Your", 1), chunk(" böat", 3), chunk("", 4, "stop"))
    assert read(raw, cuts=tuple(cuts)) == [Step("Your"), Step(" böat", tokens=2), Step("", "stop")]


def test_with_log_probabilities_each_token_is_a_step_and_text_that_was_held_back_is_that_of_its_own_token() -> None:
    raw = stream(
        chunk("", 1, tokens=("Y",)),
        chunk("You", 2, tokens=("ou",)),
        chunk("r", 4, "length", tokens=("r", "<|im_end|>")),
    )
    found = read(raw, top=1)
    assert [step.text for step in found] == ["Y", "ou", "r", ""]
    assert sum(step.tokens for step in found) == 4
    assert all(
        step.logprob == -0.1 and step.top == ((token, -0.1),)
        for step, token in zip(found, ("Y", "ou", "r", "<|im_end|>"), strict=True)
    )
    assert [step.finish_reason for step in found] == [None, None, None, "length"]


def test_a_character_of_several_tokens_belongs_to_the_last_of_them() -> None:
    raw = stream(chunk("", 1, tokens=("bytes:\\xc3",)), chunk("é", 2, "stop", tokens=("bytes:\\xa9",)))
    assert [(step.text, step.tokens) for step in read(raw, top=0)] == [("", 1), ("é", 1)]


@pytest.mark.parametrize(
    "raw", [stream(chunk("You", 1)), stream({"error": {"message": "x"}}), stream(chunk("", 1, "abort"))]
)
def test_a_stream_that_does_not_end_as_an_answer_does_is_a_503(raw: bytes) -> None:
    with pytest.raises(Refused) as caught:
        read(raw)
    assert (caught.value.status, caught.value.code) == (503, "engine_unavailable")


def test_of_the_engines_exposition_its_own_names_are_shown_again() -> None:
    text = (
        '# HELP vllm:a_total What.\n# TYPE vllm:a_total counter\nvllm:a_total{engine="0"} 3.0\n'
        '# HELP vllm:a_created What.\n# TYPE vllm:a_created gauge\nvllm:a_created{engine="0"} 1.7e9\n'
        "# HELP process_open_fds Files.\n# TYPE process_open_fds gauge\nprocess_open_fds 9.0\n"
    )
    (family,) = families_of(text)
    assert (family.name, family.type, [sample.value for sample in family.samples]) == ("vllm:a", "counter", [3.0])


@pytest.fixture
def model(tmp_path: Path) -> Path:
    make_model(tmp_path)
    return tmp_path


def test_a_conversation_is_written_by_the_models_own_template_and_counted_by_its_own_tokenizer(model: Path) -> None:
    tokenizer = ModelTokenizer(model)
    messages = (Message("user", "the boat"), Message("assistant", "is"), Message("user", "called"))
    text = tokenizer.render(messages)
    assert text.startswith("<|im_start|>user\nthe boat<|im_end|>\n<|im_start|>assistant\nis<|im_end|>\n")
    assert text.endswith("<|im_end|>\n<|im_start|>assistant\n")
    ids = tokenizer.encode(Prompt(messages))
    assert ids == tokenizer.encode(Prompt(text=text))
    assert tokenizer.at_least(text) <= len(ids) < len(text)
    assert tokenizer.count_text("the boat") < len("the boat")


def test_a_template_may_refuse_messages_and_reach_nothing_beyond_them(model: Path) -> None:
    for template in ("{{ raise_exception('roles must alternate') }}", "{{ ''.__class__.__mro__ }}"):
        (model / "chat_template.jinja").write_text(template, encoding="utf-8")
        with pytest.raises(Refused) as caught:
            ModelTokenizer(model).render((Message("user", "x"),))
        assert caught.value.status == 400


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("tokenizer.json", None, "tokenizer.json: no such file"),
        ("tokenizer.json", "{", "tokenizer.json"),
        ("tokenizer_config.json", "{", "tokenizer_config.json"),
        ("tokenizer_config.json", "{}", "no chat template"),
        ("chat_template.jinja", "{% for %}", "cannot be read"),
    ],
)
def test_a_folder_without_what_is_needed_is_named_with_the_file(
    model: Path, name: str, text: str | None, message: str
) -> None:
    (model / name).unlink() if text is None else (model / name).write_text(text, encoding="utf-8")
    with pytest.raises(EngineError, match=message):
        ModelTokenizer(model)
