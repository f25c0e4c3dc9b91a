"""Units of limits and figures, each with its size in a base unit; SI and binary kept apart."""

from __future__ import annotations

from collections.abc import Mapping

SCALE: Mapping[str, tuple[float, str]] = {
    "us": (1e-6, "s"),
    "ms": (1e-3, "s"),
    "s": (1.0, "s"),
    "min": (60.0, "s"),
    "h": (3600.0, "s"),
    "bytes": (1.0, "bytes"),
    "kB": (1e3, "bytes"),
    "MB": (1e6, "bytes"),
    "GB": (1e9, "bytes"),
    "TB": (1e12, "bytes"),
    "KiB": (2.0**10, "bytes"),
    "MiB": (2.0**20, "bytes"),
    "GiB": (2.0**30, "bytes"),
    "TiB": (2.0**40, "bytes"),
    "ratio": (1.0, "ratio"),
    "%": (1e-2, "ratio"),
}
