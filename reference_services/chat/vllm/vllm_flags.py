"""The settings of a model service as flags of vLLM's server (docs.vllm.ai, "Engine Arguments").

Which of them an installed vLLM knows differs from release to release: what it does not know is
reported, never dropped in silence.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from signoff.reference_services.chat.settings.extra_flags import Flag, extra
from signoff.reference_services.chat.settings.settings import ChatSettings

GIB = 2**30
COMPACT_JSON = '{"backend": "xgrammar", "disable_any_whitespace": true}'


def flags(settings: ChatSettings) -> list[Flag]:
    """Every setting that is the engine's, as a flag; what stays at vLLM's own default is left to it."""
    given: dict[str, object] = {
        "max_model_len": settings.max_model_len,
        "max_num_seqs": settings.max_num_seqs,
        "max_num_batched_tokens": settings.max_num_batched_tokens,
        "gpu_memory_utilization": settings.gpu_memory_utilization,
        "tensor_parallel_size": settings.tensor_parallel_size,
        "pipeline_parallel_size": settings.pipeline_parallel_size,
        "distributed_executor_backend": settings.distributed_executor_backend,
        "dtype": settings.dtype,
        "swap_space": settings.swap_space,
        "max_logprobs": settings.max_logprobs,
    }
    found = [Flag(_spelled(name), _plain(value), name) for name, value in given.items() if value != ""]
    if settings.kv_cache_gb:
        found.append(Flag("--kv-cache-memory-bytes", str(round(settings.kv_cache_gb * GIB)), "kv_cache_gb"))
    for name in ("enable_prefix_caching", "enable_chunked_prefill"):
        is_on = getattr(settings, name)
        found.append(Flag(_spelled(name) if is_on else f"--no-{_spelled(name)[2:]}", "", name))
    found += [
        Flag(_spelled(name), "", name) for name in ("enforce_eager", "trust_remote_code") if getattr(settings, name)
    ]
    # A model that was never taught where JSON ends fills its answer with white space, which no schema forbids.
    found.append(Flag("--structured-outputs-config", COMPACT_JSON, "response_format"))
    return found + extra(settings.engine_arguments)


def parted(wanted: Sequence[Flag], known: Collection[str]) -> tuple[list[Flag], list[Flag]]:
    """The flags that a vLLM knows, and those that it does not; `known` are the names that its help shows."""
    # argparse takes a key of a nested option (--compilation-config.mode) for its option.
    there = [flag.name.split(".")[0] in known for flag in wanted]
    return (
        [flag for flag, is_there in zip(wanted, there, strict=True) if is_there],
        [flag for flag, is_there in zip(wanted, there, strict=True) if not is_there],
    )


def _spelled(setting: str) -> str:
    return f"--{setting.replace('_', '-')}"


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
