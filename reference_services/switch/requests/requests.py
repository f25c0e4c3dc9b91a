"""Requests to `/switch/infer`: read within limits, every field checked against the settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import ClientDisconnect

from signoff.reference_services.chat.settings.settings import LARGEST
from signoff.reference_services.switch.requests.refusals import Refused, unavailable, wrong
from signoff.reference_services.switch.requests.settings import SwitchSettings
from signoff.reference_services.web.access.connection import ClientLeft
from signoff.reference_services.web.requests import body, strict_json
from signoff.reference_services.web.requests.body import TooLong
from signoff.reference_services.web.requests.held_bytes import NoRoom
from signoff.reference_services.web.requests.json_budget import TooManyValues

MAX_TEMPERATURE = 2.0


class InferRequest(BaseModel):
    """The body; defaults are the settings."""

    model_config = ConfigDict(strict=True, extra="forbid")

    prompt: Annotated[
        str, Field(description="what the model is asked; not blank", json_schema_extra={"pattern": r"\S"})
    ]
    context_length: Annotated[
        int | None, Field(ge=1, le=LARGEST, description="tokens of prompt and answer together")
    ] = None
    max_tokens: Annotated[int | None, Field(ge=1, le=LARGEST, description="most tokens of the answer")] = None
    temperature: Annotated[float | None, Field(ge=0, le=MAX_TEMPERATURE, allow_inf_nan=False)] = None
    timeout_seconds: Annotated[float | None, Field(gt=0, allow_inf_nan=False, description="from arrival to answer")] = (
        None
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with every limit filled in. `max_tokens` is None if the request leaves it to the room there is."""

    prompt: str
    context_length: int
    max_tokens: int | None
    most_tokens: int
    temperature: float
    timeout_s: float

    def room(self, prompt_tokens: int) -> int:
        """The maximum tokens of the answer after a prompt of this length. Raises Refused if there are too few."""
        left = self.context_length - prompt_tokens
        if left < (self.max_tokens or 1):
            wanted = f" and {self.max_tokens} are asked for in the answer" if self.max_tokens else ""
            raise wrong(
                "max_tokens" if self.max_tokens and left >= 1 else "prompt",
                f"The context is {self.context_length} tokens; the prompt has {prompt_tokens}{wanted}.",
            )
        return self.max_tokens or min(self.most_tokens, left)


async def read(request: Request, settings: SwitchSettings) -> Asked:
    """The parsed request. Raises Refused (400, 413, 415, 503), and ClientLeft if the client leaves early."""
    reason = strict_json.refused_type(request.headers)
    if reason is not None:
        raise Refused(415, reason)
    try:
        data = strict_json.read(await body.read(request, settings.switch_max_body_bytes))
    except (TooLong, TooManyValues) as error:
        raise Refused(413, str(error)) from None
    except NoRoom:
        raise unavailable(settings.hermes_model_name, "The clients of now send more than fits.") from None
    except ClientDisconnect:
        raise ClientLeft from None
    except strict_json.NotJson as error:
        raise wrong(None, str(error)) from None
    try:
        asked = InferRequest.model_validate(data)
    except ValidationError as error:
        raise _refused(error) from None
    return _within(asked, settings)


def narrow(settings: SwitchSettings, fields: dict[str, Any]) -> None:
    """Say in the schema of the body what the settings allow."""
    for name, most in _most(settings).items():
        fields[name]["anyOf"][0]["maximum"] = most


def _most(settings: SwitchSettings) -> dict[str, float]:
    return {
        "context_length": settings.hermes_context_length,
        "max_tokens": settings.hermes_max_tokens,
        "timeout_seconds": settings.hermes_timeout,
    }


def _within(body: InferRequest, settings: SwitchSettings) -> Asked:
    if not body.prompt.strip():
        raise wrong("prompt", "prompt: a text that is not blank is needed.")
    context = body.context_length or settings.hermes_context_length
    timeout_s = body.timeout_seconds or settings.hermes_timeout
    for field, most in _most(settings).items():
        asked = getattr(body, field)
        if asked is not None and asked > most:
            raise wrong(field, f"{field}: {asked} is asked for; at most {most:g} is allowed.")
    temperature = settings.hermes_temperature if body.temperature is None else body.temperature
    return Asked(body.prompt, context, body.max_tokens, settings.hermes_max_tokens, temperature, timeout_s)


def _refused(error: ValidationError) -> Refused:
    problem = error.errors(include_url=False, include_context=False)[0]
    field = ".".join(str(part) for part in problem["loc"]) or None
    if problem["type"] == "extra_forbidden":
        return wrong(field, f"{field}: this service does not know the field.")
    return wrong(field, f"{field}: {problem['msg']}.")
