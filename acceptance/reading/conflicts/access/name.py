"""One thing under several spellings: a variable, an engine setting, a model's name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from signoff.acceptance.reading.conflicts.evidence.corpus import Corpus
from signoff.acceptance.reading.conflicts.evidence.model_facts import Fact, model_facts
from signoff.acceptance.reading.conflicts.evidence.page import Page, Place, conflict, listed
from signoff.reports.stored.conflict import Conflict

KIND = "name"
_SET_IN_TEXT = re.compile(r"(?<![\w$])(?P<name>[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)=")
_SWITCH = re.compile(r"^(?:use|enable|with)_(?P<rest>\w+)$")
_PULLED = re.compile(r"\bollama\s+(?:pull|run)\s+(?P<name>[\w.-]+:[\w.-]+)")
_QUANTIZED = re.compile(r"^(?P<base>[a-z][a-z0-9-]*?-?\d+(?:\.\d+)?b[a-z0-9-]*?-q\d)(?:[-_][a-z0-9_]+)?$")
_MODEL_SETTINGS = ("model_name", "model", "model_id", "default_model", "fallback_model")
_SEVERAL = 2
# Longer than any name of a model.
_LONGEST = 200


def find(corpus: Corpus) -> Iterator[Conflict]:
    """Document by document: a name is wrong only against another one of the same hands."""
    for page in corpus.pages:
        yield from _variables(corpus, page)
        yield from _switches(corpus, page)
        yield from _models(corpus, page)


def _variables(corpus: Corpus, page: Page) -> Iterator[Conflict]:
    """A text that sets `APP_LEVEL` where the configuration knows `LEVEL`, or the other way round."""
    known = {setting.spelling.rsplit(".", 1)[-1]: setting.line for setting in page.document.configuration}
    variables = {name: line for name, line in known.items() if name.isupper()}
    if not variables:
        return
    prefix = f"{corpus.owner(page).upper()}_"
    lines_of: dict[str, list[int]] = {}
    for match, line in page.find(_SET_IN_TEXT, "="):
        name = match["name"]
        other = name.removeprefix(prefix) if name.startswith(prefix) else prefix + name
        if name not in variables and other in variables:
            lines_of.setdefault(name, []).append(line)
    for name, lines in lines_of.items():
        other = name.removeprefix(prefix) if name.startswith(prefix) else prefix + name
        yield conflict(
            KIND,
            name,
            [*(page.side(line, name) for line in lines), page.side(variables[other], other)],
            f"the text sets {name}, the configuration {other}: what is set under the other name changes nothing",
        )


def _switches(corpus: Corpus, page: Page) -> Iterator[Conflict]:
    found: dict[str, dict[str, Place]] = {}
    for owned in corpus.settings_of(page):
        spelling = owned.setting.spelling.rsplit(".", 1)[-1].lower().replace("-", "_")
        match = _SWITCH.match(spelling)
        if match is not None:
            found.setdefault(match["rest"], {})[spelling] = page.side(
                owned.setting.line, spelling, owned.setting.spelling
            )
    for rest, spellings in found.items():
        if len(spellings) >= _SEVERAL:
            yield conflict(
                KIND,
                rest,
                spellings.values(),
                f"{' and '.join(spellings)} are two names for one switch: the engine knows one of them at most, "
                "and refuses or ignores the other",
            )


def _names(corpus: Corpus) -> dict[int, list[Fact]]:
    """By document, the names of models that it describes."""
    found: dict[int, list[Fact]] = {}
    for fact in model_facts(corpus):
        if fact.key == "name":
            found.setdefault(fact.page.number, []).append(fact)
    return found


def _models(corpus: Corpus, page: Page) -> Iterator[Conflict]:
    """`hermes-7b-q4`, `hermes-7b-q4_0` and `hermes:7b-q4_0`: a server answers to one of them."""
    uses: list[tuple[str, Place]] = [
        (str(owned.value), page.side(owned.setting.line, owned.value, owned.setting.spelling))
        for owned in corpus.named(*_MODEL_SETTINGS, page=page)
        if isinstance(owned.value, str)
    ]
    uses += [(str(fact.value), page.side(fact.line, fact.value)) for fact in corpus.once(_names).get(page.number, ())]
    uses += [(match["name"], page.side(line, match["name"])) for match, line in page.find(_PULLED, "ollama")]
    groups: dict[str, list[tuple[str, Place]]] = {}
    for name, place in uses:
        match = _QUANTIZED.match(name.lower().replace(":", "-")) if len(name) <= _LONGEST else None
        if match is not None:
            groups.setdefault(match["base"], []).append((name, place))
    for base, group in groups.items():
        if len({name.lower() for name, _ in group}) >= _SEVERAL:
            yield conflict(
                KIND,
                base,
                [place for _, place in group],
                f"one model is called {listed(name for name, _ in group)}: who knows it by one name refuses the others",
            )
