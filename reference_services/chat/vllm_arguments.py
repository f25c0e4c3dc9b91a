"""The settings of a model service as arguments of vLLM's server, for a deployment that runs the real engine."""

from __future__ import annotations

from reference_services.chat.settings import ChatSettings


def vllm_arguments(settings: ChatSettings) -> list[str]:
    """`vllm serve` with these settings (argument names: docs.vllm.ai, "Engine Arguments")."""
    options: dict[str, str | float] = {
        "--host": settings.host,
        "--port": settings.port,
        "--served-model-name": settings.name,
        "--max-model-len": settings.max_model_len,
        "--tensor-parallel-size": settings.tensor_parallel_size,
        "--gpu-memory-utilization": settings.gpu_memory_utilization,
        "--max-num-batched-tokens": settings.max_num_batched_tokens,
        "--max-num-seqs": settings.max_num_seqs,
        "--swap-space": settings.swap_space,
    }
    given = [part for name, value in options.items() for part in (name, _plain(value))]
    # A batch smaller than the context is allowed only where prompts are read in chunks.
    chunked = ["--enable-chunked-prefill"] if settings.max_num_batched_tokens < settings.max_model_len else []
    eager = ["--enforce-eager"] if settings.enforce_eager else []
    return ["vllm", "serve", settings.model_path, *given, *chunked, *eager]


def _plain(value: str | float) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
