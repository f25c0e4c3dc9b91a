"""Whose configuration a block is: only what the service under test reports of itself is asked of its `/config`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from signoff.acceptance.reading.sections.sections import is_example
from signoff.acceptance.reading.settings.catalogue import catalogue_subject
from signoff.acceptance.reading.settings.container import container_subject
from signoff.acceptance.reading.settings.names import CANONICAL, GENERIC
from signoff.acceptance.reading.settings.other_program import other_program
from signoff.acceptance.reading.source.block import Block
from signoff.acceptance.reading.source.document import Setting, Subject
from signoff.acceptance.reading.source.wording import plain

_CONFIGURES = re.compile(
    r"\b(?:config\w*|settings?|properties|parameters?|options?|environment|env|variables?)\b"
    r"|\.(?:json|ya?ml|toml|env|conf|ini)\b",
    re.IGNORECASE,
)
_CLIENT = re.compile(r"\b(?:clients?|sdks?|load[- ]?tests?|load generators?|benchmarks?|locust|k6)\b", re.IGNORECASE)
_CLIENT_KEYS = frozenset({"client", "clients", "load_test", "loadtest", "benchmark", "load", "sdk"})
_CLIENT_CALLS = re.compile(r"client|^(?:async)?(?:azure)?openai$|session$|samplingparams|request", re.IGNORECASE)
_SERVICE_CALLS = re.compile(r"config|settings|server|service|engine|^llm$|args$|app$", re.IGNORECASE)
_ADVICE = re.compile(
    r"\b(?:recommend\w*|suggest\w*|advice|advised|optional\w*|proposed?|proposal|could)\b", re.IGNORECASE
)
_SAMPLE = re.compile(r"\b(?:examples?|samples?|for instance|e\.g\.|illustrat\w+|such as)(?![\w-])", re.IGNORECASE)
_OWN_SECTIONS = frozenset(
    {"service", "server", "app", "application", "api", "engine", "model", "vllm", "gateway", "llm"}
)
_UNIT_SECTIONS = frozenset(
    {"unit", "service", "install", "timer", "socket", "mount", "automount", "path", "slice", "scope", "swap"}
)
_ADDRESS = re.compile(
    r"(?:https?://\S+|\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?|[a-z][\w.-]*:\d{2,5}(?:/\S*)?)", re.IGNORECASE
)
_NAMES_AN_ADDRESS = re.compile(
    r"(?:^|_)(?:hosts?|hostname|ip|urls?|uri|addr|address(?:es)?|endpoints?|base|bind|listen|origins?|dsn|servers?"
    r"|proxy|proxies|brokers?|image|model\w*)$"
)
_LOOP_BACK = frozenset({"localhost", "loopback"})
_OWN_WORD = frozenset({"security", "security_requirements", "security_settings", "auth", "authentication"})
_FILE_COMMENT = re.compile(r"^\s*(?:#|//|;)\s*(?P<said>\S.*)$")
_MOST_COMMENTS = 3


@dataclass(frozen=True, slots=True)
class Surrounding:
    """What stands around a block: its headings, the line that introduces it, and the comments that it begins with."""

    headings: tuple[str, ...]
    lead: str
    comments: str

    @property
    def near(self) -> str:
        """What says of this block alone what it is."""
        return "\n".join((*self.headings[-1:], self.lead, self.comments))

    @property
    def all(self) -> str:
        """The same with the headings further out."""
        return "\n".join((*self.headings, self.lead, self.comments))


def surrounding(block: Block, above: Block | None, file: str = "") -> Surrounding:
    """What stands around a fence or a row; `file` is the one that it is written to."""
    is_lead = above is not None and above.kind in ("paragraph", "item") and above.headings == block.headings
    lead = plain(above.text).split("\n")[-1] if is_lead and above is not None else ""
    comments = "\n".join(_first_comments(block))
    return Surrounding(tuple(plain(heading.text) for heading in block.headings), f"{lead} {file}".strip(), comments)


def _first_comments(block: Block) -> Iterator[str]:
    if block.kind != "fence":
        return
    for _, line in block.content()[:_MOST_COMMENTS]:
        match = _FILE_COMMENT.match(line)
        if match is None:
            return
        yield match["said"][:200]


def with_subjects(block: Block, above: Block | None, settings: Sequence[Setting], file: str = "") -> list[Setting]:
    """The settings of one block, each with what it is about."""
    if not settings:
        return []
    around = surrounding(block, above, file)
    of_all = _of_block(block, around, settings)
    if of_all is not None:
        return [replace(setting, subject=of_all) for setting in settings]
    of_catalogue = catalogue_subject(settings, around.near)
    of_container = container_subject(block, settings)
    found: list[Setting] = []
    for setting in settings:
        subject = of_catalogue(setting) or of_container(setting) or _of_setting(setting)
        found.append(replace(setting, subject=subject) if subject is not None else setting)
    if not any(setting.subject == "service" for setting in found) or _is_configuration(block, around, found):
        return found
    return [replace(setting, subject="unclear") if setting.subject == "service" else setting for setting in found]


def _of_block(block: Block, around: Surrounding, settings: Sequence[Setting]) -> Subject | None:
    """What all settings of a block are about, where that is not the service."""
    if other_program(block, around.near, settings):
        return "other program"
    if _CLIENT.search(around.near):
        return "client"
    if is_example(block.headings, around.lead) or _SAMPLE.search(around.near):
        return "example"
    return "recommendation" if _ADVICE.search(around.near) else None


def _of_setting(setting: Setting) -> Subject | None:
    """What one setting is about, where that is not the service."""
    above = {part.lower().replace("-", "_") for part in setting.path[:-1]}
    if setting.form == "ini" and setting.group.lower() in _UNIT_SECTIONS and not setting.spelling.isupper():
        return "unit"
    if setting.form == "python" and _CLIENT_CALLS.search(setting.group) and not _SERVICE_CALLS.search(setting.group):
        return "client"
    if above & _CLIENT_KEYS or _CLIENT.search(setting.group if setting.form == "env" else ""):
        return "client"
    if any(part.startswith(("example", "sample")) for part in above):
        return "example"
    if any(part.startswith(("recommend", "suggest")) for part in above):
        return "recommendation"
    if setting.value is True and above & _OWN_WORD:
        return "own word"
    if setting.name in _LOOP_BACK:
        return "description"
    is_text = isinstance(setting.value, str) and setting.form in ("yaml", "json", "toml")
    if is_text and _ADDRESS.fullmatch(setting.value) and not _NAMES_AN_ADDRESS.search(setting.name):
        return "address"
    return None


def _is_configuration(block: Block, around: Surrounding, settings: Iterable[Setting]) -> bool:
    """Whether something says that a block configures the service: a word around it, a section, a name of a setting."""
    if _CONFIGURES.search(around.all) or block.kind == "row" or block.info.startswith("front-matter"):
        return True
    for setting in settings:
        if setting.form == "flag" or (setting.name in CANONICAL and setting.name not in GENERIC):
            return True
        if setting.path[:-1] and setting.path[0].lower() in _OWN_SECTIONS:
            return True
        if setting.form == "python" and _SERVICE_CALLS.search(setting.group):
            return True
        if setting.form == "env" and (_CONFIGURES.search(setting.group) or setting.spelling.lower() != setting.name):
            # A variable that begins with the service's name is the service's.
            return True
        if any(part in ("environment", "env") for part in setting.path[:-1]):
            return True
        if setting.form == "ini" and setting.group.lower() in _UNIT_SECTIONS and setting.spelling.isupper():
            return True
    return False
