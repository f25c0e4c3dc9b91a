"""What a document says of itself: its title, its header fields, and the service that it is about."""

from __future__ import annotations

import re
from collections.abc import Sequence

import yaml

from signoff.acceptance.reading.source.block import Block
from signoff.acceptance.reading.source.wording import has_placeholder, label_of, plain

_FIELD = re.compile(r"^\s*(?:[-*+]\s+)?\*\*(?P<name>[^*:]+):?\s*\*\*\s*:?(?P<value>.*)$")
_FRONT_FIELD = re.compile(r"^(?P<name>[A-Za-z][\w -]*?)\s*[:=]\s*(?P<value>\S.*)$")
_SERVICE_KEY = re.compile(r"^service\s*:", re.MULTILINE)
_LONGEST_YAML = 2**17
_FRONT = re.compile(r"\b(?:task )?(?:information|overview|metadata|header)\b", re.IGNORECASE)
_UNIT = re.compile(r"@(?P<name>[A-Za-z][\w.-]*)\.service\b")
_TITLE_SERVICE = re.compile(r"\b(?P<name>[A-Z][A-Za-z]+-?[\w.-]*\d[\w.-]*)\s+(?:Model|Service|Deployment|Server)\b")

_LONGEST_TITLE = 1_000


def title(blocks: Sequence[Block]) -> str:
    """The first heading, or the first text where there is no heading."""
    headings = [block for block in blocks if block.kind == "heading"]
    named = _front_matter(blocks).get("title", "")
    if named and not headings:
        return named
    texts = headings or [block for block in blocks if block.kind in ("paragraph", "item")]
    return plain(texts[0].text) if texts else ""


def header_fields(blocks: Sequence[Block]) -> dict[str, str]:
    """Bold names with values before the second heading, or in a first section that is about the task itself."""
    fields = _front_matter(blocks)
    headings = 0
    for block in blocks:
        if block.kind == "heading":
            headings += 1
            if headings > 1 and not (headings == 2 and _FRONT.search(block.text)):
                break
        elif block.kind == "item":
            label, rest = label_of(block.text)
            if label and rest and not block.labels:
                fields.setdefault(label, rest)
        elif block.kind == "paragraph":
            for line in block.text.split("\n"):
                match = _FIELD.match(line)
                value = plain(match["value"]).rstrip("\\").rstrip() if match is not None else ""
                if match is not None and value:
                    fields.setdefault(plain(match["name"]).rstrip(":").strip(), value)
    return fields


def _front_matter(blocks: Sequence[Block]) -> dict[str, str]:
    """The plain fields between marks before the text."""
    if not blocks or not blocks[0].info.startswith("front-matter"):
        return {}
    matches = (_FRONT_FIELD.match(line) for _, line in blocks[0].content())
    return {match["name"]: match["value"].strip().strip("\"'") for match in matches if match is not None}


def service_name(blocks: Sequence[Block]) -> str:
    """The one service that the document configures, by its YAML, its systemd unit or its title; "" if none."""
    front = _front_matter(blocks)
    named = front.get("service") or front.get("service_name") or ""
    if re.fullmatch(r"[A-Za-z][\w.-]{0,60}", named):
        return named
    for block in blocks:
        if block.kind == "fence" and block.info.lower() in ("yaml", "yml"):
            name = _yaml_service(block.text)
            if name:
                return name
    for block in blocks:
        if block.kind == "fence":
            match = _UNIT.search(block.text)
            if match is not None:
                return match["name"]
    match = _TITLE_SERVICE.search(title(blocks)[:_LONGEST_TITLE])
    return match["name"].lower() if match is not None else ""


def _yaml_service(text: str) -> str:
    """`service.name` of a YAML block; a placeholder is no name."""
    if len(text) > _LONGEST_YAML or not _SERVICE_KEY.search(text):
        return ""
    try:
        loaded = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return ""
    service = loaded.get("service") if isinstance(loaded, dict) else None
    name = service.get("name") if isinstance(service, dict) else None
    return name if isinstance(name, str) and not has_placeholder(name) else ""
