"""The API describes each of its operations, or guides are written about what the document names."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from signoff.acceptance.checks.files.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.errors import NotMeasurable
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring import guides, named_file, role
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.acceptance.verdict import Measured, Verdict

OPENAPI_PATH = "/openapi.json"
GUIDES = "docs"
METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
MOST_FILES = 500
MOST_BYTES = 2_000_000
FEWEST_WORDS = 25
SHOWN = 4


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Read the service's own description of its API, or the headings and lengths of the guides."""
    if criterion.parameters["of"] == "api":
        return site.measured(
            "api-description",
            lambda recorder: recorder.write("description", role.ask(site, "openapi", "", default=OPENAPI_PATH)),
        )
    topics = [str(topic) for topic in criterion.parameters.get("topics") or ()]
    return site.measured("guides", lambda recorder: _read_guides(recorder, site, topics), key=topics)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if all operations are described, or if each topic has a chapter with text."""
    topics = [str(topic) for topic in criterion.parameters.get("topics") or ()]
    if criterion.parameters["of"] == "api":
        return _judge_api(next(evidence.of("description")), topics)
    return _judge_guides(evidence, topics)


def _judge_api(answer: Mapping[str, Any], topics: list[str]) -> Verdict:
    url = answer["url"]
    if answer["status"] != 200:
        return Verdict("fail", f"{url} gives {answer['status'] or answer['error']}, not 200")
    operations = _operations(answer.get("json"))
    if not operations:
        return Verdict("fail", f"{url} describes no operation")
    figure = Measured(float(len(operations)), "operations")
    silent = [name for name, operation in operations.items() if not _text(operation)]
    if silent:
        return Verdict("fail", f"{url} says nothing about {_short(silent)}: no summary and no description", figure)
    open_ended = [name for name, operation in operations.items() if not _has_response(operation)]
    if open_ended:
        return Verdict("fail", f"{url} describes no response of {_short(open_ended)}", figure)
    texts = [f"{name} {_text(operation)}" for name, operation in operations.items()]
    missing = [topic for topic in topics if not any(guides.speaks_of(text, topic) for text in texts)]
    if missing:
        return Verdict("fail", f"no operation of {url} is about {', '.join(missing)}", figure)
    return Verdict("pass", f"all {len(operations)} operations are described, with their responses", figure)


def _judge_guides(evidence: Evidence, topics: list[str]) -> Verdict:
    folder = next(evidence.of("folder"))
    chapters = list(evidence.of("chapter"))
    if not folder["files"]:
        return Verdict("fail", f"{folder['path']} holds no guide in Markdown")
    written = [each for each in chapters if each["words"] >= FEWEST_WORDS and not each["is_unwritten"]]
    mentioned = {record["topic"]: record["files"] for record in evidence.of("mention")}
    missing: list[str] = []
    nowhere = False
    for topic in topics:
        about = [each for each in chapters if guides.speaks_of(f"{each['title']} {Path(each['file']).stem}", topic)]
        if not about:
            files = mentioned.get(topic)
            nowhere = nowhere or not files
            missing.append(f"no heading mentions {topic}" + (f", only the text of {_short(files)}" if files else ""))
        elif not any(each in written for each in about):
            most = max(about, key=lambda each: each["words"])
            nowhere = True
            state = "says that it is unwritten" if most["is_unwritten"] else f"holds {most['words']} words"
            missing.append(f"what {most['file']} has about {topic} {state}")
    figure = Measured(float(folder["files"]), "files")
    if missing:
        return Verdict(
            "fail" if nowhere else "inconclusive",
            f"{'; '.join(missing)} ({folder['files']} guides in {folder['path']})",
            figure,
            hint="give each topic a heading and text below it",
        )
    if not written:
        return Verdict("fail", f"no chapter of {folder['path']} holds {FEWEST_WORDS} words", figure)
    about_what = f" about {', '.join(topics)}" if topics else ""
    return Verdict(
        "pass",
        f"{folder['files']} guides with {len(written)} written chapters{about_what}",
        figure,
        assumptions=("that a chapter is there and holds text is seen; whether it is right is not",),
    )


def _read_guides(recorder: Recorder, site: Site, topics: list[str]) -> None:
    folder = named_file.report(site.deployment, GUIDES, "folder of guides")
    if not folder.is_dir():
        raise NotMeasurable(f"{folder} is no folder", f'name the folder of guides: "{GUIDES}" under [files]')
    files = list(islice(named_file.inside(folder, "*.md"), MOST_FILES))
    recorder.write("folder", {"path": str(folder), "files": len(files)})
    mentions: dict[str, list[str]] = {topic: [] for topic in topics}
    for file in files:
        name = str(file.relative_to(folder))
        text = named_file.read(file, MOST_BYTES).decode("utf-8", errors="replace")
        for chapter in guides.chapters(name, text):
            recorder.write("chapter", chapter.as_record())
        for topic in topics:
            if guides.speaks_of(text, topic):
                mentions[topic].append(name)
    for topic, names in mentions.items():
        recorder.write("mention", {"topic": topic, "files": names})


def _operations(body: Any) -> dict[str, Mapping[str, Any]]:
    paths = body.get("paths") if isinstance(body, Mapping) else None
    return {
        f"{method.upper()} {path}": operation
        for path, item in (paths.items() if isinstance(paths, Mapping) else ())
        if isinstance(item, Mapping)
        for method, operation in item.items()
        if method in METHODS and isinstance(operation, Mapping)
    }


def _text(operation: Mapping[str, Any]) -> str:
    return " ".join(str(operation.get(key) or "") for key in ("summary", "description")).strip()


def _has_response(operation: Mapping[str, Any]) -> bool:
    responses = operation.get("responses")
    return isinstance(responses, Mapping) and any(
        isinstance(each, Mapping) and (each.get("description") or each.get("$ref")) for each in responses.values()
    )


def _short(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


CHECK = Check(KINDS["documentation"], measure, judge)
