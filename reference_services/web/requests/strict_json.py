"""Strict JSON bodies by RFC 8259: Python's parser accepts more, and keeps only one of two equal names.

A body that a gateway and the service behind it both read must have one meaning.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from email.message import Message
from typing import Any, Never

from signoff.reference_services.web.requests import json_budget
from signoff.reference_services.web.requests.json_budget import OverBudget, TooManyValues

_EXACT = 2**53
_CODINGS = ("", "identity")


class NotJson(ValueError):
    """The bytes are not one JSON object; says why."""


def read(content: bytes | bytearray) -> dict[str, Any]:
    """The JSON object that some bytes are. Raises NotJson, and TooManyValues if it is too much of one."""
    try:
        json_budget.check(content)
        data = json.loads(
            content.decode("utf-8"), object_pairs_hook=_members, parse_float=_number, parse_constant=_constant
        )
        if b"\\ud" in content.lower():
            # Half of an escaped surrogate pair is JSON, but no text.
            json.dumps(data, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError as error:
        raise NotJson(f"The body is not UTF-8 text (byte {error.start}).") from None
    except UnicodeEncodeError:
        raise NotJson("The body holds half of a surrogate pair, which is no character.") from None
    except (NotJson, json.JSONDecodeError) as error:
        raise NotJson(f"The body is not JSON: {error}") from None
    except TooManyValues:
        raise
    except OverBudget as error:
        raise NotJson(str(error)) from None
    if not isinstance(data, dict):
        raise NotJson(f"The body is a JSON {type(data).__name__}, an object is needed.")
    return data


def refused_type(headers: Mapping[str, str]) -> str | None:
    """Why a body that is sent with these headers is not read, or None if it is.

    A page in a browser may send other types, and a body of which nothing is said, to any address, this machine's too,
    without asking: they are not taken.
    """
    content_type, content_encoding = headers.get("content-type", ""), headers.get("content-encoding", "")
    if content_encoding.strip().lower() not in _CODINGS:
        return f"Content-Encoding: {content_encoding} is not read; send the body as it is."
    if content_type == "application/json":
        return None
    if not content_type:
        if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
            return None
        return "The body comes without Content-Type; send JSON as application/json."
    header = Message()
    header["Content-Type"] = content_type
    kind, charset = header.get_content_type(), header.get_content_charset("utf-8")
    if not (kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))):
        return f"Content-Type: {content_type} is not read; send JSON as application/json."
    if charset not in ("utf-8", "utf8", "us-ascii"):
        return f"Content-Type: {content_type} is not read; JSON is UTF-8 text."
    return None


def _members(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > json_budget.MOST_NAMES:
        raise TooManyValues(f"An object in the body has more than {json_budget.MOST_NAMES} names.")
    members = dict(pairs)
    if len(members) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise NotJson(f"the name {twice[:40]!r} is given twice in one object")
    return members


def _number(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise NotJson(f"the number {text[:40]} is too large")
    # JSON has one kind of number: 3.0 is as whole as 3, as far as floats are exact.
    return int(value) if value.is_integer() and abs(value) <= _EXACT else value


def _constant(name: str) -> Never:
    raise NotJson(f"{name} is no JSON value")
