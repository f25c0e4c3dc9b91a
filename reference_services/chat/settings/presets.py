"""Presets: the services that the one factory makes, as data in `presets.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("presets.toml")


@dataclass(frozen=True, slots=True)
class Preset:
    """A service by its name, and the settings in which it differs from the schema's defaults."""

    name: str
    values: Mapping[str, Any]

    @property
    def prefix(self) -> str:
        """What its variables begin with: `HERMES_2_`."""
        return re.sub(r"[^a-z0-9]", "_", self.name).upper() + "_"

    @property
    def metric_prefix(self) -> str:
        """What its metrics begin with: `hermes_2`."""
        return self.prefix.lower().rstrip("_")


PRESETS: dict[str, Preset] = {
    name: Preset(name, {"name": name, **values})
    for name, values in tomllib.loads(_FILE.read_text(encoding="utf-8")).items()
}
