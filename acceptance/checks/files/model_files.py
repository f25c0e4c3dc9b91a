"""The model's files are there, whole, and what their checksums say."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from posixpath import normpath

from signoff.acceptance.checks.files.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.errors import NotMeasurable
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring import named_file
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.acceptance.verdict import Verdict
from signoff.perf.input_file import opened

WEIGHT_SUFFIXES = {".safetensors", ".bin", ".gguf", ".pt", ".pth"}
BLOCK_BYTES = 512
SPARSE_SHARE = 0.9
SAMPLE_BYTES = 1 << 20
MOST_BYTES = 1 << 24


def measure(criterion: Criterion, site: Site) -> Evidence:
    """List the folder and hash every file in it; read the checksum file if there is one."""
    folder_name = criterion.parameters["folder"]
    checksums_name = criterion.parameters.get("checksums")

    def take(recorder: Recorder) -> None:
        folder = site.deployment.file(folder_name)
        if not folder.is_dir():
            raise NotMeasurable(
                f"{folder} does not exist, so there are no model files to look at",
                f"put the model there, or name its folder under [files] for {folder_name}",
            )
        for file in sorted(path for path in folder.rglob("*") if _is_inside(path, folder)):
            recorder.write("file", _describe(file, folder))
        if checksums_name:
            checksums = site.deployment.file(f"{folder_name.rstrip('/')}/{checksums_name}")
            text = named_file.text(checksums, MOST_BYTES) if checksums.is_file() else None
            recorder.write("checksums", {"name": checksums_name, "text": text})

    return site.measured("model-files", take, key=[folder_name, checksums_name])


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if weights exist, none is a stand-in, and every checksum matches."""
    files = {record["name"]: record for record in evidence.of("file")}
    weights = {name: record for name, record in files.items() if record["weight"]}
    if not weights:
        return Verdict("fail", "the folder holds no weight file")
    hollow = [name for name, record in weights.items() if not record["bytes"] or record["sparse"] or record["zeros"]]
    if hollow:
        return Verdict("fail", f"empty, padded or sparse, so no model: {', '.join(sorted(hollow))}")
    stated = next(evidence.of("checksums"), None)
    if stated is None:
        return Verdict("pass", f"{len(weights)} weight files; the document asks for no checksum")
    if stated["text"] is None:
        return Verdict("fail", f"there is no {stated['name']} to verify the files by")
    wrong = [name for digest, name in _lines(stated["text"]) if name not in files or files[name]["sha256"] != digest]
    if wrong:
        return Verdict("fail", f"missing or not as the checksum says: {', '.join(wrong)}")
    covered = {name for _, name in _lines(stated["text"])}
    if uncovered := sorted(set(weights) - covered):
        return Verdict("fail", f"{stated['name']} does not cover {', '.join(uncovered)}")
    return Verdict("pass", f"{len(weights)} weight files, each as {stated['name']} says")


def _is_inside(path: Path, folder: Path) -> bool:
    """A file in the folder that is not a link out of it."""
    return path.is_file() and path.resolve().is_relative_to(folder.resolve())


def _describe(file: Path, folder: Path) -> dict[str, object]:
    status = file.stat()
    is_weight = file.suffix in WEIGHT_SUFFIXES
    with opened(file, sys.maxsize) as stream:
        zeros = is_weight and status.st_size > 0 and not stream.read(SAMPLE_BYTES).strip(b"\0")
    return {
        "name": str(file.relative_to(folder)),
        "bytes": status.st_size,
        "weight": is_weight,
        "sparse": is_weight and status.st_blocks * BLOCK_BYTES < status.st_size * SPARSE_SHARE,
        "zeros": zeros,
        "sha256": _digest(file),
    }


def _digest(file: Path) -> str:
    with opened(file, sys.maxsize) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _lines(text: str) -> list[tuple[str, str]]:
    pairs = (line.split(maxsplit=1) for line in text.splitlines() if line.strip())
    return [(pair[0].lower(), normpath(pair[1].lstrip("*").strip())) for pair in pairs if len(pair) == 2]


CHECK = Check(KINDS["model_files"], measure, judge, seconds=5)
