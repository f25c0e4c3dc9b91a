"""Configuration values as criteria: what a document configures, the running service has to use."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from signoff.acceptance.parameters import Parameters
from signoff.acceptance.reading.drafts.criterion_draft import Draft
from signoff.acceptance.reading.drafts.setting_figures import meaning_of
from signoff.acceptance.reading.facts.facts import Facts
from signoff.acceptance.reading.facts.service_names import entity
from signoff.acceptance.reading.settings.alternatives import alternatives
from signoff.acceptance.reading.source.document import Setting, Statement, Subject
from signoff.acceptance.reading.source.wording import command_has_placeholder, has_placeholder

_FROM_ENVIRONMENT = re.compile(r"\$\{?\w+")
_ELSEWHERE = "the value comes from an environment that is not shown: a person has to look at it there"
_REASONS: Mapping[Subject, str] = {
    "unclear": "nothing says that this block configures the service under test: a person has to say whose it is",
    "other program": "it configures another program than the service: a person has to look at that program's files",
    "client": "it configures a client, and the service does not report it: a person has to look at the client",
    "example": "it is shown as an example: a person has to say whether it is demanded",
    "recommendation": "it is a recommendation: a person has to say whether it is demanded",
    "container": "it configures the container (image, mounts, ports, networks, limits), and the service in it does not "
    "report that: a person has to look at the container",
    "other container": "it configures another container than the service's: a person has to look there",
    "one of several": "several containers are configured here, and nothing says which is the service under test: "
    "a person has to look at each",
    "catalogue": "it is an entry of a catalogue, which says nothing of the model that runs: a person has to look there",
    "card": "it describes a model, not the running service: a person has to look at the model's files",
    "unit": "it is a line of a systemd unit, which the service does not report: a person has to look at the unit",
    "address": "it says where another system is, which the service's own configuration does not prove: a person has to "
    "see whether that system answers there",
    "own word": "the service's own word is no proof of its protection: a person has to see whether it protects",
}
_COMMENT = "the comment beside it allows other values than this one: a person has to say which"
_SHARED = "each of the services has a value of its own, and nothing says which holds: a person has to say that first"


def setting_drafts(statement: Statement, facts: Facts) -> Iterable[Draft]:
    """A criterion for each setting of a statement, and one for what a limit on concurrency demands."""
    for setting in statement.settings:
        if setting.subject == "description":
            # What a model can do or is best asked with, and what `localhost` means, is nothing to fulfil.
            continue
        shown = f"{setting.spelling} {json.dumps(setting.value, ensure_ascii=False)}"
        draft = Draft("config_value", parameters=_parameters(setting))
        if has_placeholder(statement.text) or command_has_placeholder(shown):
            yield replace(draft, judge="template", reason="a placeholder is not filled in")
        elif isinstance(setting.value, str) and _FROM_ENVIRONMENT.search(setting.value):
            yield replace(draft, judge="person", reason=_ELSEWHERE)
        elif setting.subject != "service":
            yield replace(draft, judge="person", reason=_REASONS[setting.subject])
        else:
            yield from _asked(setting, draft, facts)


def _parameters(setting: Setting) -> Parameters:
    return {
        "name": setting.asked or setting.name,
        "value": setting.value,
        "spelling": setting.spelling,
        "form": setting.form,
    }


def _asked(setting: Setting, draft: Draft, facts: Facts) -> Iterator[Draft]:
    """The criteria on a setting that the service under test reports, or each of several services."""
    allowed = alternatives(setting.comment)
    if allowed is None:
        yield replace(draft, judge="person", reason=_COMMENT)
        return
    if allowed:
        draft = replace(draft, parameters={**draft.parameters, "also": list(allowed)})
    for each in _of_services(setting, draft, facts):
        yield each
        limit = meaning_of(setting, "concurrency") if each.judge == "machine" else None
        if limit is not None:
            sentence = f"{setting.spelling} is read as a demand: at most {limit.value:g} at once"
            yield Draft("concurrency_limit", limit, (sentence,), {"request": None}, service=each.service)


def _of_services(setting: Setting, draft: Draft, facts: Facts) -> Iterator[Draft]:
    """The criterion at the service that a block names; what holds for several is asked of each of them."""
    own = entity(setting.scope)
    if own in facts.services:
        yield replace(draft, service=own, parameters={**draft.parameters, "name": setting.name})
        return
    if not facts.services:
        yield draft
        return
    holders = [service for service in facts.services if service not in _scopes(facts).get(setting.name, ())]
    if not holders:
        yield replace(draft, judge="person", reason=_SHARED)
    assumption = f"{setting.spelling} names no service: it is asked of {', '.join(holders)}"
    for service in holders:
        yield replace(draft, service=service, assumptions=(assumption,))


def _scopes(facts: Facts) -> Mapping[str, set[str]]:
    """Which services have a setting of a name for themselves."""
    if "scopes of settings" not in facts.memory:
        found: dict[str, set[str]] = {}
        for setting in facts.settings:
            if setting.scope:
                found.setdefault(setting.name, set()).add(entity(setting.scope))
        facts.memory["scopes of settings"] = found
    known: Mapping[str, set[str]] = facts.memory["scopes of settings"]
    return known
