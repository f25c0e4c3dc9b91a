"""Makes a document's calls; the interpreter under test runs it, with the standard library only.

`python library_steps.py N` reads `{"operations": [...], "calls": [...], "memory_bytes": N}` from the open file N and
writes one line, `{"printed": [{"type", "text", "value"}], "error": "", "refused": ""}`, on standard output. `value` is
the printed object as JSON, or null if it cannot be written as JSON.

`calls` lists the permitted callables by name. The parent keeps standard input open; when it ends, the parent is gone,
and this process ends with everything that it started.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import pkgutil
import resource
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PRIVATE = "_"
PR_SET_CHILD_SUBREAPER = 36
MOST_FILE_BYTES = 256 * 2**20
LONGEST_TEXT = 4_000
LONGEST_VALUE = 200_000


class Refused(Exception):
    """The deployment does not list what the document would call."""


def run(operations: list[Any], calls: Sequence[str]) -> list[Any]:
    """The printed objects of these operations, in order. Raises Refused before anything unlisted is reached."""
    results: dict[int, Any] = {}
    printed = []
    for operation in operations:
        if operation["op"] == "import":
            import_name(operation["module"], operation["name"], calls)
        elif operation["op"] == "print":
            printed.append(printed_value(operation["value"], results, calls))
        else:
            function = listed_function(operation, results, calls)
            arguments = [argument(value, results) for value in operation["arguments"]]
            keywords = {name: argument(value, results) for name, value in operation["keywords"].items()}
            results[operation["id"]] = function(*arguments, **keywords)
    return printed


def leads_to(dotted: str, calls: Sequence[str]) -> bool:
    """Whether a name is listed, or is on the way to one that is."""
    public = not any(part.startswith(PRIVATE) for part in dotted.split("."))
    return public and any(name == dotted or name.startswith(f"{dotted}.") for name in calls)


def import_name(module: str, name: str, calls: Sequence[str]) -> None:
    """Import a module, which runs it, for a name in it: only on the way to a listed name."""
    if not leads_to(f"{module}.{name}", calls):
        raise Refused(f"the command imports {module}.{name}, which the deployment does not list")
    found = importlib.import_module(module)
    if not hasattr(found, name) and hasattr(found, "__path__"):
        importlib.import_module(f"{module}.{name}")
    getattr(found, name)


def listed_function(operation: Any, results: dict[int, Any], calls: Sequence[str]) -> Any:
    """What an operation calls, where it is listed under the name that it was imported by, or under its class."""
    if operation["op"] == "method":
        return listed_method(results[operation["of"]], operation["method"], calls)
    dotted = ".".join([operation["module"], *operation["path"]])
    if dotted not in calls or not leads_to(dotted, calls):
        raise Refused(f"the command calls {dotted}, which the deployment does not list")
    found = sys.modules[operation["module"]]
    for attribute in operation["path"]:
        found = getattr(found, attribute)
    return found


def listed_method(owner: Any, name: str, calls: Sequence[str]) -> Any:
    """A method of an object: the one that its class, or a class that this derives from, has under a listed name.

    An object's own attributes are not looked at, and an overriding method is another method: it is listed itself.
    """
    kind = type(owner)
    found = class_attribute(kind, name)
    for listed in calls:
        home, _, last = listed.rpartition(".")
        if last != name or found is None or name.startswith(PRIVATE):
            continue
        try:
            listed_class = pkgutil.resolve_name(home)
        except (Exception, SystemExit):  # noqa: S112 - whatever it is, it is no class of this object
            continue
        is_base = isinstance(listed_class, type) and listed_class in kind.__mro__
        if is_base and class_attribute(listed_class, name) is found and not isinstance(found, property):
            return found.__get__(owner, kind) if hasattr(type(found), "__get__") else found
    where = f"{kind.__module__}.{kind.__qualname__}"
    raise Refused(f"the command calls {name} of a {where}, which the deployment does not list")


def class_attribute(kind: type, name: str) -> Any:
    """What a class or the nearest of its bases defines under a name, without running anything; None for nothing."""
    return next((vars(each)[name] for each in kind.__mro__ if name in vars(each)), None)


def argument(value: dict[str, Any], results: dict[int, Any]) -> Any:
    """A literal, or what a call gave: data or an object, and nothing that could be called in its turn."""
    if "literal" in value:
        return value["literal"]
    found = results[value["result"]]
    if callable(found):
        raise Refused(f"a call gave a {type(found).__qualname__}, which can itself be called: it is passed to no other")
    return found


def printed_value(value: dict[str, Any], results: dict[int, Any], calls: Sequence[str]) -> Any:
    """The printed object: a literal, the result of a call, or an imported object."""
    if "imported" not in value:
        return value["literal"] if "literal" in value else results[value["result"]]
    if not leads_to(value["imported"], calls):
        raise Refused(f"the command prints {value['imported']}, which the deployment does not list")
    module, _, name = value["imported"].rpartition(".")
    return getattr(sys.modules[module], name)


def described(item: Any) -> dict[str, Any]:
    """An object as text, and as JSON where it is data of moderate size; a class as its name and its bases' names."""
    if isinstance(item, type):
        bases = [base.__name__ for base in item.__mro__[1:]]
        return {"type": "type", "text": item.__name__, "value": {"class": item.__name__, "bases": bases}}
    text = str(item)[:LONGEST_TEXT]
    for data in (item, getattr(item, "__dict__", None)):
        with contextlib.suppress(TypeError, ValueError, RecursionError):
            written = json.dumps(data)
            if len(written) <= LONGEST_VALUE:
                return {"type": type(item).__name__, "text": text, "value": json.loads(written)}
    return {"type": type(item).__name__, "text": text, "value": None}


