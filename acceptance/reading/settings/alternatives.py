"""Other values that a comment beside a setting allows."""

from __future__ import annotations

import re
from typing import Any

from signoff.acceptance.reading.settings.setting_values import literal

_VALUE = r"[`\"']?(?P<{}>[\w.+-]*[\w+])[`\"']?"
_OR = re.compile(
    rf"^(?:or|alternatively)[:,]?\s+{_VALUE.format('first')}(?:\s*(?:,|or|,\s*or)\s+{_VALUE.format('second')})?"
    r"(?:[,;]?\s+(?:both|either|all)(?: are| is)?(?: fine| ok| okay| allowed| possible)?)?\W*$",
    re.IGNORECASE,
)
_ALSO = re.compile(
    rf"^{_VALUE.format('first')}\s+(?:will (?:also )?do|works|is (?:fine|ok|allowed|possible))"
    r"(?:\s+(?:as well|too|also))?\W*$"
    rf"|^{_VALUE.format('second')}\s+is also (?:fine|ok|allowed|possible)\W*$",
    re.IGNORECASE,
)
_ALLOWS = re.compile(
    r"\b(?:or|either|also|too|as well|alternativ\w*|any|another|others?|etc|e\.g|for example|such as|examples?"
    r"|defaults?|recommended|suggested|optional\w*|may|might|can|could|should|up to|at (?:least|most)|min(?:imum)?"
    r"|max(?:imum)?|adjust|change|depend\w*|tune|tbd|todo|range|between|instead|unless|if|except|only|not|oder|auch|mindestens"
    r"|h(?:ö|oe)chstens|beispiel\w*|z\.\s?b|optional)\b|[<>=≤≥~]|\.\.\.|…|\d\s*[-–]\s*\d|或|可选",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'")
_COMMENT = re.compile(r"(?:^|\s)(?:#|//)\s*(?P<said>\S.*)$")
_LONGEST = 2_000
_NO_VALUE = frozenset(
    {"another", "other", "others", "any", "similar", "equivalent", "whatever", "more", "less", "that", "this"}
)


def comment_of(line: str) -> str:
    """What is written behind a value on its line as a comment."""
    text = _QUOTED.sub(lambda found: "x" * len(found[0]), line[:_LONGEST])
    match = _COMMENT.search(text)
    return line[match.start("said") : match.end("said")].strip() if match is not None else ""


def alternatives(comment: str) -> tuple[Any, ...] | None:
    """The values that a comment allows beside the setting's own; None where it allows some that it does not name."""
    text = comment.strip()
    for form in (_OR, _ALSO):
        match = form.match(text)
        if match is not None:
            found = [value for value in match.groupdict().values() if value]
            return None if _NO_VALUE & {value.lower() for value in found} else tuple(map(literal, found))
    return None if _ALLOWS.search(text) else ()
