"""The settings of the model."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from signoff.reference_services.chat.settings.services import Hermes2Config
from signoff.reference_services.chat.settings.settings import ChatSettings

NAMES = (
    "model_path",
    "model_name",
    "max_model_len",
    "tensor_parallel_size",
    "gpu_memory_utilization",
    "max_num_batched_tokens",
    "max_num_seqs",
)


class ModelConfigSchema(BaseModel):
    """Model settings under their canonical names, checked by the rules of `Hermes2Config`."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    model_path: str
    model_name: str
    max_model_len: int
    tensor_parallel_size: int
    gpu_memory_utilization: float
    max_num_batched_tokens: int
    max_num_seqs: int

    def __init__(self, **values: Any) -> None:
        """Missing values have the defaults of `Hermes2Config`. Raises SettingsError."""
        unknown = {name: value for name, value in values.items() if name not in NAMES}
        # An unknown name goes through too, so that it is refused with the same words as everywhere.
        config = Hermes2Config(**{name: values[name] for name in NAMES if name in values}, **unknown)
        super().__init__(**{name: getattr(config, name) for name in NAMES}, **unknown)

    @classmethod
    def of(cls, config: ChatSettings) -> ModelConfigSchema:
        """The model settings of a configuration."""
        return cls(**{name: getattr(config, name) for name in NAMES})
