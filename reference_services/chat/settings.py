"""The settings of Hermes-2: arguments, then HERMES_2_ variables, then the YAML file, then these defaults.

The defaults are the figures of deployment task 1.3, but for `host`: nothing listens beyond loopback unasked.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from reference_services.chat import NAME
from reference_services.chat.settings_problems import PREFIX, SettingsError, described, unknown_variables
from reference_services.chat.settings_yaml import YamlSettings, read_yaml

PositiveInt = Annotated[int, Field(gt=0, description="a whole number above 0")]
PositiveNumber = Annotated[float, Field(gt=0, allow_inf_nan=False, description="a number above 0")]
Port = Annotated[int, Field(ge=1, le=65535, description="a whole number from 1 to 65535")]
Milliseconds = Annotated[float, Field(ge=0, allow_inf_nan=False, description="a number of milliseconds, 0 or more")]
Text = Annotated[str, Field(min_length=1, description="a text that is not empty")]


class Hermes2Config(BaseSettings):
    """Every setting under its canonical name. Raises SettingsError, which lists all problems at once."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="forbid", frozen=True, protected_namespaces=(), hide_input_in_errors=False
    )

    name: Text = NAME
    host: Text = "127.0.0.1"
    port: Port = 11401
    metrics_port: Port = 11402
    workers: Annotated[int, Field(ge=1, le=1, description="1, because sessions take turns within one process")] = 1

    memory_gb: PositiveNumber = 15
    cpu_cores: PositiveNumber = 4

    model_path: Text = "/opt/models/teknium-OpenHermes-2-Mistral-7B"
    model_name: Text = "teknium/OpenHermes-2-Mistral-7B"
    max_model_len: PositiveInt = 8192
    tensor_parallel_size: PositiveInt = 1
    gpu_memory_utilization: Annotated[
        float, Field(gt=0, le=1, allow_inf_nan=False, description="a number above 0, at most 1")
    ] = 0.8
    max_num_batched_tokens: PositiveInt = 4096
    max_num_seqs: PositiveInt = 128
    swap_space: Annotated[float, Field(ge=0, allow_inf_nan=False, description="a number of GiB, 0 or more")] = 0
    enforce_eager: Annotated[bool, Field(description="0 or 1, false or true")] = False

    conversation_memory_size: PositiveInt = 10
    context_window_size: PositiveInt = 8192
    coherence_threshold: Annotated[
        float, Field(ge=0, le=1, allow_inf_nan=False, description="a number from 0 to 1")
    ] = 0.7
    session_timeout_minutes: PositiveNumber = 30
    max_sessions: PositiveInt = 10_000

    target_latency_ms: PositiveNumber = 1500
    target_throughput_rps: PositiveNumber = 20

    health_check_interval: PositiveNumber = 30
    metrics_collection_interval: PositiveNumber = 15
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], Field(description="DEBUG, INFO, WARNING or ERROR")
    ] = "INFO"

    time_to_first_token_ms: Milliseconds = 40
    time_per_token_ms: Milliseconds = 4

    def __init__(self, config_file: Path | None = None, **arguments: Any) -> None:
        file = read_yaml(config_file) if config_file is not None else YamlSettings()
        problems = [*file.problems, *unknown_variables(type(self).model_fields)]
        try:
            super().__init__(_yaml=file.values, **arguments)
        except ValidationError as error:
            allowed = {name: field.description or "" for name, field in type(self).model_fields.items()}
            problems += described(error, allowed, arguments, file)
        if problems:
            raise SettingsError(problems)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments before variables before the file; no `.env` in the working folder is picked up by chance."""
        given: dict[str, Any] = init_settings.init_kwargs  # type: ignore[attr-defined]
        return init_settings, env_settings, _Given(settings_cls, given.pop("_yaml", {}))

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_for_a_number(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, bool) and info.field_name != "enforce_eager":
            raise ValueError("true and false are not numbers")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Hermes2Config:
        if self.port == self.metrics_port:
            raise ValueError(f"port and metrics_port are both {self.port}: each needs a port of its own")
        if self.context_window_size > self.max_model_len:
            raise ValueError(
                f"context_window_size = {self.context_window_size} is more than max_model_len = {self.max_model_len}: "
                "a conversation cannot be longer than what the model reads"
            )
        return self

    def public(self) -> dict[str, Any]:
        """All settings, for people to compare; none of them is a secret."""
        return self.model_dump(mode="json")


class _Given(PydanticBaseSettingsSource):
    """Values that were read before, as a source of settings."""

    def __init__(self, settings_cls: type[BaseSettings], values: Mapping[str, Any]) -> None:
        super().__init__(settings_cls)
        self._values = values

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        """One value, as the interface wants it."""
        return self._values.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        """All values."""
        return dict(self._values)
