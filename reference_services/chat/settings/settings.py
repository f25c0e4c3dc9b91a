"""The settings of a chat service: arguments, then its variables (`HERMES_2_PORT`), then the YAML file, then its preset.

One schema for all four services; what they differ in is data (`presets.toml`). Nothing listens beyond loopback unasked.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from signoff.reference_services.chat.settings.allowed import (
    AnyText,
    Count,
    EngineArguments,
    HeaderName,
    IntRange,
    Milliseconds,
    ModeratorLocation,
    NotNegative,
    Port,
    PortOrOwn,
    PositiveInt,
    PositiveNumber,
    PositiveShare,
    Range,
    RateLimits,
    Share,
    StoreLocation,
    Switch,
    Text,
    TurnStore,
)
from signoff.reference_services.chat.settings.presets import Preset
from signoff.reference_services.chat.settings.store_url import without_password
from signoff.reference_services.web.access.origins import HostNames, Origins, Proxies
from signoff.reference_services.web.settings.limits import DEFAULTS, Limits, head_bytes, limits_of
from signoff.reference_services.web.settings.settings_problems import SettingsError, described, unknown_variables
from signoff.reference_services.web.settings.settings_yaml import YamlSettings, read_yaml

LARGEST = 2**31 - 1
SWITCHES = {
    "enforce_eager",
    "enable_prefix_caching",
    "enable_chunked_prefill",
    "trust_remote_code",
    "embeddings",
    "websocket",
    "graphql",
    "threads",
}
PRESET: Any = None
"""The default of what each preset has to state; it is no value that a setting may have."""


class ChatSettings(BaseSettings):
    """Every setting under its canonical name. Raises SettingsError, which lists all problems at once."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, protected_namespaces=(), hide_input_in_errors=False, env_ignore_empty=False
    )
    preset: ClassVar[Preset]

    name: Text = PRESET
    host: Text = "127.0.0.1"
    port: Port = PRESET
    metrics_port: PortOrOwn = PRESET
    """`own`: the service's port shows the metrics, and no other."""
    workers: Annotated[int, Field(ge=1, le=1, description="1, because sessions take turns within one process")] = 1

    memory_gb: PositiveNumber = PRESET
    cpu_cores: PositiveNumber = PRESET

    engine: Annotated[Literal["simulated", "vllm"], Field(description="simulated or vllm")] = "simulated"
    vllm_command: AnyText = ""
    """The program `vllm`; nothing: the one beside this interpreter, else on the path."""
    engine_start_s: PositiveNumber = 600
    engine_restarts: Count = 3
    """Within ten minutes, where the engine ends by itself; then the service ends too."""
    engine_arguments: EngineArguments = ""
    """Further flags for vLLM."""

    model_path: Text = PRESET
    model_name: Text = PRESET
    chat_template: Annotated[
        Literal["chatml", "mistral", "openchat", "phi3"], Field(description="chatml, mistral, openchat or phi3")
    ] = PRESET
    max_model_len: PositiveInt = PRESET
    tensor_parallel_size: PositiveInt = 1
    pipeline_parallel_size: PositiveInt = 1
    distributed_executor_backend: Annotated[
        Literal["", "mp", "ray", "uni", "external_launcher"],
        Field(description="mp, ray (for several machines), uni, external_launcher, or nothing: the engine's choice"),
    ] = ""
    dtype: Annotated[
        Literal["auto", "float32", "float16", "bfloat16"], Field(description="auto, float32, float16 or bfloat16")
    ] = "auto"
    kv_cache_gb: NotNegative = 0
    """For the cache of a machine without a GPU; 0: the engine's own choice."""
    cpu_threads: Count = 0
    """Of each of its processes that computes, on a machine without a GPU; 0: as many as there are cores."""
    enable_prefix_caching: Switch = True
    enable_chunked_prefill: Switch = True
    trust_remote_code: Switch = False
    """Whether code that comes with a model may run."""
    gpu_memory_utilization: PositiveShare = 0.8
    max_num_batched_tokens: PositiveInt = 4096
    max_num_seqs: PositiveInt = 128
    swap_space: Annotated[float, Field(ge=0, allow_inf_nan=False, description="a number of GiB, 0 or more")] = 0
    enforce_eager: Switch = False

    temperature_range: Range = (0.0, 2.0)
    """Bounds for sampling; a temperature of 0 means greedy decoding and is always accepted."""
    top_p_range: Range = (0.0, 1.0)
    max_tokens_range: IntRange = (1, LARGEST)
    max_choices: PositiveInt = 16
    max_logprobs: Count = 20

    response_cache_size: Count = 0
    """Answers that are kept for requests that come again; 0 keeps none."""
    response_cache_seconds: PositiveNumber = 300

    embeddings: Switch = True
    websocket: Switch = True
    graphql: Switch = True
    """The doors beside HTTP's completions; each can be shut."""
    embedding_model: AnyText = ""
    """The folder of a sentence-transformers model; where none is named, words and parts of words are hashed."""
    retrieval: StoreLocation = ""
    """Where the documents of chats are kept; nothing: no documents."""
    retrieval_top_k: PositiveInt = 3
    retrieval_min_score: Share = 0.15
    retrieval_context_tokens: PositiveInt = 1024
    retrieval_max_documents: PositiveInt = 1000
    """Of each caller."""
    retrieval_max_characters: PositiveInt = 20_000
    """Of each document."""

    conversation_memory_size: PositiveInt = 10
    context_window_size: PositiveInt = PRESET
    coherence_threshold: Share = 0.7
    session_timeout_minutes: PositiveNumber = 30
    max_sessions: PositiveInt = 10_000
    threads: Switch = False
    """Whether sessions are listed, named and branched."""
    system_prompt: AnyText = ""
    """The system prompt where neither the request nor its session has a system prompt."""

    moderation: ModeratorLocation = ""
    """What judges requests and answers; nothing: they are not judged."""
    moderation_on_failure: Annotated[Literal["closed", "open"], Field(description="closed or open")] = "closed"
    """If the moderator fails: refuse, or continue and say so."""
    moderation_model: AnyText = ""
    moderation_timeout_ms: Annotated[float, Field(gt=0, description="a number of milliseconds above 0")] = 2000
    moderation_window_tokens: PositiveInt = 32
    """How many tokens of an answer wait for one judgement of an endpoint."""
    session_cache_size: Count = 1000
    """Sessions whose last turns are held in memory over the store; 0 holds none."""
    store: TurnStore = ""
    """Where turns are kept; nothing: the file that --db names, or a temporary one."""

    target_latency_ms: PositiveNumber = PRESET
    target_throughput_rps: PositiveNumber = PRESET

    health_check_interval: PositiveNumber = 30
    metrics_collection_interval: PositiveNumber = 15
    api_key_file: AnyText = ""
    """Keys come from this file and from the variable ..._API_KEYS; where neither is there, none is asked for."""
    api_key_header: HeaderName = "Authorization"
    rate_limit: RateLimits = ""
    max_body_bytes: PositiveInt = 8 * 2**20
    max_header_bytes: PositiveInt = 2**16
    max_held_bytes: PositiveInt = DEFAULTS.max_held_bytes
    max_connections: PositiveInt = DEFAULTS.max_connections
    request_head_seconds: PositiveNumber = DEFAULTS.request_head_seconds
    request_body_seconds: PositiveNumber = DEFAULTS.request_body_seconds
    request_idle_seconds: PositiveNumber = DEFAULTS.request_idle_seconds
    send_seconds: PositiveNumber = DEFAULTS.send_seconds
    keep_alive_seconds: PositiveNumber = DEFAULTS.keep_alive_seconds
    """What one client may cost the others; `Limits` says what each of these bounds."""
    tls_certificate: AnyText = ""
    tls_key: AnyText = ""
    allowed_hosts: HostNames = ()
    """Names by which the service is asked, beside those of loopback; where it listens beyond that: any, unless set."""
    allowed_origins: Origins = ()
    """Web pages of other origins that may ask."""
    trusted_proxies: Proxies = ()
    """Whose word is taken for the address that a request comes from."""

    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], Field(description="DEBUG, INFO, WARNING or ERROR")
    ] = "INFO"

    time_to_first_token_ms: Milliseconds = 40
    time_per_token_ms: Milliseconds = 4

    def __init__(self, config_file: Path | None = None, **arguments: Any) -> None:
        preset = self.preset
        file = read_yaml(config_file) if config_file is not None else YamlSettings()
        problems = [*file.problems, *unknown_variables(preset.prefix, type(self).model_fields)]
        try:
            super().__init__(_yaml=file.values, _env_prefix=preset.prefix, **arguments)
        except ValidationError as error:
            allowed = {name: field.description or "" for name, field in type(self).model_fields.items()}
            problems += described(error, allowed, preset.prefix, arguments, file.places)
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
        """Arguments, variables, file, preset; no `.env` in the working folder is picked up by chance."""
        given: dict[str, Any] = init_settings.init_kwargs  # type: ignore[attr-defined]
        file = _Given(settings_cls, given.pop("_yaml", {}))
        return init_settings, env_settings, file, _Given(settings_cls, cls.preset.values)

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_for_a_number(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, bool) and info.field_name not in SWITCHES:
            raise ValueError("true and false are not numbers")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> ChatSettings:
        if self.port == self.metrics_port:
            raise ValueError(
                f"port and metrics_port are both {self.port}: each needs its own port, or set metrics_port to own"
            )
        if self.context_window_size > self.max_model_len:
            raise ValueError(
                f"context_window_size = {self.context_window_size} is more than max_model_len = {self.max_model_len}: "
                "a conversation cannot be longer than what the model reads"
            )
        if self.max_held_bytes < self.max_body_bytes:
            raise ValueError(
                f"max_held_bytes = {self.max_held_bytes} is less than max_body_bytes = {self.max_body_bytes}: "
                "one body alone would be refused"
            )
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise ValueError("tls_certificate and tls_key go together: name both, or neither")
        return self

    @property
    def limits(self) -> Limits:
        """What the listeners keep to."""
        head, message = head_bytes(self.max_header_bytes), self.max_body_bytes
        return limits_of(self, max_head_bytes=head, max_message_bytes=message)

    def public(self) -> dict[str, Any]:
        """All settings, for people to compare; the one secret that they can hold, the store's password, is left out."""
        return {**self.model_dump(mode="json"), "store": without_password(self.store)}


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
