"""A configuration value of the document is the one that the running service uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from signoff.acceptance.checks.configuration.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.errors import NotMeasurable
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.acceptance.reading.settings.names import CANONICAL, GENERIC, named_value
from signoff.acceptance.verdict import Verdict

ABSENT = object()
_SHOWN = 3
_BY_LETTERS = frozenset({"quantization", "dtype", "log_level"})
"""Settings whose values are words that are written large or small."""
_IDENTITY = ("name", "model_id", "id", "model")
_WITH_PATHS = frozenset({"yaml", "json", "toml"})
# A section of one of these names holds what the service itself is set to: as good as none.
_PLAIN = frozenset(
    """service server app application api gateway config configuration settings engine vllm llm inference serving
    runtime""".split()
)
_OF_SERVICE = frozenset({"service", "server", "app", "application"})
_MOST = 20_000


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Read the redacted `/config` once; without it, the configuration is not visible."""

    def take(recorder: Recorder) -> None:
        answer = site.ask("GET", "/config")
        if answer["status"] != 200 or not isinstance(answer.get("json"), Mapping) or not answer["json"]:
            raise NotMeasurable(
                f"{answer['url']} gives {answer['status'] or answer['error']} and no configuration",
                "let the service show its redacted configuration at GET /config",
            )
        recorder.write("config", answer)
        files = {name: str(root.resolve()) for name, root in site.deployment.files.items()}
        recorder.write("addresses", {"known": dict(site.deployment.addresses), "files": files})

    return site.measured("config", take)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if the service reports the value; a value that it does not report is not measurable."""
    name, expected = criterion.parameters["name"], criterion.parameters["value"]
    place, url = reported_in(evidence, name, criterion), next(evidence.of("config"))["url"]
    if place.is_ambiguous:
        return Verdict(
            "not_measurable",
            f"{url} reports different values at {listed(place.places)}, and which of them is {name} is not said",
            hint=f"write {name} with its path in the document, as GET /config has it",
        )
    found = place.value
    if found is ABSENT:
        return Verdict(
            "not_measurable",
            f"{url} reports no {name}",
            hint=f"let GET /config report {name}",
        )
    named = next(evidence.of("addresses"))
    known = named["known"]
    # A folder of the document, where the deployment says which one stands for it.
    if isinstance(expected, str) and expected in (files := named.get("files", {})) and files[expected] == found:
        assumption = f"{found} replaces {expected}, as the deployment file says"
        return Verdict("pass", f"uses {found}, which the deployment gives for {expected}", assumptions=(assumption,))
    if name == "host" and not same_value(expected, found):
        if same_value(known.get(str(expected)), found):
            return Verdict(
                "pass",
                f"listens on {found}, which the deployment gives for {expected}",
                assumptions=(f"{found} replaces {expected}, as the deployment file says",),
            )
        return Verdict(
            "not_measurable",
            f"the service listens on {found}, and the deployment does not say what replaces {expected}",
            hint=f'add "{expected}" = "{found}" under [addresses] of the deployment file',
        )
    if name in _BY_LETTERS and isinstance(expected, str) and isinstance(found, str):
        expected, found = expected.lower(), found.lower()
    if same_value(expected, found):
        return Verdict("pass", f"{url} reports {found!r}")
    if any(same_value(other, found) for other in criterion.parameters.get("also", ())):
        return Verdict("pass", f"{url} reports {found!r}, which the document allows beside {expected!r}")
    return Verdict("fail", f"{url} reports {found!r}, the document says {expected!r}")


def reported_in(evidence: Evidence, name: str, criterion: Criterion | None = None) -> Reported:
    """What `/config` says of a setting, by its path where the criterion's document gives one."""
    table = next(evidence.of("config"))["json"]
    if criterion is None:
        return reported(table, name)
    parameters = criterion.parameters
    return reported(table, name, parameters.get("spelling", ""), parameters.get("form", ""), criterion.service)


def listed(places: Sequence[str]) -> str:
    """Some places of a configuration, the first few by name."""
    more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
    return ", ".join(places[:_SHOWN]) + more


def same_value(expected: Any, found: Any) -> bool:
    """Whether two spellings mean one value: `0` and `false`, `"15"` and `15.0`, texts by letter, lists by members."""
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(map(same_value, expected, found))
    left, right = _plain(expected), _plain(found)
    return type(left) is type(right) and left == right


def _plain(value: Any) -> float | str | None:
    if isinstance(value, bool | int | float):
        return float(value)
    text = str(value).strip()
    if text.lower() in {"true", "false"}:
        return float(text.lower() == "true")
    try:
        return float(text)
    except ValueError:
        return None if value is None else text


