"""Words for prompts of a wanted length, and prompts out of a file.

A word of this list is one token in the usual vocabularies; how many tokens a server really counted is in the
result. The words are slices of one seeded text: what distinguishes prompts is the marker in front of each.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from signoff.perf.errors import InputUnreadable, PlanInvalid
from signoff.perf.input_file import read_input

_WORDS: Final = (
    "time year people way day man thing woman life child world school state family student group country problem hand "
    "part place case week company system program question work government number night point home water room mother "
    "area money story fact month lot right study book eye job word business issue side kind head house service friend "
    "father power hour game line end member law car city community name president team minute idea body information "
    "back parent face others level office door health person art war history party result change morning reason "
    "research girl guy moment air teacher force education foot boy age policy music market sense nation plan college "
    "interest death experience effect use class control field development role effort rate heart drug show leader "
    "light voice wife police mind price report decision son view relationship town road arm difference value building "
    "action season society tax director position player record paper space ground form event matter center couple "
    "site project activity star table need court oil situation cost industry figure street image phone data picture "
    "practice piece land product doctor wall patient worker news test movie north love support technology step baby "
    "computer type attention film tree source organization hair look window culture chance brother energy period"
).split()
_POOL: Final = 1 << 15
LONGEST_BYTES: Final = 2**28


@lru_cache(maxsize=1)
def _pool() -> tuple[bytes, tuple[int, ...]]:
    """The text that all prompts are cut from and where its words begin."""
    words = random.Random(20).choices(_WORDS, k=_POOL)  # noqa: S311 (words, not keys)
    starts: list[int] = []
    at = 0
    for word in words:
        starts.append(at)
        at += len(word) + 1
    return " ".join([*words, ""]).encode("ascii"), (*starts, at)


def words(count: int, seed: int, sequence: int) -> bytes:
    """`count` words, from another place of the text for each request; ASCII without a quote."""
    text, starts = _pool()
    at = int.from_bytes(hashlib.blake2b(b"%d:%d" % (seed, sequence), digest_size=8).digest(), "big") % _POOL
    parts = []
    while count > 0:
        taken = min(count, _POOL - at)
        parts.append(text[starts[at] : starts[at + taken]])
        count -= taken
        at = 0
    return b"".join(parts).rstrip()


def read_prompts(path: Path) -> tuple[Mapping[str, Any], ...]:
    """What a file of prompts puts into a body, one a line: a text, or JSON with `prompt` or `messages`.

    JSON may name further fields of the request, such as `max_tokens`. Raises PlanInvalid, naming the line.
    """
    try:
        lines = read_input(path, LONGEST_BYTES).decode("utf-8-sig").splitlines()
    except InputUnreadable as error:
        raise PlanInvalid(str(error), error.hint) from None
    except UnicodeDecodeError:
        raise PlanInvalid(f"{path}: not text in UTF-8") from None
    found = [_prompt(path, number, text) for number, text in enumerate(lines, 1) if text.strip()]
    if not found:
        raise PlanInvalid(f"{path}: no prompt in it", "one prompt a line, or JSON lines with prompt or messages")
    return tuple(found)


def _prompt(path: Path, number: int, text: str) -> Mapping[str, Any]:
    if path.suffix.lower() not in (".jsonl", ".ndjson", ".json"):
        return {"prompt": text}
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PlanInvalid(f"{path}:{number}: not JSON: {error}") from None
    if isinstance(given, str):
        return {"prompt": given}
    if not isinstance(given, dict) or not ("prompt" in given or "messages" in given):
        raise PlanInvalid(f"{path}:{number}: neither a text nor an object with prompt or messages")
    return given
