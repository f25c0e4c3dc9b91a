"""A deployment file to a deployment; all that is wrong with the file is reported at once, with its lines."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from signoff.acceptance.deployment import deployment_file
from signoff.acceptance.deployment.address import checked
from signoff.acceptance.deployment.deployment import CalledLibrary, Deployment, ServiceStart
from signoff.acceptance.deployment.deployment_file import AUTHORIZATION, DeploymentFile
from signoff.acceptance.errors import DeploymentUnreadable
from signoff.acceptance.toml_lines import line_of, lines_of_keys
from signoff.acceptance.toml_text import parsed
from signoff.perf.errors import InputMissing, InputUnreadable
from signoff.perf.input_file import read_input
from signoff.reports.mistake import Mistake, Sentence, in_words
from signoff.reports.model import converted

MOST_BYTES = 2**20


def load(path: Path, api_key_env: str = "") -> Deployment:
    """Read a deployment file. Raises DeploymentUnreadable with each key at fault; unknown keys are refused."""
    try:
        text = read_input(path, MOST_BYTES).decode("utf-8").replace("\r\n", "\n")
        table = parsed(text)
    except InputMissing:
        raise DeploymentUnreadable(f"{path}: no such deployment file", "check the path") from None
    except InputUnreadable as error:
        raise DeploymentUnreadable(str(error), error.hint) from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DeploymentUnreadable(f"{path}: {error}", "a deployment file is TOML in UTF-8") from None
    found, mistakes = converted(DeploymentFile, table)
    if found is None:
        raise _unreadable(path, text.splitlines(), mistakes)
    return _deployment(found, path, api_key_env)


def _deployment(found: DeploymentFile, path: Path, api_key_env: str) -> Deployment:
    folder, target = path.resolve().parent, checked(found.target)
    listed = found.start if isinstance(found.start, tuple) else (found.start,)
    started = tuple(_start(folder, start, target) for start in listed)
    at_target = next((start for start in started if start.url == target), None)
    header = found.api_key_header
    return Deployment(
        name=path.stem if found.name is None else found.name,
        target=target,
        engine=found.engine,
        api_key_env=api_key_env or found.api_key_env,
        api_key_header=AUTHORIZATION if header.lower() == AUTHORIZATION.lower() else header,
        api_keys=found.api_keys,
        addresses=found.addresses,
        services=found.services,
        files={name: folder / root for name, root in found.files.items()},
        out_of_reach=found.out_of_reach,
        start=at_target,
        beside=tuple(start for start in started if start is not at_target),
        control=None if found.control is None else _start(folder, found.control, ""),
        library=None if found.library is None else _library(folder, found.library),
    )


def _start(folder: Path, start: deployment_file.Start | deployment_file.Control, target: str) -> ServiceStart:
    given = () if start.config is None else (f"--config={folder / start.config}",)
    return ServiceStart(start.service, (*start.arguments, *given), float(start.timeout_s), checked(start.url or target))


def _library(folder: Path, library: deployment_file.Library) -> CalledLibrary:
    return CalledLibrary(
        python=library.python,
        paths=tuple((folder / entry).resolve() for entry in library.paths),
        calls=tuple(dict.fromkeys(library.calls)),
        timeout_s=float(library.timeout_s),
        memory_gb=float(library.memory_gb),
    )


def _unreadable(path: Path, text: Sequence[str], mistakes: Sequence[Mistake]) -> DeploymentUnreadable:
    lines = lines_of_keys(text)
    found = sorted((line_of(lines, mistake.place), *_in_words(mistake)) for mistake in mistakes)
    message = "\n".join(f"{path}:{line}: {wrong}" for line, wrong, _ in found)
    return DeploymentUnreadable(message, "; ".join(dict.fromkeys(hint for _, _, hint in found if hint)))


def _in_words(mistake: Mistake) -> Sentence:
    if mistake.place == ("library", "packages"):
        message = "[library] packages admitted every callable of a package, and is no longer read"
        return message, _in_place(mistake.value)
    return in_words(mistake, DeploymentFile.words)


def _in_place(packages: Any) -> str:
    """The list of calls that takes the place of a list of packages, to be copied and filled in."""
    listed = packages if isinstance(packages, list) else []
    package = next((name for name in listed if isinstance(name, str) and name), "PACKAGE")
    return (
        "list each callable by the name that documents import it by, a method with its class; `signoff read TASK.md` "
        f'shows them: calls = ["{package}.MODULE.FUNCTION", "{package}.MODULE.CLASS", "{package}.MODULE.CLASS.METHOD"]'
    )
