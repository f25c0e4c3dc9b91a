"""The kinds about configuration values in force."""

from __future__ import annotations

from acceptance.kind import Kind, by_name

KINDS = by_name(
    Kind(
        name="config_value",
        summary="The running service reports the configuration value that the document states.",
        failure="TODO",
        part="Configuration",
    ),
    Kind(
        name="engine_settings",
        summary="Every engine setting of the document is in force in the running service.",
        failure="TODO",
        part="Configuration",
    ),
)
