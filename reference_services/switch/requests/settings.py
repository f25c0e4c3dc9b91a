"""The settings of Switch: arguments, then the variables of its document, then its document's figures.

A field is the variable of its name in capitals: `hermes_timeout` is HERMES_TIMEOUT. Nothing leaves this machine
unless OPENAI_BASE_URL or HERMES_BASE_URL says so: a key in the environment sends nothing anywhere.
"""

from __future__ import annotations

import difflib
import os
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from signoff.reference_services.chat.settings.allowed import (
    AnyText,
    Count,
    Milliseconds,
    Port,
    PositiveInt,
    PositiveNumber,
    Text,
)
from signoff.reference_services.web.access.origins import HostNames, Origins, Proxies
from signoff.reference_services.web.settings.limits import DEFAULTS, Limits, limits_of
from signoff.reference_services.web.settings.settings_problems import SettingsError, described

PREFIXES = ("HERMES_", "SWITCH_", "VX11_", "LOG_INFERENCE")
"""What begins so and is no setting is a mistake; other programs read OPENAI_* and LOG_* too."""
OTHERS = ("HERMES_2_",)
"""Variables of another service."""
FLAGS = ("hermes_enable", "log_inference_time", "vx11_test_token", "switch_degraded_path")
OLLAMA_URL = "http://127.0.0.1:11434"
"""Where Ollama listens that was set up as its own documentation says."""
REGISTRY = "registry"

Flag = Annotated[bool, Field(description="true or false")]
Url = Annotated[
    str,
    Field(
        pattern=r"^(https?://[^\s/@?#]+[^\s@?#]*)?$", description="an http(s) URL without a name, a password or a query"
    ),
]


class SwitchSettings(BaseSettings):
    """Every setting. Raises SettingsError, which lists all problems at once."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, env_ignore_empty=True)

    hermes_enable: Flag = True
    hermes_model_dir: Text = "/app/models"
    hermes_model_name: AnyText = ""
    """Where it is empty, the registry's default model."""
    hermes_framework: Annotated[
        Literal["simulated", "ollama", "llama-cpp", "openai", "registry"],
        Field(description="simulated, ollama, llama-cpp, openai (any server of that API) or registry (each its own)"),
    ] = "simulated"
    hermes_base_url: Url = ""
    hermes_context_length: PositiveInt = 2048
    hermes_max_tokens: PositiveInt = 512
    hermes_temperature: Annotated[float, Field(ge=0, le=2, allow_inf_nan=False, description="a number from 0 to 2")] = (
        0.7
    )
    hermes_max_concurrent: PositiveInt = 1
    hermes_max_waiting: Count = 8
    hermes_timeout: PositiveNumber = 30
    """Seconds from a request's arrival to its answer, waiting included."""
    hermes_max_memory_mb: PositiveInt = 4096
    hermes_time_to_first_token_ms: Milliseconds = 40
    hermes_time_per_token_ms: Milliseconds = 4

    openai_base_url: Url = ""
    openai_api_key: SecretStr = SecretStr("")
    openai_model: Text = "gpt-4"
    openai_org_id: AnyText = ""
    openai_timeout: PositiveNumber = 10
    """Seconds that the upstream has, so that the model on this machine still has some."""

    vx11_token: SecretStr = SecretStr("")
    vx11_token_file: AnyText = ""
    vx11_test_token: Flag = False
    """Whether the token that the document shows is the one; on loopback only."""

    switch_host: Text = "127.0.0.1"
    switch_port: Port = 8000
    switch_degraded_path: Flag = False
    """Whether the service answers below /degraded too, as if no model could be reached: to see what clients get."""
    switch_max_body_bytes: PositiveInt = 2**20
    switch_max_held_bytes: PositiveInt = DEFAULTS.max_held_bytes
    switch_max_connections: PositiveInt = DEFAULTS.max_connections
    switch_request_head_seconds: PositiveNumber = DEFAULTS.request_head_seconds
    switch_request_body_seconds: PositiveNumber = DEFAULTS.request_body_seconds
    switch_request_idle_seconds: PositiveNumber = DEFAULTS.request_idle_seconds
    switch_send_seconds: PositiveNumber = DEFAULTS.send_seconds
    switch_keep_alive_seconds: PositiveNumber = DEFAULTS.keep_alive_seconds
    """What one client may cost the others; `Limits` says what each of these bounds."""
    switch_allowed_hosts: HostNames = ()
    """Names by which it is asked, beside those of loopback; where it listens beyond that: any, unless set."""
    switch_allowed_origins: Origins = ()
    """Web pages of other origins that may ask."""
    switch_trusted_proxies: Proxies = ()
    """Whose word is taken for the address that a request comes from."""

    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], Field(description="DEBUG, INFO, WARNING or ERROR")
    ] = "INFO"
    log_inference_time: Flag = True

    def __init__(self, **arguments: Any) -> None:
        problems = _unknown_variables(set(type(self).model_fields))
        try:
            super().__init__(**arguments)
        except ValidationError as error:
            allowed = {name: field.description or "" for name, field in type(self).model_fields.items()}
            problems += described(error, allowed, "", arguments, {})
        else:
            problems += self._do_not_fit()
        if problems:
            raise SettingsError(problems)

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_for_a_number(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, bool) and info.field_name not in FLAGS:
            raise ValueError("true and false are not numbers")
        return value

    def _do_not_fit(self) -> list[str]:
        problems = []
        if self.hermes_max_tokens >= self.hermes_context_length:
            problems.append(
                f"hermes_max_tokens = {self.hermes_max_tokens} leaves no room for a prompt in "
                f"hermes_context_length = {self.hermes_context_length}: lower the one or raise the other"
            )
        if self.switch_max_held_bytes < self.switch_max_body_bytes:
            problems.append(
                f"switch_max_held_bytes = {self.switch_max_held_bytes} is less than "
                f"switch_max_body_bytes = {self.switch_max_body_bytes}: one body alone would be refused"
            )
        if self.hermes_framework == "openai" and not self.hermes_base_url:
            problems.append("hermes_framework = openai needs HERMES_BASE_URL: it has no customary address")
        if self.hermes_framework == "simulated" and self.hermes_base_url:
            problems.append(
                "hermes_base_url is set and hermes_framework is simulated: "
                "set HERMES_FRAMEWORK to ollama, llama-cpp, openai or registry"
            )
        return problems

    @property
    def limits(self) -> Limits:
        """What the listener keeps to."""
        return limits_of(self, "switch_")

    def url_of(self, framework: str) -> str:
        """Where a framework answers, "" if it answers here: the simulated engine, and llama.cpp with a file.

        HERMES_BASE_URL makes llama.cpp a server where it is the framework of all; in a registry of several it is the
        address of the others.
        """
        if framework == "simulated" or (framework == "llama-cpp" and self.hermes_framework == REGISTRY):
            return ""
        return (self.hermes_base_url or (OLLAMA_URL if framework == "ollama" else "")).rstrip("/")

    @property
    def has_primary(self) -> bool:
        """Whether an upstream is asked before the local model."""
        return bool(self.openai_base_url)


def _unknown_variables(known: set[str]) -> list[str]:
    names = {name.upper() for name in known}
    lines = []
    for variable in sorted(os.environ):
        upper = variable.upper()
        if upper in names or not (upper.startswith(PREFIXES) and not upper.startswith(OTHERS)):
            continue
        near = difflib.get_close_matches(upper, names, n=1)
        lines.append(f"{variable}: no such setting; {f'did you mean {near[0]}?' if near else 'unset it'}")
    return lines
