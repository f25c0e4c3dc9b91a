"""Runs the calls that a `python -c` command of a document makes, in the interpreter of the deployment.

The command was parsed with `ast` into steps (imports by name, calls with literal arguments, print); the text
itself is never executed. The steps go as JSON to `library_steps.py`, which the named interpreter runs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from acceptance.criterion import Criterion
from acceptance.deployment import Library
from acceptance.errors import NotMeasurable
from acceptance.evidence import Evidence
from acceptance.site import Recorder, Site

STEPS_PROGRAM = Path(__file__).with_name("library_steps.py")
TIMEOUT_S = 60


def measure(criterion: Criterion, site: Site) -> Evidence:
    """The printed values of the criterion's steps, or the error that they ended with."""
    steps = criterion.parameters.get("steps")
    if steps is None:
        raise NotMeasurable(
            f"the command is more than imports and literal calls: {criterion.parameters.get('why', '')}",
            "write it as imports, calls with literal arguments, and print",
        )
    return site.measured("library", lambda recorder: take(recorder, site, steps), key=steps)


def named_library(site: Site) -> Library:
    """The interpreter and the packages that the deployment names. Raises NotMeasurable where it names none."""
    if site.deployment.library is None:
        raise NotMeasurable(
            "the deployment names no interpreter for library calls",
            "add [library] with python, paths and packages to a deployment file",
        )
    return site.deployment.library


def take(recorder: Recorder, site: Site, steps: Sequence[Mapping[str, Any]]) -> None:
    """Carry out the steps in the named interpreter, and leave one `call` record: what was printed, or the error."""
    library = named_library(site)
    modules = [step["module"] for step in steps if step["op"] == "import"]
    for module in modules:
        if module.split(".")[0] not in library.packages:
            raise NotMeasurable(
                f"the command imports {module}, a package that the deployment does not name",
                f'add "{module.split(".")[0]}" to packages under [library]',
            )
    environment = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}
    environment["PYTHONPATH"] = os.pathsep.join(str(path) for path in library.paths)
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    interpreter = library.python or sys.executable
    try:
        done = subprocess.run(
            [interpreter, str(STEPS_PROGRAM)],
            input=json.dumps({"steps": list(steps), "packages": list(library.packages)}),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            env=environment,
            check=False,
        )
    except OSError as error:
        raise NotMeasurable(
            f"the interpreter {interpreter} cannot be run: {error.strerror}", "name one under [library]"
        ) from None
    except subprocess.TimeoutExpired:
        recorder.write("call", {"error": f"no answer within {TIMEOUT_S} s", "printed": []})
        return
    try:
        recorder.write("call", json.loads(done.stdout))
    except ValueError:
        recorder.write("call", {"error": (done.stderr or done.stdout)[-2000:], "printed": []})
