"""Makes text from a document, a server or a model safe to display.

Nothing here escapes HTML or Markdown: the two writers do that. This module removes what
deceives a reader in any format: control characters, terminal escapes, direction overrides, invisible marks.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

LONGEST = 1500
_HIDDEN = re.compile(
    "\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)
_SPACE = re.compile(r"[\t\n\r ]+")


def visible(text: Any) -> str:
    """The text with every invisible character as its code point: ESC becomes `⟨U+001B⟩`."""
    return _HIDDEN.sub(lambda found: f"⟨U+{ord(found.group()):04X}⟩", str(text))


def json_text(text: str) -> str:
    """A JSON text with invisible characters escaped: equal content, safe for terminals."""
    return _HIDDEN.sub(lambda found: _utf_16(found.group()), text)


def toml_text(text: str) -> str:
    """The same for a TOML text in quotation marks. TOML has no escape for a lone surrogate: U+FFFD replaces it."""
    return _HIDDEN.sub(lambda found: _scalar(ord(found.group())), text)


def _utf_16(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def _scalar(code: int) -> str:
    if 0xD800 <= code <= 0xDFFF:
        return "\\ufffd"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def line(text: Any, longest: int = LONGEST) -> str:
    """The text on one line; a very long one is shortened with a notice."""
    flat = visible(_SPACE.sub(" ", str(text)).strip())
    if len(flat) <= longest:
        return flat
    return f"{flat[:longest]} … ({len(flat) - longest:,} more characters in results.json)"


def link(path: str, prefix: str = "") -> str | None:
    """The relative address of a file beside the report, or None if following it would lead elsewhere."""
    parts = path.split("/")
    unsafe = not path or visible(path) != path or any(sign in path for sign in "\\:")
    if unsafe or any(part in {"", ".", ".."} for part in parts):
        return None
    return quote(f"{prefix}/{path}" if prefix else path, safe="/")
