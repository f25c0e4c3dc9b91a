"""The allowed values of settings: types whose descriptions appear in error messages."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from limits import parse_many
from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode

from signoff.reference_services.chat.settings.extra_flags import checked_flags
from signoff.reference_services.chat.settings.store_url import checked_url

PositiveInt = Annotated[int, Field(gt=0, description="a whole number above 0")]
Count = Annotated[int, Field(ge=0, description="a whole number, 0 or more")]
PositiveNumber = Annotated[float, Field(gt=0, allow_inf_nan=False, description="a number above 0")]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False, description="a number, 0 or more")]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False, description="a number from 0 to 1")]
PositiveShare = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False, description="a number above 0, at most 1")]
Port = Annotated[int, Field(ge=1, le=65535, description="a whole number from 1 to 65535")]
PortOrOwn = Annotated[
    Annotated[int, Field(ge=1, le=65535)] | Literal["own"],
    Field(description="a whole number from 1 to 65535, or own: the service's port"),
]
Milliseconds = Annotated[float, Field(ge=0, allow_inf_nan=False, description="a number of milliseconds, 0 or more")]
Text = Annotated[str, Field(min_length=1, description="a text that is not empty")]
AnyText = Annotated[str, Field(description="a text, or nothing")]
HeaderName = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", description="the name of a header, such as X-API-Key")
]


def _limits(value: str) -> str:
    if value:
        parse_many(value)
    return value


Switch = Annotated[bool, Field(description="0 or 1, false or true")]


def _location(value: str) -> str:
    if value.startswith(("http://", "https://")):
        parts = urlsplit(value)
        if not parts.hostname or parts.username or parts.password or parts.query or parts.fragment or parts.port == 0:
            raise ValueError("a URL with a host, and without a name, a password or a query")
    elif value not in ("", "embedded") and "/" not in value:
        raise ValueError("a folder is written with a slash")
    return value


StoreLocation = Annotated[
    str,
    AfterValidator(_location),
    Field(description="embedded, a folder such as ./documents, the URL of a Qdrant server, or nothing"),
]
TurnStore = Annotated[
    str,
    AfterValidator(checked_url),
    Field(
        repr=False, description="sqlite:///path, redis://host:port/0, postgresql://user@host:port/database, or nothing"
    ),
]


def _moderator(value: str) -> str:
    # A word list is a file, whatever its name.
    return _location(value) if value.startswith(("http://", "https://")) else value


EngineArguments = Annotated[
    str,
    AfterValidator(checked_flags),
    Field(
        description="flags of vllm serve, such as --stream-interval 4, without those that have a setting, or nothing"
    ),
]
ModeratorLocation = Annotated[
    str,
    AfterValidator(_moderator),
    Field(description="the file of a word list, the URL of an endpoint like OpenAI's /v1/moderations, or nothing"),
]
RateLimits = Annotated[
    str,
    AfterValidator(_limits),
    Field(description="limits such as 20/second or 100/minute;1000/hour, or nothing"),
]

_Bound = TypeVar("_Bound", int, float)


def _split(value: Any) -> Any:
    """`0.1..2.0`, `0.1,2.0` and `[0.1, 2.0]` as two values."""
    if isinstance(value, str):
        return [part.strip() for part in re.split(r"\.\.|,", value.strip().strip("[]"))]
    if isinstance(value, list) and any(isinstance(each, bool) for each in value):
        raise ValueError("true and false are not numbers")
    return value


def _ordered(value: tuple[_Bound, _Bound]) -> tuple[_Bound, _Bound]:
    if value[0] > value[1]:
        raise ValueError("the smaller number comes first")
    return value


Range = Annotated[
    tuple[NotNegative, NotNegative],
    NoDecode,
    BeforeValidator(_split),
    AfterValidator(_ordered),
    Field(description="two numbers of 0 or more, the smaller first, such as 0.1..2.0"),
]
IntRange = Annotated[
    tuple[PositiveInt, PositiveInt],
    NoDecode,
    BeforeValidator(_split),
    AfterValidator(_ordered),
    Field(description="two whole numbers above 0, the smaller first, such as 1..4096"),
]
