"""Configuration values as criteria: what a document configures, the running service has to use."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace

from signoff.acceptance.parameters import Parameters
from signoff.acceptance.reading.drafts.criterion_draft import Draft
from signoff.acceptance.reading.drafts.setting_figures import meaning_of
from signoff.acceptance.reading.facts.facts import Facts
from signoff.acceptance.reading.facts.service_names import entity
from signoff.acceptance.reading.source.document import Statement
from signoff.acceptance.reading.source.wording import command_has_placeholder, has_placeholder

_FROM_ENVIRONMENT = re.compile(r"\$\{?\w+")


def setting_drafts(statement: Statement, facts: Facts) -> Iterable[Draft]:
    """A criterion for each setting of a statement, and one for what a limit on concurrency demands."""
    for setting in statement.settings:
        parameters: Parameters = {
            "name": setting.name,
            "value": setting.value,
            "spelling": setting.spelling,
            "form": setting.form,
        }
        own = entity(setting.scope)
        draft = Draft("config_value", parameters=parameters, service=own if own in facts.services else "")
        shown = f"{setting.spelling} {json.dumps(setting.value, ensure_ascii=False)}"
        if has_placeholder(statement.text) or command_has_placeholder(shown):
            yield replace(draft, judge="template", reason="a placeholder is not filled in")
        elif isinstance(setting.value, str) and _FROM_ENVIRONMENT.search(setting.value):
            reason = "the value comes from an environment that is not shown: somebody has to look at it there"
            yield replace(draft, judge="person", reason=reason)
        else:
            yield draft
            limit = meaning_of(setting, "concurrency")
            if limit is not None:
                sentence = f"{setting.spelling} is read as a demand: at most {limit.value:g} at once"
                yield Draft("concurrency_limit", limit, (sentence,), {"request": None}, service=draft.service)
