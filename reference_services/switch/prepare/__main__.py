"""`python -m signoff.reference_services.switch.prepare DIR --model 7b`: set up the models folder.

Writes the registry, shows present and missing files. Nothing is downloaded unless --download names a URL
and --sha256 what must come of it. Exit: 0 done, 1 a file is not what it should be, 4 arguments or registry at fault.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from signoff.reference_services.switch.sources import download
from signoff.reference_services.switch.sources.download import DownloadError, MakeClient
from signoff.reference_services.switch.sources.registry import FILE, SHIPPED, Model, Registry, is_sha256, read
from signoff.reference_services.web.settings.settings_problems import SettingsError

WRONG = 1
USAGE = 4
GB = 10**9
TOLERANCE = 0.1
MOST_TIMES = 2
"""A download is stopped at this many times the size that the registry states."""
SIZES = {"7b": "hermes-7b-q4", "3b": "mistral-3b-q4"}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str] | None = None, make_client: MakeClient = download.client) -> int:
    """Set up the folder; the exit code."""
    parser = _parser()
    parsed = parser.parse_args(arguments)
    if parsed.sha256 is not None and not is_sha256(parsed.sha256):
        parser.error("--sha256 is 64 hexadecimal digits")
    if parsed.download is not None and parsed.sha256 is None:
        parser.error("--download needs --sha256: what comes from the network is kept only where it is the right thing")
    try:
        if parsed.download is not None:
            download.require_https(parsed.download)
        written = _write_registry(parsed.folder)
        registry = read(parsed.folder / FILE)
        model = _chosen(registry, parsed.model)
    except SettingsError as error:
        return _complain(*error.problems)
    except DownloadError as error:
        return _complain(str(error))
    except OSError as error:
        return _complain(f"{error.filename or parsed.folder}: {error.strerror or error}")
    print(f"{parsed.folder / FILE}: {'written' if written else 'was there, kept'}")
    for each in registry.models:
        print(_line(parsed.folder, each, registry))
    path = parsed.folder / model.path
    if parsed.download is not None:
        if path.exists():
            return _complain(f"{path} is there already: move it away to fetch it again")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            most = int(model.size_gb * GB * MOST_TIMES)
            size = download.fetch(parsed.download, path, parsed.sha256, most, make_client)
        except DownloadError as error:
            return _complain(str(error), code=WRONG)
        print(f"{path}: {size} bytes fetched, the SHA-256 is right")
    return _verify(path, model, parsed.sha256 or model.sha256)


def _parser() -> _Parser:
    parser = _Parser(
        prog="python -m signoff.reference_services.switch.prepare",
        description="Set up the models folder of Switch. Downloads nothing without a URL and its checksum.",
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="the models folder; created if missing")
    parser.add_argument(
        "--model", metavar="MODEL", help="7b, 3b or a name of the registry (default: its default model)"
    )
    parser.add_argument("--sha256", metavar="HEX", help="SHA-256 of the model's file")
    parser.add_argument("--download", metavar="URL", help="fetch the model's file; https only, needs --sha256")
    return parser


def _write_registry(folder: Path) -> bool:
    """Write the registry that comes with Switch, whole or not at all; one that is there is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / FILE
    if file.exists():
        return False
    handle, name = tempfile.mkstemp(dir=folder, prefix=FILE)
    with os.fdopen(handle, "w", encoding="utf-8") as part:
        part.write(json.dumps(json.loads(SHIPPED.read_text(encoding="utf-8")), indent=2) + "\n")
    Path(name).chmod(0o644)
    Path(name).replace(file)
    return True


def _chosen(registry: Registry, name: str | None) -> Model:
    """The model that is meant. Raises SettingsError."""
    wanted = SIZES.get(name, name) if name is not None else registry.default_model
    model = registry.model(wanted)
    if model is None:
        names = ", ".join(model.name for model in registry.models)
        raise SettingsError([f"--model {name}: the registry has {names}; 7b and 3b mean {', '.join(SIZES.values())}"])
    return model


def _line(folder: Path, model: Model, registry: Registry) -> str:
    role = {registry.default_model: " (default)", registry.fallback_model: " (in reserve)"}.get(model.name, "")
    path = folder / model.path
    there = f"there, {path.stat().st_size / GB:.3g} GB" if path.is_file() else "not there"
    lines = [f"  {model.name}{role}: {model.path}, about {model.size_gb:g} GB, {model.quantization}: {there}"]
    if not path.is_file():
        lines.append(f"    to be had from: {model.source or 'no source is known'}")
    if model.note:
        lines.append(f"    note: {model.note}")
    return "\n".join(lines)


def _verify(path: Path, model: Model, sha256: str) -> int:
    """Whether the file is what it should be; one that is not there is reported and is no error."""
    if not path.is_file():
        print(f"{model.name} is still to be fetched: --download URL --sha256 HEX, or put {path.name} there yourself.")
        print("Until then Switch answers by OPENAI_BASE_URL, by a framework that has the model, or simulated.")
        return 0
    size = path.stat().st_size
    if abs(size - model.size_gb * GB) > TOLERANCE * model.size_gb * GB:
        return _complain(f"{path} has {size} bytes, the registry says about {model.size_gb:g} GB", code=WRONG)
    if not sha256:
        print(f"{path}: the size is right; nothing says what its SHA-256 should be: give --sha256")
        return 0
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256.lower():
        return _complain(f"{path} has the SHA-256 {found}, not {sha256.lower()}", code=WRONG)
    print(f"{path}: size and SHA-256 are right")
    return 0


def _complain(*problems: str, code: int = USAGE) -> int:
    for problem in problems:
        print(f"prepare: {problem}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
