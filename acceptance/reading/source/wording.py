"""The words of a text without its Markdown, and what makes two wordings the same."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)")
_MARKUP = re.compile(r"\*{1,3}|`+|~~")
_UNDERSCORES = re.compile(r"(?<!\w)_{1,2}(?=\S)([^_]+)(?<=\S)_{1,2}(?!\w)")
_PLACEHOLDER = re.compile(r"\[(?!DONE\])(?=[A-Za-z])[A-Za-z][^\[\]{}\"'|]*[A-Za-z0-9?.)_]\](?!\(|:)")
_COMMAND_PLACEHOLDER = re.compile(r"\[[A-Za-z][A-Za-z ]+(?:_[A-Za-z]+)*\](?!\(|:)")
_TOKENS = re.compile(r"(?<![\w)])-(?=\d)|\d+(?:[.,]\d+)*|[^\W\d_]+|<=|>=|!=|[<>=≤≥≠~≈±%]")
_COMPARATORS = {"≤": "<=", "≥": ">=", "≠": "!=", "≈": "~"}
_LABEL = re.compile(r"^\s*(?P<marks>\*\*|__)(?P<label>[^*_]+|[^*]+)(?P=marks)\s*:?\s*(?P<rest>.*)$", re.DOTALL)
# A box in brackets, or drawn: an open square, a tick, a cross.
BOX = (
    r"\[[ xX\u00a0\u2713\u2714\u2611\u221a~-]?\]"
    r"|[\u2610\u2611\u2612\u2b1c\u2b1b\u25a1\u25fb\u25fc\U0001f532\U0001f533\u2705\u2714\u2713\u274c\u274e]\ufe0f?"
)
_BOX = re.compile(rf"^\\?(?:{BOX})(?:\s+|$)")


@lru_cache(maxsize=2048)
def plain(text: str) -> str:
    """The text without bold, code marks, links and line breaks."""
    text = text.replace("<br/>", " ").replace("<br>", " ")
    if "](" in text:
        text = _LINK.sub(r"\1", text)
    if "*" in text or "`" in text or "~~" in text:
        text = _MARKUP.sub("", text)
    return " ".join((_UNDERSCORES.sub(r"\1", text) if "_" in text else text).split())


def label_of(text: str) -> tuple[str, str]:
    """The bold label that a text begins with ("" where it has none), and the rest of the text, both plain."""
    match = _LABEL.match(text)
    if match is None:
        return "", plain(text)
    return plain(match["label"]).rstrip(":").strip(), plain(match["rest"])


def box_of(text: str) -> str | None:
    """The text after a check box, or None where the text begins with none."""
    match = _BOX.match(text)
    return None if match is None else text[match.end() :]


def has_placeholder(text: str) -> bool:
    """Whether the text holds a `[placeholder]` that nobody filled in."""
    return _PLACEHOLDER.search(text) is not None


def command_has_placeholder(text: str) -> bool:
    """The same for a command, where brackets may also be patterns or JSON."""
    return _COMMAND_PLACEHOLDER.search(text) is not None


def shown_heading(text: str) -> str:
    """A heading as people read it: no markup, no emoji before it, no colon behind it."""
    return re.sub(r"^[^\w(\[]+", "", plain(text)).rstrip(": ")


def slug(text: str) -> str:
    """The words of a heading, lower case, joined by hyphens; blind to emoji and markup."""
    return "-".join(re.findall(r"[^\W_]+", plain(text).lower())) or "section"


@lru_cache(maxsize=4096)
def fingerprint(text: str) -> str:
    """SHA-256 over words, numbers and comparators: blind to reflow, emoji, list markers, bold and case."""
    tokens = (_COMPARATORS.get(token, token) for token in _TOKENS.findall(plain(text).lower()))
    words = " ".join(re.sub(r",(?=\d{3}(?:\D|$))", "", token) if "," in token else token for token in tokens)
    return hashlib.sha256(words.encode()).hexdigest()