@dataclass(frozen=True, slots=True)
class Reported:
    """The value that was found (ABSENT where none), where, and where else another one is found."""

    value: Any
    places: tuple[str, ...] = ()

    @property
    def is_ambiguous(self) -> bool:
        """Whether several values could be meant."""
        return len(self.places) > 1


@dataclass(frozen=True, slots=True)
class _Entry:
    path: tuple[str, ...]
    value: Any

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(map(_squeezed, self.path))


def reported(table: Mapping[str, Any], name: str, spelling: str = "", form: str = "", service: str = "") -> Reported:
    """What a configuration says of a setting of this name, which the document spells so for this service."""
    wanted = tuple(spelling.split(".")) if form in _WITH_PATHS and not spelling.isupper() else ()
    if any(part in ("environment", "env") for part in wanted[:-1]):
        wanted = ()
    entries = list(_entries(table, ()))
    if (found := _by_path(entries, wanted)) is not None:
        return found
    section = _section(wanted, service)
    if "." in name:
        # Another value of the document has the same leaf: only a flat configuration of the service alone is clear.
        leaf = wanted[-1] if wanted else name.rsplit(".", 1)[-1]
        is_own = bool(section) and set(section) <= _OF_SERVICE
        return _one([each for each in entries if each.keys == (_squeezed(leaf),)] if is_own else [])
    return _by_name([each for each in entries if not _is_of_another(each.keys, wanted)], name, section)


def _section(wanted: Sequence[str], service: str) -> tuple[str, ...]:
    """The sections above a setting, without those down to the service that is asked."""
    parts = [_squeezed(part) for part in wanted[:-1]]
    own = next((index for index, part in enumerate(parts) if service and part.startswith(service)), -1)
    return tuple(parts[own + 1 :])


def _by_path(entries: Iterable[_Entry], wanted: Sequence[str]) -> Reported | None:
    """The entry whose path ends as the document's does, by the longest end of two keys or more."""
    entries = list(entries)
    for length in range(len(wanted), 1, -1):
        joined = "_".join(_squeezed(part) for part in wanted[-length:])
        found = [each for each in entries if joined in _ends(each.keys) and not _is_of_another(each.keys, wanted)]
        if found:
            return _one(found)
    return None


def _by_name(entries: Sequence[_Entry], name: str, section: tuple[str, ...]) -> Reported:
    """The entry of the canonical name; one word is the name of many things, so that its section counts as well."""
    at_root = [each for each in entries if each.keys == (name,)]
    is_plain = set(section) <= _PLAIN | ({"model"} if name in CANONICAL - GENERIC else set())
    if at_root and (is_plain or "_" in name):
        return _one(at_root)
    found = [
        each
        for each in entries
        if (each.keys[-1] == name or named_value(each.path, each.value)[0] == name)
        and ("_" in name or each.keys[:-1] == section or (is_plain and set(each.keys[:-1]) <= _PLAIN))
    ]
    return _one(found)


def _is_of_another(keys: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether a path begins in the same section as the wanted one and leads to another member of it."""
    path = [_squeezed(part) for part in wanted]
    return len(path) > 1 and keys[0] == path[0] and "_".join(keys[:-1]) != "_".join(path[:-1])


def _one(found: Sequence[_Entry]) -> Reported:
    """The one value of some entries, in the unit of its canonical name, as the document's is."""
    if not found:
        return Reported(ABSENT)
    values = [named_value(each.path, each.value)[1] for each in found]
    if all(value == values[0] for value in values):
        return Reported(values[0], (".".join(found[0].path),))
    return Reported(values[0], tuple(".".join(each.path) for each in found))


def _entries(table: Any, path: tuple[str, ...]) -> Iterator[_Entry]:
    """Each key of a configuration with its value, the members of lists under their names."""
    stack: list[tuple[tuple[str, ...], Any]] = [(path, table)]
    count = 0
    while stack and count < _MOST:
        here, value = stack.pop()
        count += 1
        if here:
            yield _Entry(here, value)
        if isinstance(value, Mapping):
            stack += [((*here, str(key)), inner) for key, inner in reversed(list(value.items()))]
        elif isinstance(value, list):
            stack += [
                ((*here, _identity(item) or str(index)), item)
                for index, item in reversed(list(enumerate(value)))
                if isinstance(item, Mapping)
            ]


def _identity(item: Mapping[str, Any]) -> str:
    return next((str(item[key]) for key in _IDENTITY if isinstance(item.get(key), str)), "")


def _ends(keys: Sequence[str]) -> set[str]:
    return {"_".join(keys[begin:]) for begin in range(len(keys))}


def _squeezed(text: str) -> str:
    return text.lower().replace("-", "_").replace(".", "_")


CHECK = Check(KINDS["config_value"], measure, judge)
