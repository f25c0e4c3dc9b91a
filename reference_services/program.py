"""Modules of library code that are programs too: `python -m hxp_enterprise_llm.services.ai_models.hermes_2.service`."""

from __future__ import annotations

import sys


def run_as(service: str, module: str) -> None:
    """Run this service in the foreground where `module` is the program that was started; else nothing."""
    if module != "__main__":
        return
    # Library code that only imports the module starts without the HTTP surface.
    from signoff.reference_services.chat.__main__ import main

    raise SystemExit(main([service, *sys.argv[1:]]))
