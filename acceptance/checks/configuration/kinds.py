"""The kinds about configuration values in force."""

from __future__ import annotations

from signoff.acceptance.kind import Kind, by_name

KINDS = by_name(
    Kind(
        name="config_value",
        summary="The running service reports the configuration value that the document states.",
        failure="http://127.0.0.1:11401/config reports 11400, the document says 11401",
        part="Configuration",
    ),
    Kind(
        name="engine_settings",
        summary="The running service uses every engine setting of the document.",
        failure="http://127.0.0.1:11401/config: max_model_len is 4096, not 8192",
        part="Configuration",
    ),
)
