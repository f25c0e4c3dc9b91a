"""Makes the calls of a `python -c` command of a document, where the deployment lists each of them.

The command was parsed with `ast` into steps (imports by name, calls with literal arguments, print); the text itself is
never executed. Each call is looked up under the dotted name that it was imported by, then made in a child process.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from signoff.acceptance.criterion import Criterion
from signoff.acceptance.deployment import CalledLibrary
from signoff.acceptance.errors import NotMeasurable
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.library.library_process import answer_of
from signoff.acceptance.library.library_steps import leads_to
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.acceptance.reading.source.library_names import (
    NotResolved,
    Step,
    called_names,
    dotted_name,
    resolved,
    shown_calls,
)


def measure(criterion: Criterion, site: Site) -> Evidence:
    """The values that the criterion's calls printed, or their error."""
    steps = criterion.parameters.get("steps")
    if steps is None:
        raise NotMeasurable(
            f"the command is more than imports and literal calls: {criterion.parameters.get('why', '')}",
            "write it as imports, calls with literal arguments, and print",
        )
    return site.measured("library", lambda recorder: take(recorder, site, steps), key=steps)


def named_library(site: Site) -> CalledLibrary:
    """The interpreter and the calls that the deployment names. Raises NotMeasurable if it names none."""
    if site.deployment.library is None:
        raise NotMeasurable(
            "the deployment names no interpreter for library calls",
            "add [library] with python, paths and calls to a deployment file",
        )
    return site.deployment.library


def take(recorder: Recorder, site: Site, steps: Sequence[Mapping[str, Any]]) -> None:
    """Make the calls of these steps, and leave one `call` record: what was printed, or the error.

    Raises NotMeasurable, with the names that are missing, where the deployment does not list each call.
    """
    library = named_library(site)
    try:
        operations = resolved(steps)
    except NotResolved as problem:
        raise NotMeasurable(str(problem), "write imports, calls with literal arguments, and print") from None
    refuse_unlisted(operations, library.calls)
    recorder.write("call", {**answer_of(library, operations), "calls": shown_calls(operations)})


def refuse_unlisted(operations: Sequence[Step], calls: Sequence[str]) -> None:
    """Raises NotMeasurable unless each import leads to a listed name and each call is listed.

    The class of a method's object is known at run time only, and looked up then.
    """
    problem, name = next(_unlisted(operations, calls), ("", ""))
    if problem:
        missing = [each for each in dict.fromkeys(called_names(operations)) if each not in calls] or [name]
        named = ", ".join(f'"{each}"' for each in missing)
        raise NotMeasurable(problem, f"add to calls under [library], if it may be called: {named}")


def _unlisted(operations: Sequence[Step], listed: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What the deployment does not list, as a sentence and as the name to list."""
    for operation in operations:
        if operation["op"] == "import":
            name = f"{operation['module']}.{operation['name']}"
            if not leads_to(name, listed):
                yield f"the command imports {name}, which the deployment does not list", name
        elif operation["op"] == "call" and (name := dotted_name(operation)) not in listed:
            yield f"the command calls {name}, which the deployment does not list", name
        elif operation["op"] == "method" and not any(name.endswith(f".{operation['method']}") for name in listed):
            method = operation["method"]
            yield f"the command calls {method}, which the deployment lists of no class", f"MODULE.CLASS.{method}"