def answer_to(request: dict[str, Any]) -> dict[str, Any]:
    """What the calls printed, the error that they ended with, or why they were not made."""
    try:
        printed = [described(item) for item in run(request["operations"], request["calls"])]
    except Refused as refused:
        return {"printed": [], "error": "", "refused": str(refused)}
    except MemoryError:
        return {"printed": [], "error": "", "refused": "the calls want more memory than they may have", "memory": True}
    except BaseException as error:
        # SystemExit too: a library that ends its process has not answered.
        return {"printed": [], "error": f"{type(error).__name__}: {error}"[:LONGEST_TEXT], "refused": ""}
    return {"printed": printed, "error": "", "refused": ""}


def limit(memory_bytes: int) -> None:
    """Bound what this process and each that it starts may take, and lead them all."""
    for which, most in ((resource.RLIMIT_DATA, memory_bytes), (resource.RLIMIT_FSIZE, MOST_FILE_BYTES)):
        hard = resource.getrlimit(which)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(AttributeError, OSError):
        # Orphans below come back to this process, so that whoever ends it finds them.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_with(asked_by: int) -> None:
    """Wait for the end of standard input, then end the whole process group."""
    while os.read(asked_by, 1):
        pass
    os.killpg(0, signal.SIGKILL)


def main() -> None:
    """Calls in, printed objects out; what the library itself prints or reads is discarded."""
    with os.fdopen(int(sys.argv[1]), encoding="utf-8") as file:
        request = json.load(file)
    limit(request["memory_bytes"])
    asked_by, answer = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    threading.Thread(target=end_with, args=(asked_by,), daemon=True).start()
    # The folder of this file holds modules of Signoff, which are no part of the library's path.
    ours = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != ours]
    with os.fdopen(answer, "w", encoding="utf-8") as stream:
        json.dump(answer_to(request), stream)
        stream.write("\n")
        stream.flush()
        # Whoever asked ends this process and everything below it.
        threading.Event().wait()


if __name__ == "__main__":
    main()
