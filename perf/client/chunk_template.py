"""A template of the chunks of one stream, so that most need no decoding.

A server writes each chunk of a stream with the same text around the content. If a line of JSON is cut
within a string, what stands between the halves can be any other text without quotation marks, backslashes and control
characters, and nothing else of the value changes.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

_OTHER = "template"


class ChunkTemplate(NamedTuple):
    """The text before and after the content, quotation marks included."""

    before: bytes
    after: bytes

    @classmethod
    def of(cls, line: bytes, chunk: dict[str, Any], content: str) -> ChunkTemplate | None:
        """The template of a chat chunk with this line of JSON; None if it is not simple enough.

        Raises ValueError if the content is not UTF-8.
        """
        choices = chunk.get("choices")
        if chunk.get("usage") is not None or not isinstance(choices, list) or not choices:
            return None
        choice, *others = choices
        if not isinstance(choice, dict) or not isinstance(choice.get("delta"), dict):
            return None
        quoted = b'"%s"' % content.encode()
        at = line.find(b'"content":') + len(b'"content":')
        at = line.find(b'"', at)
        if not content or not line.startswith(quoted, at):
            return None
        template = cls(line[: at + 1], line[at + len(quoted) - 1 :])
        other = {**chunk, "choices": [{**choice, "delta": {**choice["delta"], "content": _OTHER}}, *others]}
        return template if json.loads(template.before + _OTHER.encode() + template.after) == other else None

    def content(self, line: bytes) -> str | None:
        """The content of a chunk of this template, None for any other. Raises ValueError if it is not UTF-8."""
        before, after = self
        if not (line.startswith(before) and line.endswith(after)) or len(line) < len(before) + len(after):
            return None
        found = line[len(before) : len(line) - len(after)].decode()
        return None if '"' in found or "\\" in found or not found.isprintable() else found
